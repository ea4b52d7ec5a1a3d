package rules

import (
	"path/filepath"
	"strings"
	"testing"
)

// The built-in table, by name alone (rule 30).
func TestRule30_BuiltInRows(t *testing.T) {
	r := New(Config{Root: t.TempDir()}, nil)
	for _, line := range strings.Split(strings.TrimSpace(`
main.go                          rebuild
handlers/user.go                 rebuild
config/config.go                 rebuild
handlers/user_test.go            ignore
_examples/main.go                ignore
_draft.go                        ignore
.hidden.go                       ignore
fast/sum_amd64.s                 rebuild
go.mod                           rebuild
go.sum                           rebuild
go.work                          rebuild
go.work.sum                      rebuild
.env                             restart
.env.local                       restart
deploy/.env                      restart
config.yaml                      restart git
config.test.toml                 restart git
config.js                        refresh git
config.lock                      ignore
dbconfig.json                    restart git
tsconfig.json                    ignore
tsconfig.build.json              ignore
app.toml                         restart git
application.yml                  restart git
app.go                           rebuild
app.txt                          ignore
conf/db.properties               restart git
internal/config/default.yaml     restart git
configs/readme.md                ignore
etc/nginx.conf                   restart git
locales/de.json                  restart git
i18n/en.toml                     restart git
data/en.toml                     ignore
templates/index.html             restart git
web/views/user/list.html         restart git
mail.tmpl                        restart git
mail.tpl                         restart git
page.gohtml                      restart git
public/index.html                refresh git
static/site.css                  refresh git
static/SITE.CSS                  refresh git
static/app.js                    refresh git
static/font.woff2                refresh git
static/logo.SVG                  refresh git
coverage.html                    ignore
docker-compose.yml               ignore
config/compose.yaml              ignore
config/package.json              ignore
package-lock.json                ignore
.golangci.yml                    ignore
.gitlab-ci.yml                   ignore
README.md                        ignore
data.db                          ignore
yarn.lock                        ignore
Makefile                         ignore`), "\n") {
		name, want, _ := strings.Cut(line, " ")
		v := r.Classify(filepath.Join(r.root, filepath.FromSlash(name)), Place{})
		got := v.Action.String()
		if v.AskGit {
			got += " git"
		}
		if want = strings.TrimSpace(want); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// What comes before the built-in table, in order.
func TestRule30_Order(t *testing.T) {
	root := t.TempDir()
	abs := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	r := New(Config{
		Root:     root,
		Files:    []string{abs("../go.work"), abs("nested/go.mod")},
		Settings: abs(".watcher.toml"),
		EnvFiles: []string{abs("secrets"), abs("vars~"), abs("../shared.txt")},
		Ignore:   []string{"scripts/**", "generated", "*.min.js"},
		Rules: []Rule{
			{Paths: []string{"web/**/*.ts", "special.go"}, Action: Refresh},
			{Paths: []string{"nginx.conf"}, Action: Signal, Signal: "SIGHUP"},
			{Paths: []string{"config/off.yaml"}, Action: Ignore},
			{Paths: []string{"backup/*.bak", "all/**"}, Action: Restart},
		},
	}, []Embed{{"assets", false}, {"site/*.txt", false}, {"raw", true}})
	for _, test := range []struct {
		name string
		in   Place
		want string
	}{
		{".watcher.toml", Place{}, "reload"},
		{"special.go", Place{}, "refresh"},
		{"web/src/deep/x.ts", Place{}, "refresh"},
		{"web/src/deep/x.ts", Place{Skipped: true}, "refresh"},
		{"nginx.conf", Place{}, "signal SIGHUP"},
		{"config/off.yaml", Place{}, "ignore"},
		{"config/on.yaml", Place{}, "restart"},
		{"config/on.yaml", Place{Skipped: true}, "ignore"},
		{"config/on.yaml", Place{GoOnly: true}, "ignore"},
		{"main.go", Place{GoOnly: true}, "rebuild"},
		{"main.go", Place{Skipped: true}, "ignore"},
		{"secrets", Place{Skipped: true}, "restart"},
		{"../shared.txt", Place{Skipped: true}, "restart"},
		{"../go.work", Place{Skipped: true}, "rebuild"},
		{"../config.yaml", Place{Skipped: true}, "ignore"},
		{"../other.go", Place{Skipped: true}, "ignore"},
		{"nested/go.mod", Place{Skipped: true}, "rebuild"},
		{"vendor/modules.txt", Place{Skipped: true}, "rebuild"},
		{"assets/logo.png", Place{}, "rebuild"},
		{"assets/a/b/logo.png", Place{Skipped: true}, "rebuild"},
		{"assets/.hidden/logo.txt", Place{}, "ignore"},
		{"raw/.hidden/logo.txt", Place{}, "rebuild"},
		{"site/robots.txt", Place{}, "rebuild"},
		{"site/sub/robots.txt", Place{}, "ignore"},
		{"scripts/gen.go", Place{}, "ignore"},
		{"generated/deep/x.go", Place{}, "ignore"},
		{"jquery.min.js", Place{}, "ignore"},
		{"main.go~", Place{}, "ignore"},
		{".main.go.swp", Place{}, "ignore"},
		{".#main.go", Place{}, "ignore"},
		{"#main.go#", Place{}, "ignore"},
		{"4913", Place{}, "ignore"},
		{"assets/logo.png.tmp", Place{}, "rebuild"}, // go build embeds it
		{"backup/x.bak", Place{}, "restart"},
		{"all/x.txt", Place{}, "restart"},
		{"all/x.bak", Place{}, "ignore"}, // matched, but hardly meant
		{"vars~", Place{}, "restart"},
		{"go.mod", Place{GoOnly: true}, "ignore"},
		{"nginx.conf", Place{GoOnly: true}, "signal SIGHUP"},
		{"assets/.goutputstream-ABC", Place{}, "ignore"},
	} {
		v := r.Classify(abs(test.name), test.in)
		if got := strings.TrimSpace(v.Action.String() + " " + v.Signal); got != test.want {
			t.Errorf("%s in %+v: %s, want %s", test.name, test.in, got, test.want)
		}
	}
}

// A rule that names a command and no action adds it to what the file asks for without it; any
// action has the last word, and the first rule that matches wins.
func TestRule30_CommandWithoutAnAction(t *testing.T) {
	root := t.TempDir()
	abs := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	r := New(Config{
		Root: root, EnvFiles: []string{abs("vars")}, Settings: abs(".watcher.toml"), Ignore: []string{"conf/off.yaml"},
		Rules: []Rule{
			{Paths: []string{"gen/only.go"}, Action: Run, Run: "swag"},
			{Paths: []string{"gen/served.go"}, Action: Refresh, Run: "swag"},
			{Paths: []string{"**/*.{go,ts,css,yaml}", "vars", "words.txt", ".watcher.toml"}, Run: "swag"},
			{Paths: []string{"**/*.go"}, Action: Restart, Run: "other"},
		},
		Graph: &Graph{Packages: []Package{{Dir: root}, {Dir: abs("gen")}}},
	}, []Embed{{"words.txt", false}})
	for name, want := range map[string]Verdict{
		"main.go":        {Action: Rebuild, Compiled: true, Run: "swag", Rule: 3},
		"gen/docs.go":    {Action: Rebuild, Compiled: true, Run: "swag", Rule: 3},
		"gen/only.go":    {Action: Run, Run: "swag", Rule: 1},
		"gen/served.go":  {Action: Refresh, Run: "swag", Rule: 2},
		"main_test.go":   {Action: Run, Run: "swag", Rule: 3},
		"unused/u.go":    {Action: Run, Run: "swag", Rule: 3},
		"web/a.ts":       {Action: Run, Run: "swag", Rule: 3},
		"static/a.css":   {Action: Refresh, AskGit: true, Run: "swag", Rule: 3},
		"conf/a.yaml":    {Action: Restart, AskGit: true, Run: "swag", Rule: 3},
		"conf/off.yaml":  {Action: Run, Run: "swag", Rule: 3},
		"vars":           {Action: Restart, Run: "swag", Rule: 3},
		"words.txt":      {Action: Rebuild, Run: "swag", Rule: 3},
		".watcher.toml":  {Action: Reload},
		"static/logo.js": {Action: Refresh, AskGit: true},
	} {
		if got := r.Classify(abs(name), Place{}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	for _, v := range []Verdict{{Action: Restart, AskGit: true, Run: "swag", Rule: 3}, {Action: Rebuild, Compiled: true, Run: "swag", Rule: 3}} {
		if got, want := v.Rest(), (Verdict{Action: Run, Run: "swag", Rule: 3}); got != want {
			t.Errorf("%+v", got)
		}
	}
	if got := (Verdict{Action: Restart, AskGit: true}).Rest(); got != (Verdict{}) {
		t.Errorf("%+v", got)
	}
}

// Where anything can lie that matters: what is entered whatever its name, and how deep.
func TestPlaces(t *testing.T) {
	root := t.TempDir()
	abs := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	r := New(Config{
		Root:     root,
		EnvFiles: []string{abs("../shared/vars")},
		Rules: []Rule{
			{Paths: []string{"web/dist/**/*.css", "*.templ"}, Action: Refresh},
			{Paths: []string{"tmp/**"}, Action: Ignore},
		},
		Graph: &Graph{
			Packages: []Package{{Dir: root}, {Dir: abs("internal/a")}, {Dir: abs("internal/new/b"), Missing: true}, {Dir: abs("../lib/c")}},
			Named: []Named{
				{Path: abs("views/*.html"), Use: Templates}, {Path: abs("site"), Use: Static}, {Path: abs("settings")},
				{Path: root, Use: Static}, {Path: abs(".."), Use: Static},
			},
		},
	}, []Embed{{"ui/build/*.js", false}, {"docs", false}, {"sql/*/*.sql", false}})
	for rel, want := range map[string]string{
		"internal": "way", "internal/a": "place", "internal/other": "", "internal/new": "way", "internal/new/b": "place",
		"..": "way", "../lib": "way", "../lib/c": "place", "../shared": "way", "../shared/vars": "place",
		"web": "way", "web/dist": "deep", "web/other": "", "tmp": "", "data": "", ".": "place",
		"views": "deep", "site": "deep", "settings": "place", "ui": "way", "ui/build": "place", "docs": "deep", "sql": "deep",
	} {
		deep, place := r.places[abs(rel)]
		got := ""
		switch {
		case deep:
			got = "deep"
		case place:
			got = "place"
		case r.ways[abs(rel)]:
			got = "way"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", rel, got, want)
		}
	}
	wide := New(Config{Root: root, Graph: &Graph{}, Rules: []Rule{{Paths: []string{"**/*.sql"}, Action: Rebuild}}}, nil)
	if !wide.places[root] {
		t.Error("a rule for all folders leads into none")
	}
}

// Whatever the names: no panic; what is in a skipped folder asks for nothing unless
// it is named; nor does a temporary file; and where the graph is known, nothing is built
// that lies in none of its folders.
func FuzzClassify(f *testing.F) {
	for _, seed := range []string{"main.go", "../x", "a//b.css", "", ".", "..", "/", "a\x00b.go", "{[*.go", "~", "templates/x.html", "p/a_test.go", "p/a_windows.go"} {
		f.Add(seed, "**/*.ts", "dist", uint8(len(seed)))
	}
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, name, glob, pattern string, use uint8) {
		cfg := Config{Root: root, Rules: []Rule{{Paths: []string{glob}, Action: Refresh}}, Ignore: []string{glob}}
		file := filepath.Join(root, name)
		r := New(cfg, []Embed{{pattern, false}})
		_, _ = r.Classify(file, Place{}), r.PassesBy(name)
		bare := New(Config{Root: root}, nil)
		if v := bare.Classify(file+"~", Place{}); v.Action != Ignore {
			t.Errorf("temporary %q: %+v", file+"~", v)
		}
		if v := bare.Classify(file, Place{Skipped: true}); v.Action != Ignore && !strings.HasSuffix(file, "modules.txt") {
			t.Errorf("skipped %q: %+v", file, v)
		}
		if v := bare.Classify(file, Place{GoOnly: true}); v.Action != Ignore && v.Action != Rebuild {
			t.Errorf("Go only %q: %+v", file, v)
		}
		graph := &Graph{
			Packages: []Package{{Dir: filepath.Join(root, "p")}},
			Named:    []Named{{Path: filepath.Join(root, glob), Use: Use(use % 3)}, {Path: glob, Use: Use(use % 3)}},
		}
		known := New(Config{Root: root, Graph: graph}, nil)
		v := known.Classify(file, Place{})
		if v.Action == Rebuild && filepath.Dir(file) != filepath.Join(root, "p") && !strings.HasSuffix(file, "modules.txt") {
			t.Errorf("outside of the graph %q: %+v", file, v)
		}
		if strings.HasSuffix(file, "_test.go") && v.Action == Rebuild {
			t.Errorf("test %q: %+v", file, v)
		}
		for place := range known.places {
			if Within(place, root, string(filepath.Separator)) && place != root && !known.ways[filepath.Dir(place)] {
				t.Errorf("no way leads to %q", place)
			}
		}
	})
}
