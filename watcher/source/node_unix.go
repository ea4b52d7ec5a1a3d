//go:build unix

package source

import (
	"cmp"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func nodeIn(info fs.FileInfo) node {
	stat := info.Sys().(*syscall.Stat_t)
	return node{uint64(stat.Dev), uint64(stat.Ino)} // their types differ from system to system
}

// kinds are the kinds of files by the bits of stat(2).
var kinds = map[uint32]fs.FileMode{
	unix.S_IFDIR: fs.ModeDir, unix.S_IFLNK: fs.ModeSymlink, unix.S_IFIFO: fs.ModeNamedPipe,
	unix.S_IFSOCK: fs.ModeSocket, unix.S_IFBLK: fs.ModeDevice, unix.S_IFCHR: fs.ModeDevice | fs.ModeCharDevice,
}

// entryIn looks at a name in a folder that is open, which costs half of what os.Lstat does by
// its path: a project has thousands of them.
func entryIn(folder *os.File, name string) (e entry, changed time.Time, err error) {
	var stat unix.Stat_t
	raw, err := folder.SyscallConn()
	if err != nil {
		return e, changed, err
	}
	closed := raw.Control(func(fd uintptr) { err = unix.Fstatat(int(fd), name, &stat, unix.AT_SYMLINK_NOFOLLOW) })
	if closed != nil || err != nil {
		return e, changed, &fs.PathError{Op: "lstat", Path: name, Err: cmp.Or(closed, err)}
	}
	mode := uint32(stat.Mode) // its type differs from system to system, as those of the others do
	e = entry{
		name: name, node: node{uint64(stat.Dev), uint64(stat.Ino)},
		size: stat.Size, mode: kinds[mode&unix.S_IFMT] | fs.FileMode(mode&0o7777),
	}
	return e, time.Unix(stat.Mtim.Unix()), nil
}
