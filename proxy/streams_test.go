package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// ticker is an app that streams a line each time the test asks for one.
func ticker(t *testing.T, kind string, ask <-chan string) string {
	return app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.(http.Flusher).Flush()
		for {
			select {
			case line, ok := <-ask:
				if !ok {
					return
				}
				io.WriteString(w, line)
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
}

func (f *testFront) stream(method string) (*bufio.Reader, func()) {
	f.t.Helper()
	res, err := f.client.Do(f.request(method, "/", nil))
	if err != nil {
		f.t.Fatal(err)
	}
	return bufio.NewReader(res.Body), func() { res.Body.Close() }
}

func TestF10_EventStreamPassesEachEventAndEndsWithTheDrain(t *testing.T) {
	f := serve(t, Config{})
	ask := make(chan string)
	f.Publish(View{Generation: 1, Upstream: ticker(t, "Text/Event-Stream; charset=utf-8", ask)})
	events, closeBody := f.stream("GET")
	defer closeBody()
	for i := range 10 {
		line := fmt.Sprintf("data: %d\n", i)
		ask <- line
		if got, err := events.ReadString('\n'); got != line {
			t.Fatalf("event = %q, %v; want %q", got, err, line)
		}
	}
	f.Publish(View{Generation: 2, Upstream: says(t, "new")})
	drained := f.startDrain(1, time.Hour)
	if rest, err := io.ReadAll(events); err != nil || len(rest) != 0 {
		t.Errorf("end of the stream = %q, %v; want a clean end", rest, err)
	}
	if d := receive(t, "drained", drained); d != (Drained{Generation: 1}) {
		t.Errorf("drained = %+v, want nothing finished by itself", d)
	}
}

// The drain begins while the app has not yet answered the request for a stream.
func TestF10_EventStreamThatBeginsInTheDrain(t *testing.T) {
	f := serve(t, Config{})
	entered, open := make(chan struct{}), make(chan struct{})
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-open
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})})
	stream := f.begin(f.request("GET", "/", nil))
	receive(t, "request", entered)
	f.Publish(View{Generation: 2, Upstream: says(t, "new")})
	drained := f.startDrain(1, time.Hour)
	close(open)
	receive(t, "stream", stream).want(t, 200, "")
	receive(t, "drained", drained)
}

func TestRule26_PostStreamDrains(t *testing.T) {
	f := serve(t, Config{})
	ask := make(chan string)
	f.Publish(View{Generation: 1, Upstream: ticker(t, "text/event-stream", ask)})
	events, closeBody := f.stream("POST")
	defer closeBody()
	f.Publish(View{Generation: 2, Upstream: says(t, "new")})
	drained := f.startDrain(1, time.Hour)
	ask <- "data: after the swap\n"
	close(ask)
	if got, err := io.ReadAll(events); string(got) != "data: after the swap\n" || err != nil {
		t.Errorf("stream = %q, %v", got, err)
	}
	if d := receive(t, "drained", drained); d != (Drained{Generation: 1, Finished: 1}) {
		t.Errorf("drained = %+v", d)
	}
}
