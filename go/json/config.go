package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A Config says what to do otherwise than encoding/json. The zero Config does nothing otherwise: its methods are the package's
// functions of the same names. A Config may be used by many goroutines at once.
//
// What it refuses, and encoding/json does not, is a [*RefusedError], which is found before anything is stored. All other
// errors are those of encoding/json.
type Config struct {
	// RejectDuplicateNames refuses objects with two members of the same name, in all of the text. Without it, the last one
	// counts. Names that differ in case are not the same: see CaseSensitive.
	RejectDuplicateNames bool
	// RejectInvalidUTF8 refuses strings and names that are not UTF-8, or have an escape of half a surrogate pair. Without
	// it, both become U+FFFD.
	RejectInvalidUTF8 bool
	// CaseSensitive makes a member a field's only if its name is exactly the field's. Otherwise it is unknown, which is no error
	// by itself. Without it, names may differ in case.
	CaseSensitive bool
	// DisallowUnknownFields makes an error of members that a struct does not have.
	DisallowUnknownFields bool
	// RejectTrailingData takes a [Decoder]'s stream for one value. Decode reads to the stream's end before it stores, and
	// anything but white space behind the value is a [*SyntaxError], as it always is for Unmarshal. Token stops behind the value
	// in the same way.
	RejectTrailingData bool

	// MaxDepth is how deep arrays and objects may be nested: 1 allows those that have scalars in them. 0 stands for
	// 10,000, which is the limit in any case.
	MaxDepth int
	// MaxBytes is how long a text may be; 0 is no limit. For a [Decoder] it counts for each value, with the white space before
	// it, and bounds what is read into memory: little more than that.
	MaxBytes int

	// UseNumber has numbers in interface values become a [Number] instead of a float64.
	UseNumber bool
	// ShareStrings lets the strings of a result, and numbers that are kept as text, refer to the memory of the text instead of a
	// copy of it. That saves copying, and has a price: the text must not be changed as long as one of them is used, and one
	// string, however short, keeps all of the text in memory. Strings with escapes are copied still. A [Decoder]
	// does not use its buffer again, then, but makes a new one for each read.
	ShareStrings bool

	// UnsortedMaps writes the members of maps in any order, which may be another one each time. Without it, they are
	// sorted by name.
	UnsortedMaps bool
	// NoEscapeHTML leaves <, > and & in strings as they are.
	NoEscapeHTML bool
}

// What a [RefusedError] is about, to be found by [errors.Is].
var (
	ErrDuplicateName = errors.New("two members of an object have the same name")
	ErrInvalidUTF8   = errors.New("a string is not UTF-8")
	ErrTooDeep       = errors.New("nested too deep")
	ErrTooLong       = errors.New("text too long")
)

// A RefusedError says that a text was refused which encoding/json accepts, since a [Config] asks for it.
type RefusedError struct {
	Offset int64 // bytes of the input before what is refused
	Err    error // one of the errors above
}

func (e *RefusedError) Error() string { return fmt.Sprintf("json: %v (byte %d)", e.Err, e.Offset) }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Err }

// Unmarshal is [Unmarshal] with the Config.
func (c Config) Unmarshal(data []byte, v any) error {
	if err := c.check(data, 0); err != nil {
		return err
	}
	return c.unmarshal(data, v)
}

// Valid is [Valid] with the Config: it reports whether data is one that Unmarshal does not refuse.
func (c Config) Valid(data []byte) bool { return c.check(data, 0) == nil && Valid(data) }

// Compact is [Compact] with the Config, which src is checked by.
func (c Config) Compact(dst *bytes.Buffer, src []byte) error {
	if err := c.check(src, 0); err != nil {
		return err
	}
	return Compact(dst, src)
}

// Indent is [Indent] with the Config, which src is checked by.
func (c Config) Indent(dst *bytes.Buffer, src []byte, prefix, indent string) error {
	if err := c.check(src, 0); err != nil {
		return err
	}
	return Indent(dst, src, prefix, indent)
}

// ParseDocument is [ParseDocument] with the Config, which the text is checked by.
func (c Config) ParseDocument(text []byte) (*Document, error) {
	if err := c.check(text, 0); err != nil {
		return nil, err
	}
	return ParseDocument(text)
}

// marshalForeign encodes what is left to encoding/json.
func marshalForeign(v any, escapeHTML bool) ([]byte, error) {
	if escapeHTML {
		return json.Marshal(v)
	}
	var text bytes.Buffer
	foreign := json.NewEncoder(&text)
	foreign.SetEscapeHTML(false)
	if err := foreign.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte{'\n'}), nil
}

// indentForeign indents what is left to encoding/json.
func indentForeign(text []byte, prefix, indent string) ([]byte, error) {
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, prefix, indent); err != nil {
		return nil, err
	}
	return indented.Bytes(), nil
}

// maxNesting is how deep texts may be nested in any case.
const maxNesting = 10_000

// check refuses what the Config refuses of a text that lies within depth arrays and objects. Texts that are not JSON are for
// others to refuse.
func (c Config) check(text []byte, depth int) error {
	if c.MaxBytes > 0 && len(text) > c.MaxBytes {
		return &RefusedError{int64(c.MaxBytes), ErrTooLong}
	}
	if !c.RejectDuplicateNames && !c.RejectInvalidUTF8 && c.MaxDepth <= 0 {
		return nil
	}
	limit := maxNesting
	if c.MaxDepth > 0 {
		limit = min(max(c.MaxDepth-depth, 0), maxNesting)
	}
	offset, err := c.fault(text, limit)
	if err == nil || err == ErrTooDeep && limit == maxNesting { // of which encoding/json has an error
		return nil
	}
	return &RefusedError{int64(offset), err}
}

// unmarshalForeign decodes what is left to encoding/json.
func (c Config) unmarshalForeign(text []byte, v any) error {
	if !c.UseNumber && !c.DisallowUnknownFields && !c.CaseSensitive || !Valid(text) {
		return json.Unmarshal(text, v)
	}
	var h nameHider
	if c.CaseSensitive {
		text = h.hide(text, v)
	}
	foreign := json.NewDecoder(bytes.NewReader(text))
	if c.UseNumber {
		foreign.UseNumber()
	}
	if c.DisallowUnknownFields {
		foreign.DisallowUnknownFields()
	}
	err := foreign.Decode(v)
	if err != nil && h.first != "" && err.Error() == unknownField(string(hiddenName(len(h.first)))).Error() {
		var name string
		if json.Unmarshal([]byte(`"`+h.first+`"`), &name) == nil {
			return unknownField(name)
		}
	}
	return err
}

// unknownField is the error of encoding/json for a member of that name.
func unknownField(name string) error {
	text, err := json.Marshal(map[string]int{name: 0})
	if err != nil {
		return err
	}
	foreign := json.NewDecoder(bytes.NewReader(text))
	foreign.DisallowUnknownFields()
	return foreign.Decode(new(struct{}))
}
