package locks

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/watcher-dev/watcher/runner/sockets"
)

// TestProcessesAreLookedThroughOnce, however many locks there are: a failed start waits for it.
func TestProcessesAreLookedThroughOnce(t *testing.T) {
	const nobody, more = -1, 50
	look := testing.AllocsPerRun(5, func() { sockets.Family(nobody) })
	held := func() { Held([]int{nobody}) }
	awaited := func() { Awaited(nobody, []int{nobody}) }
	contend(t, 0)
	heldOfOne, awaitedOfOne := testing.AllocsPerRun(5, held), testing.AllocsPerRun(5, awaited)
	for i := range more {
		contend(t, i+1)
	}
	if each := (testing.AllocsPerRun(5, held) - heldOfOne) / more; each >= look/2 {
		t.Errorf("Held: a lock takes %v allocations, a look %v", each, look)
	}
	if each := (testing.AllocsPerRun(5, awaited) - awaitedOfOne) / more; each >= look/2 {
		t.Errorf("Awaited: a lock takes %v allocations, a look %v", each, look)
	}
}

// contend holds a lock and waits for it, until the test ends.
func contend(t *testing.T, before int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lock")
	holder, waiter := open(t, path), open(t, path)
	if err := syscall.Flock(int(holder.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	waiting.Go(func() { _ = syscall.Flock(int(waiter.Fd()), syscall.LOCK_EX) })
	t.Cleanup(func() {
		holder.Close()
		waiting.Wait()
		waiter.Close()
	})
	for end := time.Now().Add(30 * time.Second); ownWaits() <= before; {
		if time.Now().After(end) {
			t.Fatal("nobody waits for the lock")
		}
		<-time.After(time.Millisecond)
	}
}

// ownWaits counts the locks that this process waits for.
func ownWaits() (n int) {
	for _, l := range allLocks() {
		if l.waiting && l.pid == os.Getpid() {
			n++
		}
	}
	return n
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
