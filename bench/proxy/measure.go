package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

const (
	pageAssets      = 200
	pageConnections = 6 // as browsers open to one host
	pages           = 10
	assetTime       = 5 * time.Millisecond // what the app takes for an asset
)

// spread asks on so many connections to addr, on each in sequence, until ask returns
// false there, and returns how long the requests took. Requests are numbered in turn:
// the first connection has 0, conns, 2·conns and so on.
func spread(addr string, conns int, ask func(c *client, n int) (more bool, err error)) (harness.Series, error) {
	var wg sync.WaitGroup
	took := make([]harness.Series, conns)
	errs := make([]error, conns)
	for i := range conns {
		wg.Go(func() {
			c, err := dial(addr)
			if err != nil {
				errs[i] = err
				return
			}
			defer c.Close()
			more := true
			for n := i; more && err == nil; n += conns {
				c.began = time.Now()
				more, err = ask(c, n)
				took[i] = append(took[i], time.Since(c.began))
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return slices.Concat(took...), errors.Join(errs...)
}

// throughput asks without a pause on so many connections and returns requests a second
// and the median of their times.
func throughput(addr, path string, conns int, duration time.Duration) (float64, time.Duration, error) {
	began := time.Now()
	took, err := spread(addr, conns, func(c *client, _ int) (bool, error) {
		return time.Since(began) < duration, c.get(path)
	})
	return float64(len(took)) / time.Since(began).Seconds(), took.At(0.5), err
}

// loadPage returns the median time of a page with all its assets.
func loadPage(addr, path string) (time.Duration, error) {
	var took harness.Series
	for range pages {
		began := time.Now()
		_, err := spread(addr, pageConnections, func(c *client, n int) (bool, error) {
			return n+pageConnections < pageAssets, c.get(fmt.Sprintf("%s/%d", path, n))
		})
		if err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	return took.At(0.5), nil
}

// paced asks rate times a second on 32 connections and returns the 99th percentile. The
// times count from when a request was due, also if its connection was still busy.
func paced(addr string, rate int, duration time.Duration) (time.Duration, error) {
	began := time.Now()
	took, err := spread(addr, 32, func(c *client, n int) (bool, error) {
		due := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		c.began = due
		return time.Since(began) < duration, c.get("/small")
	})
	return took.At(0.99), err
}

func median[T ~float64 | ~int64](all []T) T { return slices.Sorted(slices.Values(all))[len(all)/2] }

// ratios pairs the values of each round, so that what else the machine did falls on both.
func ratios[T ~float64 | ~int64](of, to []T) []float64 {
	all := make([]float64, len(of))
	for i := range of {
		all[i] = float64(of[i]) / float64(to[i])
	}
	return all
}

func differences(of, from harness.Series) harness.Series {
	all := make(harness.Series, len(of))
	for i := range of {
		all[i] = of[i] - from[i]
	}
	return all
}
