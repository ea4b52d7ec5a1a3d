package builder

import (
	"debug/buildinfo"
	"debug/elf"
	"strings"
	"testing"
)

// TestB6_NothingIsStripped: a binary for a debugger has its symbols, also where the
// user's flags say otherwise, and the compiler has optimised nothing.
func TestB6_NothingIsStripped(t *testing.T) {
	b, err := New(t.TempDir(), new(group).run)
	if err != nil {
		t.Fatal(err)
	}
	spec := shop(t, t.TempDir(), "main.go", hello)
	spec.Debug, spec.Ldflags, spec.Flags = true, "-s -w", []string{"-gcflags=-m"}
	made := mustBuild(t, b, Request{Spec: spec})
	file, err := elf.Open(made.Binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if symbols, err := file.Symbols(); err != nil || len(symbols) == 0 {
		t.Errorf("%d symbols, %v", len(symbols), err)
	}
	for _, section := range []string{".debug_info", ".debug_line", ".debug_frame"} {
		s := file.Section(section)
		if s == nil || s.Flags&elf.SHF_COMPRESSED != 0 {
			t.Errorf("section %s is missing or compressed: %v", section, s)
		}
	}
	info, err := buildinfo.ReadFile(made.Binary)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(info.String(), "-gcflags=\"all=-N -l\"") {
		t.Errorf("how it was built:\n%s", info)
	}
}
