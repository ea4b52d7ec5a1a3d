package session

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/watcher-dev/watcher/internal/air"
	"github.com/watcher-dev/watcher/internal/settings"
)

// loadFile reads a settings file, ours or one of air's; "" for none. told is the line that
// says what was taken from air's.
func (s *session) loadFile(path string) (loaded settings.Settings, warnings []settings.Problem, told string, err error) {
	if !IsAir(path) {
		loaded, warnings, err = settings.Load(path, s.shown(s.site.Settings), s.Env)
		return loaded, warnings, "", err
	}
	shown := s.shown(path)
	converted, err := ConvertAir(path, shown)
	if err != nil {
		return settings.Settings{}, nil, "", err
	}
	loaded, warnings, err = settings.Parse(converted.Settings(), settings.File+" made from "+shown, s.Env)
	for _, text := range converted.Unknown {
		warnings = append(warnings, settings.Problem{Text: shown + ": " + text})
	}
	command := `"watcher init --from air`
	if s.options.Config != "" {
		command += " --config " + s.options.Config
	}
	if len(converted.Left) > 0 {
		text := shown + ": " + strings.Join(converted.Left, "; ") + " (" + command + `" writes the file for that)`
		warnings = append(warnings, settings.Problem{Text: text})
	}
	told = "nothing needs to be taken from " + shown
	if len(converted.Taken) > 0 {
		told = "taken from " + shown + ": " + strings.Join(converted.Taken, ", ")
	}
	return loaded, warnings, told + " (" + command + `" says why)`, err
}

// IsAir reports whether there is a settings file of air's. A file of our name is ours.
func IsAir(path string) bool {
	text, err := os.ReadFile(path)
	return err == nil && filepath.Base(path) != settings.File && air.Is(path, text)
}

// ConvertAir reads a settings file of air's. shown names it in errors.
func ConvertAir(path, shown string) (*air.Converted, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	converted, err := air.Convert(text, runtime.GOOS)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", shown, err)
	}
	return converted, nil
}
