package terminal

import (
	"bufio"
	"os"
	"strings"
)

// Typed calls take with each line that is typed at a terminal, without its end, until done
// is closed or nobody can type any more. A read that waits ends with the program.
func Typed(in *os.File, done <-chan struct{}, take func(string)) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for typed := bufio.NewScanner(in); typed.Scan(); {
			select {
			case lines <- strings.TrimSpace(typed.Text()):
			case <-done:
				return
			}
		}
	}()
	for {
		select {
		case line, more := <-lines:
			if !more {
				return
			}
			take(line)
		case <-done:
			return
		}
	}
}

// Foreground reports whether a terminal is ours to read from, which it always is.
func Foreground(*os.File) bool { return true }
