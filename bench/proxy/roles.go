package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/watcher"
)

var errNoRole = errors.New("this is the benchmark itself")

// serveRole is the app or a proxy, as the environment says, until standard input ends.
func serveRole() error {
	role := os.Getenv("BENCH_ROLE")
	if role == "" {
		return errNoRole
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if file := os.Getenv("BENCH_PROFILE"); file != "" {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer f.Close()
		defer pprof.StopCPUProfile()
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	fmt.Println(l.Addr())
	upstream, folder := os.Getenv("BENCH_UPSTREAM"), os.Getenv("BENCH_FOLDER")
	switch role {
	case "front":
		f, err := front(ctx, upstream, folder)
		if err != nil {
			return err
		}
		return f.Serve(ctx, l)
	case "bare":
		return serve(ctx, l, bare(upstream))
	}
	lines, err := os.Create(filepath.Join(folder, "app.log"))
	if err != nil {
		return err
	}
	defer lines.Close()
	return serve(ctx, l, app(lines))
}

func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h}
	context.AfterFunc(ctx, func() { srv.Close() })
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// app answers something small, and assets of 10 KiB, at once or in the time of a small
// query or a file that is read.
func app(lines io.Writer) http.Handler {
	asset := bytes.Repeat([]byte("0123456789abcde\n"), 640)
	answer := func(body []byte, after time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(after)
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.Write(body)
		}
	}
	small := answer([]byte("hello, world\n"), 0)
	mux := http.NewServeMux()
	mux.HandleFunc("/small", small)
	mux.HandleFunc("/logged", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(lines, r.Method, r.URL, r.RemoteAddr)
		small(w, r)
	})
	mux.HandleFunc("/instant/", answer(asset, 0))
	mux.HandleFunc("/asset/", answer(asset, assetTime))
	return mux
}

// front is the product's, with a target, and with a watcher of the folder that the app works in.
func front(ctx context.Context, upstream, folder string) (*proxy.Front, error) {
	w, err := watcher.New(watcher.Config{Root: folder, Marks: folder + ".marks"})
	if err != nil {
		return nil, err
	}
	go func() {
		w.Run(ctx, func(watcher.Event) {})
		os.RemoveAll(folder + ".marks")
	}()
	f := proxy.New(proxy.Config{Hold: true, Look: w.Look})
	f.Publish(proxy.View{Generation: 1, PID: os.Getpid(), Upstream: upstream, Phase: proxy.Serving})
	return f, nil
}

// bare is what one would write who knows net/http well: connections are kept, buffers
// used again, nothing is added.
func bare(upstream string) http.Handler {
	target := &url.URL{Scheme: "http", Host: upstream}
	return &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:  &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true},
		BufferPool: &buffers{},
		ErrorLog:   log.New(io.Discard, "", 0),
	}
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
