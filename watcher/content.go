package watcher

import (
	"hash/maphash"
	"os"
	"path/filepath"
	"slices"

	"github.com/watcher-dev/watcher/watcher/rules"
)

// bigFile is the size in bytes above which a file is not read: that would take
// longer than the build it may save.
const bigFile = 32 << 20

// content is what is remembered of a file: enough to know it again. The zero value
// is a file that does not exist.
type content struct {
	stamp uint64 // of size and time
	sum   uint64 // of the bytes, if they were read
	read  bool
	there bool
	empty bool
	taken bool // there, and not passed by by the compiler
}

// same reports whether both are the same content, as far as both were read.
func (c content) same(d content) bool {
	if c.read && d.read {
		return c.sum == d.sum
	}
	return c.there == d.there && c.stamp == d.stamp
}

// blanks reports whether the file had content in c and is empty in d.
func (c content) blanks(d content) bool { return c.there && !c.empty && d.empty }

// file is a relevant file whose content is known.
type file struct {
	rules.Verdict
	content
	pass uint // last walk that came by
}

// stamp looks at the file without reading it. Links are followed; what is no regular
// file does not exist.
func stamp(seed maphash.Seed, name string) (content, int64) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return content{}, 0
	}
	sum := maphash.Comparable(seed, [2]int64{info.Size(), info.ModTime().UnixNano()})
	return content{stamp: sum, there: true, empty: info.Size() == 0, taken: true}, info.Size()
}

// look reads the file. src is nil if it does not exist or cannot be read.
func look(seed maphash.Seed, name string) (c content, src []byte) {
	c, size := stamp(seed, name)
	if !c.there || size > bigFile {
		return c, nil
	}
	src, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return content{}, nil
	}
	if err != nil { // not readable: size and time must do
		return c, nil
	}
	c.sum, c.read, c.empty = maphash.Bytes(seed, src), true, len(src) == 0
	return c, src
}

// remember takes what is in the file for known. What only browsers read is not
// read here, as there may be gigabytes of it: its first save counts as a change.
func (w *Watcher) remember(name string, v rules.Verdict) {
	var c content
	if v.Action == Refresh {
		c, _ = stamp(w.seed, name)
	} else {
		c = w.read(name)
	}
	w.keep(name, v, c)
}

// keep makes c the known content of the file.
func (w *Watcher) keep(name string, v rules.Verdict, c content) {
	if c.there {
		w.files[name] = file{v, c, w.pass}
	} else {
		w.drop(name)
	}
}

// read reads the file and asks what it means to the compiler: whether it is taken, and
// what it embeds.
func (w *Watcher) read(name string) content {
	c, src := look(w.seed, name)
	if filepath.Ext(name) == ".go" {
		c.taken = c.there && (src == nil || w.rules.Takes(name, src))
		var found []rules.Embed
		if c.taken {
			found = rules.ScanEmbeds(src, w.rules.Rel(filepath.Dir(name)))
		}
		w.noteEmbeds(name, found)
	}
	return c
}

func (w *Watcher) noteEmbeds(name string, found []rules.Embed) {
	if !slices.Equal(found, w.embeds[name]) {
		w.embeds[name] = found
		w.learned = true
	}
}

// drop forgets a file.
func (w *Watcher) drop(name string) {
	delete(w.files, name)
	w.noteEmbeds(name, nil)
}
