package browsertest

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/proxy/pages"
)

var images = flag.String("images", "", "write the pictures of the README to this folder (docs/images)")

func compileError() *proxy.Problem {
	return &proxy.Problem{
		Kind: "build", Title: "1 problem", Text: "./main.go:3:5: cannot use x (variable of type chan<- T)",
		Diagnostics: []proxy.Diagnostic{{File: "main.go", Line: 3, Column: 5, Message: "cannot use x (variable of type chan<- T)"}},
	}
}

// evil is what text could do if it were taken for more.
const evil = "a chan<- T <script>document.title='hacked'</script> <img src=x onerror=\"document.title='hacked'\"> \x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x00end"

const evilShown = "a chan<- T <script>document.title='hacked'</script> <img src=x onerror=\"document.title='hacked'\"> red link end"

func TestP2_BuildErrorOnAnOpenPageAndOnALaterOne(t *testing.T) {
	s := serve(t)
	s.page(plain)
	open := s.open("/")
	s.fail(compileError())
	open.await(inShadow("h1") + ".textContent === '1 problem'")
	open.await(inShadow("section .at") + ".textContent === 'main.go:3:5'")
	later := s.open("/later")
	later.await(inShadow("section p") + ".textContent.includes('chan<- T')")
	s.swap()
	later.loaded(2)
	later.await("!" + inShadow("h1"))
	open.look()
	open.loaded(2)
	open.await("!" + inShadow("h1"))
}

// TestP2_GoesWithAnEqualBinary: the mistake was taken back, and nothing is swapped.
func TestP2_GoesWithAnEqualBinary(t *testing.T) {
	s := serve(t)
	s.page(plain)
	tab := s.open("/")
	s.fail(compileError())
	tab.await(inShadow("h1"))
	s.publish(func(v *proxy.View) { v.Problem, v.Failed, v.Phase = nil, false, proxy.Serving })
	tab.await("!" + inShadow("h1"))
	s.wantLoads("/", 1)
}

func TestP2_PanicAtTheStartIsRead(t *testing.T) {
	dir := project(t)
	s := serve(t, func(c *proxy.Config) { c.Project = pages.Project{Root: dir, Base: dir} })
	s.page(plain)
	tab := s.open("/")
	s.fail(&proxy.Problem{Kind: "start", Title: "#2 exited with code 2 before it was ready", Text: crash(dir)})
	tab.await(inShadow("h1") + ".textContent.includes('assignment to entry in nil map')")
	tab.await(inShadow("section .at") + ".textContent === 'handlers/user.go:14'")
	tab.await(inShadow(".hot") + ".textContent.includes('users[id]')")
	tab.await(inShadow("pre.text") + ".textContent.includes('goroutine 1')")
}

func TestP3_TextIsText(t *testing.T) {
	s := serve(t)
	s.page(plain)
	first := s.open("/")
	p := &proxy.Problem{Kind: "build", Title: evil, Text: evil, Diagnostics: []proxy.Diagnostic{{File: evil, Line: 1, Message: evil}}}
	s.fail(p)
	for _, selector := range []string{"h1", "section p", "pre.text"} {
		first.await(inShadow(selector) + fmt.Sprintf("?.textContent === %q", evilShown))
	}
	s.publish(func(v *proxy.View) { v.Generation = 0 })
	page := s.open("/")
	for _, selector := range []string{"h1", "section p", "pre.text"} {
		page.await(fmt.Sprintf("document.querySelector(%q)?.textContent === %q", selector, evilShown))
	}
	for _, each := range []tab{first, page} {
		if title := value[string](each, "document.title"); title == "hacked" {
			t.Error("text was run")
		}
	}
}

func TestP3_EscapeClosesUntilTheNextProblem(t *testing.T) {
	s := serve(t)
	s.page(plain)
	tab := s.open("/")
	s.fail(compileError())
	tab.await(inShadow("h1"))
	tab.run(chromedp.KeyEvent(kb.Escape))
	tab.await("!" + inShadow("h1"))
	s.publish(func(v *proxy.View) { v.Pending++; v.Settled++ }) // another event, the same problem
	tab.await("!" + inShadow("h1"))
	s.fail(compileError())
	tab.await(inShadow("h1"))
	tab.run(chromedp.Evaluate(inShadow(".close")+".click()", nil))
	tab.await("!" + inShadow("h1"))
}

