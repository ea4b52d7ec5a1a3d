package running

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// Folder returns a program's folder for binaries and work, made where it is missing: in
// the user's cache folder, or in the project where there is none (rule 38). module is
// absolute, pkg a pattern.
func Folder(module, pkg string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return inProject(module)
	}
	sum := sha256.Sum256([]byte(module + "\x00" + pkg))
	dir := filepath.Join(base, "watcher", filepath.Base(module)+"-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		if own, second := inProject(module); second == nil {
			return own, nil
		}
		return "", unwritable(err) // the place that was meant
	}
	return dir, nil
}

// projectFolder is the cache of a user without a home.
const projectFolder = ".watcher"

// inProject makes that; it hides itself from git.
func inProject(module string) (string, error) {
	dir := filepath.Join(module, projectFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", unwritable(err)
	}
	return dir, os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o600)
}

func unwritable(err error) error {
	return fmt.Errorf("no folder for binaries: %w: make it writable, or set XDG_CACHE_HOME to one that is", err)
}

// folders lists the folders of all programs that a call in dir may mean.
func folders(dir string) []string {
	var all []string
	if base, err := os.UserCacheDir(); err == nil {
		entries, _ := os.ReadDir(filepath.Join(base, "watcher"))
		for _, e := range entries {
			all = append(all, filepath.Join(base, "watcher", e.Name()))
		}
	}
	for {
		all = append(all, filepath.Join(dir, projectFolder))
		parent := filepath.Dir(dir)
		if parent == dir {
			return all
		}
		dir = parent
	}
}
