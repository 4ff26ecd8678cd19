//go:build cgo

// Package ffi is the Go side of the C ABI: the only import of "C", and nothing else.
//
// It links the static library that `make build` puts into this folder, or, with the build tag
// tandem_system, the shared library that pkg-config finds.
package ffi

// #cgo tandem_system CFLAGS: -DTANDEM_SYSTEM
// #cgo tandem_system pkg-config: tandem
// #cgo !tandem_system,linux,amd64 LDFLAGS: ${SRCDIR}/libtandem_linux_amd64.a -lm
// #cgo !tandem_system,linux,arm64 LDFLAGS: ${SRCDIR}/libtandem_linux_arm64.a -lm
// #cgo noescape tandem_version
// #cgo nocallback tandem_version
// #include "tandem_go.h"
import "C"

// Version returns the version of the linked library, such as "0.1.0".
func Version() string { return C.GoString(C.tandem_version()) }
