package source

import (
	"fmt"
	"path/filepath"
)

// isBlind reports whether a folder lies on a mount that is polled, and tells the user of
// a mount that is so from the start.
func (s *Source) isBlind(dir string, device uint64) bool {
	if _, known := s.blind[device]; !known && s.poll == Auto {
		s.meet(dir, device, remoteKind(dir))
	}
	return s.blind[device]
}

// meet takes note of a new mount.
func (s *Source) meet(dir string, device uint64, kind string) {
	s.blind[device] = kind != ""
	if !tellsAll(dir) {
		s.strange.Store(true)
	}
	if kind != "" {
		s.say(fmt.Sprintf("%s is a %s mount, where not every change makes an event: it is polled", mountPoint(dir, device), kind))
	}
}

// mountPoint returns the highest folder above dir on the same device.
func mountPoint(dir string, device uint64) string {
	for {
		above := filepath.Dir(dir)
		self, err := nodeOf(above)
		if above == dir || err != nil || self.device != device {
			return dir
		}
		dir = above
	}
}
