package pages

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
)

const (
	around    = 3       // lines before and behind
	maxSource = 4 << 20 // of a file: nobody writes one that long
	maxWidth  = 240
)

// sources are the kinds of files of which lines are shown. A //line directive may name
// any file, also one with secrets.
var sources = []string{".go", ".mod", ".work", ".templ", ".y", ".s", ".c", ".h"}

// Line is one of an excerpt.
type Line struct {
	Number int    `json:"n"`
	Text   string `json:"text"`
	Hot    bool   `json:"hot,omitempty"` // the one in question
}

// excerpt reads the lines around one; nil if there are none to be shown.
func excerpt(path string, line int) (lines []Line) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSource || !slices.Contains(sources, filepath.Ext(path)) {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	scan := bufio.NewScanner(bytes.NewReader(text))
	scan.Buffer(nil, maxSource+1)
	for n := 1; scan.Scan() && n <= line+around; n++ {
		if n >= line-around {
			lines = append(lines, Line{Number: n, Text: bounded(plain(scan.Text()), maxWidth), Hot: n == line})
		}
	}
	return lines
}
