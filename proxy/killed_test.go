package proxy

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// appLog is the variable that makes this test binary an app: it writes a line for each
// request into that file before it answers, and its address to stdout.
const appLog = "PROXY_TEST_APP_LOG"

func runApp() {
	log, err := os.OpenFile(os.Getenv(appLog), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	var all sync.WaitGroup
	all.Add(together)
	http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if length, half := strings.CutPrefix(r.URL.Path, "/half/"); half {
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			io.WriteString(w, "half")
			http.NewResponseController(w).Flush()
			select {} // until it is killed
		}
		fmt.Fprintln(log, r.URL.Path)
		switch r.URL.Path {
		case "/together":
			all.Done()
			all.Wait()
		case "/end":
			os.Exit(1)
		}
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond) // simulates work
		io.WriteString(w, r.URL.Path)
	}))
}

// startApp starts this binary as an app and returns its address.
func startApp(t *testing.T, log string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), appLog+"="+log)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(addr)
}

// TestF5_ProcessKilledInMidAnswer: a real process, a real SIGKILL, with the half of the
// answer already read.
func TestF5_ProcessKilledInMidAnswer(t *testing.T) {
	f := serve(t, Config{Hold: true})
	for n := range 100 {
		cmd, addr := startApp(t, os.DevNull)
		f.Publish(View{Generation: n + 1, Upstream: addr})
		r, err := http.Get(f.url + []string{"/half/", "/half/8"}[n%2])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r.Body, make([]byte, len("half"))); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if rest, err := io.ReadAll(r.Body); err == nil {
			t.Fatalf("round %d: the answer ends with %q as if it were whole", n, rest)
		}
		r.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
}

// 1,000 POSTs while the app is killed again and again: each is executed at most once,
// exactly once if it was answered, and ends in an answer, a 502 or a broken transfer.
func TestF4_NothingIsExecutedTwice(t *testing.T) {
	const posts, clients = 1000, 8
	log := t.TempDir() + "/log"
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := serve(t, Config{Hold: true})
	ids := make(chan int)
	var mu sync.Mutex
	answered, kinds := map[string]bool{}, map[int]int{}
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for id := range ids {
				path := fmt.Sprintf("/%d", id)
				a := f.do(f.request("POST", path, strings.NewReader(strings.Repeat("body", id%3*5000))))
				mu.Lock()
				kinds[a.status]++
				if a.err == nil && a.status == 200 {
					answered[path] = a.body == path
				} else if a.err == nil && a.status != 502 {
					t.Errorf("POST %s: %+v", path, a)
				}
				mu.Unlock()
			}
		})
	}
	for id, generation := 0, 1; id < posts; generation++ {
		cmd, addr := startApp(t, log)
		f.Publish(View{Generation: generation, Upstream: addr})
		for n := 20 + rand.IntN(40); n > 0 && id < posts; n-- {
			ids <- id
			id++
		}
		cmd.Process.Kill()
		cmd.Wait()
		f.Publish(View{Waiting: true, Phase: BackOff})
	}
	close(ids)
	cmd, addr := startApp(t, log) // for those that still wait
	f.Publish(View{Generation: posts, Upstream: addr})
	running.Wait()
	cmd.Process.Kill()
	cmd.Wait()

	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	executed := map[string]int{}
	for path := range strings.FieldsSeq(string(text)) {
		if executed[path]++; executed[path] > 1 {
			t.Errorf("POST %s was executed twice", path)
		}
	}
	for path, right := range answered {
		if !right || executed[path] != 1 {
			t.Errorf("POST %s was answered and executed %d times", path, executed[path])
		}
	}
	if kinds[502] == 0 {
		t.Errorf("no POST met a killed app: %v", kinds)
	}
}
