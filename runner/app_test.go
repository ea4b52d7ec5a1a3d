//go:build unix

package runner

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/watcher-dev/watcher/runner/kin"
	"github.com/watcher-dev/watcher/runner/shim"
)

// behaviour is the variable that makes this test binary the app of a test.
const behaviour = "RUNNER_TEST_BEHAVIOUR"

// apps are the programs that tests start. None outlives a failed test for long.
var apps = map[string]func(){
	"serve":         func() { serve(port()) },
	"serve slowly":  func() { time.Sleep(700 * time.Millisecond); serve(port()) },
	"serve ipv6":    func() { serve("[::1]:" + os.Getenv("PORT")) },
	"serve fixed":   func() { go serve(os.Getenv("FIXED")); serve(port()) },
	"serve own":     func() { serve(os.Getenv("FIXED")) },
	"serve several": func() { go serve("127.0.0.1:0"); serve("127.0.0.1:0") },
	"serve moved":   serveMoved,
	"serve unix":    func() { panic(http.Serve(listenUnix(), nil)) },
	"mute unix":     func() { listenUnix(); lounge() },
	"serve locked":  serveLocked,
	"answer 500":    func() { serveStatus(500) },
	"answer 404":    func() { serveStatus(404) },
	"never accept":  func() { listen(port()); lounge() },
	"mute own port": func() { listen("127.0.0.1:0"); lounge() },
	"mute, then us": func() { listen("127.0.0.1:0"); time.Sleep(time.Second); serve(port()) },
	"never listen":  lounge,
	"exit 0":        func() {},
	"exit 1":        func() { fmt.Fprintln(os.Stderr, "panic: no database"); os.Exit(1) },
	"port is taken": func() { fmt.Fprintln(os.Stderr, "listen tcp :1: bind: address already in use"); os.Exit(1) },
	"on Windows": func() {
		fmt.Fprintln(os.Stderr, "listen tcp [::]:1: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.")
		os.Exit(1)
	},
	"end by signal":  func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); lounge() },
	"ignore TERM":    func() { signal.Ignore(syscall.SIGTERM); serve(port()) },
	"exit 3 on TERM": func() { exitOn(syscall.SIGTERM, 3); serve(port()) },
	"exit 4 on HUP":  func() { exitOn(syscall.SIGHUP, 4); serve(port()) },
	"grandchild":     func() { spawn("lounge", false); serve(port()) },
	"orphan":         func() { spawn("forker", false); serve(port()) },
	"mute child":     func() { os.Unsetenv(kin.Variable); spawn("mute lounge", false); serve(port()) }, // only its group tells whose it is
	"escapee":        func() { os.Unsetenv(kin.Variable); spawn("lounge", true); serve(port()) },
	"build":          func() { spawn("lounge", false); lounge() },
	"leave behind":   func() { spawn("lounge", false) },
	"say env":        sayEnv,
	"say much":       func() { writeMuch(os.Stdout) },
	"say terminals":  sayTerminals,
	"flood":          flood,
	"parent":         parent,
	"debugger":       debugger,

	"hand over":       handOver,
	"serve fd 3":      func() { serveFiles(3) },
	"serve activated": func() { serveFiles(activated()...) },
	"serve counted":   func() { serveFiles(counted()...) },

	"serve, then announce":    func() { announceLater(announce) },
	"serve, child announces":  func() { announceLater(func() { spawn("announce", false) }) },
	"announce":                announce,
	"announce, do not answer": func() { announce(); lounge() },
	"serve until told":        serveUntilTold,

	"bind late":            func() { signal.Ignore(syscall.SIGTERM); bindLate(false) },
	"bind the second time": func() { bindLate(true) },

	"daemonise":                     func() { spawn("lounge", true) },
	"hand on":                       handOn,
	"exit 0 on TERM, with a daemon": func() { exitOn(syscall.SIGTERM, 0); spawn("lounge", true); serve(port()) },

	"call":        call,
	"child calls": func() { spawn("call", false); lounge() },

	"lounge":      lounge,
	"mute lounge": lounge, // without our stdout
	"forker":      func() { spawn("lounge", false) },
}

