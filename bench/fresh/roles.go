package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// roleEnv says which part of this program a process is; unset for the program itself.
const roleEnv = "BENCH_ROLE"

// beside starts busy processes and returns what ends them.
func beside(n int) (stop func()) {
	var all []*exec.Cmd
	for range n {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleEnv+"=busy", "GOMAXPROCS=1")
		if cmd.Start() == nil {
			all = append(all, cmd)
		}
	}
	return func() {
		for _, cmd := range all {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
}

// unset is the version in the binary that the others are made of.
const unset = "v00000000"

// instantGo builds the app once and returns the variables with which watcher takes this
// program for the go command.
func instantGo(folder string) (env []string, err error) {
	binary := filepath.Join(folder, "template")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, ".")
	build.Dir = app
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the app: %w: %s", err, out)
	}
	real, err := exec.LookPath("go")
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(folder, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	script := fmt.Sprintf("#!/bin/sh\n%s=go exec %s \"$@\"\n", roleEnv, self)
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755); err != nil {
		return nil, err
	}
	path := bin + string(os.PathListSeparator) + os.Getenv("PATH")
	return []string{"PATH=" + path, "BENCH_GO=" + real, "BENCH_BINARY=" + binary}, nil
}

var versions = regexp.MustCompile(`v\d{8}`)

// goCommand is this program as the go command: a build writes the version that stands in main.go
// into a copy of the binary, all else is done by the real one.
func goCommand() int {
	if len(os.Args) < 2 || os.Args[1] != "build" {
		cmd := exec.Command(os.Getenv("BENCH_GO"), os.Args[1:]...)
		cmd.Env = append(os.Environ(), roleEnv+"=")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode()
	}
	src, err := os.ReadFile("main.go")
	version := versions.Find(src)
	binary, missing := os.ReadFile(os.Getenv("BENCH_BINARY"))
	if err != nil || missing != nil || version == nil {
		fmt.Fprintln(os.Stderr, "main.go:1:1: no version:", err, missing)
		return 1
	}
	binary = bytes.Replace(binary, []byte(unset), version, 1)
	for i, arg := range os.Args {
		if arg == "-o" || strings.HasPrefix(arg, "-o=") {
			err = os.WriteFile(os.Args[i+1], binary, 0o755)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
