package vscode

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// collector is what VS Code does with the lines of a background task, as far as ours asks
// for it: WatchingProblemCollector and SingleLineMatcher in its src/vs/workbench/contrib/tasks.
// A line that begins or ends is no problem as well; problems are matched at any time. At a
// begin all that is shown is marked, at the end what was not found again goes; problems found
// outside are shown too, and go with the next round.
type collector struct {
	matchers []matcher
	exists   func(path string) bool // below the workspace folder

	active bool
	found  map[string]bool // since the last begin or end
	shown  map[string]bool // in the panel
	marked map[string]bool // files to be cleaned at the end
	log    strings.Builder
}

// matcher is one of a task's, as JSON has it.
type matcher struct {
	Owner        string
	FileLocation []string
	Pattern      struct {
		Regexp                                string
		File, Line, Column, Severity, Message int
	}
	Background *struct {
		ActiveOnStart              bool
		BeginsPattern, EndsPattern string
	}
}

func newCollector(matchers []matcher, exists func(string) bool) *collector {
	c := &collector{
		matchers: matchers, exists: exists,
		found: map[string]bool{}, shown: map[string]bool{}, marked: map[string]bool{},
	}
	for _, m := range matchers {
		if m.Background != nil && m.Background.ActiveOnStart {
			c.active = true
			c.log.WriteString("begins\n")
		}
	}
	return c
}

// take takes one line as the terminal of VS Code gives it: without colours, wrapped lines
// put together again.
func (c *collector) take(line string) {
	if c.begins(line) || c.ends(line) {
		return
	}
	for _, m := range c.matchers {
		if problem := m.match(line, c.exists); problem != "" {
			file := fileOf(problem)
			c.found[problem] = true
			maps.DeleteFunc(c.shown, func(old string, _ bool) bool { // a file's are set as a whole
				return fileOf(old) == file && !c.found[old]
			})
			c.shown[problem] = true
			delete(c.marked, file)
			return
		}
	}
}

func (c *collector) begins(line string) bool {
	for _, m := range c.matchers {
		if b := m.Background; b != nil && !c.active && regexp.MustCompile(b.BeginsPattern).MatchString(line) {
			c.active = true
			clear(c.found)
			for problem := range c.shown {
				c.marked[fileOf(problem)] = true
			}
			c.log.WriteString("begins\n")
			return true
		}
	}
	return false
}

func (c *collector) ends(line string) bool {
	for _, m := range c.matchers {
		if b := m.Background; b != nil && c.active && regexp.MustCompile(b.EndsPattern).MatchString(line) {
			c.active = false
			maps.DeleteFunc(c.shown, func(problem string, _ bool) bool { return c.marked[fileOf(problem)] })
			clear(c.marked)
			clear(c.found)
			c.tell("ends")
			return true
		}
	}
	return false
}

// tell logs what the panel shows.
func (c *collector) tell(when string) {
	fmt.Fprintf(&c.log, "%s, problems: %d\n", when, len(c.shown))
	for _, problem := range slices.SortedFunc(maps.Keys(c.shown), byPlace) {
		c.log.WriteString("  " + problem + "\n")
	}
}

// match returns "severity file:line:column: message", or "". A problem without a column is
// of its whole line, which stands as column 0.
func (m matcher) match(line string, exists func(string) bool) string {
	groups := regexp.MustCompile(m.Pattern.Regexp).FindStringSubmatch(line)
	if groups == nil {
		return ""
	}
	file, message := strings.TrimSpace(groups[m.Pattern.File]), strings.TrimSpace(groups[m.Pattern.Message])
	n, _ := strconv.Atoi(groups[m.Pattern.Line])
	column, _ := strconv.Atoi(groups[m.Pattern.Column])
	if file == "" || message == "" {
		return ""
	}
	// autoDetect: what lies below the folder, else the path as it is.
	if below := path.Join(m.FileLocation[1], file); m.FileLocation[0] == "autoDetect" && exists(path.Clean(file)) {
		file = below
	}
	return fmt.Sprintf("%s %s:%d:%d: %s", severity(groups[m.Pattern.Severity]), file, n, column, message)
}

// severity is VS Code's reading of a word; what it does not know is an error, as ours names
// no other default.
func severity(word string) string {
	switch strings.ToLower(word) {
	case "warning", "warn":
		return "warning"
	case "info", "note", "hint":
		return "info"
	}
	return "error"
}

func fileOf(problem string) string {
	_, rest, _ := strings.Cut(problem, " ")
	return regexp.MustCompile(`:\d+:\d+: `).Split(rest, 2)[0]
}

func byPlace(a, b string) int {
	place := func(s string) (string, int) {
		n, _ := strconv.Atoi(regexp.MustCompile(`:(\d+):\d+: `).FindStringSubmatch(s)[1])
		return fileOf(s), n
	}
	fileA, lineA := place(a)
	fileB, lineB := place(b)
	return cmp.Or(cmp.Compare(fileA, fileB), cmp.Compare(lineA, lineB), cmp.Compare(a, b))
}
