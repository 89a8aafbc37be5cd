# Every check that the project has is a target below, and `make test` runs all of them.

GO     ?= go
GOTEST  = $(GO) test -p 2

# How long each fuzz target works: a time such as 60s, or a number of inputs such as 20000x.
FUZZTIME ?= 10000x
# How many connections `make million` opens.
MILLION  ?= 1000000
# Names of the tests that count bytes or allocations. The race detector needs memory of its own, so
# they run once more without it.
BUDGETS   = Budget|Memory|Alloc

.DEFAULT_GOAL := help
.PHONY: help setup build run test format vet race budget portable fuzz js sdk bench million docs

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

test: ## everything below that can fail, with set-up; ends with PASS or FAIL
	@scripts/steps.sh setup format vet race budget portable fuzz js

setup: ## check the Go version, fetch modules, install Chromium where that is possible
	@scripts/setup.sh

build: ## build bin/icomet
	$(GO) build -trimpath -o bin/icomet ./cmd/icomet

run: ## run the server on its defaults, with the demos
	$(GO) run ./cmd/icomet

format: ## check that gofmt has nothing to change
	@scripts/format.sh

vet: ## go vet and build, for Linux and for macOS
	$(GO) vet ./...
	$(GO) build ./...
	GOOS=darwin $(GO) vet ./...
	GOOS=darwin $(GO) build ./...

race: ## all Go tests with the race detector
	$(GOTEST) -race -timeout 10m ./...

budget: ## the tests that count bytes and allocations, without the race detector
	$(GOTEST) -timeout 5m -run '$(BUDGETS)' ./internal/...

portable: ## the tests of the rooms around sockets, on the driver for other systems
	$(GOTEST) -race -timeout 5m -tags portable ./internal/reactor ./internal/httploop ./internal/front ./internal/admin

fuzz: ## every fuzz target for FUZZTIME each
	@scripts/fuzz.sh $(FUZZTIME)

js: ## the tests of the JavaScript clients
	@scripts/js.sh

sdk: ## write the bundles of the JavaScript client again
	$(GO) test ./sdk/js -count=1 -run Bundles -update

bench: ## the Go benchmarks
	$(GOTEST) -run '^$$' -bench . -benchmem ./...

million: ## the experiment with MILLION connections; writes docs/benchmarks/million.md
	$(GO) run ./cmd/icomet bench million --max $(MILLION)

docs: ## write the generated parts of docs/ again
	$(GO) test ./internal/doctest -count=1 -update
