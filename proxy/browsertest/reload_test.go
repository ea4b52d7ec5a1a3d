package browsertest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/watcher-dev/watcher/proxy"
)

// watched has the page tell of its own asking: how often it wants the events again, which it
// does at once then, and whether it has heard that it is refused.
const watched = `<script>
	again = 0; refused = false;
	const later = setTimeout;
	setTimeout = (f, ms) => ms >= 250 ? (again++, later(f, 0)) : later(f, ms);
	const told = () => later(() => later(() => later(() => refused = true, 0), 0), 0);
	const ask = fetch;
	fetch = (...what) => ask(...what).then(r => (r.status === 403 && told(), r));
	if (window.SharedWorker) SharedWorker = class extends SharedWorker {
		constructor(url) { super(url); this.port.addEventListener('message', e => e.data === 'refused' && told()); }
	};
</script>`

// TestP1_PageThatIsRefusedStopsAsking: it was opened under a name that a later run does not
// know. It comes back over a run that is not there, and then asks no more.
func TestP1_PageThatIsRefusedStopsAsking(t *testing.T) {
	for name, head := range map[string]string{"worker": "", "alone": alone} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(c *proxy.Config) { c.Hosts = []string{netName} })
			s.page(head + watched + plain)
			tab := s.at(strings.Replace(s.url, "localhost", netName, 1) + "/")
			tab.loaded(1)
			s.fail(compileError())
			tab.await(inShadow("h1")) // it listens
			s.stop()
			tab.await("again > 3")
			s.cfg.Hosts = nil
			s.start(strings.TrimPrefix(s.url, "http://"))
			s.Publish(s.view)
			tab.await("refused")
			before := value[int](tab, "again")
			tab.run(chromedp.Evaluate("document.dispatchEvent(new Event('visibilitychange')); dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true})); passed = 0", nil))
			tab.run(chromedp.Evaluate("(async () => { while (passed < 20) await ask('/'), passed++ })()", nil))
			tab.await("passed === 20") // longer than one more question would take
			if after := value[int](tab, "again"); after != before {
				t.Errorf("it has asked %d times since", after-before)
			}
		})
	}
}

const plain = "<!doctype html><title>p</title><h1>Hello</h1>"

func (s *site) wantLoads(path string, want int64) {
	s.t.Helper()
	if got := s.loads(path); got != want {
		s.t.Errorf("%s was loaded %d times, want %d", path, got, want)
	}
}

func TestP1_OneLoadPerSwap(t *testing.T) {
	s := serve(t)
	s.page(plain)
	tab := s.open("/")
	for n := 2; n < 5; n++ {
		s.swap()
		tab.loaded(n)
		s.wantLoads("/", int64(n))
	}
}

func TestP1_NoLoadOnAFailedBuild(t *testing.T) {
	s := serve(t)
	s.page(plain)
	tab := s.open("/")
	for range 3 {
		s.fail(compileError())
		tab.await(inShadow("h1"))
	}
	s.wantLoads("/", 1)
	s.swap()
	tab.loaded(2)
	s.wantLoads("/", 2)
}

// TestP1_HiddenTabsWait: three swaps while it is hidden are one load when it is looked at.
func TestP1_HiddenTabsWait(t *testing.T) {
	s := serve(t)
	s.page(plain)
	hidden := s.open("/hidden")
	seen := s.open("/seen")
	hidden.await("document.hidden")
	for n := 2; n < 5; n++ {
		s.swap()
		seen.loaded(n)
	}
	s.wantLoads("/hidden", 1)
	hidden.look()
	hidden.loaded(4)
	s.wantLoads("/hidden", 2)
}

// TestP1_TabThatWasAwayComesBack: watcher is started anew on the same address.
func TestP1_TabThatWasAwayComesBack(t *testing.T) {
	for name, head := range map[string]string{"worker": "", "alone": alone} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.page(head + plain)
			tab := s.open("/")
			tab.loaded(1)
			run := value[string](tab, "document.querySelector('script[data-seen]').dataset.seen")
			s.stop()
			s.start(strings.TrimPrefix(s.url, "http://"))
			s.Publish(s.view)
			tab.await(fmt.Sprintf("document.querySelector('script[data-seen]')?.dataset.seen !== %q && document.readyState === 'complete'", run))
			s.wantLoads("/", 2)
		})
	}
}

// alone takes away what lets tabs share a connection.
const alone = "<script>delete window.SharedWorker</script>"

// TestP1_ManyTabs: browsers allow six connections to a host, and there are more tabs.
func TestP1_ManyTabs(t *testing.T) {
	for name, head := range map[string]string{"worker": "", "alone": alone} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.page(head + plain)
			var last tab
			for range 8 {
				last = s.open("/")
				last.loaded(1)
			}
			s.swap()
			last.loaded(2)
		})
	}
}

// TestP1_FieldsAndPlaceSurvive a load.
func TestP1_FieldsAndPlaceSurvive(t *testing.T) {
	s := serve(t)
	s.page(`<!doctype html><form><input id="name"><textarea id="more"></textarea><select id="pick"><option>a<option>b</select>
		<input id="box" type="checkbox"><input id="secret" type="password"></form><div style="height: 5000px"></div>`)
	tab := s.open("/")
	tab.run(chromedp.SendKeys("#name", "Ada"), chromedp.SendKeys("#more", "two\nlines"), chromedp.SetValue("#pick", "b"),
		chromedp.Click("#box"), chromedp.Evaluate("scrollTo(0, 1234)", nil))
	s.swap()
	tab.loaded(2)
	tab.await("scrollY === 1234")
	if got := value[string](tab, "[document.querySelector('#name').value, more.value, pick.value, box.checked].join()"); got != "Ada,two\nlines,b,true" {
		t.Errorf("the fields are %q", got)
	}
}

