package doorbell

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mask is what fsnotify asks for too: whatever the watcher may hear of has to ring.
const mask = unix.IN_CREATE | unix.IN_MODIFY | unix.IN_ATTRIB | unix.IN_DELETE | unix.IN_DELETE_SELF |
	unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_MOVE_SELF | unix.IN_ONLYDIR

// Bell is an inotify instance with a watch for each folder. Make it with [New]. Its methods
// may be called from any goroutine.
type Bell struct {
	file  *os.File // keeps the descriptor while a call uses it
	queue syscall.RawConn

	mu      sync.Mutex // guards what follows, and the order of reads
	watches map[string]int32
	folders map[int32][]string // several, where a mount shows a folder twice
	buffer  [16 << 10]byte     // room for some hundreds of events
}

// New makes a bell without folders. It fails at the limit of instances, which inotify(7)
// sets for each user. What it holds is freed by Close.
func New() (*Bell, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("make an inotify instance: %w", err)
	}
	b := &Bell{file: os.NewFile(uintptr(fd), "doorbell"), watches: map[string]int32{}, folders: map[int32][]string{}}
	b.queue, err = b.file.SyscallConn()
	return b, err
}

// Add has what is done in the folder dir ring from now on. It fails where the system gives no
// watch (ENOSPC at the limit of watches), or dir cannot be read.
func (b *Bell) Add(dir string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(dir)
	var wd int
	var failed error
	err := b.queue.Control(func(fd uintptr) { wd, failed = unix.InotifyAddWatch(int(fd), dir, mask) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return &os.PathError{Op: "watch", Path: dir, Err: err}
	}
	b.watches[dir] = int32(wd)
	b.folders[int32(wd)] = append(b.folders[int32(wd)], dir)
	return nil
}

// Remove undoes Add, if dir was added.
func (b *Bell) Remove(dir string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(dir)
}

func (b *Bell) remove(dir string) {
	wd, known := b.watches[dir]
	if !known {
		return
	}
	delete(b.watches, dir)
	others := slices.DeleteFunc(b.folders[wd], func(name string) bool { return name == dir })
	if b.folders[wd] = others; len(others) == 0 {
		delete(b.folders, wd)
		// An error means that the folder is gone, and its watch with it.
		_ = b.queue.Control(func(fd uintptr) { _, _ = unix.InotifyRmWatch(int(fd), uint32(wd)) })
	}
}

// Rung reports whether the bell has rung since the last Answer. It costs one system call.
func (b *Bell) Rung() bool { return b.queued() != 0 }

// queued is how many bytes of events lie in the queue. After Close that is not known, and so
// there may be some.
func (b *Bell) queued() (n int) {
	err := b.queue.Control(func(fd uintptr) { n, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }) // FIONREAD by its other name
	if err != nil {
		return 1
	}
	return n
}

// Answer takes the rings off the queue that are in it, and reports whether one of them counts.
func (b *Bell) Answer(counts Func) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := false
	for left := b.queued(); left > 0; { // what rings meanwhile is a matter of the next call
		n := 0
		err := b.queue.Control(func(fd uintptr) { n, _ = unix.Read(int(fd), b.buffer[:]) })
		if err != nil || n <= 0 { // nobody else reads: what was there cannot be told
			counts(Ring{})
			return true
		}
		found = b.tell(b.buffer[:n], counts) || found
		left -= n
	}
	return found
}

// tell asks about the events in raw, and reports whether one of them counts.
func (b *Bell) tell(raw []byte, counts Func) (found bool) {
	for len(raw) >= unix.SizeofInotifyEvent {
		event := (*unix.InotifyEvent)(unsafe.Pointer(&raw[0]))
		size := unix.SizeofInotifyEvent + int(event.Len)
		name := bytes.TrimRight(raw[unix.SizeofInotifyEvent:size], "\x00")
		// IN_IGNORED is the echo of a watch that was removed.
		if event.Mask&unix.IN_IGNORED == 0 {
			found = counts(b.ring(event, name)) || found
		}
		raw = raw[size:]
	}
	return found
}

// ring is an event by the name that its folder was added under.
func (b *Bell) ring(event *unix.InotifyEvent, name []byte) Ring {
	dirs := b.folders[event.Wd]
	if len(dirs) != 1 { // an overflow has no folder at all
		return Ring{}
	}
	if len(name) == 0 {
		return Ring{Path: dirs[0], Folder: true}
	}
	return Ring{
		Path:   dirs[0] + string(filepath.Separator) + string(name),
		Folder: event.Mask&unix.IN_ISDIR != 0,
		Came:   event.Mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0,
	}
}

// Close frees the instance. To who asks afterwards anything may have happened.
func (b *Bell) Close() { _ = b.file.Close() }
