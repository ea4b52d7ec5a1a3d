package upstream

import (
	"errors"
	"io"
	"net"
	"strings"
)

// Unreached reports whether an error of [Process.Send] means that no connection could
// be made: nothing of the request was sent.
func Unreached(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// HungUp reports whether an error of [Process.Send] means that the process closed the
// connection. The transport has no exported error for one that it finds closed.
func HungUp(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "server closed idle connection")
}
