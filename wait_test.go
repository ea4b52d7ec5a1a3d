package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// waited is the answer to `watcher wait --json`.
type waited struct {
	code     int
	Result   string `json:"result"`
	Reason   string `json:"reason"`
	Upstream string `json:"upstream"`
	Error    *struct {
		Diagnostics []struct {
			File    string `json:"file"`
			Line    int    `json:"line"`
			Message string `json:"message"`
		} `json:"diagnostics"`
	} `json:"last_error"`
	text string
}

// call runs the program once more, beside the one that runs, and returns what it prints.
func (p *program) call(args ...string) (text string, code int) {
	p.t.Helper()
	cmd := exec.Command("watcher", args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+p.cache)
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	} else if err != nil {
		p.t.Fatal(err)
	}
	return string(out), 0
}

func (p *program) wait(args ...string) (w waited) {
	p.t.Helper()
	w.text, w.code = p.call(append([]string{"wait", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(w.text), &w); err != nil {
		p.t.Fatalf("%v: %s", err, w.text)
	}
	return w
}

// direct asks the process behind the front, which holds nobody.
func (w waited) direct(t testing.TB, path string) string {
	t.Helper()
	r, err := http.Get("http://" + w.Upstream + path)
	if err != nil {
		t.Fatalf("%v: %s", err, w.text)
	}
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	return string(body)
}

// TestT5_WaitIsExact: each save is followed at once by a wait. The process that serves then
// is asked past the front, which would hold the request by itself.
func TestT5_WaitIsExact(t *testing.T) {
	p := start(t, plainapp)
	p.waitsExactly(p.saveVersion, 2, max(times(100), 10))
}

// TestT5_WaitByHTTPIsExact: nothing starts between the save and the call. Nor does it
// between the answer and the next save, and still nobody is taken for an app that writes its
// own configuration.
func TestT5_WaitByHTTPIsExact(t *testing.T) {
	p := start(t, plainapp, "--fresh=false")
	for n := 2; n < 2+max(times(100), 12); n++ {
		path, text := "/version", fmt.Sprintf("version %d ", n)
		if n%2 == 0 {
			p.saveVersion(n)
		} else {
			path, text = "/config", fmt.Sprintf("greeting: %d", n)
			p.write("config.yaml", text+"\n")
		}
		for range 3 { // a config alone is saved over and over
			if a := p.get("/__watcher/api/wait"); a.status != http.StatusOK || !strings.Contains(a.body, `"result":"served"`) {
				t.Fatalf("save %d: %v\n%s", n, a, p.out)
			}
			if a := p.get(path); !strings.Contains(a.body, text) || a.build != "" {
				t.Fatalf("save %d: %v\n%s", n, a, p.out)
			}
			path, text = "/config", text+"."
			p.write("config.yaml", text+"\n")
		}
		p.get("/__watcher/api/wait")
	}
}

// TestT5_ScriptThatIsTakenForALoop: who saves the same configuration as soon as it is served,
// and asks no wait, cannot be told from an app that does so. Then no answer passes for the
// newest, and wait says why.
func TestT5_ScriptThatIsTakenForALoop(t *testing.T) {
	p := start(t, plainapp)
	for n := range 20 {
		text := fmt.Sprintf("greeting: %d", n)
		before := p.status().Pending
		p.write("config.yaml", text+"\n")
		for p.status().Pending == before { // until the save is known, it counts for no request
		}
		a := p.get("/config")
		if strings.Contains(a.body, text) && a.build == "" {
			continue
		}
		if a.build != "pending" {
			t.Fatalf("save %d: %v\n%s", n, a, p.out)
		}
		if w := p.wait(); w.code != 3 || w.Result != "paused" || !strings.Contains(w.Reason, "a loop that feeds itself") {
			t.Fatalf("save %d: exit code %d, %s\n%s", n, w.code, w.text, p.out)
		}
		p.call("resume")
		if w := p.wait(); w.code != 0 || !strings.Contains(p.get("/config").body, text) {
			t.Fatalf("resumed: exit code %d, %s\n%s", w.code, w.text, p.out)
		}
		return
	}
	t.Log("it was not taken for one")
}

func (p *program) waitsExactly(save func(version int), first, count int) {
	p.t.Helper()
	for n := first; n < first+count; n++ {
		save(n)
		if w := p.wait(); w.code != 0 || w.Result != "served" || !strings.Contains(w.direct(p.t, "/version"), fmt.Sprintf("version %d ", n)) {
			p.t.Fatalf("version %d: exit code %d, %s\n%s", n, w.code, w.text, p.out)
		}
	}
}

// TestT5_WaitTellsWhatIsWrong: with 1 and the place, as it is seen from where one asks.
func TestT5_WaitTellsWhatIsWrong(t *testing.T) {
	p := start(t, plainapp)
	for n := 2; n < 2+max(times(20), 5); n++ {
		p.saveVersionText(fmt.Sprint(n, " + undefinedThing"))
		w := p.wait("-C", "version")
		if w.code != 1 || w.Result != "failed" || w.Reason != "build: 1 problem" || w.Error == nil || len(w.Error.Diagnostics) != 1 {
			t.Fatalf("exit code %d, %s", w.code, w.text)
		}
		if d := w.Error.Diagnostics[0]; d.File != filepath.Join("version", "version.go") || d.Line == 0 || !strings.Contains(d.Message, "undefinedThing") {
			t.Fatalf("%+v", d)
		}
		p.saveVersion(n)
		if w := p.wait(); w.code != 0 {
			t.Fatalf("the mend: exit code %d, %s", w.code, w.text)
		}
	}
	p.write(".watcher.toml", "[run]\nswap = \"sideways\"\n")
	w := p.wait()
	if w.code != 1 || w.Error == nil || len(w.Error.Diagnostics) != 1 || w.Error.Diagnostics[0].File != ".watcher.toml" || w.Error.Diagnostics[0].Line != 2 {
		t.Fatalf("settings: exit code %d, %s", w.code, w.text)
	}
	if a := p.get("/version"); a.status != http.StatusOK || a.build != "" {
		t.Errorf("settings: %v", a)
	}
	p.write(".watcher.toml", "")
	if w := p.wait(); w.code != 0 {
		t.Fatalf("the mend of the settings: exit code %d, %s", w.code, w.text)
	}
	p.write("config.yaml", "mode: panic\n")
	text, code := p.call("wait")
	if code != 1 || !strings.Contains(text, "main.go:") || !strings.Contains(text, "panic: config says panic") || !strings.Contains(text, "goes on") {
		t.Fatalf("exit code %d, %s", code, text)
	}
}

// TestT5_WaitWithoutAnAnswer: nothing can be said, which is neither 0 nor 1, and why is one
// line.
func TestT5_WaitWithoutAnAnswer(t *testing.T) {
	p := prepare(t, plainapp)
	p.cache = t.TempDir()
	text, code := p.call("wait")
	if code != 2 || !strings.Contains(text, "no watcher runs for") || strings.Count(text, "\n") != 1 {
		t.Errorf("none: exit code %d, %s", code, text)
	}
	if w := p.wait(); w.code != 2 || w.Result != "none" || !strings.HasPrefix(w.Reason, "no watcher runs for") {
		t.Errorf("none: exit code %d, %s", w.code, w.text)
	}
	if text, code := p.call("status"); code != 1 || !strings.Contains(text, "no watcher runs for") {
		t.Errorf("status of none: exit code %d, %s", code, text)
	}
	p.run()
	p.await("ready  ")
	p.write("config.yaml", "mode: deaf\n") // never ready
	if w := p.wait("--timeout", "300ms"); w.code != 3 || w.Result != "timeout" || w.Reason != "the app is starting" {
		t.Errorf("timeout: exit code %d, %s", w.code, w.text)
	}
	if text, code := p.call("wait", "./other"); code != 2 || !strings.Contains(text, "no watcher runs for ./other in") {
		t.Errorf("another package: exit code %d, %s", code, text)
	}
	if text, code := p.call("status"); code != 0 || !strings.Contains(text, "starting") || !strings.Contains(text, p.url) {
		t.Errorf("status: exit code %d, %s", code, text)
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	p.cmd = nil
	if text, code := p.call("status", "--quiet"); code != 1 || !strings.Contains(text, "no watcher runs for") {
		t.Errorf("killed: exit code %d, %s", code, text)
	}
}

// agent is somebody who edits six files at a time, each by another number.
type agent struct {
	*program
	n int
}

const agentApp = `
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	config, _ := os.ReadFile("config.yaml")
	page, _ := os.ReadFile("templates/page.tmpl")
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%d %d %d %d %s %s", A, B, C, D, config, page)
	})
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
`

// edit saves all six, as bad says with a mistake in the third, which is mended by the next.
func (a *agent) edit(between time.Duration, bad bool) {
	a.t.Helper()
	a.n++
	for i, name := range []string{"a.go", "b.go", "c.go", "d.go", "config.yaml", "templates/page.tmpl"} {
		text := fmt.Sprint(a.n)
		if i < 4 {
			text = fmt.Sprintf("package main\n\nconst %c = %d\n", 'A'+i, a.n)
		}
		if bad && i == 2 {
			text += "func (\n"
		}
		path := filepath.Join(a.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			a.t.Fatal(err)
		}
		time.Sleep(between) // it thinks
	}
}

// TestT5_AgentEditsInBursts for a minute, in full, and after each burst asks `wait` and then
// the service.
func TestT5_AgentEditsInBursts(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	put("go.mod", "module example.com/agent\n\ngo 1.26\n")
	put("main.go", agentApp)
	put("templates/page.tmpl", "")
	a := &agent{program: prepare(t, dir)}
	a.edit(0, false)
	a.run()
	rounds := 0
	for began := time.Now(); rounds < 6 || full && time.Since(began) < time.Minute; rounds++ {
		paused, bad := rounds%3 == 1, rounds%3 == 2
		if paused {
			a.order("pause")
		}
		a.edit([]time.Duration{0, 30 * time.Millisecond, 300 * time.Millisecond}[rounds%3], bad)
		if paused {
			if a.n > 1 && strings.Contains(a.get("/").body, fmt.Sprint(a.n)) {
				t.Fatalf("something was served while it was paused\n%s", a.out)
			}
			a.order("resume")
		}
		w := a.wait()
		if bad {
			if w.code != 1 || w.Error == nil || len(w.Error.Diagnostics) == 0 || w.Error.Diagnostics[0].File != "c.go" {
				t.Fatalf("exit code %d, %s\n%s", w.code, w.text, a.out)
			}
			continue
		}
		want := strings.TrimSpace(strings.Repeat(fmt.Sprint(a.n, " "), 6))
		if got := a.get("/").body; w.code != 0 || got != want {
			t.Fatalf("round %d: exit code %d, the service says %q, want %q\n%s\n%s", a.n, w.code, got, want, w.text, a.out)
		}
	}
	t.Logf("%d bursts", rounds)
}

func (a *agent) order(name string) {
	a.t.Helper()
	if text, code := a.call(name); code != 0 {
		a.t.Fatalf("%s: exit code %d, %s", name, code, text)
	}
}

// What only looks leaves the folder of the watcher that runs alone.
func TestT5_LookingWritesNothing(t *testing.T) {
	p := start(t, plainapp)
	mark := filepath.Join(p.marks(), "of somebody who waits")
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"explain", "main.go"}, {"status"}, {"schema"}, {"completion", "bash"}, {"version"}, {"--help"}} {
		if out, code := p.call(command...); code != 0 {
			t.Errorf("%s: %d: %s", command, code, out)
		}
		if _, err := os.Stat(mark); err != nil {
			t.Fatalf("%s has taken a mark away: %v", command, err)
		}
	}
	p.saveVersion(2)
	if w := p.wait(); w.code != 0 || !strings.Contains(w.direct(t, "/version"), "version 2") {
		t.Errorf("wait says %+v", w)
	}
}

// marks is the folder of the watcher's marks.
func (p *program) marks() string {
	p.t.Helper()
	found, err := filepath.Glob(filepath.Join(p.cache, "watcher", "*", "marks"))
	if err != nil || len(found) != 1 {
		p.t.Fatalf("folders of marks: %v %v", found, err)
	}
	return found[0]
}
