package proxy

import (
	"testing"
	"time"
)

func TestAdmit(t *testing.T) {
	const longest = 30 * time.Second
	fresh := &Config{Hold: true, HoldTimeout: 10 * time.Second}
	stale := &Config{Hold: false, HoldTimeout: 10 * time.Second}
	target := View{Generation: 1, Pending: 5, Settled: 4}
	none := View{Pending: 5, Settled: 4}
	waiting := View{Pending: 5, Settled: 5, Waiting: true}
	broken := View{Pending: 5, Settled: 5}
	stopping := View{Generation: 1, Pending: 5, Settled: 5, Stopping: true}
	paused := View{Generation: 1, Pending: 5, Settled: 4, Paused: true}
	pausedNone := View{Pending: 5, Settled: 4, Paused: true}
	pausedCrash := View{Pending: 5, Settled: 4, Paused: true, Waiting: true}

	for _, c := range []struct {
		name string
		view View
		cfg  *Config
		arrival
		want decision
	}{
		{"settled, target", target, fresh, arrival{pending: 4}, pass},
		{"came long before", target, fresh, arrival{pending: 0}, pass},
		{"came after the save", target, fresh, arrival{pending: 5}, hold},
		{"just before the limit", target, fresh, arrival{pending: 5, waited: 10*time.Second - 1}, hold},
		{"at the limit", target, fresh, arrival{pending: 5, waited: 10 * time.Second}, passPending},
		{"no room, target", target, fresh, arrival{pending: 5, crowded: true}, passPending},
		{"settled, whatever the room", target, fresh, arrival{pending: 4, crowded: true}, pass},
		{"not fresh", target, stale, arrival{pending: 5}, pass},
		{"not fresh, waited", target, stale, arrival{pending: 5, waited: time.Minute}, pass},

		{"refused connection, settled", target, fresh, arrival{pending: 4, unreachable: true}, hold},
		{"refused connection, not fresh", target, stale, arrival{pending: 5, unreachable: true}, hold},
		{"refused connection, past the hold limit", target, fresh, arrival{pending: 4, unreachable: true, waited: 11 * time.Second}, hold},
		{"refused connection, at the longest limit", target, fresh, arrival{pending: 4, unreachable: true, waited: longest}, refuse},
		{"refused connection, no room", target, fresh, arrival{pending: 4, unreachable: true, crowded: true}, refuse},

		{"no target, a save under way", none, fresh, arrival{pending: 5}, hold},
		{"no target, a save under way, not fresh", none, stale, arrival{pending: 5}, hold},
		{"no target, came before the save", none, fresh, arrival{pending: 4}, refuse},
		{"no target, one comes", waiting, fresh, arrival{pending: 5}, hold},
		{"no target, one comes, not fresh", waiting, stale, arrival{pending: 5}, hold},
		{"no target, past the hold limit", waiting, fresh, arrival{pending: 5, waited: 11 * time.Second}, hold},
		{"no target, at the longest limit", waiting, fresh, arrival{pending: 5, waited: longest}, refuse},
		{"no target, no room", waiting, fresh, arrival{pending: 5, crowded: true}, refuse},
		{"no target, none comes", broken, fresh, arrival{pending: 5}, refuse},
		{"no target, none comes, not fresh", broken, stale, arrival{pending: 5}, refuse},

		{"paused, came after the save", paused, fresh, arrival{pending: 5}, passPending},
		{"paused, came before", paused, fresh, arrival{pending: 4}, pass},
		{"paused, not fresh", paused, stale, arrival{pending: 5}, pass},
		{"paused, no target", pausedNone, fresh, arrival{pending: 5}, refuse},
		{"paused, and started again after a crash", pausedCrash, fresh, arrival{pending: 5}, hold},

		{"stopping", stopping, fresh, arrival{pending: 4}, refuse},
		{"stopping, not fresh", stopping, stale, arrival{pending: 4}, refuse},
		{"stopping, unsettled", stopping, fresh, arrival{pending: 6}, refuse},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := admit(c.view, c.cfg, c.arrival, longest); got != c.want {
				t.Errorf("admit = %d, want %d", got, c.want)
			}
		})
	}
}

// A limit that is passed must be followed by another decision: otherwise enter spins.
func TestPatience(t *testing.T) {
	const s = time.Second
	for _, c := range []struct{ hold, longest, waited, want time.Duration }{
		{10 * s, 30 * s, 0, 10 * s},
		{10 * s, 30 * s, 4 * s, 6 * s},
		{10 * s, 30 * s, 10 * s, 20 * s},
		{10 * s, 30 * s, 29 * s, 1 * s},
		{60 * s, 30 * s, 0, 30 * s},
		{60 * s, 30 * s, 30 * s, 30 * s},
	} {
		if got := patience(&Config{HoldTimeout: c.hold}, c.waited, c.longest); got != c.want {
			t.Errorf("patience(hold %v, waited %v, longest %v) = %v, want %v", c.hold, c.waited, c.longest, got, c.want)
		}
	}
}
