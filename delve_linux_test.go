package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// debugged starts the plain service under Delve, with a handler at which to stop.
type debuggedProgram struct {
	*program
	port int
	file string
	line int // of the handler of /version, where number is known
}

const (
	handler  = `fmt.Fprintf(w, "version %d pid %d\n", version.Number, os.Getpid())`
	debugged = "number := version.Number\n\t\tfmt.Fprintf(w, \"version %d pid %d\\n\", number, os.Getpid())"
)

func startDebugged(t *testing.T) *debuggedProgram {
	t.Helper()
	p := &debuggedProgram{program: prepare(t, plainapp), port: freePort(t)}
	p.file = filepath.Join(p.dir, "main.go")
	p.save("main.go", handler, debugged)
	text, _ := os.ReadFile(p.file)
	before, _, _ := bytes.Cut(text, []byte("\"version %d pid %d"))
	p.line = 1 + bytes.Count(before, []byte("\n"))
	p.env = append(p.env, "PATH="+delveFolder(t)+":"+os.Getenv("PATH"))
	// The least of limits: none may count while a client is connected.
	p.write(".watcher.toml", "[proxy]\nhold_timeout = \"10ms\"\n[run]\nready_timeout = \"30s\"\n")
	p.run("--debug=" + strconv.Itoa(p.port))
	p.await("ready  ")
	return p
}

// ask sends a request from a goroutine.
func (p *program) ask(path string) <-chan answer {
	got := make(chan answer, 1)
	go func() { got <- p.get(path) }()
	return got
}

// TestRule45_RequestWaitsAtABreakpoint: a client of JSON-RPC stops a request for as long
// as it likes, is sent away by a save, and finds the new code on the same port.
func TestRule45_RequestWaitsAtABreakpoint(t *testing.T) {
	p := startDebugged(t)
	first := connectDelve(t, p.port)
	stands := first.stopAt(p.file, p.line)
	waiting := p.ask("/version")
	stands()
	if got := first.eval("number"); !strings.Contains(got, `"value":"1"`) {
		t.Errorf("the variable is %s", got)
	}
	long := 2 * time.Second
	if full {
		long = 40 * time.Second
	}
	select {
	case a := <-waiting:
		t.Fatalf("it does not wait: %v", a)
	case <-time.After(long): // the wait is what is shown
	}
	first.send("Command", object{"name": "continue"})
	if a := <-waiting; a.status != 200 || a.version() != 1 {
		t.Errorf("after the breakpoint: %v", a)
	}

	stopped := p.ask("/version")
	first.answer(first.id)
	p.saveVersion(2)
	p.pending(1)
	held := p.ask("/version") // hold_timeout would lead it to the process that stands
	first.awaitEnd()
	if a := <-held; a.status != 200 || a.version() != 2 || a.build != "" {
		t.Errorf("held: %v", a)
	}
	if a := <-stopped; a.status != 200 || a.version() != 1 {
		t.Errorf("the session was ended, but not the request that stood: %v", a)
	}

	second := connectDelve(t, p.port)
	stands = second.stopAt(p.file, p.line)
	waiting = p.ask("/version")
	stands()
	if got := second.eval("number"); !strings.Contains(got, `"value":"2"`) {
		t.Errorf("the new code's variable is %s", got)
	}
	second.conn.Close() // and leaves its breakpoint behind
	if a := <-waiting; a.status != 200 || a.version() != 2 {
		t.Errorf("the client has gone: %v", a)
	}
	p.want(2)
}

// TestB6_EditorAttachesByItself: a client of DAP that honours terminated{restart} needs
// not be told of a save while it stands at a breakpoint, nor of a crash.
func TestB6_EditorAttachesByItself(t *testing.T) {
	p := startDebugged(t)
	c := attachDAP(t, p.port, p.file, p.line)
	waiting := p.ask("/version")
	at := c.await("event", "stopped")
	if got := c.locals(at["threadId"])["number"]; got != "1" {
		t.Errorf("number is %q", got)
	}
	p.saveVersion(2)
	again := func() {
		t.Helper()
		if body := c.await("event", "terminated"); body["restart"] != true {
			t.Fatalf("terminated says %v", body)
		}
		c.request("disconnect", object{"restart": true})
		c = attachDAP(t, p.port, p.file, p.line)
	}
	again()
	if a := <-waiting; a.status != 200 || a.version() != 1 {
		t.Errorf("the request that stood: %v", a)
	}
	waiting = p.ask("/version")
	at = c.await("event", "stopped")
	if got := c.locals(at["threadId"])["number"]; got != "2" {
		t.Errorf("the new number is %q", got)
	}
	c.request("continue", object{"threadId": at["threadId"]})
	if a := <-waiting; a.status != 200 || a.version() != 2 {
		t.Errorf("after the breakpoint: %v", a)
	}

	p.await("drain ") // of the old one: the new one has proven itself
	_ = p.get("/exit?code=3")
	p.await("crash: exited with code 3")
	again()
	c.request("disconnect", object{})
	p.want(2)
}

