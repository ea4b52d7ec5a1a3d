package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/running"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
)

func (c Call) pauseCommand(f *flags) *cobra.Command {
	limit := 10 * time.Minute
	pause := &cobra.Command{
		Use: "pause [package]", Short: "keep what is saved from now on from being built, until resume",
		Long: `pause is for an edit of several files that belong together. What is saved after
it starts nothing; the app goes on, and its answers say that they may be old.
Then "watcher resume" takes all of it at once.`,
		Args: packageAlone,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := positive("limit", limit); err != nil {
				return err
			}
			text := `what is saved waits for "watcher resume", at most ` + terminal.Short(limit)
			return c.order(f, args, terminal.Event{Kind: terminal.KindPause, Text: text}, func(ctx context.Context, i running.Instance) (proxy.Status, error) {
				return i.Pause(ctx, limit)
			})
		},
	}
	pause.Flags().DurationVar(&limit, "limit", limit, "resume by itself after `TIME`")
	return pause
}

func (c Call) resumeCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "resume [package]", Short: "end a pause, and build what was saved in it",
		Example: "  watcher resume && watcher wait",
		Args:    packageAlone,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.order(f, args, terminal.Event{Kind: terminal.KindResume, Text: "saves are built as ever"}, func(ctx context.Context, i running.Instance) (proxy.Status, error) {
				return i.Resume(ctx)
			})
		},
	}
}

// order gives an order to the watcher that runs here, and says that it is carried out.
func (c Call) order(f *flags, args []string, done terminal.Event, give func(context.Context, running.Instance) (proxy.Status, error)) error {
	return c.talk(f, args, 0, func(ctx context.Context, i running.Instance, say *terminal.Terminal) error {
		status, err := give(ctx, i)
		if err != nil {
			return err
		}
		if f.JSON {
			return c.printJSON(i, status)
		}
		say.Print(done)
		return nil
	})
}
