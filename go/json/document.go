package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Document is a JSON text that was parsed once and can then be read in many ways without building values: they are read
// out of the text when they are asked for, numbers exactly as they stand there. Reading makes no calls into the library.
//
// As for [Unmarshal], strings may contain what is no character, which reads as U+FFFD, and of members with the same name
// the last one counts.
//
// A Document refers to the text that it was parsed from, which must not change as long as the document is used. Any number of
// goroutines may read it at once. The zero Document has nothing in it; Reset parses a text into it.
type Document struct {
	text []byte
	tape []uint64
}

// ParseDocument parses a text. The error for one that is not JSON is a [*SyntaxError], as of [Unmarshal]. Texts of 2 GiB
// and more are refused.
func ParseDocument(text []byte) (*Document, error) {
	d := new(Document)
	if err := d.Reset(text); err != nil {
		return nil, err
	}
	return d, nil
}

// Reset parses a text in place of the one before, whose memory is used again. After an error there is nothing in the
// document. Values of the text before must not be used any more.
func (d *Document) Reset(text []byte) error {
	tape, err := appendTape(d.tape[:0], text)
	d.text, d.tape = text, tape
	if err != nil {
		d.text = nil
	}
	return err
}

// Root returns the value of the text.
func (d *Document) Root() Value {
	if len(d.tape) == 0 {
		return Value{}
	}
	return Value{document: d}
}

// Find returns the value that a JSON Pointer (RFC 6901) leads to: see [Value.Find].
func (d *Document) Find(pointer string) (Value, error) { return d.Root().Find(pointer) }

