# Works with GNU make 3.81 (macOS) and later. `make` alone prints the help.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run build agents web web-lock test test-go test-web lint fmt sqlc-check generate product eval-search eval-offline bench soak fuzz mutate e2e e2e-full clean doctor stop-test-database

# Without the folder in what is compiled, another clone finds it in the cache, and a build can be repeated elsewhere.
export GOFLAGS ?= -buildvcs=false -trimpath
SETUP := .tools/setup.sh
ADDR  ?= :8080
DATA  ?= data

help: ## prints this
	@awk 'BEGIN { FS = ":.*## " } /^[a-z][a-z0-9-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- to use it ---

run: ## installs what is missing, builds, and serves the demo at http://localhost:8080 (ADDR=:8080 DATA=data)
	@$(SETUP) postgres web
	@$(MAKE) --no-print-directory build
	@exec bin/conserje serve --demo --addr '$(ADDR)' --data '$(DATA)'

setup: ## installs what this machine lacks: Postgres with pgvector, a C compiler, Chromium, npm packages
	@$(SETUP)

doctor: bin/conserje ## says what this machine has and lacks
	@bin/conserje doctor

# --- to build it ---

build: web bin/conserje ## builds the web interface (when its sources changed) and bin/conserje

GO_FILES := $(shell find . -name node_modules -prune -o -name '.?*' -type d -prune -o -type f -print 2>/dev/null | grep -E '\.(go|sql|md|html|tmpl|json|yaml)$$|/go\.(mod|sum)$$' | grep -v '^\./bin/\|^\./data/\|^\./artifacts/')

# What `conserje version` says: the nearest tag and the commit. The stamp has a new date when that changes.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STAMP   := -X main.version=$(VERSION) -X github.com/conserje/conserje/tools/agent.Version=$(VERSION)

bin/.version: stamp
	@mkdir -p bin
	@[ "$$(cat $@ 2>/dev/null)" = '$(VERSION)' ] || echo '$(VERSION)' > $@

.PHONY: stamp
stamp:

bin/conserje: $(GO_FILES) bin/.version $(wildcard portal/web/dist/index.html)
	@echo '==> building bin/conserje ...' >&2
	@go build -ldflags '$(STAMP)' -o bin/ ./cmd/...

WEB_FILES := $(shell find portal/web -name node_modules -prune -o -name dist -prune -o -type f -print 2>/dev/null | grep -v '\.go$$')

web: portal/web/dist/index.html ## builds the web interface into portal/web/dist

portal/web/dist/index.html: $(WEB_FILES)
	@$(SETUP) web
	@echo '==> building the web interface ...' >&2
	@npm run --prefix portal/web --silent build -- --logLevel warn
	@touch $@

generate: bin/sqlc ## regenerates committed code: queries, OpenAPI document, the web's API client
	bin/sqlc generate -f portal/store/sqlc.yaml
	go generate ./...

web-lock: ## after a change of portal/web/package.json: a lock file that serves every platform
	npm install --prefix portal/web --package-lock-only --no-audit --no-fund
	node .tools/complete-lock.mjs portal/web/package-lock.json

fmt: bin/golangci-lint ## formats Go and TypeScript, and applies the linters' own corrections
	bin/golangci-lint run --fix ./... || true
	npm run --prefix portal/web --silent fix

clean: ## removes what was built (not the data)
	rm -rf bin artifacts portal/web/node_modules
	find portal/web/dist -mindepth 1 ! -name .keep -delete

AGENTS := windows/amd64 windows/arm64 darwin/arm64 darwin/amd64 linux/amd64 linux/arm64

agents: ## builds the device agent for Windows, macOS and Linux into bin/agents/
	@for target in $(AGENTS); do \
		system=$${target%/*}; processor=$${target#*/}; suffix=; \
		if [ $$system = windows ]; then suffix=.exe; fi; \
		echo "==> building conserje-agent for $$target ..." >&2; \
		CGO_ENABLED=0 GOOS=$$system GOARCH=$$processor go build -trimpath -ldflags '-s -w $(STAMP)' -o bin/agents/conserje-agent-$$system-$$processor$$suffix ./cmd/conserje-agent; \
	done

