package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// goLog is a file in which each go build that watcher calls leaves when it began and, if
// it was not killed, when it ended.
type goLog string

// spyOnGo puts this program in the place of the go command and returns its log, and the
// variables that watcher is to have.
func spyOnGo(folder string) (goLog, []string, error) {
	real, err := exec.LookPath("go")
	if err != nil {
		return "", nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	bin := filepath.Join(folder, "bin")
	log := filepath.Join(folder, "go.log")
	err = errors.Join(os.MkdirAll(bin, 0o755), os.Symlink(self, filepath.Join(bin, "go")))
	path := bin + string(os.PathListSeparator) + os.Getenv("PATH")
	return goLog(log), []string{"PATH=" + path, "BENCH_GO=" + real, "BENCH_LOG=" + log}, err
}

// goCommand is this program as the go command.
func goCommand() int {
	note("begun")
	cmd := exec.Command(os.Getenv("BENCH_GO"), os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	_ = cmd.Run()
	note("ended")
	return cmd.ProcessState.ExitCode()
}

func note(what string) {
	if len(os.Args) < 2 || os.Args[1] != "build" {
		return
	}
	f, err := os.OpenFile(os.Getenv("BENCH_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		fmt.Fprintln(f, what, time.Now().UnixNano())
		f.Close()
	}
}

// since lists when builds have begun, or ended, from a time on.
func (l goLog) since(from time.Time, what string) (times []time.Time, err error) {
	f, err := os.Open(string(l))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kind string
		var at int64
		if _, err := fmt.Sscan(lines.Text(), &kind, &at); err != nil {
			return nil, err
		}
		if kind == what && at >= from.UnixNano() {
			times = append(times, time.Unix(0, at))
		}
	}
	return times, nil
}

func (l goLog) firstBuild(from time.Time) (time.Time, error) {
	times, err := l.since(from, "begun")
	if len(times) == 0 {
		return time.Time{}, errors.Join(errors.New("no build began"), err)
	}
	return times[0], err
}

func (l goLog) finishedBuilds(from time.Time) (int, error) {
	times, err := l.since(from, "ended")
	return len(times), err
}
