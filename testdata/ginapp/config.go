package main

import (
	"cmp"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"
)

// config is what config.yaml says.
type config struct {
	Title    string `yaml:"title" json:"title"`
	Greeting string `yaml:"greeting" json:"greeting"`
	Notes    string `yaml:"notes" json:"notes"`   // where notes are kept: "memory" or "bolt"
	Folder   string `yaml:"folder" json:"folder"` // of notes.db
}

func loadConfig(path string) (config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return config{}, err
	}
	var c config
	err = yaml.Unmarshal(text, &c)
	return c, err
}

// listen opens the socket of the service: the one that it was handed (see
// sd_listen_fds(3)), or its port. FIXED_PORT makes it a service that knows no PORT.
func listen() (net.Listener, error) {
	if os.Getenv("LISTEN_FDS") != "" {
		return net.FileListener(os.NewFile(3, "http"))
	}
	return net.Listen("tcp", ":"+cmp.Or(os.Getenv("FIXED_PORT"), os.Getenv("PORT"), "8080"))
}

// startupDelay stands for what a larger service does before it listens.
func startupDelay() time.Duration {
	ms, _ := strconv.Atoi(os.Getenv("STARTUP_DELAY"))
	return time.Duration(ms) * time.Millisecond
}
