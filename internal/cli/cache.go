package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked")

// cacheFolder returns a program's folder for binaries and work, made where it is
// missing: in the user's cache folder, or in the project where there is none (rule 38).
func cacheFolder(module, pkg string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return inProject(module)
	}
	sum := sha256.Sum256([]byte(module + "\x00" + pkg))
	dir := filepath.Join(base, "watcher", filepath.Base(module)+"-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return inProject(module)
	}
	return dir, nil
}

// inProject is the cache of a user without a home. It hides itself from git.
func inProject(module string) (string, error) {
	dir := filepath.Join(module, ".watcher")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("no folder for binaries: %w: set XDG_CACHE_HOME to one that can be written", err)
	}
	return dir, os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("*\n"), 0o600)
}

// lock keeps a second watcher from the same program, whose slots it would write over.
type lock struct{ file *os.File }

func lockProject(cache string) (*lock, error) {
	file, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(file); err != nil {
		defer file.Close()
		holder, _ := io.ReadAll(io.LimitReader(file, 256))
		return nil, fmt.Errorf("another watcher runs this program already (%s): stop it first, or use its address", strings.TrimSpace(string(holder)))
	}
	return &lock{file}, nil
}

// tell writes who holds the lock, for the line above.
func (l *lock) tell(url string) {
	text := fmt.Sprintf("pid %d, %s\n", os.Getpid(), url)
	if l.file.Truncate(0) == nil {
		_, _ = l.file.WriteAt([]byte(text), 0)
	}
}

func (l *lock) release() { _ = l.file.Close() }
