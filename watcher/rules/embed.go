package rules

import (
	"bytes"
	"path"
	"strings"
)

// Embed is one pattern of a //go:embed line.
type Embed struct {
	pattern string // of path.Match, relative to Root
	all     bool   // hidden files below a folder count too
}

// ScanEmbeds returns the patterns of the //go:embed lines in src, the source of a
// file in dir, a folder relative to Root. It reads lines and not syntax: a line
// inside a raw string is taken for one, which costs a build and never misses one.
// Names with spaces in them are not known.
func ScanEmbeds(src []byte, dir string) []Embed {
	var found []Embed
	for line := range bytes.Lines(src) {
		patterns, ok := bytes.CutPrefix(bytes.TrimLeft(line, " \t"), []byte("//go:embed"))
		if !ok || !bytes.ContainsAny(patterns[:min(1, len(patterns))], " \t") {
			continue
		}
		for word := range strings.FieldsSeq(string(patterns)) {
			pattern, all := strings.CutPrefix(strings.Trim(word, "\"`"), "all:")
			found = append(found, Embed{path.Join(dir, pattern), all})
		}
	}
	return found
}

// Covers reports whether the file or folder rel is embedded: the pattern names it,
// or a folder that it lies in.
func (e Embed) Covers(rel string) bool {
	for part := rel; part != "." && part != "/"; part = path.Dir(part) {
		if ok, _ := path.Match(e.pattern, part); ok {
			return e.all || !hiddenBelow(rel[len(part):])
		}
	}
	return false
}

// hiddenBelow reports whether an element of rest, as "/a/.b", begins with a dot or
// an underscore. Go embeds no such file unless it is named itself.
func hiddenBelow(rest string) bool {
	return strings.Contains(rest, "/.") || strings.Contains(rest, "/_")
}

// fixedPart returns the leading elements of a glob that hold no wildcard: the
// deepest folder (or the file) in which all that it matches lies.
func fixedPart(glob string) string {
	wild := strings.IndexAny(glob, `*?[{\`)
	if wild < 0 {
		return glob
	}
	return path.Dir(glob[:wild] + "x")
}
