package running

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/watcher-dev/watcher/proxy"
)

// answerLimit is how long a front may take to answer at once. It never waits for the app.
const answerLimit = 5 * time.Second

// Status asks what is the case.
func (i Instance) Status(ctx context.Context) (proxy.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return ask[proxy.Status](ctx, i, http.MethodGet, "status", nil)
}

// Wait returns when all that was saved before the call is served or has failed, after limit
// at the latest.
func (i Instance) Wait(ctx context.Context, limit time.Duration) (proxy.Waited, error) {
	ctx, cancel := context.WithTimeout(ctx, limit+answerLimit)
	defer cancel()
	return ask[proxy.Waited](ctx, i, http.MethodGet, "wait", url.Values{"timeout": {limit.String()}})
}

// Pause keeps back what is saved from now on, for at most limit.
func (i Instance) Pause(ctx context.Context, limit time.Duration) (proxy.Status, error) {
	return ask[proxy.Status](ctx, i, http.MethodPost, "pause", url.Values{"limit": {limit.String()}})
}

// Resume ends a pause.
func (i Instance) Resume(ctx context.Context) (proxy.Status, error) {
	return ask[proxy.Status](ctx, i, http.MethodPost, "resume", nil)
}

// direct never goes by a proxy: a front is on this machine.
var direct = &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}

// ask sends one request below the reserved paths and reads the answer. One that is no JSON
// says what is wrong.
func ask[T any](ctx context.Context, i Instance, method, what string, query url.Values) (v T, err error) {
	r, err := http.NewRequestWithContext(ctx, method, i.URL+proxy.API+what+"?"+query.Encode(), nil)
	if err != nil {
		return v, err
	}
	r.Header.Set(proxy.TokenHeader, i.Token)
	answer, err := direct.Do(r)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(answer.Body)
		answer.Body.Close()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return v, fmt.Errorf("watcher (pid %d) at %s does not answer: see what it is at, or end it", i.PID, i.URL)
	case err != nil:
		return v, fmt.Errorf("watcher (pid %d) at %s has ended meanwhile: start it again", i.PID, i.URL)
	case json.Unmarshal(text, &v) != nil:
		return v, fmt.Errorf("watcher (pid %d): %.200s", i.PID, strings.TrimSpace(string(text)))
	}
	return v, nil
}
