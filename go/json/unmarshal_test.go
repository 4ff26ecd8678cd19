package json_test

import (
	std "encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem.example/go/json"
)

// scalars are values without parts, of which some fit nearly every type, and some fit none.
var scalars = []string{
	`null`, `true`, `false`,
	`0`, `-0`, `1`, `-1`, `7`, `127`, `128`, `-128`, `-129`, `255`, `256`, `32767`, `32768`, `-32769`, `65535`, `65536`, `2147483647`, `2147483648`,
	`-2147483649`, `4294967295`, `4294967296`, `9007199254740993`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `-9223372036854775809`,
	`18446744073709551615`, `18446744073709551616`, `123456789012345678901234567890`,
	`1.0`, `-0.0`, `0.1`, `1e2`, `1E+2`, `1e-7`, `3.4028234e38`, `3.4028236e38`, `1.7976931348623157e308`, `1.7976931348623159e308`, `1e400`, `-1e400`, `1e-400`,
	`2.2250738585072011e-308`, `4.9e-324`, `2.4703282292062327e-324`, `0.` + strings.Repeat("0", 400) + `1e400`, `9` + strings.Repeat("0", 400), `1.00000000000000011102230246251565404236316680908203125`,
	`""`, `"a"`, `"A"`, `"null"`, `"true"`, `"false"`, `"0"`, `"-1"`, `"300"`, `"1.5"`, `"007"`, `"+1"`, `" 1"`, `"1e400"`, `"0x10"`, `"NaN"`, `"-Inf"`, `"nul"`, `"tru"`,
	`"\"\""`, `"\"a\""`, `"\"\\u00e4\\ud800\""`, `"\"\\'\""`, `"\"a"`, `"a\""`, `"\"a\" "`, `"\"\u0001\""`, `"[1]"`, `"YWJj"`, `"YWJ"`, `"YW\nJj"`, `"YW=="`, `"!"`,
	`"F"`, `"\u0046"`, `"2026-02-03T04:05:06.789Z"`, `"2026-02-03T24:00:00Z"`, `"127.0.0.1"`, `"10.0.0.0/8"`, `"\ud834\udd1e\ud834\n\udd1e"`, "\"a\xff\xe2\x80\xed\xa0\x80\"",
	`"\"\\\/\b\f\n\r\t\u0000\u20AC\u2028"`, "\"\u2028\u2029\x7f\"", `"` + strings.Repeat("long ", 30) + `"`,
	`[]`, `{}`,
}

// eachDocument calls visit for each scalar by itself and in arrays and objects of many forms, for some of these in short tests.
func eachDocument(visit func(text string)) {
	number := 0
	f := func(text string) {
		if number++; number%7 == 0 || !testing.Short() {
			visit(text)
		}
	}
	for i, s := range scalars {
		// Pairs of scalars meet in ever different ways.
		other := scalars[(i*7+3)%len(scalars)]
		for _, text := range []string{
			s, ` ` + s + ` `,
			`[` + s + `]`, `[` + s + `,` + other + `]`, `[1,` + s + `,null,3]`, `[[` + s + `],[` + other + `]]`, `[{"A":` + s + `},{"B":` + other + `}]`,
			`{"A":` + s + `}`, `{"a":` + s + `,"B":` + other + `}`, `{"A":` + s + `,"A":` + other + `}`, `{"A":{"A":` + s + `,"B":{}},"C":` + other + `}`,
			`{"A":[` + s + `],"B":[` + other + `,` + s + `]}`, `{"A":{"B":{"A":[` + s + `,` + other + `]}},"B":` + s + `}`, `{"B":` + s + `,"C":` + s + `,"D":` + s + `,"x":` + s + `}`,
			`{"1":` + s + `,"-1":` + other + `,"A":` + other + `}`, `{"7":` + s + `,"007":` + other + `}`, `[` + s + `,` + s + `,` + s + `]`, `[{"1":` + s + `},{"A":` + s + `},{"2":` + s + `,"3":` + s + `}]`, `[{"1":` + s + `},{"-2":` + s + `,"3":` + s + `}]`, `{"127.0.0.1":` + s + `,"F":` + other + `}`,
			`{"unknown":{"A":[` + s + `]},"A":` + other + `}`, `{"e":` + s + `,"E":` + other + `,"F":` + s + `,"G":` + s + `,"H":` + s + `,"I":` + s + `,"J":` + s + `}`,
		} {
			f(text)
		}
		for _, name := range []string{`C`, `\u0041`, `K`, `k`, "\u212a", `\u017f`, "\u017f", `sk`, "\u017fK", `é`, `É`, `ä`, `Ä`, `ǆ`, `Ǆ`, `σ`, `Σ`, `öX`, `öx`, `-`, `<&>`, `\u003c&>`,
			`a b.c/d:e`, "A\xff", ``, `256`, `-129`, `18446744073709551615`, `1.0`, `Inner`, `inner`, `Text`, `count`, `hidden`, `Octet`, `Stringer`, `Dictionary`, `X`} {
			f(`{"` + name + `":` + s + `}`)
			if i%10 == 0 {
				f(`{"` + name + `":` + s + `,"A":` + other + `}`)
			}
		}
	}
}

