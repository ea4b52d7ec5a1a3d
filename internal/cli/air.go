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
	if !isAir(path) {
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
	command := `"watcher init --from air`
	if s.flags.config != "" {
		command += " --config " + s.flags.config
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

// isAir reports whether there is a settings file of air's. A file of our name is ours.
func isAir(path string) bool {
	text, err := os.ReadFile(path)
	return err == nil && filepath.Base(path) != settings.File && air.Is(path, text)
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

// writeFromAir writes a settings file of ours that does what air's says. --config names air's
// where it leads to one, which can be no place to write to; else it names ours.
func (c Call) writeFromAir(f flags) error {
	path := f.airPath(c.Dir)
	if given := f.settingsPath(c.Dir); isAir(given) {
		path, f.config = given, ""
	}
	if path == "" {
		return errors.New("no " + strings.Join(air.Names(), " or ") + ` here: start it in their folder, or give it by -C, or the file by --config`)
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

// passedOver says that a new settings file keeps air's from being read.
func (c Call) passedOver(f *flags) string {
	path := f.airPath(c.Dir)
	if path == "" || f.config != "" {
		return ""
	}
	from, _ := filepath.Rel(absolute(c.Dir, f.dir), path) // it lies below
	return fmt.Sprintf(`; %s is read no more (to carry it over, remove %s and type "watcher init --from air")`, from, settings.File)
}
