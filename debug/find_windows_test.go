package debug

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLookInPath: Windows writes the variable so.
func TestLookInPath(t *testing.T) {
	dlv := filepath.Join(t.TempDir(), "dlv.exe")
	if err := os.WriteFile(dlv, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := look([]string{"Path=" + filepath.Dir(dlv)}, "", ""); got != dlv {
		t.Errorf("got %q", got)
	}
}