// Every document is decoded into every type: new values, and such as hold something already.
func TestUnmarshalMatchesStandardLibrary(t *testing.T) {
	t.Parallel()
	var documents [][]byte
	eachDocument(func(text string) { documents = append(documents, []byte(text)) })
	step := 7
	if testing.Short() {
		step = 5
	}
	for number, typ := range zoo {
		t.Run(typ.String(), func(t *testing.T) {
			for i := number % step; i < len(documents); i += step {
				filled := func() any {
					target := reflect.New(typ)
					fill(rand.New(rand.NewPCG(uint64(i), uint64(number))), target.Elem(), 4)
					return target.Interface()
				}
				for _, fresh := range []func() any{zero(typ), filled} {
					sameDecode(t, documents[i], fresh)
				}
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

// Struct tags that go vet would object to.
func TestTags(t *testing.T) {
	t.Parallel()
	tags := []string{``, `json`, `json:`, `json:"`, `json:""`, `json:","`, `json:",,"`, `json:"-"`, `json:"-,"`, `json:"--"`, `json:"a"`, `json:"A"`, `json:"B"`, `json:" "`, `json:"a\\b"`,
		`json:"a\"b"`, `json:"'"`, `json:"a,b"`, `json:"<>"`, `json:"&,omitempty"`, `json:",omitempty "`, `json:", omitempty"`, `json:",OMITEMPTY"`, `json:",omitempty,string"`, `json:",string,omitzero"`,
		`json:"ä"`, "json:\"\u2028\"", "json:\"\xff\"", `json:"\u0000"`, `json:"日本"`, `json:"é"`, `json:"$%()*+-./:;=?@[]^_{|}~!#"`, `JSON:"a"`, `json: "a"`, `xml:"x" json:"a"`, `json:"a"  json:"b"`}
	fieldTypes := []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[*string](), reflect.TypeFor[any](), reflect.TypeFor[[]bool](), reflect.TypeFor[Inner](), reflect.TypeFor[*float64]()}
	random := rand.New(rand.NewPCG(3, 4))
	for i, tag := range tags {
		for j, fieldType := range fieldTypes {
			other := tags[(i*5+j*3)%len(tags)]
			for _, embedded := range []bool{false, fieldType == reflect.TypeFor[Inner]()} {
				name := "A"
				if embedded {
					name = fieldType.Name()
				}
				typ := reflect.StructOf([]reflect.StructField{
					{Name: name, Type: fieldType, Tag: reflect.StructTag(tag), Anonymous: embedded},
					{Name: "B", Type: fieldTypes[(i+j)%len(fieldTypes)], Tag: reflect.StructTag(other)},
				})
				for range 3 {
					value := reflect.New(typ).Elem()
					fill(random, value, 4)
					sameEncodeAnywhere(t, value.Interface())
				}
				for _, name := range []string{"A", "a", "B", "b", "-", "--", " ", "'", `a\\b`, "<>", "&", "ä", "Ä", `\u2028`, `\ufffd`, "日本", "é", "$%()*+-./:;=?@[]^_{|}~!#", "omitempty", "Inner"} {
					for _, value := range []string{`1`, `"1"`, `"\"1\""`, `{"A":2}`, `null`} {
						sameDecode(t, []byte(`{"`+name+`":`+value+`}`), zero(typ))
					}
				}
			}
		}
	}
}

// Targets that decoding uses in a way that shows, or can't use.
// What stands between a name and its value, where the name is the one that is expected there.
func TestUnmarshalBehindNames(t *testing.T) {
	t.Parallel()
	for _, colon := range []string{`:`, ` :`, ": \n", "\n\t :\r ", ``, ` `, `,`, `}`, `]`, `"`, `"":`, `::`, `:,`, `1`, "\v:", "\x00:"} {
		for _, filler := range []int{0, 1, 31, 32, 33, 4000, 4096 - 23} {
			for _, text := range []string{
				`{"A"` + colon + `1,"LongerThanSixteenBytes":2}`,
				`{"A":1,"LongerThanSixteenBytes"` + colon + `2,"C":"nothing is cut here"}`,
			} {
				text = strings.Repeat(" ", filler) + text
				sameDecode(t, []byte(text), func() any {
					return new(struct {
						A, LongerThanSixteenBytes int
						C                         string
					})
				})
			}
		}
	}
}

func TestUnmarshalTargets(t *testing.T) {
	t.Parallel()
	type pair struct {
		A, B any
	}
	value := func(v any) *any { return &v }
	for name, fresh := range map[string]func() any{
		"nothing":                     func() any { return nil },
		"a value":                     func() any { return pair{} },
		"a nil pointer":               func() any { return (*pair)(nil) },
		"a pointer to a nil pointer":  func() any { return new(*pair) },
		"a map":                       func() any { return map[string]any{} },
		"a named pointer to a text":   func() any { return pointerToText(new(pointerText)) },
		"an interface with a pointer": func() any { return value(&pair{A: 1, B: new(int)}) },
		"an interface with a nil pointer": func() any {
			return value((*pair)(nil))
		},
		"an interface with a pointer to a pointer": func() any { p := &pair{A: "old"}; return value(&p) },
		"an interface with itself":                 func() any { var v any; v = &v; return v },
		"an interface with an interface":           func() any { return value(value(value(&pair{}))) },
		"an interface with an Unmarshaler":         func() any { return value(&pointerJSON{A: "old"}) },
		"an interface with a TextUnmarshaler":      func() any { return value(new(pointerText)) },
		"a struct of such interfaces":              func() any { return &pair{&pair{A: 1}, value(new(int))} },
		"a struct that leads back to itself": func() any {
			l := &list{A: 1}
			l.B = l
			return l
		},
		"a slice with room":           func() any { s := []pair{{1, 2}, {3, 4}, {5, 6}, {7, 8}}[:1]; return &s },
		"a slice of slices with room": func() any { s := [][]any{{1, 2, 3}, {4, 5}, {6}}[:1]; return &s },
		"a slice of pointers":         func() any { p := &pair{1, 2}; s := []*pair{p, p, nil, p}[:2]; return &s },
		"a slice of interfaces":       func() any { s := []any{1, &pair{3, 4}, nil, new(int)}; return &s },
		"interfaces behind the length": func() any {
			s := []any{1, &pair{3, 4}, &pair{}, new(int)}[:0]
			return &s
		},
		"an array":                      func() any { return &[3]pair{{1, 2}, {3, 4}, {5, 6}} },
		"an array of interfaces":        func() any { return &[2]any{1, &pair{}} },
		"a map with members":            func() any { return &map[string]pair{"A": {1, 2}, "B": {3, 4}} },
		"a map of pointers":             func() any { return &map[string]*pair{"A": {1, 2}, "B": {3, 4}} },
		"a map of interfaces":           func() any { return &map[string]any{"A": &pair{1, 2}, "B": 1} },
		"a map of slices":               func() any { return &map[string][]any{"A": {1, 2}} },
		"the same pointer twice":        func() any { p := &pair{A: 1}; return &struct{ A, B *pair }{p, p} },
		"embedded pointers":             func() any { return &embedsDeep{Middle: &Middle{Inner: &Inner{A: 1, B: 2}}} },
		"an unexported embedded struct": func() any { return &embedsHiddenPointer{inner: &inner{A: 1}} },
		"bytes":                         func() any { b := []byte("old bytes"); return &b },
		"a method that keeps its text":  func() any { return new(textBytes) },
		"raw messages":                  func() any { return &[]json.RawMessage{json.RawMessage("old")} },
		"a pointer to its own type":     func() any { return new(endless) },
		"a large slice of interfaces":   func() any { s := make([]any, 20_000); return &s },
	} {
		t.Run(name, func(t *testing.T) {
			eachDocument(func(text string) {
				switch {
				case name == "a large slice of interfaces" && !strings.HasPrefix(text, `[1,`):
					return // takes long to compare
				case name == "a pointer to its own type" && text != "null":
					return // never ends
				}
				sameDecode(t, []byte(text), fresh)
				if t.Failed() {
					t.FailNow()
				}
			})
		})
	}
}

// What a failing method has been given, and what it has not, is the same.
func TestUnmarshalStopsWhereMethodsFail(t *testing.T) {
	for _, text := range []string{
		`{"A":"a","B":{"A":"F"},"C":"c"}`, `{"B":["a","F","c"],"A":1}`, `{"C":{"a":"1","F":"2","c":"3"}}`, `{"D":{"1":"a","2":"F","3":"c"}}`,
		`{"D":[1,"F",2,3]}`, `{"E":"!","A":"F"}`, `{"E":"!","G":1}`, `{"A":"F","E":"!"}`, `{"E":"!","A":1}`, `{"F":"F","A":"a"}`, `{"A":null,"F":null,"B":null}`,
		`{"H":{"A":{"B":{"A":["x","F"]}}}}`, `{"H":{"B":"F"}}`, `{"G":[{"A":1},{"B":"F"}],"A":"z"}`,
	} {
		sameDecode(t, []byte(text), zero(reflect.TypeFor[struct {
			A failing
			B []failing
			C map[failing]failing
			D [2]*failing
			E []byte
			F panicking
			G []struct{ A, B mismatching }
			H struct {
				A struct {
					B struct{ A []mismatching }
				}
				B mismatching
			}
		}]()))
		sameDecode(t, []byte(text), zero(reflect.TypeFor[struct {
			A panicking
			B []panicking
			C map[string]panicking
			D [2]*panicking
			E struct{ Inner }
		}]()))
	}
}

func TestUnmarshalDeepNesting(t *testing.T) {
	t.Parallel()
	repeat := func(depth int, open, middle, close string) string {
		return strings.Repeat(open, depth) + middle + strings.Repeat(close, depth)
	}
	types := []reflect.Type{reflect.TypeFor[any](), reflect.TypeFor[nest](), reflect.TypeFor[nestMap](), reflect.TypeFor[tree](), reflect.TypeFor[list](), reflect.TypeFor[json.RawMessage](),
		reflect.TypeFor[struct{ A json.RawMessage }](), reflect.TypeFor[struct{}](), reflect.TypeFor[map[string]any](), reflect.TypeFor[[]any](), reflect.TypeFor[[0]any](), reflect.TypeFor[pointerJSON]()}
	for _, depth := range []int{1, 63, 64, 65, 254, 255, 256, 257, 258, 1000, 9999, 10_000, 10_001} {
		if testing.Short() && depth > 300 && depth < 10_000 {
			continue
		}
		for _, text := range []string{
			repeat(depth, `[`, ``, `]`), repeat(depth, `[`, `1`, `]`), repeat(depth, `{"A":`, `null`, `}`), repeat(depth, `{"B":`, `{}`, `}`), repeat(depth, `{"A":[`, ``, `]}`),
			repeat(depth, `{"x":`, `1`, `}`), repeat(depth, `{"C":`, `{"D":[]}`, `}`), repeat(depth, `[`, `"open`, ``), repeat(depth, `[`, `]`, ``), repeat(depth, `[[],`, `1`, `]`),
		} {
			for _, typ := range types {
				sameDecode(t, []byte(text), zero(typ))
			}
		}
	}
}

// Strings are cut from blocks; what a block has room for depends on those before.
func TestUnmarshalStringsOfAllLengths(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(12, 13))
	lengths := []int{0, 1, 15, 100, 2000, 4094, 4095, 4096, 4097, 5000, 8192, 20_000}
	quote := func() string {
		return `"` + strings.Repeat(pick(random, []string{"x", "é", `\u00e9`, `\n`, "\xff"}), pick(random, lengths)) + `"`
	}
	for range 20 {
		var members []string
		for range 8 {
			members = append(members, fmt.Sprintf(`{"A":%s,"B":[%s,%s],"C":{%s:%s},"D":%s,"E":"YWJj","F":%s}`, quote(), quote(), quote(), quote(), quote(), quote(), quote()))
		}
		text := []byte("[" + strings.Join(members, ",") + "]")
		sameDecode(t, text, zero(reflect.TypeFor[any]()))
		sameDecode(t, text, zero(reflect.TypeFor[[]struct {
			A string
			B [1]string
			C map[string]valueText
			D any
			E []byte
			F *pointerText
		}]()))
	}
}

func TestUnmarshalManyMembers(t *testing.T) {
	fields := make([]reflect.StructField, 300)
	names := make([]string, 0, 2*len(fields))
	for i := range fields {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("Field%d", i), Type: zoo[i*7%24]}
		names = append(names, fields[i].Name, strings.ToLower(fields[i].Name))
	}
	typ := reflect.StructOf(fields)
	random := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		var text strings.Builder
		separator := "{"
		for _, i := range random.Perm(len(names))[:50] {
			fmt.Fprintf(&text, "%s%q:%s", separator, names[i], pick(random, scalars[:60]))
			separator = ","
		}
		sameDecode(t, []byte(text.String()+"}"), zero(typ))
	}
	// In the order of the fields, and against it.
	for range 2 {
		var text strings.Builder
		separator := "{"
		for _, name := range names {
			fmt.Fprintf(&text, "%s%q:null", separator, name)
			separator = ","
		}
		sameDecode(t, []byte(text.String()+"}"), zero(typ))
		slices.Reverse(names)
	}
}

// Few scalars and strings, more of them than a short run has room for, and what else may be among them.
func TestUnmarshalFew(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(14, 15))
	types := []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[int32](), reflect.TypeFor[int](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[json.Number](),
	}
	values := []string{"true", "false", "null", "0", "-1", "200", "1.5", "-0.25", "1e400", "999999999999", `""`, `"x"`, `"2"`, `"\n\u00e9"`,
		`"` + strings.Repeat("long ", 10) + `"`, `"` + strings.Repeat("é", 2000) + `"`, "[1]", "{}", "", "01.5", "12.5.5"}
	for _, typ := range types {
		for _, text := range values {
			sameDecode(t, []byte(text), zero(typ))
		}
	}
	for range 3000 {
		count := random.IntN(18)
		fields := make([]reflect.StructField, count)
		for i := range fields {
			fields[i] = reflect.StructField{Name: fmt.Sprintf("Field%d", i), Type: pick(random, types)}
			if random.IntN(8) == 0 {
				fields[i].Tag = `json:",string"`
			}
		}
		typ := reflect.StructOf(fields)
		// The text of a value, and of the same one with anything among it.
		value := reflect.New(typ)
		for i := range fields {
			switch field := value.Elem().Field(i); {
			case field.CanInt():
				field.SetInt(random.Int64() >> (64 - field.Type().Bits() + random.IntN(field.Type().Bits())))
			case field.CanFloat():
				field.SetFloat(float64(random.IntN(10_000)) / 100)
			case field.Kind() == reflect.String && field.Type() != types[len(types)-1]:
				field.SetString(strings.Repeat("y", random.IntN(30)))
			}
		}
		text, err := std.Marshal(value.Interface())
		if err != nil {
			t.Fatal(err)
		}
		if !sameDecode(t, text, zero(typ)) {
			t.Fatalf("%s is not decoded into %s", text, typ)
		}
		members := string(text[:len(text)-1])
		for range random.IntN(4) + 1 {
			if members != "{" {
				members += ","
			}
			members += fmt.Sprintf(`"field%d":%s`, random.IntN(20), pick(random, values))
		}
		sameDecode(t, []byte(members+"}"), func() any {
			target := reflect.New(typ)
			target.Elem().Set(value.Elem())
			return target.Interface()
		})
	}
	// Strings stay when others are decoded, on whatever memory.
	type named struct {
		Name   string
		Number int
	}
	kept := make([]named, 5000)
	for i := range kept {
		if err := json.Unmarshal(fmt.Appendf(nil, `{"Name":"%d","Number":%d}`, i, i), &kept[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i, got := range kept {
		if want := (named{strconv.Itoa(i), i}); got != want {
			t.Fatalf("%v is now %v", want, got)
		}
	}
}

// Lists of integers, and what is no short integer at each of their places.
func TestUnmarshalLists(t *testing.T) {
	t.Parallel()
	odd := []string{"", "null", "-0", "-", "00", "128", "-129", "65536", "1.5", "1e2", "1234567890123456", "12345678901234567", "-1234567890123456",
		"18446744073709551615", "18446744073709551616", " 7", "7 ", "7\n", "7x", `"7"`, "[7]", "true", "7,", "7 8", "7]"}
	types := []reflect.Type{reflect.TypeFor[[]int8](), reflect.TypeFor[[]uint16](), reflect.TypeFor[[]int64](), reflect.TypeFor[[]uint64](),
		reflect.TypeFor[[3]int32](), reflect.TypeFor[[]float64](), reflect.TypeFor[[]*int]()}
	for _, typ := range types {
		for _, length := range []int{1, 2, 3, 20, 60, 3000} {
			list := make([]string, length)
			for i := range list {
				list[i] = strconv.Itoa(i * 7 % 128)
			}
			for _, place := range []int{0, 1, length / 2, length - 2, length - 1} {
				if place < 0 || place >= length {
					continue
				}
				for _, text := range odd {
					with := slices.Clone(list)
					with[place] = text
					sameDecode(t, []byte("["+strings.Join(with, ",")+"]"), zero(typ))
				}
			}
			sameDecode(t, []byte("["+strings.Join(list, ",")), zero(typ))
			sameDecode(t, []byte("["+strings.Join(list, ",")+"}"), zero(typ))
			nested := "[" + strings.Join(list, ",") + "]"
			sameDecode(t, []byte("["+nested+","+nested+", "+nested+"]"), zero(reflect.SliceOf(typ)))
		}
	}
}

// Null makes values that can be nil so, and leaves the others as they are.
func TestUnmarshalNullOverValues(t *testing.T) {
	t.Parallel()
	one, text, raw, now, list := 1, "a", json.RawMessage("2"), time.Unix(7, 0).UTC(), []int{1}
	pointer := &one
	for _, value := range []any{true, 1, uint8(2), 1.5, "a", []byte("a"), []int{1}, []string{"a"}, [2]int{1, 2}, map[string]int{"a": 1}, map[string]string{"a": "b"},
		map[string]any{"a": 1}, map[int]bool{1: true}, &one, &text, &raw, &now, &list, &pointer, raw, now, json.Number("1"), net.IPv4bcast, netip.MustParseAddr("::1"), struct{ A int }{1}} {
		typ := reflect.TypeOf(value)
		target := func() any {
			v := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "A", Type: typ}, {Name: "B", Type: reflect.SliceOf(typ)}, {Name: "C", Type: reflect.TypeFor[any]()}}))
			v.Elem().Field(0).Set(reflect.ValueOf(value))
			v.Elem().Field(1).Set(reflect.Append(reflect.MakeSlice(reflect.SliceOf(typ), 0, 4), reflect.ValueOf(value), reflect.ValueOf(value)))
			v.Elem().Field(2).Set(reflect.ValueOf(value))
			return v.Interface()
		}
		for _, text := range []string{`{"A":null}`, `{"B":null}`, `{"C":null}`, `{"B":[null]}`, `{"B":[null,null,null]}`, `{"A":null,"B":[],"C":[null]}`} {
			sameDecode(t, []byte(text), target)
		}
	}
}

