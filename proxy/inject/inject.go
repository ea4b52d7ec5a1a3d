// Package inject puts a script into a stream of HTML: before the end tag of its body,
// or at its end. It also reads what a page's policy says of such a script.
//
// It knows bytes and headers' values. It does not know requests, or what the script does.
//
// What holds, with the tests that show it:
//
//   - the output without the tag is the input, however it is cut (FuzzInject);
//   - no byte waits for the next one unless it may belong to the end tag that is
//     looked for: six at most (TestP6_StreamStillStreams).
package inject

import (
	"io"
	"slices"
)

// Tag is what is put in.
type Tag struct {
	HTML string // the whole element
	Path string // part of its address: a page with a script from there has it already
	XML  bool   // the page is XHTML: nothing is put behind its root
}

// NewReader returns a reader of page with the tag in it. A page that does not begin like
// text of ASCII's kin, that has the script, or that ends within a script or comment is
// passed as it is. It reads page only when it is read, with buffers of the same size.
func NewReader(page io.Reader, t Tag) io.Reader {
	return &reader{page: page, tag: t, scan: scanner{xml: t.XML, path: t.Path}}
}

type reader struct {
	page  io.Reader
	tag   Tag
	scan  scanner
	begun bool
	done  bool   // the tag is in, or will never be
	whole []byte // the last piece, behind what was held before it
	ready []byte // to be handed out before anything else; often a part of whole
	held  []byte // may be the beginning of </body
	err   error  // of page, after what is ready
}

// Read hands out what is ready, then what it can make of one read of the page.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.done {
			return r.page.Read(p)
		}
		if len(p) == 0 {
			return 0, nil
		}
		n, err := r.page.Read(p)
		r.take(p[:n])
		if r.err = err; err != nil {
			r.end()
		}
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// take looks through a piece of the page, which lies in the buffer that is handed out.
func (r *reader) take(piece []byte) {
	if !r.begun && len(piece) > 0 {
		r.begun = true
		r.done = piece[0] == 0xfe || piece[0] == 0xff // UTF-16
	}
	r.whole = append(append(r.whole[:0], r.held...), piece...)
	r.held = r.held[:0]
	at := -1
	if !r.done {
		at = r.scan.look(piece)
	}
	r.done = r.done || r.scan.over
	switch {
	case at >= 0:
		r.ready = slices.Insert(r.whole, len(r.whole)-at, []byte(r.tag.HTML)...)
		r.done = true
	case r.done:
		r.ready = r.whole
	default:
		n := len(r.whole) - r.scan.suspense()
		r.ready = r.whole[:n]
		r.held = append(r.held, r.whole[n:]...)
	}
}

// end is called when no more of the page comes. One that broke off gets no tag.
func (r *reader) end() {
	r.ready = append(r.ready, r.held...)
	r.held = nil
	if r.err == io.EOF && r.begun && !r.done && r.scan.atEnd() {
		r.ready = append(r.ready, r.tag.HTML...)
	}
	r.done = true
}
