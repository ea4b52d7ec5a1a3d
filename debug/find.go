package debug

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

const install = "go install github.com/go-delve/delve/cmd/dlv@latest"

// Find returns the path of Delve: in PATH, or where go install puts it. It asks the go
// command, whose path is goCommand, for the folder of a module. The error is one line
// and says what to type, also where Delve is too old for the Go of that module.
func Find(goCommand, dir string, env []string) (string, error) {
	ask := exec.Command(goCommand, "env", "-json", "GOVERSION", "GOBIN", "GOPATH")
	ask.Dir, ask.Env = dir, env
	text, err := ask.Output()
	if err != nil {
		return "", fmt.Errorf("ask go for its version: %w", err)
	}
	var golang struct{ GOVERSION, GOBIN, GOPATH string }
	if err := json.Unmarshal(text, &golang); err != nil {
		return "", err
	}
	dlv := look(env, golang.GOBIN, golang.GOPATH)
	if dlv == "" {
		return "", errors.New("--debug needs Delve, which is not installed: " + install)
	}
	version := exec.Command(dlv, "version")
	version.Dir, version.Env = dir, env
	text, err = version.Output()
	if err != nil {
		return "", fmt.Errorf("%s does not run (%w): %s", dlv, err, install)
	}
	return dlv, tooOld(string(text), golang.GOVERSION)
}

// look returns where dlv is; "" if it is nowhere.
func look(env []string, bin, path string) string {
	var folders []string
	for _, v := range env {
		name, list, _ := strings.Cut(v, "=")
		if name == "PATH" || runtime.GOOS == "windows" && strings.EqualFold(name, "PATH") {
			folders = filepath.SplitList(list)
		}
	}
	folders = append(folders, bin)
	for _, p := range filepath.SplitList(path) {
		folders = append(folders, filepath.Join(p, "bin"))
	}
	for _, f := range folders {
		if !filepath.IsAbs(f) {
			continue
		}
		if found, err := exec.LookPath(filepath.Join(f, "dlv")); err == nil {
			return found
		}
	}
	return ""
}

// Delve 1.N is made for Go 1.N and those before it.
var (
	delveVersion = regexp.MustCompile(`Version: (1\.(\d+)\S*)`)
	goVersion    = regexp.MustCompile(`go1\.(\d+)`)
)

// tooOld returns an error if Delve does not know what the Go compiler writes.
func tooOld(delve, golang string) error {
	d, g := delveVersion.FindStringSubmatch(delve), goVersion.FindStringSubmatch(golang)
	if d == nil || g == nil {
		return nil // a version of one's own
	}
	knows, _ := strconv.Atoi(d[2])
	needs, _ := strconv.Atoi(g[1])
	if knows >= needs {
		return nil
	}
	return fmt.Errorf("--debug needs a newer Delve: %s does not know %s: %s", d[1], golang, install)
}
