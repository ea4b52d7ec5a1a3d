//go:build !linux

package doorbell

// Bell never rings here.
type Bell struct{}

// New makes a bell; it never fails.
func New() (*Bell, error) { return &Bell{}, nil }

// Add does nothing, nor do the other methods.
func (*Bell) Add(dir string) error { return nil }

// Remove does nothing.
func (*Bell) Remove(dir string) {}

// Rung is false.
func (*Bell) Rung() bool { return false }

// Answer is false.
func (*Bell) Answer(Func) bool { return false }

// Close does nothing.
func (*Bell) Close() {}
