package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/json"
)

// configured is the codec of a Config.
func configured(c json.Config) codec {
	return codec{c.Unmarshal, c.Marshal, c.AppendMarshal, c.MarshalIndent,
		func(w io.Writer) encoder { return c.NewEncoder(w) }, func(r io.Reader) decoder { return c.NewDecoder(r) }}
}

// What refuses nothing of the texts in question gives what encoding/json does: the zero Config, and such as share
// strings, or check what there is nothing wrong with.
func TestConfigsThatChangeNothing(t *testing.T) {
	t.Parallel()
	configs := []json.Config{{}, {ShareStrings: true}, {MaxDepth: 1000, MaxBytes: 1 << 20}, {ShareStrings: true, MaxDepth: 1000}}
	var documents [][]byte
	eachDocument(func(text string) { documents = append(documents, []byte(text)) })
	step := 29
	if testing.Short() {
		step = 11
	}
	for number, typ := range zoo {
		for i := number % step; i < len(documents); i += step {
			with := configured(configs[i%len(configs)])
			filled := func() any {
				target := reflect.New(typ)
				fill(rand.New(rand.NewPCG(uint64(i), uint64(number))), target.Elem(), 4)
				return target.Interface()
			}
			for _, fresh := range []func() any{zero(typ), filled} {
				sameDecodeBy(t, with, documents[i], fresh)
			}
			sameEncodeBy(t, with, filled())
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	for seed := range 4000 {
		random := rand.New(rand.NewPCG(uint64(seed), 40))
		text := streamText(random)
		// Their limits are met by other means, which the number of reads tells.
		sameStreamBy(t, configured(configs[seed%2]), cut(random, text), steps(random))
	}
	for _, sample := range corpus.Samples() {
		for _, fresh := range []func() any{sample.New, func() any { return new(any) }} {
			sameDecodeBy(t, configured(json.Config{ShareStrings: true, RejectDuplicateNames: true, RejectInvalidUTF8: true}), sample.Data, fresh)
		}
	}
}

// A route is a way for a text to be decoded.
type route struct {
	name   string
	decode func(c json.Config, text string, target any) error
}

var routes = []route{
	{"Unmarshal", func(c json.Config, text string, target any) error { return c.Unmarshal([]byte(text), target) }},
	{"Decode", func(c json.Config, text string, target any) error {
		return c.NewDecoder(strings.NewReader(text)).Decode(target)
	}},
	{"Decode of bytes", func(c json.Config, text string, target any) error {
		return c.NewDecoder(iotest.OneByteReader(strings.NewReader(text))).Decode(target)
	}},
	{"Decode of the third value", func(c json.Config, text string, target any) error {
		if c.RejectTrailingData {
			return c.Unmarshal([]byte(text), target)
		}
		d := c.NewDecoder(strings.NewReader("1 null" + text))
		for range 2 {
			if err := d.Decode(new(any)); err != nil {
				return err
			}
		}
		err := d.Decode(target)
		if refused, ok := err.(*json.RefusedError); ok {
			refused.Offset -= 6
		}
		return err
	}},
	{"tokens", func(c json.Config, text string, target any) error {
		d := c.NewDecoder(iotest.HalfReader(strings.NewReader(text)))
		for {
			if _, err := d.Token(); err == io.EOF {
				return c.Unmarshal([]byte(text), target)
			} else if err != nil {
				return err
			}
		}
	}},
}

func TestConfigRefuses(t *testing.T) {
	unique, utf8 := json.Config{RejectDuplicateNames: true}, json.Config{RejectInvalidUTF8: true}
	deep, long := json.Config{MaxDepth: 2}, json.Config{MaxBytes: 10}
	for _, test := range []struct {
		config json.Config
		text   string
		want   error // nil if it is accepted
		offset int64
	}{
		{unique, `{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}`, nil, 0},
		{unique, `{"a":1,"b":2,"a":3}`, json.ErrDuplicateName, 13},
		{unique, `{"a":1,"\u0061":3}`, json.ErrDuplicateName, 7},
		{unique, `{"a":{"x":[{"b":1},{"b":1,"b":2}]}}`, json.ErrDuplicateName, 26},
		{unique, `{"a":1,"A":3}`, nil, 0},
		{unique, `{"unknown":[{"z":1,"z":2}]}`, json.ErrDuplicateName, 19},
		{unique, ` {"a" : 1 , "a" : 2}`, json.ErrDuplicateName, 12},
		{unique, "[\"\xff\"]", nil, 0},
		{utf8, "[\"\xff\"]", json.ErrInvalidUTF8, 2},
		{utf8, "{\"\xc3\":1}", json.ErrInvalidUTF8, 2},
		{utf8, `{"a":"\ud800"}`, json.ErrInvalidUTF8, 6},
		{utf8, `{"a":"\udc00\ud800"}`, json.ErrInvalidUTF8, 6},
		{utf8, `{"\ud800":1}`, json.ErrInvalidUTF8, 2},
		{utf8, `["\ud83d\ude00","ä","\ufffd","\\ud800"]`, nil, 0},
		{utf8, `{"a":1,"a":2}`, nil, 0},
		{deep, `[[1],{}]`, nil, 0},
		{deep, `{"a":[[]]}`, json.ErrTooDeep, 6},
		{deep, `[[{"a":1}]]`, json.ErrTooDeep, 2},
		{long, `"12345678"`, nil, 0},
		{long, `"123456789"`, json.ErrTooLong, 10},
		{long, `         1`, nil, 0},
		{long, `          1`, json.ErrTooLong, 10},
		{json.Config{MaxDepth: -1, MaxBytes: -1}, `[[[[["12345678"]]]]]`, nil, 0},
	} {
		for _, route := range routes {
			if route.name == "tokens" && test.config.MaxBytes > 0 {
				continue // each token counts by itself
			}
			for _, fresh := range []func() any{
				func() any { return new(any) },
				func() any { return new(json.RawMessage) },
				func() any { v := any("before"); return &v },
			} {
				target := fresh()
				err := route.decode(test.config, test.text, target)
				var refused *json.RefusedError
				switch {
				case test.want == nil:
					want := fresh()
					if stdjson.Unmarshal([]byte(test.text), want) != nil || err != nil || difference(target, want) != "" {
						t.Errorf("%s of %s: %v, %v", route.name, test.text, target, err)
					}
				case !errors.As(err, &refused) || refused.Err != test.want || refused.Offset != test.offset:
					t.Errorf("%s of %s: %v, want %v at %d", route.name, test.text, err, test.want, test.offset)
				case difference(target, fresh()) != "":
					t.Errorf("%s of %s: stored %v", route.name, test.text, target)
				}
			}
		}
		if got := test.config.Valid([]byte(test.text)); got != (test.want == nil) {
			t.Errorf("Valid of %s: %t", test.text, got)
		}
		for name, operation := range map[string]func(dst *bytes.Buffer) error{
			"Compact": func(dst *bytes.Buffer) error { return test.config.Compact(dst, []byte(test.text)) },
			"Indent":  func(dst *bytes.Buffer) error { return test.config.Indent(dst, []byte(test.text), "", " ") },
			"ParseDocument": func(*bytes.Buffer) error {
				_, err := test.config.ParseDocument([]byte(test.text))
				return err
			},
		} {
			var dst bytes.Buffer
			if err := operation(&dst); !errors.Is(err, test.want) || err != nil && dst.Len() > 0 {
				t.Errorf("%s of %s: %q, %v", name, test.text, &dst, err)
			}
		}
	}
	// What is refused ends the stream.
	d := unique.NewDecoder(strings.NewReader(`1 {"a":1,"a":2} 3`))
	var got []string
	for range 4 {
		var v any
		err := d.Decode(&v)
		got = append(got, fmt.Sprint(v, err))
	}
	refused := `<nil> json: two members of an object have the same name (byte 9)`
	if want := []string{"1 <nil>", refused, refused, refused}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Texts as deep as encoding/json allows, and deeper, meet its limit, not that of the Config.
func TestConfigDepthBeyondTheLimit(t *testing.T) {
	for _, depth := range []int{9_999, 10_000, 10_001} {
		text := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		for _, c := range []json.Config{{MaxDepth: 20_000}, {RejectDuplicateNames: true}, {MaxDepth: 10_000}} {
			sameDecodeBy(t, configured(c), text, func() any { return new(any) })
		}
		if depth > 10_000 {
			continue // either limit may be the one that is met
		}
		var refused *json.RefusedError
		err := json.Config{MaxDepth: 9_999}.Unmarshal(text, new(any))
		if errors.As(err, &refused) != (depth > 9_999) || depth > 9_999 && refused.Offset != 9_999 {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

// escapedReplacement is U+FFFD as it may be written, or a backslash, which is to stay.
var escapedReplacement = regexp.MustCompile(`(\\\\)|\\u(?i:fffd)|\x{FFFD}`)

// reference tells what is wrong with a valid text: at first with the names of objects, then with UTF-8, then with depth.
func reference(text []byte) (duplicate, invalid bool, depth int) {
	d := stdjson.NewDecoder(bytes.NewReader(text))
	var value func() int
	value = func() int {
		token, _ := d.Token()
		if _, ok := token.(stdjson.Delim); !ok {
			return 0
		}
		names, deepest := map[any]bool{}, 0
		for d.More() {
			if token == stdjson.Delim('{') {
				name, _ := d.Token()
				duplicate = duplicate || names[name]
				names[name] = true
			}
			deepest = max(deepest, value())
		}
		_, _ = d.Token()
		return deepest + 1
	}
	depth = value()
	// Escapes of what is no character are those that the standard library replaces.
	replaced := escapedReplacement.ReplaceAllString(string(text), "$1")
	d = stdjson.NewDecoder(strings.NewReader(replaced))
	invalid = !utf8.Valid(text)
	for {
		token, err := d.Token()
		if err != nil {
			return duplicate, invalid, depth
		}
		s, _ := token.(string)
		invalid = invalid || strings.ContainsRune(s, utf8.RuneError)
	}
}

// sameRefusals compares what the Config of some flags refuses with what the reference finds, on all routes.
func sameRefusals(t testing.TB, text []byte, flags uint8, maxDepth int) {
	t.Helper()
	c := json.Config{
		RejectDuplicateNames: flags&1 != 0, RejectInvalidUTF8: flags&2 != 0, RejectTrailingData: flags&4 != 0,
		ShareStrings: flags&8 != 0, MaxDepth: maxDepth,
	}
	if !stdjson.Valid(text) {
		if err := c.Unmarshal(text, new(any)); err == nil {
			t.Errorf("%s is accepted", excerpt(text))
		}
		return
	}
	duplicate, invalid, depth := reference(text)
	want := c.RejectDuplicateNames && duplicate || c.RejectInvalidUTF8 && invalid || maxDepth > 0 && depth > maxDepth
	var offset int64 = -1
	for _, route := range routes {
		target := new(any)
		err := route.decode(c, string(text), target)
		if route.name == "tokens" && isMismatch(err) {
			continue // a number that no token can be comes before the fault
		}
		var refused *json.RefusedError
		if errors.As(err, &refused) != want {
			t.Fatalf("%s of %s by %+v: %v", route.name, excerpt(text), c, err)
		}
		if want {
			if offset >= 0 && refused.Offset != offset || *target != nil {
				t.Fatalf("%s of %s by %+v: %v, but at %d otherwise; stored %v", route.name, excerpt(text), c, err, offset, *target)
			}
			offset = refused.Offset
			continue
		}
		if err != nil && !isMismatch(err) {
			t.Fatalf("%s of %s by %+v: %v", route.name, excerpt(text), c, err)
		}
	}
}

func isMismatch(err error) bool {
	var mismatch *stdjson.UnmarshalTypeError
	return errors.As(err, &mismatch)
}

func TestConfigRefusesWhatTheReferenceDoes(t *testing.T) {
	t.Parallel()
	texts := 20_000
	if testing.Short() {
		texts = 2000
	}
	refused := 0
	for seed := range texts {
		random := rand.New(rand.NewPCG(uint64(seed), 41))
		text := []byte(strictText(random, 1+random.IntN(5)))
		duplicate, invalid, _ := reference(text)
		if duplicate || invalid {
			refused++
		}
		sameRefusals(t, text, uint8(random.IntN(16)), random.IntN(6))
	}
	if refused < texts/10 || refused > texts*9/10 {
		t.Errorf("%d of %d texts have a fault", refused, texts)
	}
}

// strictText makes a valid text in which names may come again, and strings have what is no character.
func strictText(random *rand.Rand, depth int) string {
	str := func() string {
		text := pick(random, []string{"", "a", "b", "c", "name", `\u0061`, "ä", `\u00e4`, "a longer name", "another long name"})
		if random.IntN(30) == 0 {
			text += pick(random, []string{"\xff", `\ud800`, `\udc00`, `\ud83d\ude00`, "\xc3", `\ufffd`})
		}
		return `"` + text + `"`
	}
	space := func() string { return pick(random, []string{"", "", "", " ", "\n\t"}) }
	if depth == 0 || random.IntN(4) == 0 {
		return space() + pick(random, []string{"1", "null", "true", str(), str(), "-1.5e3"}) + space()
	}
	var parts []string
	count := random.IntN(4)
	if random.IntN(20) == 0 {
		count = 30
	}
	object := random.IntN(3) > 0
	for i := range count {
		if object {
			name := str()
			if random.IntN(3) > 0 {
				name = fmt.Sprintf(`"%d"`, i)
			}
			parts = append(parts, space()+name+space()+":"+strictText(random, depth-1))
		} else {
			parts = append(parts, strictText(random, depth-1))
		}
	}
	if object {
		return space() + "{" + strings.Join(parts, ",") + space() + "}" + space()
	}
	return space() + "[" + strings.Join(parts, ",") + space() + "]" + space()
}

func FuzzConfig(f *testing.F) {
	seedTexts(f, func(text []byte) { f.Add(text, uint8(len(text)), 3) })
	for seed := range uint64(50) {
		f.Add([]byte(strictText(rand.New(rand.NewPCG(seed, 42)), 4)), uint8(seed), int(seed%5))
	}
	f.Fuzz(func(t *testing.T, text []byte, flags uint8, maxDepth int) {
		sameRefusals(t, text, flags, maxDepth%20)
		for _, typ := range []reflect.Type{reflect.TypeFor[any](), reflect.TypeFor[tree](), reflect.TypeFor[quoted](), zoo[int(flags)%len(zoo)]} {
			sameDecodeBy(t, configured(json.Config{ShareStrings: true}), text, zero(typ))
		}
	})
}

func TestConfigTrailingData(t *testing.T) {
	c := json.Config{RejectTrailingData: true}
	for text, want := range map[string]string{
		`{"a":1}`:        "",
		" [1]\n\t ":      "",
		"1":              "",
		`{"a":1} {}`:     "invalid character '{' after top-level value at 9",
		"[1],":           "invalid character ',' after top-level value at 4",
		"[1]]":           "invalid character ']' after top-level value at 4",
		"1 \n\n x":       "invalid character 'x' after top-level value at 6",
		`"a""b"`:         "invalid character '\"' after top-level value at 4",
		"":               "EOF",
		"[1":             "unexpected EOF",
		"[1] " + "\x00a": "invalid character '\\x00' after top-level value at 5",
	} {
		for _, reader := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
			v := any("before")
			d := c.NewDecoder(reader)
			err := d.Decode(&v)
			var syntax *stdjson.SyntaxError
			got := ""
			if err != nil {
				got = err.Error()
			}
			if errors.As(err, &syntax) {
				got += fmt.Sprint(" at ", syntax.Offset)
			}
			if got != want || err != nil && v != any("before") {
				t.Errorf("%q: %s, want %s; stored %v", text, got, want, v)
			}
			if err == nil {
				err = io.EOF
			}
			if again := d.Decode(&v); !errors.Is(again, err) {
				t.Errorf("%q: then %v, not %v", text, again, err)
			}
		}
		if want == "EOF" {
			continue
		}
		// By tokens, what is there is returned first.
		d := c.NewDecoder(iotest.HalfReader(strings.NewReader(text)))
		var err error
		for err == nil {
			_, err = d.Token()
		}
		if want == "" || want == "unexpected EOF" {
			want = "EOF"
		}
		if !strings.HasPrefix(want, err.Error()) {
			t.Errorf("%q by tokens: %v, want %s", text, err, want)
		}
	}
	// White space behind the value is not of its length.
	short := json.Config{RejectTrailingData: true, MaxBytes: 8}
	blank := strings.Repeat(" ", 5000)
	for text, want := range map[string]string{
		" [1,2,3]" + blank:       "<nil>",
		" [1,2,3]" + blank + "x": "invalid character 'x' after top-level value",
		" [1,2,34]" + blank:      "json: text too long (byte 8)",
	} {
		for _, reader := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			if err := short.NewDecoder(reader).Decode(new(any)); fmt.Sprint(err) != want {
				t.Errorf("%.9q: %v, want %s", text, err, want)
			}
		}
	}
	failed := errors.New("failed")
	var v any
	err := c.NewDecoder(io.MultiReader(strings.NewReader("{} "), iotest.ErrReader(failed))).Decode(&v)
	if err != failed || v != nil {
		t.Error(err, v)
	}
}

// A Decoder does not read much more than it may take.
func TestConfigBoundsMemory(t *testing.T) {
	endless := &counting{r: io.MultiReader(strings.NewReader(`"`), zeros{})}
	err := json.Config{MaxBytes: 100_000}.NewDecoder(endless).Decode(new(any))
	var refused *json.RefusedError
	if !errors.As(err, &refused) || refused.Err != json.ErrTooLong || refused.Offset != 100_000 {
		t.Error(err)
	}
	if endless.count > 400_000 {
		t.Errorf("read %d bytes", endless.count)
	}
	// Values count one by one.
	d := json.Config{MaxBytes: 1000}.NewDecoder(strings.NewReader(strings.Repeat(`"`+strings.Repeat("x", 900)+"\"\n", 100)))
	for i := range 100 {
		if err := d.Decode(new(string)); err != nil {
			t.Fatal(i, err)
		}
	}
}

type counting struct {
	r     io.Reader
	count int
}

func (c *counting) Read(into []byte) (int, error) {
	n, err := c.r.Read(into)
	c.count += n
	return n, err
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = '0'
	}
	return len(into), nil
}

type caseInner struct {
	A  int
	Bc string `json:"bc"`
}

type caseOuter struct {
	Name   string `json:"name"`
	Inner  caseInner
	List   []caseInner `json:"LIST"`
	Array  [1]caseInner
	Map    map[string]caseInner `json:"map"`
	Next   *caseOuter
	Any    any
	Method valueJSON
	Kelvin int
}

// cased makes a text for a caseOuter, and that of its members alone whose names are exact.
func cased(random *rand.Rand, depth int) (all, exact string) {
	mismatch := func(text string) string {
		if random.IntN(12) == 0 {
			return pick(random, []string{`"x"`, `1`, `[]`, `{}`, `null`, `1.5`})
		}
		return text
	}
	inner := func() (string, string) {
		return casedMembers(random, map[string]func() (string, string){
			"A":  func() (string, string) { v := mismatch(fmt.Sprint(random.IntN(100))); return v, v },
			"bc": func() (string, string) { v := mismatch(`"é\n"`); return v, v },
		})
	}
	each := func(open, between, end string, part func() (string, string)) (string, string) {
		var all, exact []string
		for i := range random.IntN(3) {
			a, e := part()
			name := ""
			if open == "{" {
				name = fmt.Sprintf(`"A%d":`, i)
			}
			all, exact = append(all, name+a), append(exact, name+e)
		}
		return open + strings.Join(all, between) + end, open + strings.Join(exact, between) + end
	}
	parts := map[string]func() (string, string){
		"name":   func() (string, string) { v := mismatch(`"N\u00e4me"`); return v, v },
		"Inner":  inner,
		"LIST":   func() (string, string) { return each("[", ",", "]", inner) },
		"Array":  func() (string, string) { return each("[", ",", "]", inner) },
		"map":    func() (string, string) { return each("{", ",", "}", inner) },
		"Any":    func() (string, string) { v := `{"NAME":{"a":[1]}}`; return v, v },
		"Method": func() (string, string) { v := `{"A":1,"a":2}`; return v, v },
		"Kelvin": func() (string, string) { return "1", "1" },
	}
	if depth > 0 {
		parts["Next"] = func() (string, string) { return cased(random, depth-1) }
	}
	return casedMembers(random, parts)
}

// casedMembers makes an object of members with those names, or with nearly those names.
func casedMembers(random *rand.Rand, values map[string]func() (string, string)) (all, exact string) {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	// Maps have no order, but the seed shall have.
	slices.Sort(names)
	var allParts, exactParts []string
	for range random.IntN(6) {
		name := pick(random, names)
		a, e := values[name]()
		switch random.IntN(4) {
		case 0:
			other := pick(random, []string{strings.ToLower(name), strings.ToUpper(name), strings.Replace(name, "K", "\u212a", 1), name + "x", `\u0061` + name, ""})
			if other != name {
				allParts = append(allParts, fmt.Sprintf("%q:%s", other, a))
				continue
			}
			fallthrough
		case 1:
			quoted := fmt.Sprintf(`"\u%04x%s"`, name[0], name[1:])
			allParts, exactParts = append(allParts, quoted+":"+a), append(exactParts, quoted+":"+e)
		default:
			quoted := `"` + name + `"`
			allParts, exactParts = append(allParts, quoted+":"+a), append(exactParts, quoted+":"+e)
		}
	}
	return "{" + strings.Join(allParts, ",") + "}", "{" + strings.Join(exactParts, ",") + "}"
}

// A text is decoded as if the members were not there whose names are not exact.
func TestConfigCaseSensitive(t *testing.T) {
	t.Parallel()
	texts := 20_000
	if testing.Short() {
		texts = 3000
	}
	for seed := range texts {
		random := rand.New(rand.NewPCG(uint64(seed), 43))
		all, exact := cased(random, 2)
		c := json.Config{CaseSensitive: true, ShareStrings: seed%2 == 0, UseNumber: seed%3 == 0}
		for _, fresh := range []func() any{
			func() any { return new(caseOuter) },
			func() any { v := any(&caseOuter{Name: "before"}); return &v },
			func() any {
				return &caseOuter{Any: &caseInner{}, List: make([]caseInner, 1, 2), Next: &caseOuter{Any: new(any)}}
			},
			func() any { return &struct{ fmt.Stringer }{} },
			func() any { return new([]any) },
		} {
			want := fresh()
			d := stdjson.NewDecoder(strings.NewReader(exact))
			if c.UseNumber {
				d.UseNumber()
			}
			wantErr := d.Decode(want)
			for _, route := range routes[:4] {
				got := fresh()
				err := route.decode(c, all, got)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || difference(got, want) != "" {
					t.Fatalf("seed %d, %s: %s of %s: %v, %v at %s; want that of %s, %v", seed, route.name, all, reflect.TypeOf(got), got, err,
						difference(got, want), exact, wantErr)
				}
			}
		}
	}
}

func TestConfigUnknownFields(t *testing.T) {
	type target struct {
		A     int
		Inner *struct{ B fmt.Stringer }
		Map   map[string]caseInner
	}
	for text, want := range map[string]string{
		`{"A":1,"Map":{"any":{"bc":""}}}`: "<nil>",
		`{"a":1}`:                         `json: unknown field "a"`,
		`{"A":1,"\u0061":2,"b":3}`:        `json: unknown field "a"`,
		`{"A":"x","a":2}`:                 "json: cannot unmarshal string into Go struct field target.A of type int",
		`{"''":1,"a":2}`:                  `json: unknown field "''"`,
		`{"Inner":{"b":1}}`:               `json: unknown field "b"`,
		`{"Map":{"x":{"BC":1}}}`:          `json: unknown field "BC"`,
		`{"A":1,"":2}`:                    `json: unknown field ""`,
	} {
		for _, route := range routes[:4] {
			err := route.decode(json.Config{CaseSensitive: true, DisallowUnknownFields: true}, text, new(target))
			if fmt.Sprint(err) != want {
				t.Errorf("%s of %s: %v, want %s", route.name, text, err, want)
			}
		}
	}
}

// Strings that came of a Decoder stay what they are when it reads on.
func TestConfigSharedStringsOfStreams(t *testing.T) {
	var text strings.Builder
	var want []map[string]any
	random := rand.New(rand.NewPCG(44, 44))
	for i := range 3000 {
		value := map[string]any{fmt.Sprint("name", i): strings.Repeat(string(rune('a'+i%26)), random.IntN(300)), "é\n": fmt.Sprint("ä\"", i)}
		want = append(want, value)
		line, err := stdjson.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	for _, read := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r }, iotest.HalfReader, iotest.OneByteReader,
		func(r io.Reader) io.Reader { return &pieceReader{pieces: cut(random, text.String()[:100_000])} },
	} {
		for _, c := range []json.Config{{ShareStrings: true}, {ShareStrings: true, RejectTrailingData: false, MaxBytes: 10_000}} {
			var got []map[string]any
			for d := c.NewDecoder(read(strings.NewReader(text.String()))); ; {
				var value map[string]any
				if err := d.Decode(&value); err != nil {
					break
				}
				got = append(got, value)
			}
			if where := difference(got, want[:len(got)]); where != "" || len(got) < 10 {
				t.Fatalf("%d values, which differ at %s", len(got), where)
			}
		}
	}
}

// Only the order of members is another.
func TestConfigUnsortedMaps(t *testing.T) {
	c := json.Config{UnsortedMaps: true}
	for seed := range 300 {
		random := rand.New(rand.NewPCG(uint64(seed), 45))
		typ := randomType(random, 4)
		value := reflect.New(typ)
		fill(random, value.Elem(), 5)
		got, err := c.Marshal(value.Interface())
		want, wantErr := stdjson.Marshal(value.Interface())
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("seed %d: %v, want %v", seed, err, wantErr)
		}
		if err == nil && sorted(t, got) != sorted(t, want) {
			t.Fatalf("seed %d: %s, want %s", seed, got, want)
		}
	}
	type member struct {
		A map[string]int
		B map[int]valueText
		C map[string]any
		D map[string]string
	}
	many := member{A: map[string]int{}, B: map[int]valueText{}, C: map[string]any{}, D: map[string]string{}}
	for i := range 50 {
		name := fmt.Sprint(i)
		many.A[name], many.B[i], many.C[name], many.D[name] = i, valueText(name), pointerText(name), name
	}
	for range 3 {
		got, err := c.Marshal(many)
		if err != nil {
			t.Fatal(err)
		}
		want, err := stdjson.Marshal(many)
		if err != nil || sorted(t, got) != sorted(t, want) {
			t.Fatalf("%s, want %s: %v", got, want, err)
		}
		if sortedAnyway, err := json.Marshal(many); err != nil || !bytes.Equal(sortedAnyway, want) {
			t.Fatalf("%s, want %s: %v", sortedAnyway, want, err)
		}
	}
}

// sorted is a text with the members of its objects in order.
func sorted(t testing.TB, text []byte) string {
	d := stdjson.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	text, err := stdjson.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestConfigNoEscapeHTML(t *testing.T) {
	c := json.Config{NoEscapeHTML: true}
	for _, value := range []any{"<&>", map[string]any{"<": []string{"&"}}, valueJSON{A: "<>"}, pointerText("&"), json.RawMessage(`"<"`), struct{ fmt.Stringer }{}, func() {}, 1 / 3.0} {
		var text bytes.Buffer
		standard := stdjson.NewEncoder(&text)
		standard.SetEscapeHTML(false)
		wantErr := standard.Encode(value)
		want := strings.TrimSuffix(text.String(), "\n")
		for name, encode := range map[string]func() ([]byte, error){
			"Marshal":       func() ([]byte, error) { return c.Marshal(value) },
			"AppendMarshal": func() ([]byte, error) { return c.AppendMarshal(nil, value) },
			"MarshalIndent": func() ([]byte, error) {
				indented, err := c.MarshalIndent(value, "", "\t")
				var compact bytes.Buffer
				if err == nil {
					err = stdjson.Compact(&compact, indented)
				}
				return compact.Bytes(), err
			},
			"Encode": func() ([]byte, error) {
				var text bytes.Buffer
				err := c.NewEncoder(&text).Encode(value)
				return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
			},
		} {
			got, err := encode()
			if string(got) != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%s of %#v: %s, %v, want %s, %v", name, value, got, err, want, wantErr)
			}
		}
	}
}

// Each line is decoded as by itself.
func TestConfigOfLines(t *testing.T) {
	type line struct {
		A string
		B any
	}
	c := json.Config{RejectDuplicateNames: true, RejectInvalidUTF8: true, CaseSensitive: true, MaxDepth: 2, MaxBytes: 40, ShareStrings: true}
	var text strings.Builder
	var want []string
	for i := range 20_000 {
		random := rand.New(rand.NewPCG(uint64(i), 47))
		one := pick(random, []string{
			fmt.Sprintf(`{"A":"%d","B":{"a":"%d"}}`, i, i), `{"A":"x","A":"y"}`, "{\"A\":\"\xff\"}", `{"a":"x"}`, `{"A":1,"a":"y"}`, `{"B":[[]]}`,
			`{"A":"` + strings.Repeat("x", random.IntN(60)) + `"}`, `{"A"`,
		})
		if i%1000 < 900 {
			one = fmt.Sprintf(`{"A":"%d"}`, i) // most are as they should be
		}
		text.WriteString(one + "\n")
		var value line
		err := c.Unmarshal([]byte(one), &value)
		want = append(want, fmt.Sprintf("%v %v", value, err))
	}
	for _, workers := range []int{1, 3} {
		var got []string
		for value, err := range json.Lines[line](strings.NewReader(text.String()), json.LinesOptions{Workers: workers, Config: c}) {
			got = append(got, fmt.Sprintf("%v %v", value, errors.Unwrap(err)))
		}
		if len(got) != len(want) {
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("line %d: %s, want %s", i+1, got[i], want[i])
			}
		}
	}
}
