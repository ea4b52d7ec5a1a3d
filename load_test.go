package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// visitor is one kind of request that people and programs send.
type visitor struct {
	name    string
	clients int
	ask     func(*http.Client) error

	asked atomic.Int64
}

// TestF2_EveryKindOfRequestSurvivesSwaps: nothing is refused, reset, answered by another
// than the app, or changed on its way, while the app is replaced again and again.
func TestF2_EveryKindOfRequestSurvivesSwaps(t *testing.T) {
	p := start(t, plainapp)
	visitors := p.visitors()
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for _, v := range visitors {
		client := &http.Client{Timeout: patience, Transport: &http.Transport{
			DisableKeepAlives:     v.name == "fresh",
			MaxIdleConnsPerHost:   v.clients,
			ExpectContinueTimeout: patience, // the body is sent only if the app asks for it
		}}
		for range v.clients {
			wg.Go(func() {
				defer client.CloseIdleConnections()
				for ctx.Err() == nil {
					if err := v.ask(client); err != nil {
						t.Errorf("%s: %v", v.name, err)
						return
					}
					v.asked.Add(1)
				}
			})
		}
	}
	for n := 2; n < 2+times(50); n++ {
		p.saveVersion(n)
		p.awaitVersion(n)
		p.await("drain ") // the requests begun on the old one were answered by it
	}
	stop()
	wg.Wait()
	for _, v := range visitors {
		if v.asked.Load() == 0 {
			t.Errorf("%s: no request was answered", v.name)
		}
	}
}

// visitors are the kinds of promise F2.
func (p *program) visitors() []*visitor {
	get := func(h *http.Client) error { return p.hear(h, "/version", "version ") }
	upload := bytes.Repeat([]byte("0123456\n"), 1<<17) // 1 MiB
	form, multipartType := multipartForm()
	post := func(contentType string, body []byte, chunked bool) func(*http.Client) error {
		return func(h *http.Client) error { return p.tell(h, contentType, body, chunked) }
	}
	return []*visitor{
		{name: "fresh", clients: 2, ask: get},
		{name: "keep-alive", clients: 50, ask: get},
		{name: "2 s handler", clients: 4, ask: func(h *http.Client) error { return p.hear(h, "/slow?ms=2000", "begun version ") }},
		{name: "JSON", clients: 2, ask: post("application/json", []byte(`{"a": ["ü", 1e3]}`), false)},
		{name: "form", clients: 2, ask: post("application/x-www-form-urlencoded", []byte("a=1&a=2&b=%C3%BC+%zz"), false)},
		{name: "multipart", clients: 2, ask: post(multipartType, form, false)},
		{name: "upload", clients: 2, ask: post("application/octet-stream", upload, true)},
	}
}

func multipartForm() (body []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("name", "value") // writes to memory do not fail
	file, _ := w.CreateFormFile("file", "a.bin")
	_, _ = file.Write(bytes.Repeat([]byte{0, 255, 13, 10}, 1000))
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// hear asks for a page and checks how it begins.
func (p *program) hear(h *http.Client, path, want string) error {
	req, err := http.NewRequest("GET", p.url+path, nil)
	if err != nil {
		return err
	}
	return exchange(h, req, func(text string) bool { return strings.HasPrefix(text, want) })
}

// tell posts a body, with a query that cannot be parsed, and checks what arrived.
func (p *program) tell(h *http.Client, contentType string, body []byte, chunked bool) error {
	var reader io.Reader = bytes.NewReader(body)
	if chunked {
		reader = io.MultiReader(reader) // hides the length
	}
	req, err := http.NewRequest("POST", p.url+"/echo?a=1&b=%zz", reader)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", contentType)
	if chunked {
		req.Header.Set("Expect", "100-continue")
	}
	want := fmt.Sprintf("hash %x query a=1&b=%%zz type %s\n", sha256.Sum256(body), contentType)
	return exchange(h, req, func(text string) bool { return strings.HasSuffix(text, want) })
}

// exchange sends a request and checks its answer. The transport repeats a GET by itself
// when a kept connection breaks; here that is an error.
func exchange(h *http.Client, req *http.Request, right func(text string) bool) error {
	conns := 0
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { conns++ }}
	r, err := h.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return err
	case conns > 1:
		return fmt.Errorf("%s %s was sent %d times", req.Method, req.URL.Path, conns)
	case r.StatusCode != http.StatusOK || !right(string(text)):
		return fmt.Errorf("%s %s: status %d, body %q", req.Method, req.URL.Path, r.StatusCode, text)
	}
	return nil
}
