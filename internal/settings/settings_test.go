package settings

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestT1_Golden reads each file of testdata. Its golden file holds the error, or the
// warnings.
func TestT1_Golden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			_, warnings, err := Load(file, File, nil)
			var got strings.Builder
			for _, w := range warnings {
				got.WriteString("warning: " + w.Error() + "\n")
			}
			if err != nil {
				got.WriteString(err.Error() + "\n")
				checkProblem(t, err)
			}
			golden := strings.TrimSuffix(file, "toml") + "golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got  %swant %s", got.String(), want)
			}
		})
	}
}

// checkProblem holds err against what the type promises.
func checkProblem(t *testing.T, err error) {
	t.Helper()
	var p *Problem
	if !errors.As(err, &p) {
		t.Fatalf("%T is no *Problem", err)
	}
	if strings.ContainsAny(p.Text, "\n\r\x1b") {
		t.Errorf("more than one plain line: %q", p.Text)
	}
	if p.File != "" && (p.Line < 1 || p.Column < 1) {
		t.Errorf("no position: %+v", p)
	}
}

func TestT1_Environment(t *testing.T) {
	for _, c := range []struct{ variable, want string }{
		{"WATCHER_RUN_STOP_TIMOUT=1s", "WATCHER_RUN_STOP_TIMOUT: unknown variable: did you mean WATCHER_RUN_STOP_TIMEOUT?"},
		{"WATCHER_RUN_LISTEN=:80", "WATCHER_RUN_LISTEN: unknown variable: did you mean WATCHER_PROXY_LISTEN?"},
		{"WATCHER_RUN_STOP_TIMEOUT=10", `WATCHER_RUN_STOP_TIMEOUT: "10" has no unit: write it as "10s"`},
		{"WATCHER_RUN_PORT=eighty", `WATCHER_RUN_PORT: "eighty" is of the wrong kind: write it like 9090`},
		{"WATCHER_PROXY_FRESH=maybe", `WATCHER_PROXY_FRESH: "maybe" is of the wrong kind: write it like true`},
		{"WATCHER_WATCH_IGNORE=a,[", `WATCHER_WATCH_IGNORE: "[" is not a glob: close its brackets, as in "web/**/*.{js,ts}"`},
		{"WATCHER_APP_ENV=A=B", "WATCHER_APP_ENV: app.env cannot be set by a variable: write it in .watcher.toml"},
		{"WATCHER_RULE_PATHS=a", "WATCHER_RULE_PATHS: rule.paths cannot be set by a variable: write it in .watcher.toml"},
	} {
		_, _, err := Load("", File, []string{"HOME=/", c.variable})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\ngot  %v\nwant %s", c.variable, err, c.want)
			continue
		}
		checkProblem(t, err)
	}
}

func TestEnvironmentWinsOverFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), File)
	write(t, file, "[run]\nswap = \"overlap\"\nport_env = \"HTTP_PORT\"\n[build]\ntags = [\"a\"]\n")
	got, warnings, err := Load(file, File, []string{
		"WATCHER_RUN_SWAP=stop-first", "WATCHER_RUN_PORT=9090", "WATCHER_BUILD_TAGS=b, c",
		"WATCHER_PROXY_FRESH=false", "WATCHER_RUN_DRAIN_TIMEOUT=2m", "WATCHER_APP_DIR=",
		"WATCHER_GENERATION=3", "WATCHER_ID=x", "WATCHER_BEACON=3,1,2,40000", "WATCHER_URL=http://localhost:8080", "WATCHERS=4",
	})
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	want := Default()
	want.Run.Swap, want.Run.PortEnv, want.Run.Port = "stop-first", "HTTP_PORT", 9090
	want.Build.Tags = []string{"b", "c"}
	want.Proxy.Fresh = false
	want.Run.DrainTimeout = Duration(2 * time.Minute)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestPairAcrossSources: a pair that only the environment makes names the variable.
func TestPairAcrossSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), File)
	write(t, file, "[run]\nport = 9090\nremap = false\n")
	_, _, err := Load(file, File, []string{"WATCHER_RUN_SWAP=overlap"})
	if err == nil || !strings.HasPrefix(err.Error(), "WATCHER_RUN_SWAP: run.swap: ") {
		t.Error(err)
	}
}

func TestUnknownVariableOfOthersIsAWarning(t *testing.T) {
	for _, name := range []string{"WATCHER_HOME", "WATCHER_RUN_CPU", "WATCHER_APP_NAME"} {
		_, warnings, err := Load("", File, []string{name + "=x"})
		if err != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0].Text, name+": ") {
			t.Errorf("%s: %v, %v", name, warnings, err)
		}
	}
}

func TestLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), File)
	write(t, file, `
app = { package = "./cmd/api", args = ["-v"], env.GIN_MODE = "debug" }
rule = [{ paths = ["conf/**"], action = "signal", signal = "hup" }]
[build.env]
"a.b" = "c"
CGO_ENABLED = "0"
[watch]
poll = true
[run]
ready_path = "/healthz"
stop_timeout = "1m30s"
[proxy]
listen = "[::1]:0"
strict_port = true
`)
	got, warnings, err := Load(file, File, nil)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	want := Default()
	want.App.Package, want.App.Args = "./cmd/api", []string{"-v"}
	want.App.Env = map[string]string{"GIN_MODE": "debug"}
	want.Rules = []Rule{{Paths: []string{"conf/**"}, Action: "signal", Signal: "hup"}}
	want.Build.Env = map[string]string{"a.b": "c", "CGO_ENABLED": "0"}
	want.Watch.Poll = "true"
	want.Run.ReadyPath, want.Run.StopTimeout = "/healthz", Duration(90*time.Second)
	want.Proxy.Listen, want.Proxy.StrictPort = "[::1]:0", true
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	got, _, err := Load("", File, nil)
	if err != nil || !reflect.DeepEqual(got, Default()) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, _, err = Load(filepath.Join(t.TempDir(), File), File, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is asked for and missing: %v", err)
	}
}

// FuzzLoad: whatever a file holds, there is no panic and an error is one line.
func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.toml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l := loader{settings: Default()}
		l.readFile(File, text)
		if len(l.problems) == 0 {
			l.checkTogether()
		}
		for _, p := range append(l.problems, l.warnings...) {
			checkProblem(t, &p)
			if p.File == "" {
				t.Errorf("no place: %+v", p)
			}
		}
	})
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestX7_NoPasswordIsQuoted: neither in what is wrong with a value nor in what to write instead,
// be it of the file or of a variable.
func TestX7_NoPasswordIsQuoted(t *testing.T) {
	for _, text := range []string{
		`[run]` + "\n" + `wait_for = ["redis://admin:sesame@cache"]`, `[run]` + "\n" + `wait_for = ["http://admin:sesame%zz@search"]`,
		`[run]` + "\n" + `wait_for = ["admin:ses@sesame@search"]`, `[run]` + "\n" + `wait_for = "http://admin:sesame@search"`,
		`[run]` + "\n" + `port = "http://admin:sesame@search"`, `[app]` + "\n" + `env = { KEY = ["sesame"] }`, `[app]` + "\n" + `env = { KEY = sesame }`,
	} {
		if _, _, err := Parse([]byte(text), File, nil); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("of %s is said: %v", text, err)
		}
	}
	if _, _, err := Parse(nil, File, []string{"WATCHER_RUN_WAIT_FOR=redis://admin:sesame@cache"}); err == nil || strings.Contains(err.Error(), "sesame") {
		t.Errorf("of a variable is said: %v", err)
	}
}
