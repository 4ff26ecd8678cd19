//go:build cgo

package json

import (
	"io"

	"tandem.example/go/internal/ffi"
)

// An Encoder writes JSON values to an output stream, each followed by a newline, as [json.Encoder] of
// encoding/json does. It may be used by one goroutine at a time.
type Encoder struct {
	w     io.Writer
	err   error // of w, which ends the stream
	flags uint32

	prefix, indent string
	indented       []byte
}

// NewEncoder returns an encoder that writes to w.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w, flags: ffi.EncodeEscapeHTML} }

// NewEncoder is [NewEncoder] with the Config.
func (c Config) NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w, flags: c.encodeFlags()} }

// Encode writes the JSON encoding of v, and a newline, in one call of Write. If v has no encoding, nothing is written.
func (e *Encoder) Encode(v any) error {
	if e.err != nil {
		return e.err
	}
	r, err := render(v, e.flags, false)
	if err == errForeign {
		text, err := marshalForeign(v, e.flags&ffi.EncodeEscapeHTML != 0)
		if err != nil {
			return err
		}
		return e.write(append(text, '\n'))
	}
	if err != nil {
		return err
	}
	defer r.release()
	r.byte('\n')
	return e.write(r.text())
}

// write writes a text and its newline, indented if that is asked for.
func (e *Encoder) write(text []byte) error {
	if e.prefix != "" || e.indent != "" {
		var err error
		if e.indented, err = indented(e.indented[:0], text, e.prefix, e.indent); err != nil {
			return err
		}
		text = e.indented
	}
	_, err := e.w.Write(text)
	if err != nil { // else there may be one of a call within Write
		e.err = err
	}
	return err
}

// SetIndent has following values formatted as by [Indent]; two empty strings end that.
func (e *Encoder) SetIndent(prefix, indent string) { e.prefix, e.indent = prefix, indent }

// SetEscapeHTML says whether <, > and & in strings are escaped, so that the text can stand in HTML. It is, unless
// this is called with false.
func (e *Encoder) SetEscapeHTML(on bool) {
	e.flags &^= ffi.EncodeEscapeHTML
	if on {
		e.flags |= ffi.EncodeEscapeHTML
	}
}
