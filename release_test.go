package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReleaseConfiguration: what .goreleaser.yaml names is there. Where goreleaser itself is
// installed, it is asked too.
func TestReleaseConfiguration(t *testing.T) {
	text := readFile(t, ".goreleaser.yaml")
	known, err := exec.Command("go", "tool", "dist", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	targets := regexp.MustCompile(`(?m)^      - (\w+)_(\w+)$`).FindAllStringSubmatch(text, -1)
	if len(targets) < 6 {
		t.Errorf("%d targets", len(targets))
	}
	for _, target := range targets {
		if !slices.Contains(strings.Fields(string(known)), target[1]+"/"+target[2]) {
			t.Errorf("Go does not build for %s", target[0])
		}
	}
	for file := range strings.SplitSeq(regexp.MustCompile(`(?m)^    files: \[(.+)\]$`).FindStringSubmatch(text)[1], ", ") {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	for _, part := range []string{"version: 2", "builds:", "archives:", "checksum:"} {
		if !strings.Contains("\n"+text, "\n"+part) {
			t.Errorf("%q is missing", part)
		}
	}
	if path, err := exec.LookPath("goreleaser"); err == nil {
		if out, err := exec.Command(path, "check").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// TestWorkflow: its commands are those of this repository, and each package that it tests
// on other systems is there.
func TestWorkflow(t *testing.T) {
	text := readFile(t, ".github/workflows/test.yml")
	for _, part := range []string{"./test.sh", "go vet ./...", "macos-latest", "windows-latest", "ubuntu-latest", "go-version-file: go.mod"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing", part)
		}
	}
	for _, folder := range regexp.MustCompile(` \./([a-z][a-z/]+)`).FindAllStringSubmatch(text, -1) {
		if _, known := arrows[folder[1]]; !known && folder[1] != "test" {
			t.Errorf("no package %s", folder[1])
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
