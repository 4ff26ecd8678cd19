//go:build !cgo

package json

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
)

// A Decoder reads JSON values from an input stream: see [json.Decoder] of encoding/json.
type Decoder struct {
	*json.Decoder
	source *source // what it reads from, if it has a Config to keep to
	config Config
	strict strictDecoding
	err    error // ends the stream
}

// NewDecoder returns a decoder that reads from r.
func NewDecoder(r io.Reader) *Decoder { return &Decoder{Decoder: json.NewDecoder(r)} }

// NewDecoder is [NewDecoder] with the Config.
func (c Config) NewDecoder(r io.Reader) *Decoder {
	d := &Decoder{source: &source{r: r}, config: c, strict: strictDecoding{config: c}}
	d.source.decoder = d
	d.Decoder = json.NewDecoder(d.source)
	if c.UseNumber {
		d.Decoder.UseNumber()
	}
	if c.DisallowUnknownFields {
		d.Decoder.DisallowUnknownFields()
	}
	return d
}

// UseNumber is that of [json.Decoder].
func (d *Decoder) UseNumber() {
	d.config.UseNumber = true
	d.Decoder.UseNumber()
}

// DisallowUnknownFields is that of [json.Decoder].
func (d *Decoder) DisallowUnknownFields() {
	d.config.DisallowUnknownFields = true
	d.Decoder.DisallowUnknownFields()
}

// A source keeps what was read from the offset on.
type source struct {
	r       io.Reader
	decoder *Decoder
	text    []byte
	offset  int64
}

func (s *source) Read(into []byte) (int, error) {
	used := s.decoder.InputOffset()
	if s.decoder.strict.isTooLong(int(s.offset + int64(len(s.text)) - used)) {
		return 0, s.decoder.strict.tooLong(used)
	}
	n, err := s.r.Read(into)
	s.text = append(s.text, into[:n]...)
	return n, err
}

// since returns what was read from an offset on, and forgets what is before that.
func (s *source) since(offset int64) []byte {
	s.text = s.text[offset-s.offset:]
	s.offset = offset
	return s.text
}

// Decode is that of [json.Decoder].
func (d *Decoder) Decode(v any) error {
	if d.source == nil {
		return d.Decoder.Decode(v)
	}
	if d.err != nil {
		return d.err
	}
	last := d.strict.config.RejectTrailingData && len(d.strict.names) == 0
	if last && d.strict.done {
		return d.endOfStream()
	}
	start := d.InputOffset()
	var value json.RawMessage
	if err := d.Decoder.Decode(&value); err != nil {
		return err
	}
	end := d.InputOffset()
	text := bytes.Clone(d.source.since(start)[:end-start])
	text = text[bytes.LastIndexAny(text[:len(text)-len(value)], ",:")+1:]
	d.strict.done = len(d.strict.names) == 0
	if last {
		if d.err = d.end(); d.err != nil {
			return d.err
		}
	}
	if d.err = d.refuse(text, end); d.err != nil {
		return d.err
	}
	return d.config.unmarshal(text, v)
}

// refuse returns the error for a text that ends at the offset, if it is to be refused.
func (d *Decoder) refuse(text []byte, end int64) error {
	err := d.strict.config.check(text, len(d.strict.names))
	if refused, ok := err.(*RefusedError); ok {
		refused.Offset += end - int64(len(text))
	}
	return err
}

// Token is that of [json.Decoder].
func (d *Decoder) Token() (Token, error) {
	if d.source == nil {
		return d.Decoder.Token()
	}
	if d.err != nil {
		return nil, d.err
	}
	if d.strict.config.RejectTrailingData && d.strict.done && len(d.strict.names) == 0 {
		return nil, d.endOfStream()
	}
	start := d.InputOffset()
	token, err := d.Decoder.Token()
	if err != nil {
		return nil, err
	}
	end := d.InputOffset()
	text := d.source.since(start)[:end-start]
	raw := bytes.TrimLeft(text, " \t\r\n,:")
	switch token := token.(type) {
	case Delim:
		d.err = d.strict.enter(token, len(d.strict.names)+1, end-1)
	case string:
		d.err = d.refuse(raw, end)
		isName := bytes.IndexByte(text[:len(text)-len(raw)], ':') < 0
		if names := d.strict.names; d.err == nil && isName && len(names) > 0 {
			d.err = d.strict.name(token, end-int64(len(raw)))
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	d.strict.done = len(d.strict.names) == 0
	return token, nil
}

// endOfStream returns io.EOF, if nothing is left.
func (d *Decoder) endOfStream() error {
	if d.err = d.end(); d.err != nil {
		return d.err
	}
	return io.EOF
}

// end reads to the end of the stream. The error is that for anything but white space, of which there may be any length.
func (d *Decoder) end() error {
	rest := bufio.NewReader(io.MultiReader(d.Buffered(), d.source.r))
	for at := d.InputOffset(); ; at++ {
		switch c, err := rest.ReadByte(); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return trailing(c, at)
		}
	}
}
