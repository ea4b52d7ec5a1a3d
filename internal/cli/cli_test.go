package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/watcher-dev/watcher/internal/session"
)

func TestUsageErrorsAreOneLineAndCode2(t *testing.T) {
	for _, args := range []string{"version extra", "init x", "init --from gow", "init vscode x", "init docker x y", "init docker --service=/", "schema x", "a b", "--swap sideways", "--listen nowhere", "--nonsense", "-C missing"} {
		var out, errs bytes.Buffer
		code := Run(Call{Args: strings.Fields(args), Call: session.Call{Dir: t.TempDir(), Stdout: &out, Stderr: &errs}})
		if code != codeUsage || strings.Count(errs.String(), "\n") != 1 || out.Len() > 0 {
			t.Errorf("watcher %s: code %d\n%s%s", args, code, &out, &errs)
		}
	}
}

// TestErrorInTheAskedForStyle: a program that reads --json gets the error as JSON.
func TestErrorInTheAskedForStyle(t *testing.T) {
	var errs bytes.Buffer
	Run(Call{Args: []string{"--json"}, Call: session.Call{Env: os.Environ(), Dir: t.TempDir(), Stdout: &bytes.Buffer{}, Stderr: &errs}})
	if !strings.HasPrefix(errs.String(), "{") || !strings.Contains(errs.String(), `"event":"failed"`) {
		t.Errorf("got %s", &errs)
	}
}
