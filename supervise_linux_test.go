package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// TestR4_StopWinsInEveryState: TERM in each state ends the program with 0, and nothing
// is left. The moments themselves are shown in fake time.
func TestR4_StopWinsInEveryState(t *testing.T) {
	for name, enter := range map[string]func(p *program){
		"build": func(p *program) {
			p.saveVersion(2)
			p.pending(1)
		},
		"start": func(p *program) {
			p.write("config.yaml", "mode: deaf\n")
			p.awaitState("starting")
		},
		"proof": func(p *program) {
			p.saveVersion(2)
			p.await("swap ")
		},
		"back-off": func(p *program) {
			p.post("/exit?code=4", nil)
			p.await("start again in 100ms (attempt 1)")
		},
		"drain": func(p *program) {
			p.slowRequest()
			p.saveVersion(2)
			p.awaitState("draining")
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range times(50) {
				p := prepare(t, plainapp)
				p.write(".watcher.toml", "[run]\ndrain_timeout = \"2s\"\nstop_timeout = \"1s\"\n") // bounds the stop
				p.run()
				p.await("ready  ")
				enter(p)
				p.endBy(syscall.SIGTERM)
			}
		})
	}
}

// awaitState waits until some process is in a state.
func (p *program) awaitState(state string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		for _, process := range p.status().Processes {
			if process.State == state {
				return
			}
		}
	}
	p.t.Fatalf("no process is ever %q: %+v\n%s", state, p.status().Processes, p.out)
}

// slowRequest begins a request that would take a minute.
func (p *program) slowRequest() {
	p.t.Helper()
	r, err := http.Get(p.url + "/slow?ms=60000")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { r.Body.Close() })
	if _, err := io.ReadFull(r.Body, make([]byte, len("begun "))); err != nil {
		p.t.Fatal(err)
	}
}

// endBy ends the program by signals, one after the other, and wants it to leave nothing.
func (p *program) endBy(signals ...syscall.Signal) {
	p.t.Helper()
	all := family(p.cmd.Process.Pid)
	for i, sig := range signals {
		if i > 0 {
			p.await("stop  ") // the one before has come
		}
		if err := p.cmd.Process.Signal(sig); err != nil {
			p.t.Fatal(err)
		}
	}
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("the program ended with %v\n%s", err, p.out)
		}
	case <-time.After(patience):
		p.t.Fatalf("the program does not end\n%s", p.out)
	}
	p.cmd = nil
	gone(p.t, all...)
}

// TestR5_BackOffAndGivingUp as people and programs see it.
func TestR5_BackOffAndGivingUp(t *testing.T) {
	p := prepare(t, plainapp)
	p.write("config.yaml", "mode: exit1\n")
	p.run()
	for round := range 2 {
		for i, delay := range []string{"100ms", "200ms", "400ms", "800ms"} {
			p.await(fmt.Sprintf("retry    #%d start again in %s (attempt %d)", round*5+i+1, delay, i+1))
		}
		p.await("given up after 5 failures in 10s")
		p.awaitState("given up")
		last := p.status().Processes[0]
		if p.status().State != "given up" || last.Code == nil || *last.Code != 1 || !strings.Contains(last.Reason, "exited with code 1") {
			t.Errorf("status %+v", p.status())
		}
		_ = p.cmd.Process.Signal(syscall.SIGUSR1) // closes the breaker at once
	}
	p.write("config.yaml", "mode: well\n")
	p.awaitVersion(1)
}

// TestRule44_Signals: what each does, once and twice, while a request is open that would
// take a minute.
func TestRule44_Signals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, plainapp)
			p.slowRequest()
			p.endBy(sig, sig) // and not after the minute
		})
	}
	t.Run("user defined", func(t *testing.T) {
		p := start(t, plainapp)
		old := p.want(1).pid()
		_ = p.cmd.Process.Signal(syscall.SIGUSR1)
		p.await("swap     #2")
		if now := p.want(1).pid(); now == old {
			t.Error("the same process answers")
		}
		p.endBy(syscall.SIGTERM)
	})
}

// TestR11_FirstProcess: as PID 1 of a container, where nothing else reaps or passes on.
// A hundred processes are left to it, which end when the gate is opened.
func TestR11_FirstProcess(t *testing.T) {
	p := prepare(t, plainapp)
	gate := filepath.Join(t.TempDir(), "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `mount -t proc proc /proc &&
		for i in $(seq 100); do (cat "$0" >/dev/null &); done; exec watcher`, gate)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS}
	p.begin(cmd)
	p.await("front    http")
	p.url = frontOf(p.out.String())
	p.await("ready  ")
	p.saveVersion(2)
	p.awaitVersion(2)
	if n := p.count("cat"); n != 100 {
		t.Errorf("%d orphans before the gate is opened", n)
	}
	for deadline := time.Now().Add(patience); p.count("cat") > 0; {
		if f, err := os.OpenFile(gate, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			f.Close()
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d orphans are not reaped", p.count("cat"))
		}
	}
	p.endBy(syscall.SIGTERM)
}

// count is of the processes below the program with a name, zombies too.
func (p *program) count(name string) (n int) {
	for _, pid := range family(p.cmd.Process.Pid) {
		if comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(comm) == name+"\n" {
			n++
		}
	}
	return n
}

// TestR9_RestartsLeaveNothing: fifty restarts, every tenth by a save. Goroutines are
// counted where they can be, in the tests of loop and runner, and by bench/soak.
func TestR9_RestartsLeaveNothing(t *testing.T) {
	p := prepare(t, plainapp)
	temp := t.TempDir()
	p.env = []string{"TMPDIR=" + temp}
	p.run()
	p.await("ready  ")
	restart := func(n int) {
		if n%10 == 0 {
			p.saveVersion(n)
		} else {
			_ = p.cmd.Process.Signal(syscall.SIGUSR1)
		}
		p.await("swap ")
	}
	for n := range 5 { // until all is in place that is made once
		restart(n + 1)
	}
	before := p.footprint()
	for n := range 50 {
		restart(n + 10)
	}
	after := p.footprint()
	if after.Files > before.Files+3 || after.Zombies > 0 || after.Anon > before.Anon+10<<10 {
		t.Errorf("files, threads, zombies, memory\nbefore %v\nafter  %v", before, after)
	}
	p.endBy(syscall.SIGTERM)
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left in the temp folder: %v, %v", left, err)
	}
}

// footprint is the program's, once the app's old processes are gone.
func (p *program) footprint() harness.Footprint {
	p.t.Helper()
	for deadline := time.Now().Add(patience); len(p.status().Processes) > 1; {
		if time.Now().After(deadline) {
			p.t.Fatalf("old processes stay: %+v\n%s", p.status().Processes, p.out)
		}
	}
	f, err := harness.FootprintOf(p.cmd.Process.Pid)
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}
