package sockets

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// answerLimit bounds one attempt to connect or one answer to us.
const answerLimit = time.Second

func dial(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	dialer := net.Dialer{Timeout: answerLimit}
	return dialer.DialContext(ctx, "tcp", addr.String())
}

// Accepts says whether something listens on addr. It costs some 30 µs if nothing does.
func Accepts(ctx context.Context, addr netip.AddrPort) bool {
	conn, err := dial(ctx, addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// Speaks says whether addr answers a request that no handler of the app sees: Go's
// server answers OPTIONS * by itself, others refuse it in words, and one of TLS says so.
func Speaks(ctx context.Context, addr netip.AddrPort) (HTTP, TLS bool) {
	conn, err := dial(ctx, addr)
	if err != nil {
		return false, false
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(answerLimit))
	_, _ = io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false, false
	}
	said, _ := io.ReadAll(io.LimitReader(response.Body, 256))
	TLS = response.StatusCode == http.StatusBadRequest && bytes.Contains(said, []byte("HTTP request to an HTTPS server"))
	return !TLS, TLS
}

// AnswersBelow500 asks once for url. said is what the answer was, in words.
func AnswersBelow500(ctx context.Context, url string) (ok bool, said string) {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       answerLimit,
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, "cannot be asked"
	}
	response, err := client.Do(request)
	if err != nil {
		return false, "was not answered"
	}
	response.Body.Close()
	return response.StatusCode < 500, fmt.Sprintf("was answered %d", response.StatusCode)
}
