package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/watcher-dev/watcher/internal/air"
	"github.com/watcher-dev/watcher/internal/session"
	"github.com/watcher-dev/watcher/internal/settings"
)

// writeFromAir writes a settings file of ours that does what air's says. --config names air's
// where it leads to one, which can be no place to write to; else it names ours.
func (c Call) writeFromAir(f session.Options) error {
	path := f.AirPath(c.Dir)
	if given := f.SettingsPath(c.Dir); session.IsAir(given) {
		path, f.Config = given, ""
	}
	if path == "" {
		return errors.New("no " + strings.Join(air.Names(), " or ") + ` here: start it in their folder, or give it by -C, or the file by --config`)
	}
	from, err := filepath.Rel(session.Absolute(c.Dir, f.Dir), path)
	if err != nil {
		return err
	}
	converted, err := session.ConvertAir(path, from)
	if err != nil {
		return err
	}
	return c.writeSettings(f.SettingsPath(c.Dir), converted.Commented(filepath.ToSlash(from)), "what became of each key of "+from+" stands at its end")
}

// passedOver says that a new settings file keeps air's from being read.
func (c Call) passedOver(f *flags) string {
	path := f.AirPath(c.Dir)
	if path == "" || f.Config != "" {
		return ""
	}
	from, _ := filepath.Rel(session.Absolute(c.Dir, f.Dir), path) // it lies below
	return fmt.Sprintf(`; %s is read no more (to carry it over, remove %s and type "watcher init --from air")`, from, settings.File)
}
