package debug

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

const (
	// beginInterval is how often a Delve that was just started is asked for.
	beginInterval = 5 * time.Millisecond
	// callLimit bounds an answer of Delve's: it is asked on loopback for what it knows.
	callLimit = 3 * time.Second
	// standsAgain is how soon an app stands that was told to run while it was halted.
	standsAgain = 50 * time.Millisecond
	attempts    = 5
)

// The orders to an app.
var (
	halt    = map[string]string{"name": "halt"}
	proceed = map[string]string{"name": "continue"}
)

// rpc is a connection to Delve by its JSON-RPC, of which few calls are needed here.
// (net/rpc would do, but for html/template, which makes the program twice as large.)
type rpc struct {
	net.Conn
	answers *json.Decoder
	calls   int
}

func dial(ctx context.Context, addr string) (*rpc, error) {
	conn, err := (&net.Dialer{Timeout: callLimit}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &rpc{Conn: conn, answers: json.NewDecoder(conn)}, nil
}

// send asks without waiting for the answer.
func (r *rpc) send(method string, param any) error {
	r.calls++
	return json.NewEncoder(r).Encode(map[string]any{"id": r.calls, "method": "RPCServer." + method, "params": []any{param}})
}

// call asks and decodes the answer into result, unless that is nil.
func (r *rpc) call(method string, param, result any) error {
	_ = r.SetDeadline(time.Now().Add(callLimit))
	if err := r.send(method, param); err != nil {
		return err
	}
	var answer struct {
		Result json.RawMessage
		Error  any
	}
	if err := r.answers.Decode(&answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return fmt.Errorf("%v", answer.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

// With --continue Delve would let the app run before anybody knows its pid, and stop it
// for ever at a panic that nobody looks at.

// begin waits for Delve, calls started with the pid of its app, and lets that run. The
// connection has to stay: when it ends, Delve tells where the app stands, in its output.
func begin(ctx context.Context, addr string, started func(pid int)) (*rpc, error) {
	r, err := dial(ctx, addr)
	for ; err != nil; r, err = dial(ctx, addr) {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("ask Delve for the app: %w", err)
		case <-time.After(beginInterval):
		}
	}
	var app struct{ Pid int }
	if err = r.call("ProcessPid", struct{}{}, &app); err == nil {
		started(app.Pid)
		err = r.clear()
	}
	if err == nil {
		err = r.send("Command", proceed)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// letGo lets the app run that nobody debugs any more. An error means that it has ended,
// or that Delve has, which ends it.
func (t *target) letGo() {
	r, err := dial(context.Background(), t.addr)
	if err != nil {
		return
	}
	var at struct{ State struct{ Running bool } }
	err = r.call("State", map[string]any{"NonBlocking": true}, &at)
	if err == nil && at.State.Running {
		err = r.call("Command", halt, nil)
	}
	if err == nil && r.clear() == nil {
		r.resume()
	}
	t.own.Close()
	t.own = r
}

// clear removes the breakpoints of an app that stands, and switches off Delve's own, of
// panics, which have negative numbers: a client that wants these switches them on.
func (r *rpc) clear() error {
	var list struct{ Breakpoints []struct{ ID int } }
	err := r.call("ListBreakpoints", struct{}{}, &list)
	for _, b := range list.Breakpoints {
		if b.ID > 0 {
			err = errors.Join(err, r.call("ClearBreakpoint", map[string]any{"Id": b.ID}, nil))
		}
	}
	return errors.Join(err, ignorePanics(r.RemoteAddr().String()))
}

// ignorePanics has to speak DAP: by JSON-RPC Delve finds the names of these breakpoints
// not valid.
func ignorePanics(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, callLimit)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(callLimit))
	if err := writeFrame(conn, []byte(noPanics)); err != nil {
		return err
	}
	_, err = readFrame(bufio.NewReader(conn))
	return err
}

// resume lets the app run. Delve answers when it stands again: at once where a halt came
// when it stood already.
func (r *rpc) resume() {
	for range attempts {
		if r.send("Command", proceed) != nil {
			return
		}
		_ = r.SetReadDeadline(time.Now().Add(standsAgain))
		var answer struct{ Error any }
		if r.answers.Decode(&answer) != nil || answer.Error != nil {
			return // it runs, or it has ended
		}
	}
}

// exitCode asks how the app has ended: Delve tells it as an error.
func exitCode(addr string) (code int, known bool) {
	r, err := dial(context.Background(), addr)
	if err != nil {
		return 0, false
	}
	defer r.Close()
	err = r.call("State", map[string]any{"NonBlocking": false}, nil)
	if err == nil {
		return 0, false
	}
	var pid int
	_, scanned := fmt.Sscanf(err.Error(), "Process %d has exited with status %d", &pid, &code)
	return code, scanned == nil
}
