package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// ways are those in which an app is swapped that does not take PORT. Stop-first has handlers
// of 2 s to wait for, before each swap.
var ways = []struct {
	name, settings, env string
	pause               time.Duration // between two saves
}{
	{"moved listener", "[run]\nremap = true\n", "FIXED_PORT=18471", 2 * time.Second},
	{"handed socket", "[run]\nsocket = true\n", "", 2 * time.Second},
	{"stop-first", "[run]\nremap = false\nport = 18472\n", "FIXED_PORT=18472", 4 * time.Second},
}

// wayRate is in requests a second; there are less where they wait long in stop-first.
const wayRate = 100

// runWays loads the sample service under each way, one after the other.
func runWays(swaps int) error {
	for _, way := range ways {
		fmt.Printf("\n%s\n", way.name)
		if err := runWay(swaps, way.pause, way.settings, way.env); err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
	}
	return nil
}

func runWay(swaps int, pause time.Duration, settings, env string) error {
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
	if err := edit(swaps, pause*time.Duration(swaps+1), s); err != nil {
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
