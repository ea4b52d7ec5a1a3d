package sockets

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// TestAnswersBelow500: the app's own answer counts, over TLS too, and no server's refusal of plain
// HTTP.
func TestAnswersBelow500(t *testing.T) {
	t.Parallel()
	for _, start := range []func(*httptest.Server){(*httptest.Server).Start, (*httptest.Server).StartTLS} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status, _ := strconv.Atoi(r.URL.Path[1:])
			w.WriteHeader(status)
			if r.TLS != nil { // as one that asks another server may say
				io.WriteString(w, "Client sent an HTTP request to an HTTPS server.")
			}
		}))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		start(server)
		defer server.Close()
		for status, want := range map[string]bool{"200": true, "400": true, "404": true, "500": false, "503": false} {
			ok, said := AnswersBelow500(t.Context(), server.Listener.Addr().String(), "http://localhost/"+status)
			if ok != want || said != "was answered "+status {
				t.Errorf("%s/%s: %v, %s", server.URL, status, ok, said)
			}
		}
	}
}

// TestAnswersBelow500WithoutACertificate: who asks for one of ours is there, and that is all that
// can be known.
func TestAnswersBelow500WithoutACertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	addr := server.Listener.Addr().String()
	if ok, said := AnswersBelow500(t.Context(), addr, "http://localhost/ready"); !ok {
		t.Errorf("the app %s", said)
	}
	if ok, _ := AnswersBelow500(t.Context(), "", server.URL); ok {
		t.Error("what is waited for answers without an answer")
	}
}
