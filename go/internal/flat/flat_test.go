package flat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
)

type (
	word    string
	inner   struct{ A, B int32 }
	Pointed struct{ Text string }
	padded  struct {
		A byte
		B int64
		C bool
		D uint16
	}
	private struct {
		name  string
		count int
		tags  []string
		part  inner
		extra map[string]int
		_     [0]func()
	}
	tree struct {
		Name     string
		Children []*tree
		By       map[string]tree
	}
	// Types that contain themselves as parts of what they refer to.
	plot struct {
		Number int
		Wood   wood
	}
	wood struct {
		Age   int
		Plots []plot
		By    map[string]plot
		Pairs [][2]wood
		Name  string
	}
	list struct {
		Value int
		Next  *list
	}
	nest   []nest
	stamp  time.Time
	embeds struct {
		inner
		*Pointed
		time.Time
	}
	profile struct {
		ID       int64
		Name     string `json:"-"`
		Email    *string
		Age      *int
		Admin    bool
		Score    float64
		Avatar   []byte
		Tags     []word
		Ratings  []float32
		Flags    []bool
		Parts    []padded
		Grid     [3][40]string
		Friends  map[word][]int
		Headers  map[string]string
		Extra    map[string]any
		Any      any
		Created  time.Time
		Took     time.Duration
		Complex  complex128
		Hash     [32]byte
		Home     netip.Addr
		Link     *url.URL
		Amount   *big.Int
		Empty    struct{}
		Empties  []struct{}
		Inner    *inner
		Pointers **inner
	}
	// lossy has a JSON form that lacks something, as types do that hide it from others.
	lossy struct{ Password string }
	// ownJSON can't be stored but by its own methods, as ownText.
	ownJSON struct{ next *int }
	ownText struct{ c chan int }
	// failing fails.
	failing struct{ c chan int }
)

func (lossy) MarshalJSON() ([]byte, error)      { return []byte(`{}`), nil }
func (*lossy) UnmarshalJSON([]byte) error       { return nil }
func (o ownJSON) MarshalJSON() ([]byte, error)  { return json.Marshal(o.next) }
func (o *ownJSON) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &o.next) }
func (o ownText) MarshalText() ([]byte, error)  { return fmt.Append(nil, cap(o.c)), nil }
func (o *ownText) UnmarshalText(b []byte) error {
	o.c = make(chan int, len(b))
	return nil
}
func (failing) MarshalBinary() ([]byte, error)     { return nil, fmt.Errorf("broken") }
func (*failing) UnmarshalBinary(data []byte) error { return nil }

func ref[T any](v T) *T { return &v }

func fullProfile() profile {
	berlin := time.FixedZone("Berlin", 7200)
	pointer := &inner{5, 6}
	link, _ := url.Parse("https://user:secret@example.com/path?q=1")
	return profile{
		ID: math.MinInt64, Name: "Ada", Email: ref("ada@example.com"), Age: ref(36), Admin: true, Score: math.Inf(-1),
		Avatar: []byte{1, 2, 3}, Tags: []word{"a", "", "c"}, Ratings: []float32{1.5, -2}, Flags: []bool{true, false},
		Parts: []padded{{1, 2, true, 3}, {}}, Grid: [3][40]string{1: {3: "x", 39: "y"}},
		Friends: map[word][]int{"bob": {1, 2}, "eve": nil, "": {}}, Headers: map[string]string{"a": "b", "": ""},
		Extra:   map[string]any{"n": 1, "f": 1.5, "l": []any{nil, "x", true, json.Number("1")}, "m": map[string]any{}},
		Any:     []string{"a"},
		Created: time.Date(2026, 11, 25, 1, 2, 3, 4, berlin), Took: time.Second, Complex: 1 + 2i, Hash: [32]byte{31: 9},
		Home: netip.MustParseAddr("fe80::1%eth0"), Link: link, Amount: big.NewInt(-1234567890123),
		Empties: make([]struct{}, 3), Inner: pointer, Pointers: &pointer,
	}
}

