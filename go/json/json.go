// Package json is a drop-in replacement for encoding/json on a Rust core.
package json

import (
	"encoding/json"
	"io"
)

// The types of the standard library, so that errors.As, type switches and existing methods keep working.
type (
	Decoder               = json.Decoder
	Delim                 = json.Delim
	Encoder               = json.Encoder
	InvalidUTF8Error      = json.InvalidUTF8Error //nolint:staticcheck // exported by encoding/json, too
	InvalidUnmarshalError = json.InvalidUnmarshalError
	Marshaler             = json.Marshaler
	MarshalerError        = json.MarshalerError
	Number                = json.Number
	RawMessage            = json.RawMessage
	SyntaxError           = json.SyntaxError
	Token                 = json.Token
	UnmarshalFieldError   = json.UnmarshalFieldError //nolint:staticcheck
	UnmarshalTypeError    = json.UnmarshalTypeError
	Unmarshaler           = json.Unmarshaler
	UnsupportedTypeError  = json.UnsupportedTypeError
	UnsupportedValueError = json.UnsupportedValueError
)

// Marshal returns the JSON encoding of v, as encoding/json does.
func Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// Unmarshal parses the JSON text and stores the result in what v points to, as encoding/json does.
func Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// NewDecoder returns a decoder that reads from r.
func NewDecoder(r io.Reader) *Decoder { return json.NewDecoder(r) }

// NewEncoder returns an encoder that writes to w.
func NewEncoder(w io.Writer) *Encoder { return json.NewEncoder(w) }
