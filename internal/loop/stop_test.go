package loop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/watcher-dev/watcher/internal/terminal"
)

// TestR4_StopWins: a stop order wins in every state, 50 times in each: at another moment
// of it each time, the first and last of which are those at which it begins and ends.
func TestR4_StopWins(t *testing.T) {
	const rounds = 50
	for name, c := range map[string]struct {
		lasts time.Duration
		enter func(b *bench)
	}{
		"first build": {2 * time.Second, func(*bench) {}},
		"build":       {2 * time.Second, func(b *bench) { b.serveAndSave() }},
		"start":       {50 * time.Millisecond, func(b *bench) { b.serveAndSave(); time.Sleep(b.buildTakes) }},
		"proof":       {time.Second, func(b *bench) { b.serveAndSave(); time.Sleep(b.buildTakes + b.startTakes) }},
		"drain":       {3 * time.Second, func(b *bench) { b.serveAndSave(); time.Sleep(b.buildTakes + b.startTakes + proof) }},
		"back-off": {800 * time.Millisecond, func(b *bench) {
			b.set(func() { b.ends = slices.Repeat([]time.Duration{2 * time.Second}, 5) })
			time.Sleep(b.buildTakes + 4*2*time.Second + 700*time.Millisecond) // four lives, three back-offs
			if n := b.attempts(); n != 4 {
				panic(fmt.Sprintf("%d back-offs", n))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for round := range rounds {
					b := newBench("v0", Plan{})
					b.set(func() { b.drainTakes = 3 * time.Second })
					c.enter(b)
					time.Sleep(c.lasts * time.Duration(round) / (rounds - 1))
					b.wantStop(t)
				}
			})
		})
	}
}

// wantStop gives a stop order, after which nothing may begin and nothing be left.
func (b *bench) wantStop(t *testing.T) {
	b.loop.Stop()
	synctest.Wait()
	builds, starts := b.count()
	select {
	case <-b.ended:
	case <-time.After(time.Hour):
		t.Error("a stop order does not end it")
		b.stop()
	}
	if now, then := b.count(); now != builds || then != starts {
		t.Errorf("%d builds and %d starts after a stop order", now-builds, then-starts)
	}
	if len(b.live) > 0 || b.running > 0 {
		t.Errorf("%d processes and %d builds are left", len(b.live), b.running)
	}
}

// serveAndSave comes to the moment at which the first save is built.
func (b *bench) serveAndSave() {
	time.Sleep(time.Minute)
	b.save("v1")
}

// attempts counts the back-offs so far.
func (b *bench) attempts() (n int) {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.lines {
		if e.Kind == terminal.KindRetry {
			n++
		}
	}
	return n
}

func (b *bench) count() (builds, starts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.builds, len(b.starts)
}

// TestR5_ExactSequence: when an app that always ends is started, by the clock.
func TestR5_ExactSequence(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		alive []time.Duration // of each start; a further one goes on
		waits []time.Duration // before each start but the first
		last  string
	}{
		"doubles to 30 s": {
			alive: slices.Repeat([]time.Duration{3 * time.Second}, 12),
			waits: []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 12800 * ms, 25600 * ms, 30 * time.Second, 30 * time.Second, 30 * time.Second},
		},
		"five in ten seconds": {
			alive: slices.Repeat([]time.Duration{1500 * ms}, 5),
			waits: []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms},
			last:  "given up after 5 failures in 10s",
		},
		"failed starts": {
			alive: make([]time.Duration, 5),
			waits: []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms},
			last:  "given up after 5 failures in 10s",
		},
		"begins anew after 10 s": {
			alive: []time.Duration{3 * time.Second, 3 * time.Second, 9999 * ms, 10 * time.Second, 3 * time.Second},
			waits: []time.Duration{100 * ms, 200 * ms, 400 * ms, 100 * ms, 200 * ms},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench("v0", Plan{})
				defer b.stop()
				b.set(func() { b.ends = c.alive })
				time.Sleep(10 * time.Minute)
				b.view()
				var waits []time.Duration
				for i, at := range b.starts[1:] {
					waits = append(waits, at.Sub(b.starts[i].Add(c.alive[i])))
				}
				if !slices.Equal(waits, c.waits) {
					t.Fatalf("waited %v, want %v", waits, c.waits)
				}
				lines := slices.DeleteFunc(b.lines, func(e terminal.Event) bool { return e.Kind == terminal.KindState })
				if last := lines[len(lines)-1].Text; !strings.HasPrefix(last, c.last) {
					t.Errorf("last line %q, want %q", last, c.last)
				}
				for i, e := range slices.DeleteFunc(lines, func(e terminal.Event) bool { return e.Kind != terminal.KindRetry }) {
					if !strings.HasPrefix(e.Text, fmt.Sprintf("start again in %s (attempt ", c.waits[i])) {
						t.Errorf("back-off %d is told as %q", i, e.Text)
					}
				}
			})
		})
	}
}
