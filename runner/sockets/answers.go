package sockets

import (
	"bufio"
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

// SpeaksHTTP says whether addr answers a request that no handler of the app sees:
// Go's server answers OPTIONS * by itself, others refuse it in words.
func SpeaksHTTP(ctx context.Context, addr netip.AddrPort) bool {
	conn, err := dial(ctx, addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(answerLimit))
	_, _ = io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	_, err = http.ReadResponse(bufio.NewReader(conn), nil)
	return err == nil
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
