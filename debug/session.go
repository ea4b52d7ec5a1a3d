package debug

import (
	"bufio"
	"io"
	"net"
	"sync"
	"time"
)

// farewell is how long a client that was told that its session is over has to say
// goodbye, and bounds each write to one that does not read.
const farewell = 2 * time.Second

// session is one client's connection and the one to Delve that belongs to it.
type session struct {
	debugger *Debugger
	target   *target // nil before there is one; guarded by debugger.mu until then
	client   net.Conn
	in       *bufio.Reader // of client
	dap      bool

	mu      sync.Mutex // guards what follows, and writing to client
	delve   net.Conn   // nil before it is there
	leaving bool       // the client has said that it leaves
	over    bool       // no word of Delve's passes any more
}

// serve leads one client to Delve until either has gone.
func (d *Debugger) serve(client net.Conn) {
	defer client.Close()
	s := &session{debugger: d, client: client, in: bufio.NewReader(client)}
	if !sameUser(client) || !d.know(s) {
		return
	}
	defer d.forget(s)
	first, err := s.in.Peek(1)
	if err != nil || first[0] != 'C' && first[0] != '{' {
		return // a page in the browser, or a mistake
	}
	s.dap = first[0] == 'C' // of Content-Length; JSON-RPC begins with a brace
	if !d.enter(s) {
		return
	}
	d.attach(s.target)
	if !s.reach() {
		d.detach(s.target)
		return
	}
	d.active.Go(func() {
		s.passAnswers()
		s.end()
		d.detach(s.target)
	})
	s.passRequests()
	s.cut()
}

// reach connects to Delve; false if that is not there any more.
func (s *session) reach() bool {
	conn, err := net.DialTimeout("tcp", s.target.addr, callLimit)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delve = conn
	if s.over {
		conn.Close()
	}
	return true
}

// passRequests passes what the client says to Delve until the client has gone.
func (s *session) passRequests() {
	if !s.dap {
		_, _ = io.Copy(s.delve, s.in)
		return
	}
	for {
		frame, err := readFrame(s.in)
		if err != nil {
			return
		}
		if goodbye := s.note(parse(frame)); goodbye {
			return
		}
		_ = writeFrame(s.delve, frame) // an error: the session is over, of which the client is told
	}
}

// note looks at a request of the client's, and answers the one with which it leaves a
// session that is over; then it is done.
func (s *session) note(m message) (done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !m.isGoodbye() {
		return false
	}
	s.leaving = true
	if s.over {
		_ = writeFrame(s.client, m.success())
	}
	return s.over
}

// passAnswers passes what Delve says to the client until Delve has gone.
func (s *session) passAnswers() {
	if !s.dap {
		_, _ = io.Copy(s.client, s.delve)
		return
	}
	in := bufio.NewReader(s.delve)
	for {
		frame, err := readFrame(in)
		if err != nil || !s.answer(frame) {
			return
		}
	}
}

// answer passes one message of Delve's. That the session ends is told by end, which
// knows whether the client should come again, unless it is the client that leaves.
func (s *session) answer(frame []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch m := parse(frame); {
	case s.over:
		return false
	case m.Event == "terminated" && !s.leaving:
		return false
	case m.Command == "initialize":
		frame = withoutRestart(frame)
	}
	return writeFrame(s.client, frame) == nil
}

// end ends the session: a client of DAP is told, and asked to attach again unless
// watcher ends; one of JSON-RPC sees the end of its connection.
func (s *session) end() {
	restart := !s.debugger.ending()
	_ = s.client.SetDeadline(time.Now().Add(farewell)) // frees who writes to it, and has mu
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.over = true
	if s.delve != nil {
		s.delve.Close()
	}
	if !s.dap || s.leaving {
		s.client.Close()
		return
	}
	_ = writeFrame(s.client, terminated(restart))
}

// cut closes both connections.
func (s *session) cut() {
	s.client.Close() // frees who writes to it, and has mu
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.delve != nil {
		s.delve.Close()
	}
}
