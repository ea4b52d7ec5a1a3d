//go:build linux && (amd64 || arm64)

// Package beacon is added to the app by watcher's builds, and lies on no disk of the project. It
// tells watcher at which addresses the app asks to listen, and puts those listeners at private
// ports of loopback, so that a newer process can start beside this one. In a program that watcher
// did not start it does nothing.
//
// It imports nothing but unsafe. So nothing of the standard library is compiled anew, and it is
// initialised before the packages that listen. What it needs of them it takes by their names in the
// linker, which have been the same since Go 1.21. Its own language is that of older ones, as the app's go.mod
// says which one it is.
package beacon

import "unsafe"

// Each socket and each listen(2) of a program goes through these two variables of package net. They
// are nil in a program without that package.
var (
	//go:linkname socketFunc net.socketFunc
	socketFunc func(family, kind, proto int) (fd int, err error)
	//go:linkname listenFunc net.listenFunc
	listenFunc func(fd, backlog int) error
)

//go:linkname environment syscall.runtime_envs
func environment() []string

//go:linkname socket syscall.socket
func socket(family, kind, proto int) (fd int, err error)

//go:linkname bind syscall.bind
func bind(fd int, at unsafe.Pointer, size uint32) error

//go:linkname connect syscall.connect
func connect(fd int, to unsafe.Pointer, size uint32) error

//go:linkname getsockname syscall.getsockname
func getsockname(fd int, at unsafe.Pointer, size *uint32) error

//go:linkname getsockopt syscall.getsockopt
func getsockopt(fd, level, name int, value unsafe.Pointer, size *uint32) error

//go:linkname setsockopt syscall.setsockopt
func setsockopt(fd, level, name int, value unsafe.Pointer, size uintptr) error

//go:linkname dup3 syscall.Dup3
func dup3(from, to, flags int) error

//go:linkname closeFile syscall.Close
func closeFile(fd int) error

//go:linkname write syscall.write
func write(fd int, text []byte) (n int, err error)

//go:linkname fstat syscall.Fstat
func fstat(fd int, stat unsafe.Pointer) error

//go:linkname fcntl syscall.fcntl
func fcntl(fd, command, argument int) (int, error)

//go:linkname errnoErr syscall.errnoErr
func errnoErr(number uintptr) error

//go:linkname lock sync.(*Mutex).Lock
func lock(*mutex)

//go:linkname unlock sync.(*Mutex).Unlock
func unlock(*mutex)

// mutex is a sync.Mutex, by its size and alignment.
type mutex [2]uint32

// Numbers of Linux.
const (
	afInet, afInet6         = 2, 10
	sockStream, sockKind    = 1, 0xf
	sockCloexecNonblock     = 0x80800
	solSocket               = 1
	soReuseAddr             = 2
	soReusePort             = 15
	ipprotoIPv6, ipv6V6Only = 41, 26
	fSetFD, fdCloexec       = 2, 1
	oCloexec                = 0x80000
	eAddrInUse              = 98
)

// address is a sockaddr_in or a sockaddr_in6.
type address [28]byte

func (a *address) family() int { return int(a[0]) | int(a[1])<<8 }
func (a *address) port() int   { return int(a[2])<<8 | int(a[3]) }

func (a *address) size() uint32 {
	if a.family() == afInet {
		return 16
	}
	return 28
}

func (a *address) host() string {
	if a.family() == afInet {
		return string(a[4:8])
	}
	return string(a[8:24])
}

// isAny reports whether it is every address of its family.
func (a *address) isAny() bool {
	for _, b := range []byte(a.host()) {
		if b != 0 {
			return false
		}
	}
	return true
}

// loopback is any port of it.
func loopback(family int) (a address) {
	a[0] = byte(family)
	if family == afInet {
		a[4], a[7] = 127, 1
	} else {
		a[23] = 1
	}
	return a
}

// listener is one of the program's, which was moved or stays.
type listener struct {
	fd            int
	asked, actual address
	six           bool // it was asked for IPv6 alone
}

var (
	pipe          int    // where watcher reads
	device, inode uint64 // of it
	given         int    // the port that watcher has given the app, which is not moved

	plainSocket func(family, kind, proto int) (int, error)
	plainListen func(fd, backlog int) error

	moving    mutex // held while a listener is moved
	listeners []listener
)

// init is not looked at by the race detector: goroutines of packages that were initialised before may
// be in package net.
//
//go:norace
func init() {
	if socketFunc != nil && listenFunc != nil && asked() {
		plainSocket, plainListen = socketFunc, listenFunc
		socketFunc, listenFunc = openSocket, listen
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
			return true
		}
	}
	return false
}

// isPipe reports whether the descriptor is the pipe still: an app that closes what it has not opened
// may have a file of its own there.
func isPipe() bool {
	var stat [32]uint64 // more than a Stat_t, which begins with these two
	return pipe > 2 && fstat(pipe, unsafe.Pointer(&stat)) == nil && stat[0] == device && stat[1] == inode
}

