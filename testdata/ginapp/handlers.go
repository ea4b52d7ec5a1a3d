package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"example.com/ginapp/internal/version"
	"github.com/gin-gonic/gin"
)

//go:embed embedded.txt
var embedded string

func text(s string) gin.HandlerFunc {
	return func(c *gin.Context) { c.String(http.StatusOK, "%s", s) }
}

func (a *app) index(c *gin.Context) {
	c.HTML(http.StatusOK, "index.tmpl", gin.H{
		"Config":  a.config,
		"Version": version.Version,
		"Pid":     os.Getpid(),
		"Notes":   a.notes.all(),
	})
}

func (a *app) showConfig(c *gin.Context) { c.JSON(http.StatusOK, a.config) }

// slow answers after ?ms= milliseconds.
func slow(c *gin.Context) {
	ms, _ := strconv.Atoi(c.Query("ms"))
	time.Sleep(time.Duration(ms) * time.Millisecond)
	c.JSON(http.StatusOK, gin.H{"version": version.Version, "pid": os.Getpid()})
}

// echo tells what arrived of a request.
func echo(c *gin.Context) {
	hash := sha256.New()
	length, err := io.Copy(hash, c.Request.Body)
	if err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
		return
	}
	c.JSON(http.StatusOK, gin.H{
		"method":  c.Request.Method,
		"host":    c.Request.Host,
		"path":    c.Request.URL.EscapedPath(),
		"query":   c.Request.URL.RawQuery,
		"headers": c.Request.Header,
		"length":  length,
		"sha256":  hex.EncodeToString(hash.Sum(nil)),
	})
}
