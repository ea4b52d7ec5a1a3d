package group

import (
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/windows"
)

// Windows is compiled and not tested. There are no group signals: every signal
// ends the process and its descendants at once.

func isolate(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.CreationFlags |= windows.CREATE_NEW_PROCESS_GROUP
}

func detach(*exec.Cmd) {}

func signalGroup(id int, _ syscall.Signal) {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(id)).Run()
}

// awaitExit blocks until the process has ended.
func awaitExit(pid int) {
	handle, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return
	}
	defer windows.CloseHandle(handle)
	_, _ = windows.WaitForSingleObject(handle, windows.INFINITE)
}

func groupGone(int) bool { return true }
