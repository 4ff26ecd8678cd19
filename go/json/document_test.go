package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/json"
)

// treeOf reads a value as Unmarshal would into an any.
func treeOf(v json.Value) any {
	switch v.Kind() {
	case json.KindBool:
		b, _ := v.Bool()
		return b
	case json.KindNumber:
		n, _ := v.Number()
		return n
	case json.KindString:
		s, _ := v.Text()
		return s
	case json.KindArray:
		a := make([]any, 0, v.Len())
		for _, element := range v.Elements() {
			a = append(a, treeOf(element))
		}
		return a
	case json.KindObject:
		m := make(map[string]any, v.Len())
		for name, value := range v.Members() {
			m[name] = treeOf(value)
		}
		return m
	}
	return nil
}

// checkDocument compares what a document says of a text with the standard library.
func checkDocument(t *testing.T, text []byte) {
	t.Helper()
	d, err := json.ParseDocument(text)
	decoder := stdjson.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var want any
	if wantErr := stdjson.Unmarshal(text, new(stdjson.RawMessage)); wantErr != nil {
		if err == nil || err.Error() != wantErr.Error() {
			t.Fatalf("%.100q: error %v, want %v", text, err, wantErr)
		}
		if syntax := (*json.SyntaxError)(nil); !errors.As(err, &syntax) {
			t.Fatalf("%T", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%.100q: %v", text, err)
	}
	if err := decoder.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if got := treeOf(d.Root()); fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
		t.Fatalf("%.100q: got %.200v, want %.200v", text, got, want)
	}
	checkSpans(t, d.Root())
	var compact, indented bytes.Buffer
	if err := stdjson.Compact(&compact, text); err != nil {
		t.Fatal(err)
	}
	if got := d.Root().AppendCompact([]byte("before")); string(got) != "before"+compact.String() {
		t.Fatalf("%.100q: compact %q", text, got)
	}
	if err := stdjson.Indent(&indented, bytes.TrimSpace(text), ">", "  "); err != nil {
		t.Fatal(err)
	}
	if got := d.Root().AppendIndent(nil, ">", "  "); string(got) != indented.String() {
		t.Fatalf("%.100q: indented %q", text, got)
	}
}

// checkSpans holds that each part of a value is where it says: cut out of the text it is the same value.
func checkSpans(t *testing.T, v json.Value) {
	t.Helper()
	alone, err := json.ParseDocument(v.Raw())
	if err != nil {
		t.Fatal(err)
	}
	start, end := alone.Root().Span()
	if start != 0 || end != len(v.Raw()) || alone.Root().Kind() != v.Kind() || alone.Root().Len() != v.Len() {
		t.Fatalf("%q: from %d to %d", v.Raw(), start, end)
	}
	if v.Len() > 100 {
		return
	}
	for i, element := range v.Elements() {
		checkSpans(t, element)
		if element != v.Index(i) {
			t.Fatalf("%q: element %d", v.Raw(), i)
		}
	}
	last := maps.Collect(v.Members())
	for name, member := range v.Members() {
		checkSpans(t, member)
		if v.Get(name) != last[name] {
			t.Fatalf("%q: member %q", v.Raw(), name)
		}
	}
}

func TestDocumentReadsWhatUnmarshalReads(t *testing.T) {
	for _, document := range corpus.Samples() {
		checkDocument(t, document.Data)
		for cut := range min(len(document.Data), 600) {
			checkDocument(t, document.Data[:cut])
		}
	}
	for _, length := range []int{0, 1, 31, 62, 63, 64, 65, 127, 128, 4000, 4090, 4095, 4096, 4097, 5000} {
		filler := strings.Repeat("x", length)
		for _, text := range []string{
			"", " ", "[]", "{}", "null", " true", "false ", "12", "-0", `""`, `"\u00e9\ud800 \"`, "nul", "[1,]", `{"a"}`, "[1 2]", "1 2", "12x", `"a"x`,
			`{"a":1,"a":{"b":2},"\u0061":3}`, `["\\","\"",{"\\":"\""}]`, "[[],[[]],{},{\"a\":{}},[1,[2,[3]]]]",
			"[\"a\xffb\",\"\xff\",{\"\xff\":1,\"\ufffd\":2}]",
		} {
			checkDocument(t, []byte(text))
			checkDocument(t, []byte(`["`+filler+`",`+text+`]`))
			checkDocument(t, []byte(`{ "`+filler+`" : `+text+` , "`+filler+`\n":1}`))
		}
	}
	for _, depth := range []int{10_000, 10_001, 20_000} {
		checkDepth(t, depth)
	}
}

func checkDepth(t *testing.T, depth int) {
	_, err := json.ParseDocument([]byte(strings.Repeat("[", depth) + strings.Repeat("]", depth)))
	if (err == nil) != (depth <= 10_000) {
		t.Errorf("depth %d: %v", depth, err)
	}
}

func TestDocumentNumbers(t *testing.T) {
	d, err := json.ParseDocument([]byte(`[1, -7, 2.50, 1e400, 18446744073709551615, 9223372036854775808, -9223372036854775808, -0, "1", 1e2]`))
	if err != nil {
		t.Fatal(err)
	}
	type numbers struct {
		text    json.Number
		i       int64
		isInt   bool
		u       uint64
		isUint  bool
		f       float64
		isFloat bool
	}
	want := []numbers{
		{"1", 1, true, 1, true, 1, true},
		{"-7", -7, true, 0, false, -7, true},
		{"2.50", 0, false, 0, false, 2.5, true},
		{"1e400", 0, false, 0, false, 0, false},
		{"18446744073709551615", 0, false, math.MaxUint64, true, 1 << 64, true},
		{"9223372036854775808", 0, false, 1 << 63, true, 1 << 63, true},
		{"-9223372036854775808", math.MinInt64, true, 0, false, -1 << 63, true},
		{"-0", 0, true, 0, false, math.Copysign(0, -1), true},
		{},
		{"1e2", 0, false, 0, false, 100, true},
	}
	for i, v := range d.Root().Elements() {
		var got numbers
		got.text, _ = v.Number()
		got.i, got.isInt = v.Int64()
		got.u, got.isUint = v.Uint64()
		got.f, got.isFloat = v.Float64()
		if got != want[i] {
			t.Errorf("%s: %+v, want %+v", v.Raw(), got, want[i])
		}
	}
}

func TestDocumentPointers(t *testing.T) {
	const text = `{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"i\\j":5,"k\"l":6," ":7,"m~n":8,"d":1,"d":[2],"~1":9}`
	d, err := json.ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for pointer, want := range map[string]string{
		"": text, "/foo": `["bar","baz"]`, "/foo/0": `"bar"`, "/": "0", "/a~1b": "1", "/c%d": "2", `/i\j`: "5", `/k"l`: "6", "/ ": "7",
		"/m~0n": "8", "/d": "[2]", "/d/0": "2", "/~01": "9",
		"/m~01n": "", "/foo/2": "", "/foo/-": "", "/foo/01": "", "/foo/+1": "", "/foo/": "", "/foo/99999999999999999999": "", "/foo/0/x": "", "/x/y": "",
	} {
		v, err := d.Find(pointer)
		if err != nil || string(v.Raw()) != want || v.Exists() != (want != "") {
			t.Errorf("%q: %q, %v", pointer, v.Raw(), err)
		}
	}
	for _, pointer := range []string{"foo", "/m~n", "/m~", "/x/~2"} {
		if v, err := d.Find(pointer); err == nil || v.Exists() {
			t.Errorf("%q: %q", pointer, v.Raw())
		}
		if _, err := d.FindAll("/foo", pointer); err == nil {
			t.Errorf("%q is found among others", pointer)
		}
	}
	all, err := d.FindAll("/foo/1", "/none", "")
	if err != nil || string(all[0].Raw()) != `"baz"` || all[1].Exists() || all[2] != d.Root() {
		t.Error(all, err)
	}
}

func TestMissingValues(t *testing.T) {
	for _, v := range []json.Value{{}, new(json.Document).Root()} {
		v = v.Get("a").Index(1)
		if _, ok := v.Text(); ok || v.Exists() || v.IsNull() || v.Kind() != json.KindMissing || v.Len() != 0 || v.Raw() != nil {
			t.Error("something is there")
		}
		if text, err := json.Marshal(v); err != nil || string(text) != "null" {
			t.Errorf("%s, %v", text, err)
		}
		if err := v.Decode(new(any)); err == nil {
			t.Error("decoded")
		}
		for range v.Elements() {
			t.Error("an element")
		}
		for range v.Members() {
			t.Error("a member")
		}
	}
}

func TestDocumentReset(t *testing.T) {
	var d json.Document
	for i, text := range []string{`{"a":[1,2,3]}`, `[1]`, `[`, `"x"`} {
		err := d.Reset([]byte(text))
		if (err != nil) != (text == "[") || string(d.Root().Raw()) != strings.Trim(text, "[") && err != nil {
			t.Errorf("%d: %v %s", i, err, d.Root().Raw())
		}
		if err == nil && string(d.Root().Raw()) != text {
			t.Errorf("%s: %s", text, d.Root().Raw())
		}
	}
}

func TestDocumentInMarshal(t *testing.T) {
	d, err := json.ParseDocument([]byte(`{"a": [1.50, {"b": "<"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]json.Value{"v": d.Root().Get("a")})
	if err != nil || string(text) != `{"v":[1.50,{"b":"\u003c"}]}` {
		t.Errorf("%s, %v", text, err)
	}
	var a []any
	if err := d.Root().Get("a").Decode(&a); err != nil || len(a) != 2 {
		t.Error(a, err)
	}
}

func TestKinds(t *testing.T) {
	var names []string
	for k := json.KindMissing; k <= json.KindObject+1; k++ {
		names = append(names, k.String())
	}
	if !slices.Equal(names, []string{"missing", "null", "boolean", "number", "string", "array", "object", "unknown"}) {
		t.Error(names)
	}
}

func FuzzDocument(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e3,"x\n",null,true,{}]}`, `[`, `"\ud800"`, "[\"\xff\"]", ` [ [ ] , { } ] `, `{"a":1,"a":2}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkDocument(t, text) })
}

func ExampleDocument() {
	document, err := json.ParseDocument([]byte(`{"user":{"name":"Ada","tags":["math","looms"]},"balance":12345678901234567890.50}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	name, _ := document.Root().Get("user").Get("name").Text()
	balance, _ := document.Root().Get("balance").Number()
	fmt.Println(name, balance)

	tag, err := document.Find("/user/tags/1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(tag.Raw()))
	for name, value := range document.Root().Members() {
		fmt.Println(name, value.Kind())
	}
	// Output:
	// Ada 12345678901234567890.50
	// "looms"
	// user object
	// balance number
}
