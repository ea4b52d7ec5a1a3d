// Package docker makes the files by which watcher runs in a container beside what an app
// depends on: Dockerfile.dev, and compose.yaml or, where there is a Compose file, one more
// beside it. It reads what Compose files say of the services in them.
//
// It knows these files, and nothing of commands, flags and settings. What is there is never
// changed. What it writes is valid for Compose v2 and for docker-compose 1.29, and asks for
// no right that an ordinary process has not (TestComposeIsWhatItSays).
package docker

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Dockerfile is the name of the file that says what is in the image.
const Dockerfile = "Dockerfile.dev"

//go:embed Dockerfile.dev
var dockerfile string

//go:embed compose.yaml
var compose string

// Ours reports whether a file was written by these functions, at first.
func Ours(text []byte) bool { return strings.HasPrefix(string(text), dockerfile[:ours]) }

const ours = len(`# Written by "watcher init docker"`)

// App is what the files are made from.
type App struct {
	Service string        // a name that CheckService allows
	Folder  []string      // arguments of watcher that say where it works, as -C DIR; those of status too
	Args    []string      // further ones: the package, and arguments of the app behind "--"
	Port    int           // of the front, in the container and, unless HOST_PORT says otherwise, outside
	Go      string        // version of the image, as GoVersion tells it
	Stop    time.Duration // how long watcher may take to stop
	WaitFor []string      // what the project's own settings wait for
}

// Image returns the text of Dockerfile.dev.
func (a App) Image() []byte {
	return fill(dockerfile, map[string]string{"go": a.Go})
}

// Compose returns the text of the Compose file that goes beside those that are there.
func (a App) Compose(there Existing) []byte {
	awaited := there.awaited()
	return fill(compose, map[string]string{
		"service":  a.Service,
		"up":       there.Command(),
		"command":  list(append(append([]string{}, a.Folder...), a.Args...)),
		"status":   list(append(append([]string{"CMD", "watcher"}, a.Folder...), "status", "--quiet")),
		"wait_for": a.waitFor(awaited),
		"depends":  list(names(awaited)),
		"networks": list(networks(awaited)),
		"port":     strconv.Itoa(a.Port),
		"outside":  strconv.Itoa(there.free(a.Port)),
		"grace":    fmt.Sprintf("%ds", a.grace()),
	})
}

// HostPort is the port of this machine under which the app is reached.
func (a App) HostPort(there Existing) int { return there.free(a.Port) }

// grace is longer than watcher itself may take, in seconds: who is killed before that cuts
// what is in flight.
func (a App) grace() int { return int(math.Ceil(a.Stop.Seconds())) + 5 }

// waitFor is the value of the variable, which takes the place of the settings' own list. What
// is waited for at localhost there, as without containers, is waited for here by its name.
func (a App) waitFor(awaited []service) string {
	if len(awaited) == 0 {
		return ""
	}
	var all, here []string
	for _, s := range awaited {
		all = append(all, fmt.Sprintf("tcp://%s:%d", s.name, s.port))
		for _, port := range append(published(s.fields["ports"]), s.port) {
			here = append(here, fmt.Sprintf("tcp://localhost:%d", port), fmt.Sprintf("tcp://127.0.0.1:%d", port))
		}
	}
	own := slices.DeleteFunc(slices.Clone(a.WaitFor), func(need string) bool { return slices.Contains(here, need) })
	return quote(strings.Join(append(own, all...), ","))
}

// list is a list on one line, "" for none.
func list(all []string) string {
	if len(all) == 0 {
		return ""
	}
	quoted := make([]string, len(all))
	for i, text := range all {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote writes a text so that neither YAML nor Compose, which looks for variables, sees more
// in it.
func quote(text string) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can always be
	return strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), "$", "$$")
}

var blank = regexp.MustCompile(`<(\w+)>`)

// fill puts values in the place of their <names>. A line with an empty one goes, and with it
// the comment above.
func fill(template string, values map[string]string) []byte {
	var out, comment strings.Builder
	for line := range strings.Lines(template) {
		empty := false
		line = blank.ReplaceAllStringFunc(line, func(name string) string {
			value, known := values[name[1:len(name)-1]]
			empty = empty || known && value == ""
			if !known {
				return name
			}
			return value
		})
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			comment.WriteString(line)
			continue
		}
		if !empty {
			out.WriteString(comment.String() + line)
		}
		comment.Reset()
	}
	return []byte(out.String() + comment.String())
}

var serviceName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

// CheckService says in one line what is wrong with a name of a service, as Compose would.
func CheckService(name string) error {
	if !serviceName.MatchString(name) {
		return fmt.Errorf("--service %q is no name for Compose: use letters, digits, '.', '_' and '-'", name)
	}
	return nil
}
