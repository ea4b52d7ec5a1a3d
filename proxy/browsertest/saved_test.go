package browsertest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/watcher-dev/watcher/proxy"
)

// folder is a site of files, served as gin.Static serves them: with the time of the last
// change, and no word of how long they may be kept.
type folder struct {
	*site
	dir string

	mu   sync.Mutex
	sent map[string]string // path → the newest whole answer
	keep map[string]string // path → the Cache-Control that the app itself sends
}

// long is a time at which nobody would expect another change soon.
var long = time.Now().Add(-1000 * time.Hour)

func serveFolder(t *testing.T) *folder {
	t.Helper()
	f := &folder{site: serve(t), dir: t.TempDir(), sent: map[string]string{}, keep: map[string]string{}}
	f.write("/index.html", `<!doctype html><title>p</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/site.css"><img id="image" src="/image.svg">
		<p>text</p><script src="/script.js"></script><script type="module" src="/module.js"></script>`, long)
	f.write("/module.js", "import './nested.js'", long)
	f.save("one", long)
	files := http.FileServer(http.Dir(f.dir))
	f.says(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		keep := f.keep[r.URL.Path]
		f.mu.Unlock()
		if keep != "" {
			w.Header().Set("Cache-Control", keep)
		}
		files.ServeHTTP(&whole{w, f, r.URL.Path}, r)
	})
	return f
}

// parts are what the page is made of; each has the word of the last save in it.
var parts = map[string]string{
	"/script.js": "window.script = '%s'",
	"/nested.js": "window.nested = '%s'",
	"/image.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><!-- %s --></svg>`,
	"/site.css":  "@font-face { font-family: own; src: url(/own.woff2) } p { font-family: own } :root { --word: '%s' }",
	"/own.woff2": "no font: %s",
}

// save writes all parts anew.
func (f *folder) save(word string, changed time.Time) {
	f.t.Helper()
	for path, text := range parts {
		f.write(path, fmt.Sprintf(text, word), changed)
	}
}

func (f *folder) write(path, text string, changed time.Time) {
	f.t.Helper()
	name := filepath.Join(f.dir, path)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Chtimes(name, changed, changed); err != nil {
		f.t.Fatal(err)
	}
}

// refresh is what the loop tells when files that are no code were saved.
func (f *folder) refresh() {
	f.publish(func(v *proxy.View) { v.Pending++; v.Settled++; v.Refreshes++ })
}

// whole notes what is sent in whole.
type whole struct {
	http.ResponseWriter
	f    *folder
	path string
}

func (w *whole) Write(p []byte) (int, error) {
	w.f.mu.Lock()
	w.f.sent[w.path] = string(p)
	w.f.mu.Unlock()
	return w.ResponseWriter.Write(p)
}

// wantWord awaits that the page in the tab is made of the parts with a word.
func (f *folder) wantWord(t tab, word string) {
	f.t.Helper()
	t.await(fmt.Sprintf("window.script === %q && window.nested === %[1]q && "+
		"getComputedStyle(document.documentElement).getPropertyValue('--word') === \"'%[1]s'\" && "+
		"document.readyState === 'complete' && document.fonts.status === 'loaded'", word))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, path := range []string{"/image.svg", "/own.woff2"} { // of which no script can read what they are
		if want := fmt.Sprintf(parts[path], word); f.sent[path] != want {
			f.t.Errorf("the newest %s that was sent is %q, want %q", path, f.sent[path], want)
		}
	}
}

// TestP8_PageIsMadeOfWhatWasSaved: of files that were old when they were loaded, and whichever time
// the next save gives them.
func TestP8_PageIsMadeOfWhatWasSaved(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	for name, again := range map[string]func(f *folder, t tab){
		"live reload": func(f *folder, t tab) { f.refresh() },
		"swap":        func(f *folder, t tab) { f.swap() },
		"typed address": func(f *folder, t tab) {
			t.run(chromedp.Navigate("about:blank")) // so that nothing loads itself anew
			f.refresh()
			t.run(chromedp.Navigate(f.url + "/"))
		},
		"back": func(f *folder, t tab) {
			t.run(chromedp.Navigate("about:blank"))
			f.refresh()
			t.run(chromedp.NavigateBack())
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := serveFolder(t)
			tab := f.open("/")
			f.wantWord(tab, "one")
			for _, save := range []struct {
				word    string
				changed time.Time
			}{
				{"two", now},
				{"three", now.Add(time.Second / 2)}, // as one that follows within a second
				{"four", long.Add(time.Hour)},       // put back from a copy, with its time
			} {
				f.save(save.word, save.changed)
				again(f, tab)
				f.wantWord(tab, save.word)
			}
			if name == "typed address" {
				f.wantLoads("/", 4) // none of its own
			}
		})
	}
}

// TestP8_KeptFromBefore: what a browser keeps from the app as it ran without the front, it takes
// for fresh, and no answer of ours says otherwise.
func TestP8_KeptFromBefore(t *testing.T) {
	f := serveFolder(t)
	browser := f.cfg.Browser
	f.cfg.Browser = proxy.Browser{} // every answer is as the app gave it
	f.Configure(f.cfg)
	tab := f.open("/")
	f.wantWord(tab, "one")
	f.cfg.Browser = browser
	f.Configure(f.cfg)
	tab.run(chromedp.Reload()) // the page itself may be kept too
	tab.loaded(1)
	f.wantWord(tab, "one")
	f.wantLoads("/script.js", 1)
	f.save("two", long.Add(time.Hour))
	f.refresh()
	f.wantWord(tab, "two")
}

// TestP8_WhatTheAppWantsKept: a live reload shows what was saved all the same. A name that stands for
// its content is never asked for again.
func TestP8_WhatTheAppWantsKept(t *testing.T) {
	f := serveFolder(t)
	for path := range parts {
		f.keep[path] = "max-age=3600"
	}
	f.keep["/module.js"] = "max-age=3600, immutable"
	tab := f.open("/")
	f.wantWord(tab, "one")
	for _, word := range []string{"two", "three"} {
		f.save(word, long)
		f.refresh()
		f.wantWord(tab, word)
	}
	f.wantLoads("/module.js", 1)
}

// TestP8_PartThatHangs does not keep the page from being loaded.
func TestP8_PartThatHangs(t *testing.T) {
	f := serveFolder(t)
	f.keep["/image.svg"] = "max-age=3600"
	tab := f.open("/")
	f.wantWord(tab, "one")
	answers, ended := *f.app.Load(), make(chan struct{})
	defer close(ended)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/image.svg" {
			<-ended
		}
		answers(w, r)
	})
	f.save("two", time.Now())
	f.refresh()
	tab.await("window.script === 'two'")
}

// TestP8_AddressThatMoved: browsers keep a 301 for ever.
func TestP8_AddressThatMoved(t *testing.T) {
	s := serve(t)
	s.says(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/list" {
			w.Header().Set("Location", "/list/")
			w.WriteHeader(http.StatusMovedPermanently)
		}
	})
	tab := s.open("/list")
	tab.await("location.pathname === '/list/'")
	s.swap()
	s.page(plain)
	tab.run(chromedp.Navigate("about:blank"), chromedp.Navigate(s.url+"/list"))
	tab.await("location.pathname === '/list' && document.title === 'p'")
}
