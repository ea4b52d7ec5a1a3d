package debug

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// delve is a Delve as far as these tests need one: it answers every call and request with
// success, and notes what it was asked.
type delve struct {
	net.Listener
	t *testing.T

	mu    sync.Mutex
	asked []string
	conns []net.Conn
	say   string // sent after the answer to "attach"
}

func newDelve(t *testing.T) *delve {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &delve{Listener: l, t: t}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			d.mu.Lock()
			d.conns = append(d.conns, conn)
			d.mu.Unlock()
			all.Go(func() { d.serve(conn) })
		}
	})
	t.Cleanup(func() {
		d.die()
		all.Wait()
	})
	return d
}

// die ends it as a crash does.
func (d *delve) die() {
	d.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conns {
		c.Close()
	}
}

func (d *delve) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	if first, err := in.Peek(1); err == nil && first[0] == 'C' {
		for frame, err := readFrame(in); err == nil; frame, err = readFrame(in) {
			m := parse(frame)
			d.note(m.Command)
			answer := m.success()
			if m.Command == "initialize" {
				answer = []byte(strings.Replace(string(answer), "}", `,"body":{"supportsRestartRequest":true}}`, 1))
			}
			writeFrame(conn, answer)
			if d.mu.Lock(); m.Command == "attach" && d.say != "" {
				writeFrame(conn, []byte(d.say))
			}
			d.mu.Unlock()
		}
		return
	}
	for calls := json.NewDecoder(in); ; {
		var call struct {
			Method string
			ID     int
			Params []json.RawMessage
		}
		if calls.Decode(&call) != nil {
			return
		}
		d.note(strings.TrimPrefix(call.Method, "RPCServer.") + " " + string(call.Params[0]))
		if strings.Contains(string(call.Params[0]), "continue") {
			continue // it runs, and is not answered
		}
		fmt.Fprintf(conn, `{"id":%d,"result":{"Pid":42,"State":{"Running":true},"Breakpoints":[{"id":-1},{"id":7}]},"error":null}`, call.ID)
	}
}

func (d *delve) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, what)
}

func (d *delve) questions() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked)
}

func (d *delve) connections() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.conns)
}

// was reports whether it was asked for something after from questions.
func (d *delve) was(from int, what string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Contains(strings.Join(d.asked[min(from, len(d.asked)):], "\n"), what)
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never holds that %s", what)
		}
	}
}

// site is a Debugger with one generation that leads.
func site(t *testing.T) (*Debugger, *delve, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := New("dlv", []net.Listener{l})
	t.Cleanup(d.Close)
	first := newDelve(t)
	generation(t, d, 1, first)
	d.Lead(1, false)
	return d, first, l.Addr().String()
}

func generation(t *testing.T, d *Debugger, n int, at *delve) {
	t.Helper()
	pid := 0
	if err := d.Begin(t.Context(), n, at.Addr().String(), func(p int) { pid = p }); err != nil || pid != 42 {
		t.Fatalf("begin: pid %d, %v", pid, err)
	}
}

// editor is a client of DAP.
type editor struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func open(t *testing.T, addr string) *editor {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &editor{t, conn, bufio.NewReader(conn)}
}

func (e *editor) ask(command string) {
	writeFrame(e.conn, fmt.Appendf(nil, `{"seq":9,"type":"request","command":%q}`, command))
}

// expect reads one message, which must contain text; "" wants the end.
func (e *editor) expect(text string) {
	e.t.Helper()
	frame, err := readFrame(e.in)
	if text == "" && err == nil || text != "" && !strings.Contains(string(frame), text) {
		e.t.Fatalf("got %q, %v; want %q", frame, err, text)
	}
}

// TestB6_ClientsComeBackByThemselves: what a client of DAP is told when another
// generation leads, when its app crashes, when it leaves, and when watcher ends.
func TestB6_ClientsComeBackByThemselves(t *testing.T) {
	const restart = `"event":"terminated","body":{"restart":true}`
	for name, c := range map[string]struct {
		happens func(d *Debugger, first *delve, e *editor)
		want    []string // the messages that the editor gets then
	}{
		"another leads": {func(d *Debugger, _ *delve, e *editor) { d.Lead(2, false) }, []string{restart}},
		"none leads":    {func(d *Debugger, _ *delve, e *editor) { d.Lead(0, false) }, []string{restart}},
		"crash":         {func(_ *Debugger, first *delve, e *editor) { first.die() }, []string{restart}},
		"the app has ended": {func(_ *Debugger, first *delve, e *editor) {
			first.mu.Lock()
			first.say = `{"seq":0,"type":"event","event":"terminated","body":{}}`
			first.mu.Unlock()
			e.ask("attach")
		}, []string{`"command":"attach"`, restart}},
		"watcher ends": {func(d *Debugger, _ *delve, e *editor) { d.Lead(0, true) }, []string{`"body":{"restart":false}`}},
	} {
		t.Run(name, func(t *testing.T) {
			d, first, addr := site(t)
			e := open(t, addr)
			e.ask("initialize")
			e.expect(`"supportsRestartRequest":false`)
			if !d.Attached() {
				t.Error("it is not known that a client is there")
			}
			c.happens(d, first, e)
			for _, want := range c.want {
				e.expect(want)
			}
			e.ask("disconnect")
			e.expect(`"request_seq":9,"success":true,"command":"disconnect"`)
			e.expect("")
			eventually(t, "nobody is attached", func() bool { return !d.Attached() })
		})
	}
}

