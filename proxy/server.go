package proxy

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/proxy/hangup"
	"github.com/watcher-dev/watcher/proxy/pages"
)

const (
	// headTimeout: a request's head comes in one piece; this only ends what is not HTTP.
	headTimeout = 10 * time.Second
	// keepTimeout is longer than browsers keep an idle connection: they close it, so
	// that none of their requests meets one that we are closing.
	keepTimeout = 120 * time.Second
)

// Serve answers on the listeners until ctx is done, then closes them and cuts what
// is left. It returns nil, or the error of a listener that failed before; by then
// every request has ended, sockets perhaps a moment later.
func (f *Front) Serve(ctx context.Context, listeners ...net.Listener) error {
	requests, cutRequests := context.WithCancel(context.Background())
	defer cutRequests()
	var conns sync.WaitGroup
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // with prior knowledge; browsers have none
	srv := &http.Server{
		Handler:                      http.HandlerFunc(f.handle),
		ReadHeaderTimeout:            headTimeout,
		IdleTimeout:                  keepTimeout, // no other limit: an answer may take as long as it likes
		DisableGeneralOptionsHandler: true,        // "OPTIONS *" is the app's
		Protocols:                    &protocols,
		ErrorLog:                     log.New(&pages.Panics{Found: f.sayOwnPanic}, "", 0), // of all else that stands there clients are the reason
		BaseContext:                  func(net.Listener) context.Context { return requests },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				conns.Done()
			}
		},
	}
	watch := hangup.New()
	f.leavers.Store(watch)
	failed := make(chan error, len(listeners)) // room for each, so that none blocks
	var accepting sync.WaitGroup
	for _, l := range listeners {
		accepting.Go(func() { failed <- srv.Serve(l) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	srv.Close()
	cutRequests()
	accepting.Wait() // no connection is counted in after this
	conns.Wait()
	watch.End()
	f.mu.Lock()
	f.sweep(nil) // idle connections to the app
	f.mu.Unlock()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// connKey leads from a request to its connection.
type connKey struct{}
