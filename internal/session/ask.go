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
		line, _ := typed.ReadString('\n')
		if line == "" { // ^D
			fmt.Fprintln(s.Stdout)
			return project.Package{}, UsageError{errors.New("no package was chosen")}
		}
		line = strings.TrimSpace(line)
		if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(several.Packages) {
			fmt.Fprintf(s.Stdout, "the next time: watcher %s\n", several.Packages[n-1].Pattern)
			return several.Packages[n-1], nil
		}
		fmt.Fprintf(s.Stdout, "%q is none of them: type a number from 1 to %d\n", line, len(several.Packages))
	}
}
