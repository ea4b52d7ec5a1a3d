package settings

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// set reads one text into a key's field, or adds it to its list. The error says what
// is wrong and what to do.
func (r row) set(field reflect.Value, text string) error {
	var err error
	switch field.Interface().(type) {
	case string, Auto:
		field.SetString(text)
	case []string:
		field.Set(reflect.Append(field, reflect.ValueOf(text)))
	case bool:
		var b bool
		b, err = strconv.ParseBool(text)
		field.SetBool(b)
	case int:
		var n int64
		n, err = strconv.ParseInt(text, 10, 0)
		field.SetInt(n)
	case Duration:
		d, wrong := parseDuration(text)
		if wrong != nil {
			return wrong
		}
		field.SetInt(int64(d))
	}
	if err != nil {
		return fmt.Errorf("%q is of the wrong kind: write it like %s", withoutUser(text), r.sample())
	}
	if r.words != nil && !slices.Contains(r.words, text) {
		return fmt.Errorf("%q is not known: write %s", withoutUser(text), list(r.words))
	}
	if r.check != nil {
		if wrong := r.check(text); wrong != "" {
			return fmt.Errorf("%q %s", withoutUser(text), wrong)
		}
	}
	return nil
}

// withoutUser is a value as it is quoted in a message. What stands before the host of an address may
// be a password, also where the address cannot be read.
func withoutUser(text string) string {
	at := strings.LastIndex(text, "@")
	if at < 0 || !strings.Contains(text[:at], ":") {
		return text
	}
	scheme := ""
	if i := strings.Index(text[:at], "://"); i >= 0 {
		scheme = text[:i+len("://")]
	}
	return scheme + "…" + text[at:]
}

// Written returns a value of a key's type as it stands in a file.
func Written(value any) string {
	var parts []string
	switch value := value.(type) {
	case Duration:
		return fmt.Sprintf(`"%vs"`, time.Duration(value).Seconds())
	case string:
		return quote(value)
	case []string:
		for _, text := range value {
			parts = append(parts, quote(text))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]string:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, name+" = "+quote(value[name]))
		}
		return strings.Replace("{ "+strings.Join(parts, ", ")+" }", "{  }", "{}", 1)
	default:
		return fmt.Sprintf("%#v", value)
	}
}

// quote writes a text as TOML does, which lacks some escapes of Go.
func quote(text string) string {
	return strings.NewReplacer(`\\`, `\\`, `\a`, `\u0007`, `\v`, `\u000b`, `\x`, `\u00`).Replace(strconv.Quote(text))
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if _, bare := strconv.ParseFloat(text, 64); bare == nil && err != nil {
		return 0, fmt.Errorf("%q has no unit: write it as %q", text, text+"s")
	}
	if err != nil {
		return 0, fmt.Errorf(`%q is not a length of time: write it as "500ms", "10s" or "1m30s"`, text)
	}
	if d < 0 {
		return 0, fmt.Errorf(`%q is negative: write "0s" or more`, text)
	}
	return d, nil
}
