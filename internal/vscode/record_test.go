package vscode

import (
	"bufio"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

var record = flag.String("record", "", "record anew, with the real program, the outputs of the archives that match, as *.txtar")

// recordAll builds the program and runs it on each project. The comment above the first file
// holds its arguments; files below "then/" are saved when the first round has ended, and
// those below "then2/" after the next.
func recordAll(t *testing.T, archives []string) {
	program := filepath.Join(t.TempDir(), "watcher")
	if out, err := exec.Command("go", "build", "-o", program, "../..").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, file := range archives {
		if match, _ := filepath.Match(*record, filepath.Base(file)); !match {
			continue
		}
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		part(archive, "output").Data = recorded(t, program, archive)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func recorded(t *testing.T, program string, archive *txtar.Archive) []byte {
	dir := filepath.Join(t.TempDir(), "shop")
	save(t, dir, archive, "")
	cmd := exec.Command(program, slices.Concat([]string{"--listen", "0"}, strings.Fields(string(archive.Comment)))...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	var all []string
	for _, next := range []string{"then/", "then2/", "stop"} {
		all = append(all, untilQuiet(lines)...)
		if next == "stop" || !save(t, dir, archive, next) {
			break
		}
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	for range lines {
	}
	_ = cmd.Wait()
	text := strings.ReplaceAll(strings.Join(all, "\n")+"\n", dir, "/work/shop")
	return []byte(regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d `).ReplaceAllString(text, "12:00:00 "))
}

// untilQuiet reads a round: until nothing has come for three seconds.
func untilQuiet(lines <-chan string) (round []string) {
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return round
			}
			round = append(round, line)
		case <-time.After(3 * time.Second):
			return round
		}
	}
}

// save writes the files below a folder of the archive, and reports whether there are any.
func save(t *testing.T, dir string, archive *txtar.Archive, below string) (any bool) {
	for _, f := range archive.Files {
		name, found := strings.CutPrefix(f.Name, below)
		if !found || below == "" && (strings.HasPrefix(name, "then") || name == "output" || name == "want") {
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		any = true
	}
	return any
}
