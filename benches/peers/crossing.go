package main

// #cgo noescape peers_nothing
// #cgo nocallback peers_nothing
// #include "crossing.h"
import "C"

import (
	"unsafe"

	tandem "tandem.example/go/json"
)

// crossingBenchmarks is the price of going to Rust and back beside that of a C function which does nothing, with arguments of
// the same types.
func crossingBenchmarks() []benchmark {
	const name = "crossing/call"
	return []benchmark{{name, func(s schedule) (Row, error) {
		return s.measure(name, "ns", 0, []contender{
			{name: own, run: func(n int) {
				for range n {
					tandem.Valid(nil)
				}
			}},
			{name: "C", run: func(n int) {
				for range n {
					nothing(nil)
				}
			}},
		}), nil
	}}}
}

func nothing(data []byte) bool {
	return C.peers_nothing((*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data)), nil) == 0
}
