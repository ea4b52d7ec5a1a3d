// Package shim knows what can be set only in a process that is started and does not
// run its program yet: so far LISTEN_PID, which has to be the pid of that process.
//
// The program starts itself under another name, sets it, and becomes the program that
// was meant: pid, group and parent stay what they are, and the cost is that of one
// more start of a program, some milliseconds. Nobody pays it who does not ask for it.
package shim

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// name is what the program is called by when it is to be a shim. Nothing about it
// stands in the environment, which belongs to the app.
const name = "watcher-shim"

// notRun is the exit code of a shim that could not become its program, as in shells.
const notRun = 126

// Through makes cmd, which is not started yet and has an absolute path, start by way
// of a shim. LISTEN_PID of its environment will be its pid. The error says why the
// program could not be run, or that this system has no shims.
func Through(cmd *exec.Cmd) error {
	if runtime.GOOS == "windows" {
		return fmt.Errorf("a process cannot become another program on Windows")
	}
	if _, err := exec.LookPath(cmd.Path); err != nil {
		return err // else only the shim would see it
	}
	self, err := itself()
	if err != nil {
		return err
	}
	cmd.Args = append([]string{name, cmd.Path}, cmd.Args...)
	cmd.Path = self
	return nil
}

// Become returns at once, unless this process was started by way of [Through]: then it
// becomes the program that was meant. It is the first call of every main whose program
// calls Through.
func Become() {
	if len(os.Args) < 3 || os.Args[0] != name {
		return
	}
	runtime.LockOSThread()
	dieWithParent()
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "LISTEN_PID=") })
	env = append(env, "LISTEN_PID="+strconv.Itoa(os.Getpid()))
	err := syscall.Exec(os.Args[1], os.Args[2:], env)
	fmt.Fprintf(os.Stderr, "run %s: %v\n", os.Args[1], err)
	os.Exit(notRun)
}
