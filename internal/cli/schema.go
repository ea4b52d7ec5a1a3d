package cli

import (
	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/settings"
)

func (c Call) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of " + settings.File, Args: noArguments,
		Example: "  watcher schema >" + settings.SchemaFile + "    renew the one that init has written",
		RunE: func(*cobra.Command, []string) error {
			_, err := c.Stdout.Write(settings.Schema())
			return err
		},
	}
}
