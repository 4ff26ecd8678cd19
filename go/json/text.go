//go:build cgo

package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Valid reports whether data is a valid JSON encoding.
func Valid(data []byte) bool { return ffi.JSONValid(data) }

// Compact appends to dst the JSON-encoded src with insignificant space characters elided. If src is not
// valid, it returns an error and leaves dst as it was.
func Compact(dst *bytes.Buffer, src []byte) error {
	text, status := ffi.JSONCompact(room(dst, len(src)), src)
	if status != ffi.OK {
		// The standard library finds the same fault and describes it in its own words.
		return json.Compact(dst, src)
	}
	keep(dst, text)
	return nil
}

// Indent appends to dst an indented form of the JSON-encoded src. Each element in a JSON object or
// array begins on a new, indented line beginning with prefix followed by one or more copies of indent
// according to the indentation nesting. The data appended to dst does not begin with the prefix nor
// any indentation; space before the value in src is dropped, space after it is kept. If src is not valid,
// Indent returns an error and leaves dst as it was.
func Indent(dst *bytes.Buffer, src []byte, prefix, indent string) error {
	text, status := ffi.JSONIndent(room(dst, 2*len(src)), src, prefix, indent)
	if status != ffi.OK {
		return json.Indent(dst, src, prefix, indent)
	}
	keep(dst, text)
	return nil
}

// HTMLEscape appends to dst the JSON-encoded src with <, >, &, U+2028 and U+2029 inside string literals
// changed to \u003c, \u003e, \u0026, \u2028 and \u2029, so that the JSON will be safe to embed inside HTML
// <script> tags.
func HTMLEscape(dst *bytes.Buffer, src []byte) {
	text, status := ffi.JSONHTMLEscape(room(dst, len(src)), src)
	if status != ffi.OK {
		json.HTMLEscape(dst, src)
		return
	}
	keep(dst, text)
}

// room returns an empty slice of dst's own memory behind its contents, with space for length bytes, and for what ReadFrom
// wants to be there.
func room(dst *bytes.Buffer, length int) []byte {
	dst.Grow(max(length, bytes.MinRead))
	return dst.AvailableBuffer()
}

// keep appends to dst what was written to its room. Write would copy a text onto itself; ReadFrom believes a reader that it is
// there.
func keep(dst *bytes.Buffer, text []byte) {
	const short = 4 << 10 // not worth the reader
	if len(text) < short {
		dst.Write(text)
		return
	}
	w := writtenPool.Get().(*written)
	w.text = text
	dst.ReadFrom(w)
	w.text = nil
	writtenPool.Put(w)
}

var writtenPool = sync.Pool{New: func() any { return new(written) }}

// written is a reader of a text that mostly stands where it is to be read to.
type written struct{ text []byte }

func (w *written) Read(p []byte) (int, error) {
	n := len(w.text)
	if unsafe.SliceData(p) != unsafe.SliceData(w.text) {
		n = copy(p, w.text)
	}
	if w.text = w.text[n:]; len(w.text) > 0 {
		return n, nil
	}
	return n, io.EOF
}

// fault returns the first fault of a text that is JSON, and its offset.
func (c Config) fault(text []byte, maxDepth int) (int, error) {
	var flags uint32
	if c.RejectDuplicateNames {
		flags |= ffi.CheckUniqueNames
	}
	if c.RejectInvalidUTF8 {
		flags |= ffi.CheckUTF8
	}
	offset, status := ffi.JSONCheck(text, flags, maxDepth)
	switch status {
	case ffi.OK, ffi.Syntax:
		return 0, nil
	case ffi.DuplicateName:
		return offset, ErrDuplicateName
	case ffi.InvalidUTF8:
		return offset, ErrInvalidUTF8
	case ffi.TooDeep:
		return offset, ErrTooDeep
	}
	return offset, errUnchecked
}

var errUnchecked = errors.New("no memory to check the text")

// appendTape parses a text into a tape, which docs/run.md describes.
func appendTape(dst []uint64, text []byte) ([]uint64, error) {
	tape, status := ffi.JSONTape(dst, text)
	switch status {
	case ffi.OK:
		return tape, nil
	case ffi.TooLarge:
		return tape, errDocumentTooLarge
	}
	return tape, json.Unmarshal(text, new(json.RawMessage))
}

func appendCompact(dst, src []byte) []byte {
	dst, _ = ffi.JSONCompact(dst, src)
	return dst
}

func appendIndent(dst, src []byte, prefix, indent string) []byte {
	dst, _ = ffi.JSONIndent(dst, src, prefix, indent)
	return dst
}
