package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ways are the ports that apps bind, each as the function of testdata/manyports that
// does it. %[1]d and so on are free ports; all of them must answer all the time.
var ways = map[string]struct {
	listen string
	file   string // written to port.txt
	dotenv string // written to .env
	ports  int
	front  bool   // the front is open at the first port itself
	told   string // because it is told so; "" if it is not
}{
	"literal": {ports: 1, front: true, listen: `
func listen() error { return http.ListenAndServe(":%[1]d", nil) }`},
	"config file": {ports: 1, file: "%[1]d", listen: `
func listen() error {
	port, err := os.ReadFile("port.txt")
	if err != nil {
		return err
	}
	return http.ListenAndServe(":"+string(port), nil)
}`},
	"config file with the front's port": {ports: 1, front: true, told: "%[1]d", file: "%[1]d", listen: `
func listen() error {
	port, err := os.ReadFile("port.txt")
	if err != nil {
		return err
	}
	return http.ListenAndServe(":"+string(port), nil)
}`},
	// As godotenv.Overload does.
	".env over our PORT": {ports: 1, front: true, dotenv: "PORT=%[1]d", listen: `
func listen() error {
	text, err := os.ReadFile(".env")
	if err != nil {
		return err
	}
	os.Setenv("PORT", strings.TrimPrefix(string(text), "PORT="))
	return http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}`},
	"PORT and pprof": {ports: 1, listen: `
func listen() error {
	go http.ListenAndServe("localhost:%[1]d", nil)
	return http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}`},
	"three servers": {ports: 3, listen: `
func listen() error {
	go http.ListenAndServe(":%[1]d", nil)
	go http.ListenAndServe("127.0.0.1:%[2]d", nil)
	return http.ListenAndServe(":%[3]d", nil)
}`},
	"three servers of a file": {ports: 3, file: "%[1]d %[2]d %[3]d", listen: `
func listen() error {
	text, err := os.ReadFile("port.txt")
	if err != nil {
		return err
	}
	ports := strings.Fields(string(text))
	for _, port := range ports[1:] {
		go http.ListenAndServe(":"+port, nil)
	}
	return http.ListenAndServe(":"+ports[0], nil)
}`},
}

// TestR7_OwnAddressesAnswerAllTheTime: whichever ports an app binds, its own addresses and the front
// answer through every swap from the first start on, with the newest code.
func TestR7_OwnAddressesAnswerAllTheTime(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			p := prepare(t, "testdata/manyports")
			ports := []any{fixedPort(t), fixedPort(t), fixedPort(t)}[:way.ports]
			p.listenBy(way.listen, ports...)
			if way.file != "" {
				p.write("port.txt", fmt.Sprintf(way.file, ports...))
			}
			if way.dotenv != "" {
				p.write(".env", fmt.Sprintf(way.dotenv, ports...))
			}
			if way.front {
				p.env = append(p.env, "WATCHER_PROXY_LISTEN=")
			}
			if way.told != "" {
				p.env = append(p.env, "WATCHER_PROXY_LISTEN="+fmt.Sprintf(way.told, ports...))
			}
			p.run()
			p.await("ready  ")
			if way.front != strings.HasSuffix(p.url, fmt.Sprintf(":%d", ports[0])) {
				t.Errorf("the front is at %s", p.url)
			}
			n := 1
			var wait sync.WaitGroup
			ctx, stop := context.WithCancel(t.Context())
			asked := make([]atomic.Int64, len(ports))
			for i, port := range ports {
				at := fmt.Sprintf("http://localhost:%d/version", port)
				p.awaitAt(at)
				wait.Go(func() { askAll(t, ctx, at, &asked[i]) })
			}
			load := p.load(4)
			for end := n + times(20); n < end; {
				n++
				p.saveOwnport(n)
				p.await("swap ")
				load.atLeast(n)
				p.want(n)
				p.await("drain ") // so that every generation is reaped under load
			}
			load.end(t)
			stop()
			wait.Wait()
			for i := range asked {
				if asked[i].Load() == 0 {
					t.Errorf("port %d was never asked", ports[i])
				}
			}
		})
	}
}

