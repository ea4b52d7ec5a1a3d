package rules

// Graph is what the build reads and what the code names.
type Graph struct {
	Packages []Package // compiled ones of the project: main module, go.work members, local replace targets, vendored
	Files    []string  // absolute: go.mod, go.sum, go.work, go.work.sum, vendor/modules.txt of all of these
	Named    []Named
	Takes    func(dir, name string, src []byte) bool // whether the compiler would take this Go file by its name and build constraints; pure
}

// Package is a folder that the compiler reads.
type Package struct {
	Dir     string // absolute
	Missing bool   // imported and not there yet: its folder is waited for
	By      string // folder of a package that imports it; "" if that is not told
}

// Named is a file, a folder or a glob that a string of the code or an argument of the
// app names.
type Named struct {
	Path  string // absolute
	Use   Use
	Where string // file:line of the string, or what else names it
}

// Use is what the app does with what it names.
type Use uint8

const (
	Read      Use = iota // read as configuration or data
	Templates            // parsed as templates
	Static               // served as it is
)
