// Package graph finds out what a build depends on: the packages of the project, the
// files that lead the go command, and what the code names by strings.
//
// It knows packages, files and literals. It does not know what is watched, or what a
// change of a file asks for.
//
// There are two ways to the same value. [Reader.Rough] follows the imports by syntax
// alone, in milliseconds, so that the first moment has a graph too. [Reader.Run] asks go
// list, whose answer is exact, beside the builds and only where the answer may differ
// from the last one.
package graph

// Graph is what a build depends on.
type Graph struct {
	Packages []Package // of the project: of its modules (see [Modules]), and vendored ones; sorted by folder
	Files    []string  // absolute, there or not: go.mod and go.sum of its modules, go.work, go.work.sum, vendor/modules.txt
	Named    []Named   // files, folders and globs; sorted by path

	// Takes reports whether the build takes a Go file of that name and content in the
	// folder dir, by its name and build constraints. It is pure; any goroutine may call it.
	Takes func(dir, name string, src []byte) bool
}

// Package is a folder that the compiler reads.
type Package struct {
	Dir     string // absolute
	Missing bool   // imported, and not there yet
	By      string // folder of a package that imports it; "" if that is not known

	vendored bool // others wrote it: its strings name nothing
}

// Named is what a string of the code names, or an argument of the app.
type Named struct {
	Path  string // absolute: a file, a folder, or a glob of path/filepath
	Use   Use
	Where string // file:line of the string, relative to the main module where that is above it, or "argument"
}

// Use is what the app does with what it names, as the call tells.
type Use uint8

const (
	Read      Use = iota // by a call that says nothing else
	Templates            // parsed as templates
	Static               // served as it is
)
