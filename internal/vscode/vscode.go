// Package vscode makes the files by which VS Code runs watcher as a task, reads its lines
// and attaches a debugger: .vscode/tasks.json and .vscode/launch.json.
//
// The patterns of the task are read off what internal/terminal prints, which its golden
// files hold (T3). Of problems they take every line
//
//	file:line:column: message
//
// A build begins for VS Code with a change, and ends with a swap or with the indented line
// that closes each failure (TestT3_ProblemMatcher).
package vscode

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/hujson"
)

//go:embed tasks.json
var tasks []byte

//go:embed launch.json
var launch []byte

// File is one of the two files.
type File struct {
	Name  string // in the folder .vscode
	own   []byte
	list  string   // the name of the list that holds entries
	label string   // the key that names an entry
	args  []string // of the command of each entry
}

// Files are those to write. args go before the command's own, as -C DIR.
func Files(args []string) []File {
	return []File{
		{Name: "tasks.json", own: tasks, list: "tasks", label: "label", args: args},
		{Name: "launch.json", own: launch, list: "configurations", label: "name"},
	}
}

// Merge returns the text of the file with all that is in there already, nil for none, and
// the names of the entries that were added. What is there stays as it is, comments and
// layout too; an entry of the same name stays instead of ours. The error says in one line
// what is wrong with existing, and does not name the file.
func (f File) Merge(existing []byte) (text []byte, added []string, err error) {
	own, err := f.entries()
	if err != nil {
		return nil, nil, err
	}
	entries := own.Find("/" + f.list).Value.(*hujson.Array).Elements
	if len(bytes.TrimSpace(existing)) == 0 {
		return own.Pack(), f.names(entries), nil
	}
	root, err := hujson.Parse(existing)
	if err != nil {
		return nil, nil, fmt.Errorf("not valid JSON: %s: mend it, or move it away", strings.TrimPrefix(err.Error(), "hujson: "))
	}
	list, err := f.listIn(&root)
	if err != nil {
		return nil, nil, err
	}
	there, unit := f.names(list.Elements), indent(existing)
	for i, name := range f.names(entries) {
		if !slices.Contains(there, name) {
			added = append(added, name)
			appendTo(list, entries[i], unit)
		}
	}
	return root.Pack(), added, nil
}

// entries is our own text with the arguments in it. Of the first task there is one more, which
// runs the app under a debugger.
func (f File) entries() (hujson.Value, error) {
	own, err := hujson.Parse(f.own)
	if err != nil || f.list != "tasks" {
		return own, err
	}
	list := own.Find("/tasks").Value.(*hujson.Array)
	debug := list.Elements[0].Clone()
	debug.Find("/label").Value = hujson.String("watcher: debug")
	debug.Find("/detail").Value = hujson.String("the same under Delve, for the debugger to attach")
	for _, task := range []struct {
		entry *hujson.Value
		args  []string
	}{
		{&list.Elements[0], f.args},
		{&list.Elements[1], append(slices.Clip(f.args), "wait")},
		{&debug, append(slices.Clip(f.args), "--debug")},
	} {
		task.entry.Find("/args").Value = array(task.args)
	}
	list.Elements = slices.Insert(list.Elements, 1, debug)
	return own, nil
}

// array is a list of texts on one line.
func array(texts []string) *hujson.Array {
	list := &hujson.Array{}
	for i, text := range texts {
		e := hujson.Value{Value: hujson.String(text)}
		if i > 0 {
			e.BeforeExtra = hujson.Extra(" ")
		}
		list.Elements = append(list.Elements, e)
	}
	return list
}

// listIn finds the list of entries, and makes an empty one where there is none.
func (f File) listIn(root *hujson.Value) (*hujson.Array, error) {
	if _, ok := root.Value.(*hujson.Object); !ok {
		return nil, errors.New("holds no object: write it as { }, or move it away")
	}
	at := root.Find("/" + f.list)
	if at == nil {
		patch := fmt.Sprintf(`[{"op": "add", "path": "/%s", "value": []}]`, f.list)
		if err := root.Patch([]byte(patch)); err != nil {
			return nil, err
		}
		at = root.Find("/" + f.list)
	}
	list, ok := at.Value.(*hujson.Array)
	if !ok {
		return nil, fmt.Errorf("%q is no list: write it as [ ], or move the file away", f.list)
	}
	return list, nil
}

// names are what entries are called, "" for one that is none.
func (f File) names(entries []hujson.Value) []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		if at := e.Find("/" + f.label); at != nil {
			if text, ok := at.Value.(hujson.Literal); ok {
				names[i] = text.String()
			}
		}
	}
	return names
}
