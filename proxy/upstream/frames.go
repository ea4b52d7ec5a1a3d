package upstream

import "encoding/binary"

// frames follows a stream of WebSocket frames (RFC 6455, section 5.2).
type frames struct {
	header  []byte // of the frame under way, as far as it has come
	payload uint64 // bytes of that frame still to come, once the header is whole
	whole   bool   // the header is
	closed  bool   // a close frame has passed
}

// within reports whether a frame is under way.
func (f *frames) within() bool { return len(f.header) > 0 }

// follow goes over all of p.
func (f *frames) follow(p []byte) {
	for len(p) > 0 {
		p = p[f.next(p):]
	}
}

// finish goes over p up to the end of the frame that is under way, if one is, and
// returns how many bytes of p belong to it.
func (f *frames) finish(p []byte) (n int) {
	for f.within() && n < len(p) {
		n += f.next(p[n:])
	}
	return n
}

// next goes over bytes of one frame and returns how many: the rest of its header or
// its payload. p is not empty.
func (f *frames) next(p []byte) (n int) {
	for n < len(p) && !f.whole {
		f.header = append(f.header, p[n])
		n++
		f.whole = len(f.header) == headerLength(f.header)
		if f.whole {
			f.payload = payloadLength(f.header)
		}
	}
	if f.whole {
		part := min(uint64(len(p)-n), f.payload)
		f.payload -= part
		n += int(part)
		if f.payload == 0 {
			f.closed = f.closed || f.header[0]&0xf == 8
			f.header, f.whole = f.header[:0], false
		}
	}
	return n
}

// headerLength is the length of the header that begins with h, 2 as long as too little of
// it is known.
func headerLength(h []byte) int {
	n := 2
	if len(h) < n {
		return n
	}
	switch h[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if h[1]&0x80 != 0 {
		n += 4 // the mask
	}
	return n
}

func payloadLength(h []byte) uint64 {
	switch n := h[1] & 0x7f; n {
	case 126:
		return uint64(binary.BigEndian.Uint16(h[2:]))
	case 127:
		return binary.BigEndian.Uint64(h[2:])
	default:
		return uint64(n)
	}
}
