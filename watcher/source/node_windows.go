package source

import "io/fs"

// nodeIn would have to open the file.
func nodeIn(fs.FileInfo) node { return node{} }
