package proxy

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hangs makes a source file whose opening blocks until it is let go, as on a mount that does not
// answer.
func hangs(t *testing.T, path string) (letGo func()) {
	t.Helper()
	if err := os.WriteFile(path, []byte("package main\n\nvar wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	lease := func(kind int) {
		if _, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, kind); err != nil {
			t.Fatalf("lease: %v", err)
		}
	}
	lease(unix.F_WRLCK)
	t.Cleanup(func() { file.Close() })
	return sync.OnceFunc(func() { lease(unix.F_UNLCK) })
}

// TestT11_PublishWaitsForNoFile: what holds requests is told at once, though the source around a
// mistake cannot be read. Whoever shows that waits for it, and misses nothing.
func TestT11_PublishWaitsForNoFile(t *testing.T) {
	root := t.TempDir()
	letGo := hangs(t, filepath.Join(root, "main.go"))
	f := serve(t, Config{Hold: true, Project: Project{Root: root, Base: root}, Browser: Browser{Overlay: true}}, func(f *Front) { f.limits.source = time.Hour })
	f.Publish(View{Pending: 1, Generation: 1, Upstream: says(t, "old")})
	held := f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	problem := &Problem{Kind: "build", Title: "1 problem", Diagnostics: []Diagnostic{{File: "main.go", Line: 3, Column: 5, Message: "wrong"}}}
	published := make(chan struct{})
	go func() {
		defer close(published)
		f.Publish(View{Pending: 1, Settled: 1, Generation: 1, Upstream: f.Front.now.Load().Upstream, Failed: true, Phase: Broken, Problem: problem})
	}()
	defer letGo()
	receive(t, "Publish", published)
	receive(t, "answer", held).want(t, 200, "old")

	page := f.request("GET", "/", nil)
	page.Header.Set("Accept", "text/html")
	f.Publish(View{Pending: 1, Settled: 1, Failed: true, Phase: Broken, Problem: problem})
	shown, status := f.begin(page), f.begin(f.request("GET", "/__watcher/api/status", nil))
	letGo()
	if a := receive(t, "page", shown); !strings.Contains(a.body, "var wrong") {
		t.Errorf("the page has no excerpt: %s", a.body)
	}
	if a := receive(t, "status", status); !strings.Contains(a.body, "1 problem") {
		t.Errorf("the status has no problem: %s", a.body)
	}
	events, err := f.client.Do(f.request("GET", "/__watcher/events", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	lines := bufio.NewScanner(events.Body)
	for lines.Scan() && !strings.Contains(lines.Text(), "var wrong") {
	}
	if lines.Err() != nil {
		t.Errorf("open pages are not told: %v", lines.Err())
	}
}

// TestT11_AnswersWaitForNoSource: what is wrong is told without the source around it while that cannot be
// read, and with it as soon as it can.
func TestT11_AnswersWaitForNoSource(t *testing.T) {
	root := t.TempDir()
	letGo := hangs(t, filepath.Join(root, "main.go"))
	defer letGo()
	f := serve(t, Config{Hold: true, Project: Project{Root: root, Base: root}, Browser: Browser{Overlay: true}})
	f.Publish(View{Failed: true, Phase: Broken, Problem: &Problem{
		Kind: "build", Title: "1 problem", Diagnostics: []Diagnostic{{File: "main.go", Line: 3, Message: "wrong"}},
	}})
	ask := func(path string) answer {
		r := f.request("GET", path, nil)
		r.Header.Set("Accept", "text/html")
		return receive(t, path, f.begin(r))
	}
	for _, path := range []string{"/", "/__watcher/api/status", "/__watcher/api/wait"} {
		if a := ask(path); !strings.Contains(a.body, "1 problem") || strings.Contains(a.body, "var wrong") {
			t.Errorf("%s says %d %s", path, a.status, a.body)
		}
	}
	letGo()
	eventually(t, "the page has the source", func() bool { return strings.Contains(ask("/").body, "var wrong") })
}
