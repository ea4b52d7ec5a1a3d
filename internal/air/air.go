// Package air turns the settings of the live-reload tool air (.air.toml) into those of
// watcher. Each of its keys, old ones too, is carried over or has a reason why it is not
// needed or what replaces it (rows).
//
// It knows both files as texts, and runs nothing.
package air

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/watcher-dev/watcher/internal/settings"
)

// Names are where air looks for its settings, in this order, relative to its folder.
func Names() []string { return []string{".air.toml", filepath.Join(".config", "air.toml")} }

// Is reports whether a file is one of air's: by its name, or by keys of air's and none of watcher's.
func Is(path string, text []byte) bool {
	if slices.ContainsFunc(Names(), func(name string) bool { return filepath.Base(path) == filepath.Base(name) }) {
		return true
	}
	tree, _ := parse(text)
	keys := flatten(tree)
	has := func(name string) bool { _, ok := keys[name]; return ok }
	return slices.ContainsFunc(known(), has) && !slices.ContainsFunc(settings.Keys(), func(k settings.Key) bool { return has(k.Name) })
}

// Converted is what became of a file of air's.
type Converted struct {
	Taken   []string // keys of watcher that it sets, in the order of their file; "rule" for all rules
	Unknown []string // keys that air does not have either, each with what is said of it
	Left    []string // keys of which a part that changes what happens is not carried over, each with what to do

	values map[string]any // by key of watcher, of the types of settings
	rules  []settings.Rule
	notes  []note
}

// note says what became of one key of air's.
type note struct{ key, value, why string }

// Convert reads the text of a file. goos is the system whose part of [build] holds. The
// error is one line that begins with "line:column: ".
func Convert(text []byte, goos string) (*Converted, error) {
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := &conversion{keys: flatten(tree), values: map[string]any{}}
	c.override(goos)
	for _, r := range rows() {
		if value, ok := c.keys[r.key]; ok {
			c.at = r.key
			c.note(r.key, value, r.become(c, value))
		}
	}
	unknown := c.unknown()
	return &Converted{Taken: c.taken(), Unknown: unknown, Left: c.left, values: c.values, rules: c.rules, notes: c.notes}, nil
}

func parse(text []byte) (tree map[string]any, err error) {
	err = toml.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &tree)
	if err == nil {
		return tree, nil
	}
	line, column := 1, 1
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column = decode.Position()
	}
	return nil, fmt.Errorf("%d:%d: not valid TOML: %s: mend it", line, column, strings.TrimPrefix(err.Error(), "toml: "))
}

// conversion is one run of Convert.
type conversion struct {
	keys   map[string]any // of air's file, by "build.cmd"
	at     string         // the key whose turn it is
	left   []string
	values map[string]any
	rules  []settings.Rule
	notes  []note
}

// flatten joins the names of tables and keys.
func flatten(tree map[string]any) map[string]any {
	flat := map[string]any{}
	for key, value := range tree {
		if table, ok := value.(map[string]any); ok {
			for below, value := range flatten(table) {
				flat[key+"."+below] = value
			}
			continue
		}
		flat[key] = value
	}
	return flat
}

// override puts what holds on goos in the place of what holds everywhere.
func (c *conversion) override(goos string) {
	for _, system := range []string{"windows", "darwin", "linux"} {
		for _, r := range rows() {
			name, common := strings.CutPrefix(r.key, "build.")
			key := "build." + system + "." + name
			value, ok := c.keys[key]
			if !common || !ok {
				continue
			}
			delete(c.keys, key)
			if system == goos {
				c.keys[r.key] = value
				c.note(key, value, "stands in the place of "+r.key)
			} else {
				c.note(key, value, "holds on "+system+" only, and is left out here")
			}
		}
	}
}

// known lists the keys of air, in their order.
func known() (keys []string) {
	for _, r := range rows() {
		keys = append(keys, r.key)
	}
	return keys
}

// unknown lists what air does not know, and puts the notes in order.
func (c *conversion) unknown() (unknown []string) {
	known := known()
	for key, value := range c.keys {
		if slices.Contains(known, key) {
			continue
		}
		why := "is passed over, as air does not know it either"
		if near := settings.Nearest(key, known); near != "" {
			why += ": did you mean " + near + "?"
		}
		unknown = append(unknown, plain(key)+" "+why)
		c.note(key, value, why)
	}
	slices.Sort(unknown)
	at := func(n note) int {
		if i := slices.Index(known, n.key); i >= 0 {
			return i
		}
		return len(known)
	}
	slices.SortFunc(c.notes, func(a, b note) int { return cmp.Or(cmp.Compare(at(a), at(b)), cmp.Compare(a.key, b.key)) })
	return unknown
}

func (c *conversion) taken() (keys []string) {
	for _, k := range settings.Keys() {
		if _, ok := c.values[k.Name]; ok {
			keys = append(keys, k.Name)
		}
	}
	if len(c.rules) > 0 {
		keys = append(keys, "rule")
	}
	return keys
}

// set carries a value over; what it returns says so.
func (c *conversion) set(key string, value any) string {
	c.values[key] = value
	return "→ " + key
}

// add carries elements of a list over, behind those that are there.
func (c *conversion) add(key string, elements ...string) string {
	there, _ := c.values[key].([]string)
	return c.set(key, append(there, elements...))
}

// variable carries one over, as "NAME=value".
func (c *conversion) variable(key, pair string) {
	there, _ := c.values[key].(map[string]string)
	if there == nil {
		there = map[string]string{}
	}
	name, value, _ := strings.Cut(pair, "=")
	there[name] = value
	c.set(key, there)
}

// leave tells that the key whose turn it is, or some of its commands, change what happens
// and are not carried over.
func (c *conversion) leave(why string, commands ...string) string {
	var names []string
	for _, line := range commands {
		if name := brief(line); name != "" {
			names = append(names, name)
		}
	}
	said := c.at
	if len(names) > 0 {
		said += " (" + strings.Join(names, ", ") + ")"
	}
	c.left = append(c.left, plain(said+" "+why))
	return why
}

func (c *conversion) note(key string, value any, why string) {
	c.notes = append(c.notes, note{key, shown(value), why})
}

// shown is a value on one line that is short enough for a comment.
func shown(value any) string {
	const most = 60
	text, _ := toml.Marshal(map[string]any{"v": value}) // it came out of a file
	line, more, _ := strings.Cut(strings.TrimPrefix(string(text), "v = "), "\n")
	if runes := []rune(line); len(runes) > most || more != "" {
		return string(runes[:min(len(runes), most)]) + " …"
	}
	return line
}
