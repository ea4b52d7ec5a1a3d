package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The promises, kept by the real program on a real service.

const plainapp = "testdata/plainapp"

func TestF1_FrontSocketStaysTheSame(t *testing.T) {
	p := start(t, plainapp)
	socket := frontSocket(t, p)
	for round := range times(20) {
		p.saveVersion(round + 2)
		p.await("swap ")
		p.await("drain ") // the second of proof is over
		p.saveVersionText("broken")
		p.await("failed ")
		p.saveVersion(round + 2) // the same as runs: no swap
		p.await("same ")
		p.post("/exit?code=4", nil) // which is not tried again, as a GET would be
		p.await("exited with code 4")
		p.awaitVersion(round + 2)
		p.write(".watcher.toml", fmt.Sprintf("[proxy]\nhold_timeout = \"%ds\"\n", 20+round))
		p.await("settings changed: proxy.hold_timeout")
	}
	if now := frontSocket(t, p); now != socket {
		t.Errorf("the front's socket was %q and is %q", socket, now)
	}
}

// frontSocket names the sockets on which the program listens, by inode.
func frontSocket(t *testing.T, p *program) string {
	t.Helper()
	port := p.url[strings.LastIndexByte(p.url, ':')+1:]
	n, _ := strconv.Atoi(port)
	var inodes []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if f[3] == "0A" && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", n)) {
				inodes = append(inodes, f[9])
			}
		}
	}
	if len(inodes) == 0 {
		t.Fatalf("nobody listens on %s", port)
	}
	return strings.Join(inodes, " ")
}

func TestF3_InFlightRequestFinishesOnOldGeneration(t *testing.T) {
	p := start(t, plainapp)
	old := p.want(1)
	r, err := http.Get(p.url + "/slow?ms=3000")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadFull(r.Body, make([]byte, len("begun "))); err != nil {
		t.Fatal(err)
	}
	p.saveVersion(2)
	p.await("swap ")
	p.want(2)
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != old.body {
		t.Errorf("the request begun on version 1 got %q, %v; want %q", body, err, old.body)
	}
	p.await("drain    #1 finished 1 request")
	gone(t, old.pid())
}

func TestF8_NothingHealthyIsAnsweredAtOnce(t *testing.T) {
	p := prepare(t, plainapp)
	p.write("config.yaml", "mode: exit1\n")
	p.run()
	p.await("given up")
	for accept, want := range map[string]string{"": "config says exit1", "application/json": `"detail"`} {
		req, _ := http.NewRequest("GET", p.url+"/version", nil)
		req.Header.Set("Accept", accept)
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), want) ||
			!strings.Contains(string(body), "config says exit1") {
			t.Errorf("Accept %q: status %d, body %s", accept, r.StatusCode, body)
		}
	}
	p.write("config.yaml", "mode: well\n")
	p.awaitVersion(1)
}

// TestS1_NothingStaleUnderLoad: what is asked after the front knew of a save is never
// answered by older code, and no request fails, while ten clients ask without a pause.
func TestS1_NothingStaleUnderLoad(t *testing.T) {
	p := start(t, plainapp)
	load := p.load(10)
	for n := 2; n < 2+times(50); n++ {
		p.saveVersion(n)
		p.pending(uint64(n - 1))
		load.atLeast(n) // holds for every request that begins from now on
		p.want(n)
	}
	load.end(t)
}

// pending waits until the front has heard of a save.
func (p *program) pending(n uint64) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if p.status().Pending >= n {
			return
		}
	}
	p.t.Fatalf("the front never hears of save %d\n%s", n, p.out)
}

func TestS2_BrokenSaveLetsGo(t *testing.T) {
	p := start(t, plainapp)
	old := p.want(1)
	p.saveVersionText("broken")
	p.pending(1)
	a := p.get("/version") // held, then let go by the compiler's end
	if a.pid() != old.pid() || a.build != "failed" {
		t.Errorf("after a broken save: %v", a)
	}
	if line := p.await("version.go:4:16: undefined: broken"); line == "" {
		t.Error("no diagnostic")
	}
	p.saveVersion(2)
	p.pending(2)
	if a := p.want(2); a.build != "" {
		t.Errorf("after the mend: %v", a)
	}
}

