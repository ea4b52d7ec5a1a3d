package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// process is what Linux tells of a running program.
type process int

func (p process) file(name string) []byte {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p, name))
	return text
}

// busy is the time that its threads have run so far, in ticks of a hundredth of a second. It is what
// the scheduler has counted: the ticks of stat(5) are samples, which fall into whatever a timer woke.
func (p process) busy() (ticks float64) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p))
	for _, thread := range threads {
		text, _ := os.ReadFile(thread)
		var ran float64 // in nanoseconds
		fmt.Sscan(string(text), &ran)
		ticks += ran / 1e7
	}
	return ticks
}

// memory is what the program has for itself, in MiB.
func (p process) memory() (mib float64) {
	_, rest, _ := bytes.Cut(p.file("status"), []byte("RssAnon:"))
	fmt.Sscan(string(rest), &mib)
	return mib / 1024
}

// watches counts its inotify watches.
func (p process) watches() (n float64) {
	infos, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", p))
	for _, info := range infos {
		text, _ := os.ReadFile(info)
		n += float64(bytes.Count(text, []byte("inotify wd:")))
	}
	return n
}
