package cli

import "testing"

// TestHintOfIDs: only those are told to set their ids who have to.
func TestHintOfIDs(t *testing.T) {
	const hint = `first, as your ids are not 1000: printf '\nUID=1001\nGID=100\n' >>.env`
	for _, c := range []struct {
		system   string
		uid, gid int
		want     string
	}{
		{"linux", 1001, 100, hint}, {"linux", 1000, 1000, ""}, {"linux", 0, 0, ""}, {"darwin", 501, 20, ""}, {"windows", -1, -1, ""},
	} {
		if got := hintOfIDs(c.system, c.uid, c.gid); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// TestShellWord: what is to be typed can be typed.
func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{"a/b-c.d_1": "a/b-c.d_1", "the café": "'the café'", "it's": `'it'\''s'`, "": ""} {
		if got := shellWord(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}
