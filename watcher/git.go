package watcher

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const (
	gitAnswer = 2 * time.Second        // for one answer; git takes a fraction of a millisecond
	gitEnd    = time.Second            // for git to end by itself
	gitMutes  = 50                     // folders that git fails on before it is not asked any more
	lockAge   = 3 * time.Second        // of a lock that counts: see locked
	pickAge   = 300 * time.Millisecond // of a rebase's last step, if it has not stopped for the user
)

// git asks one `git check-ignore` process, kept open, what git ignores: so the
// answer is git's own. Where there is no git, nothing is ignored. It is not safe
// for use by several goroutines.
type git struct {
	root string // absolute folder that names are relative to
	dir  string // absolute folder of git's data; "" if there is none

	cmd *exec.Cmd // nil if it does not run
	in  io.WriteCloser
	out io.ReadCloser
	buf *bufio.Reader

	known map[string]string // answers
	mute  map[string]bool   // folders in which git does not answer: submodules, say
}

func newGit(root string) *git {
	if target, err := filepath.EvalSymlinks(root); err == nil {
		root = target // whose parents are the ones that git looks at
	}
	g := &git{root: root, dir: gitDir(root)}
	g.reset()
	return g
}

// gitDir returns the folder of git's data for a work tree that root lies in; for
// a linked work tree that is the one of its own, with its own lock.
func gitDir(root string) string {
	for dir := root; ; dir = filepath.Dir(dir) {
		name := filepath.Join(dir, ".git")
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return name
		}
		if text, err := os.ReadFile(name); err == nil {
			link := strings.TrimSpace(strings.TrimPrefix(string(text), "gitdir:"))
			if !filepath.IsAbs(link) {
				link = filepath.Join(dir, link)
			}
			return link
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// locked reports whether a git command is changing the work tree. An old lock does
// not tell: a git that crashed left it, or a commit holds it while its message is
// written, and each save would wait for nothing. A save waits no longer than
// settleLimit anyway, so a lock that was made with it counts all that time.
func (g *git) locked() bool {
	if g.dir == "" {
		return false
	}
	// Between its commits a rebase holds no lock.
	for name, age := range map[string]time.Duration{"index.lock": lockAge, "rebase-merge": pickAge, "rebase-apply": pickAge} {
		if info, err := os.Lstat(filepath.Join(g.dir, name)); err == nil && time.Since(info.ModTime()).Abs() < age {
			return true
		}
	}
	return false
}

// excludes returns the file of ignores that is not part of the work tree.
func (g *git) excludes() string { return filepath.Join(g.dir, "info", "exclude") }

// reset forgets all answers, as the ignore files have changed: the process, which
// keeps what it has read of them, is ended and a new one started when needed.
func (g *git) reset() {
	g.stop(gitEnd)
	g.known, g.mute = map[string]string{}, map[string]bool{}
}

// ignored reports whether git ignores rel, a path relative to root, on slashes.
func (g *git) ignored(rel string) bool { return g.ignoredBy(rel) != "" }

// ignoredBy returns the file and line by which git ignores rel, as ".gitignore:3", and
// "" if it does not.
func (g *git) ignoredBy(rel string) string {
	if g.dir == "" || len(g.mute) > gitMutes || g.mute["."] {
		return ""
	}
	if answer, ok := g.known[rel]; ok {
		return answer
	}
	for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
		if g.mute[dir] {
			return ""
		}
	}
	answer, err := g.ask(rel)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // it may have ended long ago: a fresh one is asked once more
		g.stop(0)
		answer, err = g.ask(rel)
	}
	if err != nil {
		g.stop(0)
		g.mute[path.Dir(rel)] = true
		g.mute["."] = g.mute["."] || errors.Is(err, os.ErrDeadlineExceeded) // it would hang elsewhere too
	}
	g.known[rel] = answer
	return answer
}

func (g *git) ask(rel string) (string, error) {
	if g.cmd == nil {
		if err := g.start(); err != nil {
			return "", err
		}
		// In a root that is itself ignored, git would ignore everything.
		if whole, err := g.ask("."); whole != "" || err != nil {
			g.mute["."] = true
			return "", err
		}
	}
	if deadline, ok := g.out.(interface{ SetReadDeadline(time.Time) error }); ok {
		_ = deadline.SetReadDeadline(time.Now().Add(gitAnswer)) // not everywhere: then git is trusted
	}
	if _, err := fmt.Fprintf(g.in, "%s\x00", rel); err != nil {
		return "", err
	}
	// The answer is four fields: file, line, pattern, path; empty if no pattern matches.
	var fields [4]string
	for i := range fields {
		field, err := g.buf.ReadString(0)
		if err != nil {
			return "", err
		}
		fields[i] = field[:len(field)-1]
	}
	if fields[2] == "" || strings.HasPrefix(fields[2], "!") {
		return "", nil
	}
	return fields[0] + ":" + fields[1], nil
}

func (g *git) start() (err error) {
	cmd := exec.Command("git", "check-ignore", "--stdin", "-z", "--verbose", "--non-matching")
	cmd.Dir = g.root
	if g.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if g.out, err = cmd.StdoutPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	g.cmd, g.buf = cmd, bufio.NewReader(g.out)
	return nil
}

// stop ends the process and reaps it. At the end of its input git ends by itself; if
// it has not done so after limit, it is killed.
func (g *git) stop(limit time.Duration) {
	cmd := g.cmd
	if cmd == nil {
		return
	}
	_ = g.in.Close()
	// The kill may still run when stop has returned, and finds the process reaped.
	late := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // how it ended tells nothing
	late.Stop()
	g.cmd = nil
}
