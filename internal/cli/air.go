package cli

import (
	"errors"
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
	if path == "" || !air.Is(path) {
		loaded, warnings, err = settings.Load(path, s.shown(s.site.settings), s.Env)
		return loaded, warnings, "", err
	}
	shown := s.shown(path)
	converted, err := convertAir(path, shown)
	if err != nil {
		return settings.Settings{}, nil, "", err
	}
	loaded, warnings, err = settings.Parse(converted.Settings(), settings.File+" made from "+shown, s.Env)
	for _, text := range converted.Unknown {
		warnings = append(warnings, settings.Problem{Text: shown + ": " + text})
	}
	const command = `"watcher init --from air`
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

func convertAir(path, shown string) (*air.Converted, error) {
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

// writeFromAir writes a settings file of ours that does what air's says.
func (c Call) writeFromAir(f *flags) error {
	path := f.airPath(c.Dir)
	if path == "" {
		return errors.New("no " + strings.Join(air.Names(), " or ") + ` here: start it in their folder, or give it by -C`)
	}
	from, err := filepath.Rel(absolute(c.Dir, f.dir), path)
	if err != nil {
		return err
	}
	converted, err := convertAir(path, from)
	if err != nil {
		return err
	}
	return c.writeSettings(f.settingsPath(c.Dir), converted.From(filepath.ToSlash(from)), "what became of each key of "+from+" stands at its end")
}
