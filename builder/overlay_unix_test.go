//go:build unix

package builder

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestR7_WaysToListen: whichever way an app takes to a fixed TCP port, it is moved to
// loopback and told; what is not fixed, not TCP or not the app's own is left alone.
func TestR7_WaysToListen(t *testing.T) {
	binary := listenApp(t)
	fixed, given := freePort(t), freePort(t)
	all := fmt.Sprintf(":%d", fixed)
	socket := filepath.Join(t.TempDir(), "socket")
	for _, c := range []struct {
		way, addr string
		asked     string // that is told, "" if it is not moved
		actual    string // what the listener's address begins with
	}{
		{"Listen", all, all, "127.0.0.1:"},
		{"Listen", "127.0.0.1" + all, "127.0.0.1" + all, "127.0.0.1:"},
		{"Listen", "0.0.0.0" + all, "0.0.0.0" + all, "127.0.0.1:"},
		{"Listen", "[::]" + all, "0.0.0.0" + all, "127.0.0.1:"}, // both are every address of both families
		{"Listen", "[::1]" + all, "[::1]" + all, "[::1]:"},
		{"Listen tcp4", all, all, "127.0.0.1:"},
		{"Listen tcp6", all, all, "[::1]:"},
		{"ListenConfig", all, all, "127.0.0.1:"},
		{"ListenTCP", all, all, "127.0.0.1:"},
		{"tls.Listen", all, all, "127.0.0.1:"},
		{"http.Server", all, all, "127.0.0.1:"},
		{"Listen", ":0", "", "[::]:"},
		{"Listen", "127.0.0.1:0", "", "127.0.0.1:"},
		{"Listen", fmt.Sprintf("127.0.0.1:%d", given), "", fmt.Sprintf("127.0.0.1:%d", given)},
		{"Listen unix", socket, "", socket},
		{"child", "127.0.0.1" + all, "", "127.0.0.1" + all},
	} {
		t.Run(c.way+" "+c.addr, func(t *testing.T) {
			at, told := listenAs(t, binary, true, given, c.way, c.addr)
			asked, where, _ := strings.Cut(told, " ")
			moved := c.asked != ""
			if !strings.HasPrefix(at, c.actual) || moved && strings.HasSuffix(at, all) {
				t.Errorf("listens at %q, want %q", at, c.actual)
			}
			if moved && (asked != c.asked || where != at+"\n") || !moved && told != "" {
				t.Errorf("listens at %q and tells %q", at, told)
			}
		})
	}
	t.Run("nobody asks", func(t *testing.T) {
		addr := "127.0.0.1" + all
		if at, _ := listenAs(t, binary, false, given, "Listen", addr); at != addr {
			t.Errorf("listens at %q, want %q", at, addr)
		}
	})
}

// listenAs runs the app until it listens and returns where that is and what was told.
// The variable always names descriptor 3, which is the pipe only if asked.
func listenAs(t *testing.T, binary string, asked bool, given int, way, addr string) (at, told string) {
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
	cmd := exec.Command(binary, way, addr)
	cmd.Env = append(os.Environ(), fmt.Sprintf("WATCHER_LISTEN=3,%d", given))
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
	lines, err := io.ReadAll(read) // ends only if no child of the app holds the pipe
	if err != nil {
		t.Error(err)
	}
	return strings.TrimSpace(line), string(lines)
}

// listenApp builds testdata/listen with moved listeners, as Prepare and Build do it.
func listenApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/listen")); err != nil {
		t.Fatal(err)
	}
	b := newBuilder(t, t.TempDir(), new(group).run)
	s := shop(t, t.TempDir())
	s.Dir, s.Moved = dir, true
	if err := b.Prepare(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(b.works()); len(left) > 0 {
		t.Errorf("Prepare left %v", left)
	}
	return mustBuild(t, b, Request{Spec: s}).Binary
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

// TestRule19_Refusals: where Go takes no overlay, Build says so before it builds.
func TestRule19_Refusals(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*Spec)
	}{
		{"flag", "-overlay already", func(s *Spec) { s.Flags = []string{"-overlay=x.json"} }},
		{"GOFLAGS", "-overlay already", func(s *Spec) { s.Env = append(s.Env, "GOFLAGS=-overlay=x.json") }},
		{"module cache", "lies in the module cache", func(s *Spec) {
			s.Env = append(s.Env, "GOMODCACHE="+filepath.Dir(goEnv(t, "GOROOT")))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := shop(t, t.TempDir(), "main.go", hello)
			if err := Movable(t.Context(), s); err != nil {
				t.Errorf("before: %v", err)
			}
			c.change(&s)
			s.Moved = true
			b := newBuilder(t, t.TempDir(), new(group).run)
			for what, err := range map[string]error{
				"Movable": Movable(t.Context(), s),
				"Prepare": b.Prepare(t.Context(), s),
				"Build":   b.Build(t.Context(), Request{Spec: s}).Err,
			} {
				var refusal *Refusal
				if !errors.As(err, &refusal) || !strings.Contains(refusal.Text, c.want) || strings.Contains(refusal.Text, "\n") {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
}

// TestRule19_WhatPassesIsNoRefusal: neither a full disk at the moment of Prepare, nor files of
// ours that somebody removes.
func TestRule19_WhatPassesIsNoRefusal(t *testing.T) {
	s := shop(t, t.TempDir(), "main.go", hello)
	s.Moved = true
	cache := t.TempDir()
	b := newBuilder(t, cache, new(group).run)
	overlay := filepath.Join(cache, "overlay")
	if err := os.WriteFile(overlay, []byte("a file where the folder is to be"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := b.Prepare(t.Context(), s); err != nil {
		t.Errorf("Prepare: %v", err)
	}
	if err := os.Remove(overlay); err != nil {
		t.Fatal(err)
	}
	mustBuild(t, b, Request{Spec: s})
	if err := os.RemoveAll(overlay); err != nil {
		t.Fatal(err)
	}
	mustBuild(t, b, Request{Spec: s})
}

// TestRule19_OtherShapesAreRefused: a method that is not the known one is not touched.
func TestRule19_OtherShapesAreRefused(t *testing.T) {
	const known = "func (sl *sysListener) listenTCPProto(ctx context.Context, laddr *TCPAddr, proto int) (*TCPListener, error) {\n\treturn nil, nil\n}"
	for _, c := range []struct {
		method  string
		refused bool
	}{
		{known, false},
		{"// A word before.\n" + known, false},
		{strings.Replace(known, "proto int", "proto, flags int", 1), true},
		{strings.Replace(known, "*sysListener", "sysListener", 1), true},
		{strings.Replace(known, "*sysListener", "*other", 1), true},
		{strings.Replace(known, "listenTCPProto", "listenTCP", 1), true},
		{"func broken(", true},
	} {
		edited, err := renameHook([]byte("package net\n\n" + c.method + "\n"))
		if _, refused := errors.AsType[*Refusal](err); refused != c.refused {
			t.Errorf("%s: %v", c.method, err)
		}
		if want := strings.Replace(c.method, "listenTCPProto", "watcherListenTCPProto", 1); !c.refused && string(edited) != "package net\n\n"+want+"\n" {
			t.Errorf("%s becomes %s", c.method, edited)
		}
	}
}
