package loop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// stage is a loop with the real watcher. Builds, starts, drains and ends are gates: each
// stays closed until the test opens it, so that a save can come during any of them.
type stage struct {
	noCommands
	t       *testing.T
	loop    *Loop
	watcher *watcher.Watcher
	file    string
	random  *rand.Rand

	mu      sync.Mutex
	changed *sync.Cond // something of what follows
	gates   []*gate
	saved   int // version that was written last
	builds  int
	live    map[int]string // generation → its binary
	report  map[int]func(runner.Event)
	view    proxy.View
	inSwap  bool // the next swap is saved into
	late    bool // too much time has gone by
}

type gate struct{ open func() }

func newStage(t *testing.T, seed uint64) *stage {
	s := &stage{
		t: t, file: filepath.Join(t.TempDir(), "main.go"), random: rand.New(rand.NewPCG(seed, 6)),
		live: map[int]string{}, report: map[int]func(runner.Event){},
	}
	s.changed = sync.NewCond(&s.mu)
	s.save()
	var err error
	if s.watcher, err = watcher.New(watcher.Config{Root: filepath.Dir(s.file)}); err != nil {
		t.Fatal(err)
	}
	plan := Plan{Swap: SwapAuto, Restart: RestartOnFailure, StopTimeout: time.Minute, DrainTimeout: time.Minute}
	s.loop = New(Config{
		Plan: plan, Watcher: s.watcher, Graph: noGraph{}, Builder: s, Runner: s, Front: s, Relay: relays{},
		Reload: func() Reloaded { return Reloaded{Plan: plan} }, Print: func(terminal.Event) {},
		Signal: func(string) syscall.Signal { return syscall.SIGHUP }, Base: filepath.Dir(s.file),
	})
	return s
}

// save writes the next version.
func (s *stage) save() {
	s.saved++
	text := fmt.Sprintf("package main // %d", s.saved)
	if err := os.WriteFile(s.file, []byte(text), 0o644); err != nil {
		s.t.Error(err)
	}
}

// gate waits to be opened; open is called by the test, without the lock.
func (s *stage) gate(open func()) *gate {
	g := &gate{open}
	s.gates = append(s.gates, g)
	s.changed.Broadcast()
	return g
}

// remove takes a gate away, and reports whether it was still closed.
func (s *stage) remove(g *gate) bool {
	i := slices.Index(s.gates, g)
	if i >= 0 {
		s.gates = slices.Delete(s.gates, i, i+1)
	}
	return i >= 0
}

func (s *stage) Build(ctx context.Context, r builder.Request) builder.Result {
	text, _ := os.ReadFile(s.file) // perhaps half of it
	s.mu.Lock()
	s.builds++
	binary := fmt.Sprintf("%d: %s", s.builds, text)
	opened := make(chan struct{})
	g := s.gate(func() { close(opened) })
	s.mu.Unlock()
	select {
	case <-opened:
		return builder.Result{Binary: binary, Equal: r.Running != "" && content(r.Running) == string(text), Took: time.Minute}
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		s.remove(g)
		return builder.Result{Err: context.Cause(ctx)}
	}
}

// content is what a binary was built of.
func content(binary string) string {
	_, text, _ := strings.Cut(binary, ": ")
	return text
}

func (s *stage) Start(spec runner.Spec, report func(runner.Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gen := spec.Generation
	s.live[gen], s.report[gen] = spec.Binary, report
	s.gate(func() {
		s.mu.Lock()
		_, lives := s.live[gen]
		s.mu.Unlock()
		if lives {
			report(runner.Ready{Generation: gen, PID: 1000 + gen, Upstream: "127.0.0.1:1"})
		}
	})
}

func (s *stage) Stop(gen int, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate(func() { s.exit(gen) })
}

func (s *stage) Kill(gen int)               { go s.exit(gen) }
func (s *stage) Signal(int, syscall.Signal) {}

func (s *stage) exit(gen int) {
	s.mu.Lock()
	report := s.report[gen]
	delete(s.report, gen)
	delete(s.live, gen)
	s.changed.Broadcast()
	s.mu.Unlock()
	if report != nil {
		report(runner.Exited{Generation: gen, PID: 1000 + gen, Alive: time.Minute})
	}
}

func (s *stage) Publish(v proxy.View) proxy.Released {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.Generation != s.view.Generation && s.inSwap {
		s.inSwap = false
		s.save()
	}
	s.view = v
	s.changed.Broadcast()
	return proxy.Released{}
}

func (s *stage) Drain(gen int, _ time.Duration, done func(proxy.Drained)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate(func() { done(proxy.Drained{Generation: gen}) })
}

// openOne opens a gate, after waiting for one if none is closed and wait is set.
func (s *stage) openOne(wait func() bool) {
	s.mu.Lock()
	for len(s.gates) == 0 && wait() {
		s.changed.Wait()
	}
	var g *gate
	if len(s.gates) > 0 {
		g = s.gates[s.random.IntN(len(s.gates))]
		s.remove(g)
	}
	s.mu.Unlock()
	if g != nil {
		g.open()
	}
}

// served reports whether what was saved last serves, and nothing else lives.
func (s *stage) served() bool {
	return s.view.Generation != 0 && s.view.Settled == s.view.Pending && len(s.gates) == 0 && len(s.live) == 1 &&
		content(s.live[s.view.Generation]) == fmt.Sprintf("package main // %d", s.saved)
}

// interleave saves and opens gates in a random order, then lets all come to its end.
func (s *stage) interleave() {
	for range 2 + s.random.IntN(8) {
		switch s.random.IntN(6) {
		case 0, 1:
			s.mu.Lock()
			s.save()
			s.mu.Unlock()
		case 2: // and the save is noticed before anything else happens
			s.mu.Lock()
			raised := s.view.Pending
			s.save()
			for s.view.Pending == raised && s.view.Pending == s.view.Settled && !s.late {
				s.changed.Wait()
			}
			s.mu.Unlock()
		case 3:
			s.mu.Lock()
			s.inSwap = true
			s.mu.Unlock()
			fallthrough
		default:
			s.openOne(func() bool { return false })
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inSwap = false
	for !s.served() && !s.late {
		s.mu.Unlock()
		s.openOne(func() bool { return !s.served() && !s.late })
		s.mu.Lock()
	}
	if !s.served() {
		s.t.Errorf("version %d was saved last; %+v serves, of %v", s.saved, s.view, s.live)
	}
}

// TestS6_LastContentIsServed: however saves fall among build, start, swap, proof second
// and drain, what was saved last is served in the end, and one process remains.
func TestS6_LastContentIsServed(t *testing.T) {
	var stages sync.WaitGroup
	for seed := range uint64(25) { // side by side: most of the time is proof seconds
		s := newStage(t, seed)
		stages.Go(s.play)
	}
	stages.Wait()
}

// play runs the loop through twenty interleavings.
func (s *stage) play() {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.loop.Run()
	}()
	for range 20 {
		failsafe := time.AfterFunc(30*time.Second, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.late = true
			s.changed.Broadcast()
		})
		s.interleave()
		if failsafe.Stop(); s.t.Failed() {
			break
		}
	}
	s.loop.Stop()
	s.loop.Stop() // nothing is waited for
	<-ended
}
