package session

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/terminal"
)

// ask lets a person at our terminal choose between main packages by number. Elsewhere, and in
// the background, where a read would stop us, the error, which lists them, stays.
func (s *session) ask(several *project.Several) (project.Package, error) {
	in := s.keyboard()
	if in == nil || !terminal.Foreground(in) {
		return project.Package{}, several
	}
	fmt.Fprintln(s.Stdout, "several main packages:")
	for i, p := range several.Packages {
		fmt.Fprintf(s.Stdout, "  %d  %s\n", i+1, p.Pattern)
	}
	for typed := bufio.NewReader(in); ; {
		fmt.Fprint(s.Stdout, "which one? ")
		line, err := s.answer(typed)
		if err != nil {
			return project.Package{}, err
		}
		if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(several.Packages) {
			fmt.Fprintf(s.Stdout, "the next time: watcher %s\n", several.Packages[n-1].Pattern)
			return several.Packages[n-1], nil
		}
		fmt.Fprintf(s.Stdout, "%q is none of them: type a number from 1 to %d\n", line, len(several.Packages))
	}
}

// answer waits for a line, or for the end of waiting: ^D or a signal.
func (s *session) answer(typed *bufio.Reader) (string, error) {
	answer := make(chan string, 1)
	go func() { // ends with the answer, or with the program
		line, _ := typed.ReadString('\n')
		answer <- line
	}()
	select {
	case line := <-answer:
		if line != "" {
			return strings.TrimSpace(line), nil
		}
	case <-s.Signals:
	}
	fmt.Fprintln(s.Stdout)
	return "", UsageError{errors.New("no package was chosen")}
}
