package loop

import (
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// event is what step takes: those of the parts as they are, and the loop's own below.
type event any

type (
	begun     struct{}                 // the first one: build and start
	watched   struct{ watcher.Event }  // Pending, Batch, Unchanged, Synced, Trouble
	built     struct{ builder.Result } // the running build ended
	generated struct {                 // a rule's command ended
		id int
		builder.Result
	}
	ran          struct{ runner.Event }  // Waiting, Listening, Ready, Failed, Fixed, Unresponsive, Exited
	drained      struct{ proxy.Drained } // a generation has no request any more
	proofOver    struct{ gen int }       // a second has passed since the swap to gen
	retryDue     struct{ id int }        // a back-off is over
	loaded       struct{ Reloaded }      // the settings file was read
	restartOrder struct{}                // a key or signal asks for a restart
	stopOrder    struct{}                // the first: orderly; the second: at once
	pauseOver    struct{ id int }        // the limit of a pause
	overdue      struct{ gen int }       // the time of a candidate for which something newer waits
	pauseOrder   struct {                // what is saved from now on waits
		limit time.Duration
		holds chan<- bool
	}
	resumeOrder struct{ holds chan<- bool }
	attended    struct{} // somebody waits for what was saved
)

// effect is what step asks for, to be done in order, after the view was published.
type effect any

type (
	startBuild struct {
		keep    []string
		running string
		beacon  bool
	}
	killBuild    struct{}
	startCommand struct {
		id    int
		name  string
		files []string
	}
	killCommand  struct{ id int }
	syncWatcher  struct{ id int }
	startProcess struct {
		gen     int
		binary  string
		beacon  bool
		further []int // own ports of the one before, where people look for the next
	}
	stopProcess struct {
		gen   int
		limit time.Duration
	}
	killProcess   struct{ gen int }
	signalProcess struct {
		gen  int
		name string
	}
	drain struct {
		gen   int
		limit time.Duration
	}
	after struct {
		delay time.Duration
		event event
	}
	loadSettings struct{}
	answer       struct { // to who gave an order
		to    chan<- bool // with room for it
		holds bool
	}
	say  struct{ terminal.Event }
	quit struct{}
)
