package main

import (
	"os"
	"path/filepath"
	"testing"
)

// ginOnSocket is a Gin service that serves on the socket it is handed, and binds none.
const ginOnSocket = `package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

const version = 1

func main() {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/version", func(c *gin.Context) { c.String(http.StatusOK, "version %d pid %d\n", version, os.Getpid()) })
	r.POST("/echo", func(c *gin.Context) {
		body, _ := c.GetRawData()
		c.String(http.StatusOK, "version %d hash %x query %s", version, sha256.Sum256(body), c.Request.URL.RawQuery)
	})
	fmt.Println(r.RunFd(3))
}
`

func TestR8_GinOnAHandedSocketFailsNobody(t *testing.T) {
	p := prepare(t, "testdata/ownport") // of which nothing stays but the name
	for _, file := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("testdata/ginapp", file))
		if err != nil {
			t.Fatal(err)
		}
		p.write(file, string(text))
	}
	p.write("main.go", ginOnSocket)
	p.write(".watcher.toml", "[run]\nsocket = true\n")
	p.env = []string{"LISTEN_FDS=7", "NOTIFY_SOCKET=/nowhere"}
	p.run()
	p.await("ready  ")
	load := p.load(4)
	for n := 2; n < 2+times(20); n++ {
		p.saveOwnport(n)
		p.pending(uint64(n - 1))
		load.atLeast(n)
		p.want(n)
	}
	load.end(t)
}
