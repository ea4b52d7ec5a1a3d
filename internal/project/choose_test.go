package project

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	program  = "package main\nfunc main() {}\n"
	service  = "package main\nimport _ \"github.com/gin-gonic/gin\"\nfunc main() {}\n"
	server   = "package main\nimport _ \"net/http\"\nfunc main() {}\n"
	indirect = "package main\nimport _ \"example.com/shop/a\"\nfunc main() {}\n-- a/a.go --\npackage a\nimport _ \"example.com/shop/a/b\"\n-- a/b/b.go --\npackage b\nimport _ \"github.com/gin-gonic/gin\"\n"
)

func TestFindPackage(t *testing.T) {
	tests := map[string]struct {
		files, start, want string
		env                []string
		pattern, name      string
	}{
		"root":               {files: "-- main.go --\n" + program, pattern: ".", name: "shop"},
		"root before others": {files: "-- main.go --\n" + program + "-- cmd/api/m.go --\n" + service, pattern: ".", name: "shop"},
		"folder of start":    {files: "-- main.go --\n" + program + "-- cmd/api/m.go --\n" + program, start: "cmd/api", pattern: "./cmd/api", name: "api"},
		"start above main":   {files: "-- cmd/api/m.go --\n" + program, start: "cmd", pattern: "./cmd/api", name: "api"},
		"the only one":       {files: "-- x.go --\npackage shop\n-- cmd/api/m.go --\n" + program, pattern: "./cmd/api", name: "api"},
		"the only Gin":       {files: "-- cmd/a/m.go --\n" + server + "-- cmd/b/m.go --\n" + service, pattern: "./cmd/b", name: "b"},
		"Gin through others": {files: "-- cmd/x/m.go --\n" + server + "-- cmd/y/m.go --\n" + indirect, pattern: "./cmd/y", name: "y"},
		"the only server":    {files: "-- cmd/a/m.go --\n" + program + "-- cmd/b/m.go --\n" + server, pattern: "./cmd/b", name: "b"},

		"not programs": {files: "-- cmd/api/m.go --\n" + program + "-- x/x.go --\npackage main\n-- y/y.go --\npackage main\ntype t int\nfunc (t) main() {}\n" +
			"-- z/z_test.go --\n" + program + "-- w/w.go --\n//go:build ignore\n\n" + program + "-- v/v_plan9.go --\n" + program, pattern: "./cmd/api", name: "api"},
		"passed over": {files: "-- cmd/api/m.go --\n" + program + "-- testdata/m.go --\n" + program + "-- vendor/v/m.go --\n" + program + "-- .h/m.go --\n" + program + "-- _h/m.go --\n" + program +
			"-- node_modules/n/m.go --\n" + program + "-- tools/go.mod --\nmodule tools\n-- tools/m.go --\n" + program, pattern: "./cmd/api", name: "api"},
		"tags":          {files: "-- cmd/a/m.go --\n//go:build dev\n\n" + program, env: []string{"GOFLAGS=-mod=mod -tags=x,dev"}, pattern: "./cmd/a", name: "a"},
		"broken":        {files: "-- cmd/api/m.go --\npackage main\nfunc main( {\n", pattern: "./cmd/api", name: "api"},
		"broken import": {files: "-- cmd/api/m.go --\npackage main\nimport (\n\"fmt\nfunc main() {}\n", pattern: "./cmd/api", name: "api"},
		"broken much":   {files: "-- m.go --\n" + program + strings.Repeat("var x = ]\n", 20), pattern: ".", name: "shop"},

		"wanted":            {files: "-- main.go --\n" + program + "-- cmd/api/m.go --\n" + program, want: "./cmd/api", pattern: "./cmd/api", name: "api"},
		"wanted here":       {files: "-- main.go --\n" + program + "-- cmd/api/m.go --\n" + program, start: "cmd", want: "./api/", pattern: "./cmd/api", name: "api"},
		"of the module":     {files: "-- go.mod --\nmodule example.com/shop\n-- x/y.txt --\n-- cmd/api/m.go --\n" + program, start: "x", want: "./cmd/api", pattern: "./cmd/api", name: "api"},
		"by import path":    {files: "-- main.go --\n" + program + "-- cmd/api/m.go --\n" + program, want: "example.com/shop/cmd/api", pattern: "./cmd/api", name: "api"},
		"module by path":    {files: "-- main.go --\n" + program + "-- cmd/api/m.go --\n" + program, start: "cmd/api", want: "example.com/shop", pattern: ".", name: "shop"},
		"wanted as a file":  {files: "-- main.go --\n" + program + "-- cmd/api/m.go --\n" + program, want: "cmd/api/m.go", pattern: "./cmd/api", name: "api"},
		"wanted absolutely": {files: "-- main.go --\n" + program + "-- cmd/api/m.go --\n" + program, want: "$DIR/cmd/api", pattern: "./cmd/api", name: "api"},

		"major version":      {files: "-- go.mod --\nmodule example.com/shop/v2\n-- main.go --\n" + program, pattern: ".", name: "shop"},
		"major version only": {files: "-- go.mod --\nmodule example.com/shop\n-- cmd/v2/main.go --\n" + program, pattern: "./cmd/v2", name: "cmd"},
		"version one":        {files: "-- go.mod --\nmodule example.com/v1\n-- main.go --\n" + program, pattern: ".", name: "v1"},
		"broken go.mod":      {files: "-- go.mod --\n<<<<\n-- main.go --\n" + program, pattern: ".", name: "$BASE"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := module(t, test.files)
			want := strings.ReplaceAll(test.want, "$DIR", m.Dir)
			got, err := FindPackage(m, filepath.Join(m.Dir, test.start), want, test.env)
			if err != nil {
				t.Fatal(err)
			}
			if got.Pattern != test.pattern || got.Name != strings.ReplaceAll(test.name, "$BASE", filepath.Base(m.Dir)) {
				t.Errorf("got %+v, want %s, %s", got, test.pattern, test.name)
			}
		})
	}
}

