package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/running"
	"github.com/watcher-dev/watcher/internal/session"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
)

func (c Call) statusCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "status [package]", Short: "say what the watcher that runs here is at; 0 if the app serves, else 1",
		Example: "  watcher status --json\n  watcher status --quiet    for a health check",
		Args:    packageAlone,
		RunE: func(cmd *cobra.Command, args []string) error {
			serves := false
			err := c.talk(f, args, 0, func(ctx context.Context, i running.Instance, _ *terminal.Terminal) error {
				s, err := i.Status(ctx)
				if err != nil {
					return err
				}
				serves = s.Generation != 0
				return c.tellStatus(f, i, s)
			})
			if usage, ok := errors.AsType[session.UsageError](err); ok {
				return usage.Err // nothing serves, whatever the reason
			}
			if !serves {
				return ended{codeFailed}
			}
			return err
		},
	}
}

func (c Call) tellStatus(f *flags, i running.Instance, s proxy.Status) error {
	s.LastError = c.relative(i, s.LastError)
	switch {
	case f.JSON:
		return c.printJSON(i, s)
	case f.Quiet:
		return nil
	}
	var b strings.Builder
	state := string(s.State)
	if s.Paused && s.State != proxy.Paused {
		state += ", paused"
	}
	fmt.Fprintf(&b, "watcher  %s  %s", state, i.URL)
	if s.Generation != 0 {
		fmt.Fprintf(&b, "  →  #%d pid %d", s.Generation, s.PID)
	}
	b.WriteString("\n")
	for _, p := range s.Processes {
		fmt.Fprintf(&b, "%-4s %-11s since %s", fmt.Sprintf("#%d", p.Generation), p.State, p.Since.Local().Format(time.TimeOnly))
		if p.Reason != "" {
			fmt.Fprintf(&b, "  %s", terminal.Clean(p.Reason))
		}
		b.WriteString("\n")
	}
	if s.Held > 0 {
		fmt.Fprintf(&b, "%d held for up to %s\n", s.Held, time.Duration(s.HeldFor)*time.Millisecond)
	}
	if e := s.LastError; e != nil {
		fmt.Fprintf(&b, "%s: %s\n", e.Kind, terminal.Clean(e.Title))
		for _, d := range e.Diagnostics {
			b.WriteString(terminal.Problem(d).String())
		}
	}
	_, err := fmt.Fprint(c.Stdout, b.String())
	return err
}

// printJSON prints what a watcher told as one line, with who it is.
func (c Call) printJSON(i running.Instance, told any) error {
	who, err := json.Marshal(struct {
		URL     string `json:"url"`
		Watcher int    `json:"watcher_pid"`
		Module  string `json:"module"`
		Package string `json:"package"`
	}{i.URL, i.PID, i.Module, i.Package})
	if err != nil {
		return err
	}
	what, err := json.Marshal(told)
	if err != nil {
		return err
	}
	// Both are objects and neither is empty: one of them goes on in the other.
	_, err = fmt.Fprintf(c.Stdout, "%s,%s\n", what[:len(what)-1], who[1:])
	return err
}

// relative names the places of a problem as they are seen from the folder of this call,
// where they lie below it, as whoever reads them is there.
func (c Call) relative(i running.Instance, p *proxy.Problem) *proxy.Problem {
	if p == nil {
		return nil
	}
	seen := *p
	seen.Diagnostics = nil
	for _, d := range p.Diagnostics {
		file := session.Absolute(i.Start, d.File)
		if rel, err := filepath.Rel(c.Dir, file); err == nil && filepath.IsLocal(rel) {
			file = rel
		}
		d.File = file
		seen.Diagnostics = append(seen.Diagnostics, d)
	}
	return &seen
}

// goesOn tells who answers after a failure.
func goesOn(generation int) string {
	if generation == 0 {
		return "nothing serves now"
	}
	return fmt.Sprintf("#%d goes on", generation)
}
