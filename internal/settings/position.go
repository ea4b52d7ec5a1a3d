package settings

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// indexer finds where keys and values stand in a text that is known to be sound.
type indexer struct {
	shown        string
	parser       unstable.Parser
	keys, values map[string]place
	count        map[string]int // of the tables of a list
}

// index returns the places of all keys and values by their names (see loader).
func index(shown string, text []byte) (keys, values map[string]place) {
	x := indexer{shown: shown, keys: map[string]place{}, values: map[string]place{}, count: map[string]int{}}
	x.parser.Reset(text)
	table := ""
	for x.parser.NextExpression() {
		if node := x.parser.Expression(); node.Kind == unstable.KeyValue {
			x.addPair(table, node)
		} else {
			table = x.addHeader(node)
		}
	}
	return x.keys, x.values
}

func (x *indexer) addHeader(node *unstable.Node) (table string) {
	for key := node.Key(); key.Next(); {
		table = x.addKey(table, key.Node())
		if node.Kind == unstable.ArrayTable && key.IsLast() {
			x.count[table]++
		}
		if n := x.count[table]; n > 0 {
			at := x.keys[table]
			table = fmt.Sprintf("%s[%d]", table, n-1)
			x.values[table] = at
		}
	}
	return table
}

// addKey returns the name of the key.
func (x *indexer) addKey(table string, key *unstable.Node) string {
	name := join(table, string(key.Data))
	x.keys[name] = x.at(key.Raw.Offset)
	x.values[name] = x.keys[name]
	return name
}

func (x *indexer) addPair(table string, node *unstable.Node) {
	var end uint32
	for key := node.Key(); key.Next(); {
		table = x.addKey(table, key.Node())
		end = key.Node().Raw.Offset + key.Node().Raw.Length
	}
	// Lists have no position in the tree, but a value begins after its key and the =.
	for strings.IndexByte(" \t=", x.parser.Data()[end]) >= 0 {
		end++
	}
	x.addValue(table, node.Value(), x.at(end))
}

func (x *indexer) addValue(name string, node *unstable.Node, at place) {
	x.values[name] = at
	i := 0
	for children := node.Children(); children.Next(); i++ {
		child := children.Node()
		if child.Kind == unstable.KeyValue {
			x.addPair(name, child)
			continue
		}
		if child.Raw.Length > 0 { // else a list in a list
			at = x.at(child.Raw.Offset)
		}
		x.addValue(fmt.Sprintf("%s[%d]", name, i), child, at)
	}
}

func (x *indexer) at(offset uint32) place {
	start := x.parser.Shape(unstable.Range{Offset: offset}).Start
	return place{name: x.shown, line: start.Line, column: start.Column}
}

// join adds a part to a name. A part that could be taken for several is quoted.
func join(table, part string) string {
	if strings.ContainsAny(part, ".[") {
		part = strconv.Quote(part)
	}
	return strings.TrimPrefix(table+"."+part, ".")
}
