package settings

import (
	"fmt"
	"strings"
	"syscall"
)

const usualSignals = "SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 or another by its name"

// ParseSignal returns the signal of this system that name means: "SIGTERM" and
// "term" are the same.
func ParseSignal(name string) (syscall.Signal, error) {
	sig := signalNamed("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG"))
	if sig == 0 {
		return 0, fmt.Errorf("unknown signal %q: write %s", name, usualSignals)
	}
	return sig, nil
}
