package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// look opens an address in Chromium.
func look(t *testing.T, url string) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no Chromium: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	browser, closeBrowser := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(closeBrowser)
	tab, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	if err := chromedp.Run(tab, page.BringToFront(), chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return tab
}

// awaitPage waits until a page, over its loads, fulfils an expression.
func awaitPage(t *testing.T, tab context.Context, expression string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var ok bool
		if chromedp.Run(tab, chromedp.Evaluate("!!("+expression+")", &ok)) == nil && ok {
			return
		}
	}
	var text string
	_ = chromedp.Run(tab, chromedp.Evaluate("document.documentElement.outerHTML", &text))
	t.Fatalf("never true: %s\n%s", expression, text)
}

// TestP1_WhatIsSavedIsInTheBrowser: with the real program, a save, a mistake, its mending, a stylesheet.
func TestP1_WhatIsSavedIsInTheBrowser(t *testing.T) {
	p := start(t, "testdata/ginapp")
	tab := look(t, p.url)
	awaitPage(t, tab, "document.querySelector('b').textContent === 'v1'")
	const version = "internal/version/version.go"
	p.save(version, `"v1"`, `"v2"`)
	awaitPage(t, tab, "document.querySelector('b').textContent === 'v2'")
	const overlay = "document.querySelector('watcher-overlay')?.shadowRoot.querySelector"
	p.save(version, `"v2"`, "2 + x")
	awaitPage(t, tab, overlay+"('.at')?.textContent.startsWith('internal/version/version.go:')")
	awaitPage(t, tab, overlay+"('.hot')?.textContent.includes('2 + x')")
	p.save(version, "2 + x", `"v3"`)
	awaitPage(t, tab, "document.querySelector('b').textContent === 'v3' && !"+overlay+"('h1')")
	_ = chromedp.Run(tab, chromedp.Evaluate("window.mine = true", nil))
	p.save("static/style.css", "body {", "body { outline: 3px solid rgb(1, 2, 3);")
	awaitPage(t, tab, "getComputedStyle(document.body).outlineColor === 'rgb(1, 2, 3)' && window.mine")
}

// TestP7_PanicInAHandlerOfTheSample, as Gin's Recovery catches it in both of its modes.
func TestP7_PanicInAHandlerOfTheSample(t *testing.T) {
	for _, mode := range []string{"release", "debug"} {
		t.Run(mode, func(t *testing.T) {
			p := prepare(t, "testdata/ginapp")
			p.env = []string{"GIN_MODE=" + mode}
			p.run()
			p.await("ready  ")
			for deadline := time.Now().Add(patience); ; { // a machine that is busy may be late with the stack
				text := p.visit("/panic?a=1")
				if strings.Contains(text, "<h1>panic: as you asked</h1>") && strings.Contains(text, ">routes.go:") && strings.Contains(text, "GET /panic?a=1") {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("the page is %s", text)
				}
			}
			if line := p.await("panic    #1 routes.go:"); !strings.Contains(line, "as you asked") {
				t.Errorf("the line is %q", line)
			}
			if a := p.get("/panic"); a.status != 500 || a.body != "" {
				t.Errorf("another client gets %v", a)
			}
			var s struct{ Panic struct{ Title, At string } }
			if err := json.Unmarshal([]byte(p.get("/__watcher/api/status").body), &s); err != nil || s.Panic.Title != "panic: as you asked" || !strings.HasPrefix(s.Panic.At, "routes.go:") {
				t.Errorf("status: %+v, %v", s, err)
			}
		})
	}
}

// TestX7_NoValueOfTheEnvironmentIsTold: neither of the shell's, nor of the settings, nor of an
// env file, also not when that is broken; on no page, in no answer and no line.
func TestX7_NoValueOfTheEnvironmentIsTold(t *testing.T) {
	p := prepare(t, "testdata/ginapp")
	p.env = []string{"GIN_MODE=debug", "SHELL_SECRET=sesame-of-the-shell"}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".watcher.toml", "[app]\nenv = { APP_SECRET = \"sesame-of-the-settings\" }\n[build]\nenv = { BUILD_SECRET = \"sesame-of-the-build\" }\n")
	write(".env", "FILE_SECRET=sesame-of-the-file\n")
	p.run()
	p.await("ready  ")
	told := func() (all string) {
		for _, path := range []string{"/panic", "/__watcher/api/status", "/__watcher/client.js"} {
			all += p.visit(path)
		}
		return all + p.out.String()
	}
	all := told()
	write(".env", "A=1\nFILE_SECRET sesame-of-a-line\nB=\"sesame-of-a-quote\nC=sesame-of-the-rest\n")
	p.await("env file .env: line 2")
	all += told()
	write(".env", "FILE_SECRET=sesame-of-another-file\n")
	p.await("swap  ")
	write("internal/version/version.go", "package version\n\nbroken\n")
	p.await("version.go:3:")
	all += told()
	if at := strings.Index(all, "sesame"); at >= 0 {
		t.Errorf("told: %s", all[max(0, at-200):min(len(all), at+200)])
	}
}

// visit asks as a browser does for a page.
func (p *program) visit(path string) string {
	p.t.Helper()
	r, err := http.NewRequest("GET", p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Dest", "document")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}
