package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"testing"
	"unsafe"

	"tandem.example/go/json"
)

// A codec is one of the two packages whose results are compared.
type codec struct {
	unmarshal     func(text []byte, target any) error
	marshal       func(value any) ([]byte, error)
	appendMarshal func(dst []byte, value any) ([]byte, error)
	marshalIndent func(value any, prefix, indent string) ([]byte, error)
	newEncoder    func(w io.Writer) encoder
	newDecoder    func(r io.Reader) decoder
}

type encoder interface {
	Encode(value any) error
	SetIndent(prefix, indent string)
	SetEscapeHTML(on bool)
}

var (
	ours = codec{json.Unmarshal, json.Marshal, json.AppendMarshal, json.MarshalIndent,
		func(w io.Writer) encoder { return json.NewEncoder(w) }, func(r io.Reader) decoder { return json.NewDecoder(r) }}
	standard = codec{stdjson.Unmarshal, stdjson.Marshal,
		func(dst []byte, value any) ([]byte, error) {
			text, err := stdjson.Marshal(value)
			return append(dst, text...), err
		}, stdjson.MarshalIndent,
		func(w io.Writer) encoder { return stdjson.NewEncoder(w) }, func(r io.Reader) decoder { return stdjson.NewDecoder(r) }}
)

// An outcome is all that a call leaves behind.
type outcome struct {
	result    any // the target or the text, also of a call that failed
	err       error
	recovered any
}

// attempt calls a function and keeps what it panics with.
func attempt(result any, call func() error) (o outcome) {
	defer func() { o.recovered = recover() }()
	o.result = result
	o.err = call()
	return o
}

// compare reports where the outcome of this package, got, is not that of encoding/json.
func compare(t testing.TB, what func() string, got, want outcome) {
	t.Helper()
	if fmt.Sprintf("%T %[1]v", got.recovered) != fmt.Sprintf("%T %[1]v", want.recovered) {
		t.Errorf("%s: panic %v, want %v", what(), got.recovered, want.recovered)
		return
	}
	if reflect.TypeOf(got.err) != reflect.TypeOf(want.err) || want.err != nil && got.err.Error() != want.err.Error() {
		t.Errorf("%s: error %#v, want %#v", what(), got.err, want.err)
		return
	}
	if where := difference(got.err, want.err); where != "" {
		t.Errorf("%s: error %#v, want %#v: differs at %s", what(), got.err, want.err, where)
	}
	if where := difference(got.result, want.result); where != "" {
		t.Errorf("%s: result differs at %s", what(), where)
	}
}

// sameDecode decodes a text with both packages, into targets that fresh makes, which are equal, and compares what
// becomes of them. It returns whether the text could be decoded.
func sameDecode(t testing.TB, text []byte, fresh func() any) bool {
	t.Helper()
	return sameDecodeBy(t, ours, text, fresh)
}

// sameDecodeBy is sameDecode for a codec of this package.
func sameDecodeBy(t testing.TB, ours codec, text []byte, fresh func() any) bool {
	t.Helper()
	decode := func(with codec, text []byte) outcome {
		target := fresh()
		return attempt(target, func() error { return with.unmarshal(text, target) })
	}
	input := bytes.Clone(text)
	got := decode(ours, input)
	if !bytes.Equal(input, text) {
		t.Errorf("the input %s was changed", excerpt(text))
	}
	want := decode(standard, input)
	compare(t, func() string { return fmt.Sprintf("%s into %T", excerpt(text), want.result) }, got, want)
	return want.err == nil && want.recovered == nil
}

// zero returns a function that makes pointers to new zero values of a type.
func zero(typ reflect.Type) func() any {
	return func() any { return reflect.New(typ).Interface() }
}

// sameEncode encodes a value with both packages in each way that they offer, and compares the texts.
func sameEncode(t testing.TB, value any) {
	t.Helper()
	sameEncodeBy(t, ours, value)
}

// sameEncodeBy is sameEncode for a codec of this package.
func sameEncodeBy(t testing.TB, ours codec, value any) {
	t.Helper()
	for _, way := range []struct {
		name   string
		encode func(with codec, text *bytes.Buffer) error
	}{
		{"Marshal", func(with codec, text *bytes.Buffer) error {
			encoded, err := with.marshal(value)
			text.Write(encoded)
			return err
		}},
		{"AppendMarshal", func(with codec, text *bytes.Buffer) error {
			encoded, err := with.appendMarshal([]byte("before"), value)
			text.Write(encoded)
			return err
		}},
		{"MarshalIndent", func(with codec, text *bytes.Buffer) error {
			encoded, err := with.marshalIndent(value, ">", "\t")
			text.Write(encoded)
			return err
		}},
		{"Encode", func(with codec, text *bytes.Buffer) error {
			e := with.newEncoder(text)
			e.SetEscapeHTML(false)
			return e.Encode(value)
		}},
		{"Encode indented", func(with codec, text *bytes.Buffer) error {
			e := with.newEncoder(text)
			e.SetIndent("", "  ")
			return e.Encode(value)
		}},
	} {
		encode := func(with codec) outcome {
			var text bytes.Buffer
			o := attempt(nil, func() error { return way.encode(with, &text) })
			o.result = text.String()
			return o
		}
		got, want := encode(ours), encode(standard)
		compare(t, func() string { return fmt.Sprintf("%s of %s", way.name, describe(value)) }, got, want)
	}
}

