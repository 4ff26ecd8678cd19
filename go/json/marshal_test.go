package json_test

import (
	"bytes"
	"encoding"
	std "encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"tandem.example/go/json"
)

// Values of every type are encoded: the zero value, and random ones.
func TestMarshalMatchesStandardLibrary(t *testing.T) {
	t.Parallel()
	rounds := 50
	if testing.Short() {
		rounds = 8
	}
	for number, typ := range zoo {
		t.Run(typ.String(), func(t *testing.T) {
			sameEncodeAnywhere(t, reflect.Zero(typ).Interface())
			random := rand.New(rand.NewPCG(uint64(number), 7))
			for range rounds {
				value := reflect.New(typ).Elem()
				fill(random, value, 5)
				sameEncodeAnywhere(t, value.Interface())
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

func TestMarshalValues(t *testing.T) {
	t.Parallel()
	cyclicList := &list{A: 1}
	cyclicList.B = cyclicList
	cyclicMap := map[string]any{}
	cyclicMap["A"] = []any{cyclicMap}
	cyclicSlice := make([]any, 1)
	cyclicSlice[0] = cyclicSlice
	cyclicNest := make(nest, 1)
	cyclicNest[0] = cyclicNest
	var cyclicPointer any
	cyclicPointer = &cyclicPointer
	var self endless
	self = &self
	one, text := 1, "text"
	deep := func(depth int) (value any) {
		for range depth {
			value = []any{value}
		}
		return value
	}
	port := netip.MustParseAddrPort("[fe80::1%eth0]:80")
	deepPointers := func(depth int) (value any) {
		for range depth {
			inner := value
			value = &inner
		}
		return value
	}
	deepMap := func(depth int) (m nestMap) {
		for range depth {
			m = nestMap{"A": m}
		}
		return m
	}
	deepList := func(depth int) (l *list) {
		for range depth {
			l = &list{B: l}
		}
		return l
	}
	values := []any{
		nil, math.NaN(), math.Inf(-1), float32(math.Inf(1)), []float64{1, math.NaN()}, map[string]float32{"A": float32(math.NaN())}, struct{ A, B any }{1, math.Inf(1)},
		make(chan int), func() {}, complex64(1), map[string]chan int{}, []chan int{}, []func(){nil}, struct{ A chan int }{}, struct {
			A chan int `json:",omitempty"`
			B func()   `json:"-"`
		}{}, map[struct{}]int{}, map[string]any{"A": make(chan int)},
		cyclicList, cyclicMap, cyclicSlice, cyclicNest, cyclicPointer, self, map[string]any{"A": cyclicList},
		&one, new(*int), func() **string { p := &text; return &p }(), []*int{&one, nil, &one},
		json.Number(""), json.Number("-"), json.Number("1."), json.Number("01"), json.Number("1e+"), json.Number("-0.0E-0"), json.Number("1e5x"), json.Number(" 1"), json.Number("NaN"), []json.Number{"1", "x"},
		struct {
			A json.Number `json:",string"`
		}{"x"},
		json.RawMessage(nil), json.RawMessage{}, json.RawMessage(" "), json.RawMessage("{"), json.RawMessage("[1 ,\t2]"), json.RawMessage(`"\u003c<\ud800"`), json.RawMessage("\"\u2028\xff\x00\""), json.RawMessage("1 2"),
		&json.RawMessage{'1'}, []json.RawMessage{nil, json.RawMessage(`{ }`)},
		time.Time{}, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 24*3600)),
		time.Date(2026, 1, 1, 0, 0, 0, 1, time.FixedZone("", -3601)), []any{time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}, map[time.Time]int{time.Unix(0, 0).UTC(): 1}, &time.Time{}, (*time.Time)(nil), time.Second,
		netip.Addr{}, netip.MustParseAddr("1.2.3.4"), netip.MustParseAddr("::ffff:1.2.3.4%<e\xff>"), &struct{ A []*netip.AddrPort }{[]*netip.AddrPort{nil, &netip.AddrPort{}, &port}}, netip.PrefixFrom(port.Addr(), 99),
		struct{ netip.Addr }{port.Addr()}, net.IP(nil), net.IP{1, 2, 3, 4}, net.IP{1, 2, 3}, []any{net.IP{}, net.IP{1}}, big.NewFloat(1.5), big.Float{}, []big.Float{{}}, big.NewRat(2, 3), (*big.Rat)(nil), []encoding.TextMarshaler{net.IP{8, 8, 8, 8}},
		map[string]int{"b": 1, "a": 2, "": 3, "\xff": 4, "<": 5, "\u2028": 6, "é": 7, "\x00": 8}, map[int8]int{-1: 1, 1: 2, 10: 3, 2: 4}, map[uint64]int{math.MaxUint64: 1, 0: 2}, map[word]int{"A": 1}, map[count]bool{2: true},
		map[textStruct]int{{A: "b"}: 1, {A: "a"}: 2}, map[encoding.TextMarshaler]int{valueText("a"): 1, textNumber(2): 2}, map[encoding.TextMarshaler]int{nil: 1},
		map[encoding.TextMarshaler]int{(*pointerText)(new(pointerText)): 1}, map[*pointerText]int{nil: 1}, map[failing]int{"F": 1}, map[textFailing]int{1: 1}, map[[1]failing]int{}, map[valueText]failing{"a": "F"},
		failing("F"), []failing{"a", "F"}, []any{failing("F")}, &struct{ A *failing }{new(failing)}, map[string]any{"A": failing("F")}, panicking("F"), []panicking{"a", "F"}, map[string]any{"A": []any{panicking("F")}},
		jsonFailing{}, &jsonFailing{}, struct{ A jsonFailing }{}, // which return neither text nor error
		jsonFailing{errors.New("plain")}, &jsonFailing{io.EOF}, []any{1, &jsonFailing{&json.MarshalerError{Type: reflect.TypeFor[int](), Err: io.EOF}}}, struct{ A any }{jsonFailing{&json.UnsupportedTypeError{Type: reflect.TypeFor[int]()}}},
		struct {
			A misprinting
			B jsonFailing
		}{"{", jsonFailing{io.EOF}}, struct {
			A jsonFailing
			B misprinting
		}{jsonFailing{io.EOF}, "{"}, struct {
			A misprinting
			B textFailing
		}{"1", 1}, []any{misprinting("1"), jsonFailing{io.EOF}}, []any{misprinting("}"), jsonFailing{io.EOF}}, struct {
			A float64
			B jsonFailing
		}{math.NaN(), jsonFailing{io.EOF}}, struct {
			A jsonFailing
			B float64
		}{jsonFailing{io.EOF}, math.NaN()},
		misprinting(""), misprinting("nul"), misprinting("1 "), []misprinting{"[", "]"}, struct {
			A misprinting `json:",omitempty"`
			B misprinting
		}{"", ` { "<" : "\u2028" } `},
		embedsHiddenPointer{}, embedsHiddenPointer{inner: &inner{A: 1}}, embedsPointer{}, &embedsDeep{Middle: &Middle{C: "c"}}, embedsInterface{}, embedsInterface{Stringer: time.Second},
		[]byte{}, []byte(nil), [0]byte{}, [2]byte{1, 2}, []octet{1}, []textOctet{1, 2}, make([]byte, 1000), struct{ A []byte }{},
		error(nil), errors.New("a struct without exported fields"), fmt.Stringer(time.Second), []fmt.Stringer{time.Second, nil}, []named{word("w"), (*tree)(nil), nil, &tree{}},
		json.Marshaler(valueJSON{A: 1}), []json.Marshaler{nil, (*pointerJSON)(nil), &pointerJSON{A: 2}}, []encoding.TextMarshaler{nil, valueText("a")}, []*valueJSON{nil},
		quoted{B: "a<\"\xff\u2028>", D: 0.1, E: 1e21, K: "k"}, quotedPointers{B: &text}, &quotedMethods{B: new(pointerText)},
		struct {
			A isZeroMarking `json:",omitzero"` // in memory that can't be written to
		}{isZeroMarking{A: 1}}, isZeroValue(7), zeroOmitted{}, zeroOmitted{Q: 7, R: 8, H: math.Copysign(0, -1), O: (*pointerText)(nil), P: (*isZeroPointer)(nil)}, emptyOmitted{H: math.Copysign(0, -1), I: float32(math.Copysign(0, -1))},
		struct{ A, B, C []any }{nil, []any{}, []any{nil}}, struct{ A, B map[string]any }{nil, map[string]any{}}, struct{}{}, []struct{}{{}, {}}, [0]int{}, map[string]struct{}{"A": {}},
	}
	for _, depth := range []int{1, 127, 128, 254, 255, 256, 257, 258, 510, 512, 514, 1001} {
		if testing.Short() && depth > 258 {
			continue
		}
		values = append(values, deep(depth), deepPointers(depth), deepList(depth), deepMap(depth), []any{deepList(depth), deep(depth / 2)}, map[string]any{"A": deepPointers(depth)}, &valueJSON{A: deep(depth)})
	}
	for _, value := range values {
		sameEncode(t, value)
		sameEncode(t, []any{value})
		sameEncode(t, struct {
			A any
			B *any `json:",omitempty"`
		}{value, &value})
	}
}

// textFailing can't be the name of a member.
type textFailing int

func (v textFailing) MarshalText() ([]byte, error) { return nil, fmt.Errorf("refused: %d", v) }

// jsonFailing fails with the error that it holds.
type jsonFailing struct{ err error }

func (v jsonFailing) MarshalJSON() ([]byte, error) { return nil, v.err }

// A struct may lie in one that is met before it is known in full.
func TestMarshalStructsWithinEachOther(t *testing.T) {
	type recursive struct {
		A  string
		In embracing
		B  [2]embracing
	}
	value := recursive{"a", embracing{X: 1, List: []embraced{{embracing{X: 2}, 3}}}, [2]embracing{{X: 4}, {X: 5}}}
	sameEncodeAnywhere(t, value)
	sameEncodeAnywhere(t, value.In)
	sameEncodeAnywhere(t, value.In.List[0])
}

type (
	embracing struct {
		X    int
		List []embraced
	}
	embraced struct {
		In embracing
		Y  int
	}
)

// Members that are left out take their commas with them, wherever they stand, also in what is embedded behind a pointer.
func TestMarshalOptionalMembers(t *testing.T) {
	long := strings.Repeat("long", 20)
	kinds := []struct {
		tag   string
		value any
	}{
		{"%s", 1}, {"%s,omitempty", "text"}, {"%s,omitempty", &long}, {"%s,omitzero", struct{ A, B int }{1, 2}}, {long + "%s,omitempty", 1.5},
		{"%s,string,omitempty", int8(1)}, {"%s,omitempty", map[string]int{"a": 1}}, {"%s", struct{ A int }{1}}, {"%s,omitzero", time.Unix(1, 2).UTC()},
	}
	random := rand.New(rand.NewPCG(12, 13))
	for range 500 {
		fields := make([]reflect.StructField, 1+random.IntN(5))
		values := make([]any, len(fields))
		for i := range fields {
			kind := pick(random, kinds)
			name := string(rune('A' + i))
			fields[i] = reflect.StructField{Name: name, Type: reflect.TypeOf(kind.value), Tag: reflect.StructTag(`json:"` + fmt.Sprintf(kind.tag, name) + `"`)}
			values[i] = kind.value
		}
		typ := reflect.StructOf(fields)
		embedding := reflect.StructOf([]reflect.StructField{{Name: "In", Type: typ}, {Name: "E", Type: reflect.PointerTo(typ), Anonymous: true}, {Name: "Z", Type: typ, Tag: `json:",omitzero"`}})
		for set := range 1 << len(fields) {
			value := reflect.New(embedding).Elem()
			sameEncode(t, value.Interface())
			in := value.Field(0)
			for i := range fields {
				if set>>i&1 != 0 {
					in.Field(i).Set(reflect.ValueOf(values[i]))
				}
			}
			value.Field(1).Set(in.Addr())
			value.Field(2).Set(in)
			sameEncode(t, value.Interface())
			sameEncode(t, []any{in.Interface(), in.Addr().Interface()})
		}
	}
}

// AppendMarshal uses the room that there is, keeps what was there, and does not mind if the value lies behind it.
func TestAppendMarshal(t *testing.T) {
	value := map[string]string{"name": strings.Repeat("value ", 50)}
	want, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	for room := range len(want) + 2 {
		dst := append(make([]byte, 0, 3+room), "abc"...)
		got, err := json.AppendMarshal(dst, value)
		if err != nil || string(got) != "abc"+string(want) {
			t.Fatalf("room for %d: %s, %v", room, got, err)
		}
		if inPlace := &got[0] == &dst[0]; inPlace != (room >= len(want)) {
			t.Errorf("room for %d: in place: %t", room, inPlace)
		}
	}
	buffer := []byte(`xyz "within"`)
	got, err := json.AppendMarshal(buffer[:0], unsafe.String(&buffer[0], len(buffer)))
	if err != nil || string(got) != `"xyz \"within\""` {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := json.AppendMarshal([]byte("abc"), math.NaN()); string(got) != "abc" || err == nil {
		t.Errorf("%s, %v", got, err)
	}
}

func TestMarshalNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	for _, f := range floats {
		for range 3 {
			sameEncode(t, []any{f, -f, float32(f), []float64{f}, []float32{float32(f)}, struct {
				A float64 `json:",string"`
				B float32 `json:",omitempty"`
			}{f, float32(f)}})
			f = math.Nextafter(f, math.Inf(1))
		}
	}
	count := 20_000
	if testing.Short() {
		count = 2000
	}
	var doubles []float64
	var singles []float32
	for range count {
		if f := math.Float64frombits(random.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
			doubles = append(doubles, f)
		}
		if f := math.Float32frombits(random.Uint32()); f == f && !math.IsInf(float64(f), 0) {
			singles = append(singles, f)
		}
		// Those with few digits take other paths.
		f := float64(random.IntN(1_000_000)) * math.Pow10(random.IntN(40)-20)
		doubles, singles = append(doubles, f, float64(float32(f))), append(singles, float32(f))
	}
	sameEncode(t, doubles)
	sameEncode(t, singles)
	for _, values := range []any{doubles, singles} {
		text, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		sameDecode(t, text, func() any { return new([]float64) })
		sameDecode(t, text, func() any { return new([]float32) })
		sameDecode(t, text, func() any { return new([]any) })
	}
	for _, i := range integers {
		sameEncode(t, []any{i, int(i), int32(i), int16(i), int8(i), uint64(i), uint(i), uint32(i), uint16(i), uint8(i), uintptr(i)})
	}
}

// What is no number is found at any place of a Number of any length.
func TestMarshalNumberTexts(t *testing.T) {
	for length := range 24 {
		for at := range length {
			for b := range 256 {
				text := []byte(strings.Repeat("1", length))
				text[at] = byte(b)
				number := json.Number(text)
				sameEncode(t, []any{number, &number, []json.Number{"1", number}})
			}
		}
		for _, text := range []string{"0", "-", "-0", "0.", "1.5", "1e", "1e+", "1.e1", "00", "-01"} {
			text += strings.Repeat("0", length)
			sameEncode(t, []json.Number{json.Number(text), json.Number(text[1:])})
		}
	}
}

func TestListsOfScalars(t *testing.T) {
	random := rand.New(rand.NewPCG(10, 11))
	type number int16
	for _, typ := range []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[number](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
		reflect.TypeFor[uint](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64](),
	} {
		for length := range 40 {
			list := reflect.MakeSlice(reflect.SliceOf(typ), length, length)
			for i := range length {
				// Of any bits, or small.
				bits := random.Uint64() >> (random.IntN(2) * random.IntN(64))
				switch element := list.Index(i); {
				case element.CanInt():
					element.SetInt(int64(bits))
				case element.CanUint():
					element.SetUint(bits)
				case element.CanFloat():
					element.SetFloat(float64(bits) / float64(1+random.IntN(1000)))
				default:
					element.SetBool(bits&1 != 0)
				}
			}
			array := reflect.New(reflect.ArrayOf(length, typ)).Elem()
			reflect.Copy(array, list)
			sameEncode(t, []any{list.Interface(), array.Interface()})
			text, err := std.Marshal(list.Interface())
			if err != nil {
				t.Fatal(err)
			}
			sameDecode(t, text, zero(list.Type()))
			sameDecode(t, text, zero(array.Type()))
		}
	}
	for _, length := range []int{1, 8, 9} {
		list := make([]float32, length)
		list[length-1] = float32(math.Inf(1))
		sameEncode(t, list)
	}
}

func TestMarshalStrings(t *testing.T) {
	texts := append([]string{}, strings_...)
	for b := range 256 {
		texts = append(texts, string([]byte{byte(b)}), "0123456789abcde"+string([]byte{byte(b)})+"0123456789abcdef", string([]byte{0xE2, 0x80, byte(b)}), string([]byte{0xE2, byte(b), 0xA8}))
	}
	for length := range 100 {
		texts = append(texts, strings.Repeat("x", length)+"\n", strings.Repeat("ü", length)+"<", strings.Repeat("\u2028", length))
	}
	for _, text := range texts {
		sameEncode(t, text)
		sameEncode(t, struct {
			A string            `json:",string"`
			B map[string]string `json:",omitempty"`
			C any
			D valueText
		}{text, map[string]string{text: text}, text, valueText(text)})
	}
}

// Short strings are checked by the word: wherever in one a character begins, and whatever is wrong with it.
func TestMarshalLetters(t *testing.T) {
	some := []byte("\x00\"&<A\x7f\x80\x8f\x90\x9f\xa0\xa8\xa9\xbf\xc0\xc1\xc2\xe0\xe1\xe2\xed\xef\xf0\xf4\xf5\xff")
	at := 0
	for _, a := range some {
		var list []string
		for _, b := range some {
			for _, c := range some {
				for _, d := range some {
					at++
					before, behind := at%13, at%7
					list = append(list, "letters letters"[:before]+string([]byte{a, b, c, d})+"letters"[:behind])
				}
			}
		}
		for _, s := range []string{"Müller", "東京都港区", "한국어", "हिन्दी", "“ein Zitat”", "🚗💨", "\u2028", "\u2029", "\U0010FFFF", "\ud7ff\ue000"} {
			for length := range 12 {
				list = append(list, strings.Repeat("x", length)+s, s+strings.Repeat("x", length))
			}
		}
		got, err := json.Marshal(list)
		want, wantErr := std.Marshal(list)
		if err != nil || wantErr != nil {
			t.Fatal(err, wantErr)
		}
		if !bytes.Equal(got, want) {
			for _, s := range list {
				sameEncode(t, s)
			}
			t.Fatal("another text than encoding/json")
		}
	}
}

// Long strings are checked with others, behind all: what is wrong in some must not change the rest.
func TestMarshalLongStrings(t *testing.T) {
	long := strings.Repeat("Grüße, 世界! 😀 ", 8)
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		values := make([]any, 1+random.IntN(8))
		for i := range values {
			at := random.IntN(len(long))
			wrong := []string{"", "", "", "\u2028", "\u2029", "\xff", "\xe2\x80", "\xed\xa0\x80", "<", "\n"}[random.IntN(10)]
			text := long[:at] + wrong + long[at:]
			values[i] = []any{text, i, map[string]string{text: text}, struct {
				A string `json:",string"`
				B valueText
				C string
			}{text, valueText(text), text}, json.RawMessage(`"` + strings.ToValidUTF8(text, "?") + `"`)}[random.IntN(5)]
		}
		sameEncode(t, values)
	}
}

// JSON within JSON may be as deep as JSON, wherever it stands; but not to be indented.
func TestMarshalDeepRawMessages(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{257, 10_000, 10_001} {
		raw := json.RawMessage(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		for _, value := range []any{&raw, struct{ A, B any }{raw, []*json.RawMessage{&raw}}} {
			encode := func(with codec) outcome {
				text, err := with.marshal(value)
				indented, indentErr := with.marshalIndent(value, " ", "")
				var stream bytes.Buffer
				e := with.newEncoder(&stream)
				e.SetEscapeHTML(false)
				e.SetEscapeHTML(true)
				e.SetIndent(" ", "")
				streamErr := e.Encode(value)
				return outcome{result: []any{text, indented, indentErr, stream.String(), streamErr}, err: err}
			}
			compare(t, func() string { return fmt.Sprintf("depth %d in %T", depth, value) }, encode(ours), encode(standard))
		}
	}
}

// A method that encodes what is below it is called once for each value, also if that fails far below: else calls would double
// with each level.
func TestMarshalCallsMethodsOnce(t *testing.T) {
	for name, leaf := range map[string]any{"valid": 1, "no number": math.NaN(), "a failing method": failing("F"), "a failing key": map[textFailing]int{1: 1}, "no JSON": misprinting("{")} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			value := leaf
			for range 20 {
				value = counted{value, &calls}
			}
			_, err := json.Marshal(value)
			if valid := name == "valid"; (err == nil) != valid {
				t.Errorf("error %v", err)
			}
			if calls != 20 {
				t.Errorf("%d calls, want 20", calls)
			}
		})
	}
}

