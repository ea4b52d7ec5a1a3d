// Command ports runs a dozen small Gin services under watcher, without any settings: one
// for each usual way to choose where to listen. For each it prints whether the app's own
// address answers, the way in which it was swapped, and what failed of requests without a
// pause over 5 saves, from the first start on. Run it in the repository's root:
//
//	go run ./bench/ports [-saves 5] [name…]
//
// It exits with 1 if one of them is not served or a request failed.
package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

func main() {
	saves := flag.Int("saves", 5, "saves of each app")
	flag.Parse()
	fmt.Printf("%-16s %-26s %-26s %-11s %9s %7s\n", "app", "own address", "front", "way", "requests", "failed")
	failed := false
	for _, a := range apps {
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), a.name) {
			continue
		}
		r, err := a.run(*saves)
		if failed = failed || err != nil || r.failed > 0; err != nil {
			fmt.Printf("%-16s %v\n", a.name, err)
			continue
		}
		fmt.Printf("%-16s %-26s %-26s %-11s %9d %7d\n", a.name, r.own, r.front, r.way, r.asked, r.failed)
	}
	if failed {
		os.Exit(1)
	}
}

// result is a line of the table.
type result struct {
	own, front, way string
	asked, failed   int64
}

// patience bounds each wait: a first build compiles most of the app.
const patience = 10 * time.Minute

func (a app) run(saves int) (r result, err error) {
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(folder)
	ports := strings.NewReplacer("PORTA", freePort(), "PORTB", freePort())
	if err := a.write(filepath.Join(folder, "sample"), ports); err != nil {
		return r, err
	}
	listen := "WATCHER_PROXY_LISTEN="
	if a.own == "" {
		listen += "0"
	}
	w, events, err := harness.Open(folder, filepath.Join(folder, "sample"), "",
		listen, "WATCHER_APP_ARGS="+ports.Replace(strings.Join(a.args, ",")))
	if err != nil {
		return r, err
	}
	defer w.Stop()
	h := &history{events: events}
	if err := h.await("ready"); err != nil {
		return r, err
	}
	r.own, r.front = ports.Replace(a.own), w.URL
	if r.own == "" {
		r.own = w.URL
	}
	load := ask(r.own)
	for n := 2; n < 2+saves; n++ {
		if _, _, err := w.Edit(n); err != nil {
			return r, err
		}
		if err := h.await("swap"); err != nil {
			return r, err
		}
		if a.tls { // which nobody holds: the newest answers from the swap on
			continue
		}
		if got := get(client(), r.own); got != fmt.Sprintf("v%d", n) {
			return r, fmt.Errorf("after save %d %s answers %q", n, r.own, got)
		}
	}
	r.asked, r.failed = load.end()
	r.way = h.way()
	return r, nil
}

// write makes the sample of one app.
func (a app) write(dir string, ports *strings.Replacer) error {
	if err := os.CopyFS(dir, os.DirFS("bench/ports/testdata")); err != nil {
		return err
	}
	text := "package main\n\nimport (\n"
	for name, path := range imports {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(a.source) {
			text += fmt.Sprintf("\t%q\n", path)
		}
	}
	files := map[string]string{"serve.go": text + ")\n\n" + a.source + "\n"}
	for name, content := range a.files {
		files[name] = content
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(ports.Replace(content)), 0o644); err != nil {
			return err
		}
	}
	if a.tls {
		return writeCertificate(dir)
	}
	return nil
}

// history is what watcher has told so far.
type history struct {
	events <-chan harness.Event
	told   []harness.Event
}

// await reads up to an event of a name; a failed build or start is an error.
func (h *history) await(name string) error {
	limit := time.After(patience)
	for {
		select {
		case e, ok := <-h.events:
			h.told = append(h.told, e)
			switch {
			case !ok:
				return errors.New("watcher has ended")
			case e.Name == name:
				return nil
			case e.Name == "failed":
				return fmt.Errorf("%s: %s", e.Text, e.Hint)
			}
		case <-limit:
			return fmt.Errorf("no %q in %v", name, patience)
		}
	}
}

func (h *history) heard(text string) bool {
	return slices.ContainsFunc(h.told, func(e harness.Event) bool { return strings.Contains(e.Text, text) })
}

// way is how the newest process was started.
func (h *history) way() string {
	if h.heard("stops the old one first") {
		return "stop-first"
	}
	return "overlap"
}

// clients ask at a time; most of what they ask waits for the code of a save.
const clients = 8

// load asks an address without a pause, each time on a new connection.
type load struct {
	stop          chan struct{}
	done          sync.WaitGroup
	asked, failed atomic.Int64
}

func ask(url string) *load {
	l := &load{stop: make(chan struct{})}
	for range clients {
		l.done.Go(func() {
			c := client()
			for {
				select {
				case <-l.stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				if l.asked.Add(1); !strings.HasPrefix(get(c, url), "v") {
					l.failed.Add(1)
				}
			}
		})
	}
	return l
}

func (l *load) end() (asked, failed int64) {
	close(l.stop)
	l.done.Wait()
	return l.asked.Load(), l.failed.Load()
}

func client() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
}

// get is the version that answers, or what went wrong.
func get(c *http.Client, url string) string {
	r, err := c.Get(url + "/version")
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return fmt.Sprint(r.Status, err)
	}
	return string(body)
}

// freePort returns a free port that the system gives to nobody by itself.
func freePort() string {
	for {
		port := strconv.Itoa(11000 + rand.IntN(8000))
		if l, err := net.Listen("tcp", ":"+port); err == nil {
			l.Close()
			return port
		}
	}
}
