package session

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/watcher-dev/watcher/internal/settings"
)

// managers are the variables by which systemd and its like talk to the one process that
// they have started.
var managers = []string{
	"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID",
	"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
}

// lookup returns the value of a variable in env, the last one if it stands there twice.
func lookup(env []string, name string) string {
	for _, e := range slices.Backward(env) {
		if n, value, _ := strings.Cut(e, "="); n == name {
			return value
		}
	}
	return ""
}

// over returns env with the variables of m in place of its own.
func over(env []string, m map[string]string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		n, _, _ := strings.Cut(e, "=")
		_, replaced := m[n]
		return replaced
	})
	for _, n := range slices.Sorted(maps.Keys(m)) {
		out = append(out, n+"="+m[n])
	}
	return out
}

// passedOn is what an app gets of our environment: not what a service manager has told
// us of our own sockets and readiness, nor our own settings, as the app may be a watcher.
func passedOn(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		n, _, _ := strings.Cut(e, "=")
		return slices.Contains(managers, n) || settings.IsVariable(n)
	})
}

// buildEnvironment is what go build gets. Without a home folder Go has no place for
// its caches: then they lie in ours.
func buildEnvironment(env []string, own map[string]string, cache string) []string {
	env = over(env, own)
	missing := map[string]string{}
	if lookup(env, "HOME") == "" && os.Getenv("USERPROFILE") == "" {
		if lookup(env, "GOCACHE") == "" && lookup(env, "XDG_CACHE_HOME") == "" {
			missing["GOCACHE"] = filepath.Join(cache, "go-build")
		}
		if lookup(env, "GOPATH") == "" {
			missing["GOPATH"] = filepath.Join(cache, "go")
		}
	}
	return over(env, missing)
}
