// Command check reads the output of go test -json ./... from standard input. It prints
// what failed and a count, and fails when a test has failed or was skipped, or when one
// that docs/promises.md names for a promise did not pass. One that is marked there as in need
// of Docker may be skipped: then a line says which promise is not shown.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

const module = "github.com/watcher-dev/watcher"

func main() {
	text, err := os.ReadFile("docs/promises.md")
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
	r := read(bufio.NewScanner(os.Stdin))
	for name := range r.output {
		if r.outcome[name] != "pass" {
			fmt.Printf("--- %s: %s\n%s", r.outcome[name], name, r.output[name])
		}
	}
	kept, unshown := r.promises(string(text))
	fmt.Printf("%d passed, %d failed, %d skipped\n", r.count("pass"), r.count("fail"), r.count("skip"))
	if !kept || r.count("pass") == 0 || r.count("fail")+r.count("skip") > unshown {
		os.Exit(1)
	}
}

// results are what the tests came to, by "folder.TestName".
type results struct {
	outcome map[string]string // pass, fail, skip; "" if it did not end
	output  map[string]string
}

func (r results) count(outcome string) (n int) {
	for _, o := range r.outcome {
		if o == outcome || o == "" && outcome == "fail" {
			n++
		}
	}
	return n
}

// read takes in the tests and, under the name of the folder alone, what else a package says.
func read(lines *bufio.Scanner) results {
	r := results{map[string]string{}, map[string]string{}}
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e struct{ Action, Package, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		name := folder(e.Package)
		if e.Test != "" {
			test, _, _ := strings.Cut(e.Test, "/")
			name += "." + test
		}
		switch e.Action {
		case "run":
			r.outcome[name] = ""
		case "output":
			r.output[name] += e.Output
		case "pass", "fail", "skip":
			if !strings.Contains(e.Test, "/") && (e.Test != "" || e.Action == "fail") {
				r.outcome[name] = e.Action
			}
			if e.Test == "" && e.Action != "fail" {
				delete(r.output, name)
			}
		}
	}
	return r
}

// folder is a package's, "root" for the tests with the real program.
func folder(pkg string) string {
	if pkg == module {
		return "root"
	}
	return strings.TrimPrefix(pkg, module+"/")
}

// promises reports whether each row of the table has tests and each of them passed, and how
// many were skipped for want of Docker.
func (r results) promises(text string) (kept bool, unshown int) {
	bad, all, seen := 0, parse(text), map[string]bool{}
	for _, p := range all {
		if seen[p.id] {
			fmt.Printf("%s has two rows\n", p.id)
			bad++
		}
		seen[p.id] = true
		if len(p.tests) == 0 {
			fmt.Printf("%s names no test\n", p.id)
			bad++
		}
		for _, test := range p.tests {
			switch {
			case r.outcome[test] == "skip" && p.docker[test]:
				fmt.Printf("%s is not shown: %s needs a Docker engine, and none answers here\n", p.id, test)
				unshown++
			case r.outcome[test] != "pass":
				fmt.Printf("%s: %s did not pass, or was not run\n", p.id, test)
				bad++
			}
		}
	}
	fmt.Printf("%d promises, %d tests of theirs without success, %d not run for want of Docker\n", len(all), bad, unshown)
	return bad == 0 && len(all) > 0, unshown
}

// promise is a row of the table.
type promise struct {
	id     string
	tests  []string        // "folder.TestName"; the folder is "root" for the tests with the real program
	docker map[string]bool // those of them that need it
}

var (
	row  = regexp.MustCompile(`(?m)^\| ([A-LN-Z]\d+) \|.*\|([^|]*)\|$`)
	name = regexp.MustCompile("`([^`]+)\\.(\\w+)`( \\(with Docker\\))?")
)

func parse(text string) (all []promise) {
	for _, r := range row.FindAllStringSubmatch(text, -1) {
		p := promise{id: r[1], docker: map[string]bool{}}
		for _, n := range name.FindAllStringSubmatch(r[2], -1) {
			test := n[1] + "." + n[2]
			p.tests = append(p.tests, test)
			p.docker[test] = n[3] != ""
		}
		all = append(all, p)
	}
	return all
}
