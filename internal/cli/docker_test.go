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
