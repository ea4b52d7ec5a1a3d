// Package project finds out what lies in a folder: the module, the package to
// build, and the address that its code names.
package project

// Module is a Go module on disk.
type Module struct {
	Dir  string // absolute folder of go.mod
	Path string // as in "example.com/shop"
	Work string // absolute path of the go.work that is in force; "" for none
}

// FindModule returns the module of dir: the one that dir lies in, else the only one
// below it. The error says in one line what to do.
func FindModule(dir string, env []string) (Module, error) { return Module{}, nil }

// Package is a main package.
type Package struct {
	Pattern string // relative to Module.Dir, as "./cmd/api" or "."
	Name    string // last element of the import path, without a major version: the binary's name
}

// Several is the error of FindPackage when nothing decides between main packages.
type Several struct{ Packages []Package }

func (e *Several) Error() string { return "" }

// FindPackage returns the main package to build. want is a pattern that the user
// gave (relative to dir), or "": then ".", the only main package, the only one that
// imports Gin, the only one that imports net/http, in this order.
func FindPackage(m Module, dir, want string, env []string) (Package, error) { return Package{}, nil }

// Address is what the project's own code says about where it listens.
type Address struct {
	Port     int    // the one port that the code names; 0 if it names none or several
	Where    string // "main.go:12", relative to the module, for messages
	ReadsEnv bool   // the app takes its port from the PORT variable
}

// ScanAddress reads the syntax trees of the module's own code that pkg uses.
func ScanAddress(m Module, pkg Package, portEnv string) Address { return Address{} }
