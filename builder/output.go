package builder

import (
	"fmt"
	"strings"
)

// keepEnd is how much of each end of an output is kept. The first messages are
// what a reader mends, the last ones say how it ended.
const keepEnd = 512 << 10

// bounded is a writer that keeps the head and the tail of what is written to it.
// The zero value is ready to use, by one goroutine.
type bounded struct {
	head, tail []byte
	lost       int // bytes between them
}

// Write never fails, so that go build is never stopped by a full buffer.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), keepEnd-len(b.head))
	b.head = append(b.head, p[:n]...)
	b.tail = append(b.tail, p[n:]...)
	if over := len(b.tail) - keepEnd; over > keepEnd { // seldom, so that bytes move seldom
		b.drop(over)
	}
	return len(p), nil
}

// drop forgets the first n bytes of the tail.
func (b *bounded) drop(n int) {
	b.lost += n
	b.tail = append(b.tail[:0], b.tail[n:]...)
}

// String returns what was kept, without the line end at its end.
func (b *bounded) String() string {
	if over := len(b.tail) - keepEnd; over > 0 {
		b.drop(over)
	}
	text := string(b.head)
	if b.lost > 0 {
		text += fmt.Sprintf("\n... %d bytes left out ...\n", b.lost)
	}
	return strings.TrimRight(text+string(b.tail), "\r\n")
}
