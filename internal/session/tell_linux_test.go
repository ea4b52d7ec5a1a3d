package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/project"
)

// TestT11_EndIsToldThoughSourceHangs: where a process panicked is looked up before its end is told, in a
// file that may be on a mount that does not answer.
func TestT11_EndIsToldThoughSourceHangs(t *testing.T) {
	root := t.TempDir()
	source := filepath.Join(root, "main.go")
	file, err := os.Create(source)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Fatalf("lease: %v", err)
	}
	s := &session{site: plan.Site{Start: root, Module: project.Module{Dir: root}}}
	s.died(1, strings.Split("panic: oh\n\ngoroutine 1 [running]:\nmain.main()\n\t"+source+":3 +0x18\nexit status 2", "\n"))
	if _, noted := s.panics.Load(1); noted {
		t.Error("the end is told when the file can be read")
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // what was left to itself ends
		if _, noted := s.panics.Load(1); noted {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the place is never noted, so nothing was read")
		}
	}
}
