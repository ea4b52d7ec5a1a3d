package builder

import (
	"slices"
	"strings"
	"testing"
)

func TestUserFlagsComeAfterOurs(t *testing.T) {
	const front = "build -o /out -ldflags "
	for _, c := range []struct {
		name string
		spec Spec
		want string
	}{
		{"none", Spec{}, "-s -w -buildid=| -buildvcs=false -pgo=off ."},
		{"setting", Spec{Ldflags: "-X main.v=1", Package: "./cmd/api"},
			"-s -w -buildid= -X main.v=1| -buildvcs=false -pgo=off ./cmd/api"},
		{"all places, in order", Spec{
			Env:     []string{"GOFLAGS=-mod=mod '-ldflags=-X main.a=1'"},
			Flags:   []string{"-race", "-ldflags", "-X main.b=1", "--ldflags=-X main.c=1", "-v"},
			Ldflags: "-X main.d=1",
		}, "-s -w -buildid= -X main.a=1 -X main.b=1 -X main.c=1 -X main.d=1| -buildvcs=false -pgo=off -race -v ."},
		{"package pattern", Spec{Flags: []string{"-ldflags=all=-X main.v=1"}},
			"-s -w -buildid= -X main.v=1| -buildvcs=false -pgo=off ."},
		{"debugger", Spec{Debug: true, Flags: []string{"-gcflags=-m", "-race"}, Ldflags: "-s -X main.v=1"},
			"-buildid= -s -X main.v=1 -s=false -w=false -compressdwarf=false| -buildvcs=false -pgo=off -gcflags=-m -race -gcflags=all=-N -l ."},
		{"tags", Spec{Flags: []string{"-tags=a,b", "-trimpath"}, Tags: []string{"c", "d"}},
			"-s -w -buildid=| -buildvcs=false -pgo=off -tags a,b,c,d -trimpath ."},
	} {
		t.Run(c.name, func(t *testing.T) {
			args, err := arguments(c.spec, "/out")
			if err != nil {
				t.Fatal(err)
			}
			args[4] += "|" // the linker's flags are one argument
			if got := strings.Join(args, " "); got != front+c.want {
				t.Errorf("\n got %s\nwant %s", got, front+c.want)
			}
		})
	}
}

func TestOutputFlagIsRefused(t *testing.T) {
	for _, flags := range [][]string{{"-o", "x"}, {"-o=x"}, {"-race", "--o=x"}} {
		_, err := arguments(Spec{Flags: flags}, "/out")
		if err == nil || !strings.Contains(err.Error(), "[build] flags must not hold -o") {
			t.Errorf("%q: %v", flags, err)
		}
	}
}

func TestB7_ForeignTargetIsSaid(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want string
	}{
		{nil, ""},
		{[]string{"GOOS=plan9"}, "GOOS=plan9 is not followed"},
		{[]string{"GOARCH=mips"}, "GOARCH=mips is not followed"},
		{[]string{"GOOS=plan9", "GOOS="}, ""},
	} {
		if got := Foreign(c.env); !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%q: got %q, want %q", c.env, got, c.want)
		}
	}
}

func TestB3_MissingGoIsOneLine(t *testing.T) {
	for _, env := range [][]string{nil, {"PATH="}, {"PATH=" + t.TempDir()}, {"PATH=."}} {
		_, err := FindGo(env)
		if err == nil || err.Error() != "go is not installed or not in PATH: install it from go.dev/dl" {
			t.Errorf("%q: %v", env, err)
		}
	}
}

func TestGivenEnvironmentIsNotWrittenTo(t *testing.T) {
	env := append(make([]string, 0, 20), "A=1")
	environment(env, "/dir", "/work")
	if rest := env[:20][1:]; slices.ContainsFunc(rest, func(s string) bool { return s != "" }) {
		t.Errorf("written behind the end of the caller's slice: %q", rest)
	}
}

func TestTemporaryFilesStayInTheWorkFolder(t *testing.T) {
	env := environment([]string{"GOTMPDIR=/a", "TMPDIR=/b", "TMP=/c", "TEMP=/d"}, "/dir", "/work")
	for _, name := range []string{"GOTMPDIR", "TMPDIR", "TMP", "TEMP"} {
		if got := lookup(env, name); got != "/work" {
			t.Errorf("%s=%s", name, got)
		}
	}
}
