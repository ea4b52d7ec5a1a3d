package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmesAreInStep: README.zh-CN.md has the sections of README.md, and in each of them
// the same code blocks, paragraphs, tables, words in code and links. Of a line in a code
// block only the comment, or what stands after a gap, is in Chinese.
func TestReadmesAreInStep(t *testing.T) {
	english, chinese := sections(readFile(t, "README.md")), sections(readFile(t, "README.zh-CN.md"))
	if len(english) != len(chinese) {
		t.Fatalf("%d sections in English, %d in Chinese", len(english), len(chinese))
	}
	for i, en := range english {
		zh := chinese[i]
		title, _, _ := strings.Cut(en, "\n")
		compare(t, title+": level", level(en), level(zh))
		compare(t, title+": code", codeLines(en, zh), codeLines(zh, zh))
		compare(t, title+": paragraphs", shapes(en), shapes(zh))
		for kind, pattern := range map[string]string{"words in code": "`[^`\n]+`", "targets": `\]\(([^)#][^)]*)\)`} {
			if i > 1 || kind == "words in code" { // each leads to the other at its head
				compare(t, title+": "+kind, distinct(en, pattern), distinct(zh, pattern))
			}
		}
	}
}

func compare[T any](t *testing.T, what string, english, chinese []T) {
	t.Helper()
	for i := range max(len(english), len(chinese)) {
		var en, zh any
		if i < len(english) {
			en = english[i]
		}
		if i < len(chinese) {
			zh = chinese[i]
		}
		if en != zh {
			t.Errorf("%s: English %q, Chinese %q", what, en, zh)
			return
		}
	}
}

// sections begin with their headings; the one before the first heading is empty.
func sections(text string) []string {
	return regexp.MustCompile(`(?m)^#`).Split(text, -1)
}

func level(section string) []int {
	return []int{len(section) - len(strings.TrimLeft(section, "#"))}
}

var (
	han = regexp.MustCompile(`\p{Han}`)
	// said is where a line of code goes over into words.
	said = regexp.MustCompile(` {2,}#.*| {4,}\S.*`)
)

// codeLines are the lines in code blocks; where the Chinese text translates within them, only
// the part before that.
func codeLines(section, chinese string) (lines []string) {
	translated := han.MatchString(code(chinese))
	for line := range strings.Lines(code(section)) {
		if translated {
			line = said.ReplaceAllString(line, "")
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// code is what is indented by four, without that.
func code(section string) string {
	var text strings.Builder
	for line := range strings.Lines(section) {
		if rest, ok := strings.CutPrefix(line, "    "); ok {
			text.WriteString(rest)
		}
	}
	return text.String()
}

// shapes are what the blocks of a section are: text, list of n, table of n rows, code.
func shapes(section string) (shapes []string) {
	for block := range strings.SplitSeq(strings.TrimSpace(section), "\n\n") {
		switch {
		case strings.HasPrefix(block, "    "):
			shapes = append(shapes, "code")
		case strings.HasPrefix(block, "|"):
			shapes = append(shapes, strings.Repeat("|", strings.Count(block, "\n")))
		case regexp.MustCompile(`^(\d+\.|-) `).MatchString(block):
			shapes = append(shapes, strings.Repeat("-", len(regexp.MustCompile(`(?m)^(\d+\.|-) `).FindAllString(block, -1))))
		default:
			shapes = append(shapes, "text")
		}
	}
	return shapes
}

// distinct lists what matches outside of code blocks, each once.
func distinct(section, pattern string) []string {
	text := regexp.MustCompile(`(?m)^    .*$`).ReplaceAllString(section, "")
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found[m[len(m)-1]] = true
	}
	return slices.Sorted(maps.Keys(found))
}
