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

// TestS1_SettingsAndWhatTheyAreAbout: an edit of the settings and, right after it, a save of a file that
// counts by them alone, as a checkout writes both.
func TestS1_SettingsAndWhatTheyAreAbout(t *testing.T) {
	p := prepare(t, plainapp)
	p.put("main.go", `package main

import (
	"net/http"
	"os"
)

func main() {
	seed, _ := os.ReadFile(os.Getenv("SEED") + "/data.tsv")
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { w.Write(seed) })
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
`)
	seed := func(n int) { p.put("seed/data.tsv", fmt.Sprint("version ", n)) }
	seed(1)
	p.env = append(p.env, "SEED="+filepath.Join(p.dir, "seed"))
	p.run()
	p.await("ready  ")
	for n := 2; n < 2+times(10); n++ {
		rule := "[[rule]]\npaths = [\"seed/*.tsv\"]\naction = \"restart\"\n"
		p.write(".watcher.toml", fmt.Sprintf("# %d\n%s", n, rule))
		seed(n)
		if a := p.get("/version"); a.version() != n || a.build != "" {
			t.Errorf("version %d is answered by %v", n, a)
			p.awaitVersion(n)
		}
		p.write(".watcher.toml", "")
		p.await("settings changed")
		p.get("/version")
	}
}