var values = []any{
	profile{}, fullProfile(), &profile{}, (*profile)(nil),
	private{}, private{"n", 1, []string{"t"}, inner{1, 2}, map[string]int{"a": 1}, [0]func(){}},
	true, int8(-1), "text", "", word("w"), []byte{}, []byte(nil), [3]byte{1, 2, 3}, [0]string{}, struct{}{}, 1.5,
	padded{1, math.MaxInt64, true, 9}, []padded{}, []padded(nil), []inner{{1, 2}}, [2]padded{{A: 1}, {D: 2}},
	tree{"root", []*tree{{Name: "leaf"}, nil}, map[string]tree{"x": {Name: "y"}}}, list{1, &list{2, nil}},
	wood{1, []plot{{2, wood{Name: "a"}}}, map[string]plot{"b": {3, wood{Age: 4}}}, [][2]wood{{{Name: "c"}, {Age: 5}}}, "d"},
	plot{1, wood{2, []plot{{3, wood{Name: "a"}}}, nil, [][2]wood{{{Age: 4}}}, "b"}},
	nest{{}, nil, {{}}}, embeds{inner{1, 2}, &Pointed{"p"}, time.Unix(1, 2).UTC()}, embeds{},
	lossy{"secret"}, ownJSON{ref(7)}, []ownJSON{{}}, map[netip.Addr]int{netip.MustParseAddr("::1"): 1},
	map[struct{}]struct{}{}, map[struct{}]struct{}{{}: {}}, map[[2]string]*int{{"a", "b"}: ref(1), {}: nil},
	map[float64]bool{0.5: true}, map[string]map[string]any{"a": nil, "b": {"c": map[string]string{"d": "e"}}},
	time.Time{}, time.Unix(1<<40, 999999999), time.Unix(0, 0).UTC(), time.Unix(0, 0).In(time.FixedZone("", -3600)),
	stamp(time.Unix(5, 0).UTC()), []*string{nil, ref("")}, []*struct{}{{}, nil}, struct{ A any }{},
	struct{ A any }{uint16(3)}, struct{ A any }{time.Unix(1, 0).UTC()}, []any{map[string]any{"a": []any{}}, []byte{1}},
	strings.Repeat("long", 10_000), [100]string{50: "x"}, [][]int64{{1}, {}, nil, {math.MaxInt64}},
	struct {
		A string
		B []int64
		C *uint32
		D []uint16
	}{"x", []int64{1, 2}, ref(uint32(7)), []uint16{3}},
}

