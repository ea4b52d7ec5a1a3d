package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/watcher-dev/watcher/builder/graph"
	"github.com/watcher-dev/watcher/internal/docker"
	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/terminal"
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
				return usageError{err}
			}
			given, err := f.with(cmd, args)
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
func (c Call) writeDocker(f flags, service string) error {
	there, err := c.readCompose(service)
	if err != nil {
		return err
	}
	// The container has nothing of this environment.
	c.Env = over(passedOn(c.Env), map[string]string{"PORT": ""})
	s := &session{Call: c, flags: f}
	s.terminal = terminal.New(c.Stdout, c.Stderr, terminal.Style{Color: c.color(c.Stdout, f.noColor)})
	app, err := s.containerApp(service)
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
	s.sayDocker(app, there)
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

// containerApp finds out what the files are made from. Go itself is not needed for it.
func (s *session) containerApp(service string) (docker.App, error) {
	app := docker.App{Service: service}
	if err := s.findSettings(); err != nil {
		return app, err
	}
	if _, err := s.readCode(); err != nil {
		if several, ok := errors.AsType[*project.Several](err); ok {
			return app, usageError{errors.New(strings.Replace(several.Error(), ": watcher ", ": watcher init docker ", 1))}
		}
		return app, err
	}
	var err error
	if app.Folder, err = s.insideFolder(); err != nil {
		return app, err
	}
	if s.flags.pkg != "" || s.settings.App.Package == "" && s.pkg.Pattern != "." {
		app.Args = append(app.Args, s.pkg.Pattern)
	}
	if s.flags.appArgs != nil {
		app.Args = append(append(app.Args, "--"), s.flags.appArgs...)
	}
	app.Go = docker.GoVersion(s.goFiles()...)
	app.Stop = time.Duration(s.settings.Run.DrainTimeout + s.settings.Run.StopTimeout)
	app.WaitFor = s.settings.Run.WaitFor
	s.site.moved = s.settings.Run.Remap != "false" // which the image's Go allows
	at, err := s.site.address(s.settings, s.code)
	app.Port = cmp.Or(at.port, defaultPort)
	return app, err
}

// insideFolder returns the flags that lead to the same places in the container, which sees
// this folder and nothing else.
func (s *session) insideFolder() (args []string, err error) {
	for _, given := range [][2]string{{"-C", s.flags.dir}, {"--config", s.flags.config}} {
		if given[1] == "" {
			continue
		}
		within, ok := s.inside(given[1])
		if !ok {
			return nil, usageError{fmt.Errorf("%s %s leads out of this folder, and a container sees nothing else: start in a folder that holds both", given[0], given[1])}
		}
		args = append(args, given[0], within)
	}
	if _, ok := s.inside(s.site.module.Dir); !ok {
		up, _ := filepath.Rel(s.Dir, s.site.module.Dir)
		return nil, fmt.Errorf("go.mod lies in %s, and a container sees this folder only: start there: %s", filepath.ToSlash(up), s.startIn(s.site.module.Dir))
	}
	s.warnOutside()
	return args, nil
}

// inside is a path relative to this folder; ok tells whether it lies in it.
func (s *session) inside(path string) (within string, ok bool) {
	within, err := filepath.Rel(s.Dir, absolute(s.Dir, path))
	return filepath.ToSlash(within), err == nil && filepath.IsLocal(within)
}

// warnOutside says what the build reads out of this folder, and where to start instead.
func (s *session) warnOutside() {
	var outside []string
	above := s.Dir
	read := []string{s.site.module.Work}
	for _, m := range graph.Modules(s.site.module.Dir, s.site.module.Work) {
		read = append(read, m.Dir)
	}
	for _, path := range read {
		within, ok := s.inside(path)
		if ok || path == "" {
			continue
		}
		outside = append(outside, within)
		for rel, err := filepath.Rel(above, path); err == nil && !filepath.IsLocal(rel) && above != filepath.Dir(above); rel, err = filepath.Rel(above, path) {
			above = filepath.Dir(above)
		}
	}
	if len(outside) > 0 {
		s.warn(fmt.Sprintf("the build reads %s, which the container does not see: better start in a folder that holds it all: %s", strings.Join(outside, ", "), s.startIn(above)))
	}
}

// startIn is what to type to begin in a folder above this one.
func (s *session) startIn(above string) string {
	up, _ := filepath.Rel(s.Dir, above)
	below, _ := filepath.Rel(above, s.site.dir)
	return fmt.Sprintf("cd %s && watcher -C %s init docker", shellWord(up), shellWord(below))
}

// shellWord quotes a word for a shell where it has to be.
func shellWord(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// goFiles are the contents of the files that ask for a version of Go.
func (s *session) goFiles() (texts [][]byte) {
	files := []string{s.site.module.Work}
	for _, m := range graph.Modules(s.site.module.Dir, s.site.module.Work) {
		files = append(files, filepath.Join(m.Dir, "go.mod"))
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			texts = append(texts, text)
		}
	}
	return texts
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
