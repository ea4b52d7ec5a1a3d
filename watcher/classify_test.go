package watcher

import (
	"path/filepath"
	"strings"
	"testing"
)

// The built-in table, by name alone (rule 30).
func TestRule30_BuiltInRows(t *testing.T) {
	r := newRules(Config{Root: t.TempDir()}, nil)
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
		v := r.classify(filepath.Join(r.root, filepath.FromSlash(name)), folder{})
		got := word(v.action)
		if v.askGit {
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
	r := newRules(Config{
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
	}, []embed{{"assets", false}, {"site/*.txt", false}, {"raw", true}})
	for _, test := range []struct {
		name string
		in   folder
		want string
	}{
		{".watcher.toml", folder{}, "reload"},
		{"special.go", folder{}, "refresh"},
		{"web/src/deep/x.ts", folder{}, "refresh"},
		{"web/src/deep/x.ts", folder{skipped: true}, "refresh"},
		{"nginx.conf", folder{}, "signal SIGHUP"},
		{"config/off.yaml", folder{}, "ignore"},
		{"config/on.yaml", folder{}, "restart"},
		{"config/on.yaml", folder{skipped: true}, "ignore"},
		{"config/on.yaml", folder{goOnly: true}, "ignore"},
		{"main.go", folder{goOnly: true}, "rebuild"},
		{"main.go", folder{skipped: true}, "ignore"},
		{"secrets", folder{skipped: true}, "restart"},
		{"../shared.txt", folder{skipped: true}, "restart"},
		{"../go.work", folder{skipped: true}, "rebuild"},
		{"../config.yaml", folder{skipped: true}, "ignore"},
		{"../other.go", folder{skipped: true}, "ignore"},
		{"nested/go.mod", folder{skipped: true}, "rebuild"},
		{"vendor/modules.txt", folder{skipped: true}, "rebuild"},
		{"assets/logo.png", folder{}, "rebuild"},
		{"assets/a/b/logo.png", folder{skipped: true}, "rebuild"},
		{"assets/.hidden/logo.txt", folder{}, "ignore"},
		{"raw/.hidden/logo.txt", folder{}, "rebuild"},
		{"site/robots.txt", folder{}, "rebuild"},
		{"site/sub/robots.txt", folder{}, "ignore"},
		{"scripts/gen.go", folder{}, "ignore"},
		{"generated/deep/x.go", folder{}, "ignore"},
		{"jquery.min.js", folder{}, "ignore"},
		{"main.go~", folder{}, "ignore"},
		{".main.go.swp", folder{}, "ignore"},
		{".#main.go", folder{}, "ignore"},
		{"#main.go#", folder{}, "ignore"},
		{"4913", folder{}, "ignore"},
		{"assets/logo.png.tmp", folder{}, "rebuild"}, // go build embeds it
		{"backup/x.bak", folder{}, "restart"},
		{"all/x.txt", folder{}, "restart"},
		{"all/x.bak", folder{}, "ignore"}, // matched, but hardly meant
		{"vars~", folder{}, "restart"},
		{"go.mod", folder{goOnly: true}, "ignore"},
		{"nginx.conf", folder{goOnly: true}, "signal SIGHUP"},
		{"assets/.goutputstream-ABC", folder{}, "ignore"},
	} {
		v := r.classify(abs(test.name), test.in)
		if got := strings.TrimSpace(word(v.action) + " " + v.signal); got != test.want {
			t.Errorf("%s in %+v: %s, want %s", test.name, test.in, got, test.want)
		}
	}
}

// Where anything can lie that matters: what is entered whatever its name, and how deep.
func TestPlaces(t *testing.T) {
	root := t.TempDir()
	abs := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	r := newRules(Config{
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
	}, []embed{{"ui/build/*.js", false}, {"docs", false}, {"sql/*/*.sql", false}})
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
	wide := newRules(Config{Root: root, Graph: &Graph{}, Rules: []Rule{{Paths: []string{"**/*.sql"}, Action: Rebuild}}}, nil)
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
		r := newRules(cfg, []embed{{pattern, false}})
		_, _ = r.classify(file, folder{}), r.passesBy(name)
		bare := newRules(Config{Root: root}, nil)
		if v := bare.classify(file+"~", folder{}); v.action != Ignore {
			t.Errorf("temporary %q: %+v", file+"~", v)
		}
		if v := bare.classify(file, folder{skipped: true}); v.action != Ignore && !strings.HasSuffix(file, "modules.txt") {
			t.Errorf("skipped %q: %+v", file, v)
		}
		if v := bare.classify(file, folder{goOnly: true}); v.action != Ignore && v.action != Rebuild {
			t.Errorf("Go only %q: %+v", file, v)
		}
		graph := &Graph{
			Packages: []Package{{Dir: filepath.Join(root, "p")}}, Takes: takes,
			Named: []Named{{Path: filepath.Join(root, glob), Use: Use(use % 3)}, {Path: glob, Use: Use(use % 3)}},
		}
		known := newRules(Config{Root: root, Graph: graph}, nil)
		v := known.classify(file, folder{})
		if v.action == Rebuild && filepath.Dir(file) != filepath.Join(root, "p") && !strings.HasSuffix(file, "modules.txt") {
			t.Errorf("outside of the graph %q: %+v", file, v)
		}
		if strings.HasSuffix(file, "_test.go") && v.action == Rebuild {
			t.Errorf("test %q: %+v", file, v)
		}
		for place := range known.places {
			if within(place, root, string(filepath.Separator)) && place != root && !known.ways[filepath.Dir(place)] {
				t.Errorf("no way leads to %q", place)
			}
		}
	})
}