// openSocket stands in the place of socket(2). What it lets be shared can be bound at an address at which
// watcher listens: nobody connects to it there, as it never listens itself.
func openSocket(family, kind, proto int) (fd int, err error) {
	fd, err = plainSocket(family, kind, proto)
	if err == nil && kind&sockKind == sockStream && (family == afInet || family == afInet6) {
		set(fd, solSocket, soReusePort)
	}
	return fd, err
}

// listen stands in the place of listen(2). It puts a socket that listens on a private port in the place of
// one that was bound, and tells of both.
func listen(fd, backlog int) error {
	want, ok := nameOf(fd)
	if !ok || !isPipe() {
		return plainListen(fd, backlog)
	}
	lock(&moving)
	defer unlock(&moving)
	l := listener{fd: fd, asked: want, six: want.family() == afInet6 && isSet(fd, ipprotoIPv6, ipv6V6Only)}
	if l.taken() {
		return errnoErr(eAddrInUse)
	}
	if want.port() == given || chosen(fd, want) {
		return l.stay(backlog)
	}
	private, err := listenPrivately(want.family(), backlog)
	if err != nil {
		return plainListen(fd, backlog)
	}
	defer closeFile(private)
	if err := dup3(private, fd, oCloexec); err != nil {
		return err
	}
	l.actual, _ = nameOf(fd)
	listeners = append(listeners, l)
	l.tell()
	return nil
}

// stay listens where it is, and is remembered too: its port is taken, as it would be otherwise.
func (l *listener) stay(backlog int) error {
	err := plainListen(l.fd, backlog)
	if err == nil {
		l.asked, _ = nameOf(l.fd) // which the system may have chosen anew
		l.actual = l.asked
		listeners = append(listeners, *l)
	}
	return err
}

// taken reports whether the program listens there already, which the system cannot see any more. It forgets
// what was closed.
func (l *listener) taken() (taken bool) {
	open := listeners[:0]
	for _, m := range listeners {
		if at, ok := nameOf(m.fd); ok && at == m.actual {
			open = append(open, m)
			taken = taken || m.asked.port() == l.asked.port() && m.overlaps(l)
		}
	}
	listeners = open
	return taken
}

// overlaps reports whether two listeners would have an address in common.
func (l *listener) overlaps(o *listener) bool {
	if l.asked.family() == o.asked.family() {
		return l.asked.host() == o.asked.host() || l.asked.isAny() || o.asked.isAny()
	}
	six := l
	if l.asked.family() == afInet {
		six = o
	}
	return six.asked.isAny() && !six.six
}

// tell writes "asked actual", both as the bytes of the system in hexadecimal digits, and a 6 behind
// if it was asked for IPv6 alone.
func (l *listener) tell() {
	record := "listens " + l.asked.hex() + " " + l.actual.hex()
	if l.six {
		record += " 6"
	}
	write(pipe, []byte(record+"\n")) // at once, so that records of two goroutines do not mix
}

func (a *address) hex() string {
	const digits = "0123456789abcdef"
	var text []byte
	for _, b := range a[:a.size()] {
		text = append(text, digits[b>>4], digits[b&15])
	}
	return string(text)
}

// listenPrivately listens on a free port of loopback.
func listenPrivately(family, backlog int) (fd int, err error) {
	if fd, err = bound(family); err != nil {
		return 0, err
	}
	if err = plainListen(fd, backlog); err != nil {
		closeFile(fd)
	}
	return fd, err
}

// bound is a socket at a free port of loopback, on which nobody listens.
func bound(family int) (fd int, err error) {
	if fd, err = socket(family, sockStream|sockCloexecNonblock, 0); err != nil {
		return 0, err
	}
	set(fd, solSocket, soReuseAddr) // as package net does for what listens
	at := loopback(family)
	if err = bind(fd, unsafe.Pointer(&at), at.size()); err != nil {
		closeFile(fd)
	}
	return fd, err
}

// chosen reports whether it was the system that chose the port of a socket, as the app had asked for
// port 0. Such a socket loses its port with a connection that is refused, and can be bound again; one
// whose port was asked for keeps it. Afterwards the first has another port, and the second is as it was.
func chosen(fd int, was address) bool {
	deaf, err := bound(was.family())
	if err != nil {
		return false
	}
	defer closeFile(deaf)
	to, _ := nameOf(deaf)
	connect(fd, unsafe.Pointer(&to), to.size())
	connect(fd, unsafe.Pointer(&to), to.size()) // takes the refusal where that comes late
	was[2], was[3] = 0, 0
	return bind(fd, unsafe.Pointer(&was), was.size()) == nil
}

// nameOf is where a socket is bound; ok is false if that is no address of IP.
func nameOf(fd int) (a address, ok bool) {
	size := uint32(len(a))
	err := getsockname(fd, unsafe.Pointer(&a), &size)
	return a, err == nil && (a.family() == afInet || a.family() == afInet6)
}

func set(fd, level, name int) {
	one := int32(1)
	setsockopt(fd, level, name, unsafe.Pointer(&one), 4)
}

func isSet(fd, level, name int) bool {
	var value int32
	size := uint32(4)
	return getsockopt(fd, level, name, unsafe.Pointer(&value), &size) == nil && value != 0
}