// Lists of points and the like, and what is none at each of their places.
func TestUnmarshalListsOfLists(t *testing.T) {
	t.Parallel()
	odd := []string{"", "null", "[]", "[null,1]", "[1.5,null]", "[1.5]", "[1.5,2,3]", "[0.1 ,2]", " [1, 2.5 ]", "[-0,-0.0]", "[1e3,1e400]", "[01,2]", "[.5,5.]",
		"[16777217.0000000001,0.30000000000000004]", "[1,2", `[1,"2"]`, "[1,true]", "[[1],2]", "1.5", `"1.5"`, "{}", "[1,2],", "[1,2]]"}
	types := []reflect.Type{reflect.TypeFor[[][]float64](), reflect.TypeFor[[][]float32](), reflect.TypeFor[[][2]float64](), reflect.TypeFor[[][2]float32](),
		reflect.TypeFor[[][1]float64](), reflect.TypeFor[[][0]float64](), reflect.TypeFor[[][3]uint64](), reflect.TypeFor[[][2]int64](), reflect.TypeFor[[2][2]float64](),
		reflect.TypeFor[[]*[2]float64](), reflect.TypeFor[[]map[string]float64]()}
	for _, typ := range types {
		for _, length := range []int{1, 2, 3, 20, 400} {
			list := make([]string, length)
			for i := range list {
				list[i] = fmt.Sprintf("[%d.%d,-0.%d]", i*7%128, i, i)
				if strings.Contains(typ.String(), "int") {
					list[i] = fmt.Sprintf("[%d,%d]", i*7%128, i)
				}
			}
			for _, place := range []int{0, length / 2, length - 1} {
				for _, text := range odd {
					with := slices.Clone(list)
					with[place] = text
					sameDecode(t, []byte("["+strings.Join(with, ",")+"]"), zero(typ))
				}
			}
			sameDecode(t, []byte("["+strings.Join(list, ",")), zero(typ))
			nested := "[" + strings.Join(list, ",") + "]"
			sameDecode(t, []byte("["+nested+",null,"+nested+", "+nested+"]"), zero(reflect.SliceOf(typ)))
		}
	}
}

