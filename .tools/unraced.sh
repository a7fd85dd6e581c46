#!/usr/bin/env bash
# The tests that the race detector does not serve (desktest.Unraced is their first line), without it.
set -euo pipefail
cd "$(dirname "$0")/.."
found=$(grep -rB1 --include='*_test.go' --exclude-dir=node_modules $'^\tdesktest.Unraced(t, ' .)
names=$(grep -o 'func Test[A-Za-z0-9_]*' <<<"$found" | cut -d' ' -f2 | sort | paste -sd'|' -)
packages=$(grep -o '^\./[^:]*_test\.go' <<<"$found" | xargs -n1 dirname | sort -u)
# shellcheck disable=SC2086 # each folder is a word
exec go test -ldflags=-w -shuffle=on -timeout 15m -run "^($names)\$" $packages
