package proxy

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/watcher-dev/watcher/proxy/pages"
)

// A browser keeps copies of what a page is made of. An answer that does not say for how
// long is taken for fresh for a tenth of its age, or for ever; nobody asks us meanwhile. And
// a copy that is asked about is named by a time in whole seconds, which an app compares by
// "not newer": a second save within the second, or an older file put in its place, is
// answered with "not modified". So the front says that a copy is to be asked about, and
// names it by what it was made from (rule 27).

// lifetimes are the words of Cache-Control by which an app itself says how long a copy may
// be used.
var lifetimes = []string{"max-age", "no-cache", "no-store", "immutable"}

// nameCopy says in an answer to a GET or HEAD what is to become of a copy of it.
func (x *exchange) nameCopy(code int) {
	if x.cfg.Browser == (Browser{}) || x.request.Method != http.MethodGet && x.request.Method != http.MethodHead {
		return
	}
	h := x.Header()
	timed := h.Get("Last-Modified") != ""
	if (timed || isPermanent(code)) && !hasLifetime(h) {
		h.Add("Cache-Control", "no-cache")
	}
	if timed && h.Get("ETag") == "" && (code == http.StatusOK || code == http.StatusNotModified) {
		h.Set("ETag", copyTag(x.seen))
	}
}

// isPermanent reports whether browsers keep an answer for ever that says nothing else.
func isPermanent(code int) bool {
	switch code {
	case http.StatusMultipleChoices, http.StatusMovedPermanently, http.StatusPermanentRedirect, http.StatusGone:
		return true
	}
	return false
}

func hasLifetime(h http.Header) bool {
	said := strings.ToLower(strings.Join(h.Values("Cache-Control"), ","))
	for _, word := range lifetimes {
		if strings.Contains(said, word) {
			return true
		}
	}
	return h.Get("Expires") != ""
}

// copyTag names a copy of an answer that the app gave no name.
func copyTag(s pages.Seen) string {
	return fmt.Sprintf("%s%s-%d-%d-%d\"", copyTagPrefix, s.Run, s.Generation, s.Refreshes, s.Styles)
}

const copyTagPrefix = `W/"watcher-`

// askAboutCopy makes of a question about a copy that we have named one that the app
// understands: by its time if nothing was saved since it was made, else for a whole answer.
// Other questions are the app's own business. It is called again for a further attempt.
func (x *exchange) askAboutCopy(r *http.Request) {
	if tag := r.Header.Get("If-None-Match"); strings.HasPrefix(tag, copyTagPrefix) {
		x.copy = tag
		r.Header.Del("If-None-Match")
	}
	if x.copy != "" && x.copy != copyTag(x.seen) {
		r.Header.Del("If-Modified-Since")
	}
}
