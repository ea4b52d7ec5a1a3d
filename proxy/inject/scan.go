package inject

import (
	"bytes"
	"slices"
	"strings"
)

// scanner follows a page as browsers read it (HTML standard, 13.2.5), as far as that
// decides whether "</body" is an end tag or a text that looks like one.
type scanner struct {
	xml  bool
	path string // of a script that the page may have
	over bool   // it has it, or the rest is no HTML

	mode    mode
	since   int    // bytes of the tag under way, from its "<" on
	closing bool   // it is an end tag
	name    []byte // its name, as far as it has come and matters
	attr    attr
	quote   byte   // of the value under way
	tag     []byte // text of a script's start tag, as far as it matters

	window  []byte // the bytes read last, in lower case, in a comment or raw text
	raw     string // the element whose text is under way
	escaped bool   // script: behind "<!--"
	double  bool   // script: behind "<script" in that
	inert   int    // templates that are open
}

type mode uint8

const (
	text       mode = iota
	opening         // behind "<"
	ending          // behind "</"
	naming          // in the name of a tag
	attributes      // in a tag, behind its name
	markup          // behind "<!"
	bogus           // in what ends with the next ">"
	comment
	cdata
	rawText // in an element that has no tags but its end
)

// attr is where in its attributes a tag is.
type attr uint8

const (
	between attr = iota
	attrName
	behindName
	value // behind "="
	unquoted
	quoted
)

const (
	maxName   = 16   // longer than any name that matters
	maxTag    = 1024 // of a script's start tag: more than its address
	maxWindow = 16   // longer than any end that is looked for
)

// rawElements have text in which tags are not read. (noscript is one as long as scripts run.)
var rawElements = []string{"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript"}

// look goes over p. It returns how far before the end of p and of all that came before
// it the end tag of the body begins, or -1; then it is not asked again.
func (s *scanner) look(p []byte) int {
	for i := 0; i < len(p) && !s.over; i++ {
		if s.mode == text { // most of a page
			n := bytes.IndexByte(p[i:], '<')
			if n < 0 {
				break
			}
			i += n
		}
		s.since++
		if s.step(p[i]) {
			return s.since + len(p) - i - 1
		}
	}
	return -1
}

// suspense is how many of the bytes read last may be the beginning of the body's end tag.
func (s *scanner) suspense() int {
	if s.mode == opening || s.mode == ending ||
		s.mode == naming && s.closing && s.inert == 0 && strings.HasPrefix("body", string(s.name)) {
		return s.since
	}
	return 0
}

// atEnd reports whether a tag would be read as one if the page ended here.
func (s *scanner) atEnd() bool { return s.mode == text && s.inert == 0 && !s.xml }

// step takes one byte; true means that it ends the name of the body's end tag.
func (s *scanner) step(c byte) bool {
	switch s.mode {
	case text:
		s.mode, s.since = opening, 1
	case opening:
		s.open(c)
	case ending:
		s.closing = true
		s.begin(c, bogus)
	case naming:
		return s.nameOn(c)
	case attributes:
		s.attribute(c)
	case markup:
		s.markup(c)
	case bogus:
		if c == '>' {
			s.mode = text
		}
	case comment:
		if c == '>' && s.commentEnds() {
			s.mode = text
		}
		s.remember(c)
	case cdata:
		if c == '>' && s.behind("]]") {
			s.mode = text
		}
		s.remember(c)
	case rawText:
		s.rawOn(c)
	}
	return false
}

func (s *scanner) open(c byte) {
	s.closing = false
	switch c {
	case '/':
		s.mode = ending
	case '!':
		s.mode, s.window = markup, s.window[:0]
	case '?':
		s.mode = bogus
	case '<':
		s.since = 1
	default:
		s.begin(c, text)
	}
}

// begin begins a tag if c is a letter.
func (s *scanner) begin(c byte, other mode) {
	switch {
	case 'a' <= lower(c) && lower(c) <= 'z':
		s.mode, s.name, s.tag = naming, append(s.name[:0], s.fold(c)), s.tag[:0]
	case c == '>':
		s.mode = text
	default:
		s.mode = other
	}
}

