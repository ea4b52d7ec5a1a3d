package air

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/watcher-dev/watcher/internal/settings"
)

// Settings is the text of a settings file of watcher with what was taken, and nothing else.
func (c *Converted) Settings() []byte {
	var text bytes.Buffer
	table := ""
	for _, key := range c.Taken {
		of, name, _ := strings.Cut(key, ".")
		if key == "rule" {
			continue // they follow, each with a head of its own
		}
		if of != table {
			fmt.Fprintf(&text, "\n[%s]\n", of)
			table = of
		}
		fmt.Fprintf(&text, "%s = %s\n", name, settings.Written(c.values[key]))
	}
	for _, r := range c.rules {
		fmt.Fprintf(&text, "\n[[rule]]\npaths = %s\n", settings.Written(r.Paths))
		if r.Action != "" {
			fmt.Fprintf(&text, "action = %s\n", settings.Written(r.Action))
		}
		if len(r.Run) > 0 {
			fmt.Fprintf(&text, "run = %s\n", settings.Written(r.Run))
		}
	}
	return text.Bytes()
}

// Commented is Settings, and says also of each key of air's what became of it. name is that of
// air's file.
func (c *Converted) Commented(name string) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s# Settings of watcher, made from %s.\n%s\n# What became of its keys:\n#\n", settings.SchemaLine, name, c.Settings())
	for _, n := range c.notes {
		fmt.Fprintf(&text, "# %s = %s\n#     %s\n", plain(n.key), plain(n.value), plain(n.why))
	}
	return text.Bytes()
}

// plain is a text that can stand in a comment.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
