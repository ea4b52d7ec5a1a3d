package project

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/watcher-dev/watcher/builder/graph"
)

// ScanAddress reads the syntax trees of the project's own code that pkg uses, by src. portEnv
// names the variable that may carry the port. Code that does not compile is read as
// far as it can be.
//
// Without types these are guesses, made for the ways in which people write it:
//   - A port is a literal that goes into the address of a listening call or of a
//     Server (see names): "localhost:8080", ":8080", or 8080 beside a colon.
//   - The variable is read where its name goes into such an address too, is given to a
//     call with "env" in its own name or stands in an env tag; and by Gin's Run().
//   - Its default stands in the same address, call or tag, else as "8080" or ":8080"
//     in the same declaration. Other listeners (metrics, pprof) do not count where one
//     is known to take its port from the variable; else those that are usual for metrics
//     and the like, and those of TLS, do not count beside another one, nor does what serves
//     http.DefaultServeMux, as pprof does, beside one with a handler of its own.
func ScanAddress(m Module, src *graph.Source, pkg Package, portEnv string) Address {
	s := scan{Source: src, module: m, names: names{}, variable: portEnv}
	files := s.ReachFiles(filepath.Join(m.Dir, pkg.Pattern))
	for _, file := range files {
		s.names.gather(file)
		s.handed = s.handed || givesHandler(file)
	}
	for _, file := range files {
		// Commands have a Run() too.
		runs := portEnv == "PORT" && imports(file, gin) && !imports(file, "os/exec")
		for _, decl := range file.Decls {
			s.declaration(decl, placeOf(file, decl), runs)
		}
	}
	found := s.fixed
	switch {
	case s.reads && len(s.defaults) > 0:
		found = s.defaults
	case s.reads && len(s.beside) > 0:
		found = s.beside
	case s.linked:
		found = nil
	}
	a := Address{ReadsEnv: s.reads}
	if several(found) {
		a.Several = !s.reads
		found = slices.DeleteFunc(found, port.beside)
		if slices.ContainsFunc(found, func(p port) bool { return !p.mux }) {
			found = slices.DeleteFunc(found, func(p port) bool { return p.mux })
		}
	} else {
		a.TLS = s.tls
	}
	if len(found) > 0 && !several(found) {
		a.Port, a.Where, a.Several = found[0].number, found[0].where, false
	}
	return a
}

func several(found []port) bool {
	return slices.ContainsFunc(found, func(p port) bool { return p.number != found[0].number })
}

// beside reports whether a port is not the one that people open, where there are others:
// those of pprof, metrics and gRPC as everybody chooses them, and one of TLS.
func (p port) beside() bool {
	return p.tls || slices.Contains([]int{6060, 6061, 2112, 9090, 9091, 9100, 9464, 50051}, p.number)
}

// scan collects what the declarations say.
type scan struct {
	*graph.Source
	module   Module
	names    names
	variable string
	reads    bool   // the variable is read
	linked   bool   // a listener's address is made with it
	fixed    []port // of listeners that know nothing of it
	defaults []port // for when it is empty
	beside   []port // the same, less surely
	tls      bool   // a server speaks TLS
	handed   bool   // some server is given its handler after it was made
}

type port struct {
	number int
	where  string
	tls    bool // for certain
	mux    bool // it serves http.DefaultServeMux, for certain
}

// declaration takes one; runs tells that a Run() in it is Gin's, which reads PORT.
func (s *scan) declaration(decl ast.Decl, at place, runs bool) {
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name := graph.LastName(n.Fun)
			switch {
			case len(n.Args) == 0:
				s.reads = s.reads || runs && name == "Run"
			case name == "Listen": // net.Listen("tcp", address); others take the address alone
				s.listener(n.Args[len(n.Args)-1], at)
			case listens.MatchString(name):
				before := len(s.fixed)
				s.listener(n.Args[0], at)
				tls := strings.HasSuffix(name, "TLS")
				s.tls = s.tls || tls
				for i := range s.fixed[before:] {
					s.fixed[before+i].tls = tls
					s.fixed[before+i].mux = strings.HasPrefix(name, "Listen") && graph.LastName(n.Args[len(n.Args)-1]) == "nil"
				}
			case strings.Contains(strings.ToLower(name), "env") && name != "Setenv":
				s.lookup(n, decl, at)
			}
		case *ast.CompositeLit:
			if graph.LastName(n.Type) == "Server" {
				s.server(n, at)
			}
		case *ast.Field:
			if n.Tag != nil {
				s.tag(n.Tag)
			}
		}
		return true
	})
}

