//go:build !linux

// Package hangup would notice that clients close their connections while nobody reads
// what they send.
package hangup

import "net"

// Watch notices nothing: this system does not tell without reading. Such a client is noticed when its request is sent on
// and the body breaks off (rule 23).
type Watch struct{}

// New makes one.
func New() *Watch { return &Watch{} }

// On returns a nil channel.
func (*Watch) On(net.Conn) (left <-chan struct{}, stop func()) { return nil, func() {} }

// End does nothing.
func (*Watch) End() {}
