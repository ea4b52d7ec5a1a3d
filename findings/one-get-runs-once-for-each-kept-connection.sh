#!/usr/bin/env bash
# Go 1.26's net/http, by httputil.ReverseProxy and its Transport: one GET from one client is executed
# once for each connection that the proxy keeps to the app, if its handler closes the connection
# without an answer, as a panic, a crash or os.Exit does. Transport takes each such end for a
# kept connection that had just been closed by the server, and repeats what it holds for safe (a GET,
# HEAD, OPTIONS or TRACE without a body), also though the app has read the request; each time
# it takes the next kept connection, and only a fresh one ends it. The documentation of Transport says
# that it retries, and not that it does so for as many connections as it keeps.
#
# What follows for a proxy in front of an app under development: the one request that crashes a
# handler is executed nine times after a page of eight parallel requests.
#
# It exits 1 if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >go.mod <<'GO'
module example.com/once

go 1.26.0
GO
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	const kept = 8
	var executed atomic.Int64
	var together sync.WaitGroup
	together.Add(kept)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ends" {
			executed.Add(1)
			panic(http.ErrAbortHandler) // ends the connection, silently
		}
		together.Done() // so that each has a connection of its own
		together.Wait()
	}))
	target, _ := url.Parse(app.URL)
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:    &http.Transport{MaxIdleConnsPerHost: kept},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	front := httptest.NewServer(proxy)
	var all sync.WaitGroup
	for range kept {
		all.Go(func() {
			if r, err := http.Get(front.URL + "/"); err == nil {
				r.Body.Close()
			}
		})
	}
	all.Wait()
	r, err := http.Get(front.URL + "/ends")
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %d kept connections, one GET, answered %d, executed %d times\n", runtime.Version(), kept, r.StatusCode, executed.Load())
	if executed.Load() != kept+1 {
		fmt.Println("it has changed")
		os.Exit(1)
	}
}
GO
GOTOOLCHAIN=go1.26.8 go run .
