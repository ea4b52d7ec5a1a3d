package relay

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// site is a relay on loopback ports of the system's choosing, by the port asked for. What it
// asks is answered by one goroutine, before Publish returns.
type site struct {
	*Relay
	t     *testing.T
	taken map[int]bool
	open  map[int]net.Listener
	said  []string
	hosts []netip.Addr // for which a port was opened, in turn
}

// Publish returns when what the view names is open, or known to be taken.
func (s *site) Publish(v View) {
	s.t.Helper()
	select {
	case <-s.Relay.Publish(v):
	case <-time.After(patience):
		s.t.Fatal("the ports of a view are never open")
	}
}

func newSite(t *testing.T) *site {
	s := &site{t: t, taken: map[int]bool{}, open: map[int]net.Listener{}}
	s.Relay = New(Config{
		Open: func(port int, host netip.Addr) ([]net.Listener, error) {
			s.hosts = append(s.hosts, host)
			if s.taken[port] {
				return nil, fmt.Errorf("port %d is taken", port)
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			s.open[port] = l
			return []net.Listener{l}, err
		},
		Say: func(text string) { s.said = append(s.said, text) },
	})
	t.Cleanup(s.Close)
	return s
}

func (s *site) dial(port int) *net.TCPConn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.open[port].Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// echo is a process: it says its name and then gives back what it gets, up to the end.
func echo(t *testing.T, name string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.WriteString(c, name)
				io.Copy(c, c)
				io.WriteString(c, "end")
			}()
		}
	}()
	return l.Addr().String()
}

func read(t *testing.T, c net.Conn, n int) string {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatalf("read %d bytes: %v", n, err)
	}
	return string(b)
}

func TestRule18_OpenConnectionsStay(t *testing.T) {
	s := newSite(t)
	one, two := echo(t, "one"), echo(t, "two")
	s.Publish(View{Routes: []Route{{Port: 6060, Generation: 1, Upstream: one}}, Live: []int{1}})
	old := s.dial(6060)
	read(t, old, 3)
	s.Publish(View{Routes: []Route{{Port: 6060, Generation: 2, Upstream: two}}, Live: []int{1, 2}})
	if got := read(t, s.dial(6060), 3); got != "two" {
		t.Errorf("a new connection goes to %q", got)
	}
	io.WriteString(old, "still here")
	if got := read(t, old, 10); got != "still here" {
		t.Errorf("the open one got %q", got)
	}
	s.Publish(View{Routes: []Route{{Port: 6060, Generation: 2, Upstream: two}}, Live: []int{2}})
	if rest, err := io.ReadAll(old); len(rest) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after its generation was gone: %q, %v", rest, err)
	}
}

func TestR7_HalfCloseIsPassedOn(t *testing.T) {
	s := newSite(t)
	s.Publish(View{Routes: []Route{{Port: 6060, Generation: 1, Upstream: echo(t, "one")}}, Live: []int{1}})
	c := s.dial(6060)
	io.WriteString(c, strings.Repeat("x", 1<<20))
	c.CloseWrite()
	all, err := io.ReadAll(c)
	if want := "one" + strings.Repeat("x", 1<<20) + "end"; err != nil || string(all) != want {
		t.Errorf("%d bytes came back, want %d: %v", len(all), len(want), err)
	}
}

