package builder

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// works is the folder of the work folders, one for each build. A killed go build
// leaves its own behind (rule 37), so that this one is swept by New.
func (b *Builder) works() string { return filepath.Join(b.cache, "work") }

// clearSlot returns the lowest slot folder that holds none of the binaries keep,
// made and empty. There are never more slots than kept binaries and one.
func (b *Builder) clearSlot(keep []string) (string, error) {
	for n := 1; ; n++ {
		slot := filepath.Join(b.cache, "slots", strconv.Itoa(n))
		kept := func(binary string) bool { return filepath.Dir(binary) == slot }
		if slices.ContainsFunc(keep, kept) {
			continue
		}
		if err := remove(slot); err != nil {
			return "", err
		}
		return slot, os.MkdirAll(slot, 0o755)
	}
}

// remove removes path with all that is below it. A dying process may still write
// into the folder, or hold a file open where that forbids removal (Windows).
func remove(path string) error {
	return again(func() error { return os.RemoveAll(path) })
}

// again calls do until it succeeds, for one second at most: long enough for a
// killed process or a virus scanner to let go of a file, short enough not to be
// taken for a hang.
func again(do func() error) error {
	err := do()
	for tries := 0; err != nil && tries < 20; tries++ {
		<-time.After(50 * time.Millisecond)
		err = do()
	}
	return err
}

// checkProgram returns an error unless file is a program: of a package that is not
// main, go build -o makes an archive and is content.
func checkProgram(file, pkg string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("go build wrote no binary: %w", err)
	}
	defer f.Close()
	magic := []byte("!<arch>\n")
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil {
		return fmt.Errorf("read binary: %w", err)
	}
	if bytes.Equal(head, magic) {
		return fmt.Errorf("%q is not package main: nothing to run in it", cmp.Or(pkg, "."))
	}
	return nil
}

// equal reports whether both files can be read and have the same bytes. The sizes
// nearly always decide; hashing would read both to the end and gain nothing.
func equal(a, b string) bool {
	fa, err := os.Open(a)
	if err != nil {
		return false
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return false
	}
	defer fb.Close()

	ia, erra := fa.Stat()
	ib, errb := fb.Stat()
	if erra != nil || errb != nil || ia.Size() != ib.Size() {
		return false
	}
	return sameBytes(fa, fb)
}

// sameBytes reads both to the end or to the first chunk that differs.
func sameBytes(a, b io.Reader) bool {
	const chunk = 64 << 10
	bufa, bufb := make([]byte, chunk), make([]byte, chunk)
	for {
		na, erra := io.ReadFull(a, bufa)
		nb, errb := io.ReadFull(b, bufb)
		if !bytes.Equal(bufa[:na], bufb[:nb]) {
			return false
		}
		if erra != nil || errb != nil {
			return erra == errb // io.EOF or io.ErrUnexpectedEOF, both at the end
		}
	}
}
