package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// delveFolder returns the folder of the pinned Delve, which the go command builds where
// it has not yet.
func delveFolder(t testing.TB) string {
	t.Helper()
	ask := exec.Command("go", "tool", "-n", "dlv")
	ask.Dir = "testdata/dlv"
	path, err := ask.Output()
	if err != nil {
		t.Fatalf("no Delve: %v", err)
	}
	return filepath.Dir(strings.TrimSpace(string(path)))
}

// rpcClient is a small client of Delve's JSON-RPC, as dlv connect is a large one.
type rpcClient struct {
	t    testing.TB
	conn net.Conn
	in   *json.Decoder
	id   int
}

func dialDelve(t testing.TB, port int) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("the debug address refuses: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * patience))
	return conn
}

func connectDelve(t testing.TB, port int) *rpcClient {
	t.Helper()
	conn := dialDelve(t, port)
	return &rpcClient{t: t, conn: conn, in: json.NewDecoder(conn)}
}

// call returns the answer, in which a test finds what it looks for as text.
func (c *rpcClient) call(method string, param any) string {
	c.t.Helper()
	c.send(method, param)
	return c.answer(c.id)
}

func (c *rpcClient) answer(id int) string {
	c.t.Helper()
	for {
		var answer json.RawMessage
		if err := c.in.Decode(&answer); err != nil {
			c.t.Fatalf("no answer to call %d: %v", id, err)
		}
		var head struct{ ID int }
		if json.Unmarshal(answer, &head) == nil && head.ID == id {
			return string(answer)
		}
	}
}

func (c *rpcClient) send(method string, param any) {
	c.t.Helper()
	c.id++
	err := json.NewEncoder(c.conn).Encode(map[string]any{"method": "RPCServer." + method, "params": []any{param}, "id": c.id})
	if err != nil {
		c.t.Fatal(err)
	}
}

type object = map[string]any

// stopAt sets a breakpoint in an app that runs, and lets it run on. The function that it
// returns waits until the app stands there.
func (c *rpcClient) stopAt(file string, line int) (stands func()) {
	c.t.Helper()
	c.call("Command", object{"name": "halt"})
	set := c.call("CreateBreakpoint", object{"Breakpoint": object{"file": file, "line": line}})
	if !strings.Contains(set, filepath.Base(file)) {
		c.t.Fatalf("no breakpoint: %s", set)
	}
	c.send("Command", object{"name": "continue"})
	running := c.id
	return func() {
		c.t.Helper()
		if at := c.answer(running); !strings.Contains(at, filepath.Base(file)) {
			c.t.Fatalf("it does not stand at the breakpoint: %s", at)
		}
	}
}

// eval returns a variable's value where the app stands.
func (c *rpcClient) eval(name string) string {
	c.t.Helper()
	return c.call("Eval", object{"Scope": object{"GoroutineID": -1}, "Expr": name, "Cfg": object{"MaxStringLen": 64}})
}

// awaitEnd waits until Delve, or who leads to it, ends the connection.
func (c *rpcClient) awaitEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.conn); err != nil && strings.Contains(err.Error(), "timeout") {
		c.t.Fatalf("the session is not ended: %s", rest)
	}
}

// dapClient is a small client of DAP, that does what VS Code does.
type dapClient struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	seq  int
}

// attach begins a session as VS Code does with "request": "attach", "mode": "remote".
func attachDAP(t testing.TB, port int, file string, line int) *dapClient {
	t.Helper()
	conn := dialDelve(t, port)
	c := &dapClient{t: t, conn: conn, in: bufio.NewReader(conn)}
	if able := c.request("initialize", object{"adapterID": "go", "pathFormat": "path"}); able["supportsRestartRequest"] == true {
		t.Error("a client that knows of Delve's own restart does not attach again")
	}
	c.send("attach", object{"request": "attach", "mode": "remote"})
	c.await("event", "initialized")
	c.request("setBreakpoints", object{"source": object{"path": file}, "breakpoints": []object{{"line": line}}})
	c.request("configurationDone", object{})
	return c
}

func (c *dapClient) send(command string, arguments object) {
	c.t.Helper()
	c.seq++
	text, _ := json.Marshal(object{"seq": c.seq, "type": "request", "command": command, "arguments": arguments})
	if _, err := fmt.Fprintf(c.conn, "Content-Length: %d\r\n\r\n%s", len(text), text); err != nil {
		c.t.Fatal(err)
	}
}

// request returns the body of the answer.
func (c *dapClient) request(command string, arguments object) object {
	c.t.Helper()
	c.send(command, arguments)
	return c.await("response", command)
}

// await reads messages until an event or a response of a name, and returns its body.
func (c *dapClient) await(kind, name string) object {
	c.t.Helper()
	for {
		m, err := c.read()
		if err != nil {
			c.t.Fatalf("no %s %q: %v", kind, name, err)
		}
		if m["type"] != kind || m["event"] != name && m["command"] != name {
			continue
		}
		if m["success"] == false {
			c.t.Fatalf("%s: %v", name, m)
		}
		body, _ := m["body"].(object)
		return body
	}
}

func (c *dapClient) read() (m object, err error) {
	header, err := textproto.NewReader(c.in).ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	length, _ := strconv.Atoi(header.Get("Content-Length"))
	text := make([]byte, length)
	if _, err := io.ReadFull(c.in, text); err != nil {
		return nil, err
	}
	return m, json.Unmarshal(text, &m)
}

// locals are the variables where the app stands, by name.
func (c *dapClient) locals(thread any) map[string]string {
	c.t.Helper()
	frames := c.request("stackTrace", object{"threadId": thread, "levels": 1})["stackFrames"].([]any)
	scopes := c.request("scopes", object{"frameId": frames[0].(object)["id"]})["scopes"].([]any)
	found := map[string]string{}
	for _, scope := range scopes {
		body := c.request("variables", object{"variablesReference": scope.(object)["variablesReference"]})
		for _, v := range body["variables"].([]any) {
			found[v.(object)["name"].(string)] = v.(object)["value"].(string)
		}
	}
	return found
}
