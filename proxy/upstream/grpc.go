package upstream

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// unavailable is the status of gRPC for which clients try again.
const unavailable = "14"

// IsGRPC reports whether a message is part of a gRPC call: application/grpc, with or
// without the name of an encoding. application/grpc-web is ordinary HTTP.
func IsGRPC(h http.Header) bool {
	kind := h.Get("Content-Type")
	rest, ok := strings.CutPrefix(strings.ToLower(kind), "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// WriteGRPC answers a gRPC call with the status that its server is unavailable. Such an
// answer has no more than headers.
func WriteGRPC(w http.ResponseWriter, message string) {
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", unavailable)
	h.Set("Grpc-Message", percentEncode(message))
	w.WriteHeader(http.StatusOK)
}

// percentEncode writes a message as gRPC wants it: all but printable ASCII escaped.
func percentEncode(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= ' ' && c <= '~' && c != '%' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// call is the body of the answer to a gRPC call.
type call struct {
	io.ReadCloser
	answer *http.Response
	owner  *Process
}

// Read ends a call that is cut at the drain limit by a status instead of breaking the
// stream: the length of each message stands before it, so none is taken for whole that
// is not.
func (c *call) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && err != io.EOF && c.owner.cut.Load() {
		c.answer.Trailer = http.Header{
			"Grpc-Status":  {unavailable},
			"Grpc-Message": {"the app was replaced and the call did not end within the drain limit"},
		}
		err = io.EOF
	}
	return n, err
}
