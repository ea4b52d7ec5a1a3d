// Manyports is a server that listens in the way that listen.go says, which each test
// writes for itself.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

const version = 1

func main() {
	http.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "version %d pid %d", version, os.Getpid())
	})
	http.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "version %d hash %x query %s", version, sha256.Sum256(body), r.URL.RawQuery)
	})
	log.Fatal(listen())
}
