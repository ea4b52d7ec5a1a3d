package group

import "runtime"

// thread runs functions one after the other on one thread of the system. All
// processes are started there, because Linux sends the parent-death signal when
// the thread that made the child ends, and the threads of other goroutines come
// and go (rule 43).
type thread struct {
	calls chan func()
	ended chan struct{}
}

// newThread starts the goroutine; end is what ends it.
func newThread() thread {
	t := thread{calls: make(chan func()), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for call := range t.calls {
			call()
		}
	}()
	return t
}

// do calls f on the thread and returns when f has.
func (t thread) do(f func()) {
	done := make(chan struct{})
	t.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

// end ends the thread, and with it, on Linux, children that are left. No do may
// follow.
func (t thread) end() {
	close(t.calls)
	<-t.ended
}