// TestP3_LinksOpenTheEditor: by ids that say nothing, on the overlay and on our pages.
func TestP3_LinksOpenTheEditor(t *testing.T) {
	dir := project(t)
	opened := make(chan pages.Position, 1)
	s := serve(t, func(c *proxy.Config) {
		c.Project = pages.Project{Root: dir, Base: dir}
		c.Open = func(at pages.Position) error {
			opened <- at
			if at.Line == 14 {
				return fmt.Errorf("no such editor")
			}
			return nil
		}
	})
	s.page(plain)
	tab := s.open("/")
	s.fail(buildProblem())
	tab.await(inShadow("button.at"))
	tab.run(chromedp.Evaluate(inShadow("button.at")+".click()", nil))
	if at := <-opened; at != (pages.Position{Path: filepath.Join(dir, "handlers/user.go"), Line: 13, Column: 10}) {
		t.Errorf("opened %+v", at)
	}
	if id := value[string](tab, inShadow("button.at")+".dataset.open"); len(id) < 26 || strings.Contains(id, "user") {
		t.Errorf("id %q", id)
	}
	s.publish(func(v *proxy.View) {
		v.Generation, v.Problem = 0, &proxy.Problem{Kind: "crash", Title: "#1 exited", Text: crash(dir)}
	})
	page := s.open("/")
	page.await("document.querySelector('button.at')")
	page.run(chromedp.Evaluate("document.querySelector('button.at').click()", nil))
	if at := <-opened; at.Line != 14 {
		t.Errorf("opened %+v", at)
	}
	page.await("document.querySelector('.note')?.textContent.includes('no such editor')")
}

func TestF8_PageLoadsItselfWhenThereIsAnApp(t *testing.T) {
	s := serve(t)
	s.page(plain)
	s.publish(func(v *proxy.View) { v.Generation = 0 })
	s.fail(compileError())
	tab := s.open("/")
	tab.await("document.querySelector('h1').textContent === '1 problem'")
	s.fail(&proxy.Problem{Kind: "build", Title: "another one", Text: "text"})
	tab.await("document.querySelector('h1')?.textContent === 'another one'")
	s.publish(func(v *proxy.View) {
		v.Pending++
		v.Settled, v.Generation, v.Problem, v.Failed, v.Phase = v.Pending, 2, nil, false, proxy.Serving
	})
	tab.loaded(2)
	tab.await("document.querySelector('h1').textContent === 'Hello'")
	s.wantLoads("/", 1)
}

func TestP7_NavigationGetsThePanic(t *testing.T) {
	dir := project(t)
	s := serve(t, func(c *proxy.Config) { c.Project = pages.Project{Root: dir, Base: dir} })
	s.panics(dir)
	tab := s.open("/users/7?sort=name")
	tab.await("document.querySelector('h1').textContent.includes('nil map')")
	tab.await("document.querySelector('section .at').textContent === 'handlers/user.go:14'")
	text := value[string](tab, "document.body.innerText")
	for _, want := range []string{"GET /users/7?sort=name HTTP/1.1", "Cookie\t•••", "User-Agent", "users[id]"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "open-sesame") {
		t.Error("the page has a secret")
	}
	s.page(plain)
	s.swap()
	tab.loaded(2)
}

