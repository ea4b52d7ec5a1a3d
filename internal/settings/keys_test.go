package settings

import (
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKeysAreThoseOfTheStructs: a field without a row would be a key that nothing
// knows, a row without a field a key that does nothing.
func TestKeysAreThoseOfTheStructs(t *testing.T) {
	var fields, keys []string
	tables := reflect.TypeFor[Settings]()
	for i := range tables.NumField() {
		table := tables.Field(i).Type
		if table.Kind() == reflect.Slice {
			table = table.Elem()
		}
		for j := range table.NumField() {
			if key := table.Field(j).Tag.Get("toml"); key != "-" {
				fields = append(fields, tables.Field(i).Tag.Get("toml")+"."+key)
			}
		}
	}
	for _, key := range Keys() {
		keys = append(keys, key.Name)
		if key.Meaning == "" || strings.Contains(key.Meaning, "\n") {
			t.Errorf("%s: meaning %q", key.Name, key.Meaning)
		}
	}
	if !slices.Equal(fields, keys) {
		t.Errorf("fields %q\nkeys   %q", fields, keys)
	}
}

func TestDefaultsAsWritten(t *testing.T) {
	want := map[string]string{
		"app.dir": `"."`, "app.env_files": `[".env"]`, "app.args": "[]", "app.env": "{}", "run.port": "",
		"run.swap": `"auto"`, "run.port_env": `"PORT"`, "run.ready_timeout": `"30s"`, "run.stop_signal": `"SIGTERM"`,
		"run.stop_timeout": `"10s"`, "run.drain_timeout": `"60s"`, "run.restart": `"on-failure"`,
		"proxy.listen": `""`, "proxy.fresh": "true", "proxy.strict_port": "false", "proxy.hold_timeout": `"10s"`,
		"rule.action": "",
	}
	for _, key := range Keys() {
		if text, ok := want[key.Name]; ok && text != key.Default {
			t.Errorf("%s: got %s, want %s", key.Name, key.Default, text)
		}
	}
}

// TestCommentedFile: as it stands it changes nothing; with every key uncommented it
// loads, and but for the examples is still the defaults.
func TestCommentedFile(t *testing.T) {
	text := string(Commented())
	file := filepath.Join(t.TempDir(), File)
	write(t, file, text)
	got, warnings, err := Load(file, File, nil)
	if err != nil || len(warnings) > 0 || len(Diff(Default(), got)) > 0 {
		t.Errorf("commented: %v, %v, %v", Diff(Default(), got), warnings, err)
	}

	keys := regexp.MustCompile(`(?m)^#([^ :])`).ReplaceAllString(text, "$1")
	for _, key := range Keys() {
		_, name, _ := strings.Cut(key.Name, ".")
		if !strings.Contains(keys, "\n"+name+" = ") || !strings.Contains(keys, "# "+key.Meaning) {
			t.Errorf("%s is not in the file", key.Name)
		}
	}
	write(t, file, keys)
	got, warnings, err = Load(file, File, nil)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("uncommented: %v, %v\n%s", warnings, err, keys)
	}
	want := []Difference{{"rule", Live}, {"run.port", Restart}}
	if d := Diff(Default(), got); !slices.Equal(d, want) {
		t.Errorf("uncommented: differs in %v, want %v", d, want)
	}
	rules := []Rule{
		{Paths: []string{"conf/**/*.yaml"}, Action: "signal", Signal: "SIGHUP"},
		{Paths: []string{"**/*.templ"}, Run: []string{"templ", "generate"}, Timeout: Duration(time.Minute)},
	}
	if got := bare(got.Rules); !reflect.DeepEqual(got, rules) {
		t.Errorf("the examples of rules are %+v, want %+v", got, rules)
	}
}

func TestDiff(t *testing.T) {
	old, new := Default(), Default()
	old.App.Args = []string{} // the same as none
	if d := Diff(old, new); len(d) > 0 {
		t.Errorf("equal sets differ in %v", d)
	}
	old.Rules = []Rule{{Paths: []string{"a"}, Run: []string{"x"}, At: Position{File, 3, 7}}}
	new.Rules = []Rule{{Paths: []string{"a"}, Run: []string{"x"}, At: Position{File, 4, 7}}} // a line above it is new
	if d := Diff(old, new); len(d) > 0 {
		t.Errorf("a rule that moved differs in %v", d)
	}
	new.Proxy.Listen = ":9000"
	new.Rules = []Rule{{Paths: []string{"a"}, Action: "ignore"}}
	new.App.Env = map[string]string{"A": "1"}
	new.Run.StopTimeout = Duration(time.Second)
	new.Build.Tags = []string{"x"}
	want := []Difference{{"app.env", Restart}, {"build.tags", Rebuild}, {"rule", Live}, {"run.stop_timeout", Live}, {"proxy.listen", Never}}
	if d := Diff(old, new); !slices.Equal(d, want) {
		t.Errorf("got %v, want %v", d, want)
	}
}

func TestParseSignal(t *testing.T) {
	for _, name := range []string{"SIGTERM", "TERM", "term", "sigterm"} {
		if sig, err := ParseSignal(name); sig != syscall.SIGTERM || err != nil {
			t.Errorf("%s: %v, %v", name, sig, err)
		}
	}
	for _, name := range []string{"", "SIG", "15", "SIGSIGTERM"} {
		if sig, err := ParseSignal(name); err == nil {
			t.Errorf("%q is taken for %v", name, sig)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ table, word, want string }{
		{"run", "prot", "run.port"},
		{"run", "READY_PATH", "run.ready_path"},
		{"app", "env-files", "app.env_files"},
		{"build", "env", "build.env"},               // on a tie the own table
		{"run", "drain_tmout", "run.drain_timeout"}, // two letters away
		{"run", "drain_limit", ""},
		{"", "bulid", "build"},
		{"", "limit", ""},
		{"watch", "debounce", ""},
		{"run", "", ""},
	} {
		if got := nearest(c.table, c.word); got != c.want {
			t.Errorf("%s.%s: got %q, want %q", c.table, c.word, got, c.want)
		}
	}
}
