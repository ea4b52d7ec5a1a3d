package pages

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"
)

// State is all that an open page is told. Each event is a whole one, so that a page that
// was away has missed nothing.
type State struct {
	Seen
	Phase   string  `json:"phase"`
	Pending bool    `json:"pending"` // a save is not settled: requests are held
	Problem *Report `json:"problem"` // null if nothing is wrong

	Token string `json:"token"` // with which a page has a place opened in the editor, and nothing else

	Reload  bool `json:"reload"` // what the settings want of the page
	Overlay bool `json:"overlay"`
	Pill    bool `json:"pill"`
}

// Seen tells which code and files a page was made from. A page compares its own with the
// newest.
type Seen struct {
	Run        string `json:"run"`        // of the front, another one for each
	Generation int    `json:"generation"` // 0 if nothing healthy is there: then a page stays as it is
	Refreshes  uint64 `json:"refreshes"`  // files that are not code have changed so often
	Styles     uint64 `json:"styles"`     // stylesheets alone so often
}

// beat is how often a quiet stream says that it lives, so that what stands between lets
// it live.
const beat = 30 * time.Second

// Hub tells all who listen the newest state. The zero value has none yet; its methods
// may be called from any goroutine.
type Hub struct {
	// May is asked before each event whether a listener may go on to listen. nil means that
	// all may.
	May func(*http.Request) bool

	mu      sync.Mutex
	newest  []byte
	changed chan struct{} // closed with the next one; nil if nobody waits
}

// Tell makes s the newest state. It does not block.
func (h *Hub) Tell(s State) {
	text, _ := json.Marshal(s) // what stands in it can always be encoded
	h.mu.Lock()
	defer h.mu.Unlock()
	if string(text) == string(h.newest) {
		return
	}
	h.newest = text
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

func (h *Hub) now() (newest []byte, changed <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changed == nil {
		h.changed = make(chan struct{})
	}
	return h.newest, h.changed
}

// ServeHTTP is the event stream. A listener that is slow misses states, never the newest.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	quiet := time.NewTicker(beat)
	defer quiet.Stop()
	for h.May == nil || h.May(r) {
		newest, changed := h.now()
		_, err := w.Write(append(append([]byte("data: "), newest...), "\n\n"...))
		for again := false; err == nil && !again; {
			if err = http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case <-changed:
				again = true
			case <-quiet.C:
				_, err = io.WriteString(w, ":\n\n")
			case <-r.Context().Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}