// panics makes the app what Gin is when a handler panics.
func (s *site) panics(dir string) {
	s.says(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/favicon.ico" {
			http.NotFound(w, r)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "open-sesame"})
		if r.Header.Get("Cookie") == "" { // come again with it
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<meta http-equiv="refresh" content="0">`)
			return
		}
		fmt.Fprintf(s.ErrorOutput(s.view.Generation), "\n\n\x1b[31m2026/11/21 12:00:00 [Recovery] 2026/11/21 - 12:00:00 panic recovered:\n"+
			"assignment to entry in nil map\n%s/handlers/user.go:14 (0x9e4f05)\n\tsave: users[id] = u\n"+
			"/go/pkg/mod/github.com/gin-gonic/gin@v1.11.0/context.go:192 (0x9d8b6a)\n\t(*Context).Next: c.handlers[c.index](c)\n"+
			"/usr/local/go/src/net/http/server.go:3311 (0x7c5c4d)\n\tserverHandler.ServeHTTP: handler.ServeHTTP(rw, req)\n\x1b[0m\n", dir)
		w.WriteHeader(http.StatusInternalServerError)
	})
}

func TestPill_ShowsWhileRequestsAreHeld(t *testing.T) {
	s := serve(t)
	s.page(plain)
	tab := s.open("/")
	s.publish(func(v *proxy.View) { v.Pending++; v.Phase = proxy.Building })
	tab.await(inShadow(".pill") + ".textContent === 'building…'")
	s.publish(func(v *proxy.View) { v.Paused = true; v.Phase = proxy.Paused })
	tab.await(inShadow(".pill") + ".textContent === 'paused'")
	s.publish(func(v *proxy.View) { v.Settled, v.Paused, v.Phase = v.Pending, false, proxy.Serving })
	tab.await("!" + inShadow(".pill"))
	s.cfg.Browser.Pill = false
	s.Configure(s.cfg)
	s.publish(func(v *proxy.View) { v.Pending++; v.Phase = proxy.Building })
	s.swap() // which is told after what would show the mark
	tab.loaded(2)
	s.publish(func(v *proxy.View) { v.Pending++; v.Phase = proxy.Building })
	s.fail(compileError())
	tab.await(inShadow("h1"))
	if value[bool](tab, "!!"+inShadow(".pill")) {
		t.Error("the mark is shown though it is off")
	}
}

// TestPictures are those of the README: they have to be looked at by a person.
func TestPictures(t *testing.T) {
	dir := project(t)
	folder := *images
	if folder == "" {
		folder = t.TempDir()
	}
	s := serve(t, func(c *proxy.Config) { c.Project = pages.Project{Root: dir, Base: dir} })
	s.page(sample)
	tab := s.open("/", scheme("light"))
	take := func(name string, width, height int64, actions ...chromedp.Action) {
		t.Helper()
		var picture []byte
		tab.run(append(append([]chromedp.Action{chromedp.EmulateViewport(width, height)}, actions...), chromedp.CaptureScreenshot(&picture))...)
		if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil || len(picture) < 5000 {
			t.Errorf("%s: %d bytes, %v", name, len(picture), err)
		}
	}
	s.publish(func(v *proxy.View) { v.Pending++; v.Phase = proxy.Building })
	tab.await(inShadow(".pill"))
	take("pill", 900, 420)
	s.fail(buildProblem())
	tab.await(inShadow("h1"))
	take("overlay-light", 1100, 720)
	take("overlay-dark", 1100, 720, scheme("dark"))
	take("overlay-narrow", 390, 720, scheme("light"))
	s.publish(func(v *proxy.View) {
		v.Generation, v.Phase, v.Problem = 0, proxy.GivenUp, &proxy.Problem{Kind: "crash", Title: "#4 exited with code 2 after 3.1s", Text: crash(dir)}
	})
	tab = s.open("/", scheme("light"))
	take("crash", 1100, 720, chromedp.Evaluate("document.querySelector('details').open = false", nil)) // it has paths of this machine
	s.panics(dir)
	s.publish(func(v *proxy.View) { v.Generation, v.Problem, v.Phase, v.Failed = 5, nil, proxy.Serving, false })
	tab = s.open("/users/7?sort=name", scheme("light"))
	tab.await("document.querySelector('table')")
	take("panic", 1100, 1000)
}

// project writes a small project and returns its folder.
func project(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go": "package main\n\nfunc main() {\n\tserve(newRouter())\n}\n",
		"handlers/user.go": `package handlers

import "github.com/gin-gonic/gin"

var users map[string]user

func save(c *gin.Context) {
	var u user
	if err := c.BindJSON(&u); err != nil {
		return
	}
	id := c.Param("id")
	events <- published{id, u}
	users[id] = u
	c.JSON(200, usr)
}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func buildProblem() *proxy.Problem {
	return &proxy.Problem{
		Kind: "build", Title: "2 problems",
		Text: "# example.com/shop/handlers\nhandlers/user.go:13:10: cannot use published{…} as event value in send\nhandlers/user.go:15:15: undefined: usr",
		Diagnostics: []proxy.Diagnostic{
			{File: "handlers/user.go", Line: 13, Column: 10, Message: "cannot use published{…} (value of type published) as chan<- event value in send"},
			{File: "handlers/user.go", Line: 15, Column: 15, Message: "undefined: usr"},
		},
	}
}

// crash is what Go prints when a program ends by a panic.
func crash(dir string) string {
	return strings.ReplaceAll(`2026/11/21 12:00:00 shop v2.3 listens on :23114
panic: assignment to entry in nil map

goroutine 1 [running]:
example.com/shop/handlers.save(0xc0000b4000?)
	DIR/handlers/user.go:14 +0x1c5
example.com/shop.newRouter()
	/go/pkg/mod/example.com/shop@v1.0.0/router.go:22 +0x3d
main.main()
	DIR/main.go:4 +0x17
exit status 2`, "DIR", dir)
}

// sample is a page like those of many services.
const sample = `<!doctype html><html lang="en"><title>Shop</title><meta name="viewport" content="width=device-width">
<style>body { font: 16px/1.6 system-ui; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #222; background: #fff }
table { width: 100%; border-collapse: collapse } td { padding: .5rem 0; border-top: 1px solid #ddd }</style>
<h1>Orders</h1><p>Three are waiting.</p>
<table><tr><td>1041<td>Ada Lovelace<td>2 lamps<tr><td>1042<td>Alan Turing<td>1 chair<tr><td>1043<td>Grace Hopper<td>4 glasses</table>
<p><a href="/">Older ones</a>`
