package main

import (
	"fmt"
	"strings"
	"time"
)

// fault is a column that must be 0.
type fault int

const (
	refused fault = iota
	reset
	foreign
	stale
	backwards
	changed
	twice
	faults
)

var faultNames = [faults]string{"refused", "reset", "not the app's", "stale", "backwards", "changed", "twice"}

// table has a line for each kind. The times are until the whole answer is there, and
// for a stream without end until its first message.
func (l *load) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s %7s %7s", "", "sent", "ok")
	for _, name := range faultNames {
		fmt.Fprintf(&b, " %*s", len(name), name)
	}
	fmt.Fprintf(&b, " %9s %9s %9s\n", "p50", "p99", "max")
	for _, t := range l.tallies {
		fmt.Fprintf(&b, "%-22s %7d %7d", t.name, t.sent, t.ok)
		for f, name := range faultNames {
			fmt.Fprintf(&b, " %*d", len(name), t.faults[f])
		}
		for _, part := range []float64{0.5, 0.99, 1} {
			fmt.Fprintf(&b, " %9v", t.took.At(part).Round(100*time.Microsecond))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
