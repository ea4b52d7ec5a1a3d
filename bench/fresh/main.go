// Command fresh asks at once after each save, at any load, and counts the answers that come
// from older code without saying so. Run it on Linux, in the repository's root, beside nothing else:
//
//	go run ./bench/fresh                               all parts, some 20 minutes
//	go run ./bench/fresh -bell 500 -saves 20 -builds 3       a short try
//
// Its parts: the doorbell alone, beside 0, 4 and 16 busy processes; the whole program with a
// build that takes no time, by each way in which editors save; and with real builds beside busy
// processes. It exits 1 if a ring was missed, an answer was stale and unmarked, or a request
// was refused.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	switch os.Getenv(roleEnv) {
	case "busy":
		//lint:ignore SA5002 to take a core is what it is for; it is ended by who started it
		for {
		}
	case "go":
		os.Exit(goCommand())
	}
	bell := flag.Int("bell", 20_000, "rounds of each kind with the doorbell alone, for each load")
	saves := flag.Int("saves", 1000, "saves by each way, with a build that takes no time")
	builds := flag.Int("builds", 200, "saves with real builds beside nothing; a quarter of it beside 4, a tenth beside 16 busy processes")
	flag.Parse()
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err == nil {
		err = errors.Join(doorbells(folder, *bell), served(folder, *saves, *builds))
		os.RemoveAll(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fresh:", err)
		os.Exit(1)
	}
}

// served runs the whole program, first with the go command in whose place we stand.
func served(folder string, saves, builds int) error {
	fmt.Printf("\n%-44s %8s %8s %8s %8s %14s\n", "asked at once after a save", "answers", "stale", "marked", "refused", "median, most")
	env, err := instantGo(folder)
	if err != nil {
		return err
	}
	var all []error
	s, err := open(filepath.Join(folder, "instant"), env...)
	if err != nil {
		return err
	}
	for _, w := range ways {
		all = append(all, s.round("no build, "+w.name, w.save, saves))
	}
	s.Stop()
	if s, err = open(filepath.Join(folder, "real")); err != nil {
		return err
	}
	defer s.Stop()
	for _, load := range []struct{ busy, saves int }{{0, builds}, {4, builds / 4}, {16, builds / 10}} {
		stop := beside(load.busy)
		all = append(all, s.round(fmt.Sprintf("go build beside %d busy processes", load.busy), inPlace, load.saves))
		stop()
	}
	return errors.Join(all...)
}
