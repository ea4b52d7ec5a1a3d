//go:build linux && (amd64 || arm64)

// Package beacon is added to the app by watcher's builds, and lies on no disk of the project. It
// tells watcher at which addresses the app asks to listen (listen.go), and puts those listeners at private
// ports of loopback, so that a newer process can start beside this one; and which files it reads (files.go).
// In a program that watcher did not start it does nothing.
//
// It imports nothing but unsafe. So nothing of the standard library is compiled anew, and it is
// initialised before the packages that listen and read. What it needs of them it takes by their names in the
// linker, which have been the same since Go 1.21. Its own language is that of older ones, as the app's go.mod
// says which one it is.
package beacon

import "unsafe"

//go:linkname environment syscall.runtime_envs
func environment() []string

//go:linkname write syscall.write
func write(fd int, text []byte) (n int, err error)

//go:linkname fstat syscall.Fstat
func fstat(fd int, stat unsafe.Pointer) error

//go:linkname fcntl syscall.fcntl
func fcntl(fd, command, argument int) (int, error)

//go:linkname lock sync.(*Mutex).Lock
func lock(*mutex)

//go:linkname unlock sync.(*Mutex).Unlock
func unlock(*mutex)

// mutex is a sync.Mutex, by its size and alignment.
type mutex [2]uint32

// Numbers of Linux.
const (
	fSetFD, fdCloexec  = 2, 1
	fSetFL, oNonblock  = 4, 0x800
	pipeBuf, statWords = 4096, 32 // a Stat_t is smaller, and begins with device and inode
)

var (
	pipe          int    // where watcher reads
	device, inode uint64 // of it
	given         int    // the port that watcher has given the app, which is not moved

	telling mutex    // guards what follows, and the order of records
	untold  []string // records for which the pipe had no room
)

// init is not looked at by the race detector: goroutines of packages that were initialised before may
// be in the packages whose variables are replaced.
//
//go:norace
func init() {
	if asked() {
		moveListeners()
		logFiles()
	}
}

// asked reads "descriptor,device,inode,port" from the variable that watcher sets. Of a child of the
// app, which has that variable too, the descriptor is not the pipe.
func asked() bool {
	const name = "WATCHER_BEACON="
	for _, v := range environment() {
		if len(v) < len(name) || v[:len(name)] != name {
			continue
		}
		var n [4]uint64
		at := 0
		for _, c := range []byte(v[len(name):]) {
			switch {
			case c == ',' && at < 3:
				at++
			case '0' <= c && c <= '9':
				n[at] = n[at]*10 + uint64(c-'0')
			default:
				return false
			}
		}
		pipe, device, inode, given = int(n[0]), n[1], n[2], int(n[3])
		if isPipe() {
			fcntl(pipe, fSetFD, fdCloexec)
			fcntl(pipe, fSetFL, oNonblock) // an app must never wait for watcher
			return true
		}
	}
	return false
}

// isPipe reports whether the descriptor is the pipe still: an app that closes what it has not opened
// may have a file of its own there.
func isPipe() bool {
	var stat [statWords]uint64
	return pipe > 2 && fstat(pipe, unsafe.Pointer(&stat)) == nil && stat[0] == device && stat[1] == inode
}

// tell writes a record, which begins with one of our own words, at once. What the pipe has no room for is
// told before the next one.
func tell(record string) {
	lock(&telling)
	defer unlock(&telling)
	if len(record) >= pipeBuf || !isPipe() { // longer ones could be torn
		return
	}
	untold = append(untold, record+"\n")
	for len(untold) > 0 {
		if _, err := write(pipe, []byte(untold[0])); err != nil {
			return
		}
		untold = untold[1:]
	}
}
