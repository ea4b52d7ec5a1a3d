package proxy

import "time"

// Status is what programs are told. Names are stable.
type Status struct {
	State      Phase     `json:"state"`
	Generation int       `json:"generation"` // 0 means that nothing healthy is there
	PID        int       `json:"pid"`
	Upstream   string    `json:"upstream"`
	Pending    uint64    `json:"pending"`
	Settled    uint64    `json:"settled"`
	Held       int       `json:"held"`
	HeldFor    int64     `json:"held_ms"`   // the longest of those held now, in milliseconds
	InFlight   int64     `json:"in_flight"` // on the target and on those that drain
	Failed     bool      `json:"failed"`    // the newest command of a rule, build or start
	Paused     bool      `json:"paused"`    // what is saved waits for an order
	LastError  *Problem  `json:"last_error"`
	Processes  []Process `json:"processes"`
	Panic      *Panic    `json:"panic,omitempty"` // the last one in a handler of this generation
}

// Status returns what is the case now. Any goroutine may call it.
func (f *Front) Status() Status { return f.statusOf(f.now.Load()) }

// statusOf tells of one view, and of the requests there are now.
func (f *Front) statusOf(v *state) Status {
	report := v.report()
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Status{
		State: v.Phase, Generation: v.Generation, PID: v.PID, Upstream: v.Upstream,
		Pending: v.Pending, Settled: v.Settled, Held: f.held.Len(), Failed: v.Failed, Paused: v.Paused,
		Panic: f.panics.last(v.Generation), Processes: []Process{},
	}
	if report != nil {
		s.LastError = &report.Problem
	}
	if v.Processes != nil {
		s.Processes = *v.Processes
	}
	for e := f.held.Front(); e != nil; e = e.Next() { // not in the order of their first hold
		s.HeldFor = max(s.HeldFor, time.Since(e.Value.(*waiter).began).Milliseconds())
	}
	for _, g := range f.generations {
		s.InFlight += g.inFlight.Load()
	}
	return s
}
