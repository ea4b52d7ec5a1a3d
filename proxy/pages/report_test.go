package pages

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestX6_ExcerptsOfTheProjectOnly: whatever a compiler, or a //line directive, names.
func TestX6_ExcerptsOfTheProjectOnly(t *testing.T) {
	outer := t.TempDir()
	root := filepath.Join(outer, "shop")
	text := "package a\n\nvar x = 1\n"
	for _, name := range []string{"shop/main.go", "shop/.env", "shop/secret.txt", "lib/lib.go"} {
		write(t, filepath.Join(outer, name), text)
	}
	for name, target := range map[string]string{"out.go": "lib/lib.go", "in.go": "shop/main.go"} {
		if err := os.Symlink(filepath.Join(outer, target), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	p := Project{Root: root, Base: outer}
	for file, want := range map[string]bool{
		"shop/main.go": true, "shop/in.go": true, filepath.Join(root, "main.go"): true,
		"shop/.env": false, "shop/secret.txt": false, "lib/lib.go": false, "shop/out.go": false, "shop/../lib/lib.go": false,
		"/etc/passwd": false, "shop/none.go": false, "shop": false, "": false,
	} {
		r := p.Explain(Problem{Kind: "build", Diagnostics: []Diagnostic{{File: file, Line: 3, Message: "m"}}})
		place := r.Places[0]
		if got := len(place.Source) > 0; got != want {
			t.Errorf("%q: excerpt %v", file, place.Source)
		}
		if want && (place.Source[2] != Line{3, "var x = 1", true} || place.ID == "" || place.At != "shop/"+filepath.Base(file)+":3") {
			t.Errorf("%q: %+v", file, place)
		}
	}
	if r := (Project{}).Explain(Problem{Kind: "build", Diagnostics: []Diagnostic{{File: filepath.Join(root, "main.go"), Line: 1}}}); r.Places[0].ID != "" {
		t.Error("a place can be opened though no project is known")
	}
}

// TestX6_IDsCannotBeGuessed: they differ each time and say nothing.
func TestX6_IDsCannotBeGuessed(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "main.go"), "package main\n")
	p := Project{Root: root, Base: root}
	problem := Problem{Kind: "build", Diagnostics: []Diagnostic{{File: "main.go", Line: 1, Column: 2}}}
	a, b := p.Explain(problem), p.Explain(problem)
	if a.Places[0].ID == b.Places[0].ID || len(a.Places[0].ID) < 26 {
		t.Errorf("ids %q and %q", a.Places[0].ID, b.Places[0].ID)
	}
	if at, ok := a.Find(a.Places[0].ID); !ok || at != (Position{filepath.Join(root, "main.go"), 1, 2}) {
		t.Errorf("found %+v, %v", at, ok)
	}
	for _, id := range []string{"", b.Places[0].ID, "main.go:1:2", a.ID} {
		if _, ok := a.Find(id); ok {
			t.Errorf("%q is found", id)
		}
	}
}

func TestP3_GreatErrorsAreBounded(t *testing.T) {
	great := strings.Repeat("\x1b[31mé\x1b[0m\n", 10<<20/11)
	for _, kind := range []string{"build", "crash"} {
		p := Problem{Kind: kind, Title: great, Text: great + "the end"}
		for range 1000 {
			p.Diagnostics = append(p.Diagnostics, Diagnostic{File: great, Line: 1, Message: great})
		}
		began := time.Now()
		text, err := json.Marshal(State{Problem: (Project{Root: "/", Base: "/"}).Explain(p)})
		if err != nil || len(text) > 1<<20 || strings.Contains(string(text), "\\u001b") {
			t.Errorf("%s: %d bytes after %v, %v", kind, len(text), time.Since(began), err)
		}
		if kind == "crash" && !strings.Contains(string(text), "the end") {
			t.Error("the last words of a crash are lost")
		}
	}
}

func TestX7_SecretsOfARequestAreMasked(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/a?b=c", nil)
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Auth-Token", "X-Csrf-Token", "X-Client-Secret", "X-Password", "X-Hub-Signature"} {
		r.Header.Set(name, "open-sesame")
	}
	r.Header.Set("Referer", "http://localhost/back?token=open-sesame&page=2#access_token=open-sesame")
	r.Header.Set("HX-Current-URL", "http://localhost/back?code=1&api_key=open-sesame"+strings.Repeat("x", 1000))
	r.Header.Set("User-Agent", "a\x1b[31mb")
	d := Describe(r)
	for _, h := range d.Headers {
		if strings.Contains(h.Value, "sesame") || h.Name == "User-Agent" && h.Value != "ab" {
			t.Errorf("%s: %s", h.Name, h.Value)
		}
	}
	if len(d.Headers) != 13 || d.Line != "GET /a?b=c HTTP/1.1" {
		t.Errorf("%+v", d)
	}
	for target, want := range map[string]string{
		"/a": "/a", "/a?": "/a?", "/a?page=2&token=sesame&x": "/a?page=2&token=•••&x", "/a?to%6ben=sesame": "/a?to%6ben=•••",
		"/a?%zz=sesame": "/a?%zz=•••", "/a?q=a?api_key=b": "/a?q=a?api_key=b",
		"/a#token=sesame": "/a#token=•••", "/a?b=c#d&key=sesame": "/a?b=c#d&key=•••",
	} {
		if got := Masked(target); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

// TestHub_NewestStateReachesWhoeverListens: also who comes later, and the slow ones.
func TestHub_NewestStateReachesWhoeverListens(t *testing.T) {
	var h Hub
	server := httptest.NewServer(&h)
	defer server.Close()
	h.Tell(State{Seen: Seen{Generation: 1}})
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := json.NewDecoder(stripped{res})
	for n := 1; n < 4; n++ {
		var s State
		for s.Generation < n {
			if err := events.Decode(&s); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 { // the same state is one event
			h.Tell(State{Seen: Seen{Generation: n + 1}})
		}
	}
}

// stripped leaves only the data of events.
type stripped struct{ *http.Response }

func (s stripped) Read(p []byte) (int, error) {
	n, err := s.Body.Read(p)
	return copy(p, strings.ReplaceAll(string(p[:n]), "data: ", "")), err
}