// TestR7_FrontInTheWayIsSaid: where the app's port is the front's own and nothing may be
// moved, a line says whose it is, and its advice helps.
func TestR7_FrontInTheWayIsSaid(t *testing.T) {
	p, port := prepare(t, "testdata/manyports"), fixedPort(t)
	p.listenBy(ways["config file"].listen)
	p.write("port.txt", fmt.Sprint(port))
	p.env = append(p.env, "WATCHER_RUN_REMAP=false", "WATCHER_PROXY_LISTEN=", fmt.Sprintf("PORT=%d", port))
	p.run()
	p.await(fmt.Sprintf("port %d is held by the front itself: choose another one for it with --listen, or set [run] port = %[1]d", port))
	p.stop()
	p.out = &transcript{}
	p.env = append(p.env, fmt.Sprintf("WATCHER_RUN_PORT=%d", port))
	p.run()
	p.await("ready  ")
	p.want(1)
}

// TestR7_LearnedPortIsTheFrontsNextTime: what a run has learned of the app's own port is
// where the next one begins: the front there. What is learned anew takes its place.
func TestR7_LearnedPortIsTheFrontsNextTime(t *testing.T) {
	p, first, second := prepare(t, "testdata/manyports"), fixedPort(t), fixedPort(t)
	cache := t.TempDir()
	p.env = append(p.env, "XDG_CACHE_HOME="+cache, "WATCHER_PROXY_LISTEN=")
	version := 1
	again := func(listen string, front int) {
		t.Helper()
		p.stop()
		p.out = &transcript{}
		p.listenBy(listen)
		p.run()
		p.await("ready  ")
		p.want(version)
		if !strings.HasSuffix(p.url, fmt.Sprint(":", front)) {
			t.Fatalf("the front is at %s, want port %d\n%s", p.url, front, p.out)
		}
	}
	file := ways["config file"].listen
	p.write("port.txt", fmt.Sprint(first))
	p.listenBy(file)
	p.run()
	p.await("ready  ")
	p.out.seek(0) // it comes before the line that was awaited
	p.await(fmt.Sprintf("the app asks for port %d: the front is reached there too", first))
	p.awaitAt(fmt.Sprintf("http://localhost:%d/version", first))
	again(file, first)
	version = 2
	p.saveOwnport(version)
	p.await("swap ")
	p.want(version)
	if strings.Contains(p.out.String(), "stops the old one first") {
		t.Errorf("the app was not moved from the first build on\n%s", p.out)
	}

	p.write("port.txt", fmt.Sprint(second))
	again(file, first)
	p.out.seek(0) // it comes before the line that was awaited
	p.await(fmt.Sprintf("the app asks for port %d now, no longer for %d: the front is reached there too", second, first))
	p.awaitAt(fmt.Sprintf("http://localhost:%d/version", second))
	again(file, second)

	// A wrong memory does no harm, and is gone.
	again(`func listen() error { return http.ListenAndServe(":"+os.Getenv("PORT"), nil) }`, second)
	p.stop()
	if kept, _ := filepath.Glob(filepath.Join(cache, "watcher", "*", "port.json")); kept != nil {
		t.Errorf("%s is left", kept)
	}
}

// TestR7_LockIsTakenInTurn: an app that waits for a lock as long as another one has it is
// swapped stop-first from the first time on, and nobody is failed.
func TestR7_LockIsTakenInTurn(t *testing.T) {
	p := prepare(t, "testdata/manyports")
	p.listenBy(`
func listen() error {
	file, err := os.Create("store.lock")
	if err != nil {
		return err
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	return http.ListenAndServe(":"+os.Getenv("PORT"), nil)
}`)
	p.run()
	p.await("ready  ")
	load := p.load(4)
	for n := 2; n < 2+times(20); n++ {
		p.saveOwnport(n)
		if n == 2 {
			p.await("waits for a file lock that the one before holds: from now on each swap stops the old one first")
		}
		p.await("swap ")
		load.atLeast(n)
		p.want(n)
	}
	load.end(t)
	if strings.Count(p.out.String(), "file lock") != 1 {
		t.Errorf("the lock is not told once\n%s", p.out)
	}
}

// TestR3_UnixSocketAfterAKill: the file that stays when all was killed outright is not in
// the way of the next start.
func TestR3_UnixSocketAfterAKill(t *testing.T) {
	p := prepare(t, "testdata/manyports")
	p.listenBy(`
func listen() error {
	l, err := net.Listen("unix", "app.sock")
	if err != nil {
		return err
	}
	return http.Serve(l, nil)
}`)
	for range 2 {
		p.out = &transcript{}
		p.run()
		p.await("ready  ")
		all := family(p.cmd.Process.Pid)
		p.want(1)
		_ = p.cmd.Process.Kill()
		<-p.done
		p.cmd = nil
		gone(t, all...)
	}
}

