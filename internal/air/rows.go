package air

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/watcher-dev/watcher/internal/settings"
)

// row says what becomes of a key of air's.
type row struct {
	key    string
	become func(c *conversion, value any) (why string)
}

// rows lists the keys of air 1.67 in the order of its example, with those that older
// versions had.
func rows() []row {
	return []row{
		{"root", of((*conversion).root)},
		{"watch_dir", gone("what the program is built of is watched, wherever it lies")},
		{"tmp_dir", gone("binaries lie in your cache folder, not in the project")},
		{"testdata_dir", gone("testdata is not watched anyway")},
		{"env_files", list("app.env_files", asIs)},

		{"build.pre_cmd", of((*conversion).preCommands)},
		{"build.cmd", of((*conversion).command)},
		{"build.post_cmd", of((*conversion).postCommands)},
		{"build.bin", gone("watcher names the binary and knows where it is")},
		{"build.entrypoint", (*conversion).entrypoint},
		{"build.full_bin", of((*conversion).fullBin)},
		{"build.args_bin", list("app.args", asIs)},
		{"build.log", gone("errors stand in the terminal, on the page and in the status")},
		{"build.include_ext", of((*conversion).kinds)},
		{"build.exclude_dir", of((*conversion).excludeDirs)},
		{"build.include_dir", gone("what the program is built of, and what its code names, is watched wherever it lies")},
		{"build.exclude_file", list("watch.ignore", slashed)},
		{"build.include_file", of((*conversion).includeFiles)},
		{"build.exclude_regex", of((*conversion).excludeRegex)},
		{"build.exclude_unchanged", gone("the same content saved again never starts anything")},
		{"build.ignore_dangerous_root_dir", gone("folders that nothing leads to are not watched")},
		{"build.follow_symlink", gone("links are followed where the program leads to them")},
		{"build.poll", ifTrue("watch.poll", settings.Auto("true"), `the default, "auto", polls where events cannot be trusted`)},
		{"build.poll_interval", gone("is found by itself")},
		{"build.delay", gone("a save is waited for no longer than it takes to settle, 10 ms for one file")},
		{"build.stop_on_error", gone("a failed build leaves the running version alone")},
		{"build.send_interrupt", ifTrue("run.stop_signal", "SIGINT", "the app is sent SIGTERM, and has 10 s")},
		{"build.kill_delay", (*conversion).killDelay},
		{"build.rerun", ifTrue("run.restart", "always", `an app that fails is started again: [run] restart = "never" turns it off`)},
		{"build.rerun_delay", gone("100 ms, doubling up to 30 s")},
		{"build.rules", (*conversion).buildRules},

		{"log.time", gone("every line has its time")},
		{"log.main_only", gone("start watcher with --quiet for problems only")},
		{"log.silent", gone("start watcher with --quiet for problems only")},
		{"color.main", gone("colours tell good from bad, and cannot be chosen")},
		{"color.watcher", gone("as color.main")},
		{"color.build", gone("as color.main")},
		{"color.runner", gone("as color.main")},
		{"color.app", gone("the app's output is passed as it is")},
		{"color.mode", gone("--no-color or NO_COLOR turns them off")},
		{"misc.clean_on_exit", gone("nothing is left in the project")},
		{"misc.startup_banner", gone("there is none")},
		{"screen.clear_on_rebuild", gone("the screen is never cleared")},
		{"screen.keep_scroll", gone("as screen.clear_on_rebuild")},
		{"proxy.enabled", (*conversion).proxy},
		{"proxy.proxy_port", ofPort(func(c *conversion, port int) string { return c.set("proxy.listen", strconv.Itoa(port)) })},
		{"proxy.app_port", ofPort((*conversion).appPort)},
		{"proxy.app_start_timeout", (*conversion).startTimeout},
	}
}

const wrongKind = "is of a kind that air does not read either: passed over"

func gone(why string) func(*conversion, any) string {
	return func(*conversion, any) string { return why }
}

// texts is a list of texts; ok is false for any other value.
func texts(value any) (list []string, ok bool) {
	elements, ok := value.([]any)
	for _, e := range elements {
		text, isText := e.(string)
		list, ok = append(list, text), ok && isText
	}
	return list, ok
}

// of passes over values that are not of the type that become takes.
func of[T string | []string](become func(*conversion, T) string) func(*conversion, any) string {
	return func(c *conversion, value any) string {
		if list, ok := texts(value); ok {
			value = list
		}
		if v, ok := value.(T); ok {
			return become(c, v)
		}
		return wrongKind
	}
}

// list carries a list over, each element of it turned by to.
func list(key string, to func(string) string) func(*conversion, any) string {
	return of(func(c *conversion, elements []string) string {
		if len(elements) == 0 && key != "app.env_files" { // of which none are not the default
			return "is empty"
		}
		for i, e := range elements {
			elements[i] = to(e)
		}
		return c.add(key, elements...)
	})
}

func asIs(text string) string { return text }

// ifTrue carries true over as a value of key.
func ifTrue(key string, value any, otherwise string) func(*conversion, any) string {
	return func(c *conversion, given any) string {
		if given == true {
			return c.set(key, value)
		}
		return otherwise
	}
}