func planOf(t testing.TB, typ reflect.Type) *Plan {
	t.Helper()
	plan, err := Of(typ)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// pointerTo returns a pointer to a copy of a value on the heap.
func pointerTo(value any) unsafe.Pointer {
	stored := reflect.New(reflect.TypeOf(value))
	stored.Elem().Set(reflect.ValueOf(value))
	return stored.UnsafePointer()
}

func (p *Plan) read(data []byte) (any, bool) {
	value := reflect.New(p.root.typ)
	ok := p.Fill(append(make([]byte, 0, max(len(data), 16)), data...), value.UnsafePointer())
	return value.Elem().Interface(), ok
}

func roundTrip(t testing.TB, value any) {
	t.Helper()
	plan := planOf(t, reflect.TypeOf(value))
	data, err := plan.Append([]byte("before"), pointerTo(value))
	if err != nil {
		t.Fatalf("%#v: %v", value, err)
	}
	if !bytes.HasPrefix(data, []byte("before")) {
		t.Fatalf("%#v: what was there is lost", value)
	}
	data = data[len("before"):]
	got, ok := plan.read(data)
	if !ok || !reflect.DeepEqual(got, value) {
		t.Fatalf("%#v\nbecame\n%#v, %t", value, got, ok)
	}
	for length := 0; length < len(data); length += 1 + len(data)/100 {
		if got, ok := plan.read(data[:length]); ok {
			t.Fatalf("%#v cut off at %d is %#v", value, length, got)
		}
	}
	if _, ok := plan.read(append(data, 0)); ok {
		t.Fatalf("%#v with a byte too many was read", value)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, value := range values {
		roundTrip(t, value)
	}
}

// A zone of the database comes back as itself, with the offset of the time; a clock that only this process has does not.
func TestTimes(t *testing.T) {
	plan := planOf(t, timeType)
	again := func(value time.Time) time.Time {
		data, err := plan.Append(nil, unsafe.Pointer(&value))
		got, ok := plan.read(data)
		if err != nil || !ok {
			t.Fatal(value, err)
		}
		return got.(time.Time)
	}
	if now := time.Now(); again(now) != now.Round(0) {
		t.Errorf("%v became %v", now, again(now))
	}
	for _, name := range []string{"Europe/Berlin", "Etc/GMT+5"} {
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Skip(err)
		}
		for _, month := range []time.Month{1, 7} {
			value := time.Date(2026, month, 1, 0, 0, 0, 0, location)
			if got := again(value); got.String() != value.String() || got.Location().String() != name {
				t.Errorf("%v became %v", value, got)
			}
		}
	}
	lost := zone{name: "Nowhere/Nothing", loaded: true}
	if got := in(time.Unix(0, 0), zoneLoaded, lost.name, 60); got.Format(time.RFC3339) != "1970-01-01T00:01:00+00:01" {
		t.Errorf("in a zone that is not known, %v", got)
	}
}

func TestUnstorable(t *testing.T) {
	type deep struct {
		Parts []map[string]*struct{ C chan int }
	}
	type shared struct{ next *int }
	type recursive struct {
		Next *recursive
		F    func()
	}
	type builder struct{ B strings.Builder }
	type keyed struct{ P *map[keyed]int }
	for _, test := range []struct {
		typ  reflect.Type
		want string
	}{
		{reflect.TypeFor[chan int](), "it is a chan int"},
		{reflect.TypeFor[func()](), "it is a func()"},
		{reflect.TypeFor[unsafe.Pointer](), "it is a unsafe.Pointer"},
		{reflect.TypeFor[error](), "it is an interface with methods"},
		{reflect.TypeFor[deep](), "flat.deep can't be stored: Parts[][].C is a chan int"},
		{reflect.TypeOf(shared{next: nil}), "next is a pointer in an unexported field"},
		{reflect.TypeFor[recursive](), "F is a func()"},
		{reflect.TypeFor[builder](), "B.addr is a pointer in an unexported field"},
		{reflect.TypeFor[struct{ sync.Mutex }](), "Mutex is a sync.Mutex, which must not be copied"},
		{reflect.TypeFor[map[any]int](), "[key] is equal to nothing"},
		{reflect.TypeFor[map[[20]struct{ P *int }]int](), "[key] is equal to nothing"},
		{reflect.TypeFor[keyed](), "P[key] is equal to nothing"},
		{reflect.TypeFor[map[string]struct{ E error }](), "[].E is an interface with methods (error)"},
	} {
		if _, err := Of(test.typ); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v, want %q", test.typ, err, test.want)
		}
	}
}

func TestValuesThatFail(t *testing.T) {
	loop := &list{Value: 1}
	loop.Next = loop
	for _, test := range []struct {
		value any
		want  string
	}{
		{*loop, "contains itself"},
		{struct{ A any }{padded{}}, "flat.padded, which it can't be"},
		{map[string]any{"a": []any{word("")}}, `["a"]: a value of type any is a flat.word`},
		{failing{c: nil}, "the binary form of a flat.failing: broken"},
	} {
		plan := planOf(t, reflect.TypeOf(test.value))
		data, err := plan.Append([]byte("before"), pointerTo(test.value))
		if err == nil || !strings.Contains(err.Error(), test.want) || string(data) != "before" {
			t.Errorf("%T: %q, %v, want %q", test.value, data, err, test.want)
		}
	}
	// An error far down takes no longer than its text.
	looped := map[string]any{}
	key, deep := strings.Repeat("k", 1000), map[string]any{"bad": word("")}
	looped[key] = looped
	for range maxDepth - 1 {
		deep = map[string]any{key: deep}
	}
	for _, test := range []struct {
		value  map[string]any
		length int
	}{{looped, 100}, {deep, 11_000_000}} {
		_, err := planOf(t, reflect.TypeFor[map[string]any]()).Append(nil, unsafe.Pointer(&test.value))
		if err == nil || len(err.Error()) > test.length {
			t.Errorf("an error far down: %.200v", err)
		}
	}
	own := ownText{make(chan int, 10)}
	plan := planOf(t, reflect.TypeOf(own))
	data, err := plan.Append(nil, unsafe.Pointer(&own))
	if got, ok := plan.read(data); err != nil || !ok || cap(got.(ownText).c) != 2 {
		t.Errorf("a text form came back as %v, %v", got, err)
	}
}

