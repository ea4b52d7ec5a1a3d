package main

import (
	"net/http"
	"strings"
	"testing"
)

// unsolicited is an app that says more than it was asked for, and tells when it is hung up on.
const unsolicited = `package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		panic(err)
	}
	for {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		go func() {
			defer c.Close()
			in := bufio.NewReader(c)
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			if r.URL.Path != "/more" {
				return
			}
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmore")
			io.Copy(io.Discard, in)
			fmt.Println("hung up")
		}()
	}
}
`

// TestT11_LibrariesPrintNothing: net/http complains to package log while it holds what the loop needs,
// and would wait there for a terminal that is stopped.
func TestT11_LibrariesPrintNothing(t *testing.T) {
	p := prepare(t, plainapp)
	p.write("main.go", unsolicited)
	p.run()
	p.await("ready  ")
	r, err := http.Get(p.url + "/more")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	p.await("hung up")
	if strings.Contains(p.out.String(), "Unsolicited") {
		t.Errorf("net/http has printed\n%s", p.out)
	}
}
