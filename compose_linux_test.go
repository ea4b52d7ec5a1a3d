package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// compiling is how long a first build may take in a container, with nothing cached.
const compiling = 10 * time.Minute

// TestT9_ComposeLoop: the files that init docker writes, used by the letter with a real
// engine, give the whole loop in a container.
func TestT9_ComposeLoop(t *testing.T) {
	tool := engineOrSkip(t)
	c := &composed{tool: tool, project: "watchertest" + random(), port: freePort(t)}
	c.image = goImage(t, "testdata/ginapp")
	t.Cleanup(func() { c.nothingIsLeft(t) })
	t.Run("beside a Compose file", c.besideAFile)
	t.Run("on a mount without events", c.blindMount)
	if slices.Equal(tool, composeV2) {
		t.Run("by docker compose watch", c.synced)
	}
}

// composed is a project of Compose, in one folder after the other.
type composed struct {
	*program
	tool    []string // how Compose is called
	files   []string // its arguments: -f of each file, or none for compose.yaml
	project string
	image   string // that stands in for golang:1.26
	port    int    // of this machine
}

// mine are the ids of the user whose folder it is; no such user exists in the image.
const mine = 1000

// in prepares the sample service in a folder of its own, whose name is no simple one.
func (c *composed) in(t *testing.T) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "the café")
	if err := os.CopyFS(dir, os.DirFS("testdata/ginapp")); err != nil {
		t.Fatal(err)
	}
	c.program = &program{t: t, dir: dir, out: &transcript{}, done: make(chan error, 1), url: fmt.Sprintf("http://127.0.0.1:%d", c.port)}
	c.env = []string{"COMPOSE_PROJECT_NAME=" + c.project, "GO_IMAGE=" + c.image, fmt.Sprintf("HOST_PORT=%d", c.port)}
	c.write(".env", "PORT=9000\nJOURNAL=journal.txt\n")
}

// write makes a file of the project.
func (c *composed) write(file, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, file), []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// up has the files written and does what they say.
func (c *composed) up() {
	c.t.Helper()
	c.prepare()
	c.begin(exec.Command(c.tool[0], c.words("up")...))
}

// prepare has the files written. They are the user's, as all in the folder.
func (c *composed) prepare() {
	c.t.Helper()
	said := call(c.t, c.dir, []string{"WATCHER_PROXY_LISTEN="}, "watcher", "init", "docker")
	_, next, _ := strings.Cut(strings.TrimSpace(said), "next: docker compose ")
	c.files = strings.Fields(strings.TrimSuffix(next, "up"))
}

// words are the arguments by which Compose is called for this project.
func (c *composed) words(words ...string) []string {
	return append(append(append([]string{}, c.tool[1:]...), c.files...), words...)
}

// compose calls Compose.
func (c *composed) compose(words ...string) string {
	c.t.Helper()
	return call(c.t, c.dir, c.env, append([]string{c.tool[0]}, c.words(words...)...)...)
}

// inside runs a command in the container of a service, as its user.
func (c *composed) inside(service string, words ...string) string {
	c.t.Helper()
	return call(c.t, "", nil, append([]string{"docker", "exec", c.container(service)}, words...)...)
}

// container is the id of the newest one of a service.
func (c *composed) container(service string) string {
	c.t.Helper()
	return strings.TrimSpace(call(c.t, "", nil, "docker", "ps", "--all", "--latest", "--quiet", "--no-trunc",
		"--filter", "label=com.docker.compose.project="+c.project, "--filter", "label=com.docker.compose.service="+service))
}

// state is what the engine says of the app's container.
func (c *composed) state(format string) string {
	c.t.Helper()
	return strings.TrimSpace(call(c.t, "", nil, "docker", "inspect", "--format", format, c.container("app")))
}

// awaitLong waits for a line as a first build may take it, but no longer than Compose runs.
func (c *composed) awaitLong(text string) {
	c.t.Helper()
	limit := time.After(compiling)
	for _, more := c.out.next(text); more != nil; _, more = c.out.next(text) {
		select {
		case <-more:
		case err := <-c.done:
			c.done <- err // for stop
			c.t.Fatalf("Compose has ended (%v) without a line with %q:\n%s", err, text, c.out)
		case <-limit:
			c.t.Fatalf("no line with %q:\n%s", text, c.out)
		}
	}
}

