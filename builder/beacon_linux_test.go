package builder

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestR7_WaysToListen: whichever way an app takes to a fixed TCP port, it is moved to
// loopback and told; what is not fixed, not TCP or not the app's own is left alone.
func TestR7_WaysToListen(t *testing.T) {
	binary := listenApp(t)
	fixed, given := 11000+freePort(t)%8000, freePort(t)
	ephemeral := freePort(t) // one of those that the system chooses from
	all := fmt.Sprintf(":%d", fixed)
	socket := filepath.Join(t.TempDir(), "socket")
	for _, c := range []struct {
		way, addr string
		asked     string // that is told, "" if it is not moved
		actual    string // what the listener's address begins with
	}{
		{"Listen", all, "[::]" + all, "[::1]:"},
		{"Listen", "127.0.0.1" + all, "127.0.0.1" + all, "127.0.0.1:"},
		{"Listen", "0.0.0.0" + all, "[::]" + all, "[::1]:"}, // package net takes both families
		{"Listen", "[::]" + all, "[::]" + all, "[::1]:"},
		{"Listen", "[::1]" + all, "[::1]" + all, "[::1]:"},
		{"Listen tcp4", all, "0.0.0.0" + all, "127.0.0.1:"},
		{"Listen tcp6", all, "[::]" + all + " 6", "[::1]:"},
		{"ListenConfig", all, "[::]" + all, "[::1]:"},
		{"ListenTCP", all, "[::]" + all, "[::1]:"},
		{"tls.Listen", all, "[::]" + all, "[::1]:"},
		{"http.Server", all, "[::]" + all, "[::1]:"},
		{"Listen", ":0", "", "[::]:"},
		{"Listen", "127.0.0.1:0", "", "127.0.0.1:"},
		{"Listen", fmt.Sprintf("127.0.0.1:%d", given), "", fmt.Sprintf("127.0.0.1:%d", given)},
		{"Listen", fmt.Sprintf("127.0.0.1:%d", ephemeral), fmt.Sprintf("127.0.0.1:%d", ephemeral), "127.0.0.1:"},
		{"Listen unix", socket, "", socket},
		{"child", "127.0.0.1" + all, "", "127.0.0.1" + all},
		{"twice", fmt.Sprintf("127.0.0.1:%d", given), "", "error listen tcp4 127.0.0.1:" + fmt.Sprint(given) + ": listen: address already in use"},
		{"twice", all, "[::]" + all, "error listen tcp4 " + all + ": listen: address already in use"},
	} {
		t.Run(c.way+" "+c.addr, func(t *testing.T) {
			at, told := listenAs(t, binary, true, given, c.way, c.addr)
			moved := c.asked != ""
			if !strings.HasPrefix(at, c.actual) || moved && strings.HasSuffix(at, all) {
				t.Errorf("listens at %q, want %q", at, c.actual)
			}
			switch {
			case !moved && len(told) > 0:
				t.Errorf("listens at %q and tells %q", at, told)
			case moved && (len(told) != 1 || told[0].asked != c.asked || told[0].actual != at && c.way != "twice"):
				t.Errorf("listens at %q and tells %q", at, told)
			}
		})
	}
	t.Run("a listener that is closed and opened again", func(t *testing.T) {
		at, told := listenAs(t, binary, true, given, "again", all)
		if len(told) != 2 || told[0].asked != told[1].asked || told[1].actual != at {
			t.Errorf("listens at %q and tells %q", at, told)
		}
	})
	t.Run("beside one that listens", func(t *testing.T) {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", fixed))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if at, told := listenAs(t, binary, true, given, "Listen", all); !strings.Contains(at, "bind: address already in use") || len(told) > 0 {
			t.Errorf("listens at %q and tells %q", at, told)
		}
		share(t, l)
		if at, told := listenAs(t, binary, true, given, "Listen", all); !strings.HasPrefix(at, "[::1]:") || len(told) != 1 {
			t.Errorf("listens at %q and tells %q", at, told)
		}
		if at, _ := listenAs(t, binary, false, given, "Listen", all); !strings.Contains(at, "bind: address already in use") {
			t.Errorf("one that nobody asks listens at %q", at)
		}
	})
	t.Run("nobody asks", func(t *testing.T) {
		addr := "127.0.0.1" + all
		if at, _ := listenAs(t, binary, false, given, "Listen", addr); at != addr {
			t.Errorf("listens at %q, want %q", at, addr)
		}
	})
}

