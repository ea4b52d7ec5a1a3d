package settings

import (
	"bytes"
	"fmt"
	"strings"
)

// SchemaLine tells editors (Taplo, Even Better TOML) where the schema of the file is: beside
// it, as an address would need a network, and could speak of another version.
const SchemaLine = "#:schema ./" + SchemaFile + "\n"

// Commented is the text of a settings file in which every key stands, commented out,
// with its default and meaning. But for the first, a line that begins with "#" and no blank is a key:
// without the "#" it holds. Tables stand open, so that one key can be taken alone.
func Commented() []byte {
	var text bytes.Buffer
	text.WriteString(SchemaLine)
	text.WriteString("# Settings of watcher. Every key is optional and stands here with its default.\n")
	table := ""
	for _, r := range rows() {
		of, key, _ := strings.Cut(r.name, ".")
		if of != table {
			table = of
			line := header(table)
			if table == "rule" { // an empty one would be wrong
				line = "#" + line
			}
			text.WriteString("\n" + line + "\n")
		}
		if r.name == "rule.run" { // an example of its own
			text.WriteString("\n#[[rule]]\n#paths = [\"**/*.templ\"]\n")
		}
		note := ""
		if r.example != "" {
			note = " (an example; there is no default)"
		}
		fmt.Fprintf(&text, "# %s%s\n#%s = %s\n", r.meaning, note, key, r.sample())
	}
	return text.Bytes()
}

// header begins a table, or names it in a message.
func header(table string) string {
	if table == "rule" {
		return "[[rule]]"
	}
	return "[" + table + "]"
}
