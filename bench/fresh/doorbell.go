package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
	"github.com/watcher-dev/watcher/watcher/doorbell"
)

// doorbells looks whether the bell has rung when a call returns that changes something.
func doorbells(folder string, rounds int) error {
	dir := filepath.Join(folder, "rung")
	bell, err := doorbell.New()
	if err == nil {
		defer bell.Close()
		err = errors.Join(os.Mkdir(dir, 0o755), bell.Add(dir))
	}
	if err != nil {
		return err
	}
	fmt.Printf("%-44s %8s %8s %14s\n", "the doorbell alone", "rounds", "missed", "a question")
	missed := 0
	for _, busy := range []int{0, 4, 16} {
		stop := beside(busy)
		n, took, err := rung(bell, dir, rounds)
		stop()
		if err != nil {
			return err
		}
		fmt.Printf("%-44s %8d %8d %14v\n", fmt.Sprintf("write, rename, remove, create beside %d busy", busy), 4*rounds, n, took.At(0.5))
		missed += n
	}
	if missed > 0 {
		return fmt.Errorf("%d rings were missed", missed)
	}
	return nil
}

func rung(bell *doorbell.Bell, dir string, rounds int) (missed int, took harness.Series, err error) {
	file, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	f, err := os.Create(file)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	var last *os.File
	kinds := []func() error{
		func() error { _, err := f.WriteAt([]byte("x"), 0); return err }, // it is asked before close
		func() (err error) { last, err = os.Create(other); return err },
		func() error { return errors.Join(last.Close(), os.Rename(other, other+"2")) },
		func() error { return os.Remove(other + "2") },
	}
	quiet := func(doorbell.Ring) bool { return false }
	for range rounds {
		for _, do := range kinds {
			bell.Answer(quiet)
			if err := do(); err != nil {
				return 0, nil, err
			}
			began := time.Now()
			rung := bell.Rung()
			took = append(took, time.Since(began))
			if !rung {
				missed++
			}
		}
	}
	return missed, took, nil
}
