//go:build unix

package runner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRule14_MovedListeners: which of those that a process tells of counts, and that
// each is told in its order.
func TestRule14_MovedListeners(t *testing.T) {
	t.Parallel()
	for gen, c := range []struct {
		name, moved  string
		told, likely int
		asked        int
		tls          bool
	}{
		{"the only one", "8080 http", 0, 0, 8080, false},
		{"the expected one, though it does not answer", "6060 http, 8080 mute", 0, 8080, 8080, false},
		{"the one of [run] port", "6060 http, 8080 http", 8080, 6060, 8080, false},
		{"the first that answers HTTP", "7070 mute, 8443 tls, 6060 http, 8080 http", 0, 9999, 6060, false},
		{"TLS where none answers HTTP", "7070 mute, 8443 tls", 0, 0, 8443, true},
		{"none, as the app takes PORT", "", 0, 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := start(t, newRunner(t), gen, "serve moved", func(s *Spec) {
				s.Beacon, s.Port, s.Likely = true, c.told, c.likely
				s.Env = append(s.Env, "MOVED="+c.moved)
			})
			ready, told := readyAndTold(a, strings.Count(c.moved, " ")/2+min(len(c.moved), 1))
			if ready.Asked != c.asked || ready.TLS != c.tls || ready.OwnPort {
				t.Errorf("%+v", ready)
			}
			var asked []string
			for _, l := range told {
				asked = append(asked, fmt.Sprint(l.Asked))
				if l.Asked == ready.Asked && l.Upstream != ready.Upstream {
					t.Errorf("ready at %s, told %s", ready.Upstream, l.Upstream)
				}
			}
			if want := regexp.MustCompile(`\d+`).FindAllString(c.moved, -1); !slices.Equal(asked, want) {
				t.Errorf("told %s, want %s", asked, want)
			}
		})
	}
}

// TestRule14_FurtherPortsAreAwaited: a process that is ready has a moment for what the one before it had.
func TestRule14_FurtherPortsAreAwaited(t *testing.T) {
	t.Parallel()
	for gen, further := range [][]int{{6060}, {6060, 9999}} { // the last never comes
		a := start(t, newRunner(t), gen, "serve moved", func(s *Spec) {
			s.Beacon, s.Likely, s.Further = true, 8080, further
			s.Env = append(s.Env, "MOVED=8080 http, 6060 late")
		})
		for _, asked := range []int{8080, 6060} {
			if told := next[Listening](a); told.Asked != asked {
				t.Errorf("%v: told %+v, want %d", further, told, asked)
			}
		}
		if ready := next[Ready](a); ready.Asked != 8080 {
			t.Errorf("%v: %+v", further, ready)
		}
	}
}

// readyAndTold takes Ready and n times Listening, in whatever order.
func readyAndTold(a *app, n int) (ready Ready, told []Listening) {
	a.t.Helper()
	for range n + 1 {
		switch e := (<-a.events).(type) {
		case Ready:
			ready = e
		case Listening:
			told = append(told, e)
		default:
			a.t.Fatalf("%T%+v", e, e)
		}
	}
	return ready, told
}
