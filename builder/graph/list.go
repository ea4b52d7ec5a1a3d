package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// Fields are those of go list -json that are read; others cost the go command time.
var Fields = []string{"Dir", "ImportPath", "Standard", "Module", "Error", "Imports"}

// listed is one package of go list.
type listed struct {
	Dir, ImportPath string
	Standard        bool
	Module          *struct {
		Dir     string // none: its packages are taken from a vendor folder
		Version string
		Replace *struct{ Version string }
	}
	Error   *struct{ Err string }
	Imports []string
}

var errNoPackage = errors.New("go list knows no package of the project")

// parse reads what go list -deps -e wrote of a project. It leaves out the standard
// library and what comes from the module cache. Unsure tells that mistakes in the files
// may have hidden packages.
func parse(out []byte, modules []Module) (found []Package, unsure bool, err error) {
	importer := map[string]string{} // its folder, by what it imports; the program itself comes last
	var paths []string              // of found
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, true, err
		}
		dir, own := p.place(modules)
		if !own {
			continue
		}
		found = append(found, Package{Dir: dir, Missing: p.Dir == "", vendored: p.vendored()})
		paths = append(paths, p.ImportPath)
		unsure = unsure || p.Dir != "" && p.Error != nil
		for _, path := range p.Imports {
			importer[path] = dir
		}
	}
	for i, path := range paths {
		found[i].By = importer[path]
	}
	if !slices.ContainsFunc(found, func(p Package) bool { return !p.Missing }) {
		return nil, true, errNoPackage
	}
	return sorted(found), unsure, nil
}

// place returns the folder of a package, and whether it is the project's.
func (p listed) place(modules []Module) (dir string, own bool) {
	switch m := p.Module; {
	case p.Standard:
		return "", false
	case p.Dir == "": // imported and not found
		dir := dirOf(p.ImportPath, modules)
		return dir, dir != ""
	default:
		local := m == nil || m.Version == "" || m.Replace != nil && m.Replace.Version == ""
		return p.Dir, local || p.vendored()
	}
}

func (p listed) vendored() bool { return p.Module != nil && p.Module.Dir == "" }

// merge joins what is known from two reads; of a folder that both have the newer one
// counts.
func merge(old, now []Package) []Package {
	all := slices.Clone(now)
	for _, p := range old {
		if !slices.ContainsFunc(now, func(n Package) bool { return n.Dir == p.Dir }) {
			all = append(all, p)
		}
	}
	return sorted(all)
}

func sorted(p []Package) []Package {
	slices.SortFunc(p, func(a, b Package) int { return strings.Compare(a.Dir, b.Dir) })
	return slices.CompactFunc(p, func(a, b Package) bool { return a.Dir == b.Dir })
}
