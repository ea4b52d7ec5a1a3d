// Command listen binds the address in its second argument in the way that the first one
// names, says where it really listens, and ends with its input.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
)

func main() {
	way, addr := os.Args[1], os.Args[2]
	say(ways[way](addr))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

var ways = map[string]func(addr string) (net.Listener, error){
	"Listen":       func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) },
	"Listen tcp4":  func(addr string) (net.Listener, error) { return net.Listen("tcp4", addr) },
	"Listen tcp6":  func(addr string) (net.Listener, error) { return net.Listen("tcp6", addr) },
	"Listen unix":  func(addr string) (net.Listener, error) { return net.Listen("unix", addr) },
	"ListenConfig": listenConfig,
	"ListenTCP":    listenTCP,
	"tls.Listen": func(addr string) (net.Listener, error) {
		return tls.Listen("tcp", addr, &tls.Config{GetCertificate: noCertificate})
	},
	"http.Server": serve,
	"child":       child,
	"twice":       twice,
	"again":       again,
}

func say(l net.Listener, err error) {
	switch {
	case err != nil:
		fmt.Println("error", err)
	case l != nil:
		fmt.Println(l.Addr())
	}
}

func listenConfig(addr string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
}

func listenTCP(addr string) (net.Listener, error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, err
	}
	return net.ListenTCP("tcp", at)
}

func noCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, io.EOF }

// serve is a server that nobody shows a listener: it says where it is by being asked.
func serve(addr string) (net.Listener, error) {
	s := http.Server{Addr: addr, BaseContext: func(l net.Listener) context.Context {
		say(l, nil)
		return context.Background()
	}}
	return nil, s.ListenAndServe()
}

// child has a process of its own listen, which this one's variables and files reach.
func child(addr string) (net.Listener, error) {
	cmd := exec.Command(os.Args[0], "Listen", addr)
	cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
	return nil, cmd.Run()
}

// twice says what becomes of a second listener at the same place.
func twice(addr string) (net.Listener, error) {
	if _, err := net.Listen("tcp", addr); err != nil {
		return nil, err
	}
	return net.Listen("tcp4", addr)
}

// again closes a listener before it opens another one at the same place.
func again(addr string) (net.Listener, error) {
	first, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	first.Close()
	return net.Listen("tcp", addr)
}
