package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the sessions of testdata/script: the real program as a person meets
// it. Their commands, beside testscript's own:
//
//	up [flags]          start watcher in the background and wait for its front
//	await TEXT          wait for a line with TEXT, after the one awaited last
//	get PATH TEXT       ask the front once; the answer must contain TEXT
//	ask PATH            ask the front, and do not wait for the answer
//	replace FILE OLD NEW
//	down                interrupt; watcher must end with 0 and leave nothing
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: scriptSetup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up": scriptUp, "await": scriptAwait, "get": scriptGet,
			"ask":     func(ts *testscript.TestScript, neg bool, args []string) { go of(ts).get(args[0]) },
			"replace": scriptReplace, "down": scriptDown,
		},
	})
}

type programKey struct{}

func scriptSetup(env *testscript.Env) error {
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS"} {
		if v := os.Getenv(name); v != "" {
			env.Setenv(name, v)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	if os.Getenv("GOCACHE") == "" {
		env.Setenv("GOCACHE", filepath.Join(cache, "go-build"))
	}
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
	env.Setenv("WATCHER_PROXY_LISTEN", "0")
	env.Values[programKey{}] = &program{out: &transcript{}, done: make(chan error, 1)}
	return nil
}

// scriptCommand is the program in the script's folder and environment.
func scriptCommand(ts *testscript.TestScript, args []string) *exec.Cmd {
	path, err := exec.LookPath("watcher")
	ts.Check(err)
	cmd := exec.Command(path, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "XDG_CACHE_HOME", "WATCHER_PROXY_LISTEN"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	return cmd
}

func of(ts *testscript.TestScript) *program { return ts.Value(programKey{}).(*program) }

func scriptUp(ts *testscript.TestScript, neg bool, args []string) {
	p := of(ts)
	*p = program{out: &transcript{}, done: make(chan error, 1)}
	p.cmd = scriptCommand(ts, args)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	ts.Check(p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	ts.Defer(func() {
		if p.cmd != nil {
			_ = p.cmd.Process.Kill()
		}
		ts.Logf("output of the program:\n%s", p.out)
	})
	scriptAwait(ts, false, []string{"front    http"})
	p.url = frontOf(p.out.String())
}

// scriptAwait waits for a line with each text, in any order; where two goroutines say them,
// none is the first.
func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	p := of(ts)
	if neg {
		if text := strings.Join(args, " "); strings.Contains(p.out.String(), text) {
			ts.Fatalf("there is a line with %q:\n%s", text, p.out)
		}
		return
	}
	from, end := p.out.seek(0), 0
	for _, text := range args {
		p.out.seek(from)
		if _, ok := p.out.await(text, patience); !ok {
			ts.Fatalf("no line with %q:\n%s", text, p.out)
		}
		end = max(end, p.out.seek(from))
	}
	p.out.seek(end)
}

func scriptGet(ts *testscript.TestScript, neg bool, args []string) {
	a := of(ts).get(args[0])
	if strings.Contains(a.String(), args[1]) == neg {
		ts.Fatalf("got %v", a)
	}
}

func scriptReplace(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o644))
}

func scriptDown(ts *testscript.TestScript, neg bool, args []string) {
	p := of(ts)
	left := slices.DeleteFunc(family(p.cmd.Process.Pid), func(pid int) bool { return pid == p.cmd.Process.Pid })
	ts.Check(p.cmd.Process.Signal(syscall.SIGINT))
	if err := <-p.done; err != nil {
		ts.Fatalf("watcher ended with %v\n%s", err, p.out)
	}
	p.cmd = nil
	for _, pid := range left {
		if alive(pid) {
			ts.Fatalf("process %d is left behind", pid)
		}
	}
}
