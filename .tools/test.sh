#!/usr/bin/env bash
# The steps of `make test`, each with its time. The first that fails ends it, with its name as the last line.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
  local name=$1 began=$SECONDS
  shift
  printf '\n==> %s\n' "$name"
  if ! "$@"; then
    printf '\nFAILED: %s (%s)\n' "$name" "$*" >&2
    exit 1
  fi
  printf '==> %s: %d s\n' "$name" $((SECONDS - began))
}

# The database of the tests ends with them, whatever their outcome.
trap 'make -s stop-test-database || true' EXIT

step "what this machine lacks" .tools/setup.sh postgres compiler browser
# One of the tools is mostly C in one file, and the packages of the web interface come slowly: two at once.
step "tools and web interface" make -s -j 2 bin/sqlc bin/golangci-lint web
step "vet" go vet ./...
step "lint" make -s lint
step "queries" make -s sqlc-check
step "Go tests, raced and shuffled, on a real Postgres" make -s test-go
step "web tests" make -s test-web
step "build" make -s build
step "end-to-end tests" make -s e2e
printf '\nall green in %d s\n' "$SECONDS"
