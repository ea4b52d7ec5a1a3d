package proxy

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/proxy/pages"
)

// from is a listener whose clients seem to come from another address than they do.
type from struct {
	net.Listener
	mu     sync.Mutex
	client string
}

func (l *from) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return seeming{c, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(l.client))}, nil
}

// be decides where connections come from that are made from now on.
func (l *from) be(client string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client = client
}

type seeming struct {
	net.Conn
	client net.Addr
}

func (c seeming) RemoteAddr() net.Addr { return c.client }

// lines are what the user is told.
type lines struct {
	mu   sync.Mutex
	said []string
}

func (l *lines) warn(text, hint string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, text+": "+hint)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.said)
}

const secretOfTheCode = "secret of the code"

var broken = View{Phase: Broken, Problem: &Problem{Kind: "build", Title: secretOfTheCode, Text: secretOfTheCode}}

// serveFrom is a front whose clients come from where the test wants, and which trusts one.
func serveFrom(t *testing.T, change ...func(*Front)) (*testFront, *from, *lines) {
	var clients *from
	told := &lines{}
	cfg := allBrowser
	cfg.Warn = told.warn
	cfg.Trusts = func(client netip.Addr) bool { return client == netip.MustParseAddr("10.0.0.7") }
	f := serveAs(t, func(l net.Listener) net.Listener {
		clients = &from{Listener: l}
		return clients
	}, cfg, change...)
	return f, clients, told
}

var clientsOfATest = map[string]bool{ // whether each is told of the user's code
	"127.0.0.1:4000":          true,
	"[::1]:4000":              true,
	"[::ffff:127.0.0.1]:4000": true,
	"10.0.0.7:4000":           true,
	"[::ffff:10.0.0.7]:4000":  true,
	"10.0.0.8:4000":           false,
	"[::ffff:10.0.0.8]:4000":  false,
	"[fe80::8%eth0]:4000":     false,
}

// TestX3_OtherMachinesAreToldNothing below the reserved prefix, nor in an answer of our own to
// a request for the app; the app's own answers are for everybody, as the app wants.
func TestX3_OtherMachinesAreToldNothing(t *testing.T) {
	f, clients, _ := serveFrom(t)
	up := View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(document))
	})}
	for client, told := range clientsOfATest {
		clients.be(client)
		f.Publish(broken)
		for _, path := range []string{reserved, reserved + "healthz", API + "status", API + "wait", pages.ScriptPath, reserved + "none"} {
			a := f.do(f.navigate(path))
			if refused := a.status == http.StatusForbidden; refused == told {
				t.Errorf("%s: %s is answered %d", client, path, a.status)
			}
			if !told && (!strings.Contains(a.body, "[proxy] allowed_clients") || strings.Contains(a.body, secretOfTheCode)) {
				t.Errorf("%s: %s is answered %q", client, path, a.body)
			}
		}
		for _, accept := range []string{"text/html", "application/json", "*/*"} {
			r := f.navigate("/")
			r.Header.Set("Accept", accept)
			a := f.do(r)
			if knows := strings.Contains(a.body, secretOfTheCode); a.status != http.StatusServiceUnavailable || knows != told {
				t.Errorf("%s: without an app, as %s: %d %q", client, accept, a.status, a.body)
			}
			if script := strings.Contains(a.body, pages.ScriptPath); script != (told && accept == "text/html") {
				t.Errorf("%s: without an app, as %s, the script: %v", client, accept, script)
			}
			if promised := strings.Contains(a.body, "loads this page anew"); promised != (told && accept == "text/html") {
				t.Errorf("%s: without an app, as %s, a load is promised: %v", client, accept, promised)
			}
		}
		f.Publish(up)
		a := f.do(f.navigate("/"))
		if script := strings.Contains(a.body, pages.ScriptPath); a.status != http.StatusOK || script != told || !told && a.body != document {
			t.Errorf("%s: the app's page is %d %q", client, a.status, a.body)
		}
	}
}

// TestX4_OtherMachinesOrderNothing, whatever they know.
func TestX4_OtherMachinesOrderNothing(t *testing.T) {
	f, clients, _ := serveFrom(t)
	f.control = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("an order was carried out") })
	clients.be("10.0.0.8:4000")
	for _, token := range []string{"", string(f.pageToken), f.Token()} {
		for _, what := range []string{"open", "pause", "resume"} {
			if a := ask(f, "POST", API+what, "localhost:8080", TokenHeader+": "+token); a.status != http.StatusForbidden {
				t.Errorf("%s: %d", what, a.status)
			}
		}
	}
}

// TestX3_PanicsAreForThisMachine: others get the app's own answer.
func TestX3_PanicsAreForThisMachine(t *testing.T) {
	f, clients, _ := serveFrom(t)
	f.Publish(View{Generation: 7, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		f.ErrorOutput(7).Write([]byte(panicked))
		w.WriteHeader(http.StatusInternalServerError)
	})})
	clients.be("10.0.0.8:4000")
	f.do(f.navigate("/")).want(t, http.StatusInternalServerError, "")
	clients.be("10.0.0.7:4000")
	if a := f.do(f.navigate("/")); !strings.Contains(a.body, "panic: boom") {
		t.Errorf("who is trusted gets %d %q", a.status, a.body)
	}
}

