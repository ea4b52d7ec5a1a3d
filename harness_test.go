package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for an event before it fails. Nothing passes or
// fails by the clock below it.
const patience = 60 * time.Second

// program is one run of the real program on a copy of a sample service.
type program struct {
	t     testing.TB
	dir   string   // of the service
	env   []string // further variables
	cache string   // where it keeps its binaries
	url   string   // of the front
	cmd   *exec.Cmd
	out   *transcript
	done  chan error // the end of the program
}

// start copies a sample service, runs the program in it, and waits until it serves.
func start(t testing.TB, sample string, args ...string) *program {
	t.Helper()
	p := prepare(t, sample)
	p.run(args...)
	p.await("ready  ")
	return p
}

// prepare copies a sample service to a folder of its own.
func prepare(t testing.TB, sample string) *program {
	t.Helper()
	dir := filepath.Join(t.TempDir(), filepath.Base(sample))
	if err := os.CopyFS(dir, os.DirFS(sample)); err != nil {
		t.Fatal(err)
	}
	return &program{t: t, dir: dir, out: &transcript{}, done: make(chan error, 1)}
}

// run starts the program and waits until its front is open. The front takes any free
// port, unless args say otherwise.
func (p *program) run(args ...string) {
	p.t.Helper()
	p.spawn(args...)
	p.await("front    http")
	p.url = frontOf(p.out.String())
}

// frontOf reads the front's address from the program's output.
func frontOf(output string) string {
	return regexp.MustCompile(`front    (http://\S+)`).FindStringSubmatch(output)[1]
}

func (p *program) spawn(args ...string) {
	p.t.Helper()
	p.begin(exec.Command("watcher", args...))
}

// hearHangups has what the tests start hear of a hangup, also where whoever started the tests has
// it ignored, as nohup does: that is inherited, and a signal that is caught is not.
var hearHangups = sync.OnceFunc(func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) })

// begin starts a command that is the program, or becomes it.
func (p *program) begin(cmd *exec.Cmd) {
	p.t.Helper()
	hearHangups()
	p.cmd = cmd
	p.cmd.Dir = p.dir
	p.cache = p.t.TempDir()
	p.cmd.Env = append(environment(p.t), "XDG_CACHE_HOME="+p.cache)
	if !strings.Contains(strings.Join(cmd.Args, " "), "--listen") {
		p.cmd.Env = append(p.cmd.Env, "WATCHER_PROXY_LISTEN=0")
	}
	p.cmd.Env = append(p.cmd.Env, p.env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	p.t.Cleanup(p.stop)
}

// environment is the tests' own, with the user's cache for go build's results, where
// they save time.
func environment(t testing.TB) []string {
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "GOCACHE="+strings.TrimSpace(string(goCache)))
}

// stop interrupts the program, if it runs, and waits for its end.
func (p *program) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("the program does not end on an interrupt\n%s", p.out)
	}
	p.cmd = nil
	if p.t.Failed() {
		p.t.Logf("output of the program:\n%s", p.out)
	}
}

// await waits for a line that contains text, after the line that was awaited last.
func (p *program) await(text string) string {
	p.t.Helper()
	line, ok := p.out.await(text, patience)
	if !ok {
		p.t.Fatalf("no line with %q; the output so far:\n%s", text, p.out)
	}
	return line
}

// save replaces one text in a file of the service by another.
func (p *program) save(file, old, new string) {
	p.t.Helper()
	path := filepath.Join(p.dir, file)
	text, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		p.t.Fatalf("%s does not contain %q", file, old)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(old), []byte(new), 1), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

var number = regexp.MustCompile(`const Number = .*`)

// saveVersion makes the service's version n.
func (p *program) saveVersion(n int) {
	p.t.Helper()
	p.saveVersionText(strconv.Itoa(n))
}

