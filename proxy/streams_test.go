package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
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
	count, pace := 10, time.Duration(0)
	if os.Getenv("FULL_TESTS") != "" {
		count, pace = 300, 200*time.Millisecond // a minute
		f.client.Timeout = 2 * time.Minute
	}
	events, closeBody := f.stream("GET")
	defer closeBody()
	for i := range count {
		time.Sleep(pace) // the app's own
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

// A POST stream goes on through three swaps, and is whole.
func TestF10_PostStreamSurvivesThreeSwaps(t *testing.T) {
	f := serve(t, Config{})
	ask := make(chan string)
	f.Publish(View{Generation: 1, Upstream: ticker(t, "text/event-stream", ask)})
	events, closeBody := f.stream("POST")
	defer closeBody()
	var drained <-chan Drained
	for n := 2; n <= 4; n++ {
		f.Publish(View{Generation: n, Upstream: says(t, "new")})
		if d := f.startDrain(n-1, time.Hour); n == 2 {
			drained = d
		}
		line := fmt.Sprintf("data: %d\n", n)
		ask <- line
		if got, err := events.ReadString('\n'); got != line {
			t.Fatalf("event = %q, %v; want %q", got, err, line)
		}
	}
	close(ask)
	if rest, err := io.ReadAll(events); err != nil || len(rest) > 0 {
		t.Errorf("end of the stream = %q, %v", rest, err)
	}
	receive(t, "drained", drained)
}

// Great answers and bodies pass through a few buffers.
func TestF10_GreatBodiesAreNotBuffered(t *testing.T) {
	length := int64(64 << 20)
	if os.Getenv("FULL_TESTS") != "" {
		length = 1 << 30
	}
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Read", fmt.Sprint(n))
		io.CopyN(w, zeros{}, length)
	})})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := f.client.Do(f.request("POST", "/", io.LimitReader(zeros{}, length)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	runtime.ReadMemStats(&after)
	if n != length || err != nil || res.Header.Get("X-Read") != fmt.Sprint(length) {
		t.Errorf("got %d bytes, error %v; the app read %s", n, err, res.Header.Get("X-Read"))
	}
	// All that was ever allocated meanwhile, freed or not.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestF10_AnswersWithoutABodyOrWithAPart(t *testing.T) {
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/204" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("ETag", `"tag"`)
		http.ServeContent(w, r, "x.txt", time.Time{}, strings.NewReader("0123456789"))
	})})
	for _, c := range []struct {
		method, path, header, value string
		status                      int
		body, length                string
	}{
		{"GET", "/", "Range", "bytes=2-4", 206, "234", "3"},
		{"HEAD", "/", "", "", 200, "", "10"},
		{"GET", "/", "If-None-Match", `"tag"`, 304, "", ""},
		{"GET", "/204", "", "", 204, "", ""},
	} {
		r := f.request(c.method, c.path, nil)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		a := f.do(r)
		a.want(t, c.status, c.body)
		if got := a.header.Get("Content-Length"); got != c.length {
			t.Errorf("%s %s: Content-Length %q, want %q", c.method, c.path, got, c.length)
		}
	}
}
