package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestS1_AskedAtOnce: whatever is saved, a request that is sent when the save has returned is
// answered by it, with no pause between the two.
func TestS1_AskedAtOnce(t *testing.T) {
	p := start(t, plainapp)
	n := 1
	version := func(n int) { p.write("version/version.go", fmt.Sprintf("package version\n\nconst Number = %d\n", n)) }
	part := func(n, number int) {
		p.put(fmt.Sprintf("part%d/part.go", n), fmt.Sprintf("package part\n\nconst Number = %d\n", number))
	}
	imports := func(n int) {
		p.write("version/version.go", fmt.Sprintf("package version\n\nimport part \"example.com/plainapp/part%d\"\n\nconst Number = part.Number\n", n))
	}
	for name, save := range map[string]func(){
		"a Go file":           func() { version(n) },
		"two saves of a file": func() { version(0); version(n) },
		"a package that is new in that moment": func() {
			part(n, 0)
			imports(n)
			part(n, n)
		},
		"a package that is imported by the build under way": func() {
			part(n, 0)
			imports(n)
			p.await("change ")
			part(n, n)
		},
		"a package that has just been served for the first time": func() {
			part(n, 0)
			imports(n)
			p.want(0)
			part(n, n)
		},
	} {
		for range times(20) {
			n++
			save()
			if a := p.get("/version"); a.version() != n || a.build != "" {
				t.Errorf("%s: version %d is answered by %v", name, n, a)
				p.awaitVersion(n)
			}
		}
	}
}

// put writes a file, in a folder that may be new.
func (p *program) put(file, text string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(p.dir, file)), 0o755); err != nil {
		p.t.Fatal(err)
	}
	p.write(file, text)
}