func slashed(file string) string { return path.Clean(strings.ReplaceAll(file, `\`, "/")) }

func (c *conversion) root(dir string) string {
	if slashed(dir) == "." { // or empty
		return "is the default"
	}
	return c.set("app.dir", dir)
}

// ours are kinds of files whose changes are understood without being told.
var ours = strings.Fields("go mod sum work s c h tpl tmpl gohtml html css js mjs yaml yml toml json ini conf env properties * png jpg svg")

func (c *conversion) kinds(kinds []string) string {
	more := slices.DeleteFunc(kinds, func(kind string) bool {
		kind = strings.TrimPrefix(kind, ".")
		ruled := func(r settings.Rule) bool {
			return slices.ContainsFunc(r.Paths, func(glob string) bool { return doublestar.MatchUnvalidated(glob, "a."+kind) })
		}
		return slices.Contains(ours, kind) || slices.ContainsFunc(c.rules, ruled)
	})
	if len(more) == 0 {
		return "what is compiled, embedded or named by the code counts, whatever its kind"
	}
	return c.leave("counts for " + strings.Join(more, ", ") + " files only if the code embeds or names them: write a [[rule]] for others")
}

// unwatched are folders of which watcher leaves alone what the build does not read.
var unwatched = strings.Fields("tmp vendor testdata node_modules assets")

func (c *conversion) excludeDirs(dirs []string) string {
	tmp, _ := c.keys["tmp_dir"].(string)
	var kept, alone []string
	for _, dir := range dirs {
		dir = slashed(dir)
		if base := path.Base(dir); dir == "." { // or empty
			continue
		} else if base[0] == '.' || dir == tmp || slices.Contains(unwatched, base) {
			alone = append(alone, dir)
		} else {
			kept = append(kept, dir+"/**")
		}
	}
	var said []string
	if len(kept) > 0 {
		said = append(said, c.add("watch.ignore", kept...))
	}
	if len(alone) > 0 {
		said = append(said, strings.Join(alone, ", ")+": left alone anyway, but for what is built from them; a static file never rebuilds")
	}
	return cmp.Or(strings.Join(said, "; "), "is empty")
}

// postCommands are those that air runs when it ends.
func (c *conversion) postCommands(lines []string) string {
	if lines = slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" }); len(lines) == 0 {
		return "is empty"
	}
	return c.leave("is not run: watcher leaves nothing behind itself, so type it after the end where you need it", lines...)
}

// source is what Go builds of.
var source = strings.Fields(".go .mod .sum .work")

// includeFiles of Go are built or not; the others the app reads when it starts.
func (c *conversion) includeFiles(files []string) string {
	files = slices.DeleteFunc(files, func(file string) bool { return slices.Contains(source, path.Ext(file)) })
	if len(files) == 0 {
		return "what the program is built of is watched anyway"
	}
	for i := range files {
		files[i] = slashed(files[i])
	}
	return c.rule(settings.Rule{Paths: files, Action: "restart"})
}

func (c *conversion) excludeRegex(regexps []string) string {
	others := slices.DeleteFunc(regexps, func(r string) bool {
		return strings.Contains(r, "_test") || strings.HasSuffix(strings.TrimSuffix(r, "$"), ".go")
	})
	if len(others) == 0 {
		return "tests start nothing, other Go files only if the program is built of them"
	}
	return c.leave("is not carried over: write " + strings.Join(others, ", ") + " as globs in [watch] ignore")
}

// killDelay counts in air only after an interrupt. A bare number is of nanoseconds there,
// which nobody means.
func (c *conversion) killDelay(value any) string {
	text, _ := value.(string)
	d, err := time.ParseDuration(text)
	if c.keys["build.send_interrupt"] != true || err != nil || d <= 0 {
		return "the app has 10 s to stop, and is waited for no longer than it takes"
	}
	return c.set("run.stop_timeout", settings.Duration(d))
}

func (c *conversion) proxy(value any) string {
	if value == true {
		return "there is always a front, and open pages are loaded anew"
	}
	return "there is always a front; [browser] reload = false leaves open pages alone"
}

// ofPort passes over ports that air does not use.
func ofPort(become func(*conversion, int) string) func(*conversion, any) string {
	return func(c *conversion, value any) string {
		port, ok := value.(int64)
		switch {
		case !ok || port < 1 || port > 65535:
			return wrongKind
		case c.keys["proxy.enabled"] != true:
			return "counts only with proxy.enabled"
		}
		return become(c, int(port))
	}
}

// appPort is carried over but where full_bin tells it to the app, which watcher does too.
// An argument that tells it stays, and so does the port.
func (c *conversion) appPort(port int) string {
	env, _ := c.values["app.env"].(map[string]string)
	if _, told := env["PORT"]; told {
		return "watcher tells the app one by PORT"
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if env[name] == strconv.Itoa(port) {
			return c.set("run.port_env", name)
		}
	}
	return c.set("run.port", port)
}

// startTimeout is carried over where it is longer than ours: a start that takes longer is ended.
func (c *conversion) startTimeout(value any) string {
	ms, _ := value.(int64)
	if d := settings.Duration(ms) * settings.Duration(time.Millisecond); d > settings.Default().Run.ReadyTimeout {
		return c.set("run.ready_timeout", d)
	}
	return "a start may take 30 s anyway"
}

func (c *conversion) rule(r settings.Rule) string {
	c.rules = append(c.rules, r)
	return "→ [[rule]]"
}