func (s *scanner) nameOn(c byte) (found bool) {
	if !delimits(c) {
		if len(s.name) < maxName {
			s.name = append(s.name, s.fold(c))
		}
		return false
	}
	if s.closing && s.inert == 0 && string(s.name) == "body" {
		return true
	}
	s.mode, s.attr = attributes, between
	s.attribute(c)
	return false
}

// attribute follows a tag behind its name: a ">" in a quoted value does not end it.
func (s *scanner) attribute(c byte) {
	if c == '>' && s.attr != quoted {
		s.endTag()
		return
	}
	if !s.closing && len(s.tag) < maxTag && string(s.name) == "script" {
		s.tag = append(s.tag, c)
	}
	blank := c != '/' && delimits(c)
	switch s.attr {
	case between:
		if !delimits(c) {
			s.attr = attrName // also "=", as the first byte of a name
		}
	case attrName, behindName:
		switch {
		case c == '=':
			s.attr = value
		case c == '/':
			s.attr = between
		case blank:
			s.attr = behindName
		default:
			s.attr = attrName
		}
	case value:
		switch {
		case c == '"' || c == '\'':
			s.attr, s.quote = quoted, c
		case !blank:
			s.attr = unquoted
		}
	case unquoted:
		if blank {
			s.attr = between
		}
	case quoted:
		if c == s.quote {
			s.attr = between
		}
	}
}

func (s *scanner) endTag() {
	s.mode = text
	name := string(s.name)
	switch {
	case name == "template" && s.closing:
		s.inert = max(0, s.inert-1)
	case name == "template":
		s.inert++
	case s.closing:
	case name == "plaintext" && !s.xml, name == "script" && s.path != "" && bytes.Contains(s.tag, []byte(s.path)):
		s.over = true
	case s.xml && name == "script" && bytes.HasSuffix(s.tag, []byte("/")):
	case slices.Contains(rawElements, name) && (!s.xml || name == "script" || name == "style"):
		s.mode, s.raw, s.window = rawText, name, s.window[:0]
		s.escaped, s.double = false, false
	}
}

func (s *scanner) markup(c byte) {
	s.remember(c)
	switch w := string(s.window); {
	case w == "--":
		s.mode, s.since = comment, 0
	case s.xml && w == "[cdata[":
		s.mode = cdata
	case w != "-" && !(s.xml && strings.HasPrefix("[cdata[", w)):
		s.mode = bogus
		if c == '>' {
			s.mode = text
		}
	}
}

// commentEnds reports whether a ">" ends the comment. "<!-->" and "<!--->" are whole.
func (s *scanner) commentEnds() bool {
	return s.behind("--") || !s.xml && s.since > 3 && s.behind("--!")
}

// rawOn follows the text of an element up to its end tag. In a script "<!--" and
// "<script" behind it hide an end tag each.
func (s *scanner) rawOn(c byte) {
	switch {
	case delimits(c) && s.behind("</"+s.raw):
		if !s.double {
			s.mode, s.attr, s.closing = attributes, between, true
			s.attribute(c)
			return
		}
		s.double = false
	case delimits(c) && s.escaped && s.behind("<script"):
		s.double = true
	case c == '-' && s.raw == "script" && s.behind("<!-"):
		s.escaped = true
	case c == '>' && s.behind("--"):
		s.escaped, s.double = false, false
	}
	s.remember(c)
}

// remember keeps the last bytes, for behind.
func (s *scanner) remember(c byte) {
	if len(s.window) == 4*maxWindow {
		s.window = append(s.window[:0], s.window[3*maxWindow:]...)
	}
	s.window = append(s.window, lower(c))
}

// behind reports whether the bytes before this one are end.
func (s *scanner) behind(end string) bool {
	return len(s.window) >= len(end) && string(s.window[len(s.window)-len(end):]) == end
}

// fold is a byte of a name as it is compared: XML tells case apart.
func (s *scanner) fold(c byte) byte {
	if s.xml {
		return c
	}
	return lower(c)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// delimits reports whether a byte ends the name of a tag.
func delimits(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\f', '\r', '/', '>':
		return true
	}
	return false
}
