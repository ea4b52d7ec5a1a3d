package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

// environment puts the variables of files under env: what stands in env already wins,
// and of several files the later one. They are read at each start, so that an edit
// counts for the next process. A file that is not there is passed over.
func environment(env, files []string) ([]string, error) {
	out := slices.Clip(env)
	told := map[string]bool{}
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		told[name] = true
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("env file %s is no regular file", filepath.Base(file))
		}
		variables, err := readEnv(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("env file %s: %w", filepath.Base(file), err)
		}
		for name, value := range variables {
			if !told[name] {
				out = append(out, name+"="+value) // of two entries os/exec takes the last
			}
		}
	}
	return out, nil
}

// readEnv reads a file with variables. Its errors hold nothing of what stands there, as
// they are shown and logged, and those of the parser have all that follows the mistake.
func readEnv(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	variables, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		return nil, fmt.Errorf("line %d is not NAME=value, or its quotes do not end", brokenLine(string(text)))
	}
	return variables, nil
}

// brokenLine is the line in which the mistake begins: all before it can be read. A value
// may have several lines, so it is looked for from the end.
func brokenLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.Unmarshal(strings.Join(lines[:n], "")); err == nil {
			return n + 1
		}
	}
	return 1
}
