package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
	"time"
)

// client is an HTTP/1.1 client of one connection, for answers with a length.
type client struct {
	net.Conn
	read    *bufio.Reader
	request []byte
	began   time.Time // of the present request
}

// patience is how long a connection may take for all it is used for.
const patience = time.Minute

func dial(addr string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{Conn: conn, read: bufio.NewReaderSize(conn, 32<<10)}, conn.SetDeadline(time.Now().Add(patience))
}

// get asks for a path and reads the answer, which must be 200.
func (c *client) get(path string) error {
	c.request = fmt.Appendf(c.request[:0], "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n", path)
	if _, err := c.Write(c.request); err != nil {
		return err
	}
	status, err := c.read.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("answered %q", status)
	}
	length := -1
	for {
		line, err := c.read.ReadSlice('\n')
		if err != nil {
			return err
		}
		key, value, found := bytes.Cut(line, []byte(":"))
		switch {
		case found && bytes.EqualFold(key, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		case !found && length < 0:
			return fmt.Errorf("an answer without length")
		case !found:
			_, err := c.read.Discard(length)
			return err
		}
	}
}
