package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/session"
	"github.com/watcher-dev/watcher/internal/settings"
	"github.com/watcher-dev/watcher/internal/vscode"
)

func (c Call) initCommand(f *flags) *cobra.Command {
	var from string
	init := &cobra.Command{
		Use: "init", Short: "write a commented " + settings.File + "; init vscode, init docker: files for these", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			switch from {
			case "":
			case "air":
				return c.writeFromAir(f.Options)
			default:
				return session.UsageError{Err: fmt.Errorf("--from %q is not known: write --from air", from)}
			}
			return c.writeSettings(f.SettingsPath(c.Dir), settings.Commented(), "every key stands in it with its default"+c.passedOver(f))
		},
	}
	init.Flags().StringVar(&from, "from", "", "carry over the settings of another `TOOL`: air, whose file may be named by --config")
	_ = init.RegisterFlagCompletionFunc("from", cobra.FixedCompletions([]string{"air"}, cobra.ShellCompDirectiveNoFileComp))
	init.AddCommand(&cobra.Command{
		Use: "vscode", Short: "write tasks and ways to attach a debugger into .vscode", Args: noArguments,
		Long: `init vscode writes .vscode/tasks.json and .vscode/launch.json in this folder,
which is the one that VS Code has opened. With -C the task works in another one
below it. Files that are there keep all that is in them.`,
		RunE: func(*cobra.Command, []string) error { return c.writeVSCode(f) },
	})
	init.AddCommand(c.dockerCommand(f))
	return init
}

// writeVSCode writes what is missing in the files of VS Code. Both are read before one is
// written, so that a mistake in either changes nothing.
func (c Call) writeVSCode(f *flags) error {
	var args []string
	for _, given := range [][2]string{{"-C", f.Dir}, {"--config", f.Config}} {
		if given[1] != "" {
			args = append(args, given[0], filepath.ToSlash(given[1]))
		}
	}
	folder := filepath.Join(c.Dir, ".vscode")
	files := vscode.Files(args)
	texts, added := make([][]byte, len(files)), make([][]string, len(files))
	for i, file := range files {
		there, err := os.ReadFile(filepath.Join(folder, file.Name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if texts[i], added[i], err = file.Merge(there); err != nil {
			return fmt.Errorf(".vscode/%s: %w", file.Name, err)
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for i, file := range files {
		said := "is there already and was not changed"
		if len(added[i]) > 0 {
			said = "has now: " + strings.Join(added[i], ", ")
			if err := replace(filepath.Join(folder, file.Name), texts[i]); err != nil {
				return err
			}
		}
		fmt.Fprintf(c.Stdout, ".vscode/%s %s\n", file.Name, said)
	}
	return nil
}

// replace writes a file whole or not at all. One that is there keeps its mode, and a link to it
// stays one.
func replace(path string, text []byte) error {
	followed, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return writeNew(path, text)
	}
	if err != nil {
		return err
	}
	there, err := os.Stat(followed)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(followed), filepath.Base(followed)+".")
	if err != nil {
		return err
	}
	_, err = next.Write(text)
	err = errors.Join(err, next.Chmod(there.Mode().Perm()), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), followed)
	}
	if err != nil {
		os.Remove(next.Name())
	}
	return err
}

// writeSettings writes a settings file, and the schema by which editors know its keys. A
// settings file that is there stays.
func (c Call) writeSettings(path string, text []byte, what string) error {
	if err := writeNew(path, text); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), settings.SchemaFile), settings.Schema(), 0o644); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Stdout, "wrote %s: %s; %s beside it lets editors complete and check it\n", filepath.Base(path), what, settings.SchemaFile)
	return err
}

// writeNew writes a file that must not be there.
func writeNew(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already and was not changed: move it away first", filepath.Base(path))
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(path)
	}
	return err
}
