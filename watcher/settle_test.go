package watcher

import (
	"testing"
	"time"
)

func TestSettle(t *testing.T) {
	const ms = time.Millisecond
	start := time.Unix(1_000_000, 0)
	for _, test := range []struct {
		name   string
		last   time.Duration // since the first sign
		now    time.Duration
		files  int
		locked bool
		blank  bool
		wait   time.Duration // 0: done
	}{
		{name: "one file, just now", files: 1, wait: 10 * ms},
		{name: "one file, almost", now: 9 * ms, files: 1, wait: ms},
		{name: "one file, quiet", now: 10 * ms, files: 1},
		{name: "no file, a folder came", now: 10 * ms},
		{name: "written in pieces", last: 5 * ms, now: 12 * ms, files: 1, wait: 3 * ms},
		{name: "eleven files", now: 10 * ms, files: 11, wait: 10 * ms},
		{name: "a checkout", files: 2000, wait: 200 * ms},
		{name: "a checkout, quiet", last: 300 * ms, now: 500 * ms, files: 2000},
		{name: "git at work", now: 50 * ms, files: 1, locked: true, wait: 20 * ms},
		{name: "git at work, a longer wait anyway", now: 10 * ms, files: 2000, locked: true, wait: 190 * ms},
		{name: "git at work for too long", now: 2 * time.Second, files: 1, locked: true},
		{name: "git at work, near the limit", now: 1990 * ms, files: 1, locked: true, wait: 10 * ms},
		{name: "emptied", now: 10 * ms, files: 1, blank: true, wait: 190 * ms},
		{name: "emptied for long", now: 200 * ms, files: 1, blank: true},
		{name: "never quiet", last: 1999 * ms, now: 2 * time.Second, files: 1},
		{name: "never quiet, near the limit", last: 1995 * ms, now: 1995 * ms, files: 1, wait: 5 * ms},
	} {
		b := burst{first: start, last: start.Add(test.last), files: test.files, locked: test.locked, blank: test.blank}
		done, wait := settle(b, start.Add(test.now))
		if done != (test.wait == 0) || wait != test.wait {
			t.Errorf("%s: done %v, wait %v, want %v", test.name, done, wait, test.wait)
		}
	}
}

// Whatever the burst: the wait is short, waiting it out moves things on, and two
// seconds after the first sign it is over (rule 1).
func FuzzSettle(f *testing.F) {
	f.Add(int64(0), int64(0), 1, false, false)
	f.Add(int64(5e6), int64(1e9), 2000, true, true)
	f.Add(int64(-5e6), int64(3e9), -1, true, false)
	f.Fuzz(func(t *testing.T, last, now int64, files int, locked, blank bool) {
		start := time.Unix(1_000_000, 0)
		last, now = last%int64(settleLimit), now%int64(2*settleLimit)
		b := burst{start, start.Add(time.Duration(last)), files, locked, blank}
		at := start.Add(time.Duration(now))
		done, wait := settle(b, at)
		if done != (wait == 0) || wait < 0 || wait > 2*settleLimit+settleMost {
			t.Errorf("done %v, wait %v", done, wait)
		}
		if !done && at.Sub(start) >= settleLimit {
			t.Errorf("not done after %v", at.Sub(start))
		}
		if again, _ := settle(b, at.Add(wait)); !done && !locked && !again {
			t.Errorf("not done after waiting %v as told", wait)
		}
	})
}
