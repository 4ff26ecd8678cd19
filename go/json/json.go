// Package json is encoding/json on a Rust core: change the import, and the rest stays as it is.
//
// Values, texts and errors are those of the standard library. Each type is described once to the core, which then
// turns a document into a flat sequence of words in one call; package tandem.example/go/json stores the values. It writes
// texts itself. What the core leaves to encoding/json (errors above all) is handed over call by call.
// Functions may be called from many goroutines at once.
//
// Beyond encoding/json, [Lines] ranges over newline-delimited JSON, a [Document] is read without building values, and a [Config] is
// stricter, has limits, or saves work that is not wanted.
//
// Without cgo the package is encoding/json under another name.
package json

import "encoding/json"

// The types of the standard library, so that errors.As, type switches and existing methods keep working.
type (
	Delim                 = json.Delim
	InvalidUTF8Error      = json.InvalidUTF8Error //lint:ignore SA1019 part of the interface of encoding/json
	InvalidUnmarshalError = json.InvalidUnmarshalError
	Marshaler             = json.Marshaler
	MarshalerError        = json.MarshalerError
	Number                = json.Number
	RawMessage            = json.RawMessage
	SyntaxError           = json.SyntaxError
	Token                 = json.Token
	UnmarshalFieldError   = json.UnmarshalFieldError //lint:ignore SA1019 part of the interface of encoding/json
	UnmarshalTypeError    = json.UnmarshalTypeError
	Unmarshaler           = json.Unmarshaler
	UnsupportedTypeError  = json.UnsupportedTypeError
	UnsupportedValueError = json.UnsupportedValueError
)
