package watcher

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/watcher-dev/watcher/watcher/rules"
)

// Reason is what a change of one file does, and why.
type Reason struct {
	Action Action // Ignore: nothing
	Signal string // of the rule, for Action Signal
	Run    string // of the rule
	Why    string // one line for the user; paths in it are relative to Root
}

// Explain tells what a save of the file path, which is absolute and need not be there, would
// do while a watcher of cfg runs. It looks at the tree as [New] does, and fails as New does.
func Explain(cfg Config, path string) (Reason, error) {
	w, err := New(cfg)
	if err != nil {
		return Reason{}, err
	}
	defer w.release()
	name := filepath.Clean(path)
	if _, known := w.folders[filepath.Dir(name)]; !known { // by this name
		if names := w.called(w.real(name)); len(names) > 0 {
			name = names[0]
		}
	}
	return w.explain(name), nil
}

func (w *Watcher) explain(name string) Reason {
	in, watched := w.folders[filepath.Dir(name)]
	v := w.rules.Classify(name, in.Place)
	_, src := look(w.seed, name)
	switch {
	case isDir(name):
		return Reason{Why: "it is a folder: ask about a file in it"}
	case v.Rule > 0 && (watched || v.Action == Ignore):
		return w.ruled(name, v, src)
	case w.passedBy(name, v, src):
		return Reason{Why: elsewhere}
	case !watched, v.Action == Ignore, v.AskGit && w.ignored(name):
		return Reason{Why: w.whyNothing(name)}
	}
	return Reason{v.Action, v.Signal, v.Run, w.why(name, v)}
}

// ruled tells of a file that a rule of the user's is about. Where that names a command alone, it
// says also why the file asks for more.
func (w *Watcher) ruled(name string, v rules.Verdict, src []byte) Reason {
	why := fmt.Sprintf("rule %d of the settings", v.Rule)
	if v.AskGit && w.ignored(name) || w.passedBy(name, v, src) {
		v = v.Rest()
	}
	if rule := w.cfg.Rules[v.Rule-1]; rule.Action == Ignore && v.Action > Run {
		why += ", and " + w.why(name, v)
	}
	return Reason{v.Action, v.Signal, v.Run, why}
}

// passedBy reports whether the compiler does not take a file that is there, though it lies where
// it takes others.
func (w *Watcher) passedBy(name string, v rules.Verdict, src []byte) bool {
	return v.Compiled && src != nil && !w.rules.Takes(name, src)
}

const elsewhere = "the compiler leaves it out: its name or its build constraints are for other systems or tags"

// why says which step of classify took the file, which is no user rule's.
func (w *Watcher) why(name string, v rules.Verdict) string {
	rel := w.rules.Rel(name)
	_, named := w.rules.Named(name)
	_, use := w.rules.Used(rel)
	switch {
	case v.Action == Reload:
		return "the settings file"
	case named && v.Action == Restart:
		return "an env file of the app"
	case named, rules.ModuleFile(path.Base(rel)):
		return "it leads the go command"
	case w.rules.Embedded(rel):
		return "embedded by " + w.embeddedBy(rel)
	case v.Action == Rebuild:
		return w.whyCompiled(filepath.Dir(name))
	case use.Where != "" && use.Path == name:
		return "named by " + use.Where
	case use.Where != "":
		return fmt.Sprintf("%s names %s", use.Where, w.rules.Rel(use.Path))
	case v.Action == Refresh:
		return "browsers load files of its kind"
	case strings.HasPrefix(path.Base(rel), ".env"):
		return "an env file by its name"
	case rules.DataKind(rules.KindOf(rel)):
		return "configuration, by its name or its folder's"
	}
	return "a template, by its name or its folder's"
}

func (w *Watcher) whyCompiled(dir string) string {
	if w.cfg.Graph == nil {
		return "Go source: which packages the build reads is not known"
	}
	for _, p := range w.cfg.Graph.Packages {
		if p.Dir == dir && p.By != "" {
			return fmt.Sprintf("compiled: %s imports its package", w.rules.Rel(p.By))
		}
	}
	return "compiled: it belongs to the program's own package"
}

// embeddedBy returns the place of a go:embed line that takes rel in.
func (w *Watcher) embeddedBy(rel string) string {
	for _, file := range slices.Sorted(maps.Keys(w.embeds)) {
		src, _ := os.ReadFile(file)
		number := 0
		for line := range bytes.Lines(src) {
			number++
			for _, e := range rules.ScanEmbeds(line, w.rules.Rel(filepath.Dir(file))) {
				if e.Covers(rel) {
					return fmt.Sprintf("%s:%d", w.rules.Rel(file), number)
				}
			}
		}
	}
	return "a go:embed line"
}

// whyNothing says why a change of the file does nothing.
func (w *Watcher) whyNothing(name string) string {
	rel := w.rules.Rel(name)
	base := path.Base(rel)
	g := w.cfg.Graph
	switch {
	case strings.HasSuffix(base, "_test.go"):
		return "tests are no part of the program"
	case g != nil && rules.SourceFile(base) && !w.rules.Compiles(filepath.Dir(name)):
		return "no package of the program lies in its folder"
	case rules.SourceFile(base) && g != nil:
		return elsewhere
	case rules.Temporary(base):
		return "editors make files of such names for a moment"
	}
	if why := w.leftOut(name); why != "" {
		return why
	}
	if rules.Row(rel).Action != Ignore {
		return "nothing leads to its folder: no package of the program lies there, and the code does not name it"
	}
	return "neither the build nor the code nor a rule is about it"
}

// leftOut says what keeps the built-in rows from a file: the outermost of the folders
// that it lies in, or the file itself.
func (w *Watcher) leftOut(name string) string {
	rel := w.rules.Rel(name)
	if !filepath.IsLocal(rel) {
		return "it lies outside of " + w.cfg.Root
	}
	for end := range len(rel) + 1 {
		if end < len(rel) && rel[end] != '/' {
			continue
		}
		part := rel[:end]
		dir := filepath.Join(w.cfg.Root, filepath.FromSlash(part))
		base := path.Base(part)
		by := w.git.IgnoredBy(part)
		switch {
		case w.rules.Ignores(part):
			return part + " is left out by [watch] ignore"
		case by != "" && !strings.HasPrefix(base, ".env"):
			return fmt.Sprintf("git ignores %s: %s", part, by)
		case part == rel: // what follows is about folders
		case w.rules.PassesBy(part):
			return part + " is left out, as are all folders of such names"
		case isFile(filepath.Join(dir, "go.mod")):
			return part + " is another module"
		case isFile(filepath.Join(dir, "package.json")):
			return part + " has a package.json: only what the build or the code takes from it counts"
		case rules.OutputFolder(base):
			return part + " holds build output: only what the build or the code takes from it counts"
		}
	}
	return ""
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
