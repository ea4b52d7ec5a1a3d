package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindModule(t *testing.T) {
	tests := map[string]struct {
		files, start string
		env          []string
		dir, path    string // of the module
		work         string
	}{
		"the folder's":         {files: "-- go.mod --\nmodule example.com/shop\n", dir: ".", path: "example.com/shop"},
		"above":                {files: "-- go.mod --\nmodule \"example.com/shop\" // ours\n-- a/b/x.txt --\n", start: "a/b", dir: ".", path: "example.com/shop"},
		"nearest":              {files: "-- go.mod --\nmodule a\n-- b/go.mod --\nmodule b\n", start: "b", dir: "b", path: "b"},
		"only one below":       {files: "-- web/package.json --\n-- api/go.mod --\nmodule api\n-- api/tools/go.mod --\nmodule tools\n", dir: "api", path: "api"},
		"others passed over":   {files: "-- api/go.mod --\nmodule api\n-- testdata/m/go.mod --\n-- .x/go.mod --\n-- node_modules/p/go.mod --\n-- vendor/v/go.mod --\n", dir: "api", path: "api"},
		"a folder of the name": {files: "-- go.mod --\nmodule a\n-- b/go.mod/x --\n", start: "b", dir: ".", path: "a"},
		"broken":               {files: "-- go.mod --\n<<<<<<< HEAD\n", dir: "."},
		"broken after module":  {files: "-- go.mod --\n// module no\n<<<<\nmodule a\n====\n", dir: ".", path: "a"},
		"work above":           {files: "-- go.work --\n-- api/go.mod --\nmodule api\n", start: "api", dir: "api", path: "api", work: "go.work"},
		"work of the start":    {files: "-- go.work --\n-- api/go.mod --\nmodule api\n", dir: "api", path: "api", work: "go.work"},
		"work off":             {files: "-- go.work --\n-- go.mod --\nmodule a\n", env: []string{"GOWORK=x", "GOWORK=off"}, dir: ".", path: "a"},
		"work named":           {files: "-- go.work --\n-- go.mod --\nmodule a\n", env: []string{"GOWORK=$DIR/other.work"}, dir: ".", path: "a", work: "other.work"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := write(t, test.files)
			for i, entry := range test.env {
				test.env[i] = strings.ReplaceAll(entry, "$DIR/", dir+string(filepath.Separator))
			}
			want := Module{Dir: filepath.Join(dir, test.dir), Path: test.path}
			if test.work != "" {
				want.Work = filepath.Join(dir, test.work)
			}
			got, err := FindModule(filepath.Join(dir, test.start), test.env)
			if err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestB3_NoModuleOrSeveral(t *testing.T) {
	_, err := FindModule(write(t, "-- main.go --\npackage main\n"), nil)
	if want := `no Go module here or below: run "go mod init" first, or start watcher in your project's folder`; err == nil || err.Error() != want {
		t.Errorf("without one: got %v, want %s", err, want)
	}
	_, err = FindModule(write(t, "-- api/go.mod --\n-- tools/x/go.mod --\n-- go.work --\n"), nil)
	if want := "several Go modules below: ./api, ./tools/x: run watcher in one of them or set [app] dir"; err == nil || err.Error() != want {
		t.Errorf("with two: got %v, want %s", err, want)
	}
	if _, err = FindModule(filepath.Join(t.TempDir(), "away"), nil); err == nil || !strings.Contains(err.Error(), "cannot read the folder") {
		t.Errorf("in a folder that is not there: got %v", err)
	}
}

func TestFindModule_UnreadableFolders(t *testing.T) {
	dir := write(t, "-- api/go.mod --\nmodule api\n-- a/go.mod --\nmodule a\n")
	locked := filepath.Join(dir, "a") // read before api
	asNobody(t, dir, func() {
		if err := os.Chmod(locked, 0); err != nil {
			t.Error(err)
		}
		t.Cleanup(func() { os.Chmod(locked, 0o700) })
		if m, err := FindModule(dir, nil); err != nil || m.Path != "api" {
			t.Errorf("got %+v, %v, want the module that can be read", m, err)
		}
		if m, err := FindModule(locked, nil); err == nil {
			t.Errorf("an unreadable start gave %+v, want an error", m)
		}
	})
}
