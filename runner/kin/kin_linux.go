package kin

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// Processes lists those that bear the mark and have not ended.
func (m Mark) Processes() (all []Process) {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	want := []byte(Variable + "=" + string(m) + "\x00")
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		// That of a zombie is empty, and that of another user cannot be read.
		env, _ := os.ReadFile("/proc/" + name + "/environ")
		if bytes.Contains(env, want) {
			comm, _ := os.ReadFile("/proc/" + name + "/comm")
			all = append(all, Process{pid, string(bytes.TrimSpace(comm))})
		}
	}
	return all
}

func kill(pid int, sig syscall.Signal) error { return syscall.Kill(pid, sig) }