// What has no JSON form, or is left to encoding/json, does not have methods called again that were called before, and is said to be what
// encoding/json says it is.
func TestMarshalCallsMethodsOnceBefore(t *testing.T) {
	type (
		double      float64
		single      float32
		timePointer *time.Time
		rawPointer  *json.RawMessage
	)
	nan, none, late := math.NaN(), single(math.NaN()), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	raw, number := json.RawMessage("x"), json.Number("x")
	for _, value := range []any{
		nan, double(nan), float32(nan), single(nan), &nan, []float64{1, nan}, []single{1, 2, 3, 4, 5, 6, 7, 8, 9, single(nan)}, [][]double{{}, {1, double(nan)}},
		[2]float64{1, nan}, [9]*float64{8: &nan}, map[string]float64{"a": nan}, map[int]float32{1: float32(nan)}, map[word]double{"a": double(nan)},
		struct {
			A float64 `json:",string"`
		}{nan}, struct {
			A *single `json:",omitempty,string"`
		}{&none},
		late, &late, timePointer(&late), []time.Time{late}, []*time.Time{&late}, struct {
			A *time.Time `json:",omitempty"`
		}{&late}, map[string]time.Time{"a": late},
		raw, &raw, rawPointer(&raw), []json.RawMessage{raw}, []*json.RawMessage{&raw}, json.Number("x"), &number, []json.Number{"1", "x"},
		make(chan int), new(func()), []chan int{nil}, map[bool]int(nil), map[failing]func(){}, map[failing]func(){"a": nil},
		map[textFailing]int{1: 1}, map[*textFailing]int{new(textFailing): 1}, misprinting("{"), new(misprinting), []misprinting{"1", ""},
		embedsHiddenTagged{B: 1}, []embedsHiddenTagged{{inner: inner{C: "<"}}}, failing("F"),
	} {
		calls := 0
		before := counted{1, &calls}
		typed := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeOf(before)}, {Name: "B", Type: reflect.TypeOf(value)}}))
		typed.Elem().Field(0).Set(reflect.ValueOf(before))
		typed.Elem().Field(1).Set(reflect.ValueOf(value))
		for _, all := range []any{[]any{before, value}, &[]any{before, &value}, map[string]any{"a": before, "b": []any{value}}, typed.Interface(), typed.Elem().Interface()} {
			sameEncode(t, all)
			for _, marshal := range []func(any) ([]byte, error){json.Marshal, std.Marshal} {
				calls = 0
				if _, err := marshal(all); calls != 1 {
					t.Errorf("%T: %d calls, error %v", all, calls, err)
				}
			}
		}
	}
}

