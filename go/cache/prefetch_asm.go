//go:build cgo && (amd64 || arm64)

package cache

import "unsafe"

// prefetch asks the processor for the lines from an address on that most entries are in. It may be any address.
//
//go:noescape
func prefetch(address unsafe.Pointer)
