package air

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/watcher-dev/watcher/internal/settings"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestT6_EachKeyHasItsPlace converts each file of testdata, as on Linux. What comes out is a settings file
// without a mistake, which sets what Taken says and nothing else, and which names each key.
func TestT6_EachKeyHasItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, "toml") + "golden"
			got := convert(t, text)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func convert(t *testing.T, text []byte) string {
	t.Helper()
	c, err := Convert(text, "linux")
	if err != nil {
		return err.Error() + "\n"
	}
	out := c.Commented(".air.toml")
	whole, warnings, err := settings.Parse(out, settings.File, nil)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v\n%s", warnings, err, out)
	}
	short, _, err := settings.Parse(c.Settings(), settings.File, nil)
	if err != nil || !slices.Equal(keys(short), keys(whole)) {
		t.Errorf("without comments it sets %v, with them %v, %v", keys(short), keys(whole), err)
	}
	for _, key := range keys(whole) {
		if !slices.Contains(c.Taken, key) {
			t.Errorf("%s is set and not said", key)
		}
	}
	for key := range conversionKeys(t, text) {
		if !strings.Contains(string(out), "\n# "+plain(key)+" = ") {
			t.Errorf("%s is not named", key)
		}
	}
	return fmt.Sprintf("taken %q\nunknown %q\nleft %q\n\n%s", c.Taken, c.Unknown, c.Left, out)
}

func conversionKeys(t *testing.T, text []byte) map[string]any {
	t.Helper()
	tree, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return flatten(tree)
}

// keys are those that differ from the defaults.
func keys(s settings.Settings) (names []string) {
	for _, d := range settings.Diff(settings.Default(), s) {
		names = append(names, d.Key)
	}
	return names
}

func TestCommands(t *testing.T) {
	for line, want := range map[string][][]string{
		"go build -o ./tmp/main .":               {{"go", "build", "-o", "./tmp/main", "."}},
		`A=1 B="x y" ./tmp/main 'a b' --c="d e"`: {{"A=1", "B=x y", "./tmp/main", "a b", "--c=d e"}},
		"templ generate && go build":             {{"templ", "generate"}, {"go", "build"}},
		`tmp\main.exe -v`:                        {{`tmp\main.exe`, "-v"}},
		`x ""`:                                   {{"x", ""}},
		"make build; ./x":                        nil,
		"A=$HOME ./x":                            nil,
		"./x | tee log":                          nil,
		"./x &":                                  nil,
		"&& x":                                   nil,
		`"x`:                                     nil,
		"":                                       nil,
	} {
		got, ok := commands(line)
		if ok != (want != nil) || ok && !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v", line, got, ok)
		}
	}
}

// TestOnWindows: a system's own part of [build] holds there.
func TestOnWindows(t *testing.T) {
	const text = "[build]\nargs_bin = [\"a\"]\n[build.windows]\nargs_bin = [\"b\"]\n"
	for system, want := range map[string]string{"windows": "b", "linux": "a"} {
		c, err := Convert([]byte(text), system)
		if err != nil || !strings.Contains(string(c.Settings()), `args = ["`+want+`"]`) {
			t.Errorf("%s: %v\n%s", system, err, c.Settings())
		}
	}
}

// TestT6_LeftTellsNoSecret: of a command that is told at each start stands its name, and what may be
// a subcommand.
func TestT6_LeftTellsNoSecret(t *testing.T) {
	for line, want := range map[string]string{
		"swag init -g main.go":    "swag init",
		"make":                    "make",
		"mysql -psecret <x.sql":   "mysql",
		"curl https://u:p@host/x": "curl",
		"TOKEN=secret make api":   "",
		"TOKEN='a secret' make":   "",
		"export TOKEN=secret; x":  "export",
		"./gen.sh >log":           "./gen.sh",
		"":                        "",
	} {
		if got := brief(line); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

// TestIs: a file is known by its name, or by what stands in it.
func TestIs(t *testing.T) {
	for _, c := range []struct {
		path, text string
		want       bool
	}{
		{".air.toml", "", true},
		{"x/.config/air.toml", "not TOML", true},
		{"dev.toml", "tmp_dir = \"tmp\"\n[build]\ncmd = \"make\"", true},
		{"dev.toml", "[build]\ncmd = \"make\"\ntags = [\"dev\"]", false},
		{"dev.toml", "[proxy]\nlisten = \"80\"", false},
		{"dev.toml", "[build]\nunknown = 1", false},
		{"dev.toml", "not TOML", false},
		{"dev.toml", "", false},
	} {
		if got := Is(c.path, []byte(c.text)); got != c.want {
			t.Errorf("%s %q: %v", c.path, c.text, got)
		}
	}
}

// FuzzConvert: whatever a file holds, there is no panic, and what comes out can be read.
func FuzzConvert(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.toml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Convert(text, "linux")
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("more than one line: %q", err)
			}
			return
		}
		out := c.Commented(".air.toml")
		_, _, err = settings.Parse(out, settings.File, nil)
		if err != nil && strings.Contains(err.Error(), "not valid TOML") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}
