package json_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"tandem.example/go/json"
)

// Types whose methods note that they are called, on what and with what. They fail for an F, encode what is no JSON for an M, and change
// their receivers, where they have its address.
type (
	notesJSON struct {
		A string
		B int
	}
	notesPointer notesJSON
	notesText    string
	notesKey     int
	notesZero    [1]int
	notesAsked   struct {
		A []int
		B int
	}
)

var notes []string

func note(method string, receiver, text any) error {
	notes = append(notes, fmt.Sprintf("%s of %T %+v: %q", method, receiver, receiver, text))
	return fail(fmt.Sprint(text))
}

func noteText(method string, receiver any, content string) ([]byte, error) {
	err := note(method, receiver, content)
	if strings.Contains(content, "M") {
		return []byte(content), err
	}
	return fmt.Appendf(nil, "[%d]", len(content)), err
}

func (v notesJSON) MarshalJSON() ([]byte, error) { return noteText("MarshalJSON", v, v.A) }
func (v *notesJSON) UnmarshalJSON(text []byte) error {
	err := note("UnmarshalJSON", *v, text)
	v.A = string(text)
	return err
}

func (v *notesPointer) MarshalJSON() ([]byte, error) {
	v.B++
	return noteText("MarshalJSON", *v, v.A)
}

func (v *notesPointer) UnmarshalJSON(text []byte) error {
	err := note("UnmarshalJSON", *v, text)
	*v = notesPointer{v.A + string(text), v.B + 1}
	return err
}

func (v notesText) MarshalText() ([]byte, error) { return noteText("MarshalText", v, string(v)) }
func (v *notesText) UnmarshalText(text []byte) error {
	err := note("UnmarshalText", *v, text)
	*v = notesText(text)
	return err
}

// As maps are read in any order, the keys' MarshalText notes nothing.
func (v notesKey) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "key %d", v), nil }
func (v *notesKey) UnmarshalText(text []byte) error {
	*v += notesKey(len(text))
	return note("UnmarshalText", *v, text)
}

func (v notesZero) IsZero() bool   { return note("IsZero", v, "") == nil && v[0] == 7 }
func (v *notesAsked) IsZero() bool { v.B++; return note("IsZero", *v, "") == nil && v.A == nil }

// Methods are called in the same order, on the same values, with the same texts, and as often, whatever comes of it.
func TestCallsMatchStandardLibrary(t *testing.T) {
	noting := typeParts{
		leaves: []reflect.Type{
			reflect.TypeFor[notesJSON](), reflect.TypeFor[notesPointer](), reflect.TypeFor[notesText](), reflect.TypeFor[notesZero](), reflect.TypeFor[notesAsked](), reflect.TypeFor[map[notesKey]int](),
			reflect.TypeFor[struct {
				notesJSON
				C int
			}](), reflect.TypeFor[struct{ *notesPointer }](), reflect.TypeFor[struct {
				A notesZero   `json:",omitzero"`
				B notesAsked  `json:",omitzero"`
				C *notesAsked `json:",omitzero,omitempty"`
			}](), reflect.TypeFor[any](), reflect.TypeFor[float64](), reflect.TypeFor[int8](), reflect.TypeFor[string](), reflect.TypeFor[embedsHiddenTagged](),
		},
		keys: []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[notesKey]()},
	}
	types := 3000
	if testing.Short() {
		types = 300
	}
	for seed := range types {
		random := rand.New(rand.NewPCG(uint64(seed), 12))
		typ := noting.random(random, 4)
		for range 4 {
			state := random.Uint64()
			fresh := func() reflect.Value {
				random, value := rand.New(rand.NewPCG(state, 13)), reflect.New(typ)
				fill(random, value.Elem(), 5)
				trouble(random, value, 8)
				return value
			}
			indirect := random.IntN(2) == 0
			encode := func(with codec) outcome {
				notes = nil
				value := fresh()
				argument := value.Interface()
				if !indirect {
					argument = value.Elem().Interface()
				}
				var text []byte
				o := attempt(nil, func() (err error) { text, err = with.marshal(argument); return err })
				o.result = []any{string(text), notes, value.Interface()}
				return o
			}
			want := encode(standard)
			compare(t, func() string { return fmt.Sprintf("seed %d: Marshal of %v", seed, typ) }, encode(ours), want)

			text := []byte(want.result.([]any)[0].(string))
			if len(text) == 0 {
				text = []byte(pick(random, scalars))
			}
			for range 4 {
				decode := func(with codec) outcome {
					notes = nil
					target := fresh()
					var rest any
					o := attempt(nil, func() error {
						d := with.newDecoder(bytes.NewReader(append(append(bytes.Clone(text), ' '), text...)))
						err := d.Decode(target.Interface())
						rest = d.Decode(target.Interface())
						return err
					})
					o.result = []any{target.Interface(), notes, fmt.Sprint(rest)}
					return o
				}
				compare(t, func() string { return fmt.Sprintf("seed %d: %s into %v", seed, excerpt(text), typ) }, decode(ours), decode(standard))
				text = mutate(random, text)
			}
			if t.Failed() {
				t.FailNow()
			}
		}
	}
}

// trouble puts here and there what methods fail for, or what has no JSON form.
func trouble(random *rand.Rand, v reflect.Value, depth int) {
	if !v.IsValid() || depth == 0 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() && random.IntN(10) == 0 {
			v.SetString(pick(random, []string{"F", "M", `"M`, `{"M":[ "<M>" ]}`}))
		}
	case reflect.Float64:
		if v.CanSet() && random.IntN(10) == 0 {
			v.SetFloat(math.Inf(1))
		}
	case reflect.Interface:
		if v.CanSet() {
			v.Set(reflect.ValueOf(pick(random, []any{
				1, "text", notesJSON{A: "x"}, notesJSON{A: "M"}, &notesPointer{A: "M [1]"}, notesText("F"), []any{notesText("a"), json.Number("M")}, map[string]any{"a": &notesPointer{}, "b": func() {}},
				embedsHiddenTagged{B: 1}, map[textFailing]int{1: 1}, map[string]notesPointer{"a": {}}, []notesPointer{{A: "b"}}, struct {
					A notesAsked `json:",omitzero"`
				}{notesAsked{A: []int{1}}},
			})))
		}
	case reflect.Pointer:
		trouble(random, v.Elem(), depth-1)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			trouble(random, v.Index(i), depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			trouble(random, v.Field(i), depth-1)
		}
	}
}
