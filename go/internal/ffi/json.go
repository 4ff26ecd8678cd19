//go:build cgo

package ffi

// #cgo noescape tandem_json_valid
// #cgo nocallback tandem_json_valid
// #cgo noescape tandem_json_check
// #cgo nocallback tandem_json_check
// #cgo noescape tandem_json_compact
// #cgo nocallback tandem_json_compact
// #cgo noescape tandem_json_indent
// #cgo nocallback tandem_json_indent
// #cgo noescape tandem_json_html_escape
// #cgo nocallback tandem_json_html_escape
// #cgo noescape tandem_json_scanner_scan
// #cgo nocallback tandem_json_scanner_scan
// #cgo noescape tandem_json_tape
// #cgo nocallback tandem_json_tape
// #include "tandem_go.h"
import "C"

import (
	"slices"
	"unsafe"
)

// bytes is how a slice is passed: typed, so that cgo's pointer check costs nothing.
func bytes(b []byte) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.SliceData(b)), C.size_t(len(b))
}

// text is how a string is passed.
func text(s string) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.StringData(s)), C.size_t(len(s))
}

// JSONValid reports whether text is one JSON value.
func JSONValid(text []byte) bool {
	data, length := bytes(text)
	return C.tandem_json_valid(data, length, nil) == C.TANDEM_STATUS_OK
}

// Flags of [JSONCheck].
const (
	CheckUniqueNames = C.TANDEM_CHECK_UNIQUE_NAMES
	CheckUTF8        = C.TANDEM_CHECK_UTF8
)

// JSONCheck checks that text is one JSON value, no deeper than maxDepth, and what flags say. If it is not, the offset is that
// of the first fault.
func JSONCheck(text []byte, flags uint32, maxDepth int) (offset int, status Status) {
	data, length := bytes(text)
	var failed C.tandem_error
	status = Status(C.tandem_json_check(data, length, C.uint32_t(flags), C.size_t(maxDepth), &failed))
	if status == OK {
		return 0, OK
	}
	return int(failed.offset), status
}

// JSONCompact appends src to dst without insignificant white space. It returns dst as it was if src is
// not one JSON value.
func JSONCompact(dst, src []byte) ([]byte, Status) {
	data, length := bytes(src)
	return appendTo(dst, src, len(src), func(room []byte) (int, Status) {
		var written C.size_t
		out, capacity := bytes(room)
		status := C.tandem_json_compact(data, length, out, capacity, &written, nil)
		return int(written), Status(status)
	})
}

// JSONIndent appends src to dst with each element and member on a line of its own. It returns dst as
// it was if src is not one JSON value.
func JSONIndent(dst, src []byte, prefix, indent string) ([]byte, Status) {
	data, length := bytes(src)
	prefixData, prefixLength := text(prefix)
	indentData, indentLength := text(indent)
	return appendTo(dst, src, 2*len(src), func(room []byte) (int, Status) {
		var written C.size_t
		out, capacity := bytes(room)
		status := C.tandem_json_indent(data, length, prefixData, prefixLength, indentData, indentLength,
			out, capacity, &written, nil)
		return int(written), Status(status)
	})
}

// JSONHTMLEscape appends src to dst with those characters escaped that mean something to HTML or to old
// JavaScript.
func JSONHTMLEscape(dst, src []byte) ([]byte, Status) {
	data, length := bytes(src)
	return appendTo(dst, src, len(src), func(room []byte) (int, Status) {
		var written C.size_t
		out, capacity := bytes(room)
		status := C.tandem_json_html_escape(data, length, out, capacity, &written, nil)
		return int(written), Status(status)
	})
}

// A JSONScanner finds the end of a value that arrives in pieces. Its zero value is ready.
type JSONScanner struct{ scanner C.struct_tandem_json_scanner }

// Reset makes the scanner ready for the next value.
func (s *JSONScanner) Reset() { s.scanner.position = 0 }

// Scan looks at the next piece. With [OK], the value ends with that many bytes of it; [Incomplete] asks for more.
func (s *JSONScanner) Scan(piece []byte) (int, Status) {
	var end C.size_t
	data, length := bytes(piece)
	status := C.tandem_json_scanner_scan(&s.scanner, data, length, &end, nil)
	return int(end), Status(status)
}

// JSONTape appends the tape of text to dst, which must be empty: see docs/run.md. It returns an empty tape if text is not one
// JSON value.
func JSONTape(dst []uint64, text []byte) ([]uint64, Status) {
	data, length := bytes(text)
	status := BufferTooSmall
	// What nearly all texts need; the second try is enough for any.
	for _, guess := range [...]int{len(text)/4 + 8, len(text) + 10_004} {
		dst = slices.Grow(dst[:0], guess)
		var written C.size_t
		status = Status(C.tandem_json_tape(data, length, (*C.uint64_t)(unsafe.SliceData(dst)), C.size_t(cap(dst)), &written, nil))
		if status != BufferTooSmall {
			return dst[:written], status
		}
	}
	return dst[:0], status
}

// appendTo appends what operation writes into room behind dst: room for guess bytes, and if these are too
// few for as many as operation asks for.
func appendTo(dst, src []byte, guess int, operation func(room []byte) (int, Status)) ([]byte, Status) {
	dst = slices.Grow(dst, guess)
	if overlap(dst[len(dst):cap(dst)], src) {
		// The library may rely on it that what it writes to is not what it reads from.
		dst = append(make([]byte, 0, len(dst)+guess), dst...)
	}
	length, status := operation(dst[len(dst):cap(dst)])
	if status == BufferTooSmall {
		dst = slices.Grow(dst, length)
		length, status = operation(dst[len(dst):cap(dst)])
	}
	if status != OK {
		return dst, status
	}
	return dst[:len(dst)+length], OK
}

// overlap reports whether a and b share memory.
func overlap(a, b []byte) bool {
	startA := uintptr(unsafe.Pointer(unsafe.SliceData(a)))
	startB := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return startA < startB+uintptr(len(b)) && startB < startA+uintptr(len(a))
}
