//go:build unix

package harness

import (
	"strings"
	"syscall"
)

// Goroutines ends watcher by SIGQUIT and counts those of its dump, without the runtime's.
func (w *Watched) Goroutines() int {
	_ = w.cmd.Process.Signal(syscall.SIGQUIT)
	_ = w.cmd.Wait()
	return strings.Count(w.err.String(), "\ngoroutine ")
}

// Restart orders a restart and returns when another process serves.
func (w *Watched) Restart() error {
	return w.swap(func() error { return w.cmd.Process.Signal(syscall.SIGUSR1) })
}
