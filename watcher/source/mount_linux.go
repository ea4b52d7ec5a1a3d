package source

import "golang.org/x/sys/unix"

// remoteKinds are the kinds of mounts on which others than this kernel change files, by
// the number that statfs gives. virtiofs has that of FUSE.
var remoteKinds = map[uint32]string{
	unix.V9FS_MAGIC:       "9p",
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "SMB",
	unix.SMB2_SUPER_MAGIC: "SMB",
	unix.CIFS_SUPER_MAGIC: "SMB",
	unix.FUSE_SUPER_MAGIC: "FUSE",
	unix.CEPH_SUPER_MAGIC: "Ceph",
	unix.AFS_FS_MAGIC:     "AFS",
	0x786f4256:            "vboxsf",
	0xbacbacbc:            "vmhgfs",
	0x7c7c6673:            "prl_fs",
}

// localKinds are the kinds of mounts on which this kernel alone changes files.
var localKinds = map[uint32]bool{
	unix.EXT4_SUPER_MAGIC: true, unix.XFS_SUPER_MAGIC: true, unix.BTRFS_SUPER_MAGIC: true, unix.F2FS_SUPER_MAGIC: true,
	unix.TMPFS_MAGIC: true, unix.OVERLAYFS_SUPER_MAGIC: true, 0x2fc12fc1: true, // ZFS
}

// remoteKind names the kind of the mount of dir if it is one of them.
func remoteKind(dir string) string { return remoteKinds[kindOf(dir)] }

// tellsAll reports whether the mount of dir is known to tell of every change, but for those through memory.
func tellsAll(dir string) bool { return localKinds[kindOf(dir)] }

// kindOf is the number of statfs(2); 0 if there is none.
func kindOf(dir string) uint32 {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return 0
	}
	return uint32(stat.Type)
}
