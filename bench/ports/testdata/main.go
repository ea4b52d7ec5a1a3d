// Command ports is a small Gin service. Its serve stands in a file of its own, which the
// benchmark writes anew for each way to choose a port.
package main

import (
	"log"
	"net/http"

	"example.com/ports/internal/version"
	"github.com/gin-gonic/gin"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/version", func(c *gin.Context) { c.String(http.StatusOK, version.Version) })
	log.Fatal(serve(r))
}
