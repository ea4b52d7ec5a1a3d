package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

// The burst of promise S7.
const (
	burstSaves = 60
	burstEvery = 1500 * time.Millisecond
	burstBuild = 2 * time.Second
	holdLimit  = 10 * time.Second // hold_timeout's default: nobody waits longer
	wantServed = 10
	lastWithin = 2.1 // builds: the last save may come while an earlier build is left to finish
)

// slowTool is a -toolexec that makes each compilation of the edited package slow: after
// it has read the source, as a slow compiler would.
const slowTool = `#!/bin/sh
"$@" || exit
case "$*" in *-V=full*) ;; *compile*internal/version*) sleep 1.5 ;; esac
`

// runBurst saves every 1.5 s on a build of 2 s. Every seventh save is broken, the last
// is not: it must be served in the end, and new code must be seen all the time.
func runBurst() error {
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	tool := filepath.Join(folder, "slow")
	if err := os.WriteFile(tool, []byte(slowTool), 0o755); err != nil {
		return err
	}
	w, err := harness.Start(folder, harness.Ginapp, fmt.Sprintf("[build]\nflags = [\"-toolexec=%s\"]\n", tool))
	if err != nil {
		return err
	}
	defer w.Stop()
	copied, err := harness.NewService(filepath.Join(folder, "reference"), harness.Ginapp)
	if err != nil {
		return err
	}
	reference := service{copied}
	flags := append([]string{"-toolexec=" + tool}, ourFlags...)
	if _, err := reference.build(flags...); err != nil {
		return err
	}
	load := startLoad(w.URL, 50)
	served := map[int64]bool{}
	broken := 0
	var last time.Time
	for n := 2; n < 2+burstSaves; n++ {
		if n%7 == 0 && n < 1+burstSaves {
			broken++
			_, err = w.SaveConstant("broken")
		} else {
			last, err = w.SaveVersion(n)
		}
		if err != nil {
			return err
		}
		if n < 1+burstSaves {
			time.Sleep(burstEvery)
			served[load.newest.Load()] = true
		}
	}
	end := <-load.first(1 + burstSaves)
	took := end.Sub(last)
	t := load.end()
	var builds harness.Series
	for n := range 5 {
		if _, err := reference.SaveVersion(1000 + n); err != nil {
			return err
		}
		b, err := reference.build(flags...)
		if err != nil {
			return err
		}
		builds = append(builds, b)
	}
	build := builds.At(0.5)
	fmt.Printf("%d saves in %v, %d broken, on a build of %v\n", burstSaves, burstSaves*burstEvery, broken, build.Round(time.Millisecond))
	fmt.Printf("%d versions were seen served meanwhile (want %d)\n", len(served), wantServed)
	fmt.Printf("the last was served %v after its save: %.2f builds\n", took.Round(time.Millisecond), took.Seconds()/build.Seconds())
	fmt.Println(t)
	if len(served) < wantServed || t.longest > holdLimit+time.Second || t.faults() > 0 || took.Seconds() > lastWithin*build.Seconds() {
		return fmt.Errorf("a promise is broken")
	}
	return nil
}