// TestB6_NothingOfDelveIsLeft, neither by a stop while the app stands at a breakpoint nor
// by kill -9.
func TestB6_NothingOfDelveIsLeft(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			p := startDebugged(t)
			c := connectDelve(t, p.port)
			stands := c.stopAt(p.file, p.line)
			waiting := p.ask("/version")
			stands()
			all := family(p.cmd.Process.Pid)
			if len(all) < 3 {
				t.Fatalf("too few processes: %v", all)
			}
			_ = p.cmd.Process.Signal(sig)
			if a := <-waiting; sig == syscall.SIGTERM && a.status != 200 {
				t.Errorf("in flight: %v", a)
			}
			c.awaitEnd()
			<-p.done
			p.cmd = nil
			gone(t, all...)
		})
	}
}

// TestB6_PanicIsACrash: Delve stops at panics, where nobody would see it.
func TestB6_PanicIsACrash(t *testing.T) {
	p := startDebugged(t)
	p.write("config.yaml", "mode: panic\n")
	p.await("exited with code 2 before it was ready")
	p.want(1)
	p.write("config.yaml", "mode: ok\n")
	p.await("swap ")
	p.want(1)
}

// withoutDelve is the PATH without the folders that hold a Delve.
func withoutDelve() string {
	folders := slices.DeleteFunc(filepath.SplitList(os.Getenv("PATH")), func(folder string) bool {
		_, err := os.Stat(filepath.Join(folder, "dlv"))
		return err == nil
	})
	return strings.Join(folders, ":")
}

// TestB6_OneLineAndWhatToDo about what --debug needs and has not.
func TestB6_OneLineAndWhatToDo(t *testing.T) {
	taken := freePort(t)
	old := t.TempDir()
	if err := os.WriteFile(filepath.Join(old, "dlv"), []byte("#!/bin/sh\necho 'Version: 1.20.1'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		delve, want string
		port        int
		settings    string
	}{
		"missing": {want: "--debug needs Delve, which is not installed: go install github.com/go-delve/delve/cmd/dlv@latest"},
		"old":     {delve: old, want: "--debug needs a newer Delve: 1.20.1 does not know go1."},
		"taken":   {delve: delveFolder(t), port: taken, want: "is taken by "},
		"socket":  {delve: delveFolder(t), want: "--debug cannot go with [run] socket", settings: "[run]\nsocket = true\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := prepare(t, plainapp)
			p.write(".watcher.toml", c.settings)
			p.env = []string{"PATH=" + c.delve + ":" + withoutDelve(), "GOBIN=", "GOPATH=" + t.TempDir()}
			if c.port != 0 {
				other, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(c.port))
				if err != nil {
					t.Fatal(err)
				}
				defer other.Close()
			}
			p.spawn("--debug=" + strconv.Itoa(c.port))
			p.await(c.want)
			if err := <-p.done; err == nil {
				t.Error("it ends well")
			}
			p.cmd = nil
			if strings.Contains(p.out.String(), "front ") {
				t.Errorf("the front was opened:\n%s", p.out)
			}
		})
	}
}

// TestB6_OtherWaysToSwap: a fixed port that is moved, and stop-first.
func TestB6_OtherWaysToSwap(t *testing.T) {
	for _, way := range []string{"auto", "stop-first"} {
		t.Run(way, func(t *testing.T) {
			p := prepare(t, "testdata/ownport")
			port := freePort(t)
			p.env = append(p.env, "PATH="+delveFolder(t)+":"+os.Getenv("PATH"))
			p.run("--debug="+strconv.Itoa(port), "--swap", way)
			p.await("ready  ")
			c := attachDAP(t, port, filepath.Join(p.dir, "none.go"), 1)
			p.save("main.go", "const version = 1", "const version = 2")
			if body := c.await("event", "terminated"); body["restart"] != true {
				t.Fatalf("terminated says %v", body)
			}
			attachDAP(t, port, filepath.Join(p.dir, "none.go"), 1)
			p.awaitVersion(2)
		})
	}
}
