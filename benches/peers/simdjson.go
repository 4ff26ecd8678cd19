//go:build simdjson

package main

// #cgo CXXFLAGS: -std=c++17 -O2
// #cgo pkg-config: simdjson
// #include "peers_simdjson.h"
import "C"

import (
	"fmt"
	"unsafe"
)

func init() {
	simdjsonParse = func(text []byte) func(n int) {
		// It lasts as long as the program.
		parser := C.peers_simdjson_new((*C.char)(unsafe.Pointer(unsafe.SliceData(text))), C.size_t(len(text)))
		return func(n int) {
			for range n {
				if code := C.peers_simdjson_parse(parser); code != 0 {
					panic(simdjsonError(code))
				}
			}
		}
	}
}

// simdjsonError is a code of the library.
type simdjsonError int

func (e simdjsonError) Error() string { return fmt.Sprintf("error %d of simdjson", int(e)) }
