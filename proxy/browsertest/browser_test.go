package browsertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/watcher-dev/watcher/proxy"
)

// failsafe ends a test that hangs; no test passes or fails by it otherwise.
const failsafe = 60 * time.Second

// evilName is a name of the internet that means this machine, as its owner can make it.
const evilName = "evil.example"

// netName is a name of the network, under which the app is answered and events are not.
const netName = "box.test"

// chromium is the one process of all tests; each has tabs of its own.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("no Chromium: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1200, 800),
		chromedp.Flag("host-resolver-rules", "MAP "+evilName+" 127.0.0.1, MAP "+netName+" 127.0.0.1"),
		// Nobody is protected by Chromium's own check alone, which not every browser has.
		chromedp.Flag("disable-features", "site-per-process,Translate,LocalNetworkAccessChecks"))
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	return ctx, chromedp.Run(ctx)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if ctx, err := chromium(); err == nil {
		_ = chromedp.Cancel(ctx)
	}
	os.Exit(code)
}

// site is a front with an app behind it.
type site struct {
	*proxy.Front
	t    *testing.T
	cfg  proxy.Config
	url  string
	view proxy.View
	stop func()                           // ends the front
	warn chan string                      // what the user is told
	app  atomic.Pointer[http.HandlerFunc] // what the app answers; counted before
	hits sync.Map                         // path → *atomic.Int64
}

func serve(t *testing.T, change ...func(*proxy.Config)) *site {
	t.Helper()
	s := &site{t: t, warn: make(chan string, 16)}
	s.cfg = proxy.Config{Hold: true, Browser: proxy.Browser{Reload: true, Overlay: true, Pill: true}}
	s.cfg.Warn = func(text, _ string) { s.warn <- text }
	for _, c := range change {
		c(&s.cfg)
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count, _ := s.hits.LoadOrStore(r.URL.Path, &atomic.Int64{})
		count.(*atomic.Int64).Add(1)
		(*s.app.Load())(w, r)
	}))
	s.says(http.NotFound)
	s.start("127.0.0.1:0")
	t.Cleanup(func() {
		s.stop()
		upstream.CloseClientConnections()
		upstream.Close()
	})
	s.view = proxy.View{Generation: 1, Upstream: strings.TrimPrefix(upstream.URL, "http://"), Phase: proxy.Serving}
	s.Publish(s.view)
	return s
}

// start opens a front, as watcher does when it is started.
func (s *site) start(addr string) {
	s.t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.url = strings.Replace("http://"+l.Addr().String(), "127.0.0.1", "localhost", 1)
	s.Front = proxy.New(s.cfg)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("Serve: %v", err)
		}
	})
}

func (s *site) says(h http.HandlerFunc) { s.app.Store(&h) }

// page is an app that answers with one document everywhere.
func (s *site) page(html string, headers ...string) {
	s.says(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/favicon.ico" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		fmt.Fprint(w, html)
	})
}

// publish changes the view.
func (s *site) publish(change func(*proxy.View)) {
	change(&s.view)
	s.Publish(s.view)
}

// swap is what the loop tells when a save has been built and serves.
func (s *site) swap() {
	s.publish(func(v *proxy.View) { v.Pending++; v.Phase = proxy.Building })
	s.publish(func(v *proxy.View) {
		v.Settled = v.Pending
		v.Generation++
		v.Phase, v.Problem, v.Failed = proxy.Serving, nil, false
	})
}

// fail is what it tells when that has failed; the old one goes on, if there is one.
func (s *site) fail(p *proxy.Problem) {
	s.publish(func(v *proxy.View) { v.Pending++; v.Phase = proxy.Building })
	s.publish(func(v *proxy.View) { v.Settled, v.Problem, v.Failed, v.Phase = v.Pending, p, true, proxy.Broken })
}

// loads is how often the app was asked for a path.
func (s *site) loads(path string) int64 {
	if n, ok := s.hits.Load(path); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}

// tab is one of the browser's.
type tab struct {
	context.Context
	t *testing.T
}

// open opens a tab and waits until its page has been loaded.
func (s *site) open(path string, before ...chromedp.Action) tab {
	s.t.Helper()
	return s.at(s.url+path, before...)
}

// at does so with a page of any address.
func (s *site) at(url string, before ...chromedp.Action) tab {
	s.t.Helper()
	browser, err := chromium()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(browser)
	ctx, cancel := context.WithTimeout(ctx, failsafe)
	s.t.Cleanup(func() { cancel(); closeTab() })
	t := tab{ctx, s.t}
	chromedp.ListenTarget(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			s.t.Errorf("exception in the page: %v", ev.ExceptionDetails)
		case *log.EventEntryAdded:
			s.t.Logf("%s: %s %s", ev.Entry.Level, ev.Entry.Text, ev.Entry.URL)
		}
	})
	t.look()
	t.run(append(before, chromedp.Navigate(url))...)
	return t
}

// look brings the tab to the front; the others are hidden then.
func (t tab) look() { t.run(page.BringToFront()) }

func (t tab) run(actions ...chromedp.Action) {
	t.t.Helper()
	if err := chromedp.Run(t, actions...); err != nil {
		t.t.Fatal(err)
	}
}

// value evaluates an expression.
func value[T any](t tab, expression string) (v T) {
	t.t.Helper()
	t.run(chromedp.Evaluate(expression, &v))
	return v
}

// await waits until an expression is true, over page loads too.
func (t tab) await(expression string) {
	t.t.Helper()
	for end := time.Now().Add(failsafe / 8); ; {
		var ok bool
		if chromedp.Run(t, chromedp.Evaluate("!!("+expression+")", &ok)) == nil && ok {
			return
		}
		if time.Now().After(end) || t.Err() != nil {
			var text string
			_ = chromedp.Run(t, chromedp.Evaluate("document.documentElement.outerHTML + (document.querySelector('watcher-overlay')?.shadowRoot.textContent ?? '')", &text))
			t.t.Fatalf("never true: %s\n%s", expression, text)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// inShadow is an expression for an element of the overlay.
func inShadow(selector string) string {
	return fmt.Sprintf("document.querySelector('watcher-overlay')?.shadowRoot.querySelector(%q)", selector)
}

// made is an expression for the page being made by a generation.
func made(generation int) string {
	return fmt.Sprintf("document.readyState === 'complete' && document.querySelector('script[data-seen*=\" %d \"]')", generation)
}

// loaded waits until the page of a generation is there and listens.
func (t tab) loaded(generation int) {
	t.t.Helper()
	t.await(made(generation))
}

// scheme is how a page is looked at: light or dark.
func scheme(name string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}})
}
