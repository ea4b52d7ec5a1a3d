//go:build unix

package source

import (
	"io/fs"
	"syscall"
)

func nodeIn(info fs.FileInfo) node {
	stat := info.Sys().(*syscall.Stat_t)
	return node{uint64(stat.Dev), uint64(stat.Ino)} // their types differ from system to system
}