var listens = regexp.MustCompile(`^(Run|ListenAndServe|Start)(TLS)?$`)

func (s *scan) server(n *ast.CompositeLit, at place) {
	before, mux := len(s.fixed), !s.handed
	for _, element := range n.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		switch {
		case !ok:
		case graph.LastName(pair.Key) == "Addr":
			s.listener(pair.Value, at)
		case graph.LastName(pair.Key) == "Handler":
			mux = graph.LastName(pair.Value) == "nil"
		}
	}
	for i := range s.fixed[before:] {
		s.fixed[before+i].mux = mux
	}
}

// givesHandler reports whether a server gets its handler by an assignment.
func givesHandler(file *ast.File) (gives bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if n, ok := n.(*ast.AssignStmt); ok {
			gives = gives || slices.ContainsFunc(n.Lhs, func(to ast.Expr) bool {
				_, field := to.(*ast.SelectorExpr)
				return field && graph.LastName(to) == "Handler"
			})
		}
		return true
	})
	return gives
}

// listener takes the address that one is given.
func (s *scan) listener(address ast.Expr, at place) {
	literals := s.names.literals(address, at)
	switch {
	case slices.ContainsFunc(literals, s.isVariable):
		s.reads, s.linked = true, true // by whatever call
		s.note(&s.defaults, literals)
	case slices.ContainsFunc(literals, func(l *ast.BasicLit) bool { return strings.Contains(l.Value, ":") }):
		s.note(&s.fixed, literals)
	}
}

// lookup takes a call that may ask for the variable and name its default.
func (s *scan) lookup(call *ast.CallExpr, decl ast.Decl, at place) {
	literals := s.names.literals(call, at)
	if !slices.ContainsFunc(literals, s.isVariable) {
		return
	}
	s.reads = true
	s.note(&s.defaults, literals)
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			return !listens.MatchString(graph.LastName(n.Fun))
		case *ast.BasicLit:
			if n.Kind == token.STRING && !strings.Contains(strings.TrimPrefix(text(n), ":"), ":") {
				s.note(&s.beside, []*ast.BasicLit{n})
			}
		}
		return true
	})
}

var (
	envTag = regexp.MustCompile(`\b(env|envconfig):"(\w+)`)
	number = regexp.MustCompile(`\b\d{2,5}\b`)
)

// tag takes the tag of a field, as in `env:"PORT" envDefault:"8080"`.
func (s *scan) tag(tag *ast.BasicLit) {
	if name := envTag.FindStringSubmatch(tag.Value); name == nil || name[2] != s.variable {
		return
	}
	s.reads = true
	// The first number: others are bounds, as in validate:"min=1024".
	s.note(&s.defaults, []*ast.BasicLit{{ValuePos: tag.ValuePos, Value: number.FindString(tag.Value)}})
}

func (s *scan) isVariable(l *ast.BasicLit) bool { return text(l) == s.variable }

// note adds the literals that are a port or an address with one.
func (s *scan) note(to *[]port, literals []*ast.BasicLit) {
	for _, l := range literals {
		digits := portAtEnd.FindString(text(l))
		n, err := strconv.ParseUint(strings.TrimLeft(digits, ":"), 10, 16)
		if err != nil || n == 0 || strings.Contains(text(l), "/") {
			continue
		}
		at := s.Position(l.Pos())
		file := strings.TrimPrefix(pattern(s.module.Dir, at.Filename), "./")
		*to = append(*to, port{number: int(n), where: fmt.Sprintf("%s:%d", file, at.Line)})
	}
}

// portAtEnd knows a number without a colon as a port by its length.
var portAtEnd = regexp.MustCompile(`:\d+$|^(\d{4,5}|80|443)$`)