// The shape changes with everything that values' bytes, or what they mean, depend on.
func TestShape(t *testing.T) {
	shapes := map[string]reflect.Type{}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[struct{ A, B int }](), reflect.TypeFor[struct{ B, A int }](), reflect.TypeFor[struct{ A, C int }](),
		reflect.TypeFor[struct{ A, B uint }](), reflect.TypeFor[struct{ A, B int64 }](), reflect.TypeFor[struct{ A []int }](),
		reflect.TypeFor[struct{ A *int }](), reflect.TypeFor[struct{ A **int }](), reflect.TypeFor[struct{ A [2]int }](),
		reflect.TypeFor[struct{ A [3]int }](), reflect.TypeFor[struct{ A map[int]string }](),
		reflect.TypeFor[struct{ A map[string]int }](), reflect.TypeFor[struct{ A time.Time }](),
		reflect.TypeFor[struct{ A string }](), reflect.TypeFor[struct{ A any }](), reflect.TypeFor[struct{ A netip.Addr }](),
		reflect.TypeFor[struct{ A netip.AddrPort }](), reflect.TypeFor[struct{ A ownJSON }](), reflect.TypeFor[tree](), reflect.TypeFor[list](),
		reflect.TypeFor[*list](), reflect.TypeFor[struct{}](), reflect.TypeFor[struct{ A struct{} }](),
	} {
		shape := planOf(t, typ).Shape()
		if other := shapes[shape]; other != nil {
			t.Errorf("%v and %v have one shape", typ, other)
		}
		shapes[shape] = typ
	}
	if a, b := planOf(t, reflect.TypeFor[struct{ A word }]()), planOf(t, reflect.TypeFor[struct {
		A string `json:"b"`
	}]()); a.Shape() != b.Shape() {
		t.Error("names of types and tags should not matter")
	}
	value := struct{ A, B int }{1, 2}
	data, err := planOf(t, reflect.TypeOf(value)).Append(nil, unsafe.Pointer(&value))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := planOf(t, reflect.TypeFor[struct{ B, A int }]()).read(data); ok {
		t.Errorf("values of another shape became %v", got)
	}
}

// Random values of random types.
func TestRandomTypes(t *testing.T) {
	types := 2000
	if testing.Short() {
		types = 200
	}
	for seed := range types {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		typ := randomType(random, 4)
		for range 4 {
			value := reflect.New(typ).Elem()
			randomise(random, value, 4)
			roundTrip(t, value.Addr().Interface()) // a pointer, since a nil of type any would have no type
		}
	}
}

func randomType(random *rand.Rand, depth int) reflect.Type {
	leaves := []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](),
		reflect.TypeFor[int32](), reflect.TypeFor[uint64](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
		reflect.TypeFor[complex64](), stringType, reflect.TypeFor[word](), reflect.TypeFor[[]byte](), anyType,
		reflect.TypeFor[inner](), reflect.TypeFor[padded](), timeType, reflect.TypeFor[struct{}](),
		reflect.TypeFor[tree](), reflect.TypeFor[nest](), reflect.TypeFor[map[string]any](),
		reflect.TypeFor[wood](), reflect.TypeFor[plot](),
	}
	keys := []reflect.Type{
		stringType, reflect.TypeFor[word](), reflect.TypeFor[int](), reflect.TypeFor[bool](), reflect.TypeFor[inner](),
		reflect.TypeFor[struct{}](), reflect.TypeFor[[3]string](),
	}
	if depth == 0 {
		return leaves[random.IntN(len(leaves))]
	}
	below := func() reflect.Type { return randomType(random, depth-1) }
	switch random.IntN(8) {
	case 0:
		return leaves[random.IntN(len(leaves))]
	case 1:
		return reflect.PointerTo(below())
	case 2:
		return reflect.SliceOf(below())
	case 3:
		return reflect.ArrayOf([]int{0, 1, 3, 20}[random.IntN(4)], below())
	case 4:
		return reflect.MapOf(keys[random.IntN(len(keys))], below())
	default:
		var fields []reflect.StructField
		for i := range random.IntN(7) {
			fields = append(fields, reflect.StructField{Name: string(rune('A' + i)), Type: below()})
		}
		return reflect.StructOf(fields)
	}
}

