package session

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/term"

	"github.com/watcher-dev/watcher/internal/loop"
	"github.com/watcher-dev/watcher/internal/terminal"
)

// key is a letter that is typed at our terminal, with Enter: so the terminal needs no mode
// of its own, which a program that is killed could not take back.
type key struct {
	letter, does string
	do           func(s *session, l *loop.Loop)
}

// keys are in the order in which they are listed.
var keys = []key{
	{"r", "restart the app", func(_ *session, l *loop.Loop) { l.Restart() }},
	{"p", "pause: what is saved waits; once more: resume", (*session).togglePause},
	{"o", "open the front in a browser", func(s *session, _ *loop.Loop) { s.openBrowser() }},
	{"c", "clear the screen", func(s *session, _ *loop.Loop) { s.terminal.Clear() }},
	{"q", "quit; once more: at once", (*session).stop},
}

// pausedByKey is how long a pause lasts that a person began at the terminal, who sees that it
// goes on.
const pausedByKey = time.Hour

// keyboard is our own terminal, nil where nobody can type, or no person reads.
func (s *session) keyboard() *os.File {
	in, ok := s.Stdin.(*os.File)
	if ok && !s.options.JSON && s.screen(s.Stdout) != nil && term.IsTerminal(int(in.Fd())) {
		return in
	}
	return nil
}

// takeKeys carries out what is typed until all is over. What is no key lists them.
func (s *session) takeKeys(in *os.File, l *loop.Loop) {
	terminal.Typed(in, s.over, func(line string) {
		for _, k := range keys {
			if line == k.letter {
				k.do(s, l)
				return
			}
		}
		if line == "" { // people set off what comes
			return
		}
		var list []string
		for _, k := range keys {
			list = append(list, k.letter+"  "+k.does)
		}
		s.terminal.Print(terminal.Event{Kind: terminal.KindKeys, Text: "each with Enter", Output: list})
	})
}

func (s *session) togglePause(l *loop.Loop) {
	if s.paused.Load() {
		l.Resume()
	} else {
		l.Pause(pausedByKey)
	}
}

// browsers open an address in the user's browser, by system.
var browsers = map[string][]string{
	"darwin":  {"open"},
	"windows": {"rundll32", "url.dll,FileProtocolHandler"},
}

func (s *session) openBrowser() {
	command, ok := browsers[runtime.GOOS]
	if !ok {
		command = []string{"xdg-open"}
	}
	if err := s.launch(append(command[:len(command):len(command)], s.site.URL)); err != nil {
		s.warn(fmt.Sprintf("open %s: %v: open it by hand", s.site.URL, err))
	}
}

// launch starts a program of the user's desktop, and returns when it has begun.
func (s *session) launch(command []string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Dir = s.Env, s.site.Dir
	cmd.SysProcAttr = ownGroup() // an interrupt typed in our terminal is not for it
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait() // reaps it
	return nil
}
