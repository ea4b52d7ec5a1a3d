package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/watcher-dev/watcher/internal/settings"
)

// TestReadmeTableIsTrue: the README's table of settings has each key, with its
// default, its meaning and when an edit takes effect, and no other.
func TestReadmeTableIsTrue(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	effects := map[settings.Effect]string{
		settings.Live: "at once", settings.Restart: "restart", settings.Rebuild: "rebuild", settings.Never: "new `watcher`",
	}
	for _, k := range settings.Keys() {
		value := ""
		if k.Default != "" {
			value = "`" + k.Default + "`"
		}
		row := fmt.Sprintf("| `%s` | %s | %s | %s |", k.Name, value, strings.ReplaceAll(k.Meaning, "|", "\\|"), effects[k.Effect])
		if !strings.Contains(string(readme), row) {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
	_, section, _ := strings.Cut(string(readme), "\n## Settings\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if rows := strings.Count(section, "\n| `"); rows != len(settings.Keys()) {
		t.Errorf("README.md has %d rows of settings, there are %d keys", rows, len(settings.Keys()))
	}
}
