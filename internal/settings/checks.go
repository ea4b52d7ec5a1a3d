package settings

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// check says of a text, or of each text of a list, what is wrong with it and what to
// do, or "".
type check func(text string) string

func readies() []string  { return []string{"", "notify"} }
func restarts() []string { return []string{"on-failure", "always", "never"} }
func actions() []string  { return []string{"rebuild", "restart", "signal", "refresh", "ignore"} }

// Swaps are the values of [run] swap.
func Swaps() []string { return []string{"auto", "overlap", "stop-first"} }

// Autos are the values of an [Auto].
func Autos() []string { return []string{"auto", "true", "false"} }

// list joins words as in: "a", "b" or "c".
func list(words []string) string {
	last := len(words) - 1
	return `"` + strings.Join(words[:last], `", "`) + `" or "` + words[last] + `"`
}

func unless(right bool, wrong string) string {
	if right {
		return ""
	}
	return wrong
}

func checkGlob(text string) string {
	if rest, found := strings.CutPrefix(text, "./"); found { // no path of a file begins so
		return fmt.Sprintf("matches nothing: write it as %q", rest)
	}
	return unless(doublestar.ValidatePattern(text), `is not a glob: close its brackets, as in "web/**/*.{js,ts}"`)
}

func checkSignal(text string) string {
	_, err := ParseSignal(text)
	return unless(err == nil, "is not a signal of this system: write "+usualSignals)
}

func checkFlag(text string) string {
	name, _, _ := strings.Cut(text, "=")
	switch name {
	case "-o", "--o":
		return "is set by watcher, which keeps binaries in its cache: take it away"
	case "-C", "--C":
		return "leads the go command elsewhere: take it away, and set [app] dir"
	}
	return ""
}

func checkHost(text string) string {
	name := strings.TrimPrefix(text, "*.")
	return unless(name != "" && !strings.ContainsAny(name, "*:/ "), `is not a name of a host: write it without scheme and port, as "dev.example.org" or "*.example.org"`)
}

func checkClient(text string) string {
	_, err := ParseNetwork(text)
	return unless(err == nil, noNetwork)
}

func checkName(text string) string {
	const digits, letters = "0123456789", "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	right := text != "" && !strings.Contains(digits, text[:1]) && strings.Trim(text, digits+letters) == ""
	return unless(right, `is not the name of a variable: write letters, digits and _, as "PORT"`)
}

func checkPort(text string) string {
	n, err := strconv.ParseInt(text, 0, 0)
	return unless(err == nil && n >= 1 && n <= 65535, "is not a port: write a number from 1 to 65535")
}

func checkPath(text string) string {
	if text != "" && !strings.HasPrefix(text, "/") {
		return fmt.Sprintf("does not begin with /: write it as %q", "/"+text)
	}
	_, err := url.ParseRequestURI(text)
	return unless(text == "" || err == nil, `is not the path of a URL: write it as "/healthz"`)
}

func checkEditor(text string) string {
	return unless(text == "" || strings.TrimSpace(text) != "" && strings.Count(text, "{") == strings.Count(text, "}") && strings.Count(text, `"`)%2 == 0,
		`is not a command: write it as "code -g {file}:{line}:{column}"`)
}

// checkNeed takes what runner/needs knows.
func checkNeed(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
	case u.Scheme == "tcp":
		host, port, err := net.SplitHostPort(u.Host)
		_, number := strconv.ParseUint(port, 10, 16)
		return unless(err == nil && host != "" && number == nil && u.Path == "", `does not name host and port: write it as "tcp://db:5432"`)
	case u.Scheme == "http" || u.Scheme == "https":
		return unless(u.Host != "", `does not name a host: write it as "http://search/health"`)
	case u.Scheme == "file":
		return unless(u.Host == "" && u.Opaque+u.Path != "", `does not name a file: write it as "file:run/socket" or "file:/run/socket"`)
	}
	return `is nothing that can be waited for: write "tcp://host:port", "http://host/path" or "file:path"`
}

func checkCount(text string) string {
	n, err := strconv.ParseInt(text, 0, 0)
	return unless(err == nil && n >= 1, "is too few: write 1 or more")
}

func checkPositive(text string) string {
	d, err := time.ParseDuration(text)
	return unless(err == nil && d > 0, `leaves no time at all: write "1s" or more`)
}

// checkListen takes a port of 0 too, which lets the system choose.
func checkListen(text string) string {
	var host string
	var err error
	port := text
	if strings.Contains(text, ":") {
		host, port, err = net.SplitHostPort(text)
	}
	_, number := strconv.ParseUint(port, 10, 16)
	right := text == "" || err == nil && number == nil && !strings.ContainsAny(host, "/ ")
	return unless(right, `is not an address: write it as "8080", ":8080" or "127.0.0.1:8080"`)
}

// checkTogether finds what is wrong only in the company of other keys.
func (l *loader) checkTogether() {
	if run := l.settings.Run; run.Swap == "overlap" && run.Port != 0 && run.Remap == "false" {
		l.complain(l.values["run.swap"],
			`run.swap: "overlap" cannot go with run.port, as two processes cannot hold port %d: write "stop-first", or take port or remap away`, run.Port)
	}
	if run := l.settings.Run; run.Socket && run.Port != 0 {
		l.complain(l.values["run.socket"],
			"run.socket: cannot go with run.port, as an app that is handed a socket binds no port: take one of them away")
	}
	for i, rule := range l.settings.Rules {
		at := fmt.Sprintf("rule[%d]", i)
		run := l.values[at+".run"]
		if rule.Run != nil {
			l.settings.Rules[i].At = Position{run.name, run.line, run.column}
		}
		switch signals := rule.Action == "signal"; {
		case len(rule.Paths) == 0:
			l.complain(l.values[at], `rule: names no files: add paths = ["conf/**/*.yaml"]`)
		case rule.Run != nil && (len(rule.Run) == 0 || strings.TrimSpace(rule.Run[0]) == ""):
			l.complain(run, `rule.run: names no program: write it as in ["templ", "generate"], or take it away`)
		case rule.Run == nil && rule.Timeout != 0:
			l.complain(l.values[at+".timeout"], `rule.timeout: is of no use without run: take it away`)
		case rule.Action == "" && rule.Run == nil:
			l.complain(l.values[at], "rule: has no action: add action = %s", list(actions()))
		case signals && rule.Signal == "":
			l.complain(l.values[at+".action"], `rule.action: "signal" needs to know which one: add signal = "SIGHUP"`)
		case !signals && rule.Signal != "":
			l.complain(l.values[at+".signal"], `rule.signal: is of no use with action %q: write action = "signal", or take signal away`, rule.Action)
		}
	}
}
