package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
)

// ScriptPath is where [ServeScript] is expected; it begins the address in [Script.Tag].
const ScriptPath = "/__watcher/client.js"

//go:embed client.js
var clientSource string

//go:embed style.css
var styleSource string

//go:embed overlay.css
var overlaySource string

var (
	// code is the script without what a browser need not read.
	code = joint.ReplaceAllString(blank.ReplaceAllString(comment.ReplaceAllString(clientSource, ""), "\n"), "$1$2$3$4$5$6")
	// client is the script as it is sent, with its style.
	client = strings.Replace(code, "{{style}}", strings.Join(strings.Fields(overlaySource+styleSource), " "), 1)

	comment = regexp.MustCompile(`(?:^|\s)// .*|/\*\*(?s:.*?)\*/ ?`)
	blank   = regexp.MustCompile(`\s*\n\s*`) // between lines, and before them
	// joint is where a blank says nothing; no text of the script has any of these.
	joint = regexp.MustCompile(`([;(])\n|\n([})])| (=>|[!=]==|=|&&|\|\||\?\??|:|\+) | ?([{,])[ \n]?| (})|\b(if) `)
)

// version tells scripts apart for a worker that outlives its front.
var version = func() string {
	sum := sha256.Sum256([]byte(client))
	return hex.EncodeToString(sum[:4])
}()

// ServeScript sends the client script.
func ServeScript(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(client)) // an error is the client's leaving
}

// Script is one use of the client script in a page.
type Script struct {
	Seen  Seen
	Nonce string // of the page's policy; "" for none
	Post  bool   // the page answers a form: loading it again would send that again

	page  *string // of our own page about what stands instead of the app: the problem's id
	links bool    // the page has links to an editor
}

// Tag is the element for the page, well-formed also as XML.
func (s Script) Tag() string {
	var more strings.Builder
	if s.Nonce != "" {
		fmt.Fprintf(&more, ` nonce="%s"`, html.EscapeString(s.Nonce))
	}
	if s.Post {
		more.WriteString(` data-post="1"`)
	}
	if s.page != nil {
		fmt.Fprintf(&more, ` data-page="%s"`, html.EscapeString(*s.page))
	}
	if s.links {
		more.WriteString(` data-links=""`)
	}
	return fmt.Sprintf(`<script async="" src="%s?v=%s" data-seen="%s %d %d %d"%s></script>`, ScriptPath, version,
		html.EscapeString(s.Seen.Run), s.Seen.Generation, s.Seen.Refreshes, s.Seen.Styles, more.String())
}
