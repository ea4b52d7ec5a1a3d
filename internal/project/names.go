package project

import (
	"go/ast"
	"go/token"
	"strconv"

	"github.com/watcher-dev/watcher/builder/graph"
)

// names maps a name to all that the code gives it, whatever the order and branches.
// Fields and methods count as names of their package; a function stands for what it
// returns.
type names map[name][]value

type name struct {
	place
	text string
}

// value is an expression and where its own names are looked up.
type value struct {
	place
	expr ast.Expr
}

// place is a function, or with none the whole package.
type place struct {
	pkg      string
	function *ast.FuncDecl
}

func placeOf(file *ast.File, decl ast.Decl) place {
	function, _ := decl.(*ast.FuncDecl)
	return place{file.Name.Name, function}
}

// gather takes in what a file gives to names.
func (all names) gather(file *ast.File) {
	for _, decl := range file.Decls {
		at := placeOf(file, decl)
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names[:min(len(n.Names), len(n.Values))] {
					all.give(at, name, n.Values[i])
				}
			case *ast.AssignStmt: // of a call with several results the first counts
				for i, to := range n.Lhs[:min(len(n.Lhs), len(n.Rhs))] {
					all.give(at, to, n.Rhs[i])
				}
			case *ast.KeyValueExpr:
				if field, ok := n.Key.(*ast.Ident); ok {
					all.give(at, &ast.SelectorExpr{Sel: field}, n.Value)
				}
			case *ast.CallExpr: // flag.StringVar(&addr, "addr", ":8080", "")
				for _, arg := range n.Args {
					if pointer, ok := arg.(*ast.UnaryExpr); ok && pointer.Op == token.AND {
						all.give(at, pointer.X, n)
					}
				}
			case *ast.ReturnStmt:
				if at.function != nil && len(n.Results) > 0 {
					all.give(at, &ast.SelectorExpr{Sel: at.function.Name}, n.Results[0])
				}
			}
			return true
		})
	}
}

// give notes what a variable is given, or a field of the package.
func (all names) give(at place, to, expr ast.Expr) {
	n := name{at, graph.LastName(to)}
	if _, field := to.(*ast.SelectorExpr); field {
		n.function = nil
	}
	all[n] = append(all[n], value{at, expr})
}

// literals returns the literals that go into an expression, through the names in it.
func (all names) literals(e ast.Expr, at place) []*ast.BasicLit {
	return all.follow(e, at, map[name]bool{})
}

func (all names) follow(e ast.Expr, at place, seen map[name]bool) (found []*ast.BasicLit) {
	// The first of the places that knows the name is the one meant.
	enter := func(text string, places ...place) {
		for _, p := range places {
			n := name{p, text}
			if len(all[n]) == 0 {
				continue
			}
			if !seen[n] { // else it is made from itself: port = ":" + port
				seen[n] = true
				for _, v := range all[n] {
					found = append(found, all.follow(v.expr, v.place, seen)...)
				}
			}
			return
		}
	}
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			found = append(found, n)
		case *ast.Ident:
			enter(n.Name, at, place{pkg: at.pkg})
		case *ast.SelectorExpr:
			if n.Sel.Name == "JoinHostPort" {
				found = append(found, &ast.BasicLit{Value: ":"}) // that it adds
			}
			enter(n.Sel.Name, place{pkg: graph.LastName(n.X)}, place{pkg: at.pkg})
			return false
		case *ast.FuncLit:
			return false
		}
		return true
	})
	return found
}

// text returns what a literal stands for.
func text(l *ast.BasicLit) string {
	if unquoted, err := strconv.Unquote(l.Value); err == nil && l.Kind == token.STRING {
		return unquoted
	}
	return l.Value
}
