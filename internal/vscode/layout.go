package vscode

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/tailscale/hujson"
)

var firstIndent = regexp.MustCompile(`\n(\t| {2,8})\S`)

// indent is what a file is indented by.
func indent(text []byte) string {
	if m := firstIndent.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return "\t"
}

// appendTo puts an entry of ours behind those of a list, in the layout of their file.
func appendTo(list *hujson.Array, entry hujson.Value, unit string) {
	entry.BeforeExtra, entry.AfterExtra = nil, nil
	text := regexp.MustCompile(`(?m)^\t+`).ReplaceAllStringFunc(entry.String(), func(tabs string) string {
		return strings.Repeat(unit, len(tabs))
	})
	entry, _ = hujson.Parse([]byte(text)) // what was sound is with other blanks too
	// A comment behind the last entry is of that one: the comma goes before it.
	entry.BeforeExtra = append(bytes.TrimRight(list.AfterExtra, " \t\r\n"), "\n"+unit+unit...)
	list.AfterExtra = hujson.Extra("\n" + unit)
	if n := len(list.Elements); n > 0 && list.Elements[n-1].AfterExtra != nil {
		entry.AfterExtra = hujson.Extra{} // a comma behind the last one is the file's style
	}
	list.Elements = append(list.Elements, entry)
}
