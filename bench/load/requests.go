package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"
)

const (
	poolSize   = 50
	uploadSize = 1 << 20
	patience   = time.Minute // what takes longer counts as reset
)

// kinds share out the rate; the ones that are slow or stream come on top of it.
func kinds(rate int) []kind {
	fresh := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	pool := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: poolSize}, Timeout: patience}
	kept := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: poolSize, ExpectContinueTimeout: patience}, Timeout: patience}
	every := func(clients int, share float64) time.Duration {
		return time.Duration(float64(clients) / (share * float64(rate)) * float64(time.Second))
	}
	get := func(h *http.Client) func(*client) (answer, error) {
		return func(c *client) (answer, error) { return c.get(h, "/version") }
	}
	return []kind{
		{"fresh connection", 20, every(20, 0.25), get(&fresh)},
		{"keep-alive pool of 50", poolSize, every(poolSize, 0.45), get(&pool)},
		{"handler of 2 s", 10, 0, func(c *client) (answer, error) { return c.get(&kept, "/slow?ms=2000") }},
		{"JSON POST with query", 10, every(10, 0.1), func(c *client) (answer, error) {
			body := fmt.Sprintf(`{"id": %q, "text": %q}`, c.post(), strings.Repeat("wörter ", c.asked%500))
			return c.echo(&kept, "application/json", strings.NewReader(body), false)
		}},
		{"form", 10, every(10, 0.1), func(c *client) (answer, error) {
			body := "a=1&a=2&name=J%C3%BCrgen+M&n=" + strconv.Itoa(c.asked)
			return c.echo(&fresh, "application/x-www-form-urlencoded", strings.NewReader(body), false)
		}},
		{"multipart", 10, every(10, 0.1), func(c *client) (answer, error) {
			body, boundary := form(c.asked)
			return c.echo(&kept, boundary, body, false)
		}},
		{"1 MiB, 100-continue", 4, time.Second, func(c *client) (answer, error) {
			body := bytes.Repeat([]byte{byte(c.asked), byte(c.asked >> 8), 13, 10}, uploadSize/4)
			return c.echo(&kept, "application/octet-stream", bytes.NewReader(body), true)
		}},
		{"POST stream", 4, 0, func(c *client) (answer, error) { return c.lines(&kept) }},
		{"event stream", 4, 0, func(c *client) (answer, error) { return c.events(&fresh) }},
		{"WebSocket", 4, 0, (*client).socket},
	}
}

func form(n int) (body *bytes.Buffer, contentType string) {
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	_ = w.WriteField("n", strconv.Itoa(n)) // writes to memory do not fail
	file, _ := w.CreateFormFile("file", "a.bin")
	_, _ = file.Write(bytes.Repeat([]byte{byte(n), 0, 255}, 1000))
	_ = w.Close()
	return body, w.FormDataContentType()
}

// do sends a request and says whose answer it got. The transport repeats a GET by itself
// when a kept connection breaks; that is no less a reset.
func (c *client) do(h *http.Client, req *http.Request) (a answer, r *http.Response, err error) {
	conns, continued := 0, false
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn:        func(httptrace.GotConnInfo) { conns++ },
		Got100Continue: func() { continued = true },
	}))
	r, err = h.Do(req)
	if err != nil {
		return a, nil, err
	}
	version := r.Header.Get("App-Version")
	_, err = fmt.Sscanf(version, "v%d", &a.version)
	a.marked = r.Header.Get("Watcher-Build") != ""
	switch {
	case err != nil || r.StatusCode >= 300:
		err = fmt.Errorf("%w: status %s, version %q", errForeign, r.Status, version)
	case conns > 1:
		err = errors.New("the connection broke, the request was sent again")
	case req.Header.Get("Expect") != "" && !continued:
		err = errors.New("the body was never asked for")
	}
	if err != nil {
		r.Body.Close()
	}
	return a, r, err
}

// get asks for a page that is the version, or contains it.
func (c *client) get(h *http.Client, path string) (answer, error) {
	began := time.Now()
	req, err := http.NewRequest("GET", c.URL+path, nil)
	if err != nil {
		return answer{}, err
	}
	a, r, err := c.do(h, req)
	if err != nil {
		return a, err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	a.took = time.Since(began)
	if err == nil && !strings.Contains(string(text), r.Header.Get("App-Version")) {
		err = fmt.Errorf("%w: body %q of version %d", errChanged, text, a.version)
	}
	return a, err
}

// echoed is what the sample service tells of a request.
type echoed struct {
	Method, Query, SHA256 string
	Length                int64
	Headers               http.Header
}

// echo posts a body and compares what the app says has arrived. The query has an escape
// that cannot be parsed, and must arrive all the same. A chunked body is sent when the
// app asks for it.
func (c *client) echo(h *http.Client, contentType string, body io.Reader, chunked bool) (answer, error) {
	hash := sha256.New()
	began := time.Now()
	if chunked {
		body = io.NopCloser(body) // hides the length
	}
	query := "id=" + c.post() + "&b=%zz"
	req, err := http.NewRequest("POST", c.URL+"/echo?"+query, body)
	if err != nil {
		return answer{}, err
	}
	req.Body = io.NopCloser(io.TeeReader(req.Body, hash))
	req.GetBody = nil
	req.Header.Set("Content-Type", contentType)
	if chunked {
		req.Header.Set("Expect", "100-continue")
	}
	a, r, err := c.do(h, req)
	if err != nil {
		return a, err
	}
	defer r.Body.Close()
	var e echoed
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		return a, err
	}
	_, err = io.Copy(io.Discard, r.Body) // so that the connection is kept
	a.took = time.Since(began)
	want := echoed{"POST", query, hex.EncodeToString(hash.Sum(nil)), e.Length, nil}
	got := echoed{e.Method, e.Query, e.SHA256, e.Length, nil}
	if fmt.Sprint(got) != fmt.Sprint(want) || e.Headers.Get("Content-Type") != contentType || chunked && e.Length != uploadSize {
		return a, fmt.Errorf("%w: %+v", errChanged, e)
	}
	return a, err
}
