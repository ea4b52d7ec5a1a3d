package watcher

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestS1_RingBeforeItsEvent: a request that comes before a save is over may empty the doorbell, and have its mark told,
// before the event is in the queue of fsnotify. Who comes after the save must not find silence. Here the event
// never comes, as the save is made through memory. What rang and was taken in long ago is no save.
func TestS1_RingBeforeItsEvent(t *testing.T) {
	p := watch(t, plant(t, small), Config{Marks: t.TempDir()})
	file := p.path("main.go")
	for n, came := range []string{"", "+"} {
		writeThroughMemory(t, file)
		for range 2 {
			wait, _ := p.w.arrivals.arrive(rang(came + file))
			p.w.takeIn(wait)
			if got, later := p.w.Look(t.Context()); later != nil || got != uint64(n+1) {
				t.Errorf("number %d after %d saves", got, n+1)
			}
			p.settles()
		}
	}
}

// writeThroughMemory adds one to the last byte of a file.
func writeThroughMemory(t *testing.T, file string) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	info, err := f.Stat()
	must(t, err)
	memory, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	memory[len(memory)-1]++
	must(t, unix.Msync(memory, unix.MS_SYNC))
	must(t, unix.Munmap(memory))
}
