package main

import (
	"net/http"
	"os"
)

func listen() error { return http.ListenAndServe(":"+os.Getenv("PORT"), nil) }