// share is what the front does with its listeners.
func share(t *testing.T, l net.Listener) {
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, 15, 1) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// told is one record.
type told struct{ asked, actual string }

// listenAs runs the app until it listens and returns where that is and what was told.
// The variable always names descriptor 3, and a pipe, which is that one only if asked.
func listenAs(t *testing.T, binary string, asked bool, given int, way, addr string) (at string, records []told) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	other, err := os.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(write.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, way, addr)
	cmd.Env = append(os.Environ(), fmt.Sprintf("WATCHER_BEACON=3,%d,%d,%d", stat.Dev, stat.Ino, given))
	cmd.ExtraFiles = []*os.File{other}
	if asked {
		cmd.ExtraFiles[0] = write
	}
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Errorf("the app says %q: %v", line, err)
	}
	stdin.Close()
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	text, err := io.ReadAll(read) // ends only if no child of the app holds the pipe
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[0] == "listens" {
			records = append(records, told{strings.Join(append([]string{address(t, fields[1])}, fields[3:]...), " "), address(t, fields[2])})
		}
	}
	return strings.TrimSpace(line), records
}

// address reads the bytes of a sockaddr.
func address(t *testing.T, text string) string {
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	host := raw[4:8]
	if raw[0] == syscall.AF_INET6 {
		host = raw[8:24]
	}
	ip, _ := netip.AddrFromSlice(host)
	return netip.AddrPortFrom(ip, uint16(raw[2])<<8|uint16(raw[3])).String()
}

// listenApp builds testdata/listen with the beacon.
func listenApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/listen")); err != nil {
		t.Fatal(err)
	}
	s := shop(t, t.TempDir())
	s.Dir, s.Beacon = dir, true
	before := tree(t, dir)
	binary := mustBuild(t, newBuilder(t, t.TempDir(), new(group).run), Request{Spec: s}).Binary
	if after := tree(t, dir); after != before {
		t.Errorf("the build has changed the project:\n%s\n%s", before, after)
	}
	return binary
}

// tree lists a folder.
func tree(t *testing.T, dir string) string {
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, "\n")
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// listening is a program that listens where its argument says.
const listening = `package main

import (
	"net"
	"os"
)

func main() {
	if _, err := net.Listen("tcp", os.Args[1]); err != nil {
		panic(err)
	}
}
`

// TestRule19_ProjectsOfAllKinds have the beacon.
func TestRule19_ProjectsOfAllKinds(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, s *Spec){
		"at the root": func(*testing.T, *Spec) {},
		"below":       func(t *testing.T, s *Spec) { write(t, s.Dir, "cmd/a/main.go", listening); s.Package = "./cmd/a" },
		"by its import path": func(t *testing.T, s *Spec) {
			write(t, s.Dir, "cmd/a/main.go", listening)
			s.Package = "example.com/shop/cmd/a"
		},
		"a file of our name":   func(t *testing.T, s *Spec) { write(t, s.Dir, "watcher_beacon.go", "package main\n\nvar taken = 1\n") },
		"late in the alphabet": func(t *testing.T, s *Spec) { write(t, s.Dir, "go.mod", "module zoo\n\ngo 1.26\n") },
		"an older go line":     func(t *testing.T, s *Spec) { write(t, s.Dir, "go.mod", "module example.com/shop\n\ngo 1.16\n") },
		"a folder with a space, by a link": func(t *testing.T, s *Spec) {
			link := filepath.Join(t.TempDir(), "the link")
			if err := os.Symlink(s.Dir, link); err != nil {
				t.Fatal(err)
			}
			s.Dir = link
		},
		"vendored": func(t *testing.T, s *Spec) {
			s.Flags = []string{"-mod=vendor"}
			write(t, s.Dir, "vendor/modules.txt", "")
		},
		"in a workspace": func(t *testing.T, s *Spec) {
			write(t, s.Dir, "go.work", "go 1.26\n\nuse (\n\t.\n\t./api\n)\n", "api/go.mod", "module example.com/api\n\ngo 1.26\n", "api/main.go", listening)
			s.Package, s.Env = "./api", append(s.Env, "GOWORK=")
		},
		"-trimpath":           func(_ *testing.T, s *Spec) { s.Flags = []string{"-trimpath"} },
		"-buildmode=pie":      func(_ *testing.T, s *Spec) { s.Flags = []string{"-buildmode=pie"} },
		"CGO_ENABLED=0":       func(_ *testing.T, s *Spec) { s.Env = append(s.Env, "CGO_ENABLED=0") },
		"-ldflags of its own": func(_ *testing.T, s *Spec) { s.Flags = []string{"-ldflags=-X main.a=b"}; s.Ldflags = "-X main.c=d" },
		"an overlay of its own": func(t *testing.T, s *Spec) {
			write(t, s.Dir, "main.go", "package main\n\nbroken\n", "other.go.txt", listening, "own.json", `{"Replace": {"main.go": "other.go.txt"}}`)
			s.Flags = []string{"-overlay=own.json"}
		},
		"an overlay in GOFLAGS": func(t *testing.T, s *Spec) {
			write(t, s.Dir, "main.go", "package main\n\nbroken\n", "other.go.txt", listening, "own.json", `{"Replace": {"main.go": "other.go.txt"}}`)
			s.Env = append(s.Env, "GOFLAGS=-overlay="+filepath.Join(s.Dir, "own.json"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := shop(t, t.TempDir(), "main.go", listening)
			change(t, &s)
			if n := recordsOf(t, s); n != 1 {
				t.Errorf("it tells of %d listeners", n)
			}
		})
	}
}

