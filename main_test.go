package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/watcher-dev/watcher/runner/shim"
)

// full asks for every repetition that docs/promises.md names; without it the tests with
// the real program take a few of each.
var full = os.Getenv("FULL_TESTS") != ""

// times is how often a test with the real program is repeated.
func times(inFull int) int {
	if full {
		return inFull
	}
	return min(inFull, 3)
}

// TestMain makes this binary the program too: `watcher` on the tests' PATH is it.
func TestMain(m *testing.M) {
	shim.Become()
	testscript.Main(m, map[string]func(){"watcher": main})
}
