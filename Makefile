# Llamora. `make` lists the targets; "Developing" in README.md says more.
#
# One target triple and one profile for everything, so that llama.cpp compiles once. Compiled code lives in the user's
# cache folder, not in the checkout: a fresh clone finds its dependencies ready.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export PATH := $(PATH):$(HOME)/.cargo/bin
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/llamora
export CARGO_TARGET_DIR ?= $(CACHE)/target
export LLAMORA_MODELS__DIR ?= $(CURDIR)/models

# On Linux x86-64 the binary is fully static. Paths of the build machine are mapped away in Rust and in C++.
HOST := $(shell uname -sm)
REMAP := $(HOME)=/build
ifeq ($(HOST),Linux x86_64)
TARGET := x86_64-unknown-linux-gnu
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS := -C target-feature=+crt-static --remap-path-prefix=$(REMAP)
export CFLAGS_x86_64_unknown_linux_gnu := -ffile-prefix-map=$(REMAP)
export CXXFLAGS_x86_64_unknown_linux_gnu := -ffile-prefix-map=$(REMAP)
CARGO_FLAGS := --release --locked --target $(TARGET)
BUILT := $(CARGO_TARGET_DIR)/$(TARGET)/release/llamora
else
CARGO_FLAGS := --release --locked
BUILT := $(CARGO_TARGET_DIR)/release/llamora
endif

# Tests compile our own code without optimisation: a third of the time to compile, and the same code in the
# dependencies, where the work is done. What measures asks for more by itself.
TEST_FLAGS := $(CARGO_FLAGS) --config profile.release.package.llamora.opt-level=0

MODEL := $(LLAMORA_MODELS__DIR)/SmolLM2-135M-Instruct.Q4_1.gguf
WEB := assets/node_modules/.package-lock.json
DENY := $(CACHE)/tools/bin/cargo-deny
BROWSER := tests/browser/node_modules/.package-lock.json
BENCH_PYTHON := $(CACHE)/tools/bench/bin/python3
STEP = @scripts/step

.PHONY: help
help:
	@echo 'make run          build, bring what is missing, start on http://127.0.0.1:5757 (ARGS="--port 0 --data DIR")'
	@echo 'make test         the whole suite: unit, integration, black-box and browser tests (make test-quick: only Rust)'
	@echo 'make check        formatting, lints, documentation, layer rules, licences'
	@echo 'make dist         dist/llamora (models inside) and dist/llamora-slim'
	@echo 'make bench        figures of the built program'
	@echo 'make bench-search how well search finds, on the judged set in tests/quality, and figures of large journals'
	@echo 'make bench-llama  our generator against llama-bench of llama.cpp'
	@echo 'make bench-embed  how fast texts are embedded, beside onnxruntime'
	@echo 'make torture      the tests that kill, cut, flood and damage, at full count'
	@echo 'make fuzz         every reader of foreign bytes under libFuzzer (SECONDS=60 for each)'
	@echo 'make messages     tests/golden/messages.txt, every error a person can meet, written anew'
	@echo 'make screenshots  the pictures of README.md, taken anew'
	@echo 'make deps web models   system packages, web packages, models: what the others call by themselves'

.PHONY: run
run: deps web models build
	@exec $(BUILT) serve $(ARGS)

# Everything before the program's own first line goes to stderr, so that a script can read the address from stdout.
.PHONY: deps
deps:
	@scripts/deps build >&2

.PHONY: test-deps
test-deps:
	@scripts/deps build test >&2

.PHONY: web
web: $(WEB)
$(WEB): assets/package.json assets/package-lock.json
	@cd assets && npm ci --no-fund --no-audit --loglevel=error >&2
	@touch $@

$(BROWSER): tests/browser/package.json tests/browser/package-lock.json
	@cd tests/browser && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-fund --no-audit --loglevel=error >&2
	@touch $@

.PHONY: models
models:
	@scripts/fetch-models $(LLAMORA_MODELS__DIR) >&2

.PHONY: build
build: web
	@cargo build $(CARGO_FLAGS)

.PHONY: dist
dist: deps web models build
	@mkdir -p dist
	@install -m 755 $(BUILT) dist/llamora-slim
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	 dist/llamora-slim bundle --data "$$scratch" --output dist/llamora >&2
	@for file in dist/llamora-slim dist/llamora; do \
	    printf '%-18s %4d MB\n' $$file $$(( ($$(stat -c %s $$file) + 999999) / 1000000 )); done
	@if command -v file >/dev/null; then file -b dist/llamora | cut -c1-110; fi

# The order matters: what ships is built first, and the black-box and browser tests use it.
.PHONY: test
test:
	$(STEP) 'dependencies' $(MAKE) test-deps web models $(BROWSER)
	$(STEP) 'dist' $(MAKE) dist
	$(STEP) 'compile tests' cargo test $(TEST_FLAGS) --no-run
	$(STEP) 'tests, no network' $(MAKE) test-rust
	$(STEP) 'tests without C++ and weights, no network' $(MAKE) test-bare
	$(STEP) 'browser tests' $(MAKE) test-browser
	@scripts/step --table

.PHONY: test-rust
test-rust: export LLAMORA_BIN = $(CURDIR)/dist/llamora
test-rust: export LLAMORA_SLIM = $(CURDIR)/dist/llamora-slim
test-rust:
	@scripts/proofs --check
	@scripts/offline cargo test $(TEST_FLAGS) --offline

