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
func (i Instance) Status(ctx context.Context) (s proxy.Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return s, i.ask(ctx, http.MethodGet, "status", nil, &s)
}

// Wait returns when all that was saved before the call is served or has failed, after limit
// at the latest.
func (i Instance) Wait(ctx context.Context, limit time.Duration) (w proxy.Waited, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit+answerLimit)
	defer cancel()
	return w, i.ask(ctx, http.MethodGet, "wait", url.Values{"timeout": {limit.String()}}, &w)
}

// Pause keeps back what is saved from now on, for at most limit.
func (i Instance) Pause(ctx context.Context, limit time.Duration) (s proxy.Status, err error) {
	return s, i.ask(ctx, http.MethodPost, "pause", url.Values{"limit": {limit.String()}}, &s)
}

// Resume ends a pause.
func (i Instance) Resume(ctx context.Context) (s proxy.Status, err error) {
	return s, i.ask(ctx, http.MethodPost, "resume", nil, &s)
}

// direct never goes by a proxy: a front is on this machine.
var direct = &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}

// ask sends one request below the reserved paths and reads the answer into v. An answer
// that is no JSON says what is wrong.
func (i Instance) ask(ctx context.Context, method, what string, query url.Values, v any) error {
	r, err := http.NewRequestWithContext(ctx, method, i.URL+proxy.API+what+"?"+query.Encode(), nil)
	if err != nil {
		return err
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
		return fmt.Errorf("watcher (pid %d) at %s does not answer: see what it is at, or end it", i.PID, i.URL)
	case err != nil:
		return fmt.Errorf("watcher (pid %d) at %s has ended meanwhile: start it again", i.PID, i.URL)
	case json.Unmarshal(text, v) != nil:
		return fmt.Errorf("watcher (pid %d): %.200s", i.PID, strings.TrimSpace(string(text)))
	}
	return nil
}
