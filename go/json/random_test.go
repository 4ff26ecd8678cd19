package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"tandem.example/go/json"
)

// Random values of random types are encoded and decoded, and so are texts near to theirs.
func TestRandomTypesMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	types := 1000
	if testing.Short() {
		types = 100
	}
	for seed := range types {
		random := rand.New(rand.NewPCG(uint64(seed), 10))
		typ := randomType(random, 4)
		for range 4 {
			value := reflect.New(typ)
			fill(random, value.Elem(), 5)
			sameEncode(t, value.Interface())
			sameEncode(t, value.Elem().Interface())
			text, err := stdjson.Marshal(value.Interface())
			if err != nil {
				text = []byte(pick(random, scalars))
			}
			for range 6 {
				sameDecode(t, text, zero(typ))
				state := random.Uint64()
				sameDecode(t, text, func() any {
					target := reflect.New(typ)
					fill(rand.New(rand.NewPCG(state, 11)), target.Elem(), 5)
					return target.Interface()
				})
				sameDecode(t, text, func() any { return new(any) })
				text = mutate(random, text)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, typ)
		}
	}
}

// randomType returns a type of that many levels at most.
func randomType(random *rand.Rand, depth int) reflect.Type { return parts.random(random, depth) }

// typeParts are what random types are made of.
type typeParts struct{ leaves, keys []reflect.Type }

var parts = typeParts{
	leaves: []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int32](), reflect.TypeFor[uint16](), reflect.TypeFor[uint64](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[any](), reflect.TypeFor[[]byte](), reflect.TypeFor[json.Number](),
		reflect.TypeFor[json.RawMessage](), reflect.TypeFor[time.Time](), reflect.TypeFor[word](), reflect.TypeFor[count](), reflect.TypeFor[valueText](), reflect.TypeFor[pointerText](),
		reflect.TypeFor[valueJSON](), reflect.TypeFor[pointerJSON](), reflect.TypeFor[mismatching](), reflect.TypeFor[failing](), reflect.TypeFor[tree](), reflect.TypeFor[list](),
		reflect.TypeFor[dictionary](), reflect.TypeFor[quoted](), reflect.TypeFor[emptyOmitted](), reflect.TypeFor[embedsDeep](), reflect.TypeFor[nest](),
	},
	keys: []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[word](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint32](), reflect.TypeFor[valueText](), reflect.TypeFor[textNumber]()},
}

func (p typeParts) random(random *rand.Rand, depth int) reflect.Type {
	if depth == 0 {
		return pick(random, p.leaves)
	}
	switch random.IntN(10) {
	case 0, 1:
		return pick(random, p.leaves)
	case 2:
		return reflect.PointerTo(p.random(random, depth-1))
	case 3, 4:
		return reflect.SliceOf(p.random(random, depth-1))
	case 5:
		return reflect.ArrayOf(random.IntN(4), p.random(random, depth-1))
	case 6:
		return reflect.MapOf(pick(random, p.keys), p.random(random, depth-1))
	default:
		return p.randomStruct(random, depth)
	}
}

func (p typeParts) randomStruct(random *rand.Rand, depth int) reflect.Type {
	tags := []string{``, ``, ``, `json:",omitempty"`, `json:",omitzero"`, `json:",string"`, `json:"a"`, `json:"B"`, `json:"ä"`, `json:"é,omitempty"`, `json:"<tag>,omitempty,string"`, `json:"-"`}
	// Types without methods: package reflect embeds no others.
	embedded := []reflect.Type{reflect.TypeFor[Inner](), reflect.TypeFor[*Inner](), reflect.TypeFor[Left](), reflect.TypeFor[*Right](), reflect.TypeFor[Tagged](), reflect.TypeFor[*Middle](), reflect.TypeFor[Count]()}
	var fields []reflect.StructField
	taken := map[string]bool{}
	for range random.IntN(7) {
		field := reflect.StructField{Name: pick(random, []string{"A", "B", "C", "D", "E", "AA", "Aa", "K", "É"}), Tag: reflect.StructTag(pick(random, tags))}
		if random.IntN(4) == 0 {
			field.Anonymous, field.Type = true, pick(random, embedded)
			field.Name = strings.TrimPrefix(field.Type.String(), "*")
			field.Name = field.Name[strings.LastIndexByte(field.Name, '.')+1:]
		} else {
			field.Type = p.random(random, depth-1)
		}
		if !taken[field.Name] {
			taken[field.Name] = true
			fields = append(fields, field)
		}
	}
	return reflect.StructOf(fields)
}

// mutate returns a text that differs from the given one in one place, or some.
func mutate(random *rand.Rand, text []byte) []byte {
	text = bytes.Clone(text)
	if len(text) == 0 {
		return []byte(pick(random, scalars))
	}
	at := random.IntN(len(text))
	switch random.IntN(8) {
	case 0:
		text[at] ^= 1 << random.IntN(8)
		return text
	case 1:
		return text[:at]
	case 2:
		// A part of it once more, in another place.
		end := at + random.IntN(len(text)-at)
		to := random.IntN(len(text))
		return fmt.Append(nil, string(text[:to]), string(text[at:end]), string(text[to:]))
	case 3:
		return bytes.ToLower(text)
	case 4:
		return bytes.ReplaceAll(text, []byte(","), []byte("\n ,\t"))
	default:
		// A value of another kind, in place of what follows a colon, a comma or a bracket, up to the next.
		start := bytes.IndexAny(text[at:], ":,[")
		if start < 0 {
			return []byte(pick(random, scalars))
		}
		start += at + 1
		end := len(text)
		if length := bytes.IndexAny(text[start:], ",]}"); length >= 0 {
			end = start + length
		}
		return fmt.Append(nil, string(text[:start]), pick(random, scalars), string(text[end:]))
	}
}
