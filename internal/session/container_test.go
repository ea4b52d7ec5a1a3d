package session

import "testing"

// TestShellWord: what is to be typed can be typed.
func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{"a/b-c.d_1": "a/b-c.d_1", "the café": "'the café'", "it's": `'it'\''s'`, "": ""} {
		if got := shellWord(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}
