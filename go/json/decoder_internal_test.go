//go:build cgo

package json

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// However a stream arrives, what is looked at without being decoded is no more than two and a half streams.
func TestDecoderLooksAtBytesOnce(t *testing.T) {
	long := `{"a":[` + strings.Repeat(`{"name":"value","n":[1,2.5,null]},`, 5000) + `0]}`
	for _, test := range []struct{ name, stream string }{
		{"one long value", long},
		{"one long string", `"` + strings.Repeat("x", 100_000) + `"`},
		{"one long number", "0." + strings.Repeat("1", 100_000)},
		{"white space", strings.Repeat(" ", 100_000) + "1"},
		{"deep", strings.Repeat("[", 9000) + strings.Repeat("]", 9000)},
		{"small values", strings.Repeat(`{"a":[1,"b"]}`+"\n", 10_000)},
		{"a small value before a long one", "1 " + long},
		{"a value of a type that is left to encoding/json", `{"A":` + long + `}`},
	} {
		for _, reader := range []struct {
			name string
			open func(io.Reader) io.Reader
		}{
			{"whole", func(r io.Reader) io.Reader { return r }},
			{"by bytes", iotest.OneByteReader},
			{"by halves", iotest.HalfReader},
			{"by 1000 bytes", func(r io.Reader) io.Reader { return shortReader{r, 1000} }},
		} {
			d := NewDecoder(reader.open(strings.NewReader(test.stream)))
			for {
				var value any
				err := d.Decode(&value)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if limit := 5*int64(len(test.stream))/2 + 100; d.work > limit {
				t.Errorf("%s, %s: %d bytes looked at, of %d", test.name, reader.name, d.work, len(test.stream))
			}
		}
	}
}

// A long value is decoded while its parts arrive: it is not searched for its end, and little is decoded again.
func TestDecoderDecodesInParts(t *testing.T) {
	type element struct {
		Name  string
		N     []float64
		Empty map[string]*element
	}
	text := "[" + strings.Repeat(`{"name":"value","n":[1,2.5,3],"empty":{"a":{"name":"b"}}},`, 50_000) + "{}]"
	for _, open := range []func(io.Reader) io.Reader{
		func(r io.Reader) io.Reader { return r },
		func(r io.Reader) io.Reader { return shortReader{r, 50_000} },
		func(r io.Reader) io.Reader { return shortReader{r, 4096} },
	} {
		for _, target := range []any{new([]element), new(any)} {
			d := NewDecoder(open(strings.NewReader(text)))
			must(t, d.Decode(target))
			if d.scanner != nil || d.work > int64(len(text)/4) {
				t.Errorf("%T: %d bytes looked at in vain, of %d", target, d.work, len(text))
			}
		}
	}
}

// A shortReader reads so many bytes at most.
type shortReader struct {
	r io.Reader
	n int
}

func (r shortReader) Read(into []byte) (int, error) { return r.r.Read(into[:min(r.n, len(into))]) }

// The buffer takes the longest value and not much more, and shrinks when no others as long come.
func TestDecoderBufferIsBounded(t *testing.T) {
	for _, idle := range []int{0, 131_584, 200_192, 3 << 20, maxIdle} { // what another decoder has left
		t.Run(strconv.Itoa(idle), func(t *testing.T) {
			box := make([]byte, 0, idle)
			idleLarge = sync.Pool{}
			idleLarge.Put(&box)
			testBufferIsBounded(t)
		})
	}
}

// A method may have the decoder that called it read on, while its own text is in the buffer that others must not get then.
func TestDecoderKeepsBufferInUse(t *testing.T) {
	idle = sync.Pool{}
	buffer := make([]byte, 0, smallBuffer)
	idle.Put(&buffer)
	stream := `"small" "` + strings.Repeat("x", 20_000) + `"`
	r := &readingOn{decoder: NewDecoder(strings.NewReader(stream))}
	if err := r.decoder.Decode(r); err != nil || len(r.next) != 20_000 {
		t.Fatal(err, len(r.next))
	}
	if r.shared {
		t.Error("others got the buffer")
	}
}

type readingOn struct {
	decoder *Decoder
	next    string
	shared  bool
}

func (r *readingOn) UnmarshalJSON(text []byte) error {
	err := r.decoder.Decode(&r.next)
	if box, _ := idle.Get().(*[]byte); box != nil {
		all := (*box)[:cap(*box)]
		for i := range all {
			r.shared = r.shared || &all[i] == &text[0]
		}
	}
	return err
}

// What Buffered returns is good until the next call of Decode, also if a method asks for it, or more is read meanwhile.
func TestDecoderKeepsBufferThatIsRead(t *testing.T) {
	overwrite := func() {
		for range 3 {
			if box, _ := idle.Get().(*[]byte); box != nil {
				clear((*box)[:cap(*box)])
			}
		}
	}
	idle = sync.Pool{}
	a := asking{decoder: NewDecoder(strings.NewReader(`"a" rest`))}
	if err := a.decoder.Decode(&a); err != nil {
		t.Fatal(err)
	}
	overwrite()
	if rest, err := io.ReadAll(a.rest); string(rest) != " rest" {
		t.Errorf("%q, %v, want the rest", rest, err)
	}
	buffer := make([]byte, 0, smallBuffer)
	idle.Put(&buffer) // which the race detector drops now and then, so that less is read at first
	text := strings.Repeat(" ", smallBuffer-minRead+1)
	d := NewDecoder(io.MultiReader(strings.NewReader(text), strings.NewReader("1")))
	d.refill()
	text = text[:len(d.buf)]
	reader := d.Buffered()
	if !d.More() {
		t.Fatal("no more")
	}
	overwrite()
	if rest, err := io.ReadAll(reader); string(rest) != text {
		t.Errorf("%q, %v, want spaces", rest, err)
	}
}

type asking struct {
	decoder *Decoder
	rest    io.Reader
}

func (a *asking) UnmarshalJSON([]byte) error {
	a.rest = a.decoder.Buffered()
	return nil
}

func testBufferIsBounded(t *testing.T) {
	const large = 8 << 20
	small := strings.Repeat(`{"a":"a small value"}`+"\n", 100_000)
	stream := small + `"` + strings.Repeat("x", large) + `"` + small
	d := NewDecoder(strings.NewReader(stream))
	largest, last := 0, 0
	for {
		var value any
		if err := d.Decode(&value); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		last = cap(d.buf)
		largest = max(largest, last)
		if d.InputOffset() < int64(len(small)) && last > readSize {
			t.Fatalf("%d bytes for small values", last)
		}
		if d.InputOffset() == int64(len(small))-1 && last != readSize {
			t.Errorf("%d bytes for many small values", last)
		}
	}
	if largest < large || largest > 3*large {
		t.Errorf("a buffer of %d bytes for a value of %d", largest, large)
	}
	if last > readSize {
		t.Errorf("%d bytes are kept for small values", last)
	}
}

// What is ahead is dropped when something else is asked for, and its buffers go back.
func TestDecoderForgetsWhatIsAhead(t *testing.T) {
	text := strings.Repeat(`{"a":1} `, 100)
	type one struct{ A int }
	for name, use := range map[string]func(d *Decoder){
		"another type":  func(d *Decoder) { must(t, d.Decode(new(any))) },
		"a flag":        func(d *Decoder) { d.UseNumber() },
		"a token":       func(d *Decoder) { _, err := d.Token(); must(t, err) },
		"a nil pointer": func(d *Decoder) { _ = d.Decode((*one)(nil)) },
	} {
		d := NewDecoder(strings.NewReader(text))
		for range 5 {
			must(t, d.Decode(new(one)))
		}
		if d.ahead.count == 0 || d.ahead.buffers == nil {
			t.Fatal("nothing is ahead")
		}
		use(d)
		if d.ahead.count != 0 || d.ahead.buffers != nil {
			t.Errorf("%s: %d values are still ahead", name, d.ahead.count)
		}
	}
}

// A decoder has memory of its own only while there is something in it: most decode a single value. What is left of it, the
// decoder has all the same.
func TestDecoderLendsItsBuffer(t *testing.T) {
	value := `{"a":1}` + strings.Repeat(" ", 3*minRead)
	decoders := make([]*Decoder, 100)
	for i := range decoders {
		text := strings.NewReader(fmt.Sprint(`"`, i, `"`+"\n\t", i, value))
		decoders[i] = NewDecoder(io.MultiReader(&io.LimitedReader{R: text, N: int64(len(fmt.Sprint(i)) + 4)}, text))
	}
	for i, d := range decoders {
		var got string
		must(t, d.Decode(&got))
		left, err := io.ReadAll(d.Buffered())
		must(t, err)
		if got != fmt.Sprint(i) || string(left) != "\n\t" || cap(d.buf) > 16 || d.InputOffset() != int64(len(got)+2) {
			t.Fatalf("%q, %q left in %d bytes at %d", got, left, cap(d.buf), d.InputOffset())
		}
	}
	for i, d := range decoders {
		var number int
		var rest RawMessage
		must(t, d.Decode(&number))
		must(t, d.Decode(&rest))
		if number != i || string(rest) != `{"a":1}` {
			t.Fatalf("%d, %s", number, rest)
		}
	}
	shared := Config{ShareStrings: true}.NewDecoder(strings.NewReader(`"shared"`))
	var text string
	must(t, shared.Decode(&text))
	if cap(shared.buf) < minRead {
		t.Error("a buffer was lent whose memory a string has")
	}
	d := NewDecoder(strings.NewReader(`{} 1`))
	must(t, d.Decode(&decodesMore{d}))
	if cap(d.buf) >= minRead {
		t.Error("a buffer was kept that is empty")
	}
}

// A decoder for one value allocates next to nothing.
func TestDecoderAllocations(t *testing.T) {
	// With the race detector, pools forget at random.
	least := 1e9
	for range 50 {
		least = min(least, testing.AllocsPerRun(1, func() {
			var got int
			must(t, NewDecoder(strings.NewReader("1\n")).Decode(&got))
		}))
	}
	if least > 4 { // the decoder, its reader, the number, and the end of the line
		t.Errorf("%v allocations", least)
	}
}

// decodesMore reads the next value from the decoder that calls it.
type decodesMore struct{ d *Decoder }

func (m *decodesMore) UnmarshalJSON([]byte) error {
	err := m.d.Decode(new(int))
	if err == nil && cap(m.d.buf) < minRead {
		return errors.New("the buffer was lent while a value in it was decoded")
	}
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Tokens that are cut here are those that the core and the standard library make.
func TestParseNumber(t *testing.T) {
	for _, test := range []struct {
		text  string
		value float64
		end   int
	}{
		{"0,", 0, 1}, {"-0 ", 0, 2}, {"12]", 12, 2}, {"1.5}", 1.5, 3}, {"-0.001\n", -0.001, 6}, {"9007199254740993 ", 9007199254740992, 16},
		{"123456789012345678901 ", 123456789012345678901, 21}, {"0.3e-5,", 0.3e-5, 6}, {"1E+2 ", 100, 4}, {"1e23,", 1e23, 4}, {"0.12345678901234567890123 ", 0.12345678901234567890123, 25},
		{"0.0000000000000000000000000001,", 1e-28, 30}, {"5e-324 ", 5e-324, 6}, {"1e-400 ", 0, 6},
		{"1", 0, 0}, {"1.", 0, 0}, {"1. ", 0, 0}, {"-", 0, 0}, {"- ", 0, 0}, {"01 ", 0, 0}, {"1e ", 0, 0}, {"1e+ ", 0, 0}, {"1e5", 0, 0}, {"x", 0, 0}, {"1e400 ", 0, 0}, {".5 ", 0, 0},
	} {
		value, end, ok := parseNumber([]byte(test.text))
		if ok != (test.end > 0) || ok && (value != test.value || end != test.end) {
			t.Errorf("%q: %v, %d, %t", test.text, value, end, ok)
		}
	}
	if value, _, _ := parseNumber([]byte("-0 ")); !math.Signbit(value) {
		t.Error("-0 lost its sign")
	}
}

// A string is cut out here if it is valid and complete, however it lies to the words that are searched.
func TestTokenStrings(t *testing.T) {
	parts := []string{"", "a", "1234567", "12345678", "\u00e4", "\u2028", `\n`, `\"`, `\\`, `\/`, `\b\f\r\t`, `\u00e4`, `\u0000`, `\ud834\udd1e`, `\ud834`, `\ud834\u0041`, `\udd1e`, `\uD834\uDD1E`,
		"\xff", "\n", "\x1f", "\x7f", `\x`, `\u12`, `\u12G4`, `\`, `"`}
	for _, a := range parts {
		for _, b := range parts {
			for _, c := range parts {
				text := `"` + a + b + c + `"`
				var want string
				valid := json.Unmarshal([]byte(text), &want) == nil
				value, end := new(tokenMaker).unescape([]byte(text + ","))
				switch {
				case valid && utf8.ValidString(text):
					if end != len(text) || string(value) != want {
						t.Errorf("%s: %q up to %d", text, value, end)
					}
				case end != 0 && end < len(text) && json.Valid([]byte(text[:end])):
					// Another string at the beginning.
				case end != 0:
					t.Errorf("%s: %q up to %d, want none", text, value, end)
				}
				if _, end := new(tokenMaker).unescape([]byte(text)); end == len(text) {
					t.Errorf("%s: something may follow", text)
				}
				plain := stringEnd([]byte(text + ","))
				if isPlain := valid && utf8.ValidString(text) && !strings.Contains(text, `\`); isPlain && plain != len(text) || plain > 0 && plain != end {
					t.Errorf("%s: plain up to %d", text, plain)
				}
			}
		}
	}
}

// What is not left to encoding/json.
func TestUnmarshalsByItself(t *testing.T) {
	type outer struct {
		Number  Number
		Failure error
		Writers []io.Writer
		By      map[string]io.Reader
	}
	for _, test := range []struct {
		text   string
		target any
		itself bool
	}{
		{`{"Number":"-1.5e3"}`, new(outer), true},
		{`{"Number":"1x"}`, new(outer), false},
		{`{"Number":""}`, new(outer), false},
		{`{"Failure":null,"Writers":[null],"By":{"a":null}}`, new(outer), true},
		{`{"Failure":null}`, &outer{Failure: io.EOF}, false},
		{`{"Writers":[null]}`, &outer{Writers: []io.Writer{new(strings.Builder)}}, false},
		{`{"Failure":1}`, new(outer), false},
		{` {"Number":1}`, func() any { v := any(new(outer)); return &v }(), true},
		{`null`, func() any { v := any(new(outer)); return &v }(), false},
		{`1`, func() any { var v any; v = &v; return &v }(), false},
		{`1`, func() any { v := any((*int)(nil)); return &v }(), false},
	} {
		if itself, _ := unmarshal([]byte(test.text), test.target, 0); itself != test.itself {
			t.Errorf("%s into %T: %t", test.text, test.target, itself)
		}
	}
}
