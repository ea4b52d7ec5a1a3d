package builder

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// The method of package net through which every TCP listener passes: net.Listen,
// ListenConfig, ListenTCP, tls.Listen and net/http all end there. It has had this name
// and shape since Go 1.21.
const (
	hookFile   = "tcpsock_posix.go"
	hookMethod = "listenTCPProto"
	hookType   = "sysListener"
	hookShape  = "func(ctx context.Context, laddr *TCPAddr, proto int) (*TCPListener, error)"
	renamed    = "watcherListenTCPProto"
)

//go:embed listen.go.txt
var listenSource []byte

// Refusal says why Go cannot build an app with moved listeners, in one line.
type Refusal struct{ Text string }

func (r *Refusal) Error() string { return r.Text }

// Movable returns the *Refusal that a Spec with Moved would get (rule 19), nil if there
// is none. It asks the go command, which takes some 20 ms; what is wrong with that is
// left for Build to tell.
func Movable(ctx context.Context, s Spec) error {
	err := noOverlay(s)
	if err == nil {
		_, err = editNet(ctx, s)
	}
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal
	}
	return nil
}

// netFiles are the files of an overlay: what go build reads by the path where it looks.
type netFiles map[string][]byte

// editNet returns the toolchain's own file with the method renamed, and beside it the
// one that takes the method's place.
func editNet(ctx context.Context, s Spec) (netFiles, error) {
	root, err := toolchain(ctx, s)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, "src", "net", hookFile)
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, &Refusal{"the source of package net is not there: " + err.Error()}
	}
	edited, err := renameHook(source)
	if err != nil {
		return nil, err
	}
	added := filepath.Join(filepath.Dir(path), "watcher_listen.go")
	return netFiles{path: edited, added: listenSource}, nil
}

// noOverlay returns why this system or the user's flags exclude an overlay, or nil.
func noOverlay(s Spec) error {
	if runtime.GOOS == "windows" {
		return &Refusal{"listeners are not moved on Windows"}
	}
	for _, flags := range [][]string{s.Flags, goflags(s.Env)} {
		if own, _ := split(flags, "overlay"); own != nil {
			return &Refusal{"go build is given an -overlay already"}
		}
	}
	return nil
}

// toolchain returns the folder of the toolchain that builds s, unless it is one that Go
// takes no overlay for.
func toolchain(ctx context.Context, s Spec) (root string, err error) {
	path, err := FindGo(s.Env)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, "env", "GOROOT", "GOMODCACHE")
	cmd.Dir, cmd.Env, cmd.WaitDelay = s.Dir, append(s.Env[:len(s.Env):len(s.Env)], "PWD="+s.Dir), time.Second
	out, err := cmd.Output()
	root, modules, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	switch {
	case err != nil:
		return "", fmt.Errorf("ask go env for the toolchain: %w", err)
	case modules != "" && strings.HasPrefix(root, modules+string(filepath.Separator)):
		return "", &Refusal{"this Go toolchain lies in the module cache, where Go takes no overlay: install that version itself"}
	}
	return root, nil
}

// renameHook gives the method another name, by its syntax tree.
func renameHook(source []byte) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, hookFile, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, &Refusal{"the source of package net cannot be read: " + err.Error()}
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && isHook(files, f) {
			f.Name.Name = renamed
			var out bytes.Buffer
			err := format.Node(&out, files, file)
			return out.Bytes(), err
		}
	}
	return nil, &Refusal{"package net of this Go version has no method " + hookMethod + " of the shape that is known"}
}

func isHook(files *token.FileSet, f *ast.FuncDecl) bool {
	if f.Name.Name != hookMethod || f.Recv == nil {
		return false
	}
	pointer, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	on, ok := pointer.X.(*ast.Ident)
	var shape bytes.Buffer
	_ = format.Node(&shape, files, f.Type)
	return ok && on.Name == hookType && shape.String() == hookShape
}

// Prepare has the go command compile what Build will need for a Spec with Moved, into
// its own cache and at low priority. It may run beside Build. The error is a *Refusal,
// or ctx's cause if ctx ended first: that the user's own code does not compile is none, nor is
// what passes.
func (b *Builder) Prepare(ctx context.Context, s Spec) error {
	work := filepath.Join(b.works(), "prepare")
	defer remove(work)
	_ = os.MkdirAll(work, 0o755) // what passes, as a full disk does, is told by Build
	s.Moved = true
	cmd, err := b.command(ctx, s, filepath.Join(work, "unused"), work)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal
	}
	if err == nil {
		if nice, err := exec.LookPath("nice"); err == nil {
			cmd.Path, cmd.Args = nice, append([]string{nice, "-n", "19", cmd.Path}, cmd.Args[1:]...)
		}
		_ = b.run(ctx, cmd)
	}
	return context.Cause(ctx)
}

// overlay returns the path of the list that go build -overlay reads. The go command is asked
// anew only when what chooses the toolchain has changed (but for a go.work), or the files were
// removed.
func (b *Builder) overlay(ctx context.Context, s Spec) (string, error) {
	if err := noOverlay(s); err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	state := fmt.Sprintln(s.Dir, lookup(s.Env, "PATH"), lookup(s.Env, "GOTOOLCHAIN"))
	if mod, err := os.Stat(filepath.Join(s.Dir, "go.mod")); err == nil {
		state += mod.ModTime().String()
	}
	path := filepath.Join(b.cache, "overlay", "overlay.json")
	if _, err := os.Stat(path); err == nil && b.overlaid == state {
		return path, nil
	}
	files, err := editNet(ctx, s)
	if err != nil {
		return "", err
	}
	if err := files.write(path); err != nil {
		return "", err
	}
	b.overlaid = state
	return path, nil
}

// write puts the files, and the list of them, into the folder of path.
func (files netFiles) write(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	replace := map[string]string{}
	for at, content := range files {
		replace[at] = filepath.Join(dir, filepath.Base(at))
		if err := os.WriteFile(replace[at], content, 0o644); err != nil {
			return err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
