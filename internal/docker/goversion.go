package docker

import (
	"regexp"
	"strconv"
)

// Least is the oldest Go that watcher itself can be built with.
const Least = "1.26"

var directive = regexp.MustCompile(`(?m)^[ \t]*(?:go[ \t]+|toolchain[ \t]+go)(\d+)\.(\d+)(?:\.\d+)?((?:rc|beta)\d+)?`)

// GoVersion returns the tag of the Go image that builds modules and workspaces with these
// go.mod and go.work files: the newest version that one of them asks for, without the last
// number, so that the newest corrections come with it.
func GoVersion(files ...[]byte) string {
	tag, best := Least, minor(Least)
	for _, file := range files {
		for _, m := range directive.FindAllSubmatch(file, -1) {
			version := string(m[1]) + "." + string(m[2])
			if n := minor(version); n > best {
				best = n
				tag = version
				if len(m[3]) > 0 {
					tag += "-rc" // no image has the name that it will have when it is done
				}
			}
		}
	}
	return tag
}

// minor makes numbers of versions that can be compared.
func minor(version string) int {
	m := regexp.MustCompile(`(\d+)\.(\d+)`).FindStringSubmatch(version)
	major, _ := strconv.Atoi(m[1])
	n, _ := strconv.Atoi(m[2])
	return major*1000 + n
}
