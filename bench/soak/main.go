//go:build linux

// Command soak shows that watcher does not grow: it restarts the sample service again
// and again, every tenth time by a save, and prints what watcher takes of the machine
// before and after. Then it kills the app until it is given up, and prints what that
// costs. Run it on Linux, in the repository's root, beside nothing else:
//
//	go run ./bench/soak [-swaps 500]
//
// It exits 1 if files or goroutines differ by more than 3, memory has grown by 10 MiB,
// or a zombie or anything in the temp folder is left.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

const (
	warm     = 10 // swaps until all is in place that is made once
	idle     = 10 * time.Second
	idleCost = 0.02 // of a processor, while the app is given up
)

func main() {
	swaps := flag.Int("swaps", 500, "number of restarts, every tenth by a save")
	flag.Parse()
	if err := soak(*swaps); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func soak(swaps int) error {
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	before, err := measure(filepath.Join(folder, "before"), 0)
	if err != nil {
		return err
	}
	after, err := measure(filepath.Join(folder, "after"), swaps)
	if err != nil {
		return err
	}
	fmt.Printf("%d restarts, every tenth by a save\n\n", swaps)
	fmt.Printf("%-10s %8s %8s %8s %14s %11s %9s %6s\n", "", "files", "threads", "zombies", "own memory", "goroutines", "binaries", "temp")
	fmt.Printf("%-10s %v\n%-10s %v\n", "before", before, "after", after)
	fmt.Printf("\ngiven up: %.2f %% of a processor over %v (at most %.0f %%)\n", 100*after.givenUp, idle, 100*idleCost)
	return errors.Join(before.compare(after), after.cheap())
}

// taken is what one run of watcher has taken.
type taken struct {
	harness.Footprint
	goroutines int
	binaries   int     // in its cache
	temp       int     // files and folders in its temp folder
	givenUp    float64 // processors used while the app was given up
}

func (t taken) String() string {
	return fmt.Sprintf("%v %11d %9d %6d", t.Footprint, t.goroutines, t.binaries, t.temp)
}

// compare says what has grown.
func (t taken) compare(later taken) error {
	for _, c := range []struct {
		what        string
		grew, limit int
	}{
		{"open files", max(t.Files-later.Files, later.Files-t.Files), 3},
		{"goroutines", max(t.goroutines-later.goroutines, later.goroutines-t.goroutines), 3},
		{"KiB of memory", later.Anon - t.Anon, 10 << 10},
		{"zombies", later.Zombies, 0},
		{"binaries beyond five", later.binaries - 5, 0},
		{"files in the temp folder", later.temp, 0},
	} {
		if c.grew > c.limit {
			return fmt.Errorf("%d %s, at most %d", c.grew, c.what, c.limit)
		}
	}
	return nil
}

func (t taken) cheap() error {
	if t.givenUp > idleCost {
		return errors.New("it costs too much while the app is given up")
	}
	return nil
}

// measure runs watcher through some swaps. Goroutines are counted in the dump that it
// writes when it is told to quit, so each run has a process of its own.
func measure(folder string, swaps int) (t taken, err error) {
	temp := filepath.Join(folder, "temp")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return t, err
	}
	w, err := harness.Start(folder, harness.Ginapp, "", "TMPDIR="+temp, "GOTRACEBACK=all")
	if err != nil {
		return t, err
	}
	defer w.Stop() // which finds it gone, if all went well
	for n := 1; n <= warm+swaps; n++ {
		swap := w.Restart
		if n%10 == 0 {
			swap = func() error { return w.Rebuild(n) }
		}
		if err := swap(); err != nil {
			return t, err
		}
	}
	one := func(s harness.Status) bool { return len(s.Processes) == 1 }
	if err := w.Await("the end of the old processes", one); err != nil {
		return t, err
	}
	if t.Footprint, err = harness.FootprintOf(w.PID); err != nil {
		return t, err
	}
	if t.givenUp, err = costGivenUp(w); err != nil {
		return t, err
	}
	t.goroutines = w.Goroutines()
	left, err := os.ReadDir(temp)
	t.temp = len(left)
	binaries, _ := filepath.Glob(filepath.Join(folder, "cache", "watcher", "*", "slots", "*", "*"))
	t.binaries = len(binaries)
	return t, err
}

// costGivenUp kills the app until it is not started again, and counts what watcher uses then.
func costGivenUp(w *harness.Watched) (float64, error) {
	err := w.Await("giving up", func(s harness.Status) bool {
		if s.PID != 0 {
			_ = syscall.Kill(s.PID, syscall.SIGKILL)
		}
		return s.State == "given up"
	})
	if err != nil {
		return 0, err
	}
	before := harness.Ticks(w.PID)
	time.Sleep(idle)
	return float64(harness.Ticks(w.PID)-before) / 100 / idle.Seconds(), nil
}
