//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package source

import (
	"math"
	"syscall"
)

// descriptors is how many files may be watched by events, as each takes a descriptor
// (rule 35): half of what the program may have, as it has an app to serve. Go itself
// raises the limit as far as it may when the program starts.
func descriptors() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 100
	}
	return int(min(uint64(limit.Cur)/2, math.MaxInt32))
}
