package plan

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

// Lookup returns the value of a variable in env, the last one if it stands there twice.
func Lookup(env []string, name string) string {
	for _, e := range slices.Backward(env) {
		if n, value, _ := strings.Cut(e, "="); n == name {
			return value
		}
	}
	return ""
}

// Over returns env with the variables of m in place of its own.
func Over(env []string, m map[string]string) []string {
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

// PassedOn is what an app gets of our environment: not what a service manager has told
// us of our own sockets and readiness, nor our own settings, as the app may be a watcher.
func PassedOn(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(e string) bool {
		n, _, _ := strings.Cut(e, "=")
		return slices.Contains(managers, n) || settings.IsVariable(n)
	})
}

// buildEnvironment is what go build gets. Without a home folder Go has no place for
// its caches: then they lie in ours.
func buildEnvironment(env []string, own map[string]string, cache string) []string {
	env = Over(env, own)
	missing := map[string]string{}
	if Lookup(env, "HOME") == "" && os.Getenv("USERPROFILE") == "" {
		if Lookup(env, "GOCACHE") == "" && Lookup(env, "XDG_CACHE_HOME") == "" {
			missing["GOCACHE"] = filepath.Join(cache, "go-build")
		}
		if Lookup(env, "GOPATH") == "" {
			missing["GOPATH"] = filepath.Join(cache, "go")
		}
	}
	return Over(env, missing)
}
