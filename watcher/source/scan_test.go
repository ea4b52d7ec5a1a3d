package source

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

func file(name string, inode uint64, size, time int64) entry {
	return entry{name: name, node: node{1, inode}, size: size, time: time}
}

func folderEntry(name string, inode uint64) entry {
	return entry{name: name, node: node{1, inode}, mode: fs.ModeDir}
}

func TestScan(t *testing.T) {
	root := func(entries ...entry) snapshot { return snapshot{"/r": {node{1, 1}, entries}} }
	young := file("a", 2, 5, 100)
	young.young = true
	closed := file("a", 2, 5, 100)
	closed.mode = 0o600
	link := file("a", 2, 5, 100)
	link.mode = fs.ModeSymlink
	a := file("a", 2, 5, 100)
	within := snapshot{"/r": {node{1, 1}, []entry{folderEntry("d", 9)}}, "/r/d": {node{1, 9}, []entry{a}}}
	for name, c := range map[string]struct {
		old, now snapshot
		want     []string
	}{
		"nothing":                          {root(a), root(a), nil},
		"new":                              {root(), root(a), []string{"CREATE /r/a"}},
		"gone":                             {root(a), root(), []string{"REMOVE /r/a"}},
		"size":                             {root(a), root(file("a", 2, 6, 100)), []string{"WRITE /r/a"}},
		"time":                             {root(a), root(file("a", 2, 5, 101)), []string{"WRITE /r/a"}},
		"an older time":                    {root(a), root(file("a", 2, 5, 99)), []string{"WRITE /r/a"}},
		"looked at too early":              {root(young), root(a), []string{"WRITE /r/a"}},
		"mode":                             {root(a), root(closed), []string{"CHMOD /r/a"}},
		"another in its place":             {root(a), root(file("a", 3, 5, 100)), []string{"REMOVE /r/a", "CREATE /r/a"}},
		"a link in its place":              {root(a), root(link), []string{"REMOVE /r/a", "CREATE /r/a"}},
		"another folder in its place":      {root(folderEntry("d", 2)), root(folderEntry("d", 3)), []string{"REMOVE /r/d", "CREATE /r/d"}},
		"several":                          {root(a, file("c", 4, 0, 0)), root(file("b", 3, 0, 0), file("c", 4, 1, 0)), []string{"REMOVE /r/a", "CREATE /r/b", "WRITE /r/c"}},
		"the folder itself gone":           {root(a), snapshot{}, []string{"REMOVE /r"}},
		"the folder itself another":        {root(a), snapshot{"/r": {node{1, 7}, nil}}, []string{"REMOVE /r", "CREATE /r"}},
		"a folder below, its parent tells": {within, snapshot{"/r": {node{1, 1}, nil}}, []string{"REMOVE /r/d"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := words(differences(c.old, c.now)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func words(events []fsnotify.Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.Op.String()+" "+filepath.ToSlash(e.Name))
	}
	return list
}

// FuzzScan: what differences tells leads from the old names to the new ones, tells of every
// difference, and of nothing else.
func FuzzScan(f *testing.F) {
	f.Add([]byte("ab"), []byte("b"))
	f.Add([]byte{0, 1, 2, 200}, []byte{0, 65, 2, 201})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		old, now := imagine(a), imagine(b)
		events := differences(old, now)
		for dir, was := range old {
			is, there := now[dir]
			if !there || is.self != was.self {
				continue
			}
			before, after := index(was), index(is)
			names := maps.Clone(before)
			told := map[string]bool{}
			for _, e := range events {
				if filepath.Dir(e.Name) != dir {
					continue
				}
				name := filepath.Base(e.Name)
				told[name] = true
				if _, have := names[name]; have == e.Has(fsnotify.Create) {
					t.Errorf("%v, though it is there: %v", e, have)
				}
				if delete(names, name); !e.Has(fsnotify.Remove) {
					names[name] = after[name]
				}
			}
			if !maps.Equal(names, after) {
				t.Errorf("in %s: %v are left, want %v", dir, names, after)
			}
			for name := range told {
				if before[name] == after[name] {
					t.Errorf("told of %s, in which nothing differs", name)
				}
			}
		}
		if again := differences(now, now); len(again) > 0 {
			t.Errorf("nothing happened: %v", again)
		}
	})
}

// imagine makes a snapshot of some folders, each with some files, of any bytes.
func imagine(bytes []byte) snapshot {
	s := snapshot{}
	for _, b := range bytes {
		dir := []string{"/r", "/r/d", "/x"}[b%3]
		e := file(string(rune('a'+b/3%4)), uint64(b/12%2), int64(b/24%2), int64(b/48%2))
		if e.young = b > 192; b > 224 {
			e.mode = fs.ModeDir
		}
		l := s[dir]
		if at, found := slices.BinarySearchFunc(l.entries, e, func(x, y entry) int { return strings.Compare(x.name, y.name) }); !found {
			l.entries = slices.Insert(l.entries, at, e)
		} else {
			l.self.inode = uint64(b % 2)
		}
		s[dir] = l
	}
	return s
}

func index(l listing) map[string]entry {
	m := map[string]entry{}
	for _, e := range l.entries {
		m[e.name] = e
	}
	return m
}

func TestPauses(t *testing.T) {
	for _, c := range []struct{ took, asked, not, safety string }{
		{"0s", "0s", "100ms", "8s"},
		{"1ms", "10ms", "100ms", "8s"},
		{"12ms", "50ms", "720ms", "8s"},
		{"100ms", "50ms", "5s", "20s"},
		{"1s", "50ms", "5s", "3m20s"},
	} {
		took := duration(t, c.took)
		if got := pollPause(took, true); got != duration(t, c.asked) {
			t.Errorf("asked, after %v: %v", took, got)
		}
		if got := pollPause(took, false); got != duration(t, c.not) {
			t.Errorf("not asked, after %v: %v", took, got)
		}
		if got := safetyPause(took, safetyMin, true); got != duration(t, c.safety) {
			t.Errorf("safety scan, after %v: %v", took, got)
		}
	}
	if got := safetyPause(10*time.Millisecond, time.Hour, false); got != safetyMax {
		t.Errorf("the safety scan of a mount that may not tell slows down to %v", got)
	}
	for took, want := range map[time.Duration]time.Duration{
		0: safetyMax, 3 * time.Millisecond: safetyMax, 10 * time.Millisecond: 100 * time.Second, time.Second: quietMax, 2 * time.Second: 400 * time.Second,
	} {
		if got := safetyPause(took, quietMax, true); got != want {
			t.Errorf("the safety scan that takes %v slows down to %v", took, got)
		}
	}
}
