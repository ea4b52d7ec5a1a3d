package docker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// The names of Compose files, as Compose looks for them: the first that is there, and beside
// it what goes over it.
var (
	composeNames  = []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"}
	overrideNames = []string{"compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"}
)

// Existing is what the Compose files of a folder say. The zero value is a folder without.
type Existing struct {
	files    []string
	services []service // by name
	defined  map[string]string
	taken    []int // ports of this machine that services are published at
}

// Read reads the Compose files of a folder. The error says in one line which file is wrong,
// where, and what to do.
func Read(dir string) (Existing, error) {
	there := Existing{defined: map[string]string{}}
	for _, names := range [][]string{composeNames, overrideNames} {
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return Existing{}, err
			}
			if err := there.add(name, text); err != nil {
				return Existing{}, err
			}
			break
		}
		if len(there.files) == 0 {
			break // what goes over nothing is not read
		}
	}
	slices.SortFunc(there.services, func(a, b service) int { return strings.Compare(a.name, b.name) })
	return there, nil
}

// add takes in one file.
func (e *Existing) add(name string, text []byte) error {
	var root any
	if err := yaml.Unmarshal(text, &root); err != nil {
		return invalid(name, err)
	}
	file, ok := root.(map[string]any)
	if !ok && root != nil {
		return fmt.Errorf("%s:1:1: holds no mapping: mend it, or move it away", name)
	}
	services, ok := file["services"].(map[string]any)
	if !ok && file["services"] != nil {
		return fmt.Errorf("%s: services is no mapping of names: mend it, or move it away", name)
	}
	e.files = append(e.files, name)
	for name, fields := range services {
		e.merge(name, fields)
		if e.defined[name] == "" {
			e.defined[name] = e.files[len(e.files)-1]
		}
	}
	return nil
}

// invalid says where a text is no YAML.
func invalid(name string, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		text, _, _ := strings.Cut(err.Error(), "\n")
		return fmt.Errorf("%s: not valid YAML: %s: mend it, or move it away", name, text)
	}
	place := at.GetToken().Position
	return fmt.Errorf("%s:%d:%d: not valid YAML: %s: mend it, or move it away", name, place.Line, place.Column, at.GetMessage())
}

// merge puts the fields of a service over those of a file before.
func (e *Existing) merge(name string, fields any) {
	i := slices.IndexFunc(e.services, func(s service) bool { return s.name == name })
	if i < 0 {
		e.services = append(e.services, service{name: name, fields: map[string]any{}})
		i = len(e.services) - 1
	}
	given, _ := fields.(map[string]any)
	for key, value := range given {
		e.services[i].fields[key] = value
	}
	e.taken = append(e.taken, published(given["ports"])...)
}

// File is the name of the Compose file to write.
func (e Existing) File() string {
	if len(e.files) == 0 {
		return "compose.yaml"
	}
	return "compose.watcher.yaml"
}

// Command is what to type.
func (e Existing) Command() string {
	if len(e.files) == 0 {
		return "docker compose up"
	}
	command := "docker compose"
	for _, name := range append(slices.Clip(e.files), e.File()) {
		command += " -f " + name
	}
	return command + " up"
}

// Defines returns the file that has a service of this name, "" if none has.
func (e Existing) Defines(service string) string { return e.defined[service] }

// free is the port, or the next one at which no service is published.
func (e Existing) free(port int) int {
	for slices.Contains(e.taken, port) {
		port++
	}
	return port
}

// Awaited are the names of the services that the app waits for.
func (e Existing) Awaited() []string { return names(e.awaited()) }

// awaited are the services that have a port to wait for.
func (e Existing) awaited() (found []service) {
	for _, s := range e.services {
		if s.port = s.awaitedAt(); s.port != 0 {
			found = append(found, s)
		}
	}
	return found
}

func names(services []service) (all []string) {
	for _, s := range services {
		all = append(all, s.name)
	}
	return all
}
