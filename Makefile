# check: what must hold before a change lands      test:   the README's test command
# long:  what takes too long for every change      (docs/testing.md: which test is where)
# golden: rewrite all golden files                  bench:  benchmarks, in a form that benchstat reads
# fuzz:  every parser on inputs that a fuzzer makes
# docs:  check the links of the documentation       vuln, dead: known vulnerabilities, unreachable functions
# build: bin/pmpdsim with its version                notice: write the licences of all modules into NOTICE
# cuda:  bin/pmpdsim for NVIDIA GPUs; needs a C compiler, no CUDA toolkit. Without a GPU it says so and does all else.

TOOL = go tool -modfile=tools.mod
MARKDOWN = git ls-files --cached --others --exclude-standard '*.md'

# Packages whose tests know the flag -update: those that use simtest's golden files, and those with a flag of their own.
GOLDEN = $$(grep -rlE '"github.com/pmpdsim/pmpdsim/sim/simtest"|flag.Bool\("update"' --include='*_test.go' . | xargs -n 1 dirname | sort -u)

# What --version prints, and results carry.
VERSION ?= $(shell .ci/version)
STAMP = -X main.version=$(VERSION)

# Where govulncheck finds its database; file:///path works without a network.
VULNDB ?= https://vuln.go.dev

.PHONY: build check long fuzz test golden bench docs notice vuln dead cuda

build:
	go build -ldflags "$(STAMP)" -o bin/ ./cmd/pmpdsim

check:
	.ci/run

long:
	.ci/long

test:
	go test ./... -timeout 60m

# Every fuzz target for 40 s, which is more than 10 minutes in all; an input may take 10 s and 256 MiB.
fuzz:
	FUZZTIME=$${FUZZTIME:-40s} .ci/long fuzz

golden:
	go test $(GOLDEN) -update

bench:
	go test -run '^$$' -bench . -benchmem ./...

docs:
	$(MARKDOWN) | xargs -r go run .ci/links.go

notice:
	go run .ci/notice.go -write

vuln:
	$(TOOL) govulncheck -db $(VULNDB) ./...

dead:
	$(TOOL) deadcode -test ./...

cuda:
	env=$$(gpu/driver/env.sh) && eval "$$env" && go build -tags cuda -ldflags "$(STAMP)" -o bin/ ./cmd/pmpdsim