// FindAll returns the value that each of the JSON Pointers leads to, in their order.
func (d *Document) FindAll(pointers ...string) ([]Value, error) {
	values := make([]Value, len(pointers))
	for i, pointer := range pointers {
		var err error
		if values[i], err = d.Find(pointer); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// A Kind is what kind of value a [Value] is.
type Kind uint8

// The kinds of values. KindMissing is that of the zero Value, which stands for a value that is not there.
const (
	KindMissing Kind = iota
	KindNull
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
)

// String returns the name of a kind.
func (k Kind) String() string {
	names := [...]string{"missing", "null", "boolean", "number", "string", "array", "object"}
	if int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}

// A Value is a value of a [Document]. The zero Value is one that is not there: what is asked of it is not there either, so
// that calls can be chained, as in root.Get("user").Get("name").Text().
type Value struct {
	document *Document
	place    uint32
}

// What stands in a tape: see docs/run.md.
const (
	tapeKindShift    = 61
	tapePayloadShift = 31
	tapePayload      = 1<<(tapeKindShift-tapePayloadShift) - 1
	tapeOffset       = 1<<tapePayloadShift - 1
)

var errDocumentTooLarge = errors.New("json: a document is smaller than 2 GiB")

func (v Value) word() uint64 { return v.document.tape[v.place] }

// isLong tells whether the length of a string or number is a word of its own.
func (v Value) isLong() bool {
	kind := v.Kind()
	return (kind == KindString || kind == KindNumber) && v.word()>>tapePayloadShift&tapePayload == tapePayload
}

func (v Value) payload() int {
	if v.isLong() {
		return int(v.document.tape[v.place+1])
	}
	return int(v.word() >> tapePayloadShift & tapePayload)
}

// behind returns what stands behind the value: another, or the end of the array or object around it.
func (v Value) behind() Value {
	switch {
	case v.Kind() >= KindArray:
		v.place = uint32(v.document.tape[v.place+1])
	case v.isLong():
		v.place += 2
	default:
		v.place++
	}
	return v
}

// first returns the first element, or the name of the first member.
func (v Value) first() Value { return Value{v.document, v.place + 2} }

// Kind returns what kind of value it is.
func (v Value) Kind() Kind {
	if v.document == nil {
		return KindMissing
	}
	return Kind(v.word()>>tapeKindShift) + KindNull
}

// Exists reports whether the value is there.
func (v Value) Exists() bool { return v.document != nil }

// IsNull reports whether the value is there, and null.
func (v Value) IsNull() bool { return v.Kind() == KindNull }

// Bool returns a boolean, and reports whether the value is one.
func (v Value) Bool() (value, ok bool) {
	if v.Kind() != KindBool {
		return false, false
	}
	return v.payload() != 0, true
}

// Number returns a number exactly as it stands in the text, and reports whether the value is one.
func (v Value) Number() (Number, bool) {
	if v.Kind() != KindNumber {
		return "", false
	}
	return Number(v.Raw()), true
}

// Int64 returns a number that is an integer, and reports whether the value is one, written without fraction and exponent, that
// fits.
func (v Value) Int64() (int64, bool) {
	if v.Kind() != KindNumber {
		return 0, false
	}
	value, err := strconv.ParseInt(string(v.Raw()), 10, 64)
	if err != nil {
		return 0, false
	}
	return value, true
}

// Uint64 returns a number that is an integer, and reports whether the value is one, written without sign, fraction and
// exponent, that fits.
func (v Value) Uint64() (uint64, bool) {
	if v.Kind() != KindNumber {
		return 0, false
	}
	value, err := strconv.ParseUint(string(v.Raw()), 10, 64)
	if err != nil {
		return 0, false
	}
	return value, true
}

// Float64 returns the float64 that is closest to a number, and reports whether the value is a number in range.
func (v Value) Float64() (float64, bool) {
	if v.Kind() != KindNumber {
		return 0, false
	}
	value, err := strconv.ParseFloat(string(v.Raw()), 64)
	if err != nil {
		return 0, false
	}
	return value, true
}

// Text returns a string without its quotes, with its escapes resolved, and reports whether the value is one.
func (v Value) Text() (string, bool) {
	if v.Kind() != KindString {
		return "", false
	}
	return v.unquote(), true
}

// inner returns what stands between the quotes of a string.
func (v Value) inner() []byte {
	raw := v.Raw()
	return raw[1 : len(raw)-1]
}

// unquote returns the value of a string.
func (v Value) unquote() (text string) {
	inner := v.inner()
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	_ = json.Unmarshal(v.Raw(), &text) // which can't fail, as the text was checked
	return text
}

// Len returns how many elements an array has, or members an object, those of the same name counted each; 0 for other
// values.
func (v Value) Len() int {
	if v.Kind() < KindArray {
		return 0
	}
	return v.payload()
}

// Span returns where the value begins in the text, and where it ends.
func (v Value) Span() (start, end int) {
	if v.document == nil {
		return 0, 0
	}
	start = int(v.word() & tapeOffset)
	switch v.Kind() {
	case KindNull:
		return start, start + len("null")
	case KindBool:
		return start, start + len("false") - v.payload()
	case KindNumber:
		return start, start + v.payload()
	case KindString:
		return start, start + v.payload() + len(`""`)
	default:
		last := v.document.tape[v.behind().place-1]
		return start, int(last&tapeOffset) + 1
	}
}

// Raw returns the value as it stands in the text, which it is a part of.
func (v Value) Raw() RawMessage {
	if v.document == nil {
		return nil
	}
	start, end := v.Span()
	return RawMessage(v.document.text[start:end:end])
}

// Get returns the member of an object with this name, the last if there are several.
func (v Value) Get(name string) (found Value) {
	if v.Kind() != KindObject {
		return Value{}
	}
	// Nearly all names stand in the text as they are. With an escape they are longer there; what is no character, and so becomes
	// U+FFFD, may be shorter.
	plain := !strings.ContainsAny(name, "\\\uFFFD")
	at := v.first()
	for range v.payload() {
		value := at.behind()
		inner := at.inner()
		if plain && string(inner) == name ||
			(!plain || len(inner) > len(name) && bytes.IndexByte(inner, '\\') >= 0) && at.unquote() == name {
			found = value
		}
		at = value.behind()
	}
	return found
}

// Index returns the element of an array at index, from 0.
func (v Value) Index(index int) Value {
	if v.Kind() != KindArray || index < 0 || index >= v.payload() {
		return Value{}
	}
	at := v.first()
	for range index {
		at = at.behind()
	}
	return at
}

// errPointer is the error of all texts that are no JSON Pointers.
var errPointer = errors.New("json: a JSON Pointer is empty or begins with '/', and has '~' only in '~0' and '~1'")

// Find returns the value that a JSON Pointer (RFC 6901) leads to from here, which is not there if there is none. It is an error
// if the pointer is none: it must be empty or begin with '/', and '~' must be followed by '0' or '1'.
func (v Value) Find(pointer string) (Value, error) {
	if pointer == "" {
		return v, nil
	}
	rest, found := strings.CutPrefix(pointer, "/")
	if !found {
		return Value{}, errPointer
	}
	for more := true; more; {
		var token string
		token, rest, more = strings.Cut(rest, "/")
		if strings.Contains(token, "~") {
			for i, part := range strings.Split(token, "~") {
				if i > 0 && !strings.HasPrefix(part, "0") && !strings.HasPrefix(part, "1") {
					return Value{}, errPointer
				}
			}
			token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		}
		if v.Kind() == KindArray {
			v = v.Index(pointerIndex(token))
		} else {
			v = v.Get(token)
		}
	}
	return v, nil
}

// pointerIndex returns the index that a part of a JSON Pointer is: digits without zeros in front. It returns -1 for others.
func pointerIndex(token string) int {
	if token == "" || len(token) > 10 || token[0] == '0' && token != "0" {
		return -1
	}
	index := 0
	for _, digit := range []byte(token) {
		if digit < '0' || digit > '9' {
			return -1
		}
		index = 10*index + int(digit-'0')
	}
	return index
}

// Elements yields the elements of an array with their indexes; nothing for other values.
func (v Value) Elements() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.Kind() != KindArray {
			return
		}
		at := v.first()
		for i := range v.payload() {
			if !yield(i, at) {
				return
			}
			at = at.behind()
		}
	}
}

// Members yields the names and values of an object's members in their order; nothing for other values.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != KindObject {
			return
		}
		at := v.first()
		for range v.payload() {
			value := at.behind()
			if !yield(at.unquote(), value) {
				return
			}
			at = value.behind()
		}
	}
}

// Decode stores the value in what target points to, as [Unmarshal] does.
func (v Value) Decode(target any) error { return Unmarshal(v.Raw(), target) }

// MarshalJSON returns the value as it stands in the text, so that a Value can be a part of what is marshaled. One that is not
// there is null.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.document == nil {
		return []byte("null"), nil
	}
	return v.Raw(), nil
}

// AppendCompact appends the value to dst without white space between its tokens.
func (v Value) AppendCompact(dst []byte) []byte { return appendCompact(dst, v.Raw()) }

// AppendIndent appends the value to dst as [Indent] formats it.
func (v Value) AppendIndent(dst []byte, prefix, indent string) []byte {
	return appendIndent(dst, v.Raw(), prefix, indent)
}
