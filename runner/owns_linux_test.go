package runner

import (
	"net"
	"testing"
)

func TestF14_ConnectionsOfTheAppAreKnown(t *testing.T) {
	for _, from := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", from)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		accept := func() net.Conn {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return c
		}
		r := newRunner(t)
		for i, name := range []string{"call", "child calls"} {
			start(t, r, i+1, name, func(s *Spec) { s.Env = append(s.Env, "CALL="+l.Addr().String()) })
			if c := accept(); !r.Owns(c.RemoteAddr().(*net.TCPAddr).AddrPort()) {
				t.Errorf("%s over %s: not known", name, from)
			}
		}
		mine, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer mine.Close()
		if c := accept(); r.Owns(c.RemoteAddr().(*net.TCPAddr).AddrPort()) {
			t.Errorf("the test's own connection over %s is taken for the app's", from)
		}
	}
}