// Brackets need room like all else: the sanitizer would find one that is written beside the text's memory.
func TestMarshalNestedListsAtAnyLength(t *testing.T) {
	var deep any = []any{}
	for range 200 {
		deep = []any{deep}
	}
	for length := range 1200 {
		value := []any{strings.Repeat("x", length), deep, map[string]any{"a": deep}}
		got, err := json.Marshal(value)
		want, _ := std.Marshal(value)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d: %v %s", length, err, got)
		}
	}
}

// Nor do calls double where each level is left to encoding/json for its depth.
func TestMarshalCallsMethodsOnceBesideDeepValues(t *testing.T) {
	var deep any
	for range 300 {
		deep = []any{deep}
	}
	calls := 0
	value := any(1)
	for range 20 {
		value = countedBesideDeep{value, deep, &calls}
	}
	if _, err := json.Marshal(value); err != nil {
		t.Fatal(err)
	}
	if calls != 20 {
		t.Errorf("%d calls", calls)
	}
}

// Deep values, of which some lead back to themselves, are left to encoding/json from some level on: for it, these count as they did before, and
// methods that were called are not called again.
func TestMarshalDeepMixtures(t *testing.T) {
	type (
		pointer *any
		slice   []any
		array   [2]any
		table   map[int]any
	)
	wraps := []func(v any) any{
		func(v any) any { return []any{v} },
		func(v any) any { return map[string]any{"a": v} },
		func(v any) any { return &v },
		func(v any) any { return pointer(&v) },
		func(v any) any { return []*any{nil, &v} },
		func(v any) any { return [][]any{{1}, {v}} },
		func(v any) any { return slice{v} },
		func(v any) any { return dictionary{"a": v} },
		func(v any) any { return table{1: v} },
		func(v any) any { return map[word][]any{"a": {v}} },
		func(v any) any { return map[string][6]any{"a": {3: v}} },
		func(v any) any { return [1]any{v} },
		func(v any) any { return &array{1, v} },
		func(v any) any { return [6]any{5: v} },
		func(v any) any { return &[6]any{v} },
		func(v any) any { return struct{ A any }{v} },
		func(v any) any { return &list{A: 1, B: &list{A: v}} },
		func(v any) any { return struct{ A [2]struct{ B []any } }{[2]struct{ B []any }{{}, {[]any{v}}}} },
	}
	count := 300
	if testing.Short() {
		count = 50
	}
	random := rand.New(rand.NewPCG(18, 19))
	for range count {
		calls := 0
		wrap := func(value any, levels int) any {
			for range levels {
				value = pick(random, wraps)(value)
			}
			return value
		}
		end := new(any)
		value := wrap(end, 1+random.IntN(60))
		if random.IntN(2) == 0 {
			*end = value
		} else {
			value = wrap(value, random.IntN(400))
		}
		value = []any{counted{1, &calls}, wrap([]any{value, counted{2, &calls}}, random.IntN(300)*random.IntN(2))}
		sameEncode(t, value)
		callsOf := func(marshal func(any) ([]byte, error)) int {
			calls = 0
			_, _ = marshal(value)
			return calls
		}
		if got, want := callsOf(json.Marshal), callsOf(std.Marshal); got != want {
			t.Errorf("%d calls, want %d", got, want)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

type countedBesideDeep struct {
	value, deep any
	calls       *int
}

func (c countedBesideDeep) MarshalJSON() ([]byte, error) {
	*c.calls++
	return json.Marshal([]any{c.value, c.deep})
}

// counted encodes what it holds and counts the calls.
type counted struct {
	value any
	calls *int
}

func (c counted) MarshalJSON() ([]byte, error) {
	*c.calls++
	return json.Marshal([]any{c.value})
}

// Where writing fails, the stream ends; where encoding fails, it goes on.
func TestEncoderErrors(t *testing.T) {
	values := []any{1, math.NaN(), failing("F"), "text", jsonFailing{io.EOF}, []any{2}, 3, 4}
	for fails := range 6 {
		use := func(with codec) outcome {
			w := &limitedWriter{left: fails}
			e := with.newEncoder(w)
			var errs []error
			for _, value := range values {
				errs = append(errs, e.Encode(value))
			}
			return outcome{result: []any{w.text.String(), errs}}
		}
		compare(t, func() string { return fmt.Sprint("after ", fails, " writes") }, use(ours), use(standard))
	}
	within := func(with codec) outcome {
		w := new(encodingWriter)
		w.encoder = with.newEncoder(w)
		return outcome{result: []error{w.Encode(1), w.Encode(2)}}
	}
	compare(t, func() string { return "within a write" }, within(ours), within(standard))
}

// encodingWriter encodes something else while it writes, at which it fails.
type encodingWriter struct {
	encoder
	within bool
}

func (w *encodingWriter) Write(p []byte) (int, error) {
	if w.within {
		return 0, errors.New("full")
	}
	w.within = true
	defer func() { w.within = false }()
	return len(p), errors.Unwrap(w.Encode("within"))
}

// limitedWriter fails after some calls.
type limitedWriter struct {
	text strings.Builder
	left int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.left == 0 {
		return 0, errors.New("full")
	}
	w.left--
	return w.text.Write(p)
}

// Words in which there is something to escape go another way than others, alone and in rows.
func TestMarshalManyEscapes(t *testing.T) {
	random := rand.New(rand.NewPCG(14, 15))
	parts := []string{"\"", "\\", "\n", "\x00", "<", "&", "a", "words ", "ü", "世", "😀", "\u2028", "\xff", "<b>\"quoted\"</b>\n\t", strings.Repeat("clean ", 30)}
	for range 3000 {
		var text strings.Builder
		some := parts[random.IntN(len(parts)):]
		for range random.IntN(40) {
			text.WriteString(pick(random, some))
		}
		sameEncode(t, text.String())
	}
	// Long ones, which are written to memory of their size if they come again.
	for range 20 {
		var list [3]string
		for i := range list {
			some := parts[random.IntN(len(parts)):]
			var text strings.Builder
			for range random.IntN(3000) {
				text.WriteString(pick(random, some))
			}
			list[i] = text.String()
		}
		for range 3 {
			sameEncode(t, list)
		}
	}
}
