package proxy

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/proxy/pages"
)

// orders are what can be asked for with the token of the lock's file.
var orders = []string{"pause", "resume"}

// ordered is a front that counts what it is ordered, and has something for the editor.
func ordered(t *testing.T) (f *testFront, carriedOut, opened *int) {
	carriedOut, opened = new(int), new(int)
	dir := t.TempDir()
	f = serve(t, Config{
		Browser: Browser{Reload: true, Overlay: true},
		Project: Project{Root: dir, Base: dir},
		Pause:   func(time.Duration) bool { *carriedOut++; return true },
		Resume:  func() bool { *carriedOut++; return true },
		Open:    func(Position) error { *opened++; return nil },
	})
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("bad\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Publish(View{Phase: Broken, Problem: &Problem{Kind: "build", Title: "the build failed", Diagnostics: []Diagnostic{{File: "main.go", Line: 1, Message: "bad"}}}})
	return f, carriedOut, opened
}

// firstEvent is what a page is told when it begins to listen.
func firstEvent(f *testFront) (text string) {
	f.t.Helper()
	res, err := f.client.Do(f.request("GET", reserved+"events", nil))
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err = bufio.NewReader(res.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(text, "data: ") {
		f.t.Fatalf("the first line is %q, %v", text, err)
	}
	return text
}

// TestX4_WhatPagesAreToldOrdersNothing: whoever reads all that the front answers can have
// opened what a page shows, and nothing else.
func TestX4_WhatPagesAreToldOrdersNothing(t *testing.T) {
	f, carriedOut, opened := ordered(t)
	var told pages.State
	if err := json.Unmarshal([]byte(strings.TrimPrefix(firstEvent(f), "data: ")), &told); err != nil {
		t.Fatal(err)
	}
	order := func(what, token, body string) answer {
		r := f.request("POST", API+what, strings.NewReader(body))
		r.Header.Set(TokenHeader, token)
		return f.do(r)
	}
	for _, what := range append([]string{"restart", "none", "%6fpen", "open/", "open/../pause"}, orders...) {
		if a := order(what, told.Token, ""); a.status/100 == 2 || *carriedOut > 0 {
			t.Errorf("%s with the token of a page: %d, carried out %d times", what, a.status, *carriedOut)
		}
	}
	id, _ := json.Marshal(map[string]string{"id": told.Problem.Places[0].ID})
	if a := order("open", told.Token, string(id)); a.status != http.StatusNoContent || *opened != 1 {
		t.Errorf("open with the token of a page: %d %q, opened %d times", a.status, a.body, *opened)
	}
	for n, what := range orders {
		if a := order(what, f.Token(), ""); a.status != http.StatusOK || *carriedOut != n+1 {
			t.Errorf("%s with the token of the run: %d %q", what, a.status, a.body)
		}
	}
}

// TestX4_TheTokenOfOrdersIsNowhere in what the front answers, by whatever path.
func TestX4_TheTokenOfOrdersIsNowhere(t *testing.T) {
	f, _, _ := ordered(t)
	answers := map[string]string{"events": firstEvent(f)}
	for _, path := range []string{"/", reserved, pages.ScriptPath, API + "status", API + "wait", reserved + "healthz", API + "pause"} {
		for _, accept := range []string{"text/html", "application/json", "*/*"} {
			r := f.request("GET", path, nil)
			r.Header.Set("Accept", accept)
			a := f.do(r)
			head, _ := json.Marshal(a.header)
			answers[path+" as "+accept] = a.body + string(head)
		}
	}
	for what, text := range answers {
		if strings.Contains(text, f.Token()) {
			t.Errorf("%s has the token of orders in it", what)
		}
	}
}
