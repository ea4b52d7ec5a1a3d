// Command reload measures what a save costs. It edits a copy of the sample service 20
// times under 100 requests a second and prints, from one run on one machine, the time
// from the save to the first answer by new code beside what the same edit costs with
// go build alone. Run it in the repository's root, beside nothing else:
//
//	go run ./bench/reload          the table; exit 1 if a promise is broken
//	go run ./bench/reload -burst   60 saves in 90 s on a build of 2 s, eight of them broken
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// allowed is what watcher may add to the build and the start of the app.
const allowed = 40 * time.Millisecond

func main() {
	edits := flag.Int("edits", 20, "number of edits")
	rate := flag.Int("rate", 100, "requests a second")
	burst := flag.Bool("burst", false, "save faster than a build takes")
	flag.Parse()
	run := func() error { return reload(*edits, *rate) }
	if *burst {
		run = runBurst
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "reload:", err)
		os.Exit(1)
	}
}

// reload interleaves each edit under watcher with the same edit by go build alone, so
// that what else the machine does falls on both.
func reload(edits, rate int) error {
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	h, err := harness.Start(folder, harness.Ginapp, "")
	if err != nil {
		return err
	}
	defer h.Stop()
	w := watched{h}
	copied, err := harness.NewService(filepath.Join(folder, "bare"), harness.Ginapp)
	if err != nil {
		return err
	}
	bare := service{copied}
	if _, err := bare.build(ourFlags...); err != nil {
		return err
	}
	if _, err := bare.build(); err != nil {
		return err
	}
	load := startLoad(w.URL, rate)
	var served, pending, same, plain, start harness.Series
	for n := 2; n < 2+edits; n++ {
		s, p, err := w.edit(n, load)
		if err != nil {
			return err
		}
		served, pending = append(served, s), append(pending, p)
		if err := w.settled(); err != nil {
			return err
		}
		b, pl, st, err := bare.edit(n)
		if err != nil {
			return err
		}
		same, plain, start = append(same, b), append(plain, pl), append(start, st)
	}
	t := load.end()

	fmt.Printf("%d edits of the sample service under %d requests/s\n\n", edits, rate)
	fmt.Printf("%-44s %10s %10s %10s\n", "", "min", "median", "max")
	fmt.Printf("%-44s %v\n", "save → first answer by new code", served)
	fmt.Printf("%-44s %v\n", "the same edit, go build with the same flags", same)
	fmt.Printf("%-44s %v\n", "the same edit, go build without flags", plain)
	fmt.Printf("%-44s %v\n", "the app's own start-up", start)
	fmt.Printf("%-44s %10v %10v %10v  (p50, p99)\n", "save → pending", "", pending.At(0.5).Round(100*time.Microsecond), pending.At(0.99).Round(100*time.Microsecond))
	limit := same.At(0.5) + start.At(0.5) + allowed
	fmt.Printf("\nmedian save → served %v, limit %v (build + start-up + %v)\n", served.At(0.5).Round(time.Millisecond), limit.Round(time.Millisecond), allowed)
	fmt.Println(t)
	if served.At(0.5) > limit || t.faults() > 0 {
		return fmt.Errorf("a promise is broken")
	}
	return nil
}
