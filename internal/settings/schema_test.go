package settings

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// TestT7_SchemaHasEveryKey: each key stands in the schema with its meaning, its default and
// its words, and no other. TestKeysAreThoseOfTheStructs holds the keys to the types, the
// README's test its table to the keys.
func TestT7_SchemaHasEveryKey(t *testing.T) {
	root := schema(t)
	names := 0
	for _, table := range root.Properties {
		if table.Items != nil {
			table = table.Items
		}
		names += len(table.Properties)
	}
	if names != len(rows()) {
		t.Errorf("%d keys in the schema, there are %d", names, len(rows()))
	}
	for _, r := range rows() {
		of, key, _ := strings.Cut(r.name, ".")
		table := root.Properties[of]
		if of == "rule" {
			table = table.Items
		}
		n := table.Properties[key]
		if n == nil || n.Description != r.meaning {
			t.Errorf("%s: %+v", r.name, n)
			continue
		}
		if r.example == "" {
			var value map[string]any
			if err := toml.Unmarshal([]byte("v = "+r.sample()), &value); err != nil {
				t.Fatal(err)
			}
			if want := asJSON(t, value["v"]); !reflect.DeepEqual(n.Default, want) {
				t.Errorf("%s: default %v, want %v", r.name, n.Default, want)
			}
		}
		for _, word := range r.words {
			if !slices.Contains(n.Enum, any(word)) {
				t.Errorf("%s: %q is not in %v", r.name, word, n.Enum)
			}
		}
	}
}

// TestT7_SchemaAgreesWithLoad: what loads without a word is right by the schema, so that no
// editor marks what watcher takes; words and types that watcher refuses it refuses too.
func TestT7_SchemaAgreesWithLoad(t *testing.T) {
	root := schema(t)
	files, _ := filepath.Glob("testdata/*.toml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, warnings, err := Parse(text, File, nil)
		if err != nil || len(warnings) > 0 {
			continue
		}
		if wrong := refuse(t, root, string(text)); wrong != "" {
			t.Errorf("%s loads, and the schema refuses it: %s", file, wrong)
		}
	}
	for text, right := range map[string]bool{
		"":                                      true,
		"[run]\nswap = \"overlap\"":             true,
		"[watch]\npoll = true":                  true,
		"[watch]\npoll = \"auto\"":              true,
		"[run]\nstop_timeout = \"1m30.5s\"":     true,
		"[app.env]\nA = \"b\"":                  true,
		"[[rule]]\nrun = [\"templ\"]":           true,
		"[[rule]]\naction = \"rebuild\"":        true,
		"[run]\nswap = \"sideways\"":            false,
		"[run]\nstop_timeout = \"10\"":          false,
		"[run]\nstop_timeout = 10":              false,
		"[run]\nstop_timout = \"10s\"":          false,
		"[rum]":                                 false,
		"[app]\nargs = \"-v\"":                  false,
		"[app]\nargs = [1]":                     false,
		"[app.env]\nA = 1":                      false,
		"[watch]\npoll = 1":                     false,
		"[run]\nport = 0":                       false,
		"[proxy]\nfresh = \"true\"":             false,
		"[rule]\nrun = [\"templ\"]":             false,
		"[[rule]]\naction = \"build\"\npaths=1": false,
	} {
		_, warnings, err := Parse([]byte(text), File, nil)
		loads := err == nil && len(warnings) == 0 || strings.Contains(text, "[[rule]]\naction = \"rebuild\"") // which lacks its paths
		wrong := refuse(t, root, text)
		if (wrong == "") != right || loads && !right && text != "[rum]" {
			t.Errorf("%q: the schema says %q, Load %v", text, wrong, err)
		}
	}
}

func schema(t *testing.T) *node {
	t.Helper()
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	return &root
}

func asJSON(t *testing.T, v any) (out any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func refuse(t *testing.T, root *node, text string) string {
	t.Helper()
	var tree map[string]any
	if err := toml.Unmarshal(bytes.TrimPrefix([]byte(text), []byte("\ufeff")), &tree); err != nil {
		t.Fatal(err)
	}
	if tree == nil {
		tree = map[string]any{}
	}
	return refused("", root, asJSON(t, tree))
}

// refused says what the schema has against v, as a validator of the few words of JSON
// Schema that ours uses; "" if nothing.
func refused(at string, n *node, v any) string {
	types := map[string]bool{}
	switch v := v.(type) {
	case map[string]any:
		types["object"] = true
		for key, each := range v {
			below := n.Properties[key]
			if others, ok := n.Additional.(map[string]any); ok && below == nil {
				below = &node{Type: others["type"].(string)}
			}
			if below == nil {
				return at + "." + key + ": is not known"
			}
			if wrong := refused(at+"."+key, below, each); wrong != "" {
				return wrong
			}
		}
	case []any:
		types["array"] = true
		for _, each := range v {
			if n.Items == nil {
				break
			}
			if wrong := refused(at+"[]", n.Items, each); wrong != "" {
				return wrong
			}
		}
	case string:
		types["string"] = true
		if n.Pattern != "" && !regexp.MustCompile(n.Pattern).MatchString(v) {
			return at + ": does not match"
		}
	case bool:
		types["boolean"] = true
	case float64:
		types["integer"] = v == float64(int(v))
		if n.Minimum != nil && v < float64(*n.Minimum) {
			return at + ": is too small"
		}
	}
	if n.Type != "" && !types[n.Type] {
		return at + ": is no " + n.Type
	}
	if n.Enum != nil && !slices.Contains(n.Enum, v) {
		return at + ": is none of the words"
	}
	return ""
}