// TestX1_MovedListenersAreOnLoopback: an app that binds all interfaces is reached on this
// machine only.
func TestX1_MovedListenersAreOnLoopback(t *testing.T) {
	p := prepare(t, "testdata/manyports")
	port := fixedPort(t)
	p.listenBy(`func listen() error { return http.ListenAndServe("0.0.0.0:%[1]d", nil) }`, port)
	p.run()
	p.await("ready  ")
	p.awaitAt(fmt.Sprintf("http://localhost:%d/version", port))
	for _, pid := range family(p.cmd.Process.Pid) {
		for _, at := range listening(t, pid) {
			if !strings.HasPrefix(at, "0100007F:") && !strings.HasPrefix(at, "00000000000000000000000001000000:") {
				t.Errorf("process %d listens on %s", pid, at)
			}
		}
	}
}

// TestX1_LoopbackStaysLoopback: what an app keeps to this machine is not opened to others, though
// the front is.
func TestX1_LoopbackStaysLoopback(t *testing.T) {
	p := prepare(t, "testdata/manyports")
	open, closed := fixedPort(t), fixedPort(t)
	p.listenBy(`func listen() error {
	go http.ListenAndServe("localhost:%[2]d", nil)
	return http.ListenAndServe(":%[1]d", nil)
}`, open, closed)
	p.write(".watcher.toml", fmt.Sprintf("[run]\nport = %d\n", open))
	p.run("--listen", ":0")
	p.await("ready  ")
	p.awaitAt(fmt.Sprintf("http://localhost:%d/version", open))
	p.awaitAt(fmt.Sprintf("http://localhost:%d/version", closed))
	wide := map[int]bool{}
	for _, at := range listening(t, p.cmd.Process.Pid) {
		host, port, _ := strings.Cut(at, ":")
		n, err := strconv.ParseInt(port, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		wide[int(n)] = wide[int(n)] || strings.Trim(host, "0") == ""
	}
	if w, there := wide[open]; !w || !there {
		t.Errorf("the port that is for everybody is open to all: %v, open at all: %v", w, there)
	}
	if w, there := wide[closed]; w || !there {
		t.Errorf("the port that is for this machine is open to all: %v, open at all: %v", w, there)
	}
}

// listenBy writes listen.go.
func (p *program) listenBy(listen string, ports ...any) {
	p.t.Helper()
	text := "package main\n\nimport (\n"
	for _, pkg := range []string{"net", "net/http", "os", "strings", "syscall"} {
		if name := pkg[strings.LastIndexByte(pkg, '/')+1:]; strings.Contains(listen, name+".") {
			text += fmt.Sprintf("\t%q\n", pkg)
		}
	}
	if strings.Contains(listen, "%[") {
		listen = fmt.Sprintf(listen, ports...)
	}
	p.write("listen.go", text+")\n"+listen+"\n")
}

// fixedPort returns a free port that the system does not give by itself.
func fixedPort(t testing.TB) int {
	for {
		port := 11000 + rand.IntN(8000)
		if l, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			l.Close()
			return port
		}
	}
}

// listening lists the addresses at which a process listens, as the kernel writes them.
func listening(t testing.TB, pid int) (at []string) {
	t.Helper()
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	var own []string
	for _, file := range files {
		target, _ := os.Readlink(file)
		own = append(own, target)
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); f[3] == "0A" && slices.Contains(own, "socket:["+f[9]+"]") {
				at = append(at, f[1])
			}
		}
	}
	return at
}

// awaitAt waits until an address of the app's own answers.
func (p *program) awaitAt(url string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		r, err := http.Get(url)
		if err == nil {
			r.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%v\n%s", err, p.out)
		}
	}
}

// askAll asks an address, each time on a new connection, until ctx ends.
func askAll(t *testing.T, ctx context.Context, url string, asked *atomic.Int64) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for ctx.Err() == nil {
		req, _ := http.NewRequest("GET", url, nil)
		err := exchange(&client, req, func(text string) bool { return strings.HasPrefix(text, "version ") })
		if err != nil {
			t.Error(err)
			return
		}
		asked.Add(1)
	}
}