// TestP1_AnswerToAFormIsNotSentAgain: loading it anew would send the form again.
func TestP1_AnswerToAFormIsNotSentAgain(t *testing.T) {
	s := serve(t)
	s.page(`<!doctype html><form method="post" action="/kept"><button>Keep</button></form>`)
	tab := s.open("/")
	tab.run(chromedp.Click("button"))
	tab.await("location.pathname === '/kept' && document.readyState === 'complete'")
	s.swap()
	tab.await(inShadow(".pill") + ".textContent.includes('new version')")
	s.wantLoads("/kept", 1)
}

func TestP1_SettingsAreLive(t *testing.T) {
	s := serve(t)
	s.page(plain)
	tab := s.open("/")
	s.cfg.Browser.Reload = false
	s.Configure(s.cfg)
	s.swap()
	s.fail(compileError())
	tab.await(inShadow("h1"))
	s.wantLoads("/", 1)
	s.cfg.Browser = proxy.Browser{}
	s.Configure(s.cfg)
	tab.await("!" + inShadow("h1"))
}

func TestP4_StylesheetsAreSwappedWithoutALoad(t *testing.T) {
	s := serve(t)
	color := "rgb(1, 2, 3)"
	s.says(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/site.css" {
			w.Header().Set("Content-Type", "text/css")
			w.Header().Set("Cache-Control", "max-age=3600")
			fmt.Fprintf(w, "h1 { color: %s }", color)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="stylesheet" href="/site.css"><h1>Hello</h1>`)
	})
	tab := s.open("/")
	for n, next := range []string{"rgb(4, 5, 6)", "rgb(7, 8, 9)"} {
		color = next
		s.publish(func(v *proxy.View) { v.Pending++; v.Settled++; v.Styles++ })
		tab.await(fmt.Sprintf("getComputedStyle(document.querySelector('h1')).color === %q && document.styleSheets.length === 1", next))
		s.wantLoads("/", 1)
		s.wantLoads("/site.css", int64(n)+2)
	}
	s.publish(func(v *proxy.View) { v.Pending++; v.Settled++; v.Refreshes++ })
	tab.await("document.querySelector('script[data-seen$=\" 1 2\"]')")
	s.wantLoads("/", 2)
}

func TestP5_PoliciesAreKept(t *testing.T) {
	for name, c := range map[string]struct{ policy, page string }{
		"self":  {"default-src 'self'", plain},
		"nonce": {"script-src 'nonce-abc123' 'strict-dynamic'; style-src 'none'; object-src 'none'", plain},
		"types": {"default-src 'self'; require-trusted-types-for 'script'", plain},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.page(c.page, "Content-Security-Policy", c.policy)
			tab := s.open("/")
			s.fail(compileError())
			tab.await(inShadow("h1"))
			if value[string](tab, "getComputedStyle("+inShadow(".w")+").position") == "" || value[float64](tab, inShadow("h1")+".getBoundingClientRect().x") == 0 {
				t.Error("the overlay has no style")
			}
			s.swap()
			tab.loaded(2)
			s.wantLoads("/", 2)
		})
	}
}

// TestP5_BlockedIsSaidOnce: the policy is not weakened, and the page is as it was.
func TestP5_BlockedIsSaidOnce(t *testing.T) {
	s := serve(t)
	s.page(plain, "Content-Security-Policy", "default-src 'none'")
	for range 2 {
		tab := s.open("/strict")
		if value[bool](tab, "document.scripts.length > 0") {
			t.Error("there is a script in the page")
		}
	}
	if got := <-s.warn; !strings.Contains(got, "/strict") {
		t.Errorf("said %q", got)
	}
	if len(s.warn) > 0 {
		t.Errorf("and once more: %q", <-s.warn)
	}
}

// TestP1_PageOutOfACacheIsNotLoadedForEver: a service worker may give the old one again
// and again. What stands in for it here is an app that answers with what it has once sent.
func TestP1_PageOutOfACacheIsNotLoadedForEver(t *testing.T) {
	s := serve(t)
	s.page(plain)
	old := s.open("/")
	page := value[string](old, "document.documentElement.outerHTML")
	s.swap()
	old.loaded(2)
	s.page(page)
	tab := s.open("/cached")
	tab.await("performance.getEntriesByType('navigation')[0].type === 'reload' && document.readyState === 'complete'")
	s.fail(compileError())
	tab.await(inShadow("h1"))
	s.wantLoads("/cached", 2)
}

// TestP1_PanicOfAFormIsNotSentAgain: its handler may have done half of its work before.
func TestP1_PanicOfAFormIsNotSentAgain(t *testing.T) {
	dir := project(t)
	s := serve(t)
	s.page(`<!doctype html><form method="post" action="/kept"><button>Keep</button></form>`)
	tab := s.open("/")
	s.panics(dir)
	tab.run(chromedp.Evaluate("document.cookie = 'session=1'", nil), chromedp.Click("button"))
	tab.await("location.pathname === '/kept' && document.querySelector('h1')?.textContent.includes('nil map')")
	s.page(plain)
	s.swap()
	tab.await(inShadow(".pill") + ".textContent.includes('new version')")
	s.wantLoads("/kept", 1)
}
