// Package doorbell tells, at the moment of the question, whether anything has been done in
// the watched folders since it was asked last.
//
// It knows folders and the names in them. It does not know what a file is for, nor who asks.
//
// Linux puts an event into the queue of each inotify instance before write(2), rename(2),
// unlink(2) and the like return (they end with a call of fsnotify in the kernel's own code),
// so a queue that is empty means that nothing has happened, however late a reader is
// (TestRings). fsnotify does not show its queue, and its events pass through several
// goroutines before they count. So the doorbell is a queue of its own on the same folders.
// Writes through mapped memory make no event: inotify(7) names that gap.
//
// Elsewhere there is none: kqueue and ReadDirectoryChangesW promise no such order.
package doorbell

// Ring is one event. The zero value stands for any: events were lost, or came from a folder
// that is not known any more.
type Ring struct {
	Path   string // absolute; of the folder itself, if it is about that
	Folder bool   // it is about a folder
	Came   bool   // the name is new, or another file has it now
}

// Func is asked for each ring, in their order, whether it counts.
type Func func(Ring) bool
