package main

import (
	"bufio"
	"io"
	"net/http"
	"time"

	"example.com/ginapp/internal/version"
	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
)

// events sends the version every 200 ms.
func (a *app) events(c *gin.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	c.Stream(func(io.Writer) bool {
		c.SSEvent("version", version.Version)
		c.Writer.Flush() // Stream itself flushes when this returns
		select {
		case <-tick.C:
			return true
		case <-c.Request.Context().Done():
		case <-a.stopping.Done():
		}
		return false
	})
}

// lines sends each line of the body back as it comes.
func lines(c *gin.Context) {
	if err := http.NewResponseController(c.Writer).EnableFullDuplex(); err != nil {
		c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	body := bufio.NewReader(c.Request.Body)
	c.Stream(func(w io.Writer) bool {
		line, err := body.ReadString('\n')
		io.WriteString(w, line)
		return err == nil
	})
}

// socket sends each message back.
func (a *app) socket(c *gin.Context) {
	conn, err := websocket.Accept(upgrade{c.Writer}, c.Request, nil)
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	for {
		kind, message, err := conn.Read(a.stopping)
		if err != nil || conn.Write(a.stopping, kind, message) != nil {
			return
		}
	}
}

// upgrade writes the head past Gin 1.11, which hands over no connection of which it
// has written the head itself (gin-gonic/gin#4372).
type upgrade struct{ gin.ResponseWriter }

func (u upgrade) WriteHeaderNow() {
	u.ResponseWriter.(interface{ Unwrap() http.ResponseWriter }).Unwrap().WriteHeader(u.Status())
}
