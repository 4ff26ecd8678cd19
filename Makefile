# Tandem's two languages in one place. `make help` lists what there is to do.

CARGO  ?= cargo
GO     ?= go
CC     ?= cc

version := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
goos    := $(shell $(GO) env GOOS 2>/dev/null)
goarch  := $(shell $(GO) env GOARCH 2>/dev/null)

# What the Go module links: see `prelink`.
link_dir := go/internal/ffi
prelinked := $(link_dir)/libtandem_$(goos)_$(goarch).a
sources := Cargo.toml Cargo.lock build.rs $(shell find src -name '*.rs')

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: build
build: $(prelinked) ## the libraries, and the Go module on top of them

target/release/libtandem.a target/release/libtandem.so &: $(sources)
	$(CARGO) rustc --release --lib --crate-type cdylib,staticlib
	@touch target/release/libtandem.a target/release/libtandem.so

# Two Rust static libraries in one Go program would collide on the symbols of their standard libraries, so the
# Go module links one object in which only tandem_* is visible. Go's build cache does not look into libraries, but it does
# look into headers: the copy of the header names the library's contents, so that a new library is linked anew.
$(prelinked): target/release/libtandem.a include/tandem.h
	@mkdir -p target/prelink
	nm --defined-only --extern-only $< 2>/dev/null | sed -n 's/.* T \(tandem_[a-z0-9_]*\)$$/\1/p' | sort -u > target/prelink/symbols
	ld -r $$(sed 's/^/-u /' target/prelink/symbols) $< -o target/prelink/all.o --gc-sections
	objcopy --keep-global-symbols=target/prelink/symbols --strip-debug --remove-section .llvmbc --remove-section .llvmcmd target/prelink/all.o target/prelink/tandem.o
	rm -f $@ && ar rcsD $@ target/prelink/tandem.o
	{ cat include/tandem.h; echo "// Library: $$(sha256sum $@ | cut -d ' ' -f 1)"; } > $(link_dir)/tandem_prelinked.h

.PHONY: header
header: ## write include/tandem.h anew from src/ffi
	TANDEM_WRITE_HEADER=1 $(CARGO) test --quiet --test header
