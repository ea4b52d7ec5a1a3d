package relay

import (
	"errors"
	"io"
	"net"
	"slices"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	// acceptPause is how long is waited when the system has no descriptor left.
	acceptPause = 50 * time.Millisecond
)

// accept takes connections as long as the door is open. While they have nowhere to go
// they are left in the queue of the system, which bounds them.
func (r *Relay) accept(d *door, l net.Listener) {
	for {
		if _, ok := r.await(d, nil); !ok {
			return
		}
		conn, err := l.Accept()
		switch {
		case err == nil:
			r.active.Go(func() { r.lead(d, conn) })
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-time.After(acceptPause):
			case <-d.shut:
			}
		}
	}
}

// await blocks until the port of a door leads somewhere else than where it led before;
// ok is false if the door was closed: who came by it must not reach what stands behind a
// narrower one.
func (r *Relay) await(d *door, before *Route) (route Route, ok bool) {
	for {
		r.mu.Lock()
		route, _ := r.route(d.port)
		changed, closed := r.changed, r.doors[d.port] != d
		r.mu.Unlock()
		if closed {
			return Route{}, false
		}
		if (route.Front || route.Generation != 0) && (before == nil || route != *before) {
			return route, true
		}
		select {
		case <-changed:
		case <-d.shut:
			return Route{}, false
		}
	}
}

// lead brings one connection to where its port leads, and stays until it has ended. A
// process that refuses it is about to be told gone: then it waits for the next one.
func (r *Relay) lead(d *door, client net.Conn) {
	var before *Route
	for {
		route, ok := r.await(d, before)
		if !ok {
			client.Close()
			return
		}
		if route.Front {
			r.front.hand(client)
			return
		}
		upstream, err := net.DialTimeout("tcp", route.Upstream, dialTimeout)
		if err == nil {
			r.join(client, upstream, route.Generation)
			return
		}
		before = &route
	}
}

// join copies both ways until both have ended, or the generation is gone.
func (r *Relay) join(client, upstream net.Conn, generation int) {
	if r.track(generation, client, upstream) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			pass(upstream, client)
		}()
		pass(client, upstream)
		<-done
	}
	r.forget(client, upstream)
}

// pass copies one way. An end is passed on; a broken connection breaks the other.
func pass(to, from net.Conn) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err != nil || !ok || half.CloseWrite() != nil {
		to.Close()
		from.Close()
	}
}

// track remembers connections so that they can be cut; false means that it is too late.
func (r *Relay) track(generation int, conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		r.conns[c] = generation
	}
	return !r.closed && slices.Contains(r.view.Live, generation)
}

func (r *Relay) forget(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		delete(r.conns, c)
		c.Close()
	}
}
