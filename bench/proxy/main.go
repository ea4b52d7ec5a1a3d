// Command proxy measures what the front costs: the same app asked directly, through a
// bare well-tuned httputil.ReverseProxy, through the front, and through nginx and Caddy
// where they are installed. App and contenders are processes of their own; all are
// measured in turn, several times, and medians count. Run it beside nothing else:
//
//	go run ./bench/proxy [-rounds 5] [-for 2s] [-profile cpu.pprof]
//
// Requests come from a client of a few lines on kept connections, which costs less than
// net/http's and takes the same from everybody. It exits 1 if a bound is broken.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// The bounds, of which each is a median over the rounds.
const (
	leastThroughput = 0.9                    // of the bare proxy's
	mostLatency     = 200 * time.Microsecond // added to a direct request on one connection
	mostPage        = 1.1                    // of the time of a page that is asked for directly
)

func main() {
	rounds := flag.Int("rounds", 5, "how often all are measured in turn")
	each := flag.Duration("for", 2*time.Second, "how long each is measured in a round")
	profile := flag.String("profile", "", "file for a CPU profile of the front")
	flag.Parse()
	err := serveRole()
	if errors.Is(err, errNoRole) {
		err = run(*rounds, *each, *profile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

// result is what one contender has come to, a value a round.
type result struct {
	*contender
	rate [len(loads)][]float64 // requests a second
	p50  [len(loads)]harness.Series
	page harness.Series // of 200 assets, each of which takes the app a moment
	bare harness.Series // of 200 assets that take it none
	p99  harness.Series // at 1,000 requests a second
}

func run(rounds int, each time.Duration, profile string) error {
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	contenders, err := startContenders(folder, profile)
	defer stopAll(contenders)
	if err != nil {
		return err
	}
	var results []*result
	for _, c := range contenders {
		results = append(results, &result{contender: c})
	}
	for range rounds {
		for _, r := range results {
			if err := r.measure(each); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	return report(results)
}

// loads are the columns of rate and p50. What is asked for by the second name has the app write a
// line into a folder that is watched.
var loads = [...]struct {
	path  string
	conns int
}{{"/small", 1}, {"/small", 32}, {"/logged", 1}, {"/logged", 32}}

func (r *result) measure(each time.Duration) error {
	for i, l := range loads {
		rate, p50, err := throughput(r.addr, l.path, l.conns, each)
		if err != nil {
			return err
		}
		r.rate[i], r.p50[i] = append(r.rate[i], rate), append(r.p50[i], p50)
	}
	page, err := loadPage(r.addr, "/asset")
	if err != nil {
		return err
	}
	bare, err := loadPage(r.addr, "/instant")
	if err != nil {
		return err
	}
	p99, err := paced(r.addr, 1000, each)
	r.page, r.bare, r.p99 = append(r.page, page), append(r.bare, bare), append(r.p99, p99)
	return err
}

// report prints the medians and returns an error that names the bounds that are broken.
func report(results []*result) error {
	fmt.Printf("%-24s %22s %22s %22s %22s %12s %12s %12s\n", "", "1 connection", "32 connections",
		"1, with a log", "32, with a log", "page of 200", "at no cost", "p99, 1000/s")
	for _, r := range results {
		fmt.Printf("%-24s", r.name)
		for i := range loads {
			fmt.Printf(" %10.0f/s %9v", median(r.rate[i]), r.p50[i].At(0.5).Round(time.Microsecond))
		}
		for _, s := range []harness.Series{r.page, r.bare, r.p99} {
			fmt.Printf(" %12v", s.At(0.5).Round(time.Microsecond))
		}
		fmt.Println()
	}
	direct, bare, front := results[0], results[1], results[2]
	var wrong []string
	bound := func(ok bool, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		fmt.Println(text)
		if !ok {
			wrong = append(wrong, text)
		}
	}
	fmt.Println()
	for i, l := range loads {
		ratio := median(ratios(front.rate[i], bare.rate[i]))
		bound(ratio >= leastThroughput, "the front has %.2f of the bare proxy's throughput on %d connections for %s (at least %v)", ratio, l.conns, l.path, leastThroughput)
		if l.conns == 1 {
			added := differences(front.p50[i], direct.p50[i]).At(0.5)
			bound(added <= mostLatency, "the front adds %v to the median on one connection for %s (at most %v)", added, l.path, mostLatency)
		}
	}
	longer := median(ratios(front.page, direct.page))
	bound(longer <= mostPage, "a page of %d assets takes %.2f of its direct time (at most %v)", pageAssets, longer, mostPage)
	fmt.Printf("the front adds %v to p99 at 1,000 requests a second\n", differences(front.p99, direct.p99).At(0.5))
	if len(wrong) > 0 {
		return errors.New("a bound is broken: " + strings.Join(wrong, "; "))
	}
	return nil
}
