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
		variables, err := godotenv.Read(file)
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
