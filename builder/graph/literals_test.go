package graph

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// What strings of the code name, with the use that the call tells. A line begins with
// the tree; "app" is the module and the app's working folder.
func TestW12_WhatTheCodeNames(t *testing.T) {
	dir := plant(t, `
-- app/go.mod --
-- app/templates/user/list.html --
-- app/web/static/logo.png --
-- app/views/index.html --
-- app/public/index.html --
-- app/conf/app.yaml --
-- app/conf/settings.toml --
-- app/data/prices.csv --
-- app/data/state.json --
-- app/handlers/user.go --
-- app/config.yaml --
-- app/secrets.dat --
-- shared/config.json --
-- shared/notes.txt --
`)
	abs := func(path string) string { return filepath.ToSlash(filepath.Join(dir, path)) }
	for name, test := range map[string]struct{ code, want string }{
		"glob":                 {`r.LoadHTMLGlob("templates/**/*")`, "app/templates/**/* templates"},
		"glob by a constant":   {`r.LoadHTMLGlob(pages)`, "app/templates/*/*.html templates"},
		"files":                {`r.LoadHTMLFiles("views/index.html", "./public/index.html")`, "app/public/index.html templates app/views/index.html templates"},
		"standard library":     {`template.Must(template.ParseGlob("views/*.html"))`, "app/views/*.html templates"},
		"static":               {`r.Static("/static", "./web/static")`, "app/web/static static"},
		"static by a name":     {`r.Static("/public", "public")`, "app/public static"},
		"route like a folder":  {`r.Static("/conf", "public")`, "app/public static"},
		"one file":             {`r.StaticFile("/", "./public/index.html")`, "app/public/index.html static"},
		"a handler's file":     {`r.GET("/x", func(c *gin.Context) { c.File("public/index.html") })`, "app/public/index.html static"},
		"file server":          {`http.Handle("/", http.FileServer(http.Dir("public")))`, "app/public static"},
		"file system":          {`r.StaticFS("/a", http.FS(os.DirFS("web/static")))`, "app/web/static read"},
		"joined":               {`os.ReadFile(filepath.Join("conf", "app.yaml"))`, "app/conf/app.yaml read"},
		"joined by constants":  {`os.ReadFile(confDir + "/app.yaml")`, "app/conf/app.yaml read"},
		"joined with unknown":  {`os.ReadFile(filepath.Join(dir(), "config.yaml"))`, "app/config.yaml read"},
		"by a local name":      {`name := "secrets.dat"; os.Open(name)`, "app/secrets.dat read"},
		"in any string":        {`flag.String("c", "conf/app.yaml", "the file")`, "app/conf/app.yaml read"},
		"folder in any string": {`use("handlers", "./data", "conf/")`, ""},
		"outside":              {`os.ReadFile("../shared/config.json")`, "shared/config.json read"},
		"outside, absolute":    {`os.ReadFile("` + abs("shared/config.json") + `")`, "shared/config.json read"},
		"no config, absolute":  {`os.ReadFile("` + abs("shared/notes.txt") + `")`, ""},
		"inside, absolute":     {`os.ReadFile("` + abs("app/secrets.dat") + `")`, "app/secrets.dat read"},
		"viper":                {`viper.SetConfigName("settings"); viper.AddConfigPath("./conf"); viper.AddConfigPath("/etc/shop/")`, "app/conf/settings.* read"},
		"viper's own name":     {`viper.AddConfigPath(".")`, "app/config.* read"},
		"viper's file":         {`viper.SetConfigFile("./conf/app.yaml")`, "app/conf/app.yaml read"},
		"not there yet":        {`os.ReadFile("conf/local.yaml"); os.ReadFile("nowhere/x.yaml"); os.ReadFile("word")`, "app/conf/local.yaml read"},
		"what the app writes":  {`os.WriteFile("data/state.json", b, 0o644); os.ReadFile("./data/state.json")`, ""},
		"routes and the like":  {`r.GET("/conf", h); r.GET("/*any", h); r.Group("conf"); x("."); x("/"); x(""); x("..", "./", "*")`, ""},
		"roots":                {`http.Dir("."); http.Dir("./"); http.Dir(".."); http.Dir("/"); os.ReadDir("../app"); filepath.Glob("*"); filepath.Glob("../*")`, ""},
		"address, text":        {`get("http://localhost/config.yaml"); log("config.yaml\n")`, ""},
		"tag and import":       {`var _ struct{ A string ` + "`conf/app.yaml`" + ` }; _ = config.Yaml`, ""},
		"loop of names":        {`a := b; b := a; os.Open(a)`, ""},
		"several values":       {`n := "config.yaml"; n = other(); os.Open(n)`, "app/config.yaml read"},
		"huge":                 {`os.ReadFile("` + strings.Repeat("conf/../", 40) + `config.yaml")`, ""},
		"read and served":      {`x("public/index.html"); c.File("public/index.html")`, "app/public/index.html static"},
	} {
		t.Run(name, func(t *testing.T) {
			src := "package app\n\nimport \"config.yaml\"\n\nconst confDir = \"conf\"\n\nfunc _() {\n" + test.code + "\n}\n\nconst pages = \"templates/\" + (\"*/*.html\")\n"
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, "x.go", src, 0)
			must(t, err)
			at := func(p token.Pos) string { return files.Position(p).String() }
			var got []string
			r := resolver{filepath.Join(dir, "app"), filepath.Join(dir, "app"), onDisk}
			for _, n := range r.named(scan([]*ast.File{file}, at), nil) {
				rel, _ := filepath.Rel(dir, n.Path)
				got = append(got, filepath.ToSlash(rel), []string{"read", "templates", "static"}[n.Use])
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("%s\ngot  %s\nwant %s", test.code, got, test.want)
			}
		})
	}
}