func TestR7_NobodyIsRefusedMeanwhile(t *testing.T) {
	s := newSite(t)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	s.Publish(View{Routes: []Route{{Port: 6060, Generation: 1, Upstream: gone.Addr().String()}}, Live: []int{1}})
	refused := s.dial(6060) // its process has just ended, and nobody was told
	s.Publish(View{Routes: []Route{{Port: 6060}}})
	waiting := s.dial(6060)
	s.Publish(View{Routes: []Route{{Port: 6060, Generation: 2, Upstream: echo(t, "two")}}, Live: []int{2}})
	for name, c := range map[string]net.Conn{"refused": refused, "waiting": waiting} {
		if got := read(t, c, 3); got != "two" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestR7_FrontGetsItsConnections(t *testing.T) {
	s := newSite(t)
	s.Publish(View{Routes: []Route{{Port: 9000, Front: true}}})
	c := s.dial(9000)
	front, err := s.Front().Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	if _, ok := front.(*net.TCPConn); !ok {
		t.Errorf("the front gets a %T", front)
	}
	if from := front.RemoteAddr().String(); from != c.LocalAddr().String() { // the front decides by it
		t.Errorf("to the front the client %v is %s", c.LocalAddr(), from)
	}
	io.WriteString(front, "front")
	if got := read(t, c, 5); got != "front" {
		t.Errorf("got %q", got)
	}
	s.Close()
	if _, err := s.Front().Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestR7_TakenPortIsTriedAgain: silently while a process of ours may have it, then with
// one line, and until it is free.
func TestR7_TakenPortIsTriedAgain(t *testing.T) {
	s := newSite(t)
	s.taken[6060] = true
	routes := []Route{{Port: 6060, Generation: 2, Upstream: echo(t, "two")}}
	s.Publish(View{Routes: routes, Live: []int{1, 2}})
	if s.said != nil {
		t.Errorf("said %q while #1 lives", s.said)
	}
	for range 2 {
		s.Publish(View{Routes: routes, Live: []int{2}})
	}
	if len(s.said) != 1 || s.said[0] != "port 6060 is taken" {
		t.Errorf("said %q", s.said)
	}
	s.taken[6060] = false
	s.Publish(View{Routes: routes, Live: []int{2}})
	if got := read(t, s.dial(6060), 3); got != "two" {
		t.Errorf("got %q", got)
	}
}

func TestR7_PortThatIsNotNamedIsClosed(t *testing.T) {
	s := newSite(t)
	s.Publish(View{Routes: []Route{{Port: 6060, Front: true}}})
	at := s.open[6060].Addr().String()
	s.Publish(View{})
	if c, err := net.Dial("tcp", at); err == nil {
		c.Close()
		t.Error("it is open")
	}
}

// TestT11_PublishBindsNothing: to bind a port, and to say that it is taken, may take a while, which
// nobody waits for who does not ask. The newest view decides what becomes of it.
func TestT11_PublishBindsNothing(t *testing.T) {
	begun, bind := make(chan int), make(chan net.Listener)
	said, say := make(chan string), make(chan struct{})
	r := New(Config{
		Open: func(port int, _ netip.Addr) ([]net.Listener, error) {
			begun <- port
			if l := <-bind; l != nil {
				return []net.Listener{l}, nil
			}
			return nil, fmt.Errorf("port %d is taken", port)
		},
		Say: func(text string) { said <- text; <-say },
	})
	t.Cleanup(r.Close)
	one, two := Route{Port: 6060, Front: true}, Route{Port: 7070, Front: true}
	opened := r.Publish(View{Routes: []Route{one}}) // returns
	<-begun
	r.Publish(View{Routes: []Route{two}})
	late, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bind <- late // too late: nobody asks for it any more
	if port := <-begun; port != 7070 {
		t.Errorf("then %d is opened", port)
	}
	if c, err := net.Dial("tcp", late.Addr().String()); err == nil {
		c.Close()
		t.Error("what nobody asks for is open")
	}
	bind <- nil
	if text := <-said; text != "port 7070 is taken" {
		t.Errorf("said %q", text)
	}
	r.Publish(View{Routes: []Route{two}, Live: []int{1}})
	select {
	case <-opened:
		t.Error("all is said to be open")
	default:
	}
	close(say)
	<-begun
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bind <- open
	<-opened
	c, err := net.Dial("tcp", open.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestX1_WidthFollowsTheApp: a port whose host the app asks for anew is opened anew, as wide as that.
func TestX1_WidthFollowsTheApp(t *testing.T) {
	s := newSite(t)
	loopback := netip.MustParseAddr("127.0.0.1")
	route := Route{Port: 6060, Generation: 1, Upstream: echo(t, "one")}
	s.Publish(View{Routes: []Route{route}, Live: []int{1}})
	route.Generation, route.Upstream = 2, echo(t, "two")
	s.Publish(View{Routes: []Route{route}, Live: []int{1, 2}}) // as wide: it stays open
	wide := s.open[6060]
	route.Host = loopback
	s.Publish(View{Routes: []Route{route}, Live: []int{2}})
	if want := []netip.Addr{{}, loopback}; !slices.Equal(s.hosts, want) {
		t.Errorf("opened for %v, want %v", s.hosts, want)
	}
	if _, err := wide.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("what was open wider: %v", err)
	}
}

// TestX1_WhoCameByAWiderDoor is not led to what the app has narrowed meanwhile.
func TestX1_WhoCameByAWiderDoor(t *testing.T) {
	s := newSite(t)
	route := Route{Port: 6060, Generation: 1, Upstream: echo(t, "one")}
	s.Publish(View{Routes: []Route{route}, Live: []int{1}})
	s.mu.Lock()
	wide := s.doors[6060]
	s.mu.Unlock()
	route.Generation, route.Host = 2, netip.MustParseAddr("127.0.0.1")
	s.Publish(View{Routes: []Route{route}, Live: []int{2}})
	if to, ok := s.await(wide, nil); ok {
		t.Errorf("it is led to %+v", to)
	}
}
