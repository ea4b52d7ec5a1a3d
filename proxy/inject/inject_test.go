package inject

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// mark stands for the script. No input has it.
const mark = "\x00TAG\x00"

func through(page io.Reader, xml bool) (string, error) {
	out, err := io.ReadAll(NewReader(page, Tag{HTML: mark, Path: "/own.js", XML: xml}))
	return string(out), err
}

// TestP6_WhereTheScriptGoes: | in a page stands for the script.
func TestP6_WhereTheScriptGoes(t *testing.T) {
	for name, page := range map[string]string{
		"before the end of the body":   "<html><body>a|</body></html>",
		"no body":                      "<!doctype html><p>a|",
		"no tag at all":                "a|",
		"capitals and blanks":          "<BODY>a|</BODY\n >",
		"slash in the end tag":         "a|</body/>b",
		"first of two":                 "a|</body></body>",
		"name that only begins so":     "</bodyguard></bod></>a|",
		"in a comment":                 "<!-- </body> -->a|</body>",
		"comment with dashes":          "<!-- -- </body> --->a|</body>",
		"comment ended with !":         "<!-- x --!>a|</body>",
		"comment that only looks so":   "<!--!> </body> -->a|</body>",
		"empty comments":               "<!--><!--->a|</body>",
		"bogus comments":               "<!x><?y></ z>a|</body>",
		"comment that never ends":      "a<!-- </body>",
		"in a script":                  "<script>'</body>'</script>a|</body>",
		"in a script that hides":       "<script><!-- <script> </script> </body> --></script>a|</body>",
		"in a script that ends":        "<script><!-- </script>a|</body>",
		"in a script that never ends":  "<script>'</body>'",
		"in a style, capitals":         "<STYLE>/*</body>*/</STYLE>a|</body>",
		"in a textarea":                "<textarea></body></textarea>a|</body>",
		"in a title":                   "<title></body></title >a|</body>",
		"in a template":                "<template><p></body></template>a|</body>",
		"in an attribute":              `<p title="</body>" x='</body>'>a|</body>`,
		"behind an unquoted value":     `<p title=it's>a|</body>'`,
		"quote in an attribute's name": `<p a" b>a|</body>"`,
		"equals sign begins a name":    `<p ="x>a|</body>`,
		"blanks around the equal sign": `<p a = "</body>" b>a|</body>`,
		"in a frame's document":        `<iframe srcdoc="<body></body>"></body></iframe>a|</body>`,
		"behind plaintext":             "<plaintext></body>",
		"has it":                       `<script src="/own.js"></script></body>`,
		"has it, other order":          `<script async src='/own.js?v=1'></script>a</body>`,
		"speaks of it":                 `<script>"/own.js"</script><a href="/own.js">a|</body>`,
		"UTF-16":                       "\xff\xfe<\x00/\x00b</body>",
		"Latin-1":                      "\xe4\xf6|</body>",
		"empty":                        "",
	} {
		plain := strings.Replace(page, "|", "", 1)
		want := strings.Replace(page, "|", mark, 1)
		for how, cut := range map[string]io.Reader{
			"whole": strings.NewReader(plain), "bytes": iotest.OneByteReader(strings.NewReader(plain)),
			"with its end": iotest.DataErrReader(strings.NewReader(plain)),
		} {
			if got, err := through(cut, false); got != want || err != nil {
				t.Errorf("%s, %s: got %q, %v; want %q", name, how, got, err, want)
			}
		}
	}
}

