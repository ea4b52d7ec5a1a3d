package builder

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// maxChanged bounds WATCHER_CHANGED in bytes: Linux starts no program with a variable
// of 128 KiB.
const maxChanged = 64 << 10

// Command is a program of the user's that is run before a build, because it makes files
// out of what was saved.
type Command struct {
	Args    []string      // the program and its arguments, at least one
	Dir     string        // absolute folder in which it runs
	Env     []string      // whole environment; the program is looked for in its PATH
	Base    string        // absolute folder that paths in diagnostics are relative to
	Timeout time.Duration // after which it is killed with its group; 0 means one minute
	Where   Diagnostic    // where it is asked for: the place of what is wrong with the command itself
}

// String is the command as a person would type it.
func (c Command) String() string {
	var words []string
	for _, arg := range c.Args {
		if arg == "" || strings.ContainsAny(arg, " \t\n\"'") {
			arg = fmt.Sprintf("%q", arg)
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// Generate runs c and returns what became of it; Binary stays empty. The program finds
// the files in its variable WATCHER_CHANGED, relative to c.Dir where they lie below
// it, one a line; of more than 64 KiB of them none, which means that it is to look for
// itself. When ctx ends, its group is killed before Generate returns. Any goroutine may
// call it, also while a build runs.
func (b *Builder) Generate(ctx context.Context, c Command, changed []string) Result {
	begin := time.Now()
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	res := b.generate(ctx, c, changed)
	res.Took = time.Since(begin)
	return res
}

func (b *Builder) generate(ctx context.Context, c Command, changed []string) Result {
	path, what := c.find()
	if what != "" {
		return c.wrong("cannot be run", what)
	}
	var out bounded
	cmd := exec.Command(path, c.Args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, &out, &out
	cmd.Env = append(c.Env[:len(c.Env):len(c.Env)], "PWD="+c.Dir, "WATCHER_CHANGED="+list(c.Dir, changed))
	err := b.run(ctx, cmd)
	res := Result{Output: out.String()}
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return res
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		wrong := c.wrong("does not end", fmt.Sprintf("had not ended after %v, and was killed: give it a longer timeout, or mend it", c.Timeout))
		wrong.Output = res.Output
		return wrong
	case ctx.Err() != nil:
		res.Err = context.Cause(ctx)
		return res
	}
	res.Diagnostics = diagnose(res.Output, c.Dir, c.Base)
	res.Err = &Failure{fmt.Sprintf("%s: %v", c, err)}
	return res
}

// wrong is the result of a command that is itself what is to be mended.
func (c Command) wrong(short, what string) Result {
	d := c.Where
	d.Message = what
	return Result{Err: &Failure{c.String() + ": " + short}, Diagnostics: []Diagnostic{d}}
}

// Missing says in one line that the program is not there and what to do, or "".
func (c Command) Missing() string {
	_, what := c.find()
	return what
}

// find looks for the program: in the PATH of c.Env, or by its path from c.Dir.
func (c Command) find() (path, wrong string) {
	name, where := c.Args[0], "in PATH"
	look := func() (string, error) { return inPath(c.Env, name) }
	if strings.ContainsAny(name, `/\`) {
		where = "in " + c.Dir
		look = func() (string, error) {
			if filepath.IsAbs(name) {
				return exec.LookPath(name)
			}
			return exec.LookPath(filepath.Join(c.Dir, name))
		}
	}
	path, err := look()
	switch words := strings.Fields(name); {
	case err == nil:
		return path, ""
	case len(words) > 1 && len(c.Args) == 1:
		return "", fmt.Sprintf("no program %q %s: write each word by itself, as in [%q, %q]", name, where, words[0], words[1])
	}
	return "", fmt.Sprintf("no program %q %s: install it, or correct the name", name, where)
}

// list joins the files for WATCHER_CHANGED.
func list(dir string, files []string) string {
	var text strings.Builder
	for i, file := range files {
		if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
			file = rel
		}
		if i > 0 {
			text.WriteByte('\n')
		}
		if text.WriteString(file); text.Len() > maxChanged {
			return ""
		}
	}
	return text.String()
}
