package group

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
)

// guardScript reads which groups live, as "+ -123" and "- -123". The end of its
// input means that whoever started it is gone, however that came about; then it
// kills what is still on the list. Any POSIX shell runs it without a further process.
const guardScript = `trap '' HUP INT TERM
groups=
while read -r word group; do
	kept=
	for g in $groups; do [ "$g" = "$group" ] || kept="$kept $g"; done
	[ "$word" = + ] && kept="$kept $group"
	groups=$kept
done
for g in $groups; do kill -9 "$g"; done`

// guard is a tiny helper process that outlives us by a moment. The parent-death
// signal, where there is one, reaches direct children only: the compilers of a
// go build, or what an app has started, would live on after we are killed with
// SIGKILL. It is a shell so that killing watchers by name misses it. Where there
// is no /bin/sh we go on without.
type guard struct {
	once  sync.Once
	cmd   *exec.Cmd
	input io.WriteCloser // nil if the guard does not run
}

// start starts the guard at the first call. It takes about a millisecond.
func (g *guard) start() {
	g.once.Do(func() {
		cmd := exec.Command("/bin/sh", "-c", guardScript)
		cmd.Dir = "/"
		cmd.Env = []string{}
		detach(cmd)
		input, err := cmd.StdinPipe()
		if err != nil {
			return
		}
		if cmd.Start() != nil {
			return
		}
		g.cmd, g.input = cmd, input
	})
}

// add lists a group. Lines are short enough for a pipe to take them whole, so any
// goroutine may write; an error means that the guard was killed, which is no
// reason to stop anything else.
func (g *guard) add(group int) {
	if g.input != nil {
		fmt.Fprintf(g.input, "+ -%d\n", group)
	}
}

// remove takes a group off the list. It must be called before the number of the
// group can be given to another one.
func (g *guard) remove(group int) {
	if g.input != nil {
		fmt.Fprintf(g.input, "- -%d\n", group)
	}
}

// end ends and reaps the guard. The list is empty by now, so that it can be killed
// and we depend on nothing.
func (g *guard) end() {
	if g.input == nil {
		return
	}
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
}
