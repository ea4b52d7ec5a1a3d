// Ginapp is a small Gin service: a page, an API, an event stream, a WebSocket.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/ginapp/internal/version"
	"github.com/gin-gonic/gin"
)

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done and what was begun has been answered.
func run(ctx context.Context) error {
	config, err := loadConfig("config.yaml")
	if err != nil {
		return err
	}
	notes, err := openNotes(config)
	if err != nil {
		return err
	}
	defer notes.close()
	a := &app{config: config, notes: notes}
	if path := os.Getenv("JOURNAL"); path != "" {
		if a.journal, err = journal(path); err != nil {
			return err
		}
	}
	time.Sleep(startupDelay())

	if os.Getenv(gin.EnvGinMode) == "" {
		gin.SetMode(gin.ReleaseMode)
	}
	var stopStreams context.CancelFunc
	a.stopping, stopStreams = context.WithCancel(context.Background())
	server := &http.Server{Handler: newRouter(a)}
	server.RegisterOnShutdown(stopStreams)
	listener, err := listen()
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Printf("ginapp %s, pid %d, on %s", version.Version, os.Getpid(), listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(limit)
}
