package upstream

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// Frames in pieces of any size are followed alike.
func TestFramesInPieces(t *testing.T) {
	var all []byte
	var ends []int
	add := func(b ...byte) { all = append(all, b...); ends = append(ends, len(all)) }
	add(0x81, 0)
	add(append([]byte{0x81, 0x83, 1, 2, 3, 4}, "abc"...)...)
	add(append([]byte{0x82, 126, 3, 0xe8}, make([]byte, 1000)...)...)
	add(append(binary.BigEndian.AppendUint64([]byte{0x82, 127}, 70_000), make([]byte, 70_000)...)...)
	add(0x89, 0)
	add(0x88, 2, 3, 0xe8)
	for range 1000 {
		var f frames
		at, next := 0, 0
		for at < len(all) {
			n := min(len(all)-at, 1+rand.IntN(1+rand.IntN(5000)))
			f.follow(all[at : at+n])
			at += n
			for next < len(ends) && ends[next] < at {
				next++
			}
			if f.within() == (ends[next] == at) {
				t.Fatalf("after %d bytes: within a frame is %v, frames end at %v", at, f.within(), ends)
			}
		}
		if !f.closed {
			t.Fatal("the close frame was not seen")
		}
	}
}

func TestPercentEncode(t *testing.T) {
	if got := percentEncode("a 100% é\n~"); got != "a 100%25 %C3%A9%0A~" {
		t.Errorf("encoded = %q", got)
	}
}
