package sockets

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

// answerLimit bounds one attempt to connect or one answer to us.
const answerLimit = time.Second

// UnixScheme begins an address that is the path of a Unix socket: "unix:/run/app.sock".
const UnixScheme = "unix:"

// dial connects to host:port, or to a Unix socket.
func dial(ctx context.Context, addr string) (net.Conn, error) {
	network := "tcp"
	if path, unix := strings.CutPrefix(addr, UnixScheme); unix {
		network, addr = "unix", path
	}
	dialer := net.Dialer{Timeout: answerLimit}
	return dialer.DialContext(ctx, network, addr)
}

// Accepts says whether something listens on addr. It costs some 30 µs if nothing does.
func Accepts(ctx context.Context, addr netip.AddrPort) bool {
	conn, err := dial(ctx, addr.String())
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// RemoveDead removes the file of a Unix socket at which nobody listens any more, and says
// whether it has. Another file stays: it refuses connections too.
func RemoveDead(path string) bool {
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeSocket {
		return false
	}
	conn, err := net.DialTimeout("unix", path, answerLimit)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED) && os.Remove(path) == nil
}

// Speaks says whether addr answers a request that no handler of the app sees: Go's
// server answers OPTIONS * by itself, others refuse it in words, and one of TLS says so.
func Speaks(ctx context.Context, addr string) (HTTP, TLS bool) {
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
	TLS = wantsTLS(response)
	return !TLS, TLS
}

// wantsTLS says whether this is how a server of TLS answers plain HTTP.
func wantsTLS(response *http.Response) bool {
	if response.StatusCode != http.StatusBadRequest {
		return false // without its body, which may never end
	}
	said, _ := io.ReadAll(io.LimitReader(response.Body, 256))
	return bytes.Contains(said, []byte("HTTP request to an HTTPS server"))
}

// AnswersBelow500 asks once for url, at addr if that is not "": that is the app, which may speak
// TLS all the same. said is what the answer was, in words.
func AnswersBelow500(ctx context.Context, addr, url string) (ok bool, said string) {
	client := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, host string) (net.Conn, error) {
				return dial(ctx, cmp.Or(addr, host))
			},
			TLSClientConfig: &tls.Config{InsecureSkipVerify: addr != ""}, // the app's certificate is for another name
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       answerLimit,
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, "cannot be asked"
	}
	response, err := client.Do(request)
	if refused, is := errors.AsType[*net.OpError](err); is && refused.Op == "remote error" && addr != "" {
		return true, "" // over TLS, for want of a certificate of ours: so it is there
	}
	if err != nil {
		return false, "was not answered"
	}
	defer response.Body.Close()
	if rest, plain := strings.CutPrefix(url, "http://"); plain && addr != "" && wantsTLS(response) {
		return AnswersBelow500(ctx, addr, "https://"+rest)
	}
	return response.StatusCode < 500, fmt.Sprintf("was answered %d", response.StatusCode)
}