// A method of an element changes the slice that is being filled: what comes of that is not pretty, but safe, and the same
// but for capacities.
func TestUnmarshalersThatInterfere(t *testing.T) {
	for name, interfere := range map[string]func(s *[]meddling){
		"nil":       func(s *[]meddling) { *s = nil },
		"short":     func(s *[]meddling) { *s = (*s)[:1:1] },
		"other":     func(s *[]meddling) { *s = make([]meddling, 1, 1000) },
		"emptied":   func(s *[]meddling) { *s = (*s)[:0] },
		"long":      func(s *[]meddling) { *s = make([]meddling, 50) },
		"truncated": func(s *[]meddling) { *s = (*s)[:len(*s)/2] },
	} {
		for when := range 12 {
			decode := func(with codec) outcome {
				var s []meddling
				meddle = func(number string) {
					if number == fmt.Sprint(when) {
						interfere(&s)
					}
				}
				return attempt(&s, func() error { return with.unmarshal([]byte(`[0,1,2,3,4,5,6,7,8,9,10,11]`), &s) })
			}
			got, want := decode(ours), decode(standard)
			// Where encoding/json panics depends on how far it has grown the slice.
			if want.recovered == nil && got.recovered == nil {
				compare(t, func() string { return fmt.Sprint(name, " at ", when) }, got, want)
			}
			// What is there must be whole.
			s := *got.result.(*[]meddling)
			for i := range s[:cap(s)] {
				s[:cap(s)][i] = meddling("x")
			}
		}
	}
}

// meddling calls a function that the test sets.
type meddling string

var meddle func(number string)

func (m *meddling) UnmarshalJSON(text []byte) error {
	meddle(string(text))
	*m = meddling(text)
	return nil
}

// Short slices share memory, which whoever appends to one of them must not notice.
func TestUnmarshalSlicesAreTheirOwn(t *testing.T) {
	text := `[[[1],[2,3],[],[4]],[[5,6,7,8,9]],[[10]]]`
	text = "[" + strings.Repeat(text+",", 300) + text + "]"
	var got, want [][][][]int
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if err := std.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	for _, outer := range got {
		for _, inner := range outer {
			for _, numbers := range inner {
				_ = append(numbers, -1, -2)
			}
			_ = append(inner, []int{-3})
		}
		_ = append(outer, [][]int{{-4}})
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("an appended element is in another slice")
	}
}
