package debug

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// sameUser reports whether a connection from this machine belongs to our user, or to
// root: who reaches a debugger can run anything. Delve looks too, but sees us. Where the
// system does not tell, it is taken.
func sameUser(conn net.Conn) bool {
	client, ours := conn.RemoteAddr().(*net.TCPAddr), conn.LocalAddr().(*net.TCPAddr)
	if !client.IP.IsLoopback() {
		return true // the user has opened the address to others
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for line := range strings.Lines(string(text)) { // "0: 0100007F:0929 0100007F:D2F2 01 … uid …"
			f := strings.Fields(line)
			if len(f) > 7 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", client.Port)) && strings.HasSuffix(f[2], fmt.Sprintf(":%04X", ours.Port)) {
				return f[7] == "0" || f[7] == strconv.Itoa(os.Getuid())
			}
		}
	}
	return true
}