// randomise sets a value of a random type, with few elements where it is deep.
func randomise(random *rand.Rand, v reflect.Value, depth int) {
	switch k := v.Kind(); {
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(time.Unix(random.Int64N(1<<40)-1<<39, random.Int64N(1e9)).UTC()))
	case k == reflect.Bool:
		v.SetBool(random.IntN(2) == 0)
	case v.CanInt():
		v.SetInt(int64(random.Uint64() >> random.IntN(64)))
	case v.CanUint():
		v.SetUint(random.Uint64() >> random.IntN(64))
	case v.CanFloat():
		v.SetFloat(random.NormFloat64())
	case v.CanComplex():
		v.SetComplex(complex(random.NormFloat64(), 1))
	case k == reflect.String:
		v.SetString(strings.Repeat("é", random.IntN(1<<random.IntN(9))))
	case k == reflect.Interface:
		choices := []any{nil, 1, "text", 2.5, []any{int8(1), nil}, map[string]any{"a": []byte{1}}, []string{}, true}
		if choice := choices[random.IntN(len(choices))]; choice != nil {
			v.Set(reflect.ValueOf(choice))
		}
	case k == reflect.Array:
		for i := range v.Len() {
			randomise(random, v.Index(i), depth-1)
		}
	case k == reflect.Struct:
		for i := range v.NumField() {
			randomise(random, v.Field(i), depth-1)
		}
	case depth < 0 || random.IntN(5) == 0: // nil
	case k == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		randomise(random, v.Elem(), depth-1)
	case k == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), random.IntN(4), 5))
		for i := range v.Len() {
			randomise(random, v.Index(i), depth-1)
		}
	case k == reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range random.IntN(4) {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			randomise(random, key, 0)
			randomise(random, elem, depth-1)
			v.SetMapIndex(key, elem)
		}
	}
}

// Bytes that may be anything are a value or none, and what is a value is stored and read again.
func FuzzFill(f *testing.F) {
	for number, value := range values {
		data, err := planOf(f, reflect.TypeOf(value)).Append(nil, pointerTo(value))
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 5000 {
			f.Add(uint16(number), data[tagSize:])
		}
	}
	f.Fuzz(func(t *testing.T, number uint16, data []byte) {
		plan := planOf(t, reflect.TypeOf(values[int(number)%len(values)]))
		tagged := append([]byte{byte(plan.tag), byte(plan.tag >> 8), byte(plan.tag >> 16), byte(plan.tag >> 24)}, data...)
		got, ok := plan.read(tagged)
		if !ok {
			return
		}
		again, err := plan.Append(nil, pointerTo(got))
		if err != nil {
			t.Fatalf("%#v: %v", got, err)
		}
		// Not compared: it may contain numbers that are not equal to themselves.
		if _, ok := plan.read(again); !ok {
			t.Fatalf("%#v is not read again", got)
		}
	})
}

// Strings and elements are where the bytes are that they were read from, each at its alignment and with no room behind.
func TestSharing(t *testing.T) {
	value := struct {
		A string
		B []byte
		C []int64
		D *uint32
	}{"a", []byte("bcd"), []int64{1}, ref(uint32(2))}
	plan := planOf(t, reflect.TypeOf(value))
	data, err := plan.Append(make([]byte, 0, 100), unsafe.Pointer(&value))
	if err != nil || !plan.Shares() {
		t.Fatal(err)
	}
	got := value
	if !plan.Fill(data, unsafe.Pointer(&got)) {
		t.Fatal("it is not read")
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	for what, at := range map[string]uintptr{
		"string": uintptr(unsafe.Pointer(unsafe.StringData(got.A))), "bytes": uintptr(unsafe.Pointer(&got.B[0])),
		"numbers": uintptr(unsafe.Pointer(&got.C[0])), "number": uintptr(unsafe.Pointer(got.D)),
	} {
		if at < start || at >= start+uintptr(len(data)) {
			t.Errorf("the %s are elsewhere", what)
		}
	}
	if cap(got.B) != 3 || cap(got.C) != 1 || uintptr(unsafe.Pointer(&got.C[0]))%8 != 0 || uintptr(unsafe.Pointer(got.D))%4 != 0 {
		t.Errorf("capacities %d, %d, at %p and %p", cap(got.B), cap(got.C), &got.C[0], got.D)
	}
	if planOf(t, reflect.TypeFor[padded]()).Shares() || planOf(t, timeType).Shares() {
		t.Error("numbers should share nothing")
	}
}
