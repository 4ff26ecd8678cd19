package json_test

//lint:file-ignore SA5008,U1000 Tags and fields that a program should not have are what is tested.

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"

	"tandem.example/go/json"
)

// zoo holds types of every sort that encoding/json treats in a way of its own. Members are called A, B, C and D, so that one
// set of documents fits all.
var zoo = []reflect.Type{
	// Kinds.
	reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[any](),
	reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
	reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
	reflect.TypeFor[uintptr](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
	reflect.TypeFor[complex128](), reflect.TypeFor[chan int](), reflect.TypeFor[func()](), reflect.TypeFor[struct{}](),
	reflect.TypeFor[json.Number](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[time.Time](), reflect.TypeFor[time.Duration](),
	// Containers.
	reflect.TypeFor[[]bool](), reflect.TypeFor[[]int](), reflect.TypeFor[[]uint16](), reflect.TypeFor[[]float32](), reflect.TypeFor[[]float64](),
	reflect.TypeFor[[]string](), reflect.TypeFor[[]any](), reflect.TypeFor[[][]int](), reflect.TypeFor[[]struct{ A, B any }](),
	reflect.TypeFor[[]struct{}](), reflect.TypeFor[[]*int](), reflect.TypeFor[[]map[string]int](), reflect.TypeFor[[]json.RawMessage](),
	reflect.TypeFor[[]byte](), reflect.TypeFor[[]octet](), reflect.TypeFor[[]textOctet](), reflect.TypeFor[octets](), reflect.TypeFor[rawLike](),
	reflect.TypeFor[[0]int](), reflect.TypeFor[[1]int](), reflect.TypeFor[[2]any](), reflect.TypeFor[[3]byte](), reflect.TypeFor[[2][2]float64](),
	reflect.TypeFor[[1]valueText](), reflect.TypeFor[[1]pointerJSON](), reflect.TypeFor[[1]*int](), reflect.TypeFor[[1]map[int8]string](), reflect.TypeFor[[1]map[string]any](), reflect.TypeFor[[1]map[valueText][]int](),
	reflect.TypeFor[[1]struct{ A, B []int }](), reflect.TypeFor[[1]json.Number](), reflect.TypeFor[[1]json.RawMessage](),
	// Maps and their keys.
	reflect.TypeFor[map[string]any](), reflect.TypeFor[map[string]int](), reflect.TypeFor[map[string]string](), reflect.TypeFor[map[word]any](),
	reflect.TypeFor[dictionary](), reflect.TypeFor[map[string]map[string]int](), reflect.TypeFor[map[string][]int](),
	reflect.TypeFor[map[string]*struct{ A int }](), reflect.TypeFor[map[string]struct{ A, B any }](), reflect.TypeFor[map[string]pointerJSON](),
	reflect.TypeFor[map[int]int](), reflect.TypeFor[map[int8]any](), reflect.TypeFor[map[int64]string](), reflect.TypeFor[map[count]int](),
	reflect.TypeFor[map[uint]int](), reflect.TypeFor[map[uint8]any](), reflect.TypeFor[map[uint64]string](), reflect.TypeFor[map[uintptr]bool](),
	reflect.TypeFor[map[valueText]int](), reflect.TypeFor[map[pointerText]int](), reflect.TypeFor[map[textNumber]int](),
	reflect.TypeFor[map[textStruct]int](), reflect.TypeFor[map[bothJSONAndText]int](), reflect.TypeFor[map[netip.Addr]int](),
	reflect.TypeFor[map[float64]int](), reflect.TypeFor[map[bool]int](), reflect.TypeFor[map[any]int](), reflect.TypeFor[map[[2]int]int](),
	reflect.TypeFor[map[*pointerText]int](), reflect.TypeFor[map[encoding.TextMarshaler]int](),
	// Pointers.
	reflect.TypeFor[*int](), reflect.TypeFor[**string](), reflect.TypeFor[***bool](), reflect.TypeFor[*any](), reflect.TypeFor[*[]int](),
	reflect.TypeFor[*map[string]int](), reflect.TypeFor[*struct{ A *int }](), reflect.TypeFor[*time.Time](), reflect.TypeFor[**pointerJSON](),
	reflect.TypeFor[*json.RawMessage](), reflect.TypeFor[pointerToText](), reflect.TypeFor[struct{ A pointerToText }](), reflect.TypeFor[*pointerToText](),
	// Interfaces.
	reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[error](),
	reflect.TypeFor[named](), reflect.TypeFor[struct{ A named }](), reflect.TypeFor[struct{ A, B fmt.Stringer }](),
	reflect.TypeFor[struct {
		A json.Marshaler
		B encoding.TextMarshaler
	}](),
	// Types with methods.
	reflect.TypeFor[valueText](), reflect.TypeFor[pointerText](), reflect.TypeFor[valueJSON](), reflect.TypeFor[pointerJSON](),
	reflect.TypeFor[textNumber](), reflect.TypeFor[textBytes](), reflect.TypeFor[textSlice](), reflect.TypeFor[textStruct](), reflect.TypeFor[bothJSONAndText](),
	reflect.TypeFor[jsonMap](), reflect.TypeFor[jsonFunc](), reflect.TypeFor[failing](), reflect.TypeFor[mismatching](), reflect.TypeFor[panicking](),
	reflect.TypeFor[misprinting](), reflect.TypeFor[*valueText](), reflect.TypeFor[*pointerText](), reflect.TypeFor[[]valueText](), reflect.TypeFor[[]pointerText](),
	reflect.TypeFor[[]*valueJSON](), reflect.TypeFor[[]pointerJSON](), reflect.TypeFor[map[string]valueJSON](), reflect.TypeFor[map[failing]int](),
	reflect.TypeFor[map[string]failing](), reflect.TypeFor[[]mismatching](), reflect.TypeFor[map[string]mismatching](), reflect.TypeFor[map[mismatching]int](),
	reflect.TypeFor[struct{ time.Time }](), reflect.TypeFor[struct{ A struct{ pointerJSON } }](), reflect.TypeFor[struct{ *valueText }](),
	reflect.TypeFor[big.Int](), reflect.TypeFor[*big.Float](), reflect.TypeFor[url.URL](), reflect.TypeFor[netip.Prefix](),
	reflect.TypeFor[members](), reflect.TypeFor[[]members](), reflect.TypeFor[map[string]members](),
	reflect.TypeFor[struct {
		A failing
		B panicking
	}](),
	reflect.TypeFor[struct {
		A struct {
			B struct{ A []mismatching }
			Inner
		}
		B mismatching
	}](),
	// Tags.
	reflect.TypeFor[emptyOmitted](), reflect.TypeFor[zeroOmitted](), reflect.TypeFor[quoted](), reflect.TypeFor[quotedPointers](),
	reflect.TypeFor[quotedMethods](), reflect.TypeFor[renamed](), reflect.TypeFor[folded](), reflect.TypeFor[beyondASCII](),
	// Embedding.
	reflect.TypeFor[embedsValue](), reflect.TypeFor[embedsPointer](), reflect.TypeFor[embedsHidden](), reflect.TypeFor[embedsHiddenPointer](),
	reflect.TypeFor[embedsAmbiguous](), reflect.TypeFor[embedsTagged](), reflect.TypeFor[embedsHiddenTagged](), reflect.TypeFor[embedsTwice](),
	reflect.TypeFor[embedsDeep](), reflect.TypeFor[embedsInterface](), reflect.TypeFor[embedsScalars](), reflect.TypeFor[shadows](),
	reflect.TypeFor[Recursive](), reflect.TypeFor[prefersTag](), reflect.TypeFor[embedsMap](), reflect.TypeFor[embedsMethods](), reflect.TypeFor[struct{ *embedsMethods }](), reflect.TypeFor[omitsEmbedded](),
	reflect.TypeFor[Around](), reflect.TypeFor[embedsAround](),
	// Types that contain themselves.
	reflect.TypeFor[list](), reflect.TypeFor[tree](), reflect.TypeFor[nest](), reflect.TypeFor[nestMap](), reflect.TypeFor[[]tree](),
	reflect.TypeFor[mutual](),
}

type (
	word       string
	count      int
	octet      byte
	octets     []byte
	rawLike    json.RawMessage
	dictionary map[string]any
	nest       []nest
	nestMap    map[string]nestMap
	endless    *endless
)

// Types with methods. Texts are the value in brackets, so that it shows whether the method was called.

func bracketed(v any) []byte { return fmt.Appendf(nil, "[%v <&>\u2028\xff]", v) }

func bracketedJSON(v any) []byte {
	return fmt.Appendf(nil, "{ %q : [ 1 , \"<&>\u2028\xff\" ] }", fmt.Sprint(v))
}

type valueText string

func (v valueText) MarshalText() ([]byte, error) { return bracketed(string(v)), nil }
func (v *valueText) UnmarshalText(text []byte) error {
	*v = valueText(bracketed(string(text)))
	return nil
}

type pointerText string

func (v *pointerText) MarshalText() ([]byte, error) { return bracketed(string(*v)), nil }
func (v *pointerText) UnmarshalText(text []byte) error {
	*v = pointerText(bracketed(string(text)))
	return nil
}

// pointerToText has none of the methods of what it points to.
type pointerToText *pointerText

type valueJSON struct{ A, B any }

func (v valueJSON) MarshalJSON() ([]byte, error)     { return bracketedJSON(v.A), nil }
func (v *valueJSON) UnmarshalJSON(text []byte) error { v.A = string(text); return nil }

type pointerJSON struct{ A, B any }

func (v *pointerJSON) MarshalJSON() ([]byte, error)    { return bracketedJSON(v.A), nil }
func (v *pointerJSON) UnmarshalJSON(text []byte) error { v.A = string(text); return nil }

type textOctet byte

func (v textOctet) MarshalText() ([]byte, error)     { return bracketed(byte(v)), nil }
func (v *textOctet) UnmarshalText(text []byte) error { *v = textOctet(len(text)); return nil }

type textNumber int

func (v textNumber) MarshalText() ([]byte, error)     { return bracketed(int(v)), nil }
func (v *textNumber) UnmarshalText(text []byte) error { *v = textNumber(len(text)); return nil }

// textBytes is what it is given, which is never nil.
type textBytes []byte

func (v textBytes) MarshalText() ([]byte, error)     { return bytes.Clone(v), nil }
func (v *textBytes) UnmarshalText(text []byte) error { *v = bytes.Clone(text); return nil }

type textSlice []string

func (v textSlice) MarshalText() ([]byte, error)     { return bracketed(len(v)), nil }
func (v *textSlice) UnmarshalText(text []byte) error { *v = append(*v, string(text)); return nil }

type textStruct struct{ A, B string }

func (v textStruct) MarshalText() ([]byte, error)     { return bracketed(v.A + "|" + v.B), nil }
func (v *textStruct) UnmarshalText(text []byte) error { v.A = string(text); return nil }

type bothJSONAndText string

func (v bothJSONAndText) MarshalText() ([]byte, error) { return bracketed("text " + v), nil }
func (v *bothJSONAndText) UnmarshalText(text []byte) error {
	*v = "text " + bothJSONAndText(text)
	return nil
}
func (v bothJSONAndText) MarshalJSON() ([]byte, error) { return bracketedJSON(string(v)), nil }
func (v *bothJSONAndText) UnmarshalJSON(text []byte) error {
	*v = "JSON " + bothJSONAndText(text)
	return nil
}

type jsonMap map[string]string

func (v jsonMap) MarshalJSON() ([]byte, error) { return bracketedJSON(len(v)), nil }
func (v jsonMap) UnmarshalJSON(text []byte) error {
	if v == nil {
		return errors.New("no map")
	}
	v["text"] = string(text)
	return nil
}

type jsonFunc func()

func (v jsonFunc) MarshalJSON() ([]byte, error)     { return bracketedJSON(v == nil), nil }
func (v *jsonFunc) UnmarshalJSON(text []byte) error { return nil }

// failing has methods that fail where there is an F.
type failing string

func (v failing) MarshalText() ([]byte, error) {
	return []byte(v), fail(string(v))
}

func (v *failing) UnmarshalText(text []byte) error {
	*v = failing(text)
	return fail(string(text))
}

func fail(text string) error {
	if strings.Contains(text, "F") {
		return fmt.Errorf("refused: %q", text)
	}
	return nil
}

// mismatching fails with an error that decoders complete.
type mismatching struct{ Seen string }

func (v mismatching) MarshalText() ([]byte, error) { return []byte(v.Seen), nil }
func (v *mismatching) UnmarshalText(text []byte) error {
	v.Seen = string(text)
	if strings.Contains(v.Seen, "F") {
		return &json.UnmarshalTypeError{Value: v.Seen, Type: reflect.TypeFor[mismatching](), Offset: 7, Field: "field"}
	}
	return nil
}

// members is a struct of types with methods.
type members struct {
	A pointerText
	B *pointerJSON
	C mismatching
	D jsonMap
}

type panicking string

func (v panicking) MarshalJSON() ([]byte, error) {
	if strings.Contains(string(v), "F") {
		panic("refused: " + v)
	}
	return []byte("1"), nil
}

func (v *panicking) UnmarshalJSON(text []byte) error {
	*v = panicking(text)
	if strings.Contains(string(text), "F") {
		panic("refused: " + *v)
	}
	return nil
}

// misprinting returns itself for JSON, which it may not be.
type misprinting string

func (v misprinting) MarshalJSON() ([]byte, error) { return []byte(v), nil }

// named is an interface with a method, and implementers of many kinds.
type named interface{ Name() string }

func (word) Name() string         { return "word" }
func (count) Name() string        { return "count" }
func (*tree) Name() string        { return "tree" }
func (pointerJSON) Name() string  { return "pointerJSON" }
func (dictionary) Name() string   { return "dictionary" }
func (*pointerText) Name() string { return "pointerText" }

// Tags. Those that go vet refuses are in TestTags.

type emptyOmitted struct {
	A int               `json:",omitempty"`
	B string            `json:",omitempty"`
	C any               `json:",omitempty"`
	D []int             `json:",omitempty"`
	E map[string]int    `json:",omitempty"`
	F *int              `json:",omitempty"`
	G bool              `json:"g,omitempty"`
	H float64           `json:",omitempty"`
	I float32           `json:",omitempty"`
	J [0]int            `json:",omitempty"`
	K [1]int            `json:",omitempty"`
	L struct{}          `json:",omitempty"`
	M time.Time         `json:",omitempty"`
	N json.RawMessage   `json:",omitempty"`
	O json.Number       `json:",omitempty"`
	P uint8             `json:",omitempty"`
	Q int16             `json:",omitempty"`
	R uint32            `json:",omitempty"`
	S named             `json:",omitempty"`
	T valueText         `json:",omitempty"`
	U *pointerJSON      `json:",omitempty"`
	V map[valueText]any `json:",omitempty"`
	W uintptr           `json:",omitempty"`
}

type zeroOmitted struct {
	A int                        `json:",omitzero"`
	B string                     `json:",omitzero"`
	C any                        `json:",omitzero"`
	D []int                      `json:",omitzero"`
	E map[string]int             `json:",omitzero"`
	F *int                       `json:",omitzero"`
	G bool                       `json:",omitzero"`
	H float64                    `json:",omitzero"`
	I float32                    `json:",omitzero,omitempty"`
	J [0]int                     `json:",omitzero"`
	K [2]int                     `json:",omitzero"`
	L struct{ A, B any }         `json:",omitzero"`
	M time.Time                  `json:",omitzero"`
	N *time.Time                 `json:",omitzero"`
	O named                      `json:",omitzero"`
	P interface{ IsZero() bool } `json:",omitzero"`
	Q isZeroValue                `json:",omitzero"`
	R isZeroPointer              `json:",omitzero"`
	S *isZeroPointer             `json:",omitzero,omitempty"`
	T map[string]isZeroPointer   `json:",omitzero,omitempty"`
	U []int                      `json:",omitempty,omitzero"`
	V uint8                      `json:",omitzero"`
	W struct {
		A int `json:",omitempty"`
	} `json:",omitzero"`
	X isZeroMarking `json:",omitzero"`
}

// Types that decide what zero is.
type (
	isZeroValue   int
	isZeroPointer int
	// isZeroMarking is changed by being asked.
	isZeroMarking struct {
		A     int
		Asked bool
	}
)

func (v isZeroValue) IsZero() bool    { return v == 7 }
func (v *isZeroPointer) IsZero() bool { return *v == 8 }
func (v *isZeroMarking) IsZero() bool { v.Asked = true; return v.A == 0 }

type quoted struct {
	A int         `json:",string"`
	B string      `json:",string"`
	C bool        `json:",string"`
	D float64     `json:",string"`
	E float32     `json:"e,string,omitempty"`
	F uint8       `json:",string"`
	G json.Number `json:",string"`
	H int8        `json:",string"`
	I uint64      `json:",string"`
	// Not scalars: the option has no effect.
	J []int          `json:",string"`
	K any            `json:",string"`
	L map[string]int `json:",string"`
	M **int          `json:",string"`
	N time.Time      `json:",string"`
	O [1]string      `json:",string"`
}

type quotedPointers struct {
	A *int         `json:",string"`
	B *string      `json:",string"`
	C *bool        `json:",string,omitempty"`
	D *float32     `json:",string"`
	E *json.Number `json:",string,omitzero"`
	F word         `json:",string"`
}

type quotedMethods struct {
	A valueText     `json:",string"`
	B *pointerText  `json:",string"`
	C textNumber    `json:",string"`
	D time.Duration `json:",string"`
}

type renamed struct {
	A int    `json:"B"`
	B string `json:"A"`
	C any    `json:"-"`
	D any    `json:"-,"`
	E int    `json:"<&>"`
	F int    `json:"a b.c/d:e"`
	G int    `json:"C"`
	H int    `xml:"h" json:"D,unknown"`
}

type folded struct {
	A  int
	Aa int `json:"aa"`
	AA int `json:"AA"`
	K  int
	Sk int `json:"sK"`
}

type beyondASCII struct {
	Ä int
	S int `json:"ſ"`
	K int `json:"\u212a"`
	É any `json:"é"`
	Ǆ int `json:"ǅ"`
	Σ int `json:"ς"`
	// One name is the other but for the case of a letter beyond ASCII.
	Upper int `json:"ÖX"`
	Lower int `json:"öX"`
}

// Embedding.

type Inner struct {
	A int
	B any
}

type inner struct {
	A int
	C string `json:",omitempty"`
}

type (
	Left   struct{ Shared }
	Right  struct{ Shared }
	Shared struct{ A, B int }
	Text   string
	Count  int
	hidden string
)

type (
	embedsValue struct {
		Inner
		D int
	}
	embedsPointer struct {
		*Inner
		D int
	}
	embedsHidden struct {
		inner
		D int
	}
	embedsHiddenPointer struct {
		*inner
		D int
	}
	embedsAmbiguous struct {
		inner
		Inner
	}
	embedsTagged struct {
		Inner   `json:"A"`
		*Shared `json:"C,omitempty"`
		B       int
	}
	embedsHiddenTagged struct {
		inner `json:"A"`
		B     int
	}
	embedsTwice struct {
		Left
		*Right
		C int
	}
	embedsDeep struct {
		*Middle
		D any
	}
	Middle struct {
		*Inner
		deepest
		C string
	}
	deepest struct {
		*Left
		E mismatching
	}
	embedsInterface struct {
		fmt.Stringer
		A int
	}
	embedsScalars struct {
		Text
		*Count
		hidden
		*octet
	}
	shadows struct {
		A string
		Inner
		*Shared
	}
	Recursive struct {
		*Recursive
		A int
		B *Recursive
	}
	prefersTag struct {
		Tagged
		Untagged
	}
	Tagged struct {
		X int `json:"A"`
	}
	Untagged  struct{ A, B string }
	embedsMap struct {
		Dictionary
		A int
	}
	Dictionary    map[string]int
	embedsMethods struct {
		*Methods
		C pointerText
	}
	Methods struct {
		A pointerText
		B []pointerJSON
		D *pointerText
	}
	// A struct that lies in one that it embeds.
	Around struct {
		A int
		B embedsAround
	}
	embedsAround struct {
		C string
		*Around
	}
	omitsEmbedded struct {
		Inner `json:",omitempty"`
		*Left `json:",omitzero"`
	}
)

// Types that contain themselves.

type list struct {
	A any
	B *list
}

type tree struct {
	A []tree          `json:",omitempty"`
	B map[string]tree `json:",omitempty"`
	C *tree           `json:",omitempty"`
	D any             `json:",omitempty"`
}

type mutual struct {
	A struct{ A *mutual }
	B [1][]map[string]*mutual
}

// Values of kinds, most of them at some limit.
var (
	integers = []int64{0, 1, -1, 7, 8, 127, 128, -128, 255, 32767, -32768, 65535, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
	floats   = []float64{0, math.Copysign(0, -1), 1, -1.5, 0.1, 1e-6, 9.99e-7, 1e20, 1e21, 1e22, 123456789, math.MaxFloat32, math.MaxFloat64,
		math.SmallestNonzeroFloat32, math.SmallestNonzeroFloat64, 1 << 53, 1<<53 + 2, math.Pi, 5e-324, 100, 1e15, 123456789012345680}
	strings_ = []string{"", "a", "A", "null", "0", "ä€𝄞", "<script>&amp;", "\u2028\u2029", "\x00\x1f\x7f\"\\/\b\f\n\r\t", "a\xff\xc0\x80\xed\xa0\x80z", "\xe2\x80",
		strings.Repeat("a string that is longer than a block of sixteen ", 5), strings.Repeat("ü", 50) + "\n"}
	numbers = []json.Number{"", "0", "-0.5e+7", "12345678901234567890123", "1E400"}
	times   = []time.Time{{}, time.Unix(1e9, 123456789).UTC(), time.Date(2026, 2, 3, 4, 5, 6, 7, time.FixedZone("", -3600*5))}
)

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// fill stores a random value at v, no deeper than depth. It is the same for the same state of random.
func fill(random *rand.Rand, v reflect.Value, depth int) {
	if !v.CanSet() {
		// The fields of an embedded struct can be set even where the struct can't.
		if v.Kind() == reflect.Struct {
			fillFields(random, v, depth)
		}
		return
	}
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(pick(random, times)))
		return
	case reflect.TypeFor[json.Number]():
		v.Set(reflect.ValueOf(pick(random, numbers)))
		return
	case reflect.TypeFor[json.RawMessage]():
		v.Set(reflect.ValueOf(json.RawMessage(pick(random, []string{"null", `{"<a>" : [ 1 ] }`, "12"}))))
		return
	case reflect.TypeFor[misprinting]():
		v.SetString(pick(random, []string{"1", " [ ] ", "", "{", "nul", "1 2"}))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(pick(random, integers))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(uint64(pick(random, integers)))
	case reflect.Float32, reflect.Float64:
		// What is too large for a float32 becomes an infinity, which can't be encoded.
		v.SetFloat(pick(random, floats))
	case reflect.String:
		v.SetString(pick(random, strings_))
	case reflect.Pointer:
		if random.IntN(4) > 0 && depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(random, v.Elem(), depth-1)
		}
	case reflect.Interface:
		fillInterface(random, v, depth)
	case reflect.Slice:
		if random.IntN(5) == 0 || depth <= 0 {
			return
		}
		length := random.IntN(4)
		v.Set(reflect.MakeSlice(v.Type(), length+random.IntN(3), 8))
		for i := range v.Len() {
			fill(random, v.Index(i), depth-1)
		}
		// Behind the length there may be values, too.
		v.SetLen(length)
	case reflect.Array:
		for i := range v.Len() {
			fill(random, v.Index(i), depth-1)
		}
	case reflect.Map:
		if random.IntN(5) == 0 || depth <= 0 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range random.IntN(4) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(random, key, 1)
			fill(random, value, depth-1)
			if key.Comparable() && key.Kind() != reflect.Interface && key.Kind() != reflect.Pointer {
				v.SetMapIndex(key, value)
			}
		}
	case reflect.Struct:
		fillFields(random, v, depth)
	}
}

