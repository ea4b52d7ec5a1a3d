package proxy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// echoSocket is an app that sends back each message; closed gets the error that ended it.
func echoSocket(t *testing.T, closed chan<- error) string {
	return app(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		for {
			kind, m, err := c.Read(r.Context())
			if err == nil {
				err = c.Write(r.Context(), kind, m)
			}
			if err != nil {
				closed <- err
				return
			}
		}
	})
}

func TestF10_WebSocketPassesAndEndsWith1012(t *testing.T) {
	const messages = 10_000
	f := serve(t, Config{GenerationHeader: true})
	closed := make(chan error, 1)
	f.Publish(View{Generation: 1, Failed: true, Upstream: echoSocket(t, closed)})
	ctx, cancel := context.WithTimeout(t.Context(), failsafe)
	defer cancel()
	c, res, err := websocket.Dial(ctx, f.url, &websocket.DialOptions{HTTPClient: f.client})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	if res.Header.Get("Watcher-Generation") != "1" || res.Header.Get("Watcher-Build") != "failed" {
		t.Errorf("header = %v", res.Header)
	}
	message := func(i int) []byte { // of each length that has a header of its own kind
		return bytes.Repeat(fmt.Append(nil, i, " "), 1+i%70+i%1000/999*20_000)
	}
	wrote := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < messages && err == nil; i++ {
			err = c.Write(ctx, websocket.MessageBinary, message(i))
		}
		wrote <- err
	}()
	for i := range messages {
		if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, message(i)) {
			t.Fatalf("message %d has %d bytes, error %v", i, len(got), err)
		}
	}
	if err := receive(t, "writer", wrote); err != nil {
		t.Fatal(err)
	}
	f.Publish(View{Generation: 2, Upstream: says(t, "new")})
	drained := f.startDrain(1, time.Hour)
	var end websocket.CloseError
	if _, _, err := c.Read(ctx); !errors.As(err, &end) || end.Code != websocket.StatusServiceRestart || end.Reason != "restart" {
		t.Errorf("the client's socket ended with %v, want code 1012", err)
	}
	if err := receive(t, "end of the app's socket", closed); websocket.CloseStatus(err) != websocket.StatusServiceRestart {
		t.Errorf("the app's socket ended with %v, want code 1012", err)
	}
	receive(t, "drained", drained)
}

// rawSocket is an app that upgrades and hands out its connection.
func rawSocket(t *testing.T) (string, <-chan net.Conn) {
	conns := make(chan net.Conn, 1)
	return app(t, func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { c.Close() })
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		conns <- c
	}), conns
}

// upgrade opens a WebSocket by hand.
func (f *testFront) upgrade() (*net.TCPConn, *bufio.Reader) {
	f.t.Helper()
	c, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(failsafe))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n")
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != 101 {
		f.t.Fatalf("upgrade: %v, %v", res, err)
	}
	return c.(*net.TCPConn), in
}

// farewell is a close frame with code 1012, as a server sends it and as a client does.
const farewell, maskedFarewell = "\x88\x09\x03\xf4restart", "\x88\x89\x00\x00\x00\x00\x03\xf4restart"

// frame is a frame from app to client.
func frame(payload int) []byte {
	h := binary.BigEndian.AppendUint16([]byte{0x82, 126}, uint16(payload))
	return append(h, bytes.Repeat([]byte{0x88}, payload)...) // looks like the header of a close frame
}

// The drain begins in the middle of a frame: its rest is passed on, what follows is
// not, and the close frame comes in between.
func TestF10_CloseFrameComesBetweenFrames(t *testing.T) {
	for _, cut := range []int{1, 2, 3, 4, 5, 299, 302} {
		f := serve(t, Config{})
		up, conns := rawSocket(t)
		f.Publish(View{Generation: 1, Upstream: up})
		c, in := f.upgrade()
		app := receive(t, "upgrade", conns)
		app.Write(frame(300)[:cut])
		got := make([]byte, cut)
		if _, err := io.ReadFull(in, got); err != nil {
			t.Fatal(err)
		}
		f.Publish(View{Generation: 2, Upstream: up})
		drained := f.startDrain(1, time.Hour)
		app.Write(frame(300)[cut : cut+1])
		next, err := in.ReadByte() // so that the rest comes by a read of its own
		if err != nil {
			t.Fatal(err)
		}
		app.Write(append(frame(300)[cut+1:], frame(200)...))
		want := append(frame(300)[cut+1:], farewell...)
		rest := make([]byte, len(want))
		if _, err := io.ReadFull(in, rest); err != nil || next != frame(300)[cut] || !bytes.Equal(rest, want) {
			t.Fatalf("cut at %d: the client got % x and % x, error %v", cut, next, rest, err)
		}
		// The client answers, and that ends it.
		io.WriteString(c, maskedFarewell)
		if b, err := io.ReadAll(in); len(b) > 0 {
			t.Errorf("after the close frame: % x, %v", b, err)
		}
		receive(t, "drained", drained)
	}
}

// A client that does not answer, one that does not read, and an app that stops in the
// middle of a frame delay the end by the limit only.
func TestF10_FarewellIsBounded(t *testing.T) {
	for name, begin := range map[string]func(app net.Conn){
		"silent client": func(net.Conn) {},
		"half a frame":  func(app net.Conn) { app.Write(frame(300)[:100]) },
		"deaf client": func(app net.Conn) {
			for app.SetWriteDeadline(time.Now().Add(time.Second)); ; {
				if _, err := app.Write(frame(60_000)); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, Config{})
			up, conns := rawSocket(t)
			f.Publish(View{Generation: 1, Upstream: up})
			_, in := f.upgrade()
			begin(receive(t, "upgrade", conns))
			if name == "half a frame" {
				in.Discard(100)
			}
			f.Publish(View{Generation: 2, Upstream: up})
			receive(t, "drained", f.startDrain(1, time.Hour))
		})
	}
}

func TestF10_HalfCloseOfASocketPasses(t *testing.T) {
	f := serve(t, Config{})
	up, conns := rawSocket(t)
	f.Publish(View{Generation: 1, Upstream: up})
	c, in := f.upgrade()
	app := receive(t, "upgrade", conns)
	c.Write([]byte("last"))
	c.CloseWrite()
	if b, err := io.ReadAll(app); string(b) != "last" || err != nil {
		t.Errorf("the app got %q, %v", b, err)
	}
	app.Write([]byte("answer"))
	app.Close()
	if b, err := io.ReadAll(in); string(b) != "answer" || err != nil {
		t.Errorf("the client got %q, %v", b, err)
	}
}

// Other upgrades have no frames that we know: they are cut.
func TestF10_OtherUpgradesAreCut(t *testing.T) {
	f := serve(t, Config{})
	up, _ := wire(t, func(int64, *http.Request) string {
		return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\nhello"
	})
	f.Publish(View{Generation: 1, Upstream: up})
	c, err := net.Dial("tcp", f.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n")
	in := bufio.NewReader(c)
	if _, err := http.ReadResponse(in, nil); err != nil {
		t.Fatal(err)
	}
	io.ReadFull(in, make([]byte, 5))
	f.Publish(View{Generation: 2, Upstream: up})
	receive(t, "drained", f.startDrain(1, time.Hour))
	if b, _ := io.ReadAll(in); len(b) > 0 {
		t.Errorf("after the drain: %q", b)
	}
}