// awaitAnswer asks until the answer has the text, and says whether it was marked.
func (c *composed) awaitAnswer(path, text string) answer {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		a := c.get(path)
		if strings.Contains(a.body, text) {
			return a
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s never answers %q, last: %v\n%s", path, text, a, c.out)
		}
	}
}

// until asks the engine until it says so.
func (c *composed) until(format, want string) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); c.state(format) != want; {
		if time.Now().After(deadline) {
			c.t.Fatalf("%s is %q, want %q\n%s", format, c.state(format), want, c.out)
		}
	}
}

const versionFile = "internal/version/version.go"

// besideAFile is the loop of a project that has a Compose file with a database in it.
func (c *composed) besideAFile(t *testing.T) {
	c.in(t)
	// The database opens its port when it is told to; the neighbour is the one who asks.
	c.write("compose.yaml", fmt.Sprintf(`services:
  db:
    image: %[1]s
    expose: ["5432"]
    init: true
    command: ["sh", "-c", "until [ -e /open ]; do sleep 0.1; done; exec perl -MIO::Socket::INET -e '$$s = IO::Socket::INET->new(LocalPort => 5432, Listen => 9); while ($$c = $$s->accept) { close $$c }'"]
  neighbour:
    image: %[1]s
    init: true
    command: ["sleep", "infinity"]
`, c.image))
	call(t, "", nil, "chown", "--recursive", fmt.Sprintf("%d:%d", mine, mine), c.dir)
	c.up()
	c.awaitLong("starts when tcp://db:5432 is there")
	c.inside("db", "touch", "/open")
	c.await("ready  ")
	c.awaitAnswer("/version", "v1")
	if got := c.inside("neighbour", "curl", "--silent", "--show-error", "--fail", "http://app:9000/version"); got != "v1" {
		t.Errorf("from another service: %q", got)
	}
	if strings.Contains(c.out.String(), "other machines") {
		t.Errorf("a port that nobody else reaches is warned of:\n%s", c.out)
	}
	c.hasNoRights()
	c.browserIsTold()
	c.neighboursAreNot()
	c.savesAreServed()
	c.until("{{.State.Health.Status}}", "healthy")
	c.keepsTheOwner()
	c.comesBackAfterAKill()
	c.stopsInOrder()
	c.compose("down")
}

// hasNoRights: watcher is the first process, and neither it nor the app is root or can become it.
func (c *composed) hasNoRights() {
	c.t.Helper()
	if name := c.inside("app", "cat", "/proc/1/comm"); name != "watcher\n" {
		c.t.Errorf("the first process is %q", name)
	}
	status := c.inside("app", "cat", "/proc/1/status", fmt.Sprintf("/proc/%d/status", c.program.status().PID))
	for _, line := range []string{"Uid:\t1000\t1000\t1000\t1000\n", "Gid:\t1000\t1000\t1000\t1000\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n"} {
		if strings.Count(status, line) != 2 {
			c.t.Errorf("not of both processes: %q\n%s", line, status)
		}
	}
}

// browserIsTold: a browser of this machine comes by the published port, from the gateway of
// the network of the container, and has live reload there.
func (c *composed) browserIsTold() {
	c.t.Helper()
	if a := c.get("/__watcher/healthz"); a.status != http.StatusOK {
		c.t.Errorf("asked from this machine: %v", a)
	}
	r, err := http.Get(c.url + "/__watcher/events")
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	if line, err := bufio.NewReader(r.Body).ReadString('\n'); err != nil || !strings.HasPrefix(line, `data: {"run":`) {
		c.t.Errorf("the events begin with %q, %v", line, err)
	}
	page, err := http.NewRequest(http.MethodGet, c.url+"/", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	page.Header.Set("Sec-Fetch-Dest", "document")
	r, err = http.DefaultClient.Do(page)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	if text, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(text), "/__watcher/client.js") {
		c.t.Errorf("the page has no script: %q, %v", text, err)
	}
}

