package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/proxy/pages"
)

// victim is a front that has something to tell, and an order to carry out.
type victim struct {
	*site
	dir       string
	opened    atomic.Int64 // how often an editor was opened
	id, token string       // what an attacker would have to know; here it does
}

const appSecret, problemSecret = "secret of the app", "secret of the compiler"

func newVictim(t *testing.T) *victim {
	v := &victim{dir: project(t)}
	v.site = serve(t, func(c *proxy.Config) {
		c.Project = pages.Project{Root: v.dir, Base: v.dir}
		c.Open = func(pages.Position) error { v.opened.Add(1); return nil }
	})
	v.page("<!doctype html><h1>" + appSecret + "</h1>")
	problem := buildProblem()
	problem.Title = problemSecret
	v.fail(problem)
	res, err := http.Get(v.url + "/__watcher/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var told struct {
		Token   string
		Problem struct{ Places []struct{ ID string } }
	}
	for lines := bufio.NewScanner(res.Body); len(told.Problem.Places) == 0; { // the source of the problem is read beside
		if !lines.Scan() {
			t.Fatalf("no event with a problem: %v", lines.Err())
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(data), &told); err != nil {
				t.Fatal(err)
			}
		}
	}
	v.id, v.token = told.Problem.Places[0].ID, told.Token
	return v
}

// attacks are what a page can do to another origin: each returns what it could read. They
// know id and token, so that nothing protects the order but who may send it, and how.
const attacks = `
const post = (path, more) => fetch(front + path, {method: 'POST', body: JSON.stringify({id}), ...more}).then(r => r.text());
const get = (path, more) => fetch(front + path, more).then(r => r.text());
const form = (kind, fields) => new Promise(done => {
	const f = document.createElement('form'), to = document.createElement('iframe');
	to.name = 'to' + Math.random();
	document.body.append(to, f);
	Object.assign(f, {action: front + '/__watcher/api/open', method: 'post', enctype: kind, target: to.name});
	for (const [name, value] of Object.entries(fields)) f.append(Object.assign(document.createElement('input'), {name, value}));
	to.onload = () => { try { done(to.contentDocument.body.innerText) } catch { done('') } };
	f.submit();
});
const element = (tag, from) => new Promise(done => {
	const e = Object.assign(document.createElement(tag), {rel: 'stylesheet'}, from);
	e.onload = () => { try { done(tag === 'iframe' ? e.contentDocument.body.innerText : tag + ' of ours was taken') } catch { done('') } };
	e.onerror = () => done('');
	document.body.append(e);
});
const opened = async path => {
	const w = open(front + path);
	if (!w) return '';
	try { for (;;) { if (w.document.readyState === 'complete' && w.location.href !== 'about:blank') return w.document.body.innerText; await new Promise(r => setTimeout(r, 5)) } } catch {}
	for (const m of [id, {id}, true, JSON.stringify({id})]) w.postMessage(m, '*');
	w.close();
	return '';
};
const worker = url => new Promise((done, failed) => {
	const w = new SharedWorker(url);
	w.onerror = failed;
	w.port.onmessage = e => done(e.data);
	w.port.postMessage(true);
});
const socket = path => new Promise((done, failed) => {
	const s = new WebSocket(front.replace('http', 'ws') + path);
	s.onopen = () => s.send(JSON.stringify({id}));
	s.onmessage = e => done(e.data);
	s.onclose = s.onerror = failed;
});
const source = more => new Promise((done, failed) => {
	const s = new EventSource(front + '/__watcher/events', more);
	s.onmessage = e => { s.close(); done(e.data) };
	s.onerror = e => { s.close(); failed(e) };
});
const all = {
	'form': () => form('application/x-www-form-urlencoded', {id, 'Watcher-Token': token}),
	'form of text': () => form('text/plain', {['{"id":"' + id + '","x":"']: '"}'}),
	'multipart form': () => form('multipart/form-data', {id}),
	'fetch': () => get('/__watcher/api/status'),
	'fetch of events': () => Promise.race([source(), get('/__watcher/none')]),
	'fetch of the app': () => get('/'),
	'fetch with credentials': () => get('/__watcher/api/status', {credentials: 'include'}),
	'fetch without CORS': () => get('/__watcher/api/status', {mode: 'no-cors'}),
	'fetch of the app without CORS': () => get('/', {mode: 'no-cors'}),
	'post': () => post('/__watcher/api/open'),
	'post without CORS': () => post('/__watcher/api/open', {mode: 'no-cors', credentials: 'include'}),
	'post with the token': () => post('/__watcher/api/open', {headers: {'Watcher-Token': token}}),
	'put with the token': () => post('/__watcher/api/open', {method: 'PUT', headers: {'Watcher-Token': token}}),
	'beacon': async () => (navigator.sendBeacon(front + '/__watcher/api/open', JSON.stringify({id})), ''),
	'image': () => element('img', {src: front + '/__watcher/api/open?id=' + id}),
	'script': () => element('script', {src: front + '/__watcher/client.js'}),
	'module': () => element('script', {type: 'module', src: front + '/__watcher/client.js'}),
	'script of the status': () => element('script', {src: front + '/__watcher/api/status'}),
	'stylesheet': () => element('link', {href: front + '/__watcher/client.js'}),
	'frame': () => element('iframe', {src: front + '/__watcher/api/status'}),
	'object': () => element('object', {data: front + '/__watcher/api/status', type: 'text/html'}),
	'socket': () => socket('/__watcher/events'),
	'socket of orders': () => socket('/__watcher/api/open'),
	'event stream': () => source(),
	'event stream with credentials': () => source({withCredentials: true}),
	'shared worker': () => worker(front + '/__watcher/client.js'),
	'shared worker of a blob': () => worker(URL.createObjectURL(new Blob(['importScripts("' + front + '/__watcher/client.js")']))),
	'service worker': () => navigator.serviceWorker.register(front + '/__watcher/client.js').then(() => 'service worker of ours was taken'),
	'window': () => opened('/__watcher/api/status'),
	'window of the app': () => opened('/'),
};
const read = {};
for (const [name, attack] of Object.entries(all)) {
	const limit = new Promise(done => setTimeout(done, 5000, 'nothing more came')); // as of a form that is taken
	try { read[name] = String(await Promise.race([attack(), limit])) } catch (e) { read[name] = '' }
}
return read;
`