func TestS3_SameContentBuildsNothing(t *testing.T) {
	p := start(t, plainapp)
	file := filepath.Join(p.dir, "version", "version.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for round := range times(20) {
		now := time.Now()
		for _, save := range []func() error{
			func() error { return os.WriteFile(file, text, 0o644) },
			func() error { return os.Chtimes(file, now, now) },
			func() error { return os.Chmod(file, os.FileMode(0o600+round%2*0o44)) },
		} {
			if err := save(); err != nil {
				t.Fatal(err)
			}
			p.want(1)
		}
	}
	p.saveVersion(2)
	p.await("build    #2 in") // the second build of all
}

func TestS4_HeldRequestsStartOneBuild(t *testing.T) {
	p := start(t, plainapp)
	p.saveVersion(2)
	p.pending(1)
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if a := p.get("/version"); a.version() != 2 {
				t.Errorf("got %v", a)
			}
		})
	}
	wg.Wait()
	p.saveVersion(3)
	p.await("build    #3 in")
}

func TestS5_FreshFalseHoldsNobody(t *testing.T) {
	p := start(t, plainapp, "--fresh=false")
	p.saveVersion(2)
	p.pending(1)
	if p.get("/version").version() == -1 {
		t.Error("no answer")
	}
	if line := p.await("swap "); strings.Contains(line, "held") {
		t.Errorf("a request was held: %s", line)
	}
	p.want(2)
}

func TestR1_NotReadyIsNotSwapped(t *testing.T) {
	for _, mode := range []string{"exit0", "exit1", "panic", "deaf", "unready", "mortal"} {
		t.Run(mode, func(t *testing.T) {
			p := prepare(t, plainapp)
			p.write(".watcher.toml", "[run]\nready_path = \"/ready\"\nready_timeout = \"2s\"\n")
			p.run()
			p.await("ready  ")
			old := p.want(1)
			p.write("config.yaml", "mode: "+mode+"\n")
			p.await("failed ")
			for range 20 {
				a := p.get("/version")
				if a.pid() != old.pid() || a.build != "failed" {
					t.Fatalf("want the old one's answer, marked: %v\n%s", a, p.out)
				}
			}
			left := family(p.cmd.Process.Pid)
			for _, pid := range left {
				if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); strings.Contains(exe, "plainapp") && pid != old.pid() {
					gone(t, pid) // the candidate's
				}
			}
			p.write("config.yaml", "mode: well again\n")
			p.await("swap ")
			if a := p.want(1); a.pid() == old.pid() || a.build != "" {
				t.Errorf("after the mend: %v", a)
			}
		})
	}
}

func TestR3_NothingIsLeftBehind(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGKILL} {
		for _, during := range []string{"serving", "building"} {
			t.Run(sig.String()+" while "+during, func(t *testing.T) {
				for range times(25) {
					p := start(t, plainapp)
					if during == "building" {
						p.saveVersion(2)
						p.pending(1)
					}
					all := family(p.cmd.Process.Pid)
					if len(all) < 2 {
						t.Fatal("the program has no children")
					}
					if err := p.cmd.Process.Signal(sig); err != nil {
						t.Fatal(err)
					}
					<-p.done
					p.cmd = nil
					gone(t, all...)
					if c, err := http.Get(p.url); err == nil {
						c.Body.Close()
						t.Fatal("somebody still listens on the front")
					}
				}
			})
		}
	}
}

