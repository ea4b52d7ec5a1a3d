package sockets

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// running is a line of the process table.
type running struct{ pid, parent, group int }

// runningProcesses lists the processes that have not ended.
func runningProcesses() []running {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	var all []running
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		text, _ := os.ReadFile("/proc/" + name + "/stat") // pid (any name) state parent group …
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) < 3 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		group, _ := strconv.Atoi(fields[2])
		all = append(all, running{pid, parent, group})
	}
	return all
}

// GroupRuns says whether a process of the group has not ended.
func GroupRuns(group int) bool {
	for _, p := range runningProcesses() {
		if p.group == group {
			return true
		}
	}
	return false
}

// Family lists the running processes of some groups and the descendants of all of them.
func Family(groups ...int) []int {
	all := runningProcesses()
	member := map[int]bool{}
	var pids []int
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !member[p.pid] && (slices.Contains(groups, p.group) || member[p.parent]) {
				member[p.pid], grown = true, true
				pids = append(pids, p.pid)
			}
		}
	}
	return pids
}

// filesOf lists what a process has open, by the names that the system has for what is no file.
func filesOf(pid int) (names []string, err error) {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd/"
	files, err := os.ReadDir(folder)
	for _, file := range files {
		if target, err := os.Readlink(folder + file.Name()); err == nil {
			names = append(names, target)
		}
	}
	return names, err
}
