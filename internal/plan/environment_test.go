package plan

import (
	"slices"
	"testing"
)

func TestR8_InheritedVariablesAreNotPassedOn(t *testing.T) {
	got := PassedOn([]string{
		"HOME=/here", "LISTEN_FDS=1", "LISTEN_PID=7", "LISTEN_FDNAMES=http", "LISTEN_PIDFDID=9", "LISTEN_ADDR=:80",
		"NOTIFY_SOCKET=/run/x", "WATCHDOG_USEC=1", "WATCHDOG_PID=7",
		"WATCHER_PROXY_LISTEN=9000", "WATCHER_RUN_SWAP=auto", "WATCHER_TOKEN=theirs",
	})
	if want := []string{"HOME=/here", "LISTEN_ADDR=:80", "WATCHER_TOKEN=theirs"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
