//go:build unix

package beacon

import (
	"os"
	"syscall"
)

// identify tells which file it is, as fstat(2) does.
func identify(f *os.File) (device, inode uint64, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	return uint64(stat.Dev), uint64(stat.Ino), nil // their types differ from system to system
}
