package settings

import (
	"reflect"
	"slices"
	"strings"
)

const prefix = "WATCHER_"

// ours are what we set for an app, which may be another watcher.
var ours = []string{"WATCHER_GENERATION", "WATCHER_URL", "WATCHER_ID", "WATCHER_BEACON"}

// readEnvironment takes the variables that stand for keys. An unknown one is an error
// only if it is near a known one: other programs may use the prefix too.
func (l *loader) readEnvironment(env []string) {
	for _, entry := range env {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || slices.Contains(ours, name) || text == "" {
			continue
		}
		at := place{name: name}
		isFor := func(r row) bool { return variable(r.name) == name }
		if i := slices.IndexFunc(rows(), isFor); i >= 0 {
			l.setFrom(rows()[i], text, at)
		} else {
			l.complainVariable(name, at)
		}
	}
}

func (l *loader) setFrom(r row, text string, at place) {
	if !settable(r.name) {
		l.complain(at, "%s cannot be set by a variable: write it in %s", r.name, File)
		return
	}
	value, texts := lookup(&l.settings, r.name), []string{text}
	if value.Kind() == reflect.Slice {
		texts = strings.Split(text, ",")
		value.SetZero()
	}
	l.values[r.name] = at
	for _, text := range texts {
		if err := r.set(value, strings.TrimSpace(text)); err != nil {
			l.complain(at, "%v", err)
		}
	}
}

func (l *loader) complainVariable(name string, at place) {
	table, key, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(name, prefix)), "_")
	if near := nearest(table, key); isTable(table) && near != "" && settable(near) {
		l.complain(at, "unknown variable: did you mean %s?", variable(near))
		return
	}
	l.warnings = append(l.warnings, at.problem("unknown variable is passed over: no key has this name"))
}

// IsVariable says whether an environment variable stands for a key.
func IsVariable(name string) bool {
	return slices.ContainsFunc(rows(), func(r row) bool { return variable(r.name) == name })
}

// variable is the name of the variable that stands for a key.
func variable(key string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// settable says whether a line of text can hold the key: rules and maps it cannot.
func settable(key string) bool {
	return !strings.HasPrefix(key, "rule") && lookup(new(Settings), key).Kind() != reflect.Map
}
