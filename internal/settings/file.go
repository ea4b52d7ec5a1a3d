package settings

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// readFile reads the text of a file over what is set already. The library's own
// decoding into structs is not used: it leaves out where lists begin, and what of a
// wrong type it takes for right.
func (l *loader) readFile(shown string, text []byte) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors on Windows write it
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		at := place{name: shown, line: 1, column: 1}
		if decode := (*toml.DecodeError)(nil); errors.As(err, &decode) {
			at.line, at.column = decode.Position()
		}
		advice := "mend it"
		if strings.HasSuffix(err.Error(), "at start of value") {
			advice = "put texts in quotes"
		}
		l.complain(at, "not valid TOML: %s: %s", strings.TrimPrefix(err.Error(), "toml: "), advice)
		return
	}
	l.keys, l.values = index(shown, text)
	l.readTable("", tree)
	slices.SortFunc(l.warnings, byPosition) // a map has no order
}

func (l *loader) readTable(table string, tree map[string]any) {
	_, ofVariables := find(table)
	for word, value := range tree {
		name := join(table, word)
		r, known := find(keyName(name))
		below, isTree := value.(map[string]any)
		switch {
		case ofVariables:
			l.readVariable(table, word, value)
		case name == "rule":
			l.readRules(value)
		case isTree && (isTable(name) || known && lookup(&l.settings, r.name).Kind() == reflect.Map):
			l.readTable(name, below)
		case known:
			l.readKey(r, name, value)
		case isTable(name):
			l.complain(l.values[name], "%s: is a table: write it as %s", name, header(name))
		default:
			l.complainUnknown(keyName(table), word, l.keys[name])
		}
	}
}

func (l *loader) readRules(value any) {
	rules, isList := value.([]any)
	for i, each := range rules {
		tree, isTree := each.(map[string]any)
		isList = isList && isTree
		l.settings.Rules = append(l.settings.Rules, Rule{})
		l.readTable(fmt.Sprintf("rule[%d]", i), tree)
	}
	if !isList {
		l.complain(l.values["rule"], "rule: is a list of tables: begin each with [[rule]]")
	}
}

// readVariable reads one entry of app.env or build.env.
func (l *loader) readVariable(table, word string, value any) {
	text, isText := value.(string)
	if !isText {
		l.complain(l.values[join(table, word)], "%s: values of variables are texts: put that of %s in quotes", table, word)
		return
	}
	field := lookup(&l.settings, table)
	if field.IsNil() {
		field.Set(reflect.MakeMap(field.Type()))
	}
	field.SetMapIndex(reflect.ValueOf(word), reflect.ValueOf(text))
}

// readKey reads the value of a known key, each element of it if it is a list.
func (l *loader) readKey(r row, name string, value any) {
	field := lookup(&l.settings, r.name)
	kind := field.Type()
	list, isList := value.([]any)
	if isList && kind.Kind() == reflect.Slice {
		kind = kind.Elem()
		field.Set(reflect.ValueOf([]string{}))
		for i, each := range list {
			l.readText(r, field, kind, fmt.Sprintf("%s[%d]", name, i), each)
		}
		return
	}
	l.readText(r, field, kind, name, value)
}

func (l *loader) readText(r row, field reflect.Value, kind reflect.Type, name string, value any) {
	at := l.values[name]
	if !fits(kind, value) {
		l.complain(at, "%s: has a value of the wrong type: write it like %s", r.name, r.like(value))
	} else if err := r.set(field, fmt.Sprint(value)); err != nil {
		l.complain(at, "%s: %v", r.name, err)
	}
}

// like returns what was perhaps meant by a value of the wrong type.
func (r row) like(value any) string {
	switch value.(type) {
	case []any, map[string]any:
		return r.sample()
	}
	text := withoutUser(fmt.Sprint(value))
	switch field := lookup(&Settings{Rules: make([]Rule, 1)}, r.name); field.Interface().(type) {
	case string:
		return fmt.Sprintf("%q", text)
	case []string:
		if r.name == "rule.run" { // a command line, as people type it
			return strings.ReplaceAll(fmt.Sprintf("%q", strings.Fields(text)), `" "`, `", "`)
		}
		return fmt.Sprintf("[%q]", text)
	}
	return r.sample()
}

// fits says whether a value of the file is of the type of a field. A bare number fits
// a duration, for which it has no unit, as set says.
func fits(kind reflect.Type, value any) bool {
	isDuration := kind == reflect.TypeFor[Duration]()
	switch value.(type) {
	case string:
		return isDuration || kind.Kind() == reflect.String
	case bool:
		return kind.Kind() == reflect.Bool || kind == reflect.TypeFor[Auto]()
	case int64:
		return isDuration || kind.Kind() == reflect.Int
	case float64:
		return isDuration
	}
	return false
}

// complainUnknown is an error if a known key is near, else a warning: the file may be
// newer than this watcher.
func (l *loader) complainUnknown(table, word string, at place) {
	in := "in " + header(table)
	if table == "" {
		in = "at the top level"
	}
	if near := nearest(table, word); near == "" {
		l.warnings = append(l.warnings, at.problem("unknown key %q %s is passed over: this watcher may be older than the file", word, in))
	} else { // inside its own table a key goes without the table's name
		l.complain(at, "unknown key %q %s: did you mean %q?", word, in, strings.TrimPrefix(near, table+"."))
	}
}

// keyName is name as it stands in rows: that of "rule[0].paths" is "rule.paths".
func keyName(name string) string {
	if rest, found := strings.CutPrefix(name, "rule["); found {
		_, key, _ := strings.Cut(rest, "]")
		return "rule" + key
	}
	return name
}