// sameEncodeAnywhere is sameEncode for a value by itself, behind a pointer, where its pointer's methods count, and
// inside of containers.
func sameEncodeAnywhere(t testing.TB, value any) {
	t.Helper()
	sameEncode(t, value)
	if value == nil {
		return
	}
	v := reflect.ValueOf(value)
	pointer := reflect.New(v.Type())
	pointer.Elem().Set(v)
	slice := reflect.Append(reflect.MakeSlice(reflect.SliceOf(v.Type()), 0, 1), v)
	dictionary := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), v.Type()))
	dictionary.SetMapIndex(reflect.ValueOf("<key>"), v)
	for _, container := range []any{
		pointer.Interface(), slice.Interface(), dictionary.Interface(), []any{value, pointer.Interface()},
	} {
		sameEncode(t, container)
	}
}

// describe is a value as it fits into a failure message. It may contain itself, or methods that panic.
func describe(value any) string {
	text := attempt(nil, func() error {
		text, err := stdjson.Marshal(value)
		return errors.Join(errors.New(excerpt(text)), err)
	})
	return fmt.Sprintf("%T %v", value, text.err)
}

// difference tells where two values differ, and nothing if they are the same. Unlike reflect.DeepEqual it takes NaN for
// itself and 0 not for -0, and looks through a reflect.Value.
func difference(a, b any) string {
	if where := (comparison{}).difference(reflect.ValueOf(a), reflect.ValueOf(b)); where != "" {
		return "value" + where
	}
	return ""
}

// A comparison knows the pairs of pointers, maps and slices that were met: they may lead back to themselves.
type comparison map[met]bool

type met struct {
	typ    reflect.Type
	a, b   unsafe.Pointer
	length int // of slices
}

func (c comparison) difference(a, b reflect.Value) string {
	if !a.IsValid() || !b.IsValid() {
		return unless(a.IsValid() == b.IsValid(), a, b)
	}
	if a.Type() != b.Type() {
		return fmt.Sprintf(": %v, want %v", a.Type(), b.Type())
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if a.IsNil() || b.IsNil() {
			return unless(a.IsNil() == b.IsNil(), a, b)
		}
		pair := met{typ: a.Type(), a: a.UnsafePointer(), b: b.UnsafePointer()}
		if a.Kind() == reflect.Slice {
			pair.length = a.Len()
		}
		if c[pair] {
			return ""
		}
		c[pair] = true
	}
	switch a.Kind() {
	case reflect.Bool:
		return unless(a.Bool() == b.Bool(), a, b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return unless(a.Int() == b.Int(), a, b)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return unless(a.Uint() == b.Uint(), a, b)
	case reflect.Float32, reflect.Float64:
		return unless(math.Float64bits(a.Float()) == math.Float64bits(b.Float()), a, b)
	case reflect.Complex64, reflect.Complex128:
		return unless(a.Complex() == b.Complex(), a, b)
	case reflect.String:
		return unless(a.String() == b.String(), a, b)
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return unless(a.UnsafePointer() == b.UnsafePointer(), a, b)
	case reflect.Interface, reflect.Pointer:
		return c.difference(a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return fmt.Sprintf(": length %d, want %d", a.Len(), b.Len())
		}
		for i := range a.Len() {
			if where := c.difference(a.Index(i), b.Index(i)); where != "" {
				return fmt.Sprintf("[%d]%s", i, where)
			}
		}
	case reflect.Map:
		if a.Len() != b.Len() {
			return fmt.Sprintf(": length %d, want %d", a.Len(), b.Len())
		}
		for members := a.MapRange(); members.Next(); {
			if where := c.difference(members.Value(), b.MapIndex(members.Key())); where != "" {
				return fmt.Sprintf("[%v]%s", members.Key(), where)
			}
		}
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[reflect.Value]() && a.CanInterface() {
			return c.difference(a.Interface().(reflect.Value), b.Interface().(reflect.Value))
		}
		for i := range a.NumField() {
			if where := c.difference(a.Field(i), b.Field(i)); where != "" {
				return "." + a.Type().Field(i).Name + where
			}
		}
	}
	return ""
}

func unless(same bool, a, b reflect.Value) string {
	if same {
		return ""
	}
	return fmt.Sprintf(": %v, want %v", a, b)
}

func TestDifference(t *testing.T) {
	type node struct {
		next  *node
		value any
	}
	cycle := func(value any) *node {
		n := &node{value: value}
		n.next = n
		return n
	}
	for _, test := range []struct {
		a, b any
		same bool
	}{
		{nil, nil, true},
		{nil, 1, false},
		{1, int64(1), false},
		{math.NaN(), math.NaN(), true},
		{0.0, math.Copysign(0, -1), false},
		{[]int(nil), []int{}, false},
		{map[string]int(nil), map[string]int{}, false},
		{[]int{1, 2}, []int{1, 2}, true},
		{[]int{1, 2}, []int{1, 3}, false},
		{[]int{1, 2}, []int{1}, false},
		{map[string]any{"a": 1}, map[string]any{"a": 1}, true},
		{map[string]any{"a": 1}, map[string]any{"b": 1}, false},
		{map[string]any{"a": nil}, map[string]any{"b": nil}, false},
		{new(int), new(int), true},
		{new(int), (*int)(nil), false},
		{cycle(1), cycle(1), true},
		{cycle(1), cycle(2), false},
		{[]*node{cycle([]any{1.5})}, []*node{cycle([]any{"1.5"})}, false},
		{reflect.ValueOf(1), reflect.ValueOf(1), true},
		{reflect.ValueOf(1), reflect.ValueOf(2), false},
	} {
		if where := difference(test.a, test.b); (where == "") != test.same {
			t.Errorf("%#v and %#v: difference %q", test.a, test.b, where)
		}
	}
}
