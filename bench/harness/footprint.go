package harness

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Footprint is what a process takes of the machine, as Linux counts it.
type Footprint struct {
	Files   int // open file descriptors
	Threads int
	Zombies int // children that have ended and were not reaped
	Anon    int // memory of its own, RssAnon, in KiB
}

// FootprintOf reads the footprint of a process that lives.
func FootprintOf(pid int) (f Footprint, err error) {
	folder := "/proc/" + strconv.Itoa(pid)
	files, err := os.ReadDir(folder + "/fd")
	if err != nil {
		return f, err
	}
	status, err := os.ReadFile(folder + "/status")
	if err != nil {
		return f, err
	}
	f.Files, f.Threads, f.Anon = len(files), field(status, "Threads:"), field(status, "RssAnon:")
	all, err := os.ReadDir("/proc")
	for _, other := range all {
		stat := statOf(other.Name())
		if len(stat) > 1 && stat[0] == "Z" && stat[1] == strconv.Itoa(pid) {
			f.Zombies++
		}
	}
	return f, err
}

// Ticks is the processor time that a process has used, in hundredths of a second.
func Ticks(pid int) (ticks int) {
	if stat := statOf(strconv.Itoa(pid)); len(stat) > 12 {
		for _, n := range stat[11:13] { // of the user, of the system
			n, _ := strconv.Atoi(n)
			ticks += n
		}
	}
	return ticks
}

func (f Footprint) String() string {
	return fmt.Sprintf("%8d %8d %8d %10d KiB", f.Files, f.Threads, f.Zombies, f.Anon)
}

// statOf returns the fields behind a process's name, its state first; none if it is gone.
func statOf(pid string) []string {
	stat, _ := os.ReadFile("/proc/" + pid + "/stat")
	return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
}

func field(status []byte, name string) int {
	_, rest, _ := strings.Cut(string(status), name)
	if words := strings.Fields(rest); len(words) > 0 {
		n, _ := strconv.Atoi(words[0])
		return n
	}
	return 0
}
