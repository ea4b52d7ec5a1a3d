// Command app says which version of it was built.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
)

var version = "v00000000"

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, version) })
	srv := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Protocols: new(http.Protocols)}
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetUnencryptedHTTP2(true)
	log.Fatal(srv.ListenAndServe())
}