# --- to check it ---

test: ## everything: vet, lint, queries, race tests on a real Postgres, web tests, end-to-end tests
	@.tools/test.sh

# -w: nobody debugs these binaries, and they link in two thirds of the time.
test-go: ## only the Go tests, shuffled; raced, but for those that only sweep a long list
	@$(SETUP) postgres compiler
	go test -C .tools ./mutate ./product
	go test -race -ldflags=-w -shuffle=on -timeout 15m ./...
	.tools/unraced.sh

test-web: ## only the web interface: types, style, unit tests
	@$(SETUP) web
	npm run --prefix portal/web --silent check
	npm run --prefix portal/web --silent test

lint: bin/golangci-lint ## only the linters
	bin/golangci-lint run ./...

sqlc-check: bin/sqlc ## prepares every query against the migrated schema; generated code must be fresh
	bin/sqlc diff -f portal/store/sqlc.yaml
	go run ./portal/store/storetest/withdb bin/sqlc vet -f portal/store/sqlc.yaml

e2e: ## end-to-end tests in Chromium, each language once; screenshots in artifacts/
	@$(SETUP) postgres web browser
	@$(MAKE) --no-print-directory build
	CHROMIUM="$${CHROMIUM:-$$($(SETUP) --browser)}" CONSERJE_BIN='$(CURDIR)/bin/conserje' ARTIFACTS='$(CURDIR)/artifacts' \
		npm run --prefix portal/web --silent e2e

e2e-full: ## end-to-end tests, every page in every look, and in an invented language
	E2E_FULL=1 $(MAKE) --no-print-directory e2e

eval-search: ## imports 1,243 articles and prints recall and MRR of the search, beside full text and vectors alone (FRESH=1: the fresh set too)
	@$(SETUP) postgres
	go test -tags eval -count=1 -timeout 30m -v -run '^TestSearch' ./kb/evaltest

eval-offline: ## asks the built-in model 382 utterances in five languages; prints accuracy and confusion
	go test -count=1 -v -run 'Utterances|WrongInterface|QuestionsOfOthers' ./assistant/offline

bench: ## latency, memory and search, side by side with the baselines
	@$(SETUP) postgres
	go run ./portal/store/cluster/clustertest/durable go test -tags bench -count=1 -timeout 60m -p 1 -v -run '^TestBench' ./assistant/chat ./kb/... ./tools/devices ./cmd/conserje | grep --line-buffered -v '^=== '

soak: ## 50 rounds of kill -9 at each failpoint, and as many random schedules of deaths
	@$(SETUP) postgres compiler
	SOAK=50 go test -run 'Crash|Killed|Stopped|Schedule|CutAtRandom' -timeout 3h -count=1 -v ./assistant/chat ./portal/conversations ./cmd/conserje ./cmd/conserje-agent

fuzz: ## 10,000 generated requests by all roles against the document (FUZZ_SEED=n)
	@$(SETUP) postgres
	FUZZ_REQUESTS=10000 go test -count=1 -timeout 30m -v -run 'EveryGeneratedRequest' ./portal/api

mutate: ## takes one check away at a time (owner, digest, attempts, policy, signatures): each must fail a test
	@$(SETUP) postgres
	@go build -C .tools -o ../bin/ ./mutate
	@bin/mutate

product: ## the product's capabilities with the tests that name each, and what is open
	@go test -C .tools ./product
	@go build -C .tools -o ../bin/ ./product
	@bin/product

stop-test-database:
	@go run ./portal/store/cluster/clustertest/stop

# --- tools, in a module of their own ---

bin/sqlc: .tools/go.sum
	@$(SETUP) compiler
	@echo '==> building sqlc (about a minute, once) ...' >&2
	@cd .tools && go build -ldflags="-s -w" -o ../bin/ github.com/sqlc-dev/sqlc/cmd/sqlc
	@touch $@

bin/golangci-lint: .tools/go.sum
	@echo '==> building golangci-lint (about a minute, once) ...' >&2
	@cd .tools && go build -ldflags="-s -w" -o ../bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@
