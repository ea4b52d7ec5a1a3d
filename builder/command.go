package builder

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// ourLdflags leave out the symbols, which halves the time of the linker, and the
// build id, without which equal code gives an equal binary (rule 39).
const ourLdflags = "-s -w -buildid="

// For a debugger nothing is optimised or left out, whatever the user's flags say: of
// several the last one counts. Compressed, the symbols take long to read.
const (
	debugGcflags = "-gcflags=all=-N -l"
	debugLdflags = "-s=false -w=false -compressdwarf=false"
)

// command prepares the go build of s that writes the binary to out and everything
// else below the folder work.
func (b *Builder) command(ctx context.Context, s Spec, out, work string) (*exec.Cmd, error) {
	if s.Beacon {
		var err error
		if s, err = b.withBeacon(ctx, s, work); err != nil {
			return nil, err
		}
	}
	args, err := arguments(s, out)
	if err != nil {
		return nil, err
	}
	return s.goCommand(args, work)
}

// goCommand prepares a go command that writes its temporary files below the folder work.
func (s Spec) goCommand(args []string, work string) (*exec.Cmd, error) {
	path, err := FindGo(s.Env)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = s.Dir
	cmd.Env = environment(s.Env, s.Dir, work)
	// A compiler's daemon (sccache) that left the group may hold our pipe for ever.
	cmd.WaitDelay = time.Second
	return cmd, nil
}

// arguments are those of the go build that writes the binary to out. What go would
// take from the last of several -ldflags only is joined into one, as ours would be
// lost otherwise, or the user's.
func arguments(s Spec, out string) ([]string, error) {
	choice, err := choice(s)
	if err != nil {
		return nil, err
	}
	ldflags, _ := split(s.Flags, "ldflags")
	global, _ := split(goflags(s.Env), "ldflags")
	link := []string{ourLdflags}
	if s.Debug {
		link = []string{"-buildid="}
	}
	for _, value := range slices.Concat(global, ldflags, []string{s.Ldflags}) {
		link = append(link, linkerArgs(value)...)
	}
	if s.Debug {
		link = append(link, debugLdflags)
		choice = slices.Insert(choice, len(choice)-1, debugGcflags) // before the package
	}
	return append([]string{"build", "-o", out, "-ldflags", strings.Join(link, " ")}, choice...), nil
}

// choice are the arguments that tell go what to take: flags, tags (of several -tags go
// would take the last one only) and the package.
func choice(s Spec) ([]string, error) {
	placed, flags := split(s.Flags, "o")
	if placed != nil {
		return nil, errors.New("[build] flags must not hold -o: watcher chooses where the binary goes")
	}
	_, flags = split(flags, "ldflags")
	tags, flags := split(flags, "tags")
	args := []string{"-buildvcs=false", "-pgo=off"}
	if tags = slices.Concat(tags, s.Tags); len(tags) > 0 {
		args = append(args, "-tags", strings.Join(tags, ","))
	}
	return append(append(args, flags...), cmp.Or(s.Package, ".")), nil
}

// split takes the flag called name, in each form that go accepts, out of flags: its
// values, and the flags that are left.
func split(flags []string, name string) (values, rest []string) {
	for i := 0; i < len(flags); i++ {
		flag, value, joined := strings.Cut(flags[i], "=")
		if flag != "-"+name && flag != "--"+name {
			rest = append(rest, flags[i])
			continue
		}
		if !joined && i+1 < len(flags) {
			i++
			value = flags[i]
		}
		values = append(values, value)
	}
	return values, rest
}

// linkerArgs drops the package pattern of a -ldflags value ("all=-X main.v=1"): only
// one package is linked, and the joined value can have no pattern in its middle.
func linkerArgs(value string) []string {
	value = strings.TrimSpace(value)
	if _, args, ok := strings.Cut(value, "="); ok && !strings.HasPrefix(value, "-") {
		value = args
	}
	if value == "" {
		return nil
	}
	return []string{value}
}
