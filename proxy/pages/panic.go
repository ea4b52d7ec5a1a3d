package pages

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// Panic is one that an app has printed, of whatever kind.
type Panic struct {
	Message string  // one line; of what ended a process with "panic: " or "fatal error: " before it
	Request string  // "GET /path", where it was printed; else ""
	Frames  []Frame // innermost first, without those of the runtime's own panicking
}

// Frame is one call of a goroutine.
type Frame struct {
	Function string
	File     string
	Line     int
}

const (
	maxBlock  = 64 << 10 // of one panic's text: net/http cuts there too
	maxFrames = 64
)

var (
	// traceLine is the place of a call in Go's own traces, ginLine in those of Gin.
	traceLine = regexp.MustCompile(`^\t(.+):(\d+)(?: \+0x[0-9a-f]+)?$`)
	ginLine   = regexp.MustCompile(`^(.+):(\d+) \(0x[0-9a-f]+\)$`)
	// serving begins what net/http says of a panic.
	serving = regexp.MustCompile(`http2?: panic serving `)
	// requestLine begins the dump that Gin prints in its debug mode.
	requestLine = regexp.MustCompile(`^([A-Z]+) (\S+) HTTP/\d`)
)

// FindPanic looks in the output of a process for the panic, or the fatal error, that
// ended it.
func FindPanic(output string) (Panic, bool) {
	lines := strings.Split(plain(output), "\n")
	for i, line := range lines {
		for _, begin := range []string{"panic: ", "fatal error: "} {
			if strings.HasPrefix(line, begin) {
				p := Panic{Message: line, Frames: traceFrames(lines[i+1:])}
				return p, len(p.Frames) > 0
			}
		}
	}
	return Panic{}, false
}

// traceFrames reads the first goroutine of a trace.
func traceFrames(lines []string) (frames []Frame) {
	for len(lines) > 0 && !strings.HasPrefix(lines[0], "goroutine ") {
		lines = lines[1:]
	}
	for i := 1; i+1 < len(lines) && lines[i] != ""; i++ {
		m := traceLine.FindStringSubmatch(lines[i+1])
		if m == nil {
			continue
		}
		name := lines[i]
		if at := strings.LastIndexByte(name, '('); at > 0 && strings.HasSuffix(name, ")") {
			name = name[:at]
		}
		frames = addFrame(frames, name, m[1], m[2])
		i++
	}
	return frames
}

// addFrame leaves out how the runtime comes from a mistake to a panic, and what net/http
// does to tell of it.
func addFrame(frames []Frame, name, file, line string) []Frame {
	for _, own := range []string{
		"panic", "runtime.", "runtime/debug.", "net/http.(*conn).serve.func",
		"net/http.(*http2serverConn).runHandler.func", "golang.org/x/net/http2.(*serverConn).runHandler.func",
	} {
		if len(frames) == 0 && (name == own || own != "panic" && strings.HasPrefix(name, own)) {
			return frames
		}
	}
	if len(frames) == maxFrames || strings.HasPrefix(name, "created by ") {
		return frames
	}
	n, _ := strconv.Atoi(line)
	return append(frames, Frame{Function: name, File: file, Line: n})
}

// Panics finds in the error output of an app the panics that its server has caught:
// those that Gin's Recovery prints, and those of net/http. It is a writer that never
// fails, for one goroutine.
type Panics struct {
	Found func(Panic) // called within Write

	rest  []byte // of the line under way
	block []string
	size  int
	kind  blockKind
}

type blockKind uint8

const (
	noBlock blockKind = iota
	ginBlock
	httpBlock
	httpLast // the next line is the last one
)

// Write takes the next piece of the output.
func (s *Panics) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		if room := maxBlock - len(s.rest); len(line) > room {
			line = line[:room]
		}
		s.rest = append(s.rest, line...)
		if !whole {
			return n, nil
		}
		s.take(strings.TrimSuffix(string(s.rest), "\r"))
		s.rest, p = s.rest[:0], rest
	}
}

// take takes one line. A block ends where its printer ends it, and where another begins.
func (s *Panics) take(line string) {
	text := plain(line)
	switch {
	case strings.Contains(text, "[Recovery] ") && strings.HasSuffix(text, "panic recovered:"):
		s.begin(ginBlock)
		return
	case serving.MatchString(text):
		s.begin(httpBlock)
	case s.kind == noBlock:
		return
	}
	s.size += len(text) + 1
	s.block = append(s.block, text)
	switch {
	case s.size > maxBlock, s.kind == httpLast, s.kind == ginBlock && strings.Contains(line, "\x1b[0m"):
		s.end()
	case s.kind == httpBlock && strings.HasPrefix(text, "created by "):
		s.kind = httpLast
	}
}

func (s *Panics) begin(k blockKind) {
	s.end()
	s.kind = k
}

// end tells the block that is under way, if it is whole enough to be of use.
func (s *Panics) end() {
	var p Panic
	switch s.kind {
	case ginBlock:
		p = readGin(s.block)
	case httpBlock, httpLast:
		p = readHTTP(s.block)
	}
	s.kind, s.block, s.size = noBlock, nil, 0
	if len(p.Frames) > 0 {
		s.Found(p)
	}
}

// readHTTP reads "http: panic serving 127.0.0.1:5: message" and a trace.
func readHTTP(lines []string) Panic {
	message := lines[0][serving.FindStringIndex(lines[0])[1]:]
	if _, after, ok := strings.Cut(message, ": "); ok {
		message = after
	}
	return Panic{Message: message, Frames: traceFrames(lines[1:])}
}

// readGin reads in debug mode the head of the request and an empty line, then in every
// mode the message and two lines for each call.
func readGin(lines []string) (p Panic) {
	if len(lines) > 0 {
		if m := requestLine.FindStringSubmatch(lines[0]); m != nil {
			p.Request = m[1] + " " + m[2]
			for len(lines) > 0 && lines[0] != "" {
				lines = lines[1:]
			}
		}
	}
	for i, line := range lines {
		m := ginLine.FindStringSubmatch(line)
		switch {
		case m == nil && len(p.Frames) == 0 && p.Message == "":
			p.Message = line
		case m != nil && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t"):
			name, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), ": ")
			if strings.Contains(m[1], "/runtime/") { // Gin prints names without their packages
				name = "runtime." + name
			}
			p.Frames = addFrame(p.Frames, name, m[1], m[2])
		}
	}
	return p
}
