package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/running"
	"github.com/watcher-dev/watcher/internal/session"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
)

// appearLimit is how long a watcher is waited for that was started a moment before, as in
// "watcher & watcher wait".
const appearLimit = 3 * time.Second

// maxTail is how many last lines of an app that failed are shown.
const maxTail = 20

func (c Call) waitCommand(f *flags) *cobra.Command {
	limit := time.Minute
	wait := &cobra.Command{
		Use: "wait [package]", Short: "return when what was saved before is served, or has failed",
		Long: `wait returns when everything that was saved before the call is served by the
watcher that runs here, with 0, or has failed, with 1 and with what is wrong.
With 2 no watcher runs here; with 3 it is neither: paused, or the time is over.`,
		Example: `  watcher wait && npx playwright test
  watcher wait --json --timeout 2m`,
		Args: packageAlone,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := positive("timeout", limit); err != nil {
				return err
			}
			return c.talk(f, args, appearLimit, func(ctx context.Context, i running.Instance, say *terminal.Terminal) error {
				waited, err := i.Wait(ctx, limit)
				if err != nil {
					return err
				}
				return c.tellWaited(i, waited, f.JSON, say)
			})
		},
	}
	wait.Flags().DurationVar(&limit, "timeout", limit, "return after `TIME` whatever is the case")
	return wait
}

// positive checks the value of a flag that is a length of time.
func positive(flag string, d time.Duration) error {
	if d <= 0 {
		return session.UsageError{Err: fmt.Errorf("--%s %s is no length of time: write it as 90s or 1m30s", flag, d)}
	}
	return nil
}

// tellWaited prints the answer to a wait and turns it into the exit code.
func (c Call) tellWaited(i running.Instance, w proxy.Waited, asJSON bool, say *terminal.Terminal) error {
	w.LastError = c.relative(i, w.LastError)
	if asJSON {
		if err := c.printJSON(i, w); err != nil {
			return err
		}
	} else {
		say.Print(waitedEvent(i, w))
	}
	switch w.Result {
	case proxy.ResultServed:
		return nil
	case proxy.ResultFailed:
		return ended{codeFailed}
	}
	return ended{codeOpen}
}

func waitedEvent(i running.Instance, w proxy.Waited) terminal.Event {
	took := time.Duration(w.Waited) * time.Millisecond
	e := terminal.Event{Kind: terminal.KindServed, Generation: w.Generation, Took: took, Text: i.URL}
	switch w.Result {
	case proxy.ResultServed:
		return e
	case proxy.ResultTimeout:
		return terminal.Event{Kind: terminal.KindWarn, Text: "not served after " + terminal.Short(took) + ": " + w.Reason}
	case proxy.ResultFailed:
		e = terminal.Event{Kind: terminal.KindFailed, Text: w.Reason, Hint: goesOn(w.Generation)}
		if w.LastError != nil {
			e.Problems, e.Output = problems(w.LastError), tail(w.LastError)
		}
		return e
	}
	return terminal.Event{Kind: terminal.KindWarn, Text: w.Reason}
}

func problems(p *proxy.Problem) []terminal.Problem {
	var all []terminal.Problem
	for _, d := range p.Diagnostics {
		all = append(all, terminal.Problem(d))
	}
	return all
}

// tail is what the diagnostics do not tell: the last lines of an app; of a compiler, all
// that it said if no place was found in it.
func tail(p *proxy.Problem) []string {
	if p.Text == "" || len(p.Diagnostics) > 0 && (p.Kind == "build" || p.Kind == "rule") {
		return nil
	}
	lines := strings.Split(p.Text, "\n")
	return lines[max(0, len(lines)-maxTail):]
}

// talk finds the watcher that a call means, waits for it for a moment where that is
// wanted, and talks to it. A signal ends the call as it ends any program: there is nothing to
// take down.
func (c Call) talk(f *flags, args []string, appear time.Duration, do func(context.Context, running.Instance, *terminal.Terminal) error) error {
	ctx := context.Background()
	say := terminal.New(c.Stdout, c.Stderr, c.Style(f.Options))
	i, err := c.find(ctx, f, args, appear)
	if err == nil {
		err = do(ctx, i, say)
	}
	if _, ok := errors.AsType[ended](err); err == nil || ok {
		return err
	}
	if f.JSON { // whoever reads it finds one line here, whatever it says
		_ = json.NewEncoder(c.Stdout).Encode(struct {
			Result string `json:"result"`
			Reason string `json:"reason"`
		}{"none", err.Error()})
		return ended{codeUsage}
	}
	return session.UsageError{Err: err}
}

// find finds the watcher that a call means.
func (c Call) find(ctx context.Context, f *flags, args []string, appear time.Duration) (running.Instance, error) {
	dir := session.Absolute(c.Dir, f.Dir)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return running.Instance{}, fmt.Errorf("no folder %q: check -C", f.Dir)
	}
	return running.Await(ctx, dir, strings.Join(args, ""), appear)
}
