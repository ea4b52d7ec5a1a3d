package graph

import (
	"go/ast"
	"go/token"
	"path"
	"strconv"
	"strings"
)

// literal is a string of the code that may name something.
type literal struct {
	text  string // as the code has it
	use   Use
	asked bool   // a call that takes paths has it: folders, globs and what is not there yet count too
	where string // file:line
}

// calls are those that take paths, by the name of the function, and of what it belongs
// to where its own name says too little.
var calls = map[string]Use{
	"LoadHTMLGlob": Templates, "LoadHTMLFiles": Templates, "ParseGlob": Templates, "ParseFiles": Templates, "ParseFS": Templates,

	"Static": Static, "StaticFS": Static, "StaticFile": Static, "StaticFileFS": Static, "FileServer": Static, "FileServerFS": Static,
	"LocalFile": Static, "ServeFile": Static, "http.Dir": Static, "gin.Dir": Static, "c.File": Static, "ctx.File": Static,

	"ReadFile": Read, "ReadDir": Read, "os.Open": Read, "DirFS": Read, "Glob": Read, "WalkDir": Read, "filepath.Walk": Read,
	"DecodeFile": Read, "SetConfigFile": Read, "godotenv.Load": Read, "godotenv.Read": Read, "LoadFile": Read,
}

// writers are calls that change what they are given the path of: that such a file differs
// is the app's own doing.
var writers = map[string]bool{
	"Create": true, "WriteFile": true, "OpenFile": true, "MkdirAll": true, "Remove": true, "RemoveAll": true, "Rename": true,
}

// scan returns the literals of one package.
func scan(files []*ast.File, position func(token.Pos) string) []literal {
	s := &scanner{position: position, values: map[string]ast.Expr{}, written: map[string]bool{}}
	for _, file := range files {
		s.gather(file)
	}
	for _, file := range files {
		ast.Walk(visitor{scanner: s}, file)
	}
	if len(s.names) == 0 {
		s.names = []string{"config"} // viper's own default
	}
	for _, l := range s.dirs {
		for _, name := range s.names {
			s.found = append(s.found, literal{path.Join(l.text, name+".*"), Read, true, l.where})
		}
	}
	var read []literal
	for _, l := range s.found {
		if !s.written[path.Clean(l.text)] {
			read = append(read, l)
		}
	}
	return read
}

type scanner struct {
	position func(token.Pos) string
	values   map[string]ast.Expr // of the names that are given one value in the whole package; nil: several
	found    []literal
	written  map[string]bool // clean paths
	names    []string        // viper.SetConfigName
	dirs     []literal       // viper.AddConfigPath
}

// gather notes what names are given.
func (s *scanner) gather(file *ast.File) {
	give := func(name, value ast.Expr) {
		if id, ok := name.(*ast.Ident); ok {
			if _, twice := s.values[id.Name]; twice {
				value = nil
			}
			s.values[id.Name] = value
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, name := range n.Names[:min(len(n.Names), len(n.Values))] {
				give(name, n.Values[i])
			}
		case *ast.AssignStmt:
			for i, name := range n.Lhs[:min(len(n.Lhs), len(n.Rhs))] {
				give(name, n.Rhs[i])
			}
		}
		return true
	})
}

// visitor goes through a syntax tree with what the calls around a node say of it.
type visitor struct {
	*scanner
	use    Use
	asked  bool
	writes bool
}

func (v visitor) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.ImportSpec, *ast.Field: // paths of packages, tags
		return nil
	case *ast.FuncLit: // a handler is no path
		return visitor{scanner: v.scanner}
	case *ast.CallExpr:
		v = v.enter(n)
	case *ast.Ident:
		if !v.asked && !v.writes {
			return nil // what it stands for is seen where it stands
		}
	}
	e, ok := n.(ast.Expr)
	if !ok {
		return v
	}
	text, ok := v.value(e)
	if !ok {
		return v
	}
	v.note(text, e.Pos())
	return nil
}

// enter is v inside of a call.
func (v visitor) enter(n *ast.CallExpr) visitor {
	name, qualified := LastName(n.Fun), ""
	if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
		qualified = LastName(sel.X) + "." + name
	}
	for _, name := range []string{name, qualified} {
		if use, ok := calls[name]; ok {
			v.use, v.asked = use, true
		}
	}
	v.writes = v.writes || writers[name]
	if len(n.Args) == 1 {
		text, ok := v.value(n.Args[0])
		switch {
		case ok && name == "SetConfigName":
			v.names = append(v.names, text)
		case ok && name == "AddConfigPath":
			v.dirs = append(v.dirs, literal{text: text, where: v.position(n.Pos())})
		}
	}
	return v
}

// note takes a string that may be a path.
func (v visitor) note(text string, at token.Pos) {
	switch {
	case !plausible(text), !v.asked && !strings.ContainsAny(text, "./"):
	case v.writes:
		v.written[path.Clean(text)] = true
	default:
		v.found = append(v.found, literal{text, v.use, v.asked, v.position(at)})
	}
}

// plausible reports whether text is more than a root, and no address, sentence or page of text.
func plausible(text string) bool {
	const longest = 255 // of a path on most systems
	return strings.Trim(text, `./\`) != "" && len(text) <= longest &&
		!strings.ContainsAny(text, "\x00\n\r\t") && !strings.Contains(text, "://")
}

// effort bounds how much is looked at to find one string: names may stand for themselves.
const effort = 64

// value returns the string that an expression of constants and joined paths stands for.
func (s *scanner) value(e ast.Expr) (string, bool) {
	left := effort
	return s.follow(e, &left)
}

func (s *scanner) follow(e ast.Expr, left *int) (string, bool) {
	if *left--; *left < 0 {
		return "", false
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.ParenExpr:
		return s.follow(e.X, left)
	case *ast.Ident:
		return s.follow(s.values[e.Name], left)
	case *ast.BinaryExpr:
		if parts, ok := s.all([]ast.Expr{e.X, e.Y}, left); ok && e.Op == token.ADD {
			return strings.Join(parts, ""), true
		}
	case *ast.CallExpr:
		if parts, ok := s.all(e.Args, left); ok && LastName(e.Fun) == "Join" {
			return path.Join(parts...), true
		}
	}
	return "", false
}

func (s *scanner) all(es []ast.Expr, left *int) (parts []string, ok bool) {
	for _, e := range es {
		part, ok := s.follow(e, left)
		if !ok {
			return nil, false
		}
		parts = append(parts, part)
	}
	return parts, true
}

// LastName returns "x" for x and for y.x, and "" for what has no name.
func LastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
