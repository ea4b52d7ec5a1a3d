package pages

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What Gin, net/http and Go have printed, with colours and all.
const (
	ginRelease = "\n\n\x1b[31m2026/11/21 06:33:44 [Recovery] 2026/11/21 - 06:33:44 panic recovered:\n" +
		"runtime error: index out of range [3] with length 3\n" +
		"/usr/local/go/src/runtime/panic.go:115 (0x43ac33)\n\tgoPanicIndex: panic(boundsError{x: int64(x)})\n" +
		"/src/shop/handlers/user.go:31 (0x9e4f05)\n\t(*app).show: u := users[3]\n" +
		"/go/pkg/mod/github.com/gin-gonic/gin@v1.11.0/context.go:192 (0x9d8b6a)\n\t(*Context).Next: c.handlers[c.index](c)\n" +
		"/usr/local/go/src/runtime/asm_amd64.s:1700 (0x481a40)\n\tgoexit: BYTE\t$0x90\t// NOP\n\x1b[0m\n"
	ginDebug = "[GIN] 2026/11/21 - 06:33:43 | 200 | 1ms | 127.0.0.1 | GET \"/\"\n" +
		"\n\n\x1b[31m2026/11/21 06:33:44 [Recovery] 2026/11/21 - 06:33:44 panic recovered:\n" +
		"POST /users?a=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: *\r\nX-Note: a.go:3 (0x1)\r\n\r\n\n" +
		"as you asked\n/src/shop/routes.go:36 (0x9e4f05)\n\tnewRouter.func1: panic(\"as you asked\")\n\x1b[0m\n"
	netHTTP = "2026/11/21 06:33:44 http: panic serving 127.0.0.1:51234: as you: asked\ngoroutine 20 [running]:\n" +
		"net/http.(*conn).serve.func1()\n\t/usr/local/go/src/net/http/server.go:1947 +0xbe\n" +
		"panic({0x66f1a0?, 0x73a5b8?})\n\t/usr/local/go/src/runtime/panic.go:783 +0x132\n" +
		"main.show({0x73d5e8?, 0xc0000f6000?}, 0x0?)\n\t/src/shop/main.go:12 +0x25\n" +
		"net/http.HandlerFunc.ServeHTTP(0xc0000d8000?, {0x73d5e8?, 0xc0000f6000?}, 0x7c0bb6?)\n\t/usr/local/go/src/net/http/server.go:2286 +0x29\n" +
		"created by net/http.(*Server).Serve in goroutine 1\n\t/usr/local/go/src/net/http/server.go:3464 +0x485\nnext line\n"
	crashed = "listening\npanic: no database [recovered, repanicked]\n\ngoroutine 1 [running]:\n" +
		"panic({0x48e4c0?, 0x4c7a98?})\n\t/usr/local/go/src/runtime/panic.go:783 +0x132\n" +
		"main.open(...)\n\t/src/shop/db.go:9\nmain.main()\n\t/src/shop/main.go:20 +0x17\n\ngoroutine 5 [sleep]:\ntime.Sleep(1)\n\t/x.go:1 +0x1\nexit status 2"
	signalled = "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x46a2d9]\n\n" +
		"goroutine 1 [running]:\nmain.main()\n\t/src/shop/main.go:5 +0x19\n"
	deadlock = "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/src/shop/main.go:6 +0x1e\n"
)

func (p Panic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%s", p.Message, p.Request)
	for _, f := range p.Frames {
		fmt.Fprintf(&b, "|%s %s:%d", f.Function, f.File, f.Line)
	}
	return b.String()
}

func found(output string, size int) (all []string) {
	s := &Panics{Found: func(p Panic) { all = append(all, p.String()) }}
	for piece := range slices.Chunk([]byte(output), size) {
		s.Write(piece)
	}
	return all
}

func TestP7_PanicsInTheOutputOfAServer(t *testing.T) {
	release := "runtime error: index out of range [3] with length 3||(*app).show /src/shop/handlers/user.go:31|" +
		"(*Context).Next /go/pkg/mod/github.com/gin-gonic/gin@v1.11.0/context.go:192|runtime.goexit /usr/local/go/src/runtime/asm_amd64.s:1700"
	debug := "as you asked|POST /users?a=1|newRouter.func1 /src/shop/routes.go:36"
	plainHTTP := "as you: asked||main.show /src/shop/main.go:12|net/http.HandlerFunc.ServeHTTP /usr/local/go/src/net/http/server.go:2286"
	for name, c := range map[string]struct {
		output string
		want   []string
	}{
		"gin":        {ginRelease, []string{release}},
		"gin, debug": {ginDebug, []string{debug}},
		"net/http":   {netHTTP, []string{plainHTTP}},
		"HTTP/2": {strings.Replace(strings.Replace(netHTTP, "http: panic", "http2: panic", 1), "(*conn).serve", "(*http2serverConn).runHandler", 1),
			[]string{plainHTTP}},
		"one after other":  {ginRelease + "a line\n" + netHTTP + ginDebug, []string{release, plainHTTP, debug}},
		"no end":           {strings.TrimSuffix(ginDebug, "\x1b[0m\n") + ginRelease, []string{debug, release}},
		"none":             {"a\nb [Recovery] \npanic: x\n" + crashed, nil},
		"only a beginning": {"[Recovery] x panic recovered:\nmessage\n\x1b[0m\n" + netHTTP, []string{plainHTTP}},
		"never ends": {"http: panic serving 1:2: boom\ngoroutine 1 [running]:\nmain.a()\n\t/a.go:1 +0x1\n" + strings.Repeat("x\n", 40000),
			[]string{"boom||main.a /a.go:1"}},
		"a line without end": {strings.Repeat("y", 1<<20) + "\n" + ginDebug, []string{debug}},
	} {
		for _, size := range []int{1, 7, 1 << 21} {
			if got := found(c.output, size); !slices.Equal(got, c.want) {
				t.Errorf("%s, by %d: got\n%s\nwant\n%s", name, size, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	}
}

func TestP2_PanicThatEndedAProcess(t *testing.T) {
	for output, want := range map[string]string{
		crashed:   "panic: no database [recovered, repanicked]||main.open /src/shop/db.go:9|main.main /src/shop/main.go:20",
		signalled: "panic: runtime error: invalid memory address or nil pointer dereference||main.main /src/shop/main.go:5",
		deadlock:  "fatal error: all goroutines are asleep - deadlock!||main.main /src/shop/main.go:6",
	} {
		if got, ok := FindPanic(output); !ok || got.String() != want {
			t.Errorf("got %s, %v\nwant %s", got, ok, want)
		}
	}
	for _, output := range []string{"", "exit status 1", "panic: cut off", "panic: x\n\ngoroutine 1 [running]:\n"} {
		if got, ok := FindPanic(output); ok {
			t.Errorf("%q: got %s", output, got)
		}
	}
}

// FuzzPanics: whatever an app prints, nothing breaks, and what is found does not depend
// on how it comes.
func FuzzPanics(f *testing.F) {
	for _, output := range []string{ginRelease, ginDebug, netHTTP, crashed, ginDebug[:90] + netHTTP} {
		f.Add(output, uint8(5))
	}
	f.Fuzz(func(t *testing.T, output string, size uint8) {
		FindPanic(output)
		whole, pieces := found(output, len(output)+1), found(output, int(size)+1)
		if !slices.Equal(whole, pieces) {
			t.Errorf("whole: %q\npieces: %q", whole, pieces)
		}
	})
}
