//go:build !unix

package upstream

// ended is not known here, other than by the goroutine that reads.
func (c *conn) ended() bool { return false }