// TestP6_NoScriptWhereItsEventsAreRefused: it would ask for them in vain. Which setting would
// have it is said once; what is no page has nothing to do with it.
func TestP6_NoScriptWhereItsEventsAreRefused(t *testing.T) {
	f, clients, told := serveFrom(t)
	f.Publish(sends(t, http.StatusOK, document, "Content-Type: text/html", `ETag: "x"`))
	page := func(client, host string, script bool) {
		t.Helper()
		clients.be(client)
		r := f.navigate("/")
		r.Host = host
		a := f.do(r)
		if got := strings.Contains(a.body, pages.ScriptPath); a.status != http.StatusOK || got != script {
			t.Errorf("%s under %s: the script is in the page: %v; %d", client, host, got, a.status)
		}
		if !script && (a.body != document || a.header.Get("ETag") == "") {
			t.Errorf("%s under %s: the page was changed: %v %q", client, host, a.header, a.body)
		}
	}
	page("127.0.0.1:1", "localhost:8080", true)
	page("10.0.0.7:1", "192.168.1.20:8080", true)
	clients.be("10.0.0.8:1")
	ask(f, "GET", "/", "web:8080", "Sec-Fetch-Dest: image", "Accept: text/html")
	if said := told.all(); said != nil {
		t.Errorf("said %q", said)
	}
	page("127.0.0.1:1", "box.local:8080", false)
	page("10.0.0.8:1", "192.168.1.20:8080", false)
	page("10.0.0.9:1", "192.168.1.20:8080", false)
	page("127.0.0.1:1", "web:8080", false)
	if want := []string{
		`pages for the host "box.local:8080" are not loaded anew, and show nothing of what is wrong: if it is yours, add it to [proxy] allowed_hosts`,
		"pages for the client 10.0.0.8 are not loaded anew, and show nothing of what is wrong: if it is yours, add it to [proxy] allowed_clients",
	}; !slices.Equal(told.all(), want) {
		t.Errorf("said %q, want %q", told.all(), want)
	}
}

// TestX2_WhatIsWrongIsForNamesOfThisMachine: under a name that may mean another machine, whose
// page would read it, only that something is wrong is told.
func TestX2_WhatIsWrongIsForNamesOfThisMachine(t *testing.T) {
	f := serve(t, allBrowser)
	f.Publish(broken)
	for host, told := range map[string]bool{"localhost:8080": true, "192.168.1.20:8080": true, "web:8080": false, "box.local": false} {
		if a := ask(f, "GET", "/", host); a.status != http.StatusServiceUnavailable || strings.Contains(a.body, secretOfTheCode) != told {
			t.Errorf("under %s: %d %q", host, a.status, a.body)
		}
	}
}

// TestX3_TrustIsLive: an edit of the settings holds for the next request.
func TestX3_TrustIsLive(t *testing.T) {
	f, clients, _ := serveFrom(t)
	clients.be("10.0.0.7:4000")
	f.get(reserved+"healthz").want(t, http.StatusOK, "ok\n")
	res, err := f.client.Do(f.request("GET", reserved+"events", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	stream := bufio.NewReader(res.Body)
	if line, err := stream.ReadString('\n'); err != nil || !strings.HasPrefix(line, "data: ") {
		t.Fatalf("%q, %v", line, err)
	}
	f.Configure(Config{})
	if a := f.get(reserved + "healthz"); a.status != http.StatusForbidden {
		t.Errorf("who is trusted no more: %d", a.status)
	}
	f.Publish(broken)
	if rest, err := io.ReadAll(stream); err != nil || strings.TrimSpace(string(rest)) != "" {
		t.Errorf("its stream goes on with %q, %v", rest, err)
	}
}

// TestX7_StrangersAreToldNoSetting: only the phase, in whatever way they ask; who is let in is
// told what is waited for, and where the app should answer.
func TestX7_StrangersAreToldNoSetting(t *testing.T) {
	f, clients, _ := serveFrom(t, func(f *Front) { f.limits.longest = time.Millisecond })
	nobody, garbled := listen(t), listen(t)
	nobody.Close()
	go func() {
		for conn, err := garbled.Accept(); err == nil; conn, err = garbled.Accept() {
			http.ReadRequest(bufio.NewReader(conn))
			io.WriteString(conn, "HTTP/1.1 sesame\r\n\r\n")
			conn.Close()
		}
	}()
	for name, c := range map[string]struct {
		view View
		told string // to who is let in
	}{
		"a need":                          {View{Phase: Starting, WaitsFor: "tcp://db:5432"}, "tcp://db:5432"},
		"an app that takes no connection": {View{Generation: 1, Upstream: nobody.Addr().String(), Phase: Serving}, nobody.Addr().String()},
		"an answer that is none":          {View{Generation: 2, Upstream: garbled.Addr().String(), Phase: Serving}, "sesame"},
	} {
		f.Publish(c.view)
		for client, let := range map[string]bool{"127.0.0.1:4000": true, "10.0.0.8:4000": false} {
			clients.be(client)
			for _, accept := range []string{"text/html", "application/json", "*/*"} {
				r := f.navigate("/")
				r.Header.Set("Accept", accept)
				if a := f.do(r); a.status < 500 || strings.Contains(a.body, c.told) != let {
					t.Errorf("%s: %s, as %s, is answered %d %q", name, client, accept, a.status, a.body)
				}
			}
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}
