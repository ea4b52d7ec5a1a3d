#!/usr/bin/env bash
# Go 1.26's go build -overlay adds a package whose folder is not on the disk, as long as it holds Go files
# only. With one assembly file in it, be it empty, the build fails: the go command starts the assembler in the
# package's folder, and that is not there. The compiler is given overlaid files by their real paths and is
# started elsewhere; for the assembler the paths are replaced too, and the folder is not. "go help build" names limits of
# -overlay for cgo, for go run and go test, and for files of the module cache, and none for assembly.
#
# What follows for a tool that adds a package to a build: the usual empty .s file beside functions without a body
# is not possible. It is not needed either: the compiler takes a function that has a linkname and no body.
#
# It exits 1 if that has changed.
set -euo pipefail
export GOTOOLCHAIN=go1.26.0+auto GOFLAGS= GOWORK=off
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir app added
cat >app/go.mod <<'GO'
module example.com/app

go 1.26.0
GO
cat >app/main.go <<'GO'
package main

import "example.com/app/new"

func main() { println(new.Now() > 0) }
GO
cat >added/new.go <<'GO'
package new

import _ "unsafe"

//go:linkname Now runtime.nanotime
func Now() int64
GO
: >added/new.s
list() { # of the files that are added
  local at="$folder/app/new" separator='' replace=''
  for file in "$@"; do
    replace+="$separator\"$at/$file\": \"$folder/added/$file\""
    separator=', '
  done
  printf '{"Replace": {%s}}' "$replace" >overlay.json
}
cd app
go version
build() { go build -ldflags=-checklinkname=0 -overlay=../overlay.json -o ../built . 2>&1; }

(cd .. && list new.go)
if ! said=$(build) || [[ $(../built 2>&1) != true ]]; then
  echo "without assembly it was built before: $said"
  exit 1
fi
echo "a new folder with a Go file: built, and it runs"

(cd .. && list new.go new.s)
if said=$(build); then
  echo "with an empty assembly file it is built now"
  exit 1
fi
grep -q "chdir .*/app/new: no such file or directory" <<<"$said" || { echo "it fails in another way: $said"; exit 1; }
echo "with an empty assembly file besides: chdir …/app/new: no such file or directory"

mkdir new
said=$(build) || { echo "with the folder on the disk it fails too: $said"; exit 1; }
echo "the same with an empty folder on the disk: built"
