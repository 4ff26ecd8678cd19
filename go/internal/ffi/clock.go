//go:build cgo

package ffi

// #cgo noescape tandem_clock_new
// #cgo nocallback tandem_clock_new
// #cgo noescape tandem_clock_advance
// #cgo nocallback tandem_clock_advance
// #cgo noescape tandem_clock_free
// #cgo nocallback tandem_clock_free
// #include "tandem_go.h"
import "C"

// Clock is the handle of a clock that is moved by hand; the zero value is no clock.
type Clock struct{ handle *C.tandem_clock }

// NewClock makes a clock, which must be freed.
func NewClock() (clock Clock) {
	C.tandem_clock_new(&clock.handle) // which fails for arguments only
	return clock
}

// Advance moves the clock forward by nanoseconds.
func (c Clock) Advance(time uint64) { C.tandem_clock_advance(c.handle, C.uint64_t(time)) }

// Free frees the clock; caches keep what they need of it.
func (c Clock) Free() { C.tandem_clock_free(c.handle) }
