package builder

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// outputs that go build gives on other systems or with tools that may be missing
// here; TestB2_RealOutputs holds those that it gives anywhere.
var outputs = []struct {
	name, output string
	headline     string
	want         []Diagnostic
}{{
	name:     "drive letter",
	output:   "# example.com/shop\nC:\\x y\\main.go:1:2: undefined: x\n",
	headline: "C:\\x y\\main.go:1:2: undefined: x",
	want:     []Diagnostic{{"C:\\x y\\main.go", 1, 2, "undefined: x"}},
}, {
	name:     "carriage returns",
	output:   "# example.com/shop\r\n./main.go:4:5: a redeclared\r\n\t./b.go:1:2: other declaration of a\r\n",
	headline: "main.go:4:5: a redeclared",
	want:     []Diagnostic{{"main.go", 4, 5, "a redeclared\n\t./b.go:1:2: other declaration of a"}},
}, {
	name: "C compiler",
	output: "# example.com/shop\n./main.go: In function 'f':\n" +
		"./main.go:3:23: error: 'x' undeclared (first use in this function)\n" +
		"    3 | // int f(void) { return x; }\n      |                       ^\n" +
		"./main.go:3:23: note: each undeclared identifier is reported only once\n",
	headline: "main.go:3:23: error: 'x' undeclared (first use in this function)",
	want: []Diagnostic{
		{"main.go", 3, 23, "error: 'x' undeclared (first use in this function)\n" +
			"    3 | // int f(void) { return x; }\n      |                       ^"},
		{"main.go", 3, 23, "note: each undeclared identifier is reported only once"},
	},
}, {
	name: "C linker",
	output: "# example.com/shop\n/usr/local/go/pkg/tool/linux_amd64/link: running gcc failed: exit status 1\n" +
		"/usr/bin/ld: /tmp/go-link-27/000001.o: in function `_cgo_b2_Cfunc_f':\n" +
		"collect2: error: ld returned 1 exit status\n",
	headline: "/usr/local/go/pkg/tool/linux_amd64/link: running gcc failed: exit status 1",
}, {
	name:     "vet",
	output:   "# example.com/shop\nvet: ./main.go:3:2: undefined: x\n",
	headline: "main.go:3:2: undefined: x",
	want:     []Diagnostic{{"main.go", 3, 2, "undefined: x"}},
}, {
	name:     "address in a message",
	output:   "go: example.com/x@v1.0.0: Get \"http://127.0.0.1:3128/x\": dial tcp 127.0.0.1:3128: connect: connection refused\n",
	headline: "go: example.com/x@v1.0.0: Get \"http://127.0.0.1:3128/x\": dial tcp 127.0.0.1:3128: connect: connection refused",
}, {
	name:     "progress is no headline",
	output:   "go: downloading github.com/gin-gonic/gin v1.11.0\nverifying module: checksum mismatch\n",
	headline: "verifying module: checksum mismatch",
}, {
	name:     "full disk before all",
	output:   "# example.com/shop\n./main.go:3:8: could not import fmt\nlink: write: no space left on device\n",
	headline: "link: write: no space left on device",
	want:     []Diagnostic{{"main.go", 3, 8, "could not import fmt"}},
}, {
	name:     "no column, line of zero, line too large",
	output:   "a.go:7: x\na.go:0:1: y\na.go:99999999999999999999: z\n",
	headline: "a.go:7: x",
	want:     []Diagnostic{{"a.go", 7, 0, "x"}},
}, {
	name: "nothing",
}}

func TestB2_OutputsOfOtherSystems(t *testing.T) {
	for _, o := range outputs {
		t.Run(o.name, func(t *testing.T) {
			found := diagnose(o.output, "/home/me/shop", "/home/me/shop")
			if !reflect.DeepEqual(found, o.want) {
				t.Errorf("diagnostics:\n got %+v\nwant %+v", found, o.want)
			}
			if got := headline(o.output, found); got != o.headline {
				t.Errorf("headline:\n got %q\nwant %q", got, o.headline)
			}
		})
	}
}

func TestB2_PathsAreRelativeToTheStart(t *testing.T) {
	const dir = "/home/me/my shop/api"
	for _, c := range []struct{ file, base, want string }{
		{"./main.go", dir, "main.go"},
		{"main.go", "/home/me/my shop", "api/main.go"},
		{"../lib/a.go", "/home/me/my shop", "lib/a.go"},
		{"../lib/a.go", dir, "../lib/a.go"},
		{"/home/me/my shop/api/h/user.go", dir, "h/user.go"},
		{"/usr/local/go/src/fmt/print.go", dir, "/usr/local/go/src/fmt/print.go"},
	} {
		got := diagnose(c.file+":1:2: x", filepath.FromSlash(dir), filepath.FromSlash(c.base))
		if len(got) != 1 || filepath.ToSlash(got[0].File) != c.want {
			t.Errorf("%s from %s: got %v, want %s", c.file, c.base, got, c.want)
		}
	}
}

func FuzzDiagnose(f *testing.F) {
	for _, o := range outputs {
		f.Add(o.output)
	}
	f.Add("package x\n\tmain.go:3:8: use of internal package y not allowed\n")
	f.Fuzz(func(t *testing.T, output string) {
		found := diagnose(output, "/home/me/shop", "/home/me")
		for _, d := range found {
			if d.Line < 1 || d.Column < 0 || d.File == "" {
				t.Errorf("no place: %+v", d)
			}
			for line := range strings.SplitSeq(d.Message, "\n") {
				if !strings.Contains(output, line) {
					t.Errorf("message line %q is not in the output", line)
				}
			}
		}
		if h := headline(output, found); strings.Contains(h, "\n") {
			t.Errorf("headline of several lines: %q", h)
		}
	})
}
