// Package relay keeps the further addresses of an app open: those of listeners that
// were moved. It leads each new TCP connection to the process that the newest [View]
// names, or hands it to the front.
//
// It knows ports, connections and the newest view. It does not know processes, or what
// is spoken over a connection.
//
// What holds, with the test that shows it:
//   - a port that was opened refuses nobody; while it leads nowhere, connections wait
//     in the queue of the system (TestR7_NobodyIsRefusedMeanwhile)
//   - a connection stays with the generation that it began with, until that is gone
//     (TestRule18_OpenConnectionsStay)
//   - after Close no goroutine and no listener is left (TestMain)
package relay

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// View is all that the relay needs to know: a value, replaced as a whole.
type View struct {
	Routes []Route // one for each port
	Live   []int   // generations that are not reaped; connections to others are cut
}

// Route says where the connections to a port go.
type Route struct {
	Port       int
	Host       netip.Addr // that the app asked for with it; the zero Addr is every address of the machine
	Front      bool       // to the front; the rest does not count then
	Generation int        // 0 while it leads nowhere, and connections wait
	Upstream   string     // host:port
}

// Config is what a relay cannot know by itself.
type Config struct {
	// Open binds a port where people look for it, no wider than for the host of its route; no
	// listeners and no error mean that the port needs no opening. It is called from one
	// goroutine, and may take a while.
	Open func(port int, host netip.Addr) ([]net.Listener, error)
	// Say tells the user a line about a port.
	Say func(text string)
}

// Relay leads connections. Make it with [New]; its methods may be called from any
// goroutine, Publish from one.
type Relay struct {
	cfg   Config
	front *handover

	mu      sync.Mutex // guards what follows; not held while a port is bound
	view    View
	changed chan struct{} // closed, and made anew, with each view
	opened  chan struct{} // closed when the ports of the newest view are open, or known to be taken
	opening bool          // a goroutine is at it
	doors   map[int]*door // that are open, by port
	said    map[int]bool  // ports that were told to be taken
	conns   map[net.Conn]int
	closed  bool

	active sync.WaitGroup // goroutines of doors and connections, and the one that opens
}

// door is a port that is open.
type door struct {
	port      int
	host      netip.Addr
	listeners []net.Listener
	shut      chan struct{} // closed with it
}

// New makes a relay without a port.
func New(cfg Config) *Relay {
	return &Relay{
		cfg: cfg, front: newHandover(), changed: make(chan struct{}), opened: make(chan struct{}),
		doors: map[int]*door{}, said: map[int]bool{}, conns: map[net.Conn]int{},
	}
}

// Front is the listener through which the front gets the connections of its routes.
func (r *Relay) Front() net.Listener { return r.front }

// Publish replaces the view: ports that it names and that are not open are opened, what
// is taken being tried again with each view; others are closed. It does not block: to bind a port
// may take a while, and a goroutine of the relay's own does it. opened is closed when that is done.
func (r *Relay) Publish(v View) (opened <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.opened
	}
	r.view = v
	close(r.changed)
	r.changed = make(chan struct{})
	for _, d := range r.doors {
		if !r.named(d.port, d.host) {
			r.shut(d)
		}
	}
	for conn, generation := range r.conns {
		if !slices.Contains(v.Live, generation) {
			conn.Close()
		}
	}
	select {
	case <-r.opened:
		r.opened = make(chan struct{})
	default: // who waits for an older view waits for this one
	}
	if !r.opening {
		r.opening = true
		r.active.Go(r.open)
	}
	return r.opened
}

// Close closes every port and connection and returns when nothing is left.
func (r *Relay) Close() {
	r.mu.Lock()
	r.closed = true
	r.allOpen()
	for _, d := range r.doors {
		r.shut(d)
	}
	for conn := range r.conns {
		conn.Close()
	}
	r.mu.Unlock()
	r.front.Close()
	r.active.Wait()
}

// open opens what the newest view names, and ends when there is nothing more to open.
func (r *Relay) open() {
	tried := map[int]<-chan struct{}{} // by port, the view with which
	for {
		route, view, more := r.missing(tried)
		if !more {
			return
		}
		tried[route.Port] = view
		listeners, err := r.cfg.Open(route.Port, route.Host)
		if text := r.take(route, view, listeners, err); text != "" {
			r.cfg.Say(text)
		}
	}
}

// missing returns a route whose port is to be opened and was not tried with the newest view, which
// it names; else all is done.
func (r *Relay) missing(tried map[int]<-chan struct{}) (route Route, view <-chan struct{}, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, route := range r.view.Routes {
		if r.doors[route.Port] == nil && tried[route.Port] != r.changed && !r.closed {
			return route, r.changed, true
		}
	}
	r.opening = false
	r.allOpen()
	return Route{}, nil, false
}

// allOpen ends the wait for what is to be opened. r.mu is held.
func (r *Relay) allOpen() {
	select {
	case <-r.opened:
	default:
		close(r.opened)
	}
}

// take makes a door of what was bound, unless it is not wanted any more. What is taken is told
// once, by the line that it returns, and not while an older process of ours, which was not moved,
// may be what has it.
func (r *Relay) take(route Route, view <-chan struct{}, listeners []net.Listener, err error) (say string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	port := route.Port
	if r.closed || !r.named(port, route.Host) {
		for _, l := range listeners {
			l.Close()
		}
		return ""
	}
	if err != nil {
		if r.said[port] || len(r.view.Live) > 1 || view != r.changed { // with another view it is tried again
			return ""
		}
		r.said[port] = true
		return err.Error()
	}
	delete(r.said, port)
	d := &door{port: port, host: route.Host, listeners: listeners, shut: make(chan struct{})}
	r.doors[port] = d
	for _, l := range listeners {
		r.active.Go(func() { r.accept(d, l) })
	}
	return ""
}

// shut closes a port. r.mu is held.
func (r *Relay) shut(d *door) {
	delete(r.doors, d.port)
	close(d.shut)
	for _, l := range d.listeners {
		l.Close()
	}
}

// named reports whether the view has a port, as wide as that. r.mu is held.
func (r *Relay) named(port int, host netip.Addr) bool {
	route, ok := r.route(port)
	return ok && route.Host == host
}

// route returns the route of a port. r.mu is held.
func (r *Relay) route(port int) (Route, bool) {
	i := slices.IndexFunc(r.view.Routes, func(t Route) bool { return t.Port == port })
	if i < 0 {
		return Route{}, false
	}
	return r.view.Routes[i], true
}
