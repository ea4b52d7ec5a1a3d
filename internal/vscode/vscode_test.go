package vscode

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/tailscale/hujson"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestT3_ProblemMatcher reads recorded sessions line by line as VS Code does. Each archive of
// testdata holds the project, the "output" of the real program for it, and in "want" when a
// build begins and ends for VS Code and what its panel shows then. Run with -record to record
// anew (see record_test.go).
func TestT3_ProblemMatcher(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) < 20 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	if *record != "" {
		recordAll(t, archives)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			output, want := part(archive, "output"), part(archive, "want")
			got := read(t, archive, string(output.Data))
			if wide := read(t, archive, expand(string(output.Data))); wide != got {
				t.Errorf("with tabs as a terminal shows them:\n%s\nelse\n%s", wide, got)
			}
			if *update || *record != "" {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got != string(want.Data) {
				t.Errorf("got\n%s\nwant\n%s", got, want.Data)
			}
		})
	}
}

// part is a file of an archive, made empty where it is missing.
func part(a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name})
	return &a.Files[len(a.Files)-1]
}

// read plays an output to VS Code and returns what it made of it.
func read(t *testing.T, project *txtar.Archive, output string) string {
	t.Helper()
	var file struct {
		Tasks []struct{ ProblemMatcher []matcher }
	}
	text, _, err := Files(nil)[0].Merge(nil)
	if err == nil {
		text, err = hujson.Standardize(text)
	}
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := newCollector(file.Tasks[0].ProblemMatcher, func(path string) bool {
		for _, f := range project.Files {
			if f.Name == path {
				return true
			}
		}
		return false
	})
	for line := range strings.Lines(output) {
		c.take(strings.TrimRight(line, "\r\n"))
	}
	c.tell("at last")
	return c.log.String()
}

// expand writes tabs as blanks, as they are read off a terminal's screen.
func expand(text string) string {
	return regexp.MustCompile(`(?m)^[^\n]*\t[^\n]*$`).ReplaceAllStringFunc(text, func(line string) string {
		var out []rune
		for _, r := range line {
			if r != '\t' {
				out = append(out, r)
				continue
			}
			out = append(out, []rune(strings.Repeat(" ", 8-len(out)%8))...)
		}
		return string(out)
	})
}

// TestMerge: what people have in the files stays, byte by byte.
func TestMerge(t *testing.T) {
	for name, c := range map[string]struct{ there, before, after string }{
		"nothing": {},
		"blank":   {there: " \n"},
		"empty":   {there: "{}", before: `{"tasks":[`, after: "]}"},
		"other entries, comments and blanks": {
			there:  "// mine\n{\n    \"version\": \"2.0.0\", // v\n    \"tasks\": [\n        { \"label\": \"x\" } // last\n        /* more */\n    ]\n}\n",
			before: "// mine\n{\n    \"version\": \"2.0.0\", // v\n    \"tasks\": [\n        { \"label\": \"x\" }, // last\n        /* more */\n        {\n            \"label\": \"watcher\",\n",
			after:  "\n            \"problemMatcher\": []\n        }\n    ]\n}\n",
		},
		"comma at the end": {
			there:  "{\n\t\"tasks\": [\n\t\t{\"label\": \"x\"},\n\t],\n\t\"inputs\": [],\n}\n",
			before: "{\n\t\"tasks\": [\n\t\t{\"label\": \"x\"},\n\t\t{\n\t\t\t\"label\": \"watcher\",\n",
			after:  "\n\t\t},\n\t],\n\t\"inputs\": [],\n}\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := Files([]string{"-C", "a \"b\""})[0]
			text, added, err := file.Merge([]byte(c.there))
			if err != nil || !slices.Equal(added, []string{"watcher", "watcher: debug", "watcher: wait"}) {
				t.Fatalf("added %v, %v", added, err)
			}
			if !strings.HasPrefix(string(text), c.before) || !strings.HasSuffix(string(text), c.after) {
				t.Errorf("got\n%s", text)
			}
			for _, args := range []string{`"args": ["-C", "a \"b\""]`, `"args": ["-C", "a \"b\"", "--debug"]`, `"args": ["-C", "a \"b\"", "wait"]`} {
				if !strings.Contains(string(text), args) {
					t.Errorf("without %s:\n%s", args, text)
				}
			}
			again, added, err := file.Merge(text)
			if err != nil || len(added) > 0 || string(again) != string(text) {
				t.Errorf("the second time: added %v, %v\n%s", added, err, again)
			}
		})
	}
}

// TestMergeSaysWhatIsWrong in one line, and gives nothing to write.
func TestMergeSaysWhatIsWrong(t *testing.T) {
	for there, want := range map[string]string{
		`{"tasks": [`:   "not valid JSON: line 1, column 12: parsing value: unexpected EOF: mend it, or move it away",
		`[]`:            "holds no object: write it as { }, or move it away",
		`{"tasks": {}}`: `"tasks" is no list: write it as [ ], or move the file away`,
	} {
		text, _, err := Files(nil)[0].Merge([]byte(there))
		if err == nil || err.Error() != want || text != nil {
			t.Errorf("%s: %q, %v", there, text, err)
		}
	}
}

// TestLaunch: each configuration attaches where watcher --debug listens, and what it starts
// first is a task of ours.
func TestLaunch(t *testing.T) {
	files := Files(nil)
	_, tasks, _ := files[0].Merge(nil)
	text, _, err := files[1].Merge(nil)
	if err == nil {
		text, err = hujson.Standardize(text)
	}
	var file struct {
		Configurations []struct {
			Host, Mode, DebugAdapter, PreLaunchTask string
			Port                                    int
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil || len(file.Configurations) != 2 {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, c := range file.Configurations {
		if c.Host != "127.0.0.1" || c.Port != 2345 || c.Mode != "remote" || c.DebugAdapter != "dlv-dap" ||
			c.PreLaunchTask != "" && !slices.Contains(tasks, c.PreLaunchTask) {
			t.Errorf("%+v", c)
		}
	}
}