// The main thread of a program never ends. Keeping it for the main goroutine sees to
// it that a test which needs a thread to end does not get that one.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	var shimmed sync.WaitGroup
	shimmed.Go(shim.Become) // not on the main thread, as may happen in any program
	shimmed.Wait()
	if name := os.Getenv(behaviour); name != "" {
		apps[name]()
		return
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

func port() string { return ":" + os.Getenv("PORT") }

func serve(addr string) {
	fmt.Fprintln(os.Stderr, http.Serve(listen(addr), nil))
	os.Exit(2)
}

// serveMoved stands for an app with moved listeners: what is in MOVED is bound in the
// way that follows it, as in "8080 http, 6060 mute", elsewhere, and told.
func serveMoved() {
	var pipe, device, inode, given int
	_, err := fmt.Sscanf(os.Getenv("WATCHER_BEACON"), "%d,%d,%d,%d", &pipe, &device, &inode, &given)
	if err != nil || strconv.Itoa(given) != os.Getenv("PORT") {
		panic("not asked to move: " + os.Getenv("WATCHER_BEACON"))
	}
	tell := os.NewFile(uintptr(pipe), "pipe")
	if os.Getenv("MOVED") == "" {
		serve(port())
	}
	for one := range strings.SplitSeq(os.Getenv("MOVED"), ", ") {
		asked, way, _ := strings.Cut(one, " ")
		if way == "late" {
			time.Sleep(50 * time.Millisecond)
		}
		l := listen("127.0.0.1:0")
		port, _ := strconv.Atoi(asked)
		fmt.Fprintf(tell, "listens 0200%04x000000000000000000000000 0200%04x7f0000010000000000000000\n", port, l.Addr().(*net.TCPAddr).Port)
		switch way {
		case "http":
			go http.Serve(l, nil)
		case "tls":
			certificate := httptest.NewUnstartedServer(nil)
			certificate.StartTLS()
			go http.Serve(tls.NewListener(l, certificate.TLS), nil)
		}
	}
	lounge()
}

func listenUnix() net.Listener {
	l, err := net.Listen("unix", "my app.sock")
	if err != nil {
		panic(err)
	}
	return l
}

func serveStatus(status int) {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	serve(port())
}

func listen(addr string) net.Listener {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return l
}

// lounge does nothing, takes no TERM for an answer, and ends if the test forgets it.
func lounge() {
	signal.Ignore(syscall.SIGTERM)
	time.Sleep(2 * time.Minute)
}

// call connects to an address and keeps the connection.
func call() {
	c, err := net.Dial("tcp", os.Getenv("CALL"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer c.Close()
	lounge()
}

func exitOn(sig os.Signal, code int) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, sig)
	go func() {
		<-c
		os.Exit(code)
	}()
}

// spawn starts a further process on our stdout, says its pid, and does not wait for it.
func spawn(name string, ownSession bool) {
	cmd := again(name)
	if name != "mute lounge" {
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: ownSession}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Println("pid", cmd.Process.Pid)
	if name == "forker" {
		_ = cmd.Wait()
	}
}

// again is a command that runs this binary with a behaviour.
func again(name string) *exec.Cmd {
	cmd := exec.Command(self())
	cmd.Env = env(name)
	return cmd
}

// env makes this binary behave as told. Under the race detector it would otherwise
// sleep for a second before it exits.
func env(name string) []string {
	return append(os.Environ(), behaviour+"="+name, "GORACE=atexit_sleep_ms=0")
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

func sayEnv() {
	for _, name := range []string{"PORT", "ADDR_PORT", "WATCHER_GENERATION", "WATCHER_URL", "HOME"} {
		fmt.Printf("%s=%s\n", name, os.Getenv(name))
	}
	in, _ := io.ReadAll(os.Stdin)
	fmt.Printf("stdin=%q\n", in)
}

// writeMuch writes 8 MiB, a line of 1 MiB, bytes that are no text, and no newline at the end.
func writeMuch(to io.Writer) {
	for i := range 100_000 {
		fmt.Fprintf(to, "line %d %s\n", i, strings.Repeat("x", 70))
	}
	fmt.Fprintln(to, strings.Repeat("y", 1<<20))
	fmt.Fprint(to, "bad \xff\x00 end\r\nno newline")
}

// parent is a small program that uses a runner, to be killed outright: an app with
// a grandchild, and a build with a child.
func parent() {
	r := New()
	spec := Spec{Generation: 1, Binary: self(), Env: env("grandchild"), Stdout: os.Stdout, Stderr: os.Stderr}
	r.Start(spec, func(e Event) {
		if ready, ok := e.(Ready); ok {
			fmt.Println("pid", ready.PID)
		}
	})
	build := again("build")
	build.Stdout = os.Stdout
	_ = r.Run(context.Background(), build)
}

// handOn serves, and on USR2 hands its socket to a child and exits, as tableflip does.
func handOn() {
	l := listen(port())
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR2)
	go func() {
		<-asked
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			panic(err)
		}
		cmd := again("serve fd 3")
		cmd.ExtraFiles = []*os.File{file}
		cmd.Stderr = os.Stderr
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil { // which returns when it runs, and bears our mark
			panic(err)
		}
		fmt.Println("pid", cmd.Process.Pid)
		os.Exit(0)
	}()
	_ = http.Serve(l, nil)
	lounge()
}
