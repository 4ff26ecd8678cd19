# Tandem's languages in one place. `make help` lists what there is to do.

CARGO  ?= cargo
GO     ?= go
CC     ?= cc
CXX    ?= c++
PREFIX ?= /usr/local

DATA       ?=
ADDR       ?=
CACHE_ADDR ?=
CACHE_HTTP ?=
ENTRIES    ?=
FUZZTIME   ?= 1m
SOAK       ?= 2m

.DELETE_ON_ERROR:
export CARGO_TARGET_DIR := target

version := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
major   := $(firstword $(subst ., ,$(version)))
rust    := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
golang  := $(shell sed -n 's/^go //p' go/go.mod)
goos    := $(shell $(GO) env GOOS 2>/dev/null)
goarch  := $(or $(GOARCH),$(shell $(GO) env GOARCH 2>/dev/null))
gohost  := $(shell $(GO) env GOHOSTARCH 2>/dev/null)

# `make build GOARCH=arm64` compiles for the other kind of processor, with the compiler that Debian has for that.
ifneq ($(goarch),$(gohost))
machine := $(if $(filter arm64,$(goarch)),aarch64,x86_64)
target  := $(machine)-unknown-linux-gnu
cross   := $(machine)-linux-gnu-
CC      := $(cross)gcc
export CC
export GOARCH      := $(goarch)
export CGO_ENABLED := 1
export CARGO_TARGET_$(shell echo $(target) | tr a-z- A-Z_)_LINKER := $(CC)
endif

release   := target/ffi/$(if $(target),$(target)/)release
sources   := Cargo.toml Cargo.lock build.rs $(shell find src -name '*.rs')
libraries := $(addprefix $(release)/,libtandem.a libtandem.so native-static-libs)
prelinked := target/prelink/$(if $(target),$(target)/)libtandem.a
linked    := $(addprefix go/internal/ffi/libtandem_$(goos)_$(goarch),.a .h)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

##### Tools: a target names what it needs, and stops with one line where that is missing.

comma := ,
# $(call need,tool,how to get it)
need = $(if $(shell command -v $(1) 2>&1),,$(error $(1) is missing: $(2)))
# $(call least,tool,version found,least version,how to get it)
least = $(if $(shell printf '%s\n' '$(3)' '$(2)' | sort -VC && echo yes),,$(error $(1) $(2) is too old: $(4)))

get_rust := install Rust $(rust) or later from https://rustup.rs
get_go   := install Go $(golang) or later from https://go.dev/dl
get_apt   = install it with the system's packages (Debian: apt-get install $(1))
get_c     = $(call get_apt,$(if $(cross),gcc-$(subst _,-,$(machine))-linux-gnu libc6-dev-$(goarch)-cross,build-essential))

.PHONY: need-rust need-go need-c need-lint need-test need-arm64 need-miri need-sanitize need-wrk
need-rust:
	$(call need,$(CARGO),$(get_rust))
	$(call least,$(CARGO),$(word 2,$(shell $(CARGO) --version)),$(rust),$(get_rust))

need-go: need-c
	$(call need,$(GO),$(get_go))
	$(call least,$(GO),$(patsubst go%,%,$(shell cd go && $(GO) env GOVERSION)),$(golang),$(get_go))

need-c:
	$(call need,$(CC),$(get_c))
	$(foreach tool,nm ld objcopy ar,$(call need,$(cross)$(tool),$(if $(cross),$(get_c),$(call get_apt,binutils))))

need-lint: need-rust need-go
	$(call need,cargo-fmt,rustup component add rustfmt)
	$(call need,cargo-clippy,rustup component add clippy)

need-test: need-lint
	$(call need,$(CXX),$(call get_apt,build-essential))
	$(call need,pkg-config,$(call get_apt,pkg-config))

# rustup's compiler with the target, or else Debian's, which has the target's library as a package.
arm64       := aarch64-unknown-linux-gnu
arm64_rustc := $(firstword $(foreach rustc,rustc /usr/bin/rustc,$(if \
	$(wildcard $(shell $(rustc) --print target-libdir --target $(arm64) 2>/dev/null)/libstd-*.rlib),$(rustc))))