func fillFields(random *rand.Rand, v reflect.Value, depth int) {
	for i := range v.NumField() {
		fill(random, v.Field(i), depth-1)
	}
}

func fillInterface(random *rand.Rand, v reflect.Value, depth int) {
	candidates := []any{word("W"), count(3), new(tree), pointerJSON{A: 1}, dictionary{"A": 1}, valueText("V"), new(pointerText), &valueJSON{}, time.Unix(1, 0).UTC(),
		errors.New("an error"), isZeroValue(7), new(isZeroPointer), (*pointerText)(nil), (*tree)(nil)}
	if v.NumMethod() == 0 {
		candidates = append(candidates, nil, true, 1.5, "text", -3, []any{1.0, nil, "a"}, map[string]any{"A": nil, "<b>": 2.0}, json.Number("1e3"), uint8(200), float32(0.1),
			[]int{1}, []byte("bytes"), map[int]string{2: "two", 10: "ten"}, struct{ A int }{1}, new(int), new(any), new(string), &[]int{1, 2}, &map[string]int{"B": 1},
			&struct{ A, B any }{1, new(int)}, [2]bool{true, false}, json.RawMessage(`[ "raw" ]`), complex(1, 2), math.Inf(1))
	}
	candidate := reflect.ValueOf(pick(random, candidates))
	if !candidate.IsValid() || !candidate.Type().Implements(v.Type()) || random.IntN(6) == 0 {
		return
	}
	if candidate.Kind() == reflect.Pointer && !candidate.IsNil() {
		candidate = reflect.New(candidate.Type().Elem())
		fill(random, candidate.Elem(), depth-1)
	}
	v.Set(candidate)
}
