package sockets

import (
	"bytes"
	"os"
	"strconv"
)

// Holder returns the process that listens on a TCP port, and its name; 0 if there
// is none or if the system does not tell, as for another user's process.
func Holder(port int) (pid int, name string) {
	sockets := listeningSockets()
	for _, p := range runningProcesses() {
		folder := "/proc/" + strconv.Itoa(p.pid)
		files, _ := os.ReadDir(folder + "/fd")
		for _, file := range files {
			target, _ := os.Readlink(folder + "/fd/" + file.Name())
			if at, ok := sockets[target]; ok && int(at.Port()) == port {
				name, _ := os.ReadFile(folder + "/comm")
				return p.pid, string(bytes.TrimSpace(name))
			}
		}
	}
	return 0, ""
}
