package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// typist is somebody at a terminal of ours.
type typist struct {
	*program
	screen *os.File
}

// sitDown starts a command, which becomes the program, at a terminal of its own.
func sitDown(t *testing.T, command ...string) *typist {
	t.Helper()
	p := prepare(t, plainapp)
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Dir, p.cache = p.dir, t.TempDir()
	bin := t.TempDir() // with a browser, as the desktop has one
	browser := "#!/bin/sh\necho opens $1 >/dev/tty\n"
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(browser), 0o755); err != nil {
		t.Fatal(err)
	}
	p.cmd.Env = append(environment(t), "XDG_CACHE_HOME="+p.cache, "WATCHER_PROXY_LISTEN=0", "NO_COLOR=1",
		"PATH="+bin+":"+os.Getenv("PATH"))
	screen, err := pty.Start(p.cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	go func() { _, _ = io.Copy(p.out, screen) }()
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	return &typist{p, screen}
}

func (p *typist) types(text string) {
	p.t.Helper()
	if _, err := p.screen.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// TestT10_Keys: each does what the list says of it, and the terminal is left as it was.
func TestT10_Keys(t *testing.T) {
	p := sitDown(t, "watcher")
	p.url = strings.TrimSpace(frontOf(p.await("front    http")))
	p.await("ready  ")
	p.await("h and Enter: keys")
	p.types("\n\nh\n")
	p.await("keys     each with Enter")
	p.await("  q  quit")
	p.types("r\n")
	p.await("swap     #2")
	p.types("p\n")
	p.await("pause ")
	p.saveVersion(2)
	if a := p.get("/version"); a.version() != 1 {
		t.Errorf("while it is paused: %v", a)
	}
	p.types("p\n")
	p.await("resume ")
	p.await("swap     #3")
	p.want(2)
	p.types("c\n")
	p.await("\x1b[H\x1b[2J\x1b[3J")
	p.types("o\n")
	p.await("opens " + p.url)
	p.types("q\n")
	if err := <-p.done; err != nil {
		t.Errorf("ended with %v", err)
	}
	p.cmd = nil
}

// severalMains makes the service one of two programs of its module.
const severalMains = "mkdir -p cmd/a cmd/b && cp main.go cmd/a && mv main.go cmd/b"

// TestB3_ChosenByNumber: what is none of them is asked for again; what was chosen stays through
// edits of the settings.
func TestB3_ChosenByNumber(t *testing.T) {
	p := sitDown(t, "sh", "-c", severalMains+" && exec watcher")
	p.await("  2  ./cmd/b")
	p.types("9\n")
	p.await("type a number from 1 to 2")
	p.types("2\n")
	p.await("the next time: watcher ./cmd/b")
	p.url = strings.TrimSpace(frontOf(p.await("front    http")))
	p.await("ready  ")
	if err := os.WriteFile(filepath.Join(p.dir, ".watcher.toml"), []byte("[proxy]\nhold_timeout = \"3s\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.await("settings changed: proxy.hold_timeout")
	p.want(1)
}

// TestB3_NobodyIsAskedWhoCannotSee: not in the background, where a read would stop us, and not
// where the question would go into a file.
func TestB3_NobodyIsAskedWhoCannotSee(t *testing.T) {
	p := sitDown(t, "bash", "--norc", "-i")
	p.types(severalMains + "\n")
	p.types("watcher & wait $!; echo ended with $?\n")
	p.await("several main packages: ./cmd/a, ./cmd/b: say which one")
	p.await("ended with 1")
	p.types("watcher >log; echo ended with $?\n")
	p.await("several main packages: ./cmd/a, ./cmd/b: say which one")
	p.await("ended with 1")
	p.types("exit\n")
	<-p.done
	p.cmd = nil
}

// TestT10_InTheBackground: what is typed then is the shell's, and we go on. Back in the
// foreground, keys are ours again.
func TestT10_InTheBackground(t *testing.T) {
	p := sitDown(t, "bash", "--norc", "-i")
	p.types("watcher &\n")
	p.url = strings.TrimSpace(frontOf(p.await("front    http")))
	p.await("ready  ")
	for range 3 {
		p.types("echo $((41 + 1)) is said\n")
		p.await("42 is said")
	}
	p.saveVersion(2)
	p.await("swap     #2")
	p.want(2)
	p.types("fg\n")
	p.await("watcher")
	p.types("h\n")
	p.await("keys     each with Enter")
	ours := family(p.cmd.Process.Pid)[1:]
	p.types("q\n")
	gone(t, ours...) // what is typed before would be ours
	p.types("exit\n")
	<-p.done
	p.cmd = nil
}
