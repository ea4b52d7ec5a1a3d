package session

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/watcher-dev/watcher/builder/graph"
	"github.com/watcher-dev/watcher/internal/docker"
	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/terminal"
)

// Container finds out what files for a container are made from, which has nothing of the
// caller's environment. Go itself is not needed for it.
func Container(c Call, o Options, service string) (docker.App, error) {
	c.Env = plan.Over(plan.PassedOn(c.Env), map[string]string{"PORT": ""})
	s := &session{Call: c, options: o}
	s.terminal = terminal.New(c.Stdout, c.Stderr, terminal.Style{Color: c.Color(c.Stdout, o.NoColor)})
	app := docker.App{Service: service}
	if err := s.findSettings(); err != nil {
		return app, err
	}
	if _, err := s.readCode(); err != nil {
		if several, ok := errors.AsType[*project.Several](err); ok {
			return app, UsageError{errors.New(strings.Replace(several.Error(), ": watcher ", ": watcher init docker ", 1))}
		}
		return app, err
	}
	var err error
	if app.Folder, err = s.insideFolder(); err != nil {
		return app, err
	}
	if s.options.Package != "" || s.settings.App.Package == "" && s.pkg.Pattern != "." {
		app.Args = append(app.Args, s.pkg.Pattern)
	}
	if s.options.AppArgs != nil {
		app.Args = append(append(app.Args, "--"), s.options.AppArgs...)
	}
	app.Go = docker.GoVersion(s.goFiles()...)
	app.Stop = time.Duration(s.settings.Run.DrainTimeout + s.settings.Run.StopTimeout)
	app.WaitFor = s.settings.Run.WaitFor
	s.site.Beacon = s.settings.Run.Remap != "false" // which the image's Go allows
	app.Port = cmp.Or(s.site.Address(s.settings, s.code).Port, plan.DefaultPort)
	return app, nil
}

// insideFolder returns the flags that lead to the same places in the container, which sees
// this folder and nothing else.
func (s *session) insideFolder() (args []string, err error) {
	for _, given := range [][2]string{{"-C", s.options.Dir}, {"--config", s.options.Config}} {
		if given[1] == "" {
			continue
		}
		within, ok := s.inside(given[1])
		if !ok {
			return nil, UsageError{fmt.Errorf("%s %s leads out of this folder, and a container sees nothing else: start in a folder that holds both", given[0], given[1])}
		}
		args = append(args, given[0], within)
	}
	if _, ok := s.inside(s.site.Module.Dir); !ok {
		up, _ := filepath.Rel(s.Dir, s.site.Module.Dir)
		return nil, fmt.Errorf("go.mod lies in %s, and a container sees this folder only: start there: %s", filepath.ToSlash(up), s.startIn(s.site.Module.Dir))
	}
	s.warnOutside()
	return args, nil
}

// inside is a path relative to this folder; ok tells whether it lies in it.
func (s *session) inside(path string) (within string, ok bool) {
	within, err := filepath.Rel(s.Dir, Absolute(s.Dir, path))
	return filepath.ToSlash(within), err == nil && filepath.IsLocal(within)
}

// warnOutside says what the build reads out of this folder, and where to start instead.
func (s *session) warnOutside() {
	var outside []string
	above := s.Dir
	read := []string{s.site.Module.Work}
	for _, m := range graph.Modules(s.site.Module.Dir, s.site.Module.Work) {
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
	below, _ := filepath.Rel(above, s.site.Dir)
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
	files := []string{s.site.Module.Work}
	for _, m := range graph.Modules(s.site.Module.Dir, s.site.Module.Work) {
		files = append(files, filepath.Join(m.Dir, "go.mod"))
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			texts = append(texts, text)
		}
	}
	return texts
}
