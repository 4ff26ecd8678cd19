//go:build !cgo

package cache

// The cache is the Rust core: there is nothing to fall back to.
var _ = tandem_cache_needs_cgo__set_CGO_ENABLED_1_and_install_a_C_compiler
