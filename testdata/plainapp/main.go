// Command plainapp is a service of the standard library alone, for tests: small, so
// that it builds fast, and able to misbehave as config.yaml says.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/plainapp/version"
)

func main() {
	config, _ := os.ReadFile("config.yaml")
	switch mode(config) {
	case "exit0":
		return
	case "exit1":
		log.Fatal("config says exit1")
	case "panic":
		panic("config says panic")
	case "deaf":
		select {}
	case "mortal": // dies within its first second, after it was ready
		time.AfterFunc(300*time.Millisecond, func() { os.Exit(3) })
	}
	serve(string(config))
}

func serve(config string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/version", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "version %d pid %d\n", version.Number, os.Getpid())
	})
	mux.HandleFunc("/config", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, config) })
	mux.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {
		if mode([]byte(config)) == "unready" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		ms, _ := strconv.Atoi(r.FormValue("ms"))
		io.WriteString(w, "begun ")
		http.NewResponseController(w).Flush()
		time.Sleep(time.Duration(ms) * time.Millisecond) // the slowness is the point
		fmt.Fprintf(w, "version %d pid %d\n", version.Number, os.Getpid())
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "version %d hash %x query %s type %s\n", version.Number, sha256.Sum256(body), r.URL.RawQuery, r.Header.Get("Content-Type"))
	})
	mux.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.FormValue("code"))
		os.Exit(code)
	})
	listen(mux)
}

func listen(handler http.Handler) {
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: handler}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-ended
}

// mode is the value of the line "mode: value".
func mode(config []byte) string {
	_, rest, _ := strings.Cut(string(config), "mode: ")
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}
