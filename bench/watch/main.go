// Command watch measures what watching costs beside many files that have nothing to do
// with the program: the sample service lies in one folder with them. Run it on Linux, in
// the repository's root, beside nothing else:
//
//	go run ./bench/watch                               the table; exit 1 if a limit is passed
//	go run ./bench/watch -files 4000 -folders 200 -idle 5s -edits 3 -switched 50     a short try
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// size says how much is planted and measured.
type size struct {
	files, folders  int // unrelated ones
	edits, switched int // saves one by one; files of one git checkout
	idle            time.Duration
}

// row is one line of the result. A limit of 0 is none.
type row struct {
	what         string
	value, limit float64
	unit         string
}

func main() {
	if filepath.Base(os.Args[0]) == "go" {
		os.Exit(goCommand())
	}
	var s size
	flag.IntVar(&s.files, "files", 100_000, "unrelated files")
	flag.IntVar(&s.folders, "folders", 4000, "folders that they lie in")
	flag.IntVar(&s.edits, "edits", 100, "saves, one by one")
	flag.IntVar(&s.switched, "switched", 2000, "files that git checkout changes")
	flag.DurationVar(&s.idle, "idle", time.Minute, "how long nothing happens")
	flag.Parse()
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err == nil {
		err = measure(folder, s)
		os.RemoveAll(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "watch:", err)
		os.Exit(1)
	}
}

func measure(folder string, s size) error {
	var rows []row
	for _, part := range []func(string, size) ([]row, error){watched, looking} {
		more, err := part(folder, s)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	fmt.Printf("%d unrelated files in %d folders\n\n%-48s %10s  %s\n", s.files, s.folders, "", "", "at most")
	passed := false
	for _, r := range rows {
		limit := ""
		if r.limit > 0 {
			limit = fmt.Sprintf("%v %s", r.limit, r.unit)
			passed = passed || r.value > r.limit
		}
		fmt.Printf("%-48s %10.4g %-7s %s\n", r.what, r.value, r.unit, limit)
	}
	if passed {
		return fmt.Errorf("a limit is passed")
	}
	return nil
}

// started is how long a start has work to do after the app is served: the graph is read,
// and the memory of that is given back.
const started = 10 * time.Second

// watched runs watcher beside all the files, first idle, then with saves.
func watched(folder string, s size) ([]row, error) {
	dir := filepath.Join(folder, "service")
	if err := plant(dir, s); err != nil {
		return nil, err
	}
	log, env, err := spyOnGo(folder)
	if err != nil {
		return nil, err
	}
	w, err := harness.Start(folder, harness.Ginapp, "", env...)
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	rows := []row{{"from the start to everything watched", w.Opened.Seconds(), 1, "s"}}
	if err := w.Settle(time.Second); err != nil {
		return nil, err
	}
	time.Sleep(started)
	p := process(w.PID)
	before := p.busy()
	time.Sleep(s.idle)
	idle := p.busy() - before
	rows = append(rows,
		row{"inotify watches", p.watches(), 100, ""},
		row{"own memory (RssAnon)", p.memory(), 30, "MiB"},
		row{fmt.Sprintf("ticks of CPU in %v of idleness", s.idle), idle, 1, ""})
	saves, err := save(w, log, s.edits)
	if err != nil {
		return nil, err
	}
	builds, err := checkout(w, log, dir)
	return append(append(rows, saves...), builds), err
}

// save saves one file again and again, and waits each time until it is served.
func save(w *harness.Watched, log goLog, edits int) ([]row, error) {
	var pending, build harness.Series
	for n := 2; n < 2+edits; n++ {
		saved, known, err := w.Edit(n)
		if err != nil {
			return nil, err
		}
		if err := w.Settle(100 * time.Millisecond); err != nil {
			return nil, err
		}
		begun, err := log.firstBuild(saved)
		if err != nil {
			return nil, err
		}
		pending, build = append(pending, known.Sub(saved)), append(build, begun.Sub(saved))
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return []row{
		{"from a save to pending, p50", ms(pending.At(0.5)), 0, "ms"},
		{"from a save to pending, p99", ms(pending.At(0.99)), 0, "ms"},
		{"from a save to the process of go build, p50", ms(build.At(0.5)), 0, "ms"},
		{"from a save to the process of go build, p99", ms(build.At(0.99)), 0, "ms"},
	}, nil
}

// checkout has git change many files and counts the builds that finish.
func checkout(w *harness.Watched, log goLog, dir string) (row, error) {
	begun := time.Now()
	if err := git(dir, "checkout", "-q", "other"); err != nil {
		return row{}, err
	}
	if err := w.Settle(3 * time.Second); err != nil {
		return row{}, err
	}
	builds, err := log.finishedBuilds(begun)
	return row{"builds that finish after git checkout", float64(builds), 2, ""}, err
}