// TestB6_WaitsForTheNext: who comes while nothing leads is led when something does.
func TestB6_WaitsForTheNext(t *testing.T) {
	d, _, addr := site(t)
	d.Lead(2, false)
	e := open(t, addr)
	e.ask("initialize")
	second := newDelve(t)
	generation(t, d, 2, second)
	e.expect(`"command":"initialize"`)
	if !second.was(0, "initialize") {
		t.Error("another Delve has answered")
	}
	e.ask("disconnect") // it leaves by itself: Delve says goodbye, and it is not called back
	e.expect(`"command":"disconnect"`)
}

// TestB6_WhoLeavesLeavesTheAppRunning: breakpoints go with the last client.
func TestB6_WhoLeavesLeavesTheAppRunning(t *testing.T) {
	d, first, addr := site(t)
	from := first.questions()
	one, two := open(t, addr), open(t, addr)
	for _, e := range []*editor{one, two} {
		e.ask("initialize")
		e.expect("initialize")
	}
	one.conn.Close()
	eventually(t, "one has left", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.sessions) == 1
	})
	if first.was(from, "halt") {
		t.Error("the app was touched while somebody debugs it")
	}
	two.conn.Close()
	for _, what := range []string{"halt", `ClearBreakpoint {"Id":7}`, "setExceptionBreakpoints", "continue"} {
		eventually(t, "it is asked for "+what, func() bool { return first.was(from, what) })
	}
	if first.was(from, `"Id":-1`) {
		t.Error("Delve's own breakpoint is gone")
	}
}

// TestB6_ClientOfJSONRPC is led byte by byte, and sees the end of its connection.
func TestB6_ClientOfJSONRPC(t *testing.T) {
	d, _, addr := site(t)
	c := open(t, addr)
	fmt.Fprint(c.conn, `{"method":"RPCServer.ProcessPid","params":[{}],"id":5}`)
	if text, err := c.in.ReadString('}'); err != nil || !strings.HasPrefix(text, `{"id":5,"result":`) {
		t.Fatalf("%q, %v", text, err)
	}
	d.Lead(2, false)
	for {
		if _, err := c.in.ReadByte(); err != nil {
			break
		}
	}
}

// TestX1_PagesOfTheBrowserAreCut: what a page can send begins with a method of HTTP.
func TestX1_PagesOfTheBrowserAreCut(t *testing.T) {
	_, first, addr := site(t)
	const ours = 2 // connections, by which the app was told to run
	eventually(t, "the app runs", func() bool { return first.connections() == ours && first.was(0, "continue") })
	c := open(t, addr)
	fmt.Fprint(c.conn, "POST / HTTP/1.1\r\n\r\n{\"method\":\"RPCServer.State\",\"params\":[{}],\"id\":1}")
	c.expect("")
	if n := first.connections(); n != ours {
		t.Errorf("Delve has %d connections", n)
	}
	c = open(t, addr)
	fmt.Fprint(c.conn, "CONNECT x:1 HTTP/1.1\r\n\r\n") // begins as a client of DAP does
	c.expect("")
}

// TestB6_SilentClientsDoNotStay, nor those who wait for what does not come.
func TestB6_SilentClientsDoNotStay(t *testing.T) {
	d, _, addr := site(t)
	silent, waiting := open(t, addr), open(t, addr)
	d.Lead(0, false)
	waiting.ask("initialize")
	eventually(t, "both are known", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.sessions) == 2
	})
	d.Close()
	silent.expect("")
	waiting.expect("")
}

func TestTooOld(t *testing.T) {
	for _, c := range []struct {
		delve, golang, want string
	}{
		{"Delve Debugger\nVersion: 1.27.2\nBuild: x", "go1.26.8", ""},
		{"Delve Debugger\nVersion: 1.26.0\nBuild: x", "go1.26", ""},
		{"Delve Debugger\nVersion: 1.25.2\nBuild: x", "go1.26.8", "--debug needs a newer Delve: 1.25.2 does not know go1.26.8: " + install},
		{"of our own", "go1.26.8", ""},
		{"Delve Debugger\nVersion: 1.25.2\nBuild: x", "devel", ""},
	} {
		err := tooOld(c.delve, c.golang)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%q with %q: %v", c.delve, c.golang, err)
		}
	}
}
