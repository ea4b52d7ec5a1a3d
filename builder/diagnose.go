package builder

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// place matches "file:line:col: message" and "file:line: message". A file has an
// ending and no colon but that of a Windows drive, so that an address in the
// middle of a message ("dial tcp 127.0.0.1:3128: refused") is not taken for one.
var place = regexp.MustCompile(`^(?:vet: )?((?:[A-Za-z]:)?[^:]*\.[A-Za-z_][^:/\\]*):(\d+)(?::(\d+))?: (.+)$`)

// diagnose finds the messages with a place in the output of a go build that ran in
// dir. An indented line continues the message before it; other lines belong to none.
func diagnose(output, dir, base string) []Diagnostic {
	var found []Diagnostic
	continued := false // the line before belongs to the last one found
	for line := range strings.SplitSeq(output, "\n") {
		line = strings.TrimSuffix(line, "\r")
		text := strings.TrimLeft(line, " \t")
		if continued && text != line {
			found[len(found)-1].Message += "\n" + line
			continue
		}
		// After "package x" the place itself is indented.
		var d Diagnostic
		if d, continued = parse(text); continued {
			d.File = shorten(d.File, dir, base)
			found = append(found, d)
		}
	}
	return found
}

// parse reads one line.
func parse(line string) (Diagnostic, bool) {
	m := place.FindStringSubmatch(line)
	if m == nil {
		return Diagnostic{}, false
	}
	n, err := strconv.Atoi(m[2])
	column, _ := strconv.Atoi(m[3]) // absent is 0
	return Diagnostic{File: m[1], Line: n, Column: column, Message: m[4]}, err == nil && n > 0
}

// shorten makes file, as go tells it in dir, relative to base where that is shorter.
func shorten(file, dir, base string) string {
	if !filepath.IsAbs(file) && !strings.Contains(file, ":") {
		file = filepath.Join(dir, file)
	}
	file = filepath.Clean(file)
	if rel, err := filepath.Rel(base, file); err == nil && len(rel) < len(file) {
		return rel
	}
	return file
}

// headline is the one line that says best why the build failed: the first message
// with a place, else the first line that says something of its own. A full disk
// goes before both, as it is the reason for whatever else is said.
func headline(output string, found []Diagnostic) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for _, line := range lines {
		if strings.Contains(line, "no space left on device") {
			return strings.TrimSpace(line)
		}
	}
	if len(found) > 0 {
		return found[0].headline()
	}
	for _, line := range lines {
		if text := strings.TrimSpace(line); strings.Contains(text, ": ") && !progress(text) {
			return text
		}
	}
	return strings.TrimSpace(lines[0])
}

// progress tells the lines in which go reports what it does, of which none is an error.
func progress(line string) bool {
	for _, word := range []string{"go: downloading ", "go: finding ", "go: found ", "go: added "} {
		if strings.HasPrefix(line, word) {
			return true
		}
	}
	return false
}

// headline is the first line of the message, with its place. Where that line only
// leads to the next ("to add it:"), both.
func (d Diagnostic) headline() string {
	first, rest, _ := strings.Cut(d.Message, "\n")
	if next, _, _ := strings.Cut(rest, "\n"); strings.HasSuffix(first, ":") {
		first += " " + strings.TrimSpace(next)
	}
	at := fmt.Sprintf("%s:%d", d.File, d.Line)
	if d.Column > 0 {
		at += fmt.Sprintf(":%d", d.Column)
	}
	return at + ": " + first
}
