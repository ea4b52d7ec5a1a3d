package builder

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// FindGo returns the absolute path of the go command in the PATH of env. The error is a
// *Failure that says what to do.
func FindGo(env []string) (string, error) {
	path, err := inPath(env, "go")
	if err != nil {
		return "", &Failure{"go is not installed or not in PATH: install it from go.dev/dl"}
	}
	return path, nil
}

// inPath returns the absolute path of a program in the PATH of env.
func inPath(env []string, name string) (string, error) {
	for _, dir := range filepath.SplitList(lookup(env, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue // as os/exec does: nothing is run from the current folder by chance
		}
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

// Foreign returns one line for the user if env asks for binaries of another system, which
// Build does not follow, and "" otherwise.
func Foreign(env []string) string {
	for _, v := range []struct{ name, host string }{{"GOOS", runtime.GOOS}, {"GOARCH", runtime.GOARCH}} {
		if value := lookup(env, v.name); value != "" && value != v.host {
			return fmt.Sprintf("%s=%s is not followed: the binary runs here, so it is built for %s/%s",
				v.name, value, runtime.GOOS, runtime.GOARCH)
		}
	}
	return ""
}

// environment is that of the go command: env with this system as the target (set always,
// as go env -w may hold another one too) and with every kind of temporary file in work.
// GOTMPDIR is go's own, the others are the linker's and the C compiler's (rule 37).
func environment(env []string, dir, work string) []string {
	return append(slices.Clip(env),
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH,
		"GOTMPDIR="+work, "TMPDIR="+work, "TMP="+work, "TEMP="+work,
		"PWD="+dir, // keeps the name that a linked folder was entered by
	)
}

// lookup returns the value of the variable name, of several the last one, as os/exec does.
func lookup(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		key, value, _ := strings.Cut(entry, "=")
		if key == name || runtime.GOOS == "windows" && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// goflag is one flag of GOFLAGS, which may stand in quotes as a whole.
var goflag = regexp.MustCompile(`'([^']*)'|"([^"]*)"|(\S+)`)

// goflags returns the flags in GOFLAGS.
func goflags(env []string) []string {
	var flags []string
	for _, m := range goflag.FindAllStringSubmatch(lookup(env, "GOFLAGS"), -1) {
		flags = append(flags, m[1]+m[2]+m[3])
	}
	return flags
}