// attack is an expression for what the attacks could read, by their names.
func (v *victim) attack(front string) string {
	return fmt.Sprintf("(async (front, id, token) => {%s})(%q, %q, %q)", attacks, front, v.id, v.token)
}

// attackFrom runs the attacks in the page of a tab, as somebody's click would.
func (v *victim) attackFrom(t tab, expression string) (read map[string]string) {
	v.t.Helper()
	t.run(chromedp.Evaluate(expression, &read, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true).WithUserGesture(true)
	}))
	return read
}

// wantNothing asserts no effects and no bytes read.
func (v *victim) wantNothing(read map[string]string) {
	v.t.Helper()
	if len(read) < 25 {
		v.t.Errorf("%d attacks were made", len(read))
	}
	for name, text := range read {
		for _, secret := range []string{appSecret, problemSecret, v.token, v.id, v.dir, "of ours was taken", `"state"`} {
			if strings.Contains(text, secret) {
				v.t.Errorf("%s: has read %q", name, text)
			}
		}
	}
	if n := v.opened.Load(); n > 0 {
		v.t.Errorf("an editor was opened %d times", n)
	}
}

// foreign serves empty pages on another port of this machine.
func foreign(t *testing.T) (port string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>evil</title><body>")
	}))
	t.Cleanup(server.Close)
	return server.URL[strings.LastIndex(server.URL, ":"):]
}