func (p *program) saveVersionText(value string) {
	p.t.Helper()
	file := filepath.Join(p.dir, "version", "version.go")
	text, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	text = number.ReplaceAll(text, []byte("const Number = "+value))
	if err := os.WriteFile(file, text, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// answer is one of the front's, or the error of not getting one.
type answer struct {
	status int
	build  string // Watcher-Build
	body   string
	err    error
}

func (a answer) String() string {
	return fmt.Sprintf("status %d, Watcher-Build %q, error %v, body %q", a.status, a.build, a.err, a.body)
}

var versionPid = regexp.MustCompile(`version (\d+)(?: pid (\d+))?`)

// version is the version of the code that answered; -1 if none did.
func (a answer) version() int {
	if m := versionPid.FindStringSubmatch(a.body); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return -1
}

func (a answer) pid() int {
	if m := versionPid.FindStringSubmatch(a.body); m != nil {
		n, _ := strconv.Atoi(m[2])
		return n
	}
	return 0
}

// get asks once, on a connection of its own.
func (p *program) get(path string) answer {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	r, err := client.Get(p.url + path)
	if err != nil {
		return answer{err: err}
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return answer{r.StatusCode, r.Header.Get("Watcher-Build"), string(body), err}
}

// want asks once and fails the test if the answer is another version's.
func (p *program) want(version int) answer {
	p.t.Helper()
	a := p.get("/version")
	if a.version() != version || a.status != http.StatusOK {
		p.t.Fatalf("want version %d, got %v\n%s", version, a, p.out)
	}
	return a
}

// awaitVersion asks until a version answers.
func (p *program) awaitVersion(version int) answer {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if a := p.get("/version"); a.version() == version {
			return a
		}
	}
	p.t.Fatalf("version %d never answers\n%s", version, p.out)
	return answer{}
}

// gone waits until a process has ended.
func gone(t testing.TB, pids ...int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		left := 0
		for _, pid := range pids {
			if alive(pid) {
				left = pid
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is left behind", left)
		}
	}
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return len(fields) > 0 && fields[0] != "Z"
}

// family lists a process and all that descend from it.
func family(root int) []int {
	parent := map[int]int{}
	_ = fs.WalkDir(os.DirFS("/proc"), ".", func(path string, d fs.DirEntry, err error) error {
		pid, bad := strconv.Atoi(d.Name())
		if bad != nil {
			if path != "." {
				return fs.SkipDir
			}
			return nil
		}
		stat, _ := os.ReadFile("/proc/" + d.Name() + "/stat")
		if fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); len(fields) > 1 {
			parent[pid], _ = strconv.Atoi(fields[1])
		}
		return fs.SkipDir
	})
	all := []int{root}
	for i := 0; i < len(all); i++ {
		for pid, of := range parent {
			if of == all[i] {
				all = append(all, pid)
			}
		}
	}
	return all
}

// freePort returns a port that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// transcript keeps what a program prints and lets a test wait for a line of it.
type transcript struct {
	mu     sync.Mutex
	text   bytes.Buffer
	passed int           // up to here lines have been awaited
	more   chan struct{} // closed at the next write
}

func (o *transcript) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
	return len(b), nil
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// next returns the next line with text, or a channel that is closed when there is more.
func (o *transcript) next(text string) (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rest := o.text.Bytes()[o.passed:]; ; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if !whole {
			break
		}
		rest = after
		if bytes.Contains(line, []byte(text)) {
			o.passed = o.text.Len() - len(rest)
			return string(line), nil
		}
	}
	if o.more == nil {
		o.more = make(chan struct{})
	}
	return "", o.more
}

// seek makes lines count from a place of the text on, and returns the place that they counted
// from before.
func (o *transcript) seek(place int) (before int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before, o.passed = o.passed, place
	return before
}

func (o *transcript) await(text string, limit time.Duration) (string, bool) {
	timeout := time.After(limit)
	for {
		line, more := o.next(text)
		if more == nil {
			return line, true
		}
		select {
		case <-more:
		case <-timeout:
			return "", false
		}
	}
}

// status is what the control address tells.
type status struct {
	State      string `json:"state"`
	Generation int    `json:"generation"`
	PID        int    `json:"pid"`
	Pending    uint64 `json:"pending"`
	Settled    uint64 `json:"settled"`
	Processes  []struct {
		Generation int
		State      string
		Reason     string
		Code       *int
		Signal     string
		Attempt    int
	}
}

func (p *program) status() (s status) {
	p.t.Helper()
	r, err := http.Get(p.url + "/__watcher/api/status")
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		p.t.Fatal(err)
	}
	return s
}
