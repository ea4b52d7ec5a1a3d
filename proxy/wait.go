package proxy

import (
	"context"
	"net/http"
	"time"
)

// Result is what has become of all that was saved before a call of [Front.Wait].
type Result string

const (
	ResultServed   Result = "served"   // it answers
	ResultFailed   Result = "failed"   // its build or start failed, or no healthy process is left
	ResultPaused   Result = "paused"   // it waits for an order
	ResultStopping Result = "stopping" // watcher ends
	ResultTimeout  Result = "timeout"  // nothing of that so far
)

// Waited is the answer to a wait: the result, why, and the status with what went wrong.
// Names are stable.
type Waited struct {
	Result Result `json:"result"`
	Reason string `json:"reason,omitempty"` // one line; "" if it is served
	Waited int64  `json:"waited_ms"`
	Status
}

// Wait returns when everything that was saved before the call is served, or cannot be
// for now, at the latest when ctx is done. It waits as a request would that nothing else
// lets go, and costs the app nothing. Any goroutine may call it.
func (f *Front) Wait(ctx context.Context) Waited {
	began, newest, known := time.Now(), uint64(0), true
	if saved := f.cfg.Load().Saved; saved != nil {
		newest, known = saved(ctx)
	}
	for {
		v, changed := f.newest()
		result := ResultTimeout
		if known || v.Stopping {
			result = verdict(v.View, newest)
		}
		if result == "" {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				result = ResultTimeout
			}
		}
		w := Waited{Result: result, Waited: time.Since(began).Milliseconds(), Status: f.statusOf(v)}
		w.Reason = reason(result, v)
		return w
	}
}

func reason(result Result, v *state) string {
	report := v.report()
	switch {
	case result == ResultServed:
		return ""
	case report != nil && (result == ResultFailed || result == ResultPaused && report.Kind == "loop"):
		return report.Kind + ": " + report.Title
	case result == ResultPaused: // also if what was saved is still being looked at
		return Paused.words()
	}
	return v.Phase.words()
}

// verdict decides under one view what has become of number n; "" if that is open.
func verdict(v View, n uint64) Result {
	switch {
	case v.Stopping:
		return ResultStopping
	case v.Settled < n && v.Paused:
		return ResultPaused
	case v.Settled < n:
		return ""
	case v.Failed || v.Phase == BackOff, v.Problem != nil && v.Problem.Kind == KindSettings:
		return ResultFailed
	case v.Generation != 0:
		return ResultServed
	case v.Waiting:
		return ""
	case v.Paused:
		return ResultPaused
	}
	return ResultFailed
}

// newest returns the view that holds and a channel that is closed with the next one.
func (f *Front) newest() (*state, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.published == nil {
		f.published = make(chan struct{})
	}
	return f.now.Load(), f.published
}

// waitLimit is how long a wait takes at most if nothing else is said.
const waitLimit = time.Minute

func (f *Front) answerWait(w http.ResponseWriter, r *http.Request) {
	d, err := limit(r, "timeout", waitLimit)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), d)
	defer cancel()
	waited := f.Wait(ctx)
	status := http.StatusServiceUnavailable
	switch waited.Result {
	case ResultServed:
		status = http.StatusOK
	case ResultTimeout:
		status = http.StatusGatewayTimeout
	}
	writeJSON(w, status, waited)
}
