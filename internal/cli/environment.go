package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

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

// appEnvironment is what the app gets: env files, over them the environment, over it
// [app] env. The names of ours are put over it by the runner (rule 16). A file that
// cannot be read as variables is told by its error and passed over.
func appEnvironment(env, files []string, own map[string]string) ([]string, []error) {
	var problems []error
	fromFiles := map[string]string{}
	for _, file := range files {
		m, err := godotenv.Read(file)
		if err != nil && !os.IsNotExist(err) {
			problems = append(problems, err)
		}
		maps.Copy(fromFiles, m)
	}
	for _, e := range env {
		n, _, _ := strings.Cut(e, "=")
		delete(fromFiles, n)
	}
	return over(over(env, fromFiles), own), problems
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
