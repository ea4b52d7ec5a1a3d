package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

// journal returns a handler that adds a line to the file for each POST that carries an
// ?id=, before it is carried out. Old and new process may write at the same time: a
// line is one write at the end of the file.
func journal(path string) (gin.HandlerFunc, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return func(c *gin.Context) {
		if id := c.Query("id"); c.Request.Method == http.MethodPost && id != "" {
			if _, err := file.WriteString(id + "\n"); err != nil {
				log.Printf("write the journal: %v", err)
			}
		}
	}, nil
}