// TestRule19_WithoutNet: a program without package net is built, and says nothing.
func TestRule19_WithoutNet(t *testing.T) {
	s := shop(t, t.TempDir(), "main.go", "package main\n\nfunc main() {}\n")
	if n := recordsOf(t, s); n != 0 {
		t.Errorf("it tells of %d listeners", n)
	}
}

// recordsOf builds and runs a program and returns of how many listeners it tells.
func recordsOf(t *testing.T, s Spec) int {
	t.Helper()
	s.Beacon = true
	binary := mustBuild(t, newBuilder(t, t.TempDir(), new(group).run), Request{Spec: s}).Binary
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(write.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	cmd.Env, cmd.ExtraFiles = append(os.Environ(), fmt.Sprintf("WATCHER_BEACON=3,%d,%d,0", stat.Dev, stat.Ino)), []*os.File{write}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write.Close()
	text, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "listens ")
}

// TestRule19_Refusals: where the beacon cannot be, Build says so, and builds nothing.
func TestRule19_Refusals(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(t *testing.T, s *Spec)
	}{
		{"file", "is a file", func(_ *testing.T, s *Spec) { s.Package = "main.go" }},
		{"other module", "is not given as a path", func(_ *testing.T, s *Spec) { s.Package = "example.com/other/cmd/a" }},
		{"a folder that has our name", beaconFolder, func(t *testing.T, s *Spec) {
			write(t, s.Dir, beaconFolder+"/own.go", "package other\n")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := shop(t, t.TempDir(), "main.go", listening)
			s.Beacon = true
			c.change(t, &s)
			err := newBuilder(t, t.TempDir(), new(group).run).Build(t.Context(), Request{Spec: s}).Err
			if refusal, ok := errors.AsType[*Refusal](err); !ok || !strings.Contains(refusal.Text, c.want) || strings.Contains(refusal.Text, "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestRule19_WhatPassesIsNoRefusal: neither an overlay of the user's that cannot be read, nor files of
// ours that somebody removes or stands in the way of.
func TestRule19_WhatPassesIsNoRefusal(t *testing.T) {
	s := shop(t, t.TempDir(), "main.go", listening)
	s.Beacon = true
	cache := t.TempDir()
	b := newBuilder(t, cache, new(group).run)
	overlay := filepath.Join(cache, "overlay")
	fails := func(s Spec) {
		t.Helper()
		if _, ok := errors.AsType[*Failure](b.Build(t.Context(), Request{Spec: s}).Err); !ok {
			t.Error("it is refused, or built")
		}
	}
	write(t, cache, "overlay", "a file where the folder is to be")
	fails(s)
	if err := os.Remove(overlay); err != nil {
		t.Fatal(err)
	}
	mustBuild(t, b, Request{Spec: s})
	if err := os.RemoveAll(overlay); err != nil {
		t.Fatal(err)
	}
	own := s
	own.Flags = []string{"-overlay=missing.json"}
	fails(own)
	mustBuild(t, b, Request{Spec: s})
}
