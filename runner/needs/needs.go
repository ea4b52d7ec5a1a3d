// Package needs knows what an app can need before it is started, and whether it is
// there: "tcp://db:5432" takes connections, "http://search/health" (or https) answers
// below 500, and "file:run/socket" exists.
package needs

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

const (
	// interval is short enough that nobody waits for us, and costs a lookup each time.
	interval = 100 * time.Millisecond
	// attemptLimit bounds one attempt to connect to a host that drops packets.
	attemptLimit = time.Second
)

// Await returns when the need is met, or false when ctx ends before. Paths of files are
// relative to dir. A text that is no need is never met: the settings have checked it.
func Await(ctx context.Context, need, dir string) bool {
	for !met(ctx, need, dir) {
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Shown is a need as people and programs are told of it: without user, password and query, which
// may be what lets one in there.
func Shown(need string) string {
	u, err := url.Parse(need)
	switch {
	case err != nil:
		return "what cannot be read"
	case u.User == nil && u.RawQuery == "" && u.Fragment == "":
		return need
	}
	u.User, u.RawQuery, u.Fragment, u.RawFragment = nil, "", "", ""
	return u.String()
}

func met(ctx context.Context, need, dir string) bool {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	u, err := url.Parse(need)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "tcp":
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
		if err == nil {
			conn.Close()
		}
		return err == nil
	case "file":
		path := u.Opaque + u.Path // "file:a/b" is opaque, "file:/a/b" and "file:///a/b" are not
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		_, err := os.Stat(path)
		return err == nil
	default:
		ok, _ := sockets.AnswersBelow500(ctx, "", need)
		return ok
	}
}