func TestB3_NoMainPackage(t *testing.T) {
	two := "-- cmd/api/m.go --\n" + program + "-- cmd/worker/m.go --\n" + program + "-- shop/s.go --\npackage shop\n-- tools/go.mod --\n-- tools/m.go --\n" + program
	tests := map[string]struct{ files, want, err string }{
		"none":         {"-- shop.go --\npackage shop\n", "", `no main package in this module: watcher needs a folder with "package main" and a func main`},
		"misspelt":     {two, "./cmd/apii", "no package matches ./cmd/apii: there are ./cmd/api, ./cmd/worker"},
		"a library":    {two, "./shop", "no package matches ./shop: there are ./cmd/api, ./cmd/worker"},
		"other module": {two, "./tools", "package ./tools is not in the module of $DIR: start watcher there, as with -C ./tools"},
		"outside":      {two, "..", "package .. is not in the module of $DIR: start watcher there, as with -C .."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := module(t, test.files)
			_, err := FindPackage(m, m.Dir, test.want, nil)
			if want := strings.ReplaceAll(test.err, "$DIR", m.Dir); err == nil || err.Error() != want {
				t.Errorf("got %v\nwant %s", err, want)
			}
		})
	}
}

func TestB3_SeveralMainPackages(t *testing.T) {
	m := module(t, "-- cmd/a/m.go --\n"+program+"-- cmd/b/m.go --\n"+service+"-- cmd/c/m.go --\n"+server+"-- cmd/d/m.go --\n"+service)
	_, err := FindPackage(m, m.Dir, "", nil)
	var several *Several
	if !errors.As(err, &several) {
		t.Fatalf("got %v, want a *Several", err)
	}
	want := []string{"./cmd/b", "./cmd/d", "./cmd/c", "./cmd/a"}
	if !slices.EqualFunc(several.Packages, want, func(p Package, pattern string) bool { return p.Pattern == pattern }) {
		t.Errorf("got %+v, want %v: services first", several.Packages, want)
	}
	message := "several main packages: ./cmd/b, ./cmd/d, ./cmd/c, ./cmd/a: " +
		`say which one: watcher ./cmd/b, or package = "./cmd/b" under [app] in .watcher.toml`
	if err.Error() != message {
		t.Errorf("got %s\nwant %s", err, message)
	}
}

func TestScanAddress_TagsOfThePackage(t *testing.T) {
	m := module(t, "-- main.go --\n//go:build dev\n\npackage main\nfunc main() { http.ListenAndServe(\":7001\", nil) }\n-- prod.go --\n//go:build !dev\n\npackage main\nfunc main() { http.ListenAndServe(\":7002\", nil) }\n")
	p, err := FindPackage(m, m.Dir, "", []string{"GOFLAGS=-tags=dev"})
	if err != nil {
		t.Fatal(err)
	}
	if got := ScanAddress(m, Source(m, p), p, "PORT"); got.Port != 7001 {
		t.Errorf("got %+v, want the port of the file that is built with -tags=dev", got)
	}
}

// BenchmarkFindPackage reads a module of 600 files of 300 lines in 60 packages.
func BenchmarkFindPackage(b *testing.B) {
	dir := b.TempDir()
	body := strings.Repeat("\nfunc _(a, b int) int {\n\tif a > b {\n\t\treturn a\n\t}\n\treturn b\n}\n", 42)
	for i := range 600 {
		folder := filepath.Join(dir, fmt.Sprintf("p%d", i%60))
		if err := os.MkdirAll(folder, 0o777); err != nil {
			b.Fatal(err)
		}
		source := "package p\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n)\n" + body
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("f%d.go", i)), []byte(source), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := FindPackage(Module{Dir: dir, Path: "example.com/shop"}, dir, "", nil); err == nil {
			b.Fatal("found a program where there is none")
		}
	}
}
