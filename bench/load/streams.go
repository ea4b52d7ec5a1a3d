package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// beat is the time between two messages of a stream.
const beat = 100 * time.Millisecond

// lines sends a body in lines over two seconds. Each must come back before the next one
// is sent, also across a swap.
func (c *client) lines(h *http.Client) (answer, error) {
	began := time.Now()
	body, pen := io.Pipe()
	defer pen.Close()
	req, err := http.NewRequest("POST", c.URL+"/lines?id="+c.post(), body)
	if err != nil {
		return answer{}, err
	}
	go io.WriteString(pen, "line 0\n") // ends when the body is read or closed
	a, r, err := c.do(h, req)
	if err != nil {
		return a, err
	}
	defer r.Body.Close()
	echo := bufio.NewReader(r.Body)
	for n := range 20 {
		want := fmt.Sprintf("line %d\n", n)
		if n > 0 {
			time.Sleep(beat)
			if _, err := io.WriteString(pen, want); err != nil {
				return a, err
			}
		}
		line, err := echo.ReadString('\n')
		if err != nil {
			return a, err
		}
		if line != want {
			return a, fmt.Errorf("%w: %q came back as %q", errChanged, want, line)
		}
	}
	pen.Close()
	rest, err := io.ReadAll(echo)
	a.took = time.Since(began)
	if len(rest) > 0 {
		err = fmt.Errorf("%w: %q at the end", errChanged, rest)
	}
	return a, err
}

// events listens until the stream ends, which a swap makes it do as a whole answer.
func (c *client) events(h *http.Client) (answer, error) {
	began := time.Now()
	req, err := http.NewRequestWithContext(c.stopping, "GET", c.URL+"/events", nil)
	if err != nil {
		return answer{}, err
	}
	endless := &http.Client{Transport: h.Transport} // without its time limit
	a, r, err := c.do(endless, req)
	if err != nil && c.stopping.Err() != nil {
		return a, errLeft
	}
	if err != nil {
		return a, err
	}
	defer r.Body.Close()
	for lines := bufio.NewReader(r.Body); ; {
		line, err := lines.ReadString('\n')
		switch {
		case c.stopping.Err() != nil || errors.Is(err, io.EOF) && line == "":
			return a, nil
		case err != nil:
			return a, err
		}
		if a.took == 0 {
			a.took = time.Since(began)
		}
		if data, ok := strings.CutPrefix(line, "data:"); ok && strings.TrimSpace(data) != r.Header.Get("App-Version") {
			return a, fmt.Errorf("%w: %q from version %d", errChanged, line, a.version)
		}
	}
}

// socket sends a message now and then and awaits it back, until a swap closes the socket,
// which must say so: 1012, service restart.
func (c *client) socket() (a answer, err error) {
	began := time.Now()
	ctx := context.Background() // the end of the load is no reason to cut a message
	conn, r, err := websocket.Dial(ctx, c.URL+"/ws", nil)
	if err != nil {
		if r != nil {
			err = fmt.Errorf("%w: %w", errForeign, err)
		}
		return a, err
	}
	defer conn.CloseNow()
	if _, err := fmt.Sscanf(r.Header.Get("App-Version"), "v%d", &a.version); err != nil {
		return a, errForeign
	}
	a.marked = r.Header.Get("Watcher-Build") != ""
	for n := 0; c.stopping.Err() == nil; n++ {
		want := fmt.Sprintf("message %d", n)
		_ = conn.Write(ctx, websocket.MessageText, []byte(want)) // the reason of an error is read next
		_, message, err := conn.Read(ctx)
		switch {
		case websocket.CloseStatus(err) == websocket.StatusServiceRestart:
			return a, nil
		case err != nil:
			return a, fmt.Errorf("closed without 1012: %w", err)
		case string(message) != want:
			return a, fmt.Errorf("%w: %q came back as %q", errChanged, want, message)
		}
		if n == 0 {
			a.took = time.Since(began)
		}
		time.Sleep(beat)
	}
	return a, conn.Close(websocket.StatusNormalClosure, "")
}
