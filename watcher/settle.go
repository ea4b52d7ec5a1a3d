package watcher

import "time"

// The waits of settle. The first is what every ordinary save pays, so it is as
// short as editors allow: they write a file in pieces a few milliseconds apart.
const (
	settleOne   = 10 * time.Millisecond  // quiet after one file
	settleEach  = time.Millisecond       // more of it for each further file
	settleMost  = 200 * time.Millisecond // but not more than this
	settleBlank = 200 * time.Millisecond // quiet after a file lost all that was in it
	settleLock  = 20 * time.Millisecond  // between two looks at git's lock
	settleLimit = 2 * time.Second        // after the first sign, whatever happens
)

// burst is what settle knows of the saves that belong to one number.
type burst struct {
	first, last time.Time // of the signs
	files       int
	locked      bool // git is at work: more is to come
	blank       bool // a file that had content is empty: an editor may be about to write it
}

// settle says whether a burst is over at the time now and, if not, how long to
// wait before asking again. It is over at the latest two seconds after its first
// sign (rule 1).
func settle(b burst, now time.Time) (done bool, wait time.Duration) {
	quiet := min(settleOne+time.Duration(max(b.files-1, 0))*settleEach, settleMost)
	if b.blank {
		quiet = max(quiet, settleBlank)
	}
	wait = b.last.Add(quiet).Sub(now)
	if b.locked {
		wait = max(wait, settleLock)
	}
	wait = min(wait, b.first.Add(settleLimit).Sub(now))
	return wait <= 0, max(wait, 0)
}
