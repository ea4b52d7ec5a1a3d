package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// ways are those in which an app is swapped that does not take PORT.
var ways = []struct{ name, settings, env string }{
	{"moved listener", "[run]\nremap = true\n", "FIXED_PORT=18471"},
	{"handed socket", "[run]\nsocket = true\n", ""},
	{"stop-first", "[run]\nremap = false\nport = 18472\n", "FIXED_PORT=18472"},
}

const (
	wayRate  = 100 // requests a second, less where they wait long in stop-first
	wayPause = 2 * time.Second
)

// runWays loads the sample service under each way, one after the other.
func runWays(swaps int) error {
	for _, way := range ways {
		fmt.Printf("\n%s\n", way.name)
		if err := runWay(swaps, way.settings, way.env); err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
	}
	return nil
}

func runWay(swaps int, settings, env string) error {
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	journal := filepath.Join(folder, "journal")
	s, err := startService(folder, harness.Ginapp, settings, "JOURNAL="+journal, env)
	if err != nil {
		return err
	}
	defer s.Stop()
	l := newLoad()
	l.start(s, kinds(wayRate))
	began := time.Now()
	if err := edit(swaps, wayPause*time.Duration(swaps+1), s); err != nil {
		return err
	}
	took := time.Since(began)
	l.end()
	executed, err := os.ReadFile(journal)
	if err != nil {
		return err
	}
	l.countTwice(string(executed))
	return l.report(swaps, len(s.versions)-1, took, 0)
}
