// Command reads opens files in the way that its argument names.
package main

import (
	"io/fs"
	"net/http"
	"os"
	"text/template"

	_ "example.com/reads/conf"
)

var ways = map[string]func(){
	"os.ReadFile":  func() { os.ReadFile("a.yaml") },
	"os.Open":      func() { os.Open("a.yaml") },
	"os.OpenFile":  func() { os.OpenFile("a.log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) },
	"os.Create":    func() { os.Create("a.db") },
	"os.WriteFile": func() { os.WriteFile("a.json", nil, 0o644) },
	"os.Stat":      func() { os.Stat("a.yaml") },
	"os.DirFS":     func() { fs.ReadFile(os.DirFS("sub"), "a.yaml") },
	"os.Root": func() {
		r, _ := os.OpenRoot("sub")
		r.Open("a.yaml")
	},
	"http.Dir":        func() { http.Dir("sub").Open("a.yaml") },
	"template":        func() { template.ParseFiles("a.tmpl") },
	"os.Chdir":        func() { os.Chdir("sub"); os.ReadFile("a.yaml") },
	"twice":           func() { os.ReadFile("a.yaml"); os.ReadFile("a.yaml") },
	"a strange name":  func() { os.ReadFile("a\n\\b.yaml") },
	"all descriptors": func() { closeAll(); os.ReadFile("a.yaml") },
	"ten thousand": func() {
		for range 10_000 {
			os.ReadFile("a.yaml")
		}
	},
}

func main() { ways[os.Args[1]]() }

// closeAll closes what the program has not opened, as daemons do, and opens something else there.
func closeAll() {
	for fd := uintptr(3); fd < 64; fd++ {
		os.NewFile(fd, "").Close()
	}
	for range 8 {
		os.OpenFile("a.db", os.O_RDWR|os.O_CREATE, 0o644)
	}
}
