#!/usr/bin/env bash
# Applies each patch of this folder to a copy of the tree and runs the tests that its
# first lines name ("# folder TestName"). The copy must compile, and each of them must
# fail by its own assertion: a test that passes with the bug in is worse than none.
set -euo pipefail
cd "$(dirname "$0")/../.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
bad=0
for patch in testdata/mutants/*.patch; do
  rm -rf "$copy/tree" && mkdir "$copy/tree"
  git ls-files -z | xargs -0 cp --parents -t "$copy/tree"
  patch -s -p1 -d "$copy/tree" <"$patch"
  (cd "$copy/tree" && go build ./...) || { echo "$patch: does not compile"; exit 1; }
  while read -r _ folder test; do
    if (cd "$copy/tree" && go test -timeout 5m -run "^${test//\//\$/^}\$" "./$folder") >"$copy/out" 2>&1; then
      echo "$(basename "$patch"): $test passes with the bug in" && bad=1
    elif grep -q -- "--- FAIL: ${test%%/*}" "$copy/out" && ! grep -q 'panic: test timed out' "$copy/out"; then
      echo "$(basename "$patch"): $test fails, as it must"
    else
      echo "$(basename "$patch"): $test did not fail by its assertion" && tail -n 20 "$copy/out" && bad=1
    fi
  done < <(grep '^# ' "$patch")
done
exit $bad
