// Command watcher is the development loop of a Go web service: it watches the
// project, rebuilds with go build, and keeps one front address open in which
// requests wait for the new code instead of failing.
package main

import (
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/watcher-dev/watcher/internal/cli"
	"github.com/watcher-dev/watcher/internal/pid1"
	"github.com/watcher-dev/watcher/internal/session"
	"github.com/watcher-dev/watcher/runner/shim"
)

func main() {
	shim.Become()
	if code, ran := pid1.Run(); ran { // as the first process of a container
		os.Exit(code)
	}
	session.OutliveReader()
	log.SetOutput(io.Discard) // net/http would write to a terminal that may be stopped, with a lock that the loop needs
	os.Exit(cli.Run(cli.Call{
		Args: os.Args[1:],
		Call: session.Call{Env: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Notify: signal.Notify},
	}))
}
