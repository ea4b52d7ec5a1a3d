package pages

import (
	"strings"
	"testing"
)

// TestClientIsSmall: what is sent has no comments, no more than 7 KB of code, and the style.
func TestClientIsSmall(t *testing.T) {
	if len(code) > 7<<10 || strings.Contains(code, "/**") || strings.Contains(code, "// ") {
		t.Errorf("%d bytes:\n%s", len(code), code)
	}
	if strings.ContainsAny(overlaySource+styleSource, `'\`) || strings.Contains(client, "{{") {
		t.Error("the style breaks out of the string that it stands in")
	}
	if len(client) > 12<<10 {
		t.Errorf("with its style it has %d bytes", len(client))
	}
}
