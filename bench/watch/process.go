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

// ticks is the CPU time used so far, in hundredths of a second.
func (p process) ticks() float64 {
	_, rest, _ := bytes.Cut(p.file("stat"), []byte(") ")) // behind the name
	var user, system float64
	if fields := bytes.Fields(rest); len(fields) > 12 {
		fmt.Sscan(string(fields[11]), &user)
		fmt.Sscan(string(fields[12]), &system)
	}
	return user + system
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