// Paths are relative to the folder in which the app works; a module's own come second.
func TestW12_RelativeToTheApp(t *testing.T) {
	dir := plant(t, "-- app/go.mod --\n-- app/x.yaml --\n-- app/cmd/y.yaml --\n-- app/y.yaml --\n-- z.conf --\n")
	r := resolver{filepath.Join(dir, "app", "cmd"), filepath.Join(dir, "app"), onDisk}
	var got []string
	args := []string{"-c", "y.yaml", "--config=../x.yaml", "z.conf", "-v", filepath.Join(dir, "z.conf"), "..", "a=y.yaml"}
	for _, n := range r.named([]literal{{text: "x.yaml", where: "main.go:1"}, {text: "y.yaml", where: "main.go:2"}}, args) {
		rel, _ := filepath.Rel(dir, n.Path)
		got = append(got, filepath.ToSlash(rel)+" "+n.Where)
	}
	if want := "app/cmd/y.yaml argument, app/x.yaml argument, z.conf argument"; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %s", got, want)
	}
}

// The place of a string is told as from the main module.
func TestW12_Where(t *testing.T) {
	dir := plant(t, mod+"-- app/web/server.go --\npackage web\n\nvar _ = \"config.yaml\"\n-- app/config.yaml --\n"+
		"-- app/main.go --\npackage main\n\nimport _ \"example.com/app/web\"\n")
	p := projectIn(dir, new(int))
	g := NewReader(p, nil).Rough(NewSource(Modules(p.Dir, p.Work), nil, 0))
	if len(g.Named) != 1 || g.Named[0].Where != filepath.FromSlash("web/server.go:3") {
		t.Errorf("got %+v", g.Named)
	}
}

// Whatever the code: no panic; what is named is absolute, clean and no folder around
// the module.
func FuzzLiterals(f *testing.F) {
	for _, seed := range []string{
		`r.LoadHTMLGlob("templates/*")`, `http.Dir("/")`, `filepath.Join("..", "..")`, `os.ReadFile("a" + b)`,
		`viper.SetConfigName(""); viper.AddConfigPath("..")`, `filepath.Glob("../[")`, `os.Open("\x00")`, `x := x; os.Open(x)`,
	} {
		f.Add(seed, "conf/x.yaml")
	}
	const module = string(os.PathSeparator) + "src" + string(os.PathSeparator) + "app"
	f.Fuzz(func(t *testing.T, code, arg string) {
		if !utf8.ValidString(code) {
			return
		}
		files := token.NewFileSet()
		tree, _ := parser.ParseFile(files, "x.go", "package app\nfunc _() {\n"+code+"\n}", parser.AllErrors)
		everything := func(path string) kind { // as if all of it were there
			return []kind{nothing, file, folder}[len(path)%3]
		}
		r := resolver{module, module, everything}
		for _, n := range r.named(scan([]*ast.File{tree}, func(token.Pos) string { return "" }), []string{arg}) {
			if !filepath.IsAbs(n.Path) || filepath.Clean(n.Path) != n.Path || n.Where == "" && around(n.Path, module) {
				t.Errorf("%q names %q", code, n.Path)
			}
		}
	})
}
