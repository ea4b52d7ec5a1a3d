// Package project finds out what lies in a folder: the module, the package to
// build, and the address that its code names.
//
// It only reads files, never runs the go command, and takes code that does not
// compile as it is: what is wrong with it is the build's to say.
package project

import "strings"

// Module is a Go module on disk.
type Module struct {
	Dir  string // absolute folder of go.mod
	Path string // as in "example.com/shop"; "" if go.mod cannot be understood
	Work string // absolute path of the go.work that is in force; "" for none
}

// Package is a main package.
type Package struct {
	Pattern string   // relative to Module.Dir, as "./cmd/api" or "."
	Name    string   // last element of the import path, without a major version: the binary's name
	Tags    []string // build tags that hold for it
}

// Several is the error of FindPackage when nothing decides between main packages.
// Those that look most like a web service come first.
type Several struct{ Packages []Package }

// Error lists the packages and says what to type, in one line.
func (e *Several) Error() string {
	first := e.Packages[0].Pattern
	return "several main packages: " + patterns(e.Packages) + ": say which one: watcher " + first + ", or package = \"" + first + "\" under [app] in .watcher.toml"
}

// patterns lists packages for a message; of very many it names the first.
func patterns(packages []Package) string {
	const most = 12
	var names []string
	for _, p := range packages {
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, p.Pattern)
	}
	return strings.Join(names, ", ")
}

// Address is what the project's own code says about where it listens.
type Address struct {
	Port     int    // the one port that the code names; 0 if it names none or several
	Where    string // "main.go:12", relative to the module, for messages; "" without a port
	ReadsEnv bool   // the app takes its port from the PORT variable
	Several  bool   // it does not, and names several ports
	TLS      bool   // it speaks TLS on Port
}
