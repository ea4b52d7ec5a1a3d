package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// freshAfter is how long after a save a request may still be older than its pending.
const freshAfter = 5 * time.Millisecond

// load asks at a steady rate, each time on a connection of its own, every second time
// with a body and a query, and judges each answer.
type load struct {
	url    string
	client http.Client
	stop   chan struct{}
	wg     sync.WaitGroup

	mu      sync.Mutex
	waiting map[int]chan time.Time // first answer by a version
	saves   []save
	tally   tally
	newest  atomic.Int64
}

type save struct {
	version int
	at      time.Time
}

// tally counts answers by what was wrong with them.
type tally struct {
	sent, refused, reset, not200, stale, changed int
	longest                                      time.Duration
	errors                                       map[string]int
}

func (t tally) faults() int { return t.refused + t.reset + t.not200 + t.stale + t.changed }

func (t tally) String() string {
	text := fmt.Sprintf("%d requests: refused %d, reset %d, non-200 %d, stale %d, changed %d; the longest took %v",
		t.sent, t.refused, t.reset, t.not200, t.stale, t.changed, t.longest.Round(time.Millisecond))
	for e, n := range t.errors {
		text += fmt.Sprintf("\n%d × %s", n, e)
	}
	return text
}

func startLoad(url string, rate int) *load {
	l := &load{
		url: url, stop: make(chan struct{}), waiting: map[int]chan time.Time{},
		client: http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute},
		tally:  tally{errors: map[string]int{}},
	}
	l.wg.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
				l.wg.Go(func() { l.ask(n) })
			case <-l.stop:
				return
			}
		}
	})
	return l
}

// first returns a channel that tells when a version first answered.
func (l *load) first(version int) <-chan time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[version] = make(chan time.Time, 1)
	return l.waiting[version]
}

func (l *load) saved(version int, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saves = append(l.saves, save{version, at})
}

func (l *load) ask(n int) {
	began := time.Now()
	var body []byte
	req, _ := http.NewRequest("GET", l.url+"/version", nil)
	if n%2 == 1 {
		body = bytes.Repeat([]byte(strconv.Itoa(n)), 500)
		req, _ = http.NewRequest("POST", l.url+"/echo?a=1&b=two", bytes.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
	}
	r, err := l.client.Do(req)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(r.Body)
		r.Body.Close()
	}
	l.judge(began, body, r, string(text), err)
}

func (l *load) judge(began time.Time, body []byte, r *http.Response, text string, err error) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.sent++
	l.tally.longest = max(l.tally.longest, now.Sub(began))
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		l.tally.refused++
	case err != nil:
		l.tally.reset++
		l.tally.errors[err.Error()]++
	case r.StatusCode != http.StatusOK:
		l.tally.not200++
		l.tally.errors[r.Status]++
	default:
		l.judgeAnswer(began, now, body, r, text)
	}
}

func (l *load) judgeAnswer(began, now time.Time, body []byte, r *http.Response, text string) {
	version, _ := strconv.Atoi(strings.TrimPrefix(r.Header.Get("App-Version"), "v"))
	sum := sha256.Sum256(body)
	if body != nil && (!strings.Contains(text, hex.EncodeToString(sum[:])) || !strings.Contains(text, `a=1\u0026b=two`) && !strings.Contains(text, "a=1&b=two")) {
		l.tally.changed++
	}
	l.newest.Store(max(l.newest.Load(), int64(version)))
	for v, first := range l.waiting {
		if version >= v {
			first <- now
			delete(l.waiting, v)
		}
	}
	for _, s := range l.saves {
		if began.After(s.at.Add(freshAfter)) && version < s.version && r.Header.Get("Watcher-Build") == "" {
			l.tally.stale++
			return
		}
	}
}

// end stops asking, waits for the last answer, and returns the count.
func (l *load) end() tally {
	close(l.stop)
	l.wg.Wait()
	return l.tally
}
