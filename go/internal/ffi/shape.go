//go:build cgo

package ffi

// #cgo noescape tandem_shape_new
// #cgo nocallback tandem_shape_new
// #cgo noescape tandem_shape_free
// #cgo nocallback tandem_shape_free
// #cgo noescape tandem_shape_decode
// #cgo nocallback tandem_shape_decode
// #cgo noescape tandem_shape_decode_values
// #cgo nocallback tandem_shape_decode_values
// #cgo noescape tandem_shape_decode_part
// #cgo nocallback tandem_shape_decode_part
// #cgo noescape tandem_shape_encode
// #cgo nocallback tandem_shape_encode
// #include "tandem_go.h"
import "C"

import "unsafe"

// Flags of [Shape.Decode], [Shape.DecodeValues] and [Shape.Encode].
const (
	DecodeUseNumber       = C.TANDEM_DECODE_USE_NUMBER
	DecodeDisallowUnknown = C.TANDEM_DECODE_DISALLOW_UNKNOWN
	DecodeCommas          = C.TANDEM_DECODE_COMMAS
	DecodeExactNames      = C.TANDEM_DECODE_EXACT_NAMES
	DecodeBorrow          = C.TANDEM_DECODE_BORROW
	DecodeCount           = C.TANDEM_DECODE_COUNT
	EncodeEscapeHTML      = C.TANDEM_ENCODE_ESCAPE_HTML
	EncodeUnsorted        = C.TANDEM_ENCODE_UNSORTED
)

// Shape tells the library what the values of a Go type look like.
type Shape struct{ handle *C.tandem_shape }

// NewShape registers a shape; docs/run.md has the format of descriptions.
func NewShape(description []byte) (Shape, error) {
	var shape Shape
	var failed C.tandem_error
	data, length := bytes(description)
	if C.tandem_shape_new(data, length, &shape.handle, &failed) != C.TANDEM_STATUS_OK {
		return Shape{}, failure(&failed)
	}
	return shape, nil
}

// Free frees a shape, which nothing may use any more.
func (s Shape) Free() { C.tandem_shape_free(s.handle) }

// Decode writes the run of text into words and strings, up to their capacities, and returns their new lengths.
func (s Shape) Decode(text []byte, flags uint32, words []uint64, strings []byte) (int, int, Status) {
	var wordsLength, stringsLength C.size_t
	data, length := bytes(text)
	status := C.tandem_shape_decode(s.handle, data, length, C.uint32_t(flags),
		(*C.uint64_t)(unsafe.SliceData(words)), C.size_t(cap(words)),
		(*C.uint8_t)(unsafe.SliceData(strings)), C.size_t(cap(strings)),
		&wordsLength, &stringsLength, nil)
	return int(wordsLength), int(stringsLength), Status(status)
}

// DecodeValues writes the runs of the values that text begins with into words and strings, up to their capacities, each behind
// the offset of the byte after its value. No value but the first begins at limit or later. It returns how many values there are,
// and the new lengths.
func (s Shape) DecodeValues(text []byte, flags uint32, limit int, words []uint64, strings []byte) (int, int, int, Status) {
	var count, wordsLength, stringsLength C.size_t
	data, length := bytes(text)
	status := C.tandem_shape_decode_values(s.handle, data, length, C.uint32_t(flags), C.size_t(limit),
		(*C.uint64_t)(unsafe.SliceData(words)), C.size_t(cap(words)),
		(*C.uint8_t)(unsafe.SliceData(strings)), C.size_t(cap(strings)),
		&count, &wordsLength, &stringsLength, nil)
	return int(count), int(wordsLength), int(stringsLength), Status(status)
}

// DecodeProgress is how far a value is decoded of which not all was there. Its zero value is the start.
type DecodeProgress struct {
	progress C.struct_tandem_decode_progress
}

// Position returns where in the text the first byte is that is not decoded; once the value is complete, where it ends.
func (p *DecodeProgress) Position() int { return int(p.progress.position) }

// Lengths returns how many words and bytes are decoded.
func (p *DecodeProgress) Lengths() (words, strings int) {
	return int(p.progress.words_length), int(p.progress.strings_length)
}

// DecodePart decodes the array or object that text begins with, of which only a part may be there, as DecodeValues does. With
// [Incomplete] and [BufferTooSmall] it goes on the next time, where words and strings begin with what they had.
func (s Shape) DecodePart(text []byte, flags uint32, progress *DecodeProgress, words []uint64, strings []byte) Status {
	data, length := bytes(text)
	return Status(C.tandem_shape_decode_part(s.handle, data, length, C.uint32_t(flags),
		(*C.uint64_t)(unsafe.SliceData(words)), C.size_t(cap(words)),
		(*C.uint8_t)(unsafe.SliceData(strings)), C.size_t(cap(strings)),
		&progress.progress, nil))
}

// Encode renders a run into output, up to its capacity, and returns the length of the text.
func (s Shape) Encode(words []uint64, strings []byte, flags uint32, output []byte) (int, Status) {
	var outputLength C.size_t
	data, length := bytes(strings)
	status := C.tandem_shape_encode(s.handle,
		(*C.uint64_t)(unsafe.SliceData(words)), C.size_t(len(words)),
		data, length, C.uint32_t(flags),
		(*C.uint8_t)(unsafe.SliceData(output)), C.size_t(cap(output)),
		&outputLength, nil)
	return int(outputLength), Status(status)
}
