package debug

import (
	"net"
	"os"
	"strconv"
	"testing"
)

// TestX1_DebuggersOfOtherUsers: whose a connection is stands in the system's table.
func TestX1_DebuggersOfOtherUsers(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0929 0100007F:D2F2 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1
   1: 0100007F:D2F2 0100007F:0929 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 20 4 30 10 -1
`
	if uid := ownerIn(table, 0xD2F2, 0x0929); uid != "1001" {
		t.Errorf("the client is %q's", uid)
	}
	if uid := ownerIn(table, 1, 0x0929); uid != "" {
		t.Errorf("nobody's is %q's", uid)
	}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		from, to := client.LocalAddr().(*net.TCPAddr).Port, l.Addr().(*net.TCPAddr).Port
		if uid := owner(from, to); uid != strconv.Itoa(os.Getuid()) {
			t.Errorf("our own connection to %s is %q's", addr, uid)
		}
	}
}
