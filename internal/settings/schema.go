package settings

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// SchemaFile is the name under which the schema lies beside a settings file.
const SchemaFile = ".watcher.schema.json"

// node is the part of JSON Schema that says what a settings file may hold.
type node struct {
	Schema      string           `json:"$schema,omitempty"`
	Title       string           `json:"title,omitempty"`
	Type        string           `json:"type,omitempty"`
	Description string           `json:"description,omitempty"`
	Default     any              `json:"default,omitempty"`
	Enum        []any            `json:"enum,omitempty"`
	Pattern     string           `json:"pattern,omitempty"`
	Minimum     *int             `json:"minimum,omitempty"`
	Items       *node            `json:"items,omitempty"`
	Properties  map[string]*node `json:"properties,omitempty"`
	Additional  any              `json:"additionalProperties,omitempty"` // false, or the node of all others
}

// Schema is the JSON Schema (draft 7, which TOML editors know) of a settings
// file: kinds from the structs, words and meanings from the rows.
func Schema() []byte {
	root := table()
	root.Schema, root.Title = "http://json-schema.org/draft-07/schema#", "settings of watcher ("+File+")"
	for _, r := range rows() {
		of, key, _ := strings.Cut(r.name, ".")
		keys := root.Properties[of]
		if keys == nil {
			keys = table()
			root.Properties[of] = keys
			if of == "rule" {
				root.Properties[of] = &node{Type: "array", Items: keys}
			}
		} else if keys.Items != nil {
			keys = keys.Items
		}
		keys.Properties[key] = r.node()
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(root) // of texts and numbers: no error
	return text.Bytes()
}

func table() *node {
	return &node{Type: "object", Properties: map[string]*node{}, Additional: false}
}

// node says what the values of a key are.
func (r row) node() *node {
	defaults := Default()
	defaults.Rules = make([]Rule, 1)
	field := lookup(&defaults, r.name)
	n := kindOf(field.Interface())
	n.Description = r.meaning
	if r.example == "" {
		n.Default = plain(field)
	}
	for _, word := range r.words {
		n.Enum = append(n.Enum, word)
	}
	if _, auto := field.Interface().(Auto); auto { // true and false go without quotes too
		n.Enum = append(n.Enum, true, false)
	}
	return n
}

// kindOf is the node of a value of the type of v.
func kindOf(v any) *node {
	switch v.(type) {
	case Auto:
		return &node{} // of more than one type
	case bool:
		return &node{Type: "boolean"}
	case int:
		return &node{Type: "integer", Minimum: new(1)}
	case Duration:
		return &node{Type: "string", Pattern: `^\+?((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+$|^[+-]?0$`}
	case []string:
		return &node{Type: "array", Items: &node{Type: "string"}}
	case map[string]string:
		return &node{Type: "object", Additional: &node{Type: "string"}}
	}
	return &node{Type: "string"}
}

// plain is a default as JSON writes it.
func plain(field reflect.Value) any {
	switch value := field.Interface().(type) {
	case Duration:
		return strings.Trim(Written(value), `"`)
	case []string:
		return append([]string{}, value...) // [] and not null
	case map[string]string:
		return map[string]string{}
	default:
		return value
	}
}
