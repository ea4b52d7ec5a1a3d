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

// remoteKind names the kind of the mount of dir if it is one of them.
func remoteKind(dir string) string {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return ""
	}
	return remoteKinds[uint32(stat.Type)]
}
