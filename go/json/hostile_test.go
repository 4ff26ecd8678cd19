package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/json"
)

// Thousands of broken texts are refused with the errors of encoding/json, into whatever they are decoded, and leave nothing behind.
func TestHostileTexts(t *testing.T) {
	inputs := 10_000
	if testing.Short() {
		inputs = 1000
	}
	before := heap()
	samples := corpus.Samples()
	random := rand.New(rand.NewPCG(14, 15))
	refused := 0
	for i := range inputs {
		sample := samples[i%len(samples)]
		text := bytes.Clone(sample.Data)
		switch i / len(samples) % 4 {
		case 0:
			text = text[:random.IntN(len(text))]
		case 1:
			text[random.IntN(len(text))] ^= 1 << random.IntN(8)
		case 2:
			// Short ones are all corners.
			start := random.IntN(len(text))
			text = text[start:min(len(text), start+random.IntN(100))]
		case 3:
			for range 1 + random.IntN(10) {
				text[random.IntN(len(text))] = byte(random.Uint32())
			}
		}
		if !sameDecode(t, text, sample.New) {
			refused++
		}
		// Once in a while, also into what fits less.
		if i%5 == 0 {
			sameDecode(t, text, func() any { return new(any) })
			sameDecode(t, text, func() any { return new([]json.RawMessage) })
			sameDecode(t, text, func() any { return new(map[string]pointerJSON) })
		}
		if got, want := json.Valid(text), stdjson.Valid(text); got != want {
			t.Errorf("%s: valid: %t, want %t", excerpt(text), got, want)
		}
		if t.Failed() {
			t.Fatalf("input %d, from %s", i, sample.Name)
		}
	}
	if refused < inputs/2 {
		t.Errorf("only %d of %d inputs are broken", refused, inputs)
	}
	if growth := heap() - before; growth > 1<<20 {
		t.Errorf("%d bytes are kept", growth)
	}
}

// heap returns how many bytes of the heap are in use, buffers in pools not counted.
func heap() int64 {
	// What a pool holds survives one collection.
	for range 3 {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// Texts that are made to hurt.
func TestHostileForms(t *testing.T) {
	t.Parallel()
	many := 100_000
	if testing.Short() {
		many = 11_000 // beyond the greatest depth
	}
	repeat := strings.Repeat
	for name, text := range map[string]string{
		"arrays":                   repeat("[", many),
		"objects":                  repeat(`{"a":`, many),
		"arrays and objects":       repeat(`[{"a":`, many),
		"arrays, closed":           repeat("[", many) + repeat("]", many),
		"closing brackets":         repeat("]", many),
		"names":                    `{` + repeat(`"a":1,`, many) + `"a":1}`,
		"names that are not there": `{` + repeat(`"name":[],`, many) + `}`,
		"escaped names":            `{` + repeat(`"\u0061":1,`, many) + `"a":`,
		"empty strings":            `[` + repeat(`"",`, many) + `""]`,
		"quotes":                   repeat(`"`, many),
		"backslashes":              `"` + repeat(`\`, many),
		"escaped backslashes":      `"` + repeat(`\\`, many) + `"`,
		"lone surrogates":          `["` + repeat(`\ud800`, many) + `","` + repeat(`\udfff`, many) + `"]`,
		"half an escape":           `"\ud834\u`,
		"halves of pairs":          `"` + repeat(`\ud834\ud834\udd1e`, many) + `"`,
		"invalid UTF-8":            `{"A":"` + repeat("\xff\xe2\x80", many) + `"}`,
		"continuation bytes":       `"` + repeat("\x80", many) + `"`,
		"control characters":       `"` + repeat("\x01", many) + `"`,
		"NUL":                      repeat("\x00", many),
		"spaces":                   repeat(" ", many),
		"spaces and a value":       repeat(" \n\t\r", many) + "1" + repeat(" \n\t\r", many),
		"digits":                   repeat("9", many),
		"digits of a fraction":     "0." + repeat("0", many) + "1",
		"digits of an exponent":    "1e" + repeat("9", many),
		"zeros of an exponent":     "1e-" + repeat("0", many) + "1",
		"minus signs":              repeat("-", many),
		"numbers":                  "[" + repeat("1,", many) + "null" + repeat(",1", many) + "]",
		"nulls":                    "[" + repeat("null,", many) + "1]",
		"commas":                   "[" + repeat(",", many) + "]",
		"literals":                 repeat("true", many),
		"a byte order mark":        "\ufeff[]",
		"values":                   repeat("{}", many),
		"a long name":              `{"` + repeat("A", many) + `":1,"A":2}`,
		"a string at the end":      `{"A":"` + repeat("x", many),
	} {
		t.Run(name, func(t *testing.T) {
			for _, fresh := range []func() any{
				func() any { return new(any) },
				func() any { return new([]int) },
				func() any { return new([]*float64) },
				func() any { return new([]string) },
				func() any { return new(struct{ A, B any }) },
				func() any { return new(struct{ A []tree }) },
				func() any { return new(map[string]json.Number) },
				func() any { return new(json.RawMessage) },
				func() any { return new(nest) },
			} {
				sameDecode(t, []byte(text), fresh)
			}
		})
	}
}

// 100 MB of opening brackets cost an error, and memory for no longer than the call.
func TestHostileDepth(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 100 MB")
	}
	text := bytes.Repeat([]byte("["), 100<<20)
	before := heap()
	for _, target := range []any{new(any), new([]any), new(nest), new(struct{ A int }), new(json.RawMessage), new(int)} {
		if got, want := json.Unmarshal(text, target), stdjson.Unmarshal(text, target); want == nil || !reflect.DeepEqual(got, want) {
			t.Errorf("into %T: error %v, want %v", target, got, want)
		}
		if !reflect.ValueOf(target).Elem().IsZero() {
			t.Errorf("something was stored into %T", target)
		}
	}
	var buffer bytes.Buffer
	if got, want := json.Compact(&buffer, text), stdjson.Compact(&buffer, text); !reflect.DeepEqual(got, want) {
		t.Errorf("Compact: error %v, want %v", got, want)
	}
	if got, want := json.Indent(&buffer, text, "", "\t"), stdjson.Indent(&buffer, text, "", "\t"); !reflect.DeepEqual(got, want) {
		t.Errorf("Indent: error %v, want %v", got, want)
	}
	if json.Valid(text) {
		t.Error("valid")
	}
	buffer = bytes.Buffer{}
	if growth := heap() - before; growth > 1<<20 {
		t.Errorf("%d bytes are kept", growth)
	}
	runtime.KeepAlive(text)
}
