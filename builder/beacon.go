package builder

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/watcher-dev/watcher/builder/graph"
)

// Where the beacon seems to lie in the app's module, and the file of package main that imports it.
const (
	beaconFolder = "internal/watcherbeacon"
	beaconImport = "watcher_beacon"
)

//go:embed beacon/beacon.go
var beaconSource []byte

// Versions of Go, as in 1.N: that is known to have what the beacon needs, and that has the linker ask
// for -checklinkname=0.
const (
	beaconVersion    = 21
	checkNameVersion = 23
)

// Refusal says why Go cannot build an app with the beacon, in one line.
type Refusal struct{ Text string }

func (r *Refusal) Error() string { return r.Text }

// Beacon returns the *Refusal that Build would give for s with it, as far as that is known without
// asking Go; nil if there is none.
func Beacon(s Spec) error {
	switch {
	case runtime.GOOS != "linux":
		return &Refusal{"that needs Linux"}
	case runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64":
		return &Refusal{"that is not there for " + runtime.GOARCH}
	}
	_, err := beaconFiles(s)
	return err
}

// withBeacon changes flags so that go build adds the beacon: nothing on the disk of the project
// changes. The error is a *Refusal, or what passes.
func (b *Builder) withBeacon(ctx context.Context, s Spec, work string) (Spec, error) {
	if err := Beacon(s); err != nil {
		return s, err
	}
	version, err := b.goVersion(ctx, s, work)
	if err != nil {
		return s, err
	}
	if version < beaconVersion {
		return s, &Refusal{fmt.Sprintf("that needs Go 1.%d or newer", beaconVersion)}
	}
	files, err := beaconFiles(s)
	if err != nil {
		return s, err
	}
	own, flags := split(s.Flags, "overlay")
	if own == nil {
		own, _ = split(goflags(s.Env), "overlay")
	}
	list, err := writeOverlay(filepath.Join(b.cache, "overlay"), files, s.Dir, own)
	if err != nil {
		return s, err
	}
	s.Flags = append([]string{"-overlay", list}, flags...)
	if version >= checkNameVersion {
		s.Ldflags = strings.TrimSpace("-checklinkname=0 " + s.Ldflags)
	}
	return s, nil
}

// beaconFiles are the files of the beacon, by the paths at which go build is to find them.
func beaconFiles(s Spec) (map[string][]byte, error) {
	folder, err := mainFolder(s)
	if err != nil {
		return nil, err
	}
	module := folder
	for !exists(filepath.Join(module, "go.mod")) {
		above := filepath.Dir(module)
		if above == module {
			return nil, &Refusal{"there is no go.mod above " + folder}
		}
		module = above
	}
	name := graph.ModulePath(filepath.Join(module, "go.mod"))
	importing := filepath.Join(folder, beaconImport+".go")
	for n := 2; exists(importing); n++ {
		importing = filepath.Join(folder, beaconImport+strconv.Itoa(n)+".go")
	}
	beacon := filepath.Join(module, filepath.FromSlash(beaconFolder))
	return map[string][]byte{
		filepath.Join(beacon, path.Base(beaconFolder)+".go"): beaconSource,
		// os, as a function of a package that a program has not cannot be linked.
		importing: fmt.Appendf(nil, "package main\n\nimport (\n\t_ \"os\"\n\n\t_ %q\n)\n", path.Join(name, beaconFolder)),
	}, nil
}

// mainFolder is where package main lies, as s.Dir is spelled.
func mainFolder(s Spec) (string, error) {
	pattern := filepath.FromSlash(s.Package)
	switch {
	case strings.HasSuffix(pattern, ".go"):
		return "", &Refusal{fmt.Sprintf("%q is a file: build the package of its folder", s.Package)}
	case filepath.IsAbs(pattern):
		return pattern, nil
	case pattern == "" || strings.HasPrefix(pattern, "."):
		return filepath.Join(s.Dir, pattern), nil
	}
	module := graph.ModulePath(filepath.Join(s.Dir, "go.mod"))
	within, ok := strings.CutPrefix(s.Package+"/", module+"/")
	if !ok {
		return "", &Refusal{fmt.Sprintf("package %q is not given as a path: write it with ./ at its beginning", s.Package)}
	}
	return filepath.Join(s.Dir, filepath.FromSlash(within)), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// writeOverlay writes files, and the list of them that -overlay takes, into a folder, and returns
// the path of the list. What the user's own lists say is in it too; of several go takes the last.
func writeOverlay(folder string, files map[string][]byte, dir string, own []string) (list string, err error) {
	var overlay struct{ Replace map[string]string }
	if len(own) > 0 {
		text, err := os.ReadFile(joined(dir, own[len(own)-1]))
		if err == nil {
			err = json.Unmarshal(text, &overlay)
		}
		if err != nil {
			return "", fmt.Errorf("read the file of -overlay: %w", err)
		}
	}
	if overlay.Replace == nil {
		overlay.Replace = map[string]string{}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for _, at := range slices.Sorted(maps.Keys(files)) {
		ours := filepath.Join(folder, filepath.Base(at))
		if err := writeNew(ours, files[at]); err != nil {
			return "", err
		}
		for _, spelled := range spellings(dir, at) {
			overlay.Replace[spelled] = ours
		}
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	list = filepath.Join(folder, "overlay.json")
	return list, writeNew(list, text)
}

// spellings are the path as it is given, and as it is without the symbolic links that may lead to
// dir: go build knows files by the one that it has found them by.
func spellings(dir, path string) []string {
	real, err := filepath.EvalSymlinks(dir)
	rel, err2 := filepath.Rel(dir, path)
	if err != nil || err2 != nil || real == dir {
		return []string{path}
	}
	return []string{path, filepath.Join(real, rel)}
}

// writeNew writes a file unless it has that content.
func writeNew(path string, content []byte) error {
	if is, err := os.ReadFile(path); err == nil && bytes.Equal(is, content) {
		return nil
	}
	return os.WriteFile(path, content, 0o644)
}

func joined(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// toolchain is what the go command was asked, and its answer.
type toolchain struct {
	asked   string
	version int
}

var goMinor = regexp.MustCompile(`go1\.(\d+)`)

// goVersion returns N of the Go 1.N that builds s. The go command, which takes some 20 ms, is asked anew
// when what chooses the toolchain has changed, but for a go.work.
func (b *Builder) goVersion(ctx context.Context, s Spec, work string) (int, error) {
	asked := fmt.Sprintln(s.Dir, lookup(s.Env, "PATH"), lookup(s.Env, "GOTOOLCHAIN"))
	if mod, err := os.Stat(filepath.Join(s.Dir, "go.mod")); err == nil {
		asked += mod.ModTime().String()
	}
	if b.toolchain.asked == asked {
		return b.toolchain.version, nil
	}
	cmd, err := s.goCommand([]string{"env", "GOVERSION"}, work)
	if err != nil {
		return 0, err
	}
	var out bounded
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := b.run(ctx, cmd); err != nil {
		return 0, fmt.Errorf("ask go env for its version: %w\n%s", err, out.String())
	}
	found := goMinor.FindStringSubmatch(out.String())
	if found == nil {
		return 0, &Refusal{fmt.Sprintf("%q is no version of Go that is known", strings.TrimSpace(out.String()))}
	}
	version, _ := strconv.Atoi(found[1])
	b.toolchain = toolchain{asked, version}
	return version, nil
}
