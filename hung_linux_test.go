package main

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// hang makes a file of the program's folder hang whoever opens it, until the kernel has had enough
// of that. stillHangs tells whether it has not, and ends it.
func (p *program) hang(path string) (stillHangs func() bool) {
	p.t.Helper()
	file, err := os.OpenFile(filepath.Join(p.dir, path), os.O_RDWR, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { file.Close() })
	text, err := os.ReadFile(file.Name())
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		p.t.Fatalf("lease: %v", err)
	}
	if _, err := file.WriteAt(text, 0); err != nil { // which has it read
		p.t.Fatal(err)
	}
	opened := make(chan struct{})
	go func() { // hangs as long as the program does
		defer close(opened)
		if f, err := os.Open(file.Name()); err == nil {
			f.Close()
		}
	}()
	return func() bool {
		select {
		case <-opened:
			return false
		default:
		}
		_, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		<-opened
		return err == nil
	}
}

// TestT11_FileThatHangs: requests are answered within their limit and marked, and two interrupts end
// all, though the file is never read.
func TestT11_FileThatHangs(t *testing.T) {
	p := prepare(t, plainapp)
	p.write(".watcher.toml", "[proxy]\nhold_timeout = \"1s\"\n")
	p.run()
	p.await("ready  ")
	stillHangs := p.hang("version/version.go")
	client := http.Client{Timeout: patience}
	r, err := client.Get(p.url + "/version")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if mark := r.Header.Get("Watcher-Build"); r.StatusCode != http.StatusOK || mark != "pending" {
		t.Errorf("%d, marked %q", r.StatusCode, mark)
	}
	p.endBy(syscall.SIGINT, syscall.SIGINT)
	if !stillHangs() {
		t.Error("it ended when the file could be read")
	}
}
