// Package git asks git about a work tree: what it ignores, and whether it is at work.
package git

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
	answerLimit = 2 * time.Second        // for one answer; git takes a fraction of a millisecond
	endLimit    = time.Second            // for git to end by itself
	mostMutes   = 50                     // folders that git fails on before it is not asked any more
	lockAge     = 3 * time.Second        // of a lock that counts: see Locked
	pickAge     = 300 * time.Millisecond // of a rebase's last step, if it has not stopped for the user
)

// Tree asks one `git check-ignore` process, kept open, what git ignores: so the
// answer is git's own. Where there is no git, nothing is ignored. It is not safe
// for use by several goroutines. Make it with [Open].
type Tree struct {
	root string // absolute folder that names are relative to
	dir  string // absolute folder of git's data; "" if there is none

	excludes []string // files of ignores that do not lie in root

	cmd *exec.Cmd // nil if it does not run
	in  io.WriteCloser
	out io.ReadCloser
	buf *bufio.Reader

	known map[string]string // answers
	mute  map[string]bool   // folders in which git does not answer: submodules, say
}

// Open looks for the work tree that root, an absolute folder, lies in. It starts nothing yet;
// what it starts later is ended by Close.
func Open(root string) *Tree {
	if target, err := filepath.EvalSymlinks(root); err == nil {
		root = target // whose parents are the ones that git looks at
	}
	t := &Tree{root: root}
	t.dir, t.excludes = find(root)
	t.Reset()
	return t
}

// find looks upwards for git's data, and for the files of ignores that lie on the way.
func find(root string) (data string, excludes []string) {
	for dir := root; ; {
		if data := gitDir(dir); data != "" {
			return data, append(excludes, filepath.Join(commonDir(data), "info", "exclude"))
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", nil
		}
		dir, excludes = above, append(excludes, filepath.Join(above, ".gitignore"))
	}
}

// gitDir returns the folder of git's data for the work tree dir, "" if it is none; for
// a linked work tree that is the one of its own, with its own lock.
func gitDir(dir string) string {
	name := filepath.Join(dir, ".git")
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return name
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return named(dir, strings.TrimPrefix(string(text), "gitdir:"))
}

// commonDir returns the folder of what all work trees of a repository share
// (gitrepository-layout(5), commondir).
func commonDir(dir string) string {
	if text, err := os.ReadFile(filepath.Join(dir, "commondir")); err == nil {
		return named(dir, string(text))
	}
	return dir
}

// named is the path that a file of git's in dir holds.
func named(dir, text string) string {
	path := strings.TrimSpace(text)
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return path
}

// Locked reports whether a git command is changing the work tree. An old lock does
// not tell: a git that crashed left it, or a commit holds it while its message is
// written, and each save would wait for nothing. A save waits no longer than
// settleLimit anyway, so a lock that was made with it counts all that time.
func (t *Tree) Locked() bool {
	if t.dir == "" {
		return false
	}
	// Between its commits a rebase holds no lock.
	for name, age := range map[string]time.Duration{"index.lock": lockAge, "rebase-merge": pickAge, "rebase-apply": pickAge} {
		if info, err := os.Lstat(filepath.Join(t.dir, name)); err == nil && time.Since(info.ModTime()).Abs() < age {
			return true
		}
	}
	return false
}

// Excludes returns the files of ignores that do not lie in root, there or not; none if there
// is no git.
func (t *Tree) Excludes() []string { return t.excludes }

// Close ends the process, if it runs, and waits for it.
func (t *Tree) Close() { t.stop(endLimit) }

// Reset forgets all answers, as the ignore files have changed: the process, which
// keeps what it has read of them, is ended and a new one started when needed.
func (t *Tree) Reset() {
	t.stop(endLimit)
	t.known, t.mute = map[string]string{}, map[string]bool{}
}

// Ignored reports whether git ignores rel, a path relative to root, on slashes.
func (t *Tree) Ignored(rel string) bool { return t.IgnoredBy(rel) != "" }

// IgnoredBy returns the file and line by which git ignores rel, as ".gitignore:3", and
// "" if it does not.
func (t *Tree) IgnoredBy(rel string) string {
	if t.dir == "" || len(t.mute) > mostMutes || t.mute["."] {
		return ""
	}
	if answer, ok := t.known[rel]; ok {
		return answer
	}
	for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
		if t.mute[dir] {
			return ""
		}
	}
	answer, err := t.ask(rel)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // it may have ended long ago: a fresh one is asked once more
		t.stop(0)
		answer, err = t.ask(rel)
	}
	if err != nil {
		t.stop(0)
		t.mute[path.Dir(rel)] = true
		t.mute["."] = t.mute["."] || errors.Is(err, os.ErrDeadlineExceeded) // it would hang elsewhere too
	}
	t.known[rel] = answer
	return answer
}

func (t *Tree) ask(rel string) (string, error) {
	if t.cmd == nil {
		if err := t.start(); err != nil {
			return "", err
		}
		// In a root that is itself ignored, git would ignore everything.
		if whole, err := t.ask("."); whole != "" || err != nil {
			t.mute["."] = true
			return "", err
		}
	}
	if deadline, ok := t.out.(interface{ SetReadDeadline(time.Time) error }); ok {
		_ = deadline.SetReadDeadline(time.Now().Add(answerLimit)) // not everywhere: then git is trusted
	}
	if _, err := fmt.Fprintf(t.in, "%s\x00", rel); err != nil {
		return "", err
	}
	// The answer is four fields: file, line, pattern, path; empty if no pattern matches.
	var fields [4]string
	for i := range fields {
		field, err := t.buf.ReadString(0)
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

func (t *Tree) start() (err error) {
	cmd := exec.Command("git", "check-ignore", "--stdin", "-z", "--verbose", "--non-matching")
	cmd.Dir = t.root
	if t.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if t.out, err = cmd.StdoutPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	t.cmd, t.buf = cmd, bufio.NewReader(t.out)
	return nil
}

// stop ends the process and reaps it. At the end of its input git ends by itself; if
// it has not done so after limit, it is killed.
func (t *Tree) stop(limit time.Duration) {
	cmd := t.cmd
	if cmd == nil {
		return
	}
	_ = t.in.Close()
	// The kill may still run when stop has returned, and finds the process reaped.
	late := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // how it ended tells nothing
	late.Stop()
	t.cmd = nil
}