# The linter has to be of the compiler's version.
arm64_clippy = $(dir $(shell command -v $(arm64_rustc)))cargo-clippy
get_arm64   := rustup target add $(arm64), or the system's packages (Debian: dpkg --add-architecture arm64; \
	apt-get update; apt-get install rustc-web libstd-rust-web-dev:arm64)

need-arm64: need-rust need-go
	$(call need,aarch64-linux-gnu-gcc,$(call get_apt,gcc-aarch64-linux-gnu libc6-dev-arm64-cross))
	$(call need,qemu-aarch64-static,$(call get_apt,qemu-user-static))
	$(if $(arm64_rustc),,$(error Rust for $(arm64) is missing: $(get_arm64)))
	$(call need,$(arm64_clippy),rustup component add clippy$(comma) or with Debian's Rust apt-get install rust-web-clippy)

need-miri: need-rust
	$(if $(shell $(CARGO) +nightly miri --version 2>/dev/null),,$(error Miri is missing: \
		rustup toolchain install nightly --component miri$(comma)rust-src))

need-sanitize: need-test
	$(call need,valgrind,$(call get_apt,valgrind))

need-wrk:
	$(call need,wrk,$(call get_apt,wrk))

##### Build

.PHONY: build
build: $(linked) ## the libraries, and the Go module on top of them
	@cd go && $(GO) build ./...

# The crate types are named because Cargo leaves link-time optimisation out where an rlib is among them. In a folder of their own,
# so that other builds do not put theirs in the place of these.
$(libraries) &: $(sources) | need-rust need-c
	$(CARGO) rustc --release --lib --crate-type cdylib,staticlib --target-dir target/ffi $(if $(target),--target $(target)) -- \
		--print native-static-libs=$(release)/native-static-libs
	@touch $(libraries)

# Two Rust static libraries in one program would collide on the symbols of their standard libraries, so
# all of this one becomes one object in which only tandem_* is visible.
$(prelinked): $(release)/libtandem.a | need-c
	@mkdir -p $(@D)
	$(cross)nm --defined-only --extern-only $< 2>/dev/null \
		| sed -n 's/.* T \(tandem_[a-z0-9_]*\)$$/\1/p' | sort -u > $(@D)/symbols
	$(cross)ld -r --gc-sections $$(sed 's/^/-u /' $(@D)/symbols) $< -o $(@D)/all.o
	$(cross)objcopy --keep-global-symbols=$(@D)/symbols --strip-debug \
		--remove-section .llvmbc --remove-section .llvmcmd $(@D)/all.o $(@D)/tandem.o
	rm -f $@ && $(cross)ar rcsD $@ $(@D)/tandem.o

# Go's build cache does not look into libraries, only into what it compiles: the copy of the header has a string of
# the library's hash, so that a new library is linked anew.
$(linked) &: $(prelinked) include/tandem.h | need-go
	cp $(prelinked) $(firstword $(linked))
	{ cat include/tandem.h; echo '__attribute__((used)) static const char tandem_library[] =' \
		"\"$$(sha256sum < $(prelinked) | cut -d ' ' -f 1)\";"; } > $(lastword $(linked))

.PHONY: fastjson-api
fastjson-api: | need-rust need-c ## bin/fastjson-api, the document service
	$(CARGO) build --profile service --package fastjson-api
	@install -D target/service/fastjson-api bin/fastjson-api

.PHONY: header
header: | need-rust ## write include/tandem.h anew from src/ffi
	TANDEM_WRITE_HEADER=1 $(CARGO) test --quiet --test header

.PHONY: clean
clean: ## remove what was built
	rm -rf target bin go/internal/ffi/libtandem_*

##### Run

.PHONY: run
run: build ## both services together (DATA=file.ndjson imports yours; ADDR, CACHE_ADDR, CACHE_HTTP=host:port)
	@test -x bin/fastjson-api || echo 'Compiling the services and SQLite, which takes some minutes the first time.'
	@$(MAKE) --no-print-directory services
	@cd examples/together && $(GO) build -o ../../bin/together .
	@$(if $(ADDR),FASTJSON_ADDR='$(ADDR)') $(if $(CACHE_ADDR),RUST_CACHE_SERVER_ADDR='$(CACHE_ADDR)') \
		$(if $(CACHE_HTTP),RUST_CACHE_SERVER_HTTP='$(CACHE_HTTP)') bin/together $(if $(DATA),-data '$(DATA)')

.PHONY: run-microservice
run-microservice: build ## the small example of a service in Go (DATA=file imports JSON or NDJSON, ADDR=host:port)
	@test -x bin/microservice || echo 'Compiling the service and SQLite, which takes a minute or two the first time.'
	@cd examples/microservice && $(GO) build -o ../../bin/microservice .
	@bin/microservice $(if $(ADDR),-addr '$(ADDR)') $(if $(DATA),-data '$(DATA)')

.PHONY: services
services: fastjson-api rust-cache-server

.PHONY: rust-cache-server
rust-cache-server: build ## bin/rust-cache-server, which speaks Redis's protocol and HTTP
	@cd go/rust-cache-server && $(GO) build -o ../../bin/rust-cache-server .

##### Test

.PHONY: test
test: build | need-test ## everything that must hold, with totals at the end (STAGES="rust go" for some of it)
	@GO=$(GO) CARGO=$(CARGO) tests/run $(STAGES)

.PHONY: conformance
conformance: build ## go/json beside the encoding/json of the Go that runs: its interface, and its own tests (GOTOOLCHAIN=go1.25.10)
	cd go && $(GO) test -count 1 -v ./internal/conformance

.PHONY: test-services
test-services: services ## both services as they are installed: killed, overloaded and mistreated, at length
	@TANDEM_SERVICES=full TANDEM_FASTJSON_API=$(CURDIR)/bin/fastjson-api GO=$(GO) CARGO=$(CARGO) tests/run services

.PHONY: test-arm64
test-arm64: | need-arm64 ## the Rust core and what Go makes of it on arm64, with NEON, under qemu
	@GOARCH=arm64 RUSTC=$(arm64_rustc) $(MAKE) --no-print-directory build
	@GO=$(GO) CARGO=$(CARGO) RUSTC=$(arm64_rustc) CLIPPY=$(arm64_clippy) tests/run arm64

.PHONY: model
model: | need-rust ## the cache's threads in many orders, which a model checker chooses (shuttle)
	@CARGO=$(CARGO) tests/run model

.PHONY: miri
miri: | need-miri ## a reader beside a writer of the cache, and what writes JSON, under Miri, which knows weak memory and aliasing
	@# Where all memory is words that threads share there is no aliasing to check, but a look at each word whenever it is lent.
	$(call miri,disable-stacked-borrows -Zmiri-many-seeds=0..8,cache::tests::reader_beside)
	$(call miri,tree-borrows,cache::words json::encode)

miri = MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-$1" $(CARGO) +nightly miri test --lib --target-dir target/miri -- $2

.PHONY: sanitize
sanitize: build | need-sanitize ## C, Rust and Go under AddressSanitizer, UBSan and valgrind
	@GO=$(GO) CARGO=$(CARGO) tests/run asan valgrind go-asan

.PHONY: lint
lint: build | need-lint ## clippy, rustfmt, rustdoc, gofmt, go vet and staticcheck
	@GO=$(GO) CARGO=$(CARGO) tests/run lint

.PHONY: fmt
fmt: | need-rust need-go ## format Rust and Go
	$(CARGO) fmt --all
	$(GO)fmt -w $(wildcard go examples/microservice benches/peers benches/services)

# Before 1.27, Go may end a clean run with "context deadline exceeded" (go.dev/issue/75804): a real failure names its input.
.PHONY: fuzz
fuzz: build ## each Go fuzz target for FUZZTIME=1m
	@for module in $(dir $(wildcard go/go.mod go/*/go.mod)); do \
		for package in $$(cd $$module && $(GO) list ./...); do \
			for target in $$(cd $$module && $(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
				(cd $$module && $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) \
					-fuzzminimizetime 10x $$package) 2>&1 | tee target/fuzz.log; \
				grep -q '^ok' target/fuzz.log || { grep -q '^ *context deadline exceeded$$' target/fuzz.log && \
					! grep -q 'Failing input' target/fuzz.log; } || exit 1; \
			done; \
		done; \
	done

.PHONY: soak
soak: services ## minutes of mixed random use: the codec, the cache, and both services (SOAK=2m)
	cd go && TANDEM_SOAK=$(SOAK) $(GO) test -count 1 -timeout 0 -run Soak -v ./json ./cache
	cd go/rust-cache-server && TANDEM_SOAK=$(SOAK) $(GO) test -count 1 -timeout 0 -run Random -v .
	cd examples/together && TANDEM_SOAK=$(SOAK) $(GO) test -count 1 -timeout 0 -run Soak -v .

##### Benchmarks

.PHONY: bench
bench: build ## this project beside its peers in Go, and simdjson (TANDEM_DATA=folder for real documents and traces)
	cd benches/peers && $(GO) run $(if $(shell pkg-config --exists simdjson && echo yes),-tags simdjson) .

.PHONY: hitratio
hitratio: build ## what the caches keep beside their peers (TANDEM_DATA=folder for recorded traces)
	cd benches/peers && $(GO) run . -hitratio

.PHONY: bench-cache
bench-cache: build ## the cache beside its peers in Go (ENTRIES=1000000)
	cd benches/peers && $(GO) run . -run '^cache' $(if $(ENTRIES),-entries $(ENTRIES))

.PHONY: bench-services
bench-services: services | need-wrk ## fastjson-api beside a constant handler and a service in Go
	$(CARGO) build --profile service --package fastjson-api --example constant
	@install -D target/service/examples/constant bin/constant
	cd benches/services && $(GO) run .

.PHONY: bench-core
bench-core: | need-rust ## the Rust core by itself, and through serde beside its peers in Rust
	$(CARGO) bench
	$(CARGO) run --release --manifest-path benches/peers-rust/Cargo.toml

.PHONY: bench-redis
bench-redis: rust-cache-server ## rust-cache-server beside redis-server, under redis-benchmark (ROUNDS=7)
	@benches/services/redis

##### Install

include_dir   := $(DESTDIR)$(PREFIX)/include
library_dir   := $(DESTDIR)$(PREFIX)/lib
pkgconfig_dir := $(library_dir)/pkgconfig
shared        := libtandem.so.$(version)

.PHONY: install
install: $(prelinked) $(libraries) ## header, libraries and tandem.pc below PREFIX=/usr/local (DESTDIR= to stage a package)
	install -d '$(include_dir)' '$(pkgconfig_dir)'
	install -m 644 include/tandem.h '$(include_dir)'
	install -m 644 $(prelinked) '$(library_dir)/libtandem.a'
	install -m 755 $(release)/libtandem.so '$(library_dir)/$(shared)'
	ln -sf $(shared) '$(library_dir)/libtandem.so.$(major)'
	ln -sf libtandem.so.$(major) '$(library_dir)/libtandem.so'
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@version@|$(version)|' \
		-e "s|@libs_private@|$$(sed 's/-lgcc_s//; s/-lc$$//; s/^ *//; s/ *$$//' $(release)/native-static-libs)|" \
		tandem.pc.in > '$(pkgconfig_dir)/tandem.pc'
	@$(if $(DESTDIR),,ldconfig 2>/dev/null || true) # lets programs find the library at once, where that is allowed

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f '$(include_dir)/tandem.h' '$(library_dir)/libtandem.a' '$(pkgconfig_dir)/tandem.pc' \
		'$(library_dir)'/libtandem.so '$(library_dir)'/libtandem.so.$(major) '$(library_dir)/$(shared)'
