package debug

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
)

// longestFrame bounds the memory that one message may take.
const longestFrame = 64 << 20

// message is what is looked at in a message of DAP.
type message struct {
	Seq     int
	Type    string // request, response or event
	Command string // of the first two
	Event   string
}

// parse reads a message; what is none is empty.
func parse(frame []byte) (m message) {
	_ = json.Unmarshal(frame, &m)
	return m
}

// isGoodbye reports whether with this request a client leaves.
func (m message) isGoodbye() bool {
	return m.Type == "request" && (m.Command == "disconnect" || m.Command == "terminate")
}

// success answers a request.
func (m message) success() []byte {
	return fmt.Appendf(nil, `{"seq":0,"type":"response","request_seq":%d,"success":true,"command":%q}`, m.Seq, m.Command)
}

// noPanics asks that no panic stops the app.
const noPanics = `{"seq":1,"type":"request","command":"setExceptionBreakpoints","arguments":{"filters":[]}}`

// terminated is the event by which a session ends; with restart the client is asked to
// attach again.
func terminated(restart bool) []byte {
	return fmt.Appendf(nil, `{"seq":0,"type":"event","event":"terminated","body":{"restart":%t}}`, restart)
}

// withoutRestart takes from what Delve says it can do that it restarts the app: a client
// that knows of it asks the old Delve for that instead of attaching again.
func withoutRestart(frame []byte) []byte {
	return bytes.Replace(frame, []byte(`"supportsRestartRequest":true`), []byte(`"supportsRestartRequest":false`), 1)
}

// readFrame reads the content of one message.
func readFrame(r *bufio.Reader) ([]byte, error) {
	header, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil || length < 0 || length > longestFrame {
		return nil, fmt.Errorf("message of length %q", header.Get("Content-Length"))
	}
	frame := make([]byte, length)
	_, err = io.ReadFull(r, frame)
	return frame, err
}

// writeFrame writes one message.
func writeFrame(w io.Writer, frame []byte) error {
	_, err := fmt.Fprintf(w, "Content-Length: %d\r\n\r\n%s", len(frame), frame)
	return err
}
