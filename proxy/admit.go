package proxy

import "time"

// defaultHoldTimeout is how long a request waits for new code while older code could
// answer: longer than most builds, shorter than most people's patience (rule 20).
const defaultHoldTimeout = 10 * time.Second

// limits bound what the front holds, and waits for.
type limits struct {
	longest time.Duration // without a healthy target, counted from the first hold of a request
	held    int           // requests at the same time
	source  time.Duration // that an answer of our own waits for the source around a mistake
}

// defaultLimits: 30 s is where browsers and load balancers begin to give up by
// themselves, and 1,000 waiting connections cost some 20 MB (rule 20). Source is read within
// milliseconds, but for a file that hangs.
var defaultLimits = limits{longest: 30 * time.Second, held: 1000, source: time.Second}

// decision is what becomes of a request.
type decision uint8

const (
	hold        decision = iota // wait for another view
	pass                        // the target answers
	passPending                 // the target answers, marked as older than the newest save
	refuse                      // an error page, at once
	leave                       // nobody is there to answer to
)

// arrival is all that [admit] knows of a request.
type arrival struct {
	pending     uint64        // View.Pending when it arrived
	waited      time.Duration // how long it has been held so far
	crowded     bool          // there is no room to hold it
	unreachable bool          // the target of this very view refused its connection
	own         bool          // it comes from a process of ours, which it would wait for
}

// admit decides about one request under one view. Two things let a request wait:
// code that it must not miss, and a target that is about to come. A target that
// refuses connections has crashed and the next view will say so: until then it
// counts as none.
func admit(v View, cfg *Config, a arrival, longest time.Duration) decision {
	settled := a.pending <= v.Settled
	switch {
	case v.Stopping:
		return refuse
	case v.Generation != 0 && !a.unreachable:
		if settled || !cfg.Hold {
			return pass
		}
		if v.Paused || a.own || a.crowded || a.waited >= cfg.HoldTimeout {
			return passPending
		}
		return hold
	}
	coming := v.Waiting || !settled && !v.Paused || a.unreachable
	if !coming || a.own || a.crowded || a.waited >= longest {
		return refuse
	}
	return hold
}

// debugged reports whether limits do not count.
func (c *Config) debugged() bool { return c.Debugged != nil && c.Debugged() }

// patience is the time until the next limit at which [admit] may decide otherwise
// about a request that has been held for waited.
func patience(cfg *Config, waited, longest time.Duration) time.Duration {
	next := max(cfg.HoldTimeout, longest)
	if sooner := min(cfg.HoldTimeout, longest); sooner > waited {
		next = sooner
	}
	return next - waited
}
