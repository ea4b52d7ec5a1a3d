package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/watcher-dev/watcher"

// arrows says which packages of this module each of them imports, and no other. The parts
// know nothing of one another, and nothing of what is above them; what lies in a folder
// below a part is that part's alone, or of those who wire it.
var arrows = map[string][]string{
	"watcher":           {"watcher/doorbell", "watcher/git", "watcher/rules", "watcher/source"},
	"watcher/doorbell":  nil,
	"watcher/git":       nil,
	"watcher/rules":     nil,
	"watcher/source":    {"watcher/doorbell"},
	"builder":           {"builder/graph"},
	"builder/beacon":    nil,
	"builder/graph":     nil,
	"runner":            {"runner/group", "runner/kin", "runner/beacon", "runner/locks", "runner/needs", "runner/notify", "runner/output", "runner/shim", "runner/sockets"},
	"runner/sockets":    nil,
	"runner/shim":       nil,
	"runner/group":      {"runner/sockets"},
	"runner/kin":        nil,
	"runner/locks":      {"runner/sockets"},
	"runner/beacon":     nil,
	"runner/notify":     nil,
	"runner/output":     nil,
	"runner/needs":      {"runner/sockets"},
	"proxy":             {"proxy/access", "proxy/hangup", "proxy/inject", "proxy/pages", "proxy/upstream"},
	"relay":             nil,
	"debug":             nil,
	"proxy/access":      nil,
	"proxy/hangup":      nil,
	"proxy/inject":      nil,
	"proxy/pages":       nil,
	"proxy/upstream":    nil,
	"proxy/browsertest": nil,
	"internal/settings": nil,
	"internal/terminal": nil,
	"internal/project":  {"builder/graph"},
	"internal/vscode":   nil,
	"internal/docker":   nil,
	"internal/air":      {"internal/settings"},
	"internal/pid1":     nil,
	"internal/running":  {"proxy"},
	"internal/loop":     {"watcher", "builder", "runner", "proxy", "relay", "internal/terminal"},
	"internal/plan":     {"watcher", "watcher/source", "builder", "builder/graph", "runner", "internal/settings", "internal/project", "internal/loop"},
	"internal/session": {"watcher", "builder", "builder/graph", "runner", "runner/sockets", "proxy", "relay", "debug",
		"internal/terminal", "internal/settings", "internal/project", "internal/loop", "internal/plan", "internal/running", "internal/docker", "internal/air"},
	"internal/cli": {"watcher", "proxy", "internal/session", "internal/terminal", "internal/settings", "internal/project", "internal/running",
		"internal/docker", "internal/vscode", "internal/air"},
	".":             {"internal/cli", "internal/session", "internal/pid1", "runner/shim"},
	"bench/harness": nil,
	"bench/fresh":   {"bench/harness", "watcher/doorbell"},
	"bench/load":    {"bench/harness"},
	"bench/ports":   {"bench/harness"},
	"bench/proxy":   {"bench/harness", "proxy", "watcher"},
	"bench/reload":  {"bench/harness"},
	"bench/soak":    {"bench/harness"},
	"bench/watch":   {"bench/harness", "watcher/source"},
	"docs/check":    nil,
}

func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		paths := strings.Fields(line)
		name := inModule(paths[0])
		allowed, known := arrows[name]
		if !known {
			t.Errorf("package %s is not in the table: say what it may use", name)
		}
		for _, dep := range paths[1:] {
			if d := inModule(dep); d != "" && !slices.Contains(allowed, d) {
				t.Errorf("%s uses %s: an arrow up or sideways", name, d)
			}
		}
	}
}

// inModule is the path of a package within this module, "" for a foreign one.
func inModule(path string) string {
	if path == module {
		return "."
	}
	rest, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	return rest
}
