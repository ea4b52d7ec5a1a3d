//go:build unix

package builder

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write what is found into testdata/*.txtar")

// failsafe ends a test that waits for what does not come.
const failsafe = 30 * time.Second

func TestMain(m *testing.M) {
	if addr := os.Getenv("BUILDER_TEST_BLOCK"); addr != "" {
		toolexec(addr)
	}
	goleak.VerifyTestMain(m)
}

// toolexec is the test binary as go build's -toolexec: it passes every tool on but
// the compiler of the shop itself. There it calls addr and blocks until it is killed.
func toolexec(addr string) {
	args := os.Args[1:]
	compiler := filepath.Base(args[0]) == "compile" && !slices.Contains(args, "-V=full")
	if compiler && os.Getenv("TOOLEXEC_IMPORTPATH") == "example.com/shop" {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			os.Exit(3)
		}
		io.Copy(io.Discard, conn)
		os.Exit(3)
	}
	os.Stderr.WriteString(syscall.Exec(args[0], args, os.Environ()).Error())
	os.Exit(3)
}

// group is the Runner of these tests. It counts how many commands run at once. For the
// killed children to be reaped, which is up to PID 1, it does not wait.
type group struct{ running, most atomic.Int32 }

func (g *group) run(ctx context.Context, cmd *exec.Cmd) error {
	g.most.Store(max(g.most.Load(), g.running.Add(1)))
	defer g.running.Add(-1)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	stop := context.AfterFunc(ctx, func() { syscall.Kill(-pid, syscall.SIGKILL) })
	err := cmd.Wait()
	if !stop() {
		err = context.Cause(ctx)
	}
	return err
}

// shop writes a module of the given files (name, content, name, ...) and returns
// how to build it.
func shop(t *testing.T, dir string, files ...string) Spec {
	t.Helper()
	write(t, dir, append(files, "go.mod", "module example.com/shop\n\ngo 1.26\n")...)
	env := append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
	return Spec{Dir: dir, Base: dir, Name: "shop", Env: env}
}

func write(t *testing.T, dir string, files ...string) {
	t.Helper()
	for pair := range slices.Chunk(files, 2) {
		path := filepath.Join(dir, pair[0])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pair[1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// mustBuild fails the test unless the build gives a binary.
func mustBuild(t *testing.T, b *Builder, r Request) Result {
	t.Helper()
	res := b.Build(t.Context(), r)
	if res.Err != nil {
		t.Fatalf("build: %v\n%s", res.Err, res.Output)
	}
	return res
}

const (
	hello = "package main\n\nfunc main() { println(\"hello\") }\n"
	echo  = "package main\n\nimport (\n\t\"io\"\n\t\"os\"\n)\n\nfunc main() { io.Copy(os.Stdout, os.Stdin) }\n"
)

func TestB1_KilledBuildLeavesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(failsafe))

	cache, g := t.TempDir(), &group{}
	b := newBuilder(t, cache, g.run)
	spec := shop(t, t.TempDir(), "main.go", hello)
	blocked := spec
	blocked.Flags = []string{"-toolexec", os.Args[0]}
	blocked.Env = append(slices.Clip(spec.Env), "BUILDER_TEST_BLOCK="+l.Addr().String())

	for range 3 {
		// Never built before, else go has it in its cache and compiles nothing.
		write(t, spec.Dir, "main.go", fmt.Sprintf("// %d\n%s", time.Now().UnixNano(), hello))
		cause := errors.New("a newer save")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan Result, 1)
		go func() { done <- b.Build(ctx, Request{Spec: blocked}) }()
		compiler, err := l.Accept() // the compiler runs, as a child of go build
		if err != nil {
			cancel(nil)
			t.Fatalf("%v\n%+v", err, <-done)
		}
		if files(t, filepath.Join(cache, "work")) == nil {
			t.Error("go build does not work in the cache")
		}
		cancel(cause)
		if res := <-done; !errors.Is(res.Err, cause) || res.Binary != "" {
			t.Errorf("result of a killed build: %+v", res)
		}
		compiler.SetDeadline(time.Now().Add(failsafe))
		if _, err := compiler.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the compiler lives on")
		}
		compiler.Close()
		if left, _ := os.ReadDir(filepath.Join(cache, "work")); len(left) > 0 {
			t.Errorf("work folder left: %v", left)
		}
		if left := files(t, cache); left != nil {
			t.Errorf("files left: %q", left)
		}

		res := mustBuild(t, b, Request{Spec: spec})
		if out, err := exec.Command(res.Binary).CombinedOutput(); string(out) != "hello\n" {
			t.Errorf("next build: %q, %v", out, err)
		}
		os.Remove(res.Binary)
	}
	if g.most.Load() != 1 {
		t.Errorf("%d builds at once", g.most.Load())
	}
}

// TestB2_RealOutputs builds the broken modules in testdata. The lines above the
// first file are variables of the environment; "want" is the headline, an empty
// line, and the diagnostics.
func TestB2_RealOutputs(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) < 15 {
		t.Fatalf("found %d archives: %v", len(archives), err)
	}
	b := newBuilder(t, t.TempDir(), new(group).run)
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			checkArchive(t, b, path)
		})
	}
}

func checkArchive(t *testing.T, b *Builder, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spec, want := shop(t, t.TempDir()), (*txtar.File)(nil)
	for i, f := range archive.Files {
		if f.Name == "want" {
			want = &archive.Files[i]
			continue
		}
		write(t, spec.Dir, f.Name, string(f.Data))
	}
	spec.Env = append(spec.Env, strings.Fields(string(archive.Comment))...)

	res := b.Build(t.Context(), Request{Spec: spec})
	var failure *Failure
	if !errors.As(res.Err, &failure) {
		t.Fatalf("no failure: %+v", res)
	}
	lines := []string{failure.Text, ""}
	for _, d := range res.Diagnostics {
		if !strings.Contains(res.Output, d.Message) {
			t.Errorf("message %q is not in the output", d.Message)
		}
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", d.File, d.Line, d.Column, d.Message))
	}
	places := strings.NewReplacer(spec.Dir, "$DIR", goEnv(t, "GOROOT"), "$GOROOT",
		strings.TrimPrefix(goEnv(t, "GOVERSION"), "go"), "$VERSION")
	got := strings.TrimSpace(places.Replace(strings.Join(lines, "\n"))) + "\n"
	if *update {
		want.Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if string(want.Data) != got {
		t.Errorf("got\n%s\nwant\n%s\nof the output\n%s", got, want.Data, res.Output)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestB4_EqualBinaryIsTold(t *testing.T) {
	cache, dir := t.TempDir(), t.TempDir()
	b := newBuilder(t, cache, new(group).run)
	spec := shop(t, dir, "main.go", "// a word\n"+hello)
	first := mustBuild(t, b, Request{Spec: spec})
	again := Request{Spec: spec, Keep: []string{first.Binary}, Running: first.Binary}

	for _, c := range []struct {
		what, source string
		equal        bool
	}{
		{"nothing changed", "// a word\n" + hello, true},
		{"a comment that moves no line", "// another, longer word\n" + hello, true},
		{"a comment that moves lines", "// a word\n// and one more\n" + hello, false},
		{"code", "// a word\n" + strings.Replace(hello, "hello", "hallo", 1), false},
	} {
		write(t, dir, "main.go", c.source)
		res := mustBuild(t, b, again)
		if res.Equal != c.equal || (res.Binary == first.Binary) != c.equal {
			t.Errorf("%s: equal is %v, binary %s", c.what, res.Equal, res.Binary)
		}
		if c.equal && len(files(t, cache)) != 1 {
			t.Errorf("%s: more than one binary: %q", c.what, files(t, cache))
		}
	}
}

// The old binary of a slot may still be run by a process that nobody knows of any
// more; writing to it would fail ("text file busy") or tear that process.
func TestRunningFileIsNeverWrittenTo(t *testing.T) {
	b := newBuilder(t, t.TempDir(), new(group).run)
	spec := shop(t, t.TempDir(), "main.go", echo)
	old := mustBuild(t, b, Request{Spec: spec})
	process := exec.Command(old.Binary)
	in, _ := process.StdinPipe()
	out, _ := process.StdoutPipe()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	write(t, spec.Dir, "main.go", hello)
	if res := mustBuild(t, b, Request{Spec: spec}); res.Binary != old.Binary {
		t.Errorf("slot is not reused: %s", res.Binary)
	}
	io.WriteString(in, "still here")
	in.Close()
	if said, err := io.ReadAll(out); string(said) != "still here" {
		t.Errorf("old process said %q, %v", said, err)
	}
	process.Wait()
}

func TestB7_HostileEnvironment(t *testing.T) {
	root := filepath.Join(t.TempDir(), "mein Lädchen 店")
	spec := shop(t, filepath.Join(root, "quelle"), "main.go", hello, "go.work", "broken")
	spec.Env = append(spec.Env, "GOFLAGS=-mod=mod", "GOWORK=off", "GOOS=windows", "GOARCH=mips")
	b := newBuilder(t, filepath.Join(spec.Dir, ".watcher"), new(group).run) // rule 38, without a home folder
	res := mustBuild(t, b, Request{Spec: spec})
	if out, err := exec.Command(res.Binary).CombinedOutput(); string(out) != "hello\n" {
		t.Errorf("binary said %q, %v", out, err)
	}

	write(t, spec.Dir, "main.go", "package main\n\nfunc main() { x }\n")
	spec.Base = root
	res = b.Build(t.Context(), Request{Spec: spec})
	if len(res.Diagnostics) != 1 || res.Diagnostics[0].File != filepath.Join("quelle", "main.go") {
		t.Errorf("diagnostics %+v", res.Diagnostics)
	}
}

func TestB7_NoHomeIsOneLine(t *testing.T) {
	b := newBuilder(t, t.TempDir(), new(group).run)
	spec := shop(t, t.TempDir(), "main.go", hello)
	spec.Env = []string{"PATH=" + os.Getenv("PATH"), "GOENV=off"}
	res := b.Build(t.Context(), Request{Spec: spec})
	if res.Err == nil || strings.Contains(res.Err.Error(), "\n") || !strings.Contains(res.Err.Error(), "HOME") {
		t.Errorf("without a home folder: %v", res.Err)
	}
}

func TestB3_NoProgramIsOneLine(t *testing.T) {
	cache := t.TempDir()
	b := newBuilder(t, cache, new(group).run)
	spec := shop(t, t.TempDir(), "shop.go", "package shop\n")
	res := b.Build(t.Context(), Request{Spec: spec})
	if res.Err == nil || res.Err.Error() != `"." is not package main: nothing to run in it` {
		t.Errorf("a package that is not main: %v", res.Err)
	}
	spec.Env = append(spec.Env, "PATH=")
	res = b.Build(t.Context(), Request{Spec: spec})
	if res.Err == nil || !strings.HasPrefix(res.Err.Error(), "go is not installed") {
		t.Errorf("without go: %v", res.Err)
	}
	if left := files(t, cache); left != nil {
		t.Errorf("files left: %q", left)
	}
}
