// Command load shows that the front loses nothing: it edits copies of two sample
// services again and again, one of HTTP and one of gRPC, under mixed load and judges
// every single answer. Run it in
// the repository's root, beside nothing else:
//
//	go run ./bench/load [-swaps 50] [-for 2m] [-rate 300] [-ways 20]
//
// It prints a table by kind of client and exits 1, naming the column, if anything was
// refused, reset, answered by another than the app, stale, older than the answer
// before, changed on its way, or executed twice.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

func main() {
	swaps := flag.Int("swaps", 50, "number of edits of each service, evenly spread")
	duration := flag.Duration("for", 2*time.Minute, "how long")
	rate := flag.Int("rate", 300, "requests a second, at least")
	ways := flag.Int("ways", 20, "number of edits for each other way to swap, two seconds apart")
	flag.Parse()
	if err := errors.Join(run(*swaps, *duration, *rate), runWays(*ways)); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(swaps int, duration time.Duration, rate int) error {
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	journal := filepath.Join(folder, "journal")
	web, err := startService(filepath.Join(folder, "web"), harness.Ginapp, "", "JOURNAL="+journal)
	if err != nil {
		return err
	}
	defer web.Stop()
	calls, err := startService(filepath.Join(folder, "calls"), "testdata/grpcapp", "", "JOURNAL="+journal)
	if err != nil {
		return err
	}
	defer calls.Stop()
	stub, err := dial(calls.URL)
	if err != nil {
		return err
	}
	defer stub.Close()
	l := newLoad()
	l.start(web, kinds(rate))
	l.start(calls, grpcKinds(stub))
	began := time.Now()
	edits := edit(swaps, duration, web, calls)
	took := time.Since(began)
	l.end()
	executed, err := os.ReadFile(journal)
	if err := errors.Join(edits, err); err != nil {
		fmt.Print(l.table()) // which may tell why
		return err
	}
	l.countTwice(string(executed))
	return l.report(swaps, min(len(web.versions), len(calls.versions))-1, took, rate)
}

// startService starts a sample under watcher in folder, which may be missing.
func startService(folder, sample, settings string, env ...string) (*service, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	w, err := harness.Start(folder, sample, settings, env...)
	return &service{Watched: w, versions: map[int64]bool{}}, err
}

// edit spreads the edits of the services over duration, in turn, with a pause at its
// beginning and end.
func edit(swaps int, duration time.Duration, services ...*service) error {
	tick := time.NewTicker(duration / time.Duration(len(services)*swaps+1))
	defer tick.Stop()
	for n := 2; n < 2+swaps; n++ {
		for _, s := range services {
			<-tick.C
			_, known, err := s.Edit(n)
			if err != nil {
				return err
			}
			time.Sleep(time.Until(known.Add(freshAfter)))
			s.floor.Store(int64(n))
		}
	}
	<-tick.C
	return nil
}

// report prints the table and returns an error that names what went wrong. served is
// how many of the saves of each service were seen to answer.
func (l *load) report(swaps, served int, took time.Duration, rate int) error {
	fmt.Print(l.table())
	sent := 0
	for _, t := range l.tallies {
		sent += t.sent
	}
	fmt.Printf("\n%d requests in %v, %.0f a second; %d of %d saves were seen served\n",
		sent, took.Round(time.Second), float64(sent)/took.Seconds(), served, swaps)
	for note, n := range l.notes {
		fmt.Printf("%d × %s\n", n, note)
	}
	var wrong []string
	for f := range faults {
		for _, t := range l.tallies {
			if t.faults[f] > 0 {
				wrong = append(wrong, fmt.Sprintf("%s: %d %s", t.name, t.faults[f], faultNames[f]))
			}
		}
	}
	if served != swaps {
		wrong = append(wrong, fmt.Sprintf("%d saves were never seen served", swaps-served))
	}
	if float64(sent) < float64(rate)*took.Seconds() {
		wrong = append(wrong, fmt.Sprintf("there were fewer than %d requests a second", rate))
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	return nil
}
