#!/usr/bin/env bash
# Installs what the tests need, then runs every check: format, vet, staticcheck, tidy,
# builds for three systems, tests with the race detector, the promises' table, size.
#   ./test.sh          some 25 minutes on 2 cores, 4 of them for Docker where an engine answers
#   ./test.sh --full   every repetition that docs/promises.md names, and longer fuzzing
set -euo pipefail
cd "$(dirname "$0")"

fuzztime=5s
if [ -n "${CI:-}" ]; then fuzztime=10s; fi
if [ "${1:-}" = --full ]; then export FULL_TESTS=1 fuzztime=60s; fi

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

# What the tests use beside Go: command → Debian package.
install() {
  local missing=()
  for pair in git:git gcc:gcc script:bsdutils setpriv:util-linux unshare:util-linux chromium:chromium debootstrap:debootstrap; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "install first: ${missing[*]}"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${missing[@]}" >/dev/null
}

# Fuzzes a target of a package. The end of its time can come out as an error of Go's own, without
# an input that fails (golang/go#75804).
fuzz() {
  local said
  if said=$(go test -run '^$' -fuzz "^$2\$" -fuzztime $fuzztime -fuzzminimizetime 1x "$1" 2>&1); then
    tail -n 1 <<<"$said"
  elif grep -q '^ *context deadline exceeded$' <<<"$said" && ! grep -q 'Failing input' <<<"$said"; then
    printf 'ok  \t%s %s, ended by its time\n' "$1" "$2"
  else
    fail "$said"
  fi
}

step install what is missing
command -v go >/dev/null || fail 'go is missing: install it from go.dev/dl'
install
go mod download
for folder in testdata/ginapp testdata/grpcapp testdata/dlv; do (cd $folder && go mod download); done

step format, vet, staticcheck, tidy
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || fail "gofmt would change: $unformatted"
for folder in . testdata/ginapp testdata/grpcapp testdata/manyports testdata/ownport testdata/plainapp builder/testdata/listen; do
  (cd $folder && go vet ./... && go mod tidy -diff) || fail "see above, in $folder"
done
go tool staticcheck ./...

step build for linux, darwin, windows
for system in linux darwin windows; do
  GOOS=$system go vet ./... || fail "it does not compile for $system"
done

step size of the program
binary=$(mktemp)
trap 'rm -f "$binary"' EXIT
go build -ldflags '-s -w' -o "$binary" .
size=$(stat -c %s "$binary") modules=$(go version -m "$binary" | grep -c '	dep	')
printf '%d bytes of at most 15000000, %d modules of at most 40\n' "$size" "$modules"
[ "$size" -le 15000000 ] && [ "$modules" -le 40 ] || fail 'the program has grown too large'

step tests, with the race detector
results=$(mktemp)
trap 'rm -f "$binary" "$results"' EXIT
status=0
go test -race -timeout 30m -json ./... >"$results" || status=$?
go run ./docs/check <"$results" || fail 'see above'
[ $status -eq 0 ] || fail 'go test failed'

step fuzz, $fuzztime each
for target in ./internal/loop:FuzzStep ./watcher/rules:FuzzClassify ./watcher:FuzzSettle ./watcher/source:FuzzScan ./builder:FuzzDiagnose \
  ./internal/air:FuzzConvert ./internal/docker:FuzzRead ./internal/settings:FuzzLoad ./internal/project:FuzzScanAddress ./builder/graph:FuzzLiterals ./proxy:FuzzHead \
  ./proxy/inject:FuzzInject ./proxy/pages:FuzzPanics; do
  fuzz "${target%:*}" "${target#*:}"
done

if [ -n "${CI:-}${FULL_TESTS:-}" ]; then
  step mutants
  ./testdata/mutants/run.sh
fi
step all is well
