//go:build cgo

package ffi

// #cgo noescape tandem_json_valid
// #cgo nocallback tandem_json_valid
// #include "tandem_go.h"
import "C"

import "unsafe"

// bytes is how a slice is passed: typed, so that cgo's pointer check costs nothing.
func bytes(b []byte) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.SliceData(b)), C.size_t(len(b))
}

// JSONValid reports whether text is one JSON value.
func JSONValid(text []byte) bool {
	data, length := bytes(text)
	return C.tandem_json_valid(data, length, nil) == C.TANDEM_STATUS_OK
}