func TestP6_XHTMLStaysWellFormed(t *testing.T) {
	for name, page := range map[string]string{
		"before the end of the body": `<?xml version="1.0"?><html><body>a|</body></html>`,
		"nothing behind the root":    "<html></html>",
		"in a section of characters": "<body><![CDATA[</body>]] >]]>a|</body>",
		"a script that is empty":     `<script src="a"/>a|</body>`,
		"a title that is empty":      "<title/>a|</body>",
		"names in capitals":          "</BODY>a|</body>",
	} {
		plain := strings.Replace(page, "|", "", 1)
		if got, _ := through(strings.NewReader(plain), true); got != strings.Replace(page, "|", mark, 1) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestP6_StreamStillStreams: what was written can be read before more is written.
func TestP6_StreamStillStreams(t *testing.T) {
	pr, pw := io.Pipe()
	r := NewReader(pr, Tag{HTML: mark})
	for _, step := range []struct{ write, read string }{
		{"<p>one</p>", "<p>one</p>"}, {"two <b", "two <b"}, {">", ">"}, {"three <", "three "}, {"/p>", "</p>"},
		{"x</bod", "x"}, {"ice>", "</bodice>"}, {"</body>", mark + "</body>"}, {"</body", "</body"},
	} {
		go io.WriteString(pw, step.write)
		buf := make([]byte, 64)
		got := ""
		for len(got) < len(step.read) {
			n, err := r.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			got += string(buf[:n])
		}
		if got != step.read {
			t.Fatalf("behind %q: got %q, want %q", step.write, got, step.read)
		}
	}
}

// TestP6_PageThatBreaksOffGetsNoScript: the error comes through, behind all that came.
func TestP6_PageThatBreaksOffGetsNoScript(t *testing.T) {
	broken := errors.New("broken")
	got, err := through(io.MultiReader(strings.NewReader("<p>a</bo"), iotest.ErrReader(broken)), false)
	if got != "<p>a</bo" || err != broken {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestP6_GreatPageIsNotKept: 200 MB in bounded memory.
func TestP6_GreatPageIsNotKept(t *testing.T) {
	const size = 200 << 20
	line := []byte("<p class=\"a\">text that goes on</p><!-- x -->\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := NewReader(io.LimitReader(&endless{line: line}, size), Tag{HTML: mark})
	buf, total, most := make([]byte, 32<<10), 0, uint64(0)
	for {
		n, err := r.Read(buf)
		total += n
		if err != nil {
			break
		}
		if total%(16<<20) < n {
			runtime.ReadMemStats(&after)
			most = max(most, after.HeapInuse)
		}
	}
	if total < size || total > size+len(mark) {
		t.Errorf("%d bytes came", total)
	}
	if grown := int64(most) - int64(before.HeapInuse); grown > 16<<20 {
		t.Errorf("it took %d bytes of memory", grown)
	}
}

type endless struct {
	line []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		c := copy(p[n:], e.line[e.at:])
		n, e.at = n+c, (e.at+c)%len(e.line)
	}
	return len(p), nil
}

// FuzzInject: the output without the tag is the input, and is the same however the page
// is cut.
func FuzzInject(f *testing.F) {
	for _, page := range []string{
		"<html><body>a</body></html>", "<script><!-- <script> </script> --></script></bo", "<!--></body", "<p a='</body>' b=c>",
		"<template></body></template></body>", "<textarea></body>", "<![CDATA[</body>]]>", "</BODY\n", "<plaintext></body>", "<<//</body/>",
	} {
		f.Add([]byte(page), uint8(3), false)
	}
	f.Fuzz(func(t *testing.T, page []byte, cut uint8, xml bool) {
		if bytes.Contains(page, []byte(mark)) {
			return
		}
		whole, err := through(bytes.NewReader(page), xml)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(whole, mark) > 1 || strings.Replace(whole, mark, "", 1) != string(page) {
			t.Fatalf("%q became %q", page, whole)
		}
		if at := strings.Index(whole, mark); at >= 0 && at < len(page) && !strings.HasPrefix(strings.ToLower(whole[at+len(mark):]), "</body") {
			t.Fatalf("the script stands before %q", whole[at+len(mark):])
		}
		pieces, _ := through(&cutReader{page, int(cut%16) + 1}, xml)
		if pieces != whole {
			t.Fatalf("cut by %d: %q, whole: %q", cut%16+1, pieces, whole)
		}
	})
}

type cutReader struct {
	rest []byte
	size int
}

func (c *cutReader) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.size)], c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func TestP5_Allowed(t *testing.T) {
	for _, c := range []struct {
		policies string // headers, separated by |
		nonce    string
		ok       bool
	}{
		{"", "", true},
		{"default-src 'self'", "", true},
		{"img-src x", "", true},
		{"script-src 'self'; connect-src 'self'", "", true},
		{"SCRIPT-SRC 'SELF'", "", true},
		{"default-src 'none'", "", false},
		{"default-src 'none'; script-src 'self'", "", true}, // a worker listens
		{"default-src 'none'; script-src 'self'; worker-src 'none'", "", false},
		{"script-src 'nonce-AbC='; object-src 'none'", "AbC=", true},
		{"script-src 'self' 'nonce-abc'", "", true},
		{"script-src 'self' 'strict-dynamic' 'nonce-abc'", "abc", true},
		{"script-src 'self' 'strict-dynamic' 'sha256-x'", "", false},
		{"script-src-elem 'none'; script-src 'self'", "", false},
		{"script-src https://cdn.example", "", false},
		{"script-src *", "", true},
		{"script-src 'self'; script-src 'none'", "", true},
		{"script-src 'self'|script-src 'nonce-abc'", "abc", true},
		{"script-src 'nonce-xyz', script-src 'nonce-abc'", "", false},
		{"script-src 'nonce-abc' 'self'|default-src 'none'", "", false},
		{"sandbox; script-src 'self'", "", false},
		{"sandbox allow-scripts", "", true},
		{"script-src 'nonce-'", "", false},
		{";;,;", "", true},
	} {
		nonce, ok := Allowed(strings.Split(c.policies, "|"))
		if nonce != c.nonce || ok != c.ok {
			t.Errorf("%s: nonce %q, %v; want %q, %v", c.policies, nonce, ok, c.nonce, c.ok)
		}
	}
}
