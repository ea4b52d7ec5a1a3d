//go:build !linux

package runner

import "net/netip"

// Owns is false: this system does not tell without help whose connection it is.
func (r *Runner) Owns(netip.AddrPort) bool { return false }
