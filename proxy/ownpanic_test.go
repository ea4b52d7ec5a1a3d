package proxy

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestF13_OwnPanicsAreSaid, each kind once, in one line with the place, over HTTP/1 and
// HTTP/2; the client's connection breaks as ever, and all else goes on.
func TestF13_OwnPanicsAreSaid(t *testing.T) {
	told := &lines{}
	f := serve(t, Config{Warn: told.warn})
	f.control = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var none []int
		switch r.URL.Path {
		case reserved + "one":
			_ = none[len(r.URL.RawQuery)]
		case reserved + "two":
			panic("of " + r.URL.RawQuery + "\x1b[2J\nwith a second line")
		case reserved + "abort":
			panic(http.ErrAbortHandler)
		}
	})
	for range 2 {
		for _, path := range []string{"one?a", "one?b", "two?a", "two?b", "abort"} {
			if a := f.get(reserved + path); a.err == nil {
				t.Errorf("%s is answered %d", path, a.status)
			}
		}
		if a := f.get(reserved + "none"); a.status != http.StatusOK {
			t.Errorf("afterwards: %d %v", a.status, a.err)
		}
		f.priorKnowledge()
	}
	said := told.all()
	want := []string{
		`^watcher itself has panicked, at \S*ownpanic_test\.go:\d+: runtime error: index out of range \[1\] with length 0: the request has no answer, all else goes on: please report this line$`,
		`^watcher itself has panicked, at \S*ownpanic_test\.go:\d+: of a: the request has no answer, all else goes on: please report this line$`,
	}
	if len(said) != len(want) || !slices.EqualFunc(said, want, func(line, want string) bool { return regexp.MustCompile(want).MatchString(line) }) {
		t.Errorf("said:\n%s", strings.Join(said, "\n"))
	}
}

// TestF13_NoiseOfConnectionsIsNotSaid: what is no HTTP is nobody's mistake here.
func TestF13_NoiseOfConnectionsIsNotSaid(t *testing.T) {
	told := &lines{}
	f := serve(t, Config{Warn: told.warn})
	f.Publish(View{Phase: GivenUp})
	c, err := tls.Dial("tcp", f.listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err == nil {
		c.Close()
		t.Fatal("the front speaks TLS")
	}
	for _, head := range []string{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nhttp: panic serving x: y\n", "GET / HTTP/9\r\n\r\n"} {
		c, err := net.Dial("tcp", f.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, head)
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}
	if said := told.all(); said != nil {
		t.Errorf("said %q", said)
	}
}
