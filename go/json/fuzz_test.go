package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/json"
)

// seedTexts gives a fuzz target the texts that the tests begin with.
func seedTexts(f *testing.F, add func(text []byte)) {
	for _, text := range texts {
		if len(text) < 1000 {
			add([]byte(text))
		}
	}
	number := 0
	eachDocument(func(text string) {
		if number++; number%50 == 0 {
			add([]byte(text))
		}
	})
	for _, sample := range corpus.Samples() {
		if len(sample.Data) < 5000 {
			add(sample.Data)
		}
	}
}

// Texts are decoded into the types of the zoo, and what comes of them is encoded.
func FuzzUnmarshal(f *testing.F) {
	seedTexts(f, func(text []byte) { f.Add(text, uint16(len(text))) })
	f.Fuzz(func(t *testing.T, text []byte, number uint16) {
		for _, typ := range []reflect.Type{
			reflect.TypeFor[any](), reflect.TypeFor[tree](), reflect.TypeFor[members](), reflect.TypeFor[quoted](), reflect.TypeFor[zeroOmitted](),
			reflect.TypeFor[map[string][]float64](), reflect.TypeFor[json.RawMessage](), zoo[int(number)%len(zoo)],
		} {
			if sameDecode(t, text, zero(typ)) {
				value := reflect.New(typ)
				if err := stdjson.Unmarshal(text, value.Interface()); err != nil {
					t.Fatal(err)
				}
				sameEncode(t, value.Interface())
			}
		}
	})
}

// Texts are decoded into values of random types, in which something is already.
func FuzzRandomTypes(f *testing.F) {
	seedTexts(f, func(text []byte) { f.Add(text, uint64(len(text))) })
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		// Types are never freed.
		random := rand.New(rand.NewPCG(seed%10_000, 16))
		typ := randomType(random, 3)
		state := random.Uint64()
		sameDecode(t, text, func() any {
			target := reflect.New(typ)
			fill(rand.New(rand.NewPCG(state, 17)), target.Elem(), 4)
			return target.Interface()
		})
	})
}

// Scalars are encoded by themselves and where they are treated in other ways.
func FuzzMarshal(f *testing.F) {
	for i, text := range strings_ {
		f.Add(text, floats[i], integers[i], []byte(text))
	}
	f.Fuzz(func(t *testing.T, text string, float float64, integer int64, data []byte) {
		type values struct {
			A string                 `json:",string"`
			B float64                `json:",omitempty"`
			C float32                `json:",string"`
			D int64                  `json:",omitzero"`
			E uint8                  `json:",string,omitempty"`
			F json.Number            `json:",omitempty"`
			G map[valueText]any      `json:",omitempty"`
			H map[string]misprinting `json:",omitempty"`
			I []any
		}
		sameEncode(t, text)
		sameEncode(t, float)
		sameEncode(t, data)
		sameEncode(t, values{A: text, B: float, C: float32(float), D: integer, E: uint8(integer)})
		sameEncode(t, &values{G: map[valueText]any{valueText(text): float, "": integer}, I: []any{text, integer, data, valueText(text), math.Float64frombits(uint64(integer))}})
		sameEncode(t, values{F: json.Number(text)})
		sameEncode(t, values{H: map[string]misprinting{text: misprinting(data)}})
		sameEncode(t, json.RawMessage(data))
	})
}

// Streams are read in pieces and in any order of calls.
func FuzzDecoder(f *testing.F) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 33))
		f.Add([]byte(streamText(random)), steps(random), seed)
	}
	f.Fuzz(func(t *testing.T, text, script []byte, seed uint64) {
		// Each byte of a long script costs a look at all that is buffered.
		sameStream(t, cut(rand.New(rand.NewPCG(seed, 34)), string(text)), script[:min(len(script), 200)])
	})
}

// Values that are so long that they are decoded while their parts arrive.
func FuzzLongValues(f *testing.F) {
	for seed := range uint64(40) {
		f.Add([]byte(streamText(rand.New(rand.NewPCG(seed, 36)))), seed)
	}
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 37))
		long := []byte("[" + strings.Repeat(string(text)+",", 1+8000/(len(text)+1)) + string(text) + "]")
		if random.IntN(3) == 0 {
			long = long[:random.IntN(len(long))]
		}
		for _, target := range []func() any{
			func() any { return new(any) },
			func() any { return new([]struct{ A, B any }) },
			func() any { return new([]map[string]*int) },
			func() any { return new([][]float64) },
			func() any { return new([]json.RawMessage) },
			func() any { return new([]list) },
			func() any { return new([]pointerJSON) },
		} {
			most := 1 + random.IntN(len(long)+1)
			open := func() io.Reader { return &randomReader{bytes.NewReader(long), rand.New(rand.NewPCG(seed, 38)), most} }
			a, b := target(), target()
			g := attempt(a, func() error { return json.NewDecoder(open()).Decode(a) })
			w := attempt(b, func() error { return stdjson.NewDecoder(open()).Decode(b) })
			compare(t, func() string { return fmt.Sprintf("%s into %T by %d", excerpt(long), a, most) }, g, w)
		}
	})
}

// Lines are those of the standard library, and are the same whoever decodes them.
func FuzzLines(f *testing.F) {
	for seed := range uint64(40) {
		f.Add([]byte(streamText(rand.New(rand.NewPCG(seed, 35)))), uint16(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte, flags uint16) {
		options := json.LinesOptions{MaxLine: int(flags >> 4), Config: json.Config{UseNumber: flags&1 != 0, DisallowUnknownFields: flags&2 != 0}}
		switch flags >> 2 & 3 {
		case 0:
			sameLines[any](t, string(text), options)
		case 1:
			sameLines[struct{ A, B any }](t, string(text), options)
		case 2:
			sameLines[map[string]*int](t, string(text), options)
		case 3:
			sameLines[pointerJSON](t, string(text), options)
		}
	})
}

// The operations on texts do the same, and leave the text alone.
func FuzzText(f *testing.F) {
	seedTexts(f, func(text []byte) { f.Add(text, " ", "\t") })
	f.Fuzz(func(t *testing.T, text []byte, prefix, indent string) {
		if got, want := json.Valid(text), stdjson.Valid(text); got != want {
			t.Errorf("%s: valid: %t, want %t", excerpt(text), got, want)
		}
		for _, operation := range []struct {
			name      string
			got, want func(dst *bytes.Buffer, text []byte) error
		}{
			{"Compact", json.Compact, stdjson.Compact},
			{"Indent", func(dst *bytes.Buffer, text []byte) error {
				return json.Indent(dst, text, prefix, indent)
			}, func(dst *bytes.Buffer, text []byte) error {
				return stdjson.Indent(dst, text, prefix, indent)
			}},
			{"HTMLEscape", func(dst *bytes.Buffer, text []byte) error {
				json.HTMLEscape(dst, text)
				return nil
			}, func(dst *bytes.Buffer, text []byte) error {
				stdjson.HTMLEscape(dst, text)
				return nil
			}},
		} {
			apply := func(operation func(dst *bytes.Buffer, text []byte) error) outcome {
				dst := bytes.NewBufferString("before")
				err := operation(dst, text)
				return outcome{result: dst.String(), err: err}
			}
			input := bytes.Clone(text)
			got := apply(operation.got)
			if !bytes.Equal(input, text) {
				t.Fatalf("%s changed %s", operation.name, excerpt(input))
			}
			compare(t, func() string { return operation.name + " of " + excerpt(text) }, got, apply(operation.want))
		}
	})
}
