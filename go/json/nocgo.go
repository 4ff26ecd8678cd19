//go:build !cgo

package json

import (
	"encoding/json"
	"io"
)

// An Encoder writes JSON values to an output stream: see [json.Encoder] of encoding/json.
type Encoder = json.Encoder

// NewEncoder returns an encoder that writes to w.
func NewEncoder(w io.Writer) *Encoder { return json.NewEncoder(w) }

// Marshal returns the JSON encoding of v: see [json.Marshal] of encoding/json.
func Marshal(v any) ([]byte, error) { return json.Marshal(v) }

// AppendMarshal appends the JSON encoding of v, which is that of [Marshal], to dst, and returns the extended slice. If there
// is an error, it returns dst as it was.
func AppendMarshal(dst []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(dst, text...), err
}

// Marshal is [Marshal] with the Config.
func (c Config) Marshal(v any) ([]byte, error) { return marshalForeign(v, !c.NoEscapeHTML) }

// AppendMarshal is [AppendMarshal] with the Config.
func (c Config) AppendMarshal(dst []byte, v any) ([]byte, error) {
	text, err := c.Marshal(v)
	return append(dst, text...), err
}

// NewEncoder is [NewEncoder] with the Config.
func (c Config) NewEncoder(w io.Writer) *Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(!c.NoEscapeHTML)
	return e
}

// MarshalIndent is like [Marshal] but indents the output: see [json.MarshalIndent] of encoding/json.
func MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	return json.MarshalIndent(v, prefix, indent)
}

// MarshalIndent is [MarshalIndent] with the Config.
func (c Config) MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	text, err := c.Marshal(v)
	if err != nil {
		return nil, err
	}
	return indentForeign(text, prefix, indent)
}

// Unmarshal parses the JSON text and stores the result in what v points to: see [json.Unmarshal] of encoding/json.
func Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

func (c Config) unmarshal(data []byte, v any) error { return c.unmarshalForeign(data, v) }
