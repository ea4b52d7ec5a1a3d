package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/settings"
)

func (c Call) initCommand(f *flags) *cobra.Command {
	return &cobra.Command{
		Use: "init", Short: "write a commented " + settings.File, Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return c.writeSettings(f.settingsPath(c.Dir)) },
	}
}

// writeSettings writes a settings file in which nothing is set; one that is there stays.
func (c Call) writeSettings(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already and was not changed: move it away first", filepath.Base(path))
	}
	if err != nil {
		return err
	}
	if err := errors.Join(settings.WriteCommented(file), file.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "wrote %s: every key stands in it with its default\n", filepath.Base(path))
	return err
}
