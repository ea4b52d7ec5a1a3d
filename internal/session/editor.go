package session

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/proxy"
)

// editors are those that open a window of their own, with the arguments by which they go
// to a place. Others, in $EDITOR, need a terminal that we do not have.
var editors = map[string]string{
	"code": "-g {file}:{line}:{column}", "code-insiders": "-g {file}:{line}:{column}", "codium": "-g {file}:{line}:{column}",
	"cursor": "-g {file}:{line}:{column}", "windsurf": "-g {file}:{line}:{column}",
	"subl": "{file}:{line}:{column}", "zed": "{file}:{line}:{column}",
	"goland": "--line {line} --column {column} {file}", "idea": "--line {line} --column {column} {file}",
}

// editor is the command that opens a place: the setting; else $VISUAL or $EDITOR, if it
// is one that has a window; else code, where it is installed.
func editor(setting string, env []string) (command []string, err error) {
	if setting != "" {
		return withPlace(words(setting)), nil
	}
	for _, name := range []string{"VISUAL", "EDITOR"} {
		command := words(plan.Lookup(env, name))
		if len(command) > 0 && editors[base(command[0])] != "" {
			return withPlace(command), nil
		}
	}
	if _, err := exec.LookPath("code"); err == nil {
		return withPlace([]string{"code"}), nil
	}
	return nil, errors.New(`no editor with a window was found: set [browser] editor, as "code -g {file}:{line}:{column}"`)
}

// words are those of a command; what stands in double quotes is one.
func words(command string) (all []string) {
	for i, part := range strings.Split(command, `"`) {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

func base(command string) string {
	return strings.TrimSuffix(filepath.Base(command), ".exe")
}

// withPlace completes a command that does not say where the place goes.
func withPlace(command []string) []string {
	if strings.Contains(strings.Join(command, " "), "{file}") {
		return command
	}
	arguments := editors[base(command[0])]
	if arguments == "" {
		arguments = "{file}:{line}:{column}"
	}
	for _, a := range strings.Fields(arguments) {
		if a != "-g" || command[len(command)-1] != "-g" {
			command = append(command[:len(command):len(command)], a)
		}
	}
	return command
}

// openEditor opens a place, and returns when the editor has begun. What goes wrong is
// said in the terminal too.
func (s *session) openEditor(setting string, at proxy.Position) error {
	command, err := editor(setting, s.Env)
	if err == nil {
		place := strings.NewReplacer("{file}", at.Path, "{line}", strconv.Itoa(at.Line), "{column}", strconv.Itoa(max(1, at.Column)))
		for i, a := range command {
			command[i] = place.Replace(a)
		}
		if err = s.launch(command); err == nil {
			return nil
		}
		err = fmt.Errorf("open the editor: %w: see [browser] editor", err)
	}
	s.warn(err.Error())
	return err
}
