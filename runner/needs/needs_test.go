package needs

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

func TestAwaitEachKind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a b"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 || r.URL.Path == "/never" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	for _, need := range []string{
		"tcp://" + l.Addr().String(), server.URL + "/health",
		"file:a b", "file:" + filepath.Join(dir, "a b"), "file://" + filepath.ToSlash(dir),
	} {
		if !Await(t.Context(), need, dir) {
			t.Errorf("%s is there", need)
		}
	}
	if asked.Load() < 3 {
		t.Error("an answer of 503 was taken for health")
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, need := range []string{"tcp://" + closed.Addr().String(), server.URL + "/never", "file:absent", "db:5432", ""} {
		if Await(ended, need, dir) {
			t.Errorf("%s is not there", need)
		}
	}
}

// TestX7_Shown: what lets one in is no name of a service, be it a password, a key or a user.
func TestX7_Shown(t *testing.T) {
	for need, want := range map[string]string{
		"tcp://db:5432": "tcp://db:5432", "file:run/a b": "file:run/a b", "file:/run/a b": "file:/run/a b",
		"http://search/health":                              "http://search/health",
		"https://admin:sesame@search:9200/health":           "https://search:9200/health",
		"http://sesame@search/health?key=sesame&x=1#sesame": "http://search/health",
		"tcp://admin:sesame@db:5432":                        "tcp://db:5432",
		"http://admin:sesame%zz@search":                     "what cannot be read",
	} {
		if got := Shown(need); got != want {
			t.Errorf("%s is shown as %s, want %s", need, got, want)
		}
	}
}
