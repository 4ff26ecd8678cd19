//go:build cgo

package json

import (
	"io"

	"tandem.example/go/internal/ffi"
)

// NewDecoder is [NewDecoder] with the Config.
func (c Config) NewDecoder(r io.Reader) *Decoder {
	d := &Decoder{r: r, flags: c.decodeFlags()}
	if c.isStrict() {
		d.strict = &strictDecoding{config: c}
	}
	return d
}

// isStrict reports whether something has to be checked besides what encoding/json does.
func (c Config) isStrict() bool {
	return c.RejectDuplicateNames || c.RejectInvalidUTF8 || c.RejectTrailingData || c.MaxDepth > 0 || c.MaxBytes > 0
}

// config returns what the decoder asks of encoding/json for values that are left to it.
func (d *Decoder) config() Config {
	return Config{
		UseNumber:             d.flags&ffi.DecodeUseNumber != 0,
		DisallowUnknownFields: d.flags&ffi.DecodeDisallowUnknown != 0,
		CaseSensitive:         d.flags&ffi.DecodeExactNames != 0,
	}
}

// refuse returns the error for the next value, and ends the stream, if it is to be refused.
func (d *Decoder) refuse(value []byte) error {
	if d.strict == nil {
		return nil
	}
	err := d.strict.config.check(value, len(d.stack))
	if refused, ok := err.(*RefusedError); ok {
		refused.Offset += d.InputOffset()
	}
	if err != nil {
		d.forget()
		d.err = err
	}
	return err
}

// decodeStrictly decodes the next value, where one may be.
func (d *Decoder) decodeStrictly(v any) error {
	if d.state != tokenTopValue || !d.strict.config.RejectTrailingData {
		return d.decode(v)
	}
	if d.strict.done {
		return d.endOfStream()
	}
	d.strict.whole = true
	defer func() { d.strict.whole = false }()
	err := d.decode(v)
	d.strict.done = d.err == nil
	return err
}

// tokenStrictly returns the next token.
func (d *Decoder) tokenStrictly() (Token, error) {
	if d.err != nil {
		return nil, d.err
	}
	s := d.strict
	if s.config.RejectTrailingData && s.done && d.state == tokenTopValue {
		return nil, d.endOfStream()
	}
	token, err := d.token()
	if err != nil {
		return nil, err
	}
	if bracket, ok := token.(Delim); ok {
		if d.err = s.enter(bracket, len(d.stack), d.InputOffset()-1); d.err != nil {
			return nil, d.err
		}
	}
	s.done = d.state == tokenTopValue
	return token, nil
}

// endOfStream returns io.EOF, if nothing is left.
func (d *Decoder) endOfStream() error {
	if err := d.end(0); err != nil {
		return err
	}
	return io.EOF
}

// end reads to the end of the stream. The error is that for anything but white space behind the next length bytes.
func (d *Decoder) end(length int) error {
	var err error
	for dropped := 0; ; {
		if at := skipSpace(d.buf, d.next+length); at < len(d.buf) {
			d.err = trailing(d.buf[at], d.before+int64(at+dropped))
			return d.err
		}
		dropped += len(d.buf) - (d.next + length)
		d.buf = d.buf[:d.next+length]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			d.err = err
			return err
		}
		err = d.refill()
	}
}
