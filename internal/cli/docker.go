package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/internal/docker"
	"github.com/watcher-dev/watcher/internal/session"
)

func (c Call) dockerCommand(f *flags) *cobra.Command {
	var service string
	command := &cobra.Command{
		Use: "docker [package] [-- app arguments]", Short: "write Dockerfile.dev and a Compose file that run watcher in a container",
		Long: `init docker writes Dockerfile.dev and compose.yaml in this folder, which the
container sees and nothing else. Beside a Compose file of yours it writes
compose.watcher.yaml, in which the app waits for your databases and the like.
Files that are there stay as they are.`,
		Example: `  watcher init docker                    then: docker compose up
  watcher -C shop init docker ./cmd/api  a module below this folder, one of its programs
  watcher init docker --service api      another name for the service`,
		Args: packageAndArguments, ValidArgsFunction: c.completePackage(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := docker.CheckService(service); err != nil {
				return session.UsageError{Err: err}
			}
			given, err := f.with(cmd, args, 0)
			if err != nil {
				return err
			}
			return c.writeDocker(given, service)
		},
	}
	command.Flags().StringVar(&service, "service", "app", "`NAME` of the service")
	_ = command.RegisterFlagCompletionFunc("service", cobra.NoFileCompletions)
	return command
}

// writeDocker writes the two files of Docker, or none of them.
func (c Call) writeDocker(f session.Options, service string) error {
	there, err := c.readCompose(service)
	if err != nil {
		return err
	}
	app, err := session.Container(c.Call, f, service)
	if err != nil {
		return err
	}
	image := filepath.Join(c.Dir, docker.Dockerfile)
	if err := writeNew(image, app.Image()); err != nil {
		return err
	}
	if err := writeNew(filepath.Join(c.Dir, there.File()), app.Compose(there)); err != nil {
		os.Remove(image)
		return err
	}
	c.sayDocker(app, there)
	return nil
}

// readCompose reads the Compose files of the folder, and sees that nothing is in the way.
func (c Call) readCompose(service string) (docker.Existing, error) {
	var inTheWay []string
	for _, name := range []string{docker.Dockerfile, "compose.yaml", "compose.watcher.yaml"} {
		text, err := os.ReadFile(filepath.Join(c.Dir, name))
		if err == nil && (name != "compose.yaml" || docker.Ours(text)) {
			inTheWay = append(inTheWay, name)
		}
	}
	switch len(inTheWay) {
	case 0:
	case 1:
		return docker.Existing{}, fmt.Errorf("%s is there already and nothing was written: move it away first", inTheWay[0])
	default:
		return docker.Existing{}, fmt.Errorf("%s are there already and nothing was written: move them away first", strings.Join(inTheWay, " and "))
	}
	there, err := docker.Read(c.Dir)
	if err != nil {
		return there, err
	}
	if file := there.Defines(service); file != "" {
		return there, fmt.Errorf("%s has a service %q already and nothing was written: choose another name, as by --service %s-dev", file, service, service)
	}
	return there, nil
}

// sayDocker says what was written, and what to type.
func (c Call) sayDocker(app docker.App, there docker.Existing) {
	waits := ""
	if names := there.Awaited(); len(names) > 0 {
		waits = ", which waits for " + strings.Join(names, ", ")
	}
	fmt.Fprintf(c.Stdout, "wrote %s: golang:%s with watcher in it\n", docker.Dockerfile, app.Go)
	fmt.Fprintf(c.Stdout, "wrote %s: service %s on http://localhost:%d%s\n", there.File(), app.Service, app.HostPort(there), waits)
	if hint := hintOfIDs(runtime.GOOS, os.Getuid(), os.Getgid()); hint != "" {
		fmt.Fprintln(c.Stdout, hint)
	}
	fmt.Fprintf(c.Stdout, "next: %s\n", there.Command())
}

// hintOfIDs says what users have to do once whose ids are not the first ones of a Linux
// machine; elsewhere files in a container belong to whoever asks. To root nothing is said.
func hintOfIDs(system string, uid, gid int) string {
	if system != "linux" || uid == 0 || uid == 1000 && gid == 1000 {
		return ""
	}
	return fmt.Sprintf(`first, as your ids are not 1000: printf '\nUID=%d\nGID=%d\n' >>.env`, uid, gid)
}
