package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// opening is an app that reads files by names that stand nowhere in its code: one in a package that is initialised, one
// at its start, one that is not there at first, one in a request; and writes one.
const opening = `package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"example.com/plainapp/conf"
)

func name(parts ...string) string { return strings.Join(parts, "") }

func read(parts ...string) string {
	text, _ := os.ReadFile(name(parts...))
	return strings.TrimSpace(string(text))
}

func main() {
	start, late := read("deploy/a", "pp.properties"), read("deploy/loc", "al.yaml")
	os.WriteFile(name("deploy/sta", "te.json"), []byte(fmt.Sprint(os.Getpid())), 0o644)
	http.HandleFunc("/version", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s %s pid %d", conf.Text, late, read("deploy/req", "uest.yaml"), start, os.Getpid())
	})
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
`

// TestR14_WhatTheAppReadsRestartsIt: a save of a file that the app reads, however it finds it, is served by the next answer; one
// that it writes is its own.
func TestR14_WhatTheAppReadsRestartsIt(t *testing.T) {
	p := prepare(t, plainapp)
	outside := filepath.Join(t.TempDir(), "outside", "a.ini")
	if err := os.Mkdir(filepath.Dir(outside), 0o755); err != nil {
		t.Fatal(err)
	}
	put := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.put("main.go", opening)
	p.put("conf/conf.go", "package conf\n\nimport \"os\"\n\nvar text, _ = os.ReadFile(os.Getenv(\"CONF\"))\n\nvar Text = string(text)\n")
	p.put("deploy/app.properties", "version 1")
	p.put("deploy/request.yaml", "request 1")
	put(outside, "outside 1")
	p.env = append(p.env, "CONF="+outside, "TMPDIR="+t.TempDir()) // which is left out
	p.run()
	p.await("ready  ")
	p.get("/version") // which reads in a request
	for n := 2; n < 2+times(10); n++ {
		for _, c := range []struct{ file, text string }{
			{filepath.Join(p.dir, "deploy/app.properties"), "version %d"},
			{filepath.Join(p.dir, "deploy/local.yaml"), "late %d"},
			{filepath.Join(p.dir, "deploy/request.yaml"), "request %d"},
			{outside, "outside %d"},
		} {
			before := p.get("/version")
			text := fmt.Sprintf(c.text, n)
			put(c.file, text)
			a := p.get("/version")
			if !strings.Contains(a.body, text) || a.build != "" || a.pid() == before.pid() {
				t.Errorf("after %q in %s: %v, before %v", text, filepath.Base(c.file), a, before)
			}
		}
	}
	before := p.get("/version")
	p.put("deploy/state.json", "by hand")
	p.put("version/version.go", "package version\n\nconst Number = 99\n") // which nobody imports
	if a := p.get("/version"); a.pid() != before.pid() {
		t.Errorf("a file that the app writes restarts it: %v, %v", before, a)
	}
}