// TestR3_ReaderOfOutputEndsFirst: as in "watcher | tee log" on ^C.
func TestR3_ReaderOfOutputEndsFirst(t *testing.T) {
	p := prepare(t, plainapp)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command("watcher")
	p.cmd.Dir = p.dir
	p.cmd.Env = append(environment(t), "XDG_CACHE_HOME="+t.TempDir(), "WATCHER_PROXY_LISTEN=0")
	p.cmd.Stdout, p.cmd.Stderr = w, w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	lines := bufio.NewScanner(r)
	for lines.Scan() && !strings.Contains(lines.Text(), "ready  ") {
		if strings.Contains(lines.Text(), "front    http") {
			p.url = frontOf(lines.Text())
		}
	}
	r.Close()
	p.saveVersion(2) // whose lines nobody reads
	app := p.awaitVersion(2).pid()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	p.cmd = nil
	gone(t, app)
}

func TestR3_ClosedTerminal(t *testing.T) {
	p := prepare(t, plainapp)
	// script gives the program a terminal of its own, which ends with script.
	path, err := exec.LookPath("watcher")
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "typescript")
	p.cmd = exec.Command("script", "-qfc", path, log)
	p.cmd.Dir = p.dir
	p.cmd.Env = append(environment(t), "XDG_CACHE_HOME="+t.TempDir(), "WATCHER_PROXY_LISTEN=0")
	p.cmd.Stdout = p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.await("ready")
	all := family(p.cmd.Process.Pid)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	gone(t, all...)
}

func TestR10_AppIsOnATerminalWhereWeAre(t *testing.T) {
	p := prepare(t, "testdata/ownport")
	p.write("main.go", `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	out, _ := os.Stdout.Stat()
	err, _ := os.Stderr.Stat()
	fmt.Println("terminals:", out.Mode()&os.ModeCharDevice != 0, err.Mode()&os.ModeCharDevice != 0)
	panic(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`)
	path, err := exec.LookPath("watcher")
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command("script", "-qfc", path, filepath.Join(t.TempDir(), "typescript"))
	p.cmd.Dir = p.dir
	p.cmd.Env = append(environment(t), "XDG_CACHE_HOME="+t.TempDir(), "WATCHER_PROXY_LISTEN=0")
	p.cmd.Stdout = p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.await("terminals: true true")
	p.await("ready")
	all := family(p.cmd.Process.Pid)
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.cmd = nil
	gone(t, all...)

	p.run()
	p.await("terminals: false false")
}

// TestR6_SlowDrainsDelayNoSwap: five swaps, with a request open on each old process that
// would take a minute. At most four processes live, and the oldest is ended.
func TestR6_SlowDrainsDelayNoSwap(t *testing.T) {
	p := start(t, plainapp)
	first := p.want(1).pid()
	for n := 2; n <= 6; n++ {
		r, err := http.Get(p.url + "/slow?ms=60000")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if _, err := io.ReadFull(r.Body, make([]byte, len("begun "))); err != nil {
			t.Fatal(err)
		}
		p.saveVersion(n)
		p.await("swap ")
		p.want(n)
		if apps := p.apps(); len(apps) > 4 {
			t.Fatalf("%d processes of the app live: %v", len(apps), apps)
		}
	}
	gone(t, first)
}

