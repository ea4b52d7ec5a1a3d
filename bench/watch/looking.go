package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/watcher-dev/watcher/watcher/source"
)

// looked is how many files are looked at, in how many folders.
const looked, lookedIn = 5000, 100

// looking measures what polling and the safety scan take of one core.
func looking(folder string, s size) (rows []row, err error) {
	var dirs []string
	for i := range lookedIn {
		dir := filepath.Join(folder, "looked", fmt.Sprint(i))
		if err := fill(dir, looked/lookedIn, func(n int) (string, string) { return fmt.Sprint(n, ".go"), "package p\n" }); err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	for _, way := range []struct {
		what  string
		poll  source.Poll
		limit float64
	}{{"polling", source.Always, 2}, {"the safety scan", source.Auto, 0.5}} {
		part, err := watchFor(way.poll, dirs, s.idle)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{fmt.Sprintf("%s of %d files, of one core", way.what, looked), part, way.limit, "%"})
	}
	return rows, nil
}

// watchFor returns the percentage of a core that watching takes for a while. It begins
// when the folders have been looked at once.
func watchFor(poll source.Poll, dirs []string, while time.Duration) (float64, error) {
	src, err := source.New(poll, func(string) {})
	if err != nil {
		return 0, err
	}
	defer src.Close()
	go func() { // until Close
		for range src.Events {
		}
	}()
	go func() {
		for range src.Errors {
		}
	}()
	for _, dir := range dirs {
		if err := src.Add(dir); err != nil {
			return 0, err
		}
	}
	self := process(os.Getpid())
	before := self.busy()
	time.Sleep(while)
	return (self.busy() - before) / while.Seconds(), nil // a tick is a hundredth
}
