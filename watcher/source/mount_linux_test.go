package source

import (
	"strings"
	"testing"
)

// The kinds are those of Linux's own headers and of coreutils' stat.
func TestW9_KindsOfMounts(t *testing.T) {
	for name, c := range map[string]struct {
		magic uint32
		kind  string
	}{
		"WSL's /mnt/c, gVisor":            {0x01021997, "9p"},
		"NFS":                             {0x6969, "NFS"},
		"SMB":                             {0x517b, "SMB"},
		"CIFS":                            {0xff534d42, "SMB"},
		"SMB 2":                           {0xfe534d42, "SMB"},
		"Docker on macOS: FUSE, virtiofs": {0x65735546, "FUSE"},
		"VirtualBox":                      {0x786f4256, "vboxsf"},
		"VMware":                          {0xbacbacbc, "vmhgfs"},
		"Parallels":                       {0x7c7c6673, "prl_fs"},
		"ext4":                            {0xef53, ""},
		"overlay, as in containers":       {0x794c7630, ""},
		"btrfs":                           {0x9123683e, ""},
		"tmpfs":                           {0x01021994, ""},
		"XFS":                             {0x58465342, ""},
		"ZFS":                             {0x2fc12fc1, ""},
	} {
		if got := remoteKinds[c.magic]; got != c.kind {
			t.Errorf("%s: %q, want %q", name, got, c.kind)
		}
		if tells := localKinds[c.magic]; tells != (c.kind == "") {
			t.Errorf("%s is known to tell of all: %v", name, tells)
		}
	}
}

// A mount of a known kind is polled from the start, with one line for all its folders.
// Its kind is made up here.
func TestW9_KnownKindIsPolledFromTheStart(t *testing.T) {
	p := open(t, Auto)
	self, err := nodeOf(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	p.meet(p.dir, self.device, "9p")
	p.add(p.dir)
	other := t.TempDir()
	p.add(other)
	if !p.folders[p.dir].polled || !p.folders[other].polled {
		t.Error("not polled")
	}
	if len(p.said) != 1 || !strings.Contains(p.said[0], mountPoint(p.dir, self.device)+" is a 9p mount") {
		t.Errorf("said %q", p.said)
	}
}