// TestX4_AttacksOfAForeignPage: what a page in another tab tries has no effect and reads nothing.
func TestX4_AttacksOfAForeignPage(t *testing.T) {
	for name, host := range map[string]string{"same site": "localhost", "other address": "127.0.0.1", "public name": evilName} {
		t.Run(name, func(t *testing.T) {
			v := newVictim(t)
			tab := v.at("http://" + host + foreign(t) + "/")
			v.wantNothing(v.attackFrom(tab, v.attack(v.url)))
		})
	}
}

// TestX4_AttacksOfASandboxedFrame, whose Origin is null.
func TestX4_AttacksOfASandboxedFrame(t *testing.T) {
	v := newVictim(t)
	tab := v.at("http://localhost" + foreign(t) + "/")
	v.wantNothing(v.attackFrom(tab, fmt.Sprintf(`new Promise(done => {
		onmessage = e => e.source === inner.contentWindow && done(e.data);
		const inner = Object.assign(document.createElement('iframe'), {sandbox: 'allow-scripts allow-forms allow-popups', srcdoc:
			'<body><script>' + %q + '.then(read => parent.postMessage(read, "*"))</script>'});
		document.body.append(inner);
	})`, v.attack(v.url))))
}

// TestX2_RebindingReadsNothing: the attacker's page has been loaded, and then its name,
// with the front's port, means this machine. To the browser all is of one origin.
func TestX2_RebindingReadsNothing(t *testing.T) {
	v := newVictim(t)
	rebound := strings.Replace(v.url, "localhost", evilName, 1)
	tab := v.at("about:blank")
	chromedp.ListenTarget(tab, func(ev any) {
		if p, ok := ev.(*fetch.EventRequestPaused); ok {
			page := fetch.FulfillRequest(p.RequestID, http.StatusOK).WithBody("PGJvZHk+") // <body>
			page.ResponseHeaders = []*fetch.HeaderEntry{{Name: "Content-Type", Value: "text/html"}}
			go chromedp.Run(tab, page)
		}
	})
	tab.run(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: rebound + "/evil"}}), chromedp.Navigate(rebound+"/evil"))
	v.wantNothing(v.attackFrom(tab, v.attack(rebound)))
	v.wantLoads("/", 0)
}

// TestX3_OwnPagesMayDoAllThat shows that the attacks are able to do what they try.
func TestX3_OwnPagesMayDoAllThat(t *testing.T) {
	v := newVictim(t)
	read := v.attackFrom(v.open("/"), v.attack(v.url))
	for name, want := range map[string]string{
		"fetch": problemSecret, "fetch with credentials": problemSecret, "fetch of the app": appSecret, "event stream": v.token,
		"shared worker": v.token, "script": "taken", "module": "taken", "window of the app": appSecret,
	} {
		if !strings.Contains(read[name], want) {
			t.Errorf("%s: has read %q, want %q", name, read[name], want)
		}
	}
	if n := v.opened.Load(); n != 1 { // of all orders only the one with the token
		t.Errorf("an editor was opened %d times", n)
	}
}

// TestX5_PagesOfOursAreNotFramed: they have links that do something when they are clicked.
func TestX5_PagesOfOursAreNotFramed(t *testing.T) {
	v := newVictim(t)
	framed := func() string {
		tab := v.at("http://localhost" + foreign(t) + "/")
		v.attackFrom(tab, fmt.Sprintf(`new Promise(done => {
			const f = Object.assign(document.createElement('iframe'), {src: %q, onload: () => done({})});
			document.body.append(f);
		})`, v.url+"/"))
		var tree *page.FrameTree
		tab.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
			tree, err = page.GetFrameTree().Do(ctx)
			return err
		}))
		return tree.ChildFrames[0].Frame.URL
	}
	if got := framed(); got != v.url+"/" {
		t.Errorf("the app's own page is framed as %s", got)
	}
	v.publish(func(view *proxy.View) { view.Generation = 0 })
	if got := framed(); !strings.HasPrefix(got, "chrome-error:") {
		t.Errorf("the page of a failure is framed as %s", got)
	}
}
