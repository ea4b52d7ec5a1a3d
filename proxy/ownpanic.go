package proxy

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/watcher-dev/watcher/proxy/pages"
)

// ownCode begins the names of our functions in a trace.
const ownCode = "github.com/watcher-dev/watcher/"

// sayOwnPanic tells of a panic of the front itself, which net/http has caught: once for each
// place, as the next request may well meet it again.
func (f *Front) sayOwnPanic(p pages.Panic) {
	at := p.Frames[0]
	for _, frame := range p.Frames {
		if strings.HasPrefix(frame.Function, ownCode) {
			at = frame
			break
		}
	}
	place := fmt.Sprintf("%s:%d", filepath.Join(filepath.Base(filepath.Dir(at.File)), filepath.Base(at.File)), at.Line)
	f.sayOnce("panic at "+place, "watcher itself has panicked, at "+place+": "+p.Message, "the request has no answer, all else goes on: please report this line")
}
