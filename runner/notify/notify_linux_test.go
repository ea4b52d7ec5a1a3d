package notify

import (
	"net"
	"os"
	"strings"
	"testing"
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
