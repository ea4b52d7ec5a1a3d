// Package harness is what the benchmarks share: a copy of a sample service, watcher
// running on it, and times with their percentiles. It works in the repository's root.
package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Ginapp is the sample service that most are about.
const Ginapp = "testdata/ginapp"

// Service is a copy of a sample service, in a folder of its own.
type Service struct{ Dir string }

// NewService copies a sample service to dir.
func NewService(dir, sample string) (Service, error) {
	return Service{dir}, os.CopyFS(dir, os.DirFS(sample))
}

// SaveVersion writes version n and returns when the write had ended.
func (s Service) SaveVersion(n int) (time.Time, error) {
	return s.SaveConstant(fmt.Sprintf("%q", fmt.Sprintf("v%d", n)))
}

// SaveConstant writes any value, also one that does not compile, in place of the version.
func (s Service) SaveConstant(value string) (time.Time, error) {
	file := filepath.Join(s.Dir, "internal", "version", "version.go")
	text := "// Package version says which one this is.\npackage version\n\nconst Version = " + value + "\n"
	err := os.WriteFile(file, []byte(text), 0o644)
	return time.Now(), err
}

// Series are times of one kind.
type Series []time.Duration

// At returns the percentile part, from 0 (the least) to 1 (the most); 0 of none.
func (s Series) At(part float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[int(part*float64(len(sorted)-1)+0.5)]
}

// String is the least, the median and the most, in columns.
func (s Series) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	return fmt.Sprintf("%10v %10v %10v", round(s.At(0)), round(s.At(0.5)), round(s.At(1)))
}
