package docker

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestT9_Golden: each archive of testdata holds the Compose files of a folder and app.json,
// and in want/ what is written for them. What the program itself writes is read back with the
// same library.
func TestT9_Golden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			app, there := folder(t, archive)
			written := map[string][]byte{Dockerfile: app.Image(), there.File(): app.Compose(there)}
			checkCompose(t, app, there)
			if *update {
				archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want/") })
				for _, name := range slices.Sorted(maps.Keys(written)) {
					archive.Files = append(archive.Files, txtar.File{Name: "want/" + name, Data: written[name]})
				}
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			wanted := 0
			for _, f := range archive.Files {
				if name, ok := strings.CutPrefix(f.Name, "want/"); ok {
					wanted++
					if string(written[name]) != string(f.Data) {
						t.Errorf("%s: got\n%s\nwant\n%s", name, written[name], f.Data)
					}
				}
			}
			if wanted != len(written) {
				t.Errorf("%d files are wanted, %d are written", wanted, len(written))
			}
		})
	}
}

// folder lays out the files of an archive and reads them.
func folder(t *testing.T, archive *txtar.Archive) (app App, there Existing) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range archive.Files {
		switch {
		case strings.HasPrefix(f.Name, "want/"):
		case f.Name == "app.json":
			if err := json.Unmarshal(f.Data, &app); err != nil {
				t.Fatal(err)
			}
		default:
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	there, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return app, there
}

// written is our Compose file as a library reads it. Keys that are not here are an error.
type written struct {
	Services map[string]struct {
		Build struct {
			Context, Dockerfile string
			Args                []string
		}
		Command     []string
		User        string
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Environment map[string]string
		DependsOn   []string `yaml:"depends_on"`
		Networks    []string
		Ports       []string
		Volumes     []string
		Healthcheck struct {
			Test              []string
			Interval, Timeout string
			StartPeriod       string `yaml:"start_period"`
		}
		StopGracePeriod string `yaml:"stop_grace_period"`
	}
	Volumes map[string]any
}

// checkCompose: whatever it is made for, the service has no right that it does not need, is
// reached from this machine alone, and has more time to stop than watcher takes.
func checkCompose(t testing.TB, app App, there Existing) {
	t.Helper()
	text := app.Compose(there)
	var file written
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	s, ok := file.Services[app.Service]
	if !ok || len(file.Services) != 1 {
		t.Fatalf("no service %q alone:\n%s", app.Service, text)
	}
	undo := func(words []string) (all []string) {
		for _, w := range words {
			all = append(all, strings.ReplaceAll(w, "$$", "$"))
		}
		return all
	}
	grace, err := time.ParseDuration(s.StopGracePeriod)
	for what, holds := range map[string]bool{
		"rights":  s.User == "${UID:-1000}:${GID:-1000}" && slices.Equal(s.CapDrop, []string{"ALL"}) && slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}),
		"ports":   slices.Equal(s.Ports, []string{fmt.Sprintf("127.0.0.1:${HOST_PORT:-%d}:%d", app.HostPort(there), app.Port)}),
		"listen":  s.Environment["WATCHER_PROXY_LISTEN"] == fmt.Sprintf(":%d", app.Port),
		"grace":   err == nil && grace > app.Stop,
		"command": slices.Equal(undo(s.Command), slices.Concat(app.Folder, app.Args)),
		"health":  slices.Equal(undo(s.Healthcheck.Test), slices.Concat([]string{"CMD", "watcher"}, app.Folder, []string{"status", "--quiet"})),
		"mounts":  slices.Equal(s.Volumes, []string{".:/src", "watcher-cache:/cache"}) && len(file.Volumes) == 1,
		"depends": slices.Equal(s.DependsOn, there.Awaited()),
	} {
		if !holds {
			t.Errorf("%s of %+v:\n%s", what, app, text)
		}
	}
}