// apps lists the processes of the service below the program.
func (p *program) apps() (pids []int) {
	for _, pid := range family(p.cmd.Process.Pid) {
		if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); strings.Contains(exe, "plainapp") && alive(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// TestR7_StopFirstFailsNobody: an app that binds its own port, whatever it is told, and
// may not be moved.
func TestR7_StopFirstFailsNobody(t *testing.T) {
	p := prepare(t, "testdata/ownport")
	p.env = append(p.env, "WATCHER_RUN_REMAP=false")
	p.run("--", "-addr", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	p.await("stops the old one first")
	p.await("ready  ")
	load := p.load(4)
	for n := 2; n < 2+times(20); n++ {
		p.saveOwnport(n)
		p.pending(uint64(n - 1))
		load.atLeast(n)
		p.want(n)
	}
	load.end(t)
}

func (p *program) saveOwnport(n int) {
	p.t.Helper()
	p.save("main.go", fmt.Sprintf("const version = %d", n-1), fmt.Sprintf("const version = %d", n))
}

// TestS7_SavingFasterThanBuilding: a save every 1.5 s on a build of 2 s and more, some
// of them broken. New code is seen all the time, and the last content in the end.
func TestS7_SavingFasterThanBuilding(t *testing.T) {
	p := prepare(t, plainapp)
	p.slowCompiler(2 * time.Second)
	p.run()
	p.await("ready  ")
	load := p.load(2)
	saves := 60
	if !full {
		saves = 12
	}
	seen := map[int]bool{}
	last := 0
	for n := 2; n < 2+saves; n++ {
		if n%8 == 0 {
			p.saveVersionText("broken")
		} else {
			p.saveVersion(n)
			last = n
		}
		time.Sleep(1500 * time.Millisecond) // the developer's own pace
		seen[load.newest()] = true
	}
	if last != 1+saves {
		p.saveVersion(last)
	}
	p.awaitVersion(last)
	if want := saves / 6; len(seen) < want {
		t.Errorf("%d generations were seen, want %d\n%s", len(seen), want, p.out)
	}
	load.end(t)
}

// slowCompiler makes every compilation of the service's own two packages take half of d,
// after it has read the source.
func (p *program) slowCompiler(d time.Duration) {
	p.t.Helper()
	tool := filepath.Join(p.t.TempDir(), "slow")
	script := fmt.Sprintf("#!/bin/sh\n\"$@\" || exit\ncase \"$*\" in *-V=full*) ;; *compile*plainapp*) sleep %g ;; esac\n", d.Seconds()/2)
	if err := os.WriteFile(tool, []byte(script), 0o755); err != nil {
		p.t.Fatal(err)
	}
	p.write(".watcher.toml", fmt.Sprintf("[build]\nflags = [\"-toolexec=%s\"]\n", tool))
}

func (p *program) write(file, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, file), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// load asks without a pause, every second time with a body, and checks every answer.
type load struct {
	p      *program
	floor  atomic.Int64 // what begins now must be answered by this version or a newer one
	high   atomic.Int64
	count  atomic.Int64
	faults chan string
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

func (p *program) load(clients int) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{p: p, faults: make(chan string, 1), stop: stop}
	for i := range clients {
		l.wg.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				l.ask(n)
			}
		})
	}
	p.t.Cleanup(func() { stop(); l.wg.Wait() })
	return l
}

func (l *load) ask(n int) {
	floor := l.floor.Load()
	a, want := l.p.get("/version"), ""
	if n%2 == 1 {
		body := bytes.Repeat([]byte{byte(n)}, 2000)
		want = fmt.Sprintf("hash %x query a=1&b=%%zz", sha256.Sum256(body))
		a = l.p.post("/echo?a=1&b=%zz", body)
	}
	l.count.Add(1)
	switch {
	case a.err != nil || a.status != http.StatusOK || !strings.Contains(a.body, want):
		l.fault("a request failed: %v", a)
	case int64(a.version()) < floor && a.build == "":
		l.fault("asked when version %d was saved, answered by %v", floor, a)
	}
	for high := l.high.Load(); int64(a.version()) > high && !l.high.CompareAndSwap(high, int64(a.version())); {
		high = l.high.Load()
	}
}

func (l *load) fault(format string, args ...any) {
	select {
	case l.faults <- fmt.Sprintf(format, args...):
	default:
	}
}

func (l *load) atLeast(version int) { l.floor.Store(int64(version)) }
func (l *load) newest() int         { return int(l.high.Load()) }

func (l *load) end(t testing.TB) {
	t.Helper()
	l.stop()
	l.wg.Wait()
	select {
	case fault := <-l.faults:
		t.Errorf("%s\n%s", fault, l.p.out)
	default:
	}
	if l.count.Load() == 0 {
		t.Error("no request was made")
	}
}

func (p *program) post(path string, body []byte) answer {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	r, err := client.Post(p.url+path, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	return answer{r.StatusCode, r.Header.Get("Watcher-Build"), string(text), err}
}
