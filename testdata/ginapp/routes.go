package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"example.com/ginapp/internal/version"
	"github.com/gin-gonic/gin"
)

// app is what the handlers share.
type app struct {
	config   config
	notes    *notes
	stopping context.Context // done when streams must end
	journal  gin.HandlerFunc // nil if none is kept
}

func newRouter(a *app) *gin.Engine {
	router := gin.New()
	router.Use(gin.LoggerWithFormatter(logLine), gin.Recovery(), sign)
	if a.journal != nil {
		router.Use(a.journal)
	}
	router.LoadHTMLGlob("templates/*")
	router.Static("/static", "./static")

	router.GET("/", a.index)
	router.GET("/config", a.showConfig)
	router.GET("/version", text(version.Version))
	router.GET("/healthz", text("ok"))
	router.GET("/embedded", text(embedded))
	router.GET("/slow", slow)
	router.GET("/panic", func(*gin.Context) { panic("as you asked") })
	router.Any("/echo", echo)
	router.GET("/events", a.events)
	router.POST("/lines", lines)
	router.GET("/ws", a.socket)
	router.GET("/notes", a.listNotes)
	router.POST("/notes", a.addNote)
	return router
}

// sign tells in every answer which code and process it comes from.
func sign(c *gin.Context) {
	c.Header("App-Version", version.Version)
	c.Header("App-Pid", strconv.Itoa(os.Getpid()))
}

func logLine(p gin.LogFormatterParams) string {
	return fmt.Sprintf("%d %s %s %s\n", p.StatusCode, p.Method, p.Path, p.Latency.Round(time.Microsecond))
}
