package session

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/watcher-dev/watcher/internal/project"
)

// ask lets a person at a terminal choose between main packages by number. Elsewhere
// the error, which lists them, stays.
func (s *session) ask(several *project.Several) (project.Package, error) {
	in, ok := s.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) || s.options.JSON {
		return project.Package{}, several
	}
	fmt.Fprintln(s.Stdout, "several main packages:")
	for i, p := range several.Packages {
		fmt.Fprintf(s.Stdout, "  %d  %s\n", i+1, p.Pattern)
	}
	fmt.Fprint(s.Stdout, "which one? ")
	answer := make(chan string, 1)
	go func() { // ends with the answer, or with the program
		line, _ := bufio.NewReader(in).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case line := <-answer:
		n, err := strconv.Atoi(line)
		if err != nil || n < 1 || n > len(several.Packages) {
			return project.Package{}, UsageError{fmt.Errorf("%q is none of them: type a number from 1 to %d", line, len(several.Packages))}
		}
		fmt.Fprintf(s.Stdout, "the next time: watcher %s\n", several.Packages[n-1].Pattern)
		return several.Packages[n-1], nil
	case <-s.Signals:
		fmt.Fprintln(s.Stdout)
		return project.Package{}, UsageError{errors.New("no package was chosen")}
	}
}
