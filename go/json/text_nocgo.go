//go:build !cgo

package json

import (
	"bytes"
	"encoding/json"
)

// Valid reports whether data is a valid JSON encoding.
func Valid(data []byte) bool { return json.Valid(data) }

// Compact appends to dst the JSON-encoded src with insignificant space characters elided.
func Compact(dst *bytes.Buffer, src []byte) error { return json.Compact(dst, src) }

// Indent appends to dst an indented form of the JSON-encoded src.
func Indent(dst *bytes.Buffer, src []byte, prefix, indent string) error {
	return json.Indent(dst, src, prefix, indent)
}

// HTMLEscape appends to dst the JSON-encoded src with <, >, &, U+2028 and U+2029 inside string literals
// escaped, so that the JSON will be safe to embed inside HTML <script> tags.
func HTMLEscape(dst *bytes.Buffer, src []byte) { json.HTMLEscape(dst, src) }
