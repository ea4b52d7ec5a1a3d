package notify

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestReadyCountsFromTheRightSenderOnly(t *testing.T) {
	t.Parallel()
	asked := make(chan int)
	right := make(chan bool)
	s, err := Listen(func(pid int) bool {
		asked <- pid
		return <-right
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := net.Dial("unixgram", s.Name)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	say := func(text string) {
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	answer := func(is bool) {
		if pid := <-asked; pid != os.Getpid() {
			t.Errorf("the sender is %d", pid)
		}
		right <- is
	}
	say("READY=1\n")
	answer(false)
	for _, other := range []string{"READY=0", "XREADY=1", "STATUS=READY=1", "", strings.Repeat("x", 2*maxMessage)} {
		say(other) // nobody is asked
	}
	say("READY=1")
	select {
	case <-s.Ready():
		t.Fatal("a stranger's message has counted")
	default:
	}
	answer(true)
	<-s.Ready()
	for range 100 { // more than fit into the queue
		say("READY=1")
	}
}

// TestFilesThatComeAreClosed: a sender waits for the end of the pipe that it has sent a part of.
func TestFilesThatComeAreClosed(t *testing.T) {
	t.Parallel()
	s, err := Listen(func(pid int) bool { return pid == os.Getpid() })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"}) // which the system names
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	_, _, err = conn.WriteMsgUnix([]byte("READY=1\nBARRIER=1"), unix.UnixRights(int(write.Fd())), &net.UnixAddr{Name: s.Name, Net: "unixgram"})
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	<-s.Ready()
	_ = read.SetReadDeadline(time.Now().Add(30 * time.Second)) // met by nothing but a hang
	if _, err := read.Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
}
