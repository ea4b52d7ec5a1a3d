package rules

import (
	"slices"
	"testing"
)

func TestScanEmbeds(t *testing.T) {
	src := `package web

//go:embed index.html static/*
//go:embed "quoted.txt" ` + "`raw.txt`" + `
//go:embed all:dist
var files embed.FS

var (
	//go:embed indented.txt
	text string
  //go:embed	tab.txt	"tab2.txt"
	more string
)

// text about //go:embed nothing
//go:embedded nothing
//go:embed`
	want := []Embed{
		{"web/index.html", false}, {"web/static/*", false}, {"web/quoted.txt", false},
		{"web/raw.txt", false}, {"web/dist", true}, {"web/indented.txt", false},
		{"web/tab.txt", false}, {"web/tab2.txt", false},
	}
	if got := ScanEmbeds([]byte(src), "web"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := ScanEmbeds([]byte("//go:embed a.txt\r\n"), "."); !slices.Equal(got, []Embed{{"a.txt", false}}) {
		t.Errorf("first line, CRLF: %v", got)
	}
}

func TestFixedPart(t *testing.T) {
	for glob, want := range map[string]string{
		"web/dist/**/*.css": "web/dist", "web/dist": "web/dist", "web/di*": "web", "**/*.ts": ".",
		"*.go": ".", "a/{b,c}/d": "a", "": "",
	} {
		if got := fixedPart(glob); got != want {
			t.Errorf("fixedPart(%q) = %q, want %q", glob, got, want)
		}
	}
}
