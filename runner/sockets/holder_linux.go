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
		names, _ := filesOf(p.pid)
		for _, name := range names {
			if at, ok := sockets[name]; ok && int(at.Port()) == port {
				command, _ := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/comm")
				return p.pid, string(bytes.TrimSpace(command))
			}
		}
	}
	return 0, ""
}