// neighboursAreNot: other services use the app, and are told nothing of its code.
func (c *composed) neighboursAreNot() {
	c.t.Helper()
	address := c.state("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
	for host, setting := range map[string]string{"app": "allowed_hosts", address: "allowed_clients"} {
		got := c.inside("neighbour", "curl", "--silent", "--show-error", "http://"+host+":9000/__watcher/api/status")
		if !strings.Contains(got, "[proxy] "+setting) || strings.Contains(got, "state") {
			c.t.Errorf("another service asks %s: %q", host, got)
		}
	}
	if got := c.inside("app", "curl", "--silent", "--show-error", "http://"+address+":9000/__watcher/healthz"); got != "ok\n" {
		c.t.Errorf("asked in the container by its own address: %q", got)
	}
}

// savesAreServed: Go files, a config file, a mistake and its mending, as in a terminal.
func (c *composed) savesAreServed() {
	c.t.Helper()
	c.save(versionFile, `"v1"`, `"v2"`)
	c.awaitAnswer("/version", "v2")
	c.save("config.yaml", "title: Notes", "title: Changed")
	c.inside("app", "watcher", "wait")
	if a := c.get("/config"); !strings.Contains(a.body, "Changed") {
		c.t.Errorf("after watcher wait: %v\n%s", a, c.out)
	}
	c.save(versionFile, `"v2"`, `"v3`)
	c.await("failed   ")
	if a := c.get("/version"); a.body != "v2" || a.build != "failed" {
		c.t.Errorf("after a broken save: %v", a)
	}
	c.save(versionFile, `"v3`, `"v3"`)
	if a := c.awaitAnswer("/version", "v3"); a.build != "" {
		c.t.Errorf("after it was mended: %v", a)
	}
}

// keepsTheOwner: what the app writes in the folder belongs to the user.
func (c *composed) keepsTheOwner() {
	c.t.Helper()
	if a := c.post("/echo?id=1", nil); a.status != http.StatusOK {
		c.t.Fatalf("POST: %v", a)
	}
	info, err := os.Stat(filepath.Join(c.dir, "journal.txt"))
	if err != nil {
		c.t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != mine || owner.Gid != mine {
		c.t.Errorf("the app's file belongs to %d:%d", owner.Uid, owner.Gid)
	}
}

// comesBackAfterAKill: what a killed watcher leaves in its volume is in nobody's way.
func (c *composed) comesBackAfterAKill() {
	c.t.Helper()
	call(c.t, "", nil, "docker", "kill", c.container("app"))
	c.until("{{.State.Running}}", "false")
	c.compose("start", "app")
	c.awaitAnswer("/version", "v3")
}

// engineGrants is how long a container has to stop where its file says nothing.
const engineGrants = 10 * time.Second

// stopsInOrder: a request in flight is answered, and then the container ends by itself, as
// one that was asked to. That it is in flight is known by the line that has come back.
func (c *composed) stopsInOrder() {
	c.t.Helper()
	body, lines := io.Pipe()
	defer lines.Close()
	go io.WriteString(lines, "before\n") // ends with the pipe
	r, err := http.Post(c.url+"/lines", "text/plain", body)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	answer := bufio.NewReader(r.Body)
	if line, err := answer.ReadString('\n'); err != nil || line != "before\n" {
		c.t.Fatalf("%q, %v", line, err)
	}
	stop := exec.Command(c.tool[0], c.words("stop", "app")...)
	stop.Dir, stop.Env = c.dir, append(os.Environ(), c.env...)
	if err := stop.Start(); err != nil {
		c.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); c.get("/version").status == http.StatusOK; {
		if time.Now().After(deadline) {
			c.t.Fatalf("it goes on after an order to stop\n%s", c.out)
		}
	}
	go func() { // ends with the request
		time.Sleep(engineGrants + 2*time.Second) // a slow client
		io.WriteString(lines, "after\n")
		lines.Close()
	}()
	if rest, err := io.ReadAll(answer); err != nil || string(rest) != "after\n" {
		c.t.Errorf("what was in flight: %q, %v\n%s", rest, err, c.out)
	}
	if err := stop.Wait(); err != nil {
		c.t.Errorf("stop: %v", err)
	}
	if code := c.state("{{.State.Status}} {{.State.ExitCode}}"); code != "exited 0" { // 137 is one that was killed
		c.t.Errorf("after stop: %s\n%s", code, c.out)
	}
}

// blindMount: edits that make no events, as on Docker Desktop, are found, and polling begins.
// The files are those of a folder without a Compose file.
func (c *composed) blindMount(t *testing.T) {
	c.in(t)
	behind := *c.program // the same files, without the mount
	call(t, "", nil, "chown", "--recursive", fmt.Sprintf("%d:%d", mine, mine), c.dir)
	c.dir = overlay(t, c.dir)
	if err := os.Chown(c.dir, mine, mine); err != nil {
		t.Fatal(err)
	}
	c.up()
	c.awaitLong("ready  ")
	c.awaitAnswer("/version", "v1")
	behind.save(versionFile, `"v1"`, `"v2"`)
	if line := c.await(" is polled from now on"); !strings.Contains(line, "/src is") {
		t.Errorf("the line does not name the mount: %s", line)
	}
	c.awaitAnswer("/version", "v2")
	behind.save(versionFile, `"v2"`, `"v3"`)
	if a := c.get("/version"); a.body != "v3" {
		t.Errorf("asked after a save: %v\n%s", a, c.out)
	}
	c.compose("down", "--volumes")
	c.nothingIsLeft(t)
}

// synced is the second way of the README: Compose copies what is saved into the container.
func (c *composed) synced(t *testing.T) {
	c.in(t)
	call(t, "", nil, "chown", "--recursive", fmt.Sprintf("%d:%d", mine, mine), c.dir)
	c.prepare()
	c.save("Dockerfile.dev", "ENTRYPOINT", "COPY --chown=nobody . .\nENTRYPOINT")
	c.save("compose.yaml", "    user: \"${UID:-1000}:${GID:-1000}\"\n", "")
	c.save("compose.yaml", "      - .:/src\n", "")
	c.save("compose.yaml", "    stop_grace_period:", readmeWatch(t)+"    stop_grace_period:")
	c.begin(exec.Command(c.tool[0], c.words("up", "--watch")...))
	c.awaitLong("ready  ")
	c.awaitAnswer("/version", "v1")
	c.save(versionFile, `"v1"`, `"v2"`)
	c.awaitAnswer("/version", "v2")
	c.save("config.yaml", "title: Notes", "title: Changed")
	c.awaitAnswer("/config", "Changed")
	c.write("internal/version/new.go", "a mistake")
	c.await("failed   ")
	if a := c.get("/version"); a.body != "v2" || a.build != "failed" {
		t.Errorf("after a broken save: %v", a)
	}
	if err := os.Remove(filepath.Join(c.dir, "internal/version/new.go")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); c.get("/version").build != ""; {
		if time.Now().After(deadline) {
			t.Fatalf("a file that was removed stays\n%s", c.out)
		}
	}
	c.compose("down", "--volumes")
	c.nothingIsLeft(t)
}

// readmeWatch is what the README says to put into the service.
func readmeWatch(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin = "    user: nobody\n"
	_, from, _ := strings.Cut(string(text), "\n"+begin)
	section, _, found := strings.Cut(from, "\n\n")
	if !found {
		t.Fatal("the README does not say how")
	}
	return begin + section + "\n"
}

// nothingIsLeft removes whatever of the project is there, and says what it was where the
// test has not failed before.
func (c *composed) nothingIsLeft(t *testing.T) {
	for _, kind := range []string{"container", "network", "volume"} {
		list := []string{kind, "ls", "--quiet", "--filter", "label=com.docker.compose.project=" + c.project}
		if kind == "container" {
			list = append(list, "--all")
		}
		out, err := exec.Command("docker", list...).Output()
		if err != nil {
			t.Error(err)
		}
		for _, id := range strings.Fields(string(out)) {
			if !t.Failed() {
				t.Errorf("left behind: %s %s", kind, id)
			}
			_ = exec.Command("docker", kind, "rm", "--force", id).Run()
		}
	}
	_ = exec.Command("docker", "image", "rm", "--force", c.project+"_app", c.project+"-app").Run()
}
