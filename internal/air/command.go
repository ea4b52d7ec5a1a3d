package air

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/watcher-dev/watcher/internal/settings"
)

// command carries over what a command line asks go build for. What else it does is not
// watcher's, but for generators that are known.
func (c *conversion) command(text string) string {
	steps, ok := commands(text)
	i := slices.IndexFunc(steps, func(step []string) bool { return goBuild(step) != nil })
	if !ok || i < 0 {
		return c.leave("is no plain go build, which is what watcher runs: what else it does belongs into a [[rule]] with run", text)
	}
	build := steps[i]
	said := c.generators(slices.Delete(steps, i, i+1))
	for _, pair := range assignments(build) {
		c.variable("build.env", pair)
	}
	said = append(said, c.flags(goBuild(build))...)
	if said = append(said, c.carried("build.env")...); len(said) == 0 {
		return "is what watcher runs by itself"
	}
	return strings.Join(said, "; ")
}

// preCommands are lines of which each may be several commands.
func (c *conversion) preCommands(lines []string) string {
	var all [][]string
	for _, line := range lines {
		if steps, ok := commands(line); ok {
			all = append(all, steps...)
		} else if line = strings.TrimSpace(line); line != "" {
			all = append(all, []string{line})
		}
	}
	if len(all) == 0 {
		return "is empty"
	}
	return strings.Join(c.generators(all), "; ")
}

// carried says which of these keys are set by now.
func (c *conversion) carried(keys ...string) (said []string) {
	for _, key := range keys {
		if _, ok := c.values[key]; ok {
			said = append(said, "→ "+key)
		}
	}
	return said
}

// generator is a program that makes files out of others.
type generator struct {
	verb   string   // its subcommand that does
	reads  []string // globs
	writes []string // of what it reads; else nil
}

// generatorOf lists those that are known, by the names of their programs.
var generatorOf = map[string]generator{
	"templ":  {verb: "generate", reads: []string{"**/*.templ"}},
	"sqlc":   {verb: "generate", reads: []string{"**/*.sql", "**/sqlc.{yaml,yml,json}"}},
	"gqlgen": {verb: "generate", reads: []string{"**/*.{graphql,graphqls}", "**/gqlgen.{yaml,yml}"}},
	"buf":    {verb: "generate", reads: []string{"**/*.proto", "**/buf*.yaml"}},
	"swag":   {verb: "init", reads: []string{"**/*.go"}, writes: []string{"docs/docs.go"}},
}

// generators makes rules of the commands that are known.
func (c *conversion) generators(steps [][]string) (said []string) {
	var others []string
	for _, step := range steps {
		g, known := generatorIn(step)
		if !known {
			others = append(others, strings.Join(step, " "))
			continue
		}
		if g.writes != nil { // which is no reason to run it again
			c.rule(settings.Rule{Paths: g.writes, Action: "rebuild"})
		}
		said = append(said, c.rule(settings.Rule{Paths: g.reads, Run: withoutShell(step)}))
	}
	if len(others) > 0 {
		said = append(said, strings.Join(others, " && ")+" "+c.leave("is not run: make it a [[rule]] with run, and the paths that it reads", others...))
	}
	return slices.Compact(said)
}

// generatorIn returns the generator that a command runs, if it is one that is known.
func generatorIn(step []string) (g generator, known bool) {
	for i, word := range step {
		name, _, _ := strings.Cut(path.Base(slashed(word)), "@")
		if g, known = generatorOf[name]; known && slices.Contains(step[i:], g.verb) {
			return g, true
		}
	}
	return generator{}, false
}

// withoutShell is a command as a program and its arguments, also if it begins with variables.
func withoutShell(step []string) []string {
	if len(assignments(step)) > 0 {
		return append([]string{"env"}, step...)
	}
	return step
}

// goBuild returns the arguments of a step that is a go build, which may be none; nil for
// any other step.
func goBuild(step []string) []string {
	step = step[len(assignments(step)):]
	if len(step) < 2 || step[0] != "go" || step[1] != "build" {
		return nil
	}
	return append([]string{}, step[2:]...)
}

var assignment = regexp.MustCompile(`^[A-Za-z_]\w*=`)

// assignments are the variables that a step begins with.
func assignments(step []string) []string {
	end := slices.IndexFunc(step, func(word string) bool { return !assignment.MatchString(word) })
	if end < 0 {
		end = len(step)
	}
	return step[:end]
}

// valued are the flags of go build that take a value.
var valued = strings.Fields("-o -C -p -asmflags -buildmode -compiler -covermode -coverpkg -gccgoflags -gcflags -installsuffix -ldflags -mod -modfile -overlay -pgo -pkgdir -tags -toolexec")

// flags carries over the arguments of go build.
func (c *conversion) flags(args []string) (said []string) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name, value, joined := strings.Cut(args[0], "=")
		name, args = strings.Replace(name, "--", "-", 1), args[1:]
		if !joined && slices.Contains(valued, name) && len(args) > 0 {
			value, args, joined = args[0], args[1:], true
		}
		switch name {
		case "-o": // watcher chooses
		case "-C":
			said = append(said, "-C "+c.leave("is not carried over: set [app] dir", "-C"))
		case "-ldflags":
			c.set("build.ldflags", value)
		case "-tags":
			c.add("build.tags", strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })...)
		default:
			if joined {
				name += "=" + value
			}
			c.add("build.flags", name)
		}
	}
	said = append(said, c.carried("build.flags", "build.ldflags", "build.tags")...)
	if len(args) > 0 {
		said = append(said, c.pkg(args[0])...)
	}
	return said
}

