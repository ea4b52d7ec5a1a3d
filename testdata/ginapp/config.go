package main

import (
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

func port() string {
	if port := os.Getenv("PORT"); port != "" {
		return port
	}
	return "8080"
}

// startupDelay stands for what a larger service does before it listens.
func startupDelay() time.Duration {
	ms, _ := strconv.Atoi(os.Getenv("STARTUP_DELAY"))
	return time.Duration(ms) * time.Millisecond
}