// TestReadSaysWhatIsWrong in one line, with the place.
func TestReadSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"services:\n  a:\n    image: x\n   b: c\n": "compose.yaml:4:4: not valid YAML: value is not allowed in this context: mend it, or move it away",
		"services:\n  a: *x\n":                     "compose.yaml:2:7: not valid YAML: could not find alias \"x\": mend it, or move it away",
		"- a\n":                                    "compose.yaml:1:1: holds no mapping: mend it, or move it away",
		"services: [a]\n":                          "compose.yaml: services is no mapping of names: mend it, or move it away",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestAwaited: who is waited for, and at which port.
func TestAwaited(t *testing.T) {
	for fields, want := range map[string]int{
		"image: postgres":      5432,
		"image: postgres:16.3": 5432,
		"image: r.example.org:5000/library/postgres:${V:-16}@sha256:abc": 5432,
		"image: bitnami/redis":                              6379,
		"image: mysql\n  expose: [3307]":                    3307,
		"image: x\n  expose: [53/udp, 1-9, 4000/tcp, 5000]": 4000,
		"image: x\n  ports: ['1:2']":                        0,
		"image: postgres\n  build: .":                       0,
		"image: postgres\n  profiles: [tools]":              0,
		"image: postgres\n  network_mode: host":             0,
		"image: [postgres]":                                 0,
		"expose: 5432":                                      0,
		"":                                                  0,
	} {
		var there Existing
		there.defined = map[string]string{}
		if err := there.add("compose.yaml", []byte("services:\n db:\n  "+fields+"\n")); err != nil {
			t.Fatalf("%q: %v", fields, err)
		}
		if got := there.services[0].awaitedAt(); got != want {
			t.Errorf("%q: port %d, want %d", fields, got, want)
		}
	}
}

// TestGoVersion: the image has the Go that the project asks for, and never one that cannot
// build watcher.
func TestGoVersion(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       Least,
		"module a\n\ngo 1.21\n":                  Least,
		"go 1.27\n":                              "1.27",
		"go 1.27.3 // why\n":                     "1.27",
		"go 1.24.0\n\ntoolchain go1.28.1\n":      "1.28",
		"go 1.30rc1\n":                           "1.30-rc",
		"go 2.0\n":                               "2.0",
		"toolchain default\nrequire go 1.99\n":   Least,
		"// go 1.99\nrequire x.org/go v1.99.0\n": Least,
	} {
		if got := GoVersion([]byte("go 1.20\n"), []byte(text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	own, err := os.ReadFile("../../go.mod")
	if err != nil || !strings.Contains(string(own), "\ngo "+Least+".") {
		t.Errorf("Least is %s, and go.mod of watcher says otherwise: %v", Least, err)
	}
}

// TestCheckService: what Compose takes for a name, and no more.
func TestCheckService(t *testing.T) {
	for name, good := range map[string]bool{"app": true, "a.b-c_D9": true, "": false, "a b": false, "ä": false, "a\n": false, "a/b": false} {
		if err := CheckService(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// FuzzRead: whatever a Compose file says, it is refused in one line, or the file that goes
// beside it says what it should.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"services: {db: {image: postgres, networks: [b]}, web: {build: ., ports: ['80:80']}}", "x: &x {image: redis}\nservices:\n  c:\n    <<: *x\n",
		"services:\n  a: !reset null\n", "- a", "services:\n  a: {expose: ['1-2', 3]}\n", "a: *a", "? [a]\n: b", "services:\n  '1': {ports: [{published: 9}]}", "a: |\n x", "%YAML 1.2\n---\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		there := Existing{defined: map[string]string{}}
		if err := there.add("compose.yaml", text); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
			return
		}
		checkCompose(t, App{Service: "app", Args: []string{"./a", "--", "$x \"y\" 'z'\t\\"}, Folder: []string{"-C", "é #: {"}, Port: 8080, Go: Least, Stop: time.Minute}, there)
	})
}