func (c *conversion) pkg(pattern string) []string {
	pattern = slashed(pattern)
	if strings.HasSuffix(pattern, ".go") {
		pattern = path.Dir(pattern)
	}
	switch {
	case strings.Contains(pattern, "..."):
		return []string{pattern + " may be several programs: name one in [app] package, if watcher does not find it"}
	case pattern == ".":
		return nil
	case !strings.HasPrefix(pattern, "/") && !strings.HasPrefix(pattern, "../"):
		pattern = "./" + pattern
	}
	return []string{c.set("app.package", pattern)}
}

// entrypoint is the binary, with arguments behind it.
func (c *conversion) entrypoint(value any) string {
	words, ok := texts(value)
	if _, alone := value.(string); alone || ok && len(words) < 2 {
		return "watcher knows where the binary is"
	}
	if !ok {
		return wrongKind
	}
	return c.add("app.args", words[1:]...)
}

// fullBin is a command line that ends in the binary and its arguments.
func (c *conversion) fullBin(text string) string {
	steps, ok := commands(text)
	switch {
	case strings.TrimSpace(text) == "":
		return "is empty"
	case !ok || len(steps) != 1:
		return c.leave("is a line for a shell: write its variables into [app] env, its arguments into [app] args")
	}
	env := assignments(steps[0])
	for _, pair := range env {
		c.variable("app.env", pair)
	}
	said := c.carried("app.env")
	if words := steps[0][len(env):]; len(words) > 0 && !c.built(words[0]) {
		said = append(said, words[0]+" "+c.leave("is not started: watcher starts the binary itself, and under Delve with --debug", words[0]))
	} else if len(words) > 1 {
		said = append(said, c.add("app.args", words[1:]...))
	}
	if len(said) == 0 {
		return "watcher knows where the binary is"
	}
	return strings.Join(said, "; ")
}

// built reports whether a word of full_bin is the binary that the command builds.
func (c *conversion) built(word string) bool {
	names := []string{"main", "main.exe"}
	for _, key := range []string{"build.bin", "build.cmd", "build.entrypoint"} {
		switch value := c.keys[key].(type) {
		case string:
			for _, part := range strings.Fields(value) {
				names = append(names, path.Base(slashed(part)))
			}
		case []any:
			first, _ := texts(value)
			names = append(names, path.Base(slashed(strings.Join(first[:min(1, len(first))], ""))))
		}
	}
	return slices.Contains(names, path.Base(slashed(word)))
}

// buildRules are commands that run when files change.
func (c *conversion) buildRules(value any) string {
	list, ok := value.([]any)
	if !ok {
		return wrongKind
	}
	var said string
	for _, each := range list {
		table, _ := each.(map[string]any)
		run, _ := table["cmd"].(string)
		if run == "" {
			return "has a rule without cmd, which air refuses"
		}
		r := settings.Rule{Paths: rulePaths(table), Run: []string{"sh", "-c", run}}
		if steps, ok := commands(run); ok && len(steps) == 1 {
			r.Run = withoutShell(steps[0])
		}
		if len(r.Paths) == 0 {
			return "has a rule without files, which air refuses"
		}
		said = c.rule(r)
	}
	return said
}

// rulePaths are the globs of a rule: each kind in each folder, and the files.
func rulePaths(table map[string]any) (paths []string) {
	dirs, _ := texts(table["include_dir"])
	kinds, _ := texts(table["include_ext"])
	files, _ := texts(table["include_file"])
	if len(dirs) == 0 && len(kinds) > 0 {
		dirs = []string{"."}
	}
	for _, dir := range dirs {
		end := "*"
		if len(kinds) == 1 {
			end = "*." + kinds[0]
		} else if len(kinds) > 1 {
			end = "*.{" + strings.Join(kinds, ",") + "}"
		}
		paths = append(paths, path.Join(slashed(dir), "**", end))
	}
	for _, file := range files {
		paths = append(paths, slashed(file))
	}
	return paths
}

var (
	// token is a word of a command line, or what joins commands. A backslash is one of a Windows path.
	token  = regexp.MustCompile("^\\s*(&&|(?:[^\\s\"'&|;<>(){}$`*?#~]|\"[^\"$`]*\"|'[^']*')+)")
	quoted = regexp.MustCompile(`"([^"]*)"|'([^']*)'`)
)

// named is what may be told of a command at each start: its name, and perhaps a subcommand.
// Variables and other arguments may be secrets.
var named = regexp.MustCompile(`^\s*([\w./\\-]+(?: [A-Za-z][\w-]*)?)(?:\s|$|[;&])`)

func brief(command string) string {
	if m := named.FindStringSubmatch(command); m != nil {
		return m[1]
	}
	return ""
}

// commands splits a line as a shell does: into commands joined by &&, each of words. ok is
// false if it asks for more of a shell than that and quotes.
func commands(line string) (steps [][]string, ok bool) {
	var step []string
	for strings.TrimSpace(line) != "" {
		m := token.FindStringSubmatch(line)
		if m == nil {
			return nil, false
		}
		line = line[len(m[0]):]
		if m[1] != "&&" {
			step = append(step, quoted.ReplaceAllString(m[1], "$1$2"))
			continue
		}
		steps, step = append(steps, step), nil
	}
	steps = append(steps, step)
	return steps, !slices.ContainsFunc(steps, func(step []string) bool { return len(step) == 0 })
}
