//go:build linux && (amd64 || arm64)

package beacon

import "unsafe"

// Package os tells a logger, which only package testing sets otherwise, of each file that is opened or looked at.
// It is called before the file is.

//go:linkname setLogger internal/testlog.SetLogger
func setLogger(l logger)

//go:linkname currentLogger internal/testlog.Logger
func currentLogger() logger

//go:linkname callers runtime.Callers
func callers(skip int, pc []uintptr) int

//go:linkname funcForPC runtime.FuncForPC
func funcForPC(pc uintptr) unsafe.Pointer

//go:linkname nameOfFunc runtime.(*Func).Name
func nameOfFunc(f unsafe.Pointer) string

// logger is internal/testlog.Interface, by its methods.
type logger interface {
	Getenv(key string)
	Stat(file string)
	Open(file string)
	Chdir(dir string)
}

func logFiles() {
	if currentLogger() == nil { // a second one would panic
		setLogger(files{})
	}
}

type files struct{}

// An app may open files without end: of each path the first opens are looked at, and so many paths are noted.
const mostOpens, mostNoted = 8, 20000

var (
	noting mutex
	noted  = map[string]bool{} // records; a path is told once for each word
	opens  = map[string]int{}  // by path
)

func (files) Getenv(string) {}

// Chdir is told each time, as relative paths of later records depend on it.
func (files) Chdir(dir string) { tell("goes " + escape(dir)) }

func (files) Stat(file string) { note("looks", file) }

func (files) Open(file string) {
	lock(&noting)
	n := opens[file]
	if n < mostOpens && len(opens) < mostNoted {
		opens[file] = n + 1
	}
	unlock(&noting)
	if n >= mostOpens { // who calls is looked up on the stack, which takes some microseconds
		return
	}
	if word := wordOf(); word != "" {
		note(word, file)
	}
}

// note tells of a path, unless that is known.
func note(word, path string) {
	record := word + " " + escape(path)
	lock(&noting)
	known := noted[record] || len(noted) >= mostNoted
	if !known {
		noted[record] = true
	}
	unlock(&noting)
	if !known {
		tell(record)
	}
}

// openers are the functions of package os by which a file is opened, and what they do it for. Of os.OpenFile itself
// that is not known.
var openers = map[string]string{
	"os.Open": "reads", "os.ReadFile": "reads", "os.dirFS.Open": "reads", "os.dirFS.ReadFile": "reads",
	"os.(*Root).Open": "reads", "os.(*Root).ReadFile": "reads",
	"os.Create": "writes", "os.WriteFile": "writes", "os.CreateTemp": "writes",
	"os.(*Root).Create": "writes", "os.(*Root).WriteFile": "writes",
}

// wordOf says what the file is opened for, by who has called package os; "" if that is not known.
func wordOf() string {
	var pcs [10]uintptr
	for _, pc := range pcs[:callers(2, pcs[:])] {
		if f := funcForPC(pc - 1); f != nil {
			if word := openers[nameOfFunc(f)]; word != "" {
				return word
			}
		}
	}
	return ""
}

// escape keeps a record in one line.
func escape(path string) string {
	for i := 0; i < len(path); i++ {
		if path[i] == '\n' || path[i] == '\\' {
			return path[:i] + map[byte]string{'\n': `\n`, '\\': `\\`}[path[i]] + escape(path[i+1:])
		}
	}
	return path
}
