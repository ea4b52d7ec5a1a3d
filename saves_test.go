package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The promises about saves and builds, kept by the real program.

// TestW1_OneBuildWithTheRightContent: however an editor writes a file, one build
// finishes, and with what was written.
func TestW1_OneBuildWithTheRightContent(t *testing.T) {
	ways := map[string]func(path, text string) error{
		"in place": func(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) },
		"rename": func(path, text string) error {
			if err := os.WriteFile(path+".tmp", []byte(text), 0o644); err != nil {
				return err
			}
			return os.Rename(path+".tmp", path)
		},
		"truncate": func(path, text string) error {
			f, err := os.Create(path)
			if err != nil {
				return err
			}
			defer f.Close()
			third := len(text) / 3
			for _, part := range []string{text[:third], text[third : 2*third], text[2*third:]} {
				if _, err := f.WriteString(part); err != nil {
					return err
				}
				time.Sleep(5 * time.Millisecond) // the slow writer
			}
			return nil
		},
	}
	p := start(t, plainapp)
	file := filepath.Join(p.dir, "version", "version.go")
	version := 1
	for name, save := range ways {
		for range times(100) {
			version++
			text := fmt.Sprintf("// Package version is what the tests edit.\npackage version\n\nconst Number = %d\n", version)
			before := p.finishedBuilds()
			if err := save(file, text); err != nil {
				t.Fatal(err)
			}
			p.await("swap ")
			p.want(version)
			if got := p.finishedBuilds() - before; got != 1 {
				t.Fatalf("%s: %d builds finished\n%s", name, got, p.out)
			}
		}
	}
}

// finishedBuilds counts the builds that ended by themselves (rule 34).
func (p *program) finishedBuilds() int {
	out := p.out.String()
	return strings.Count(out, " build    #") + strings.Count(out, " same     #") + strings.Count(out, " build: ")
}

func TestW2_ManySavesOneProcess(t *testing.T) {
	p := start(t, plainapp)
	for range times(10) {
		// Two files in the same instant.
		before := p.finishedBuilds()
		next := p.want(p.get("/version").version()).version() + 1
		p.saveVersion(next)
		p.write("other.go", fmt.Sprintf("package main\n\n// %d\n", next))
		p.awaitVersion(next)
		if got := p.finishedBuilds() - before; got != 1 {
			t.Fatalf("%d builds finished\n%s", got, p.out)
		}
		// Twenty saves 50 ms apart.
		for range 20 {
			next++
			p.saveVersion(next)
			time.Sleep(50 * time.Millisecond) // the pace of a formatter or an agent
		}
		p.awaitVersion(next)
	}
	p.await("drain ")
	var apps []int
	for _, pid := range family(p.cmd.Process.Pid) {
		if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); strings.Contains(exe, "plainapp") && pid != p.status().PID {
			apps = append(apps, pid)
		}
	}
	gone(t, apps...)
}

// TestB1_NewerSaveKillsTheBuild with its children and its work folder.
func TestB1_NewerSaveKillsTheBuild(t *testing.T) {
	p := prepare(t, plainapp)
	p.slowCompiler(4 * time.Second)
	p.run()
	p.await("ready  ")
	for n := 2; n < 2+times(20); n++ {
		p.saveVersion(2 * n)
		compiler := p.awaitChild("sleep")
		before := family(p.cmd.Process.Pid)
		p.saveVersion(2*n + 1)
		gone(t, compiler)
		for _, pid := range before {
			if name := command(pid); name == "go" || name == "compile" || name == "slow" {
				gone(t, pid)
			}
		}
		p.awaitVersion(2*n + 1)
	}
	if left, _ := filepath.Glob(filepath.Join(p.cache, "watcher", "*", "work", "*")); len(left) > 0 {
		t.Errorf("work folders are left: %v", left)
	}
}

// awaitChild waits for a process of some name below the program.
func (p *program) awaitChild(name string) int {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		for _, pid := range family(p.cmd.Process.Pid) {
			if command(pid) == name {
				return pid
			}
		}
	}
	p.t.Fatalf("no process %s below the program\n%s", name, p.out)
	return 0
}

// command is the name of a process.
func command(pid int) string {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(name))
}

func TestB3_OneLineAndWhatToDo(t *testing.T) {
	t.Run("no Go", func(t *testing.T) {
		p := prepare(t, plainapp)
		p.env = []string{"PATH=/nonexistent"}
		p.spawn()
		p.await("failed   go is not installed or not in PATH: install it from go.dev/dl")
		<-p.done
		p.cmd = nil
	})
	t.Run("broken go.mod", func(t *testing.T) {
		p := prepare(t, plainapp)
		p.write("go.mod", "module example.com/plainapp\n\nnonsense\n")
		p.run()
		p.await("go.mod:3")
		if a := p.get("/version"); a.status != 503 || !strings.Contains(a.body, "nonsense") {
			t.Errorf("got %v", a)
		}
		p.write("go.mod", "module example.com/plainapp\n\ngo 1.26.0\n")
		p.awaitVersion(1)
	})
}

func TestB4_EqualBinaryStartsNothing(t *testing.T) {
	p := start(t, plainapp)
	old := p.want(1)
	comment := "// Package version is what the tests edit."
	for round := range times(20) {
		next := fmt.Sprintf("// Package version is at round %d.", round)
		p.save("version/version.go", comment, next)
		comment = next
		p.await("same     #")
		if a := p.want(1); a.pid() != old.pid() || a.build != "" {
			t.Fatalf("got %v, want the answer of pid %d", a, old.pid())
		}
	}
}

func TestB7_HostileEnvironment(t *testing.T) {
	for name, env := range map[string][]string{
		"GOFLAGS":  {"GOFLAGS=-mod=mod"},
		"GOWORK":   {"GOWORK=off"},
		"GOOS":     {"GOOS=windows"},
		"no HOME":  {"HOME=", "XDG_CACHE_HOME="},
		"GIN_MODE": {"GIN_MODE=nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			p := prepare(t, plainapp)
			dir := filepath.Join(filepath.Dir(p.dir), "mein größtes Projekt")
			if err := os.Rename(p.dir, dir); err != nil {
				t.Fatal(err)
			}
			p.dir, p.env = dir, env
			p.run()
			p.await("ready  ")
			p.want(1)
			p.saveVersion(2)
			p.await("swap ")
			p.want(2)
			if name == "GOOS" && !strings.Contains(p.out.String(), "GOOS=windows is not followed") {
				t.Errorf("nothing is said of GOOS\n%s", p.out)
			}
		})
	}
}

// TestT4_LineComesAfterWhatItReports: when the line of a swap is read, the swap has been.
func TestT4_LineComesAfterWhatItReports(t *testing.T) {
	p := start(t, plainapp, "--fresh=false")
	for n := 2; n < 2+times(50); n++ {
		p.saveVersion(n)
		p.await("swap ")
		p.want(n)
	}
}
