package main

import (
	"flag"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// full asks for every repetition that docs/promises.md names; CI and a plain go test
// take a few of each.
var full = flag.Bool("full", false, "repeat the tests with the real program in full")

// times is how often a test with the real program is repeated.
func times(inFull int) int {
	if *full {
		return inFull
	}
	return min(inFull, 3)
}

// TestMain makes this binary the program too: `watcher` on the tests' PATH is it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"watcher": main})
}