.PHONY: test-bare
test-bare: export LLAMORA_MODELS__DIR = $(CURDIR)/target/no-models
test-bare:
	@scripts/offline cargo test $(TEST_FLAGS) --offline --no-default-features

.PHONY: test-browser
test-browser: $(BROWSER)
	@cd tests/browser && LLAMORA_BIN=$(CURDIR)/dist/llamora ../../scripts/offline npm test

.PHONY: test-quick
test-quick: deps web
	@cargo test $(TEST_FLAGS) --lib --test it

# Licences, sources and unwanted crates. Built once, outside the checkout; `make test` does not need it.
$(DENY):
	@echo 'check: building cargo-deny once' >&2
	@CARGO_TARGET_DIR=$(CACHE)/tools/target cargo install --quiet --locked --root $(CACHE)/tools cargo-deny@0.20.2
	@rm -rf $(CACHE)/tools/target

.PHONY: check
check: deps web $(DENY)
	@cargo fmt --check
	@cargo clippy $(CARGO_FLAGS) --all-targets --features test-hooks -- -D warnings
	@RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc $(CARGO_FLAGS) --no-deps --document-private-items --quiet
	@cargo test $(TEST_FLAGS) --test it --quiet -- tidy
	@cd assets && npm run --silent lint
	@scripts/proofs --check
	@$(DENY) --log-level error check bans licenses sources

# What figures are compared with.
$(BENCH_PYTHON):
	@python3 -m venv $(CACHE)/tools/bench >&2
	@$@ -m pip install --quiet usearch==2.26.6 numpy==2.4.6 onnxruntime==1.32.0 onnx==1.23.2 tokenizers==0.23.3 >&2

# Compiled as what is released, like all that is measured.
.PHONY: bench
bench: dist
	@LLAMORA_TEST_QUIET=1 LLAMORA_BIN=$(CURDIR)/dist/llamora LLAMORA_SLIM=$(CURDIR)/dist/llamora-slim \
	 cargo test $(CARGO_FLAGS) --test binary -- --nocapture --test-threads=1 figures

# Needs the embedder of `make deps`; without it the test says so and measures nothing. Compiled as what is released:
# loops over vectors are what is measured.
.PHONY: bench-search
bench-search: export LLAMORA_TEST_BENCH = 1
bench-search: export LLAMORA_TEST_PYTHON = $(BENCH_PYTHON)
bench-search: deps $(BENCH_PYTHON)
	@cargo test $(CARGO_FLAGS) --lib -- --nocapture --test-threads=1 search::tests::quality search::tests::words search::tests::questions indexing::bench
	@cargo test $(CARGO_FLAGS) --test it -- --nocapture --test-threads=1 a_whole_search

.PHONY: bench-embed
bench-embed: export LLAMORA_TEST_PYTHON = $(BENCH_PYTHON)
bench-embed: deps models $(BENCH_PYTHON)
	@cargo test $(CARGO_FLAGS) --lib -- --nocapture --test-threads=1 candle::bench

# Our generator against llama.cpp's own bench, in turn on one file. Compiled as what is released. Wants a quiet machine.
.PHONY: bench-llama
bench-llama: deps models
	@cargo test $(CARGO_FLAGS) --lib --no-run
	@LLAMORA_LLAMA_BENCH=$$(scripts/llama-bench) \
	 cargo test $(CARGO_FLAGS) --lib -- --nocapture --test-threads=1 llm::llama::tests::bench

# What CI does at a bearable count, at full count. LLAMORA_TEST_TORTURE multiplies the loops of the Rust tests.
.PHONY: torture
torture: export LLAMORA_BIN = $(CURDIR)/dist/llamora
torture: export LLAMORA_SLIM = $(CURDIR)/dist/llamora-slim
torture: test-deps dist
	@LLAMORA_TEST_TORTURE=12 LLAMORA_TEST_CROWD=1000 LLAMORA_TEST_STREAMS=10000 LLAMORA_TEST_BACKUPS=20 \
	 LLAMORA_TEST_WRITERS=50 LLAMORA_TEST_SECONDS=60 LLAMORA_TEST_SEALS=10000000 LLAMORA_TEST_DAMAGE=20 \
	 LLAMORA_TEST_KILLS=1000 LLAMORA_TEST_KILL_ROUNDS=10000 cargo test $(TEST_FLAGS)
	@$(MAKE) fuzz SECONDS=600

# Coverage-guided fuzzing on the stable toolchain. Only our own crates are instrumented; there is no address sanitizer,
# which the safe code of the targets does not need. What was found stays in tests/fuzz/found and goes on from there.
SECONDS ?= 60
FUZZED ?= records keyring archive import markdown cookies gguf host
.PHONY: fuzz
fuzz: deps web
	@env -u CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/tests/fuzz/instrument \
	 cargo build --quiet --locked --package llamora-fuzz
	@scripts/fuzz $(CARGO_TARGET_DIR)/debug/llamora-fuzz $(SECONDS) $(FUZZED)

.PHONY: messages
messages:
	@LLAMORA_TEST_UPDATE=1 cargo test $(TEST_FLAGS) --no-default-features --test it --quiet -- tidy::messages
	@git --no-pager diff --stat -- tests/golden/messages.txt

.PHONY: screenshots
screenshots: dist $(BROWSER)
	@cd tests/browser && LLAMORA_BIN=$(CURDIR)/dist/llamora LLAMORA_SCREENSHOTS=$(CURDIR)/docs npm test -- screenshots
