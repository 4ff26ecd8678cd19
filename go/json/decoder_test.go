package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/json"
)

// A decoder is one of the two whose behaviour is compared.
type decoder interface {
	Decode(value any) error
	Token() (stdjson.Token, error)
	More() bool
	Buffered() io.Reader
	InputOffset() int64
	UseNumber()
	DisallowUnknownFields()
}

// A pieceReader returns a text in given pieces, each in one read, and an error with or after some of them.
type pieceReader struct {
	pieces []piece
	reads  int
}

type piece struct {
	text  string
	err   error
	later bool // the error comes by itself
}

func (r *pieceReader) Read(into []byte) (int, error) {
	r.reads++
	if len(r.pieces) == 0 {
		return 0, io.EOF
	}
	first := &r.pieces[0]
	n := copy(into, first.text)
	first.text = first.text[n:]
	if first.text != "" || first.later && n > 0 {
		return n, nil
	}
	err := first.err
	r.pieces = r.pieces[1:]
	return n, err
}

// streamTargets are what the values of a stream are decoded into.
var streamTargets = []func() any{
	func() any { return new(any) },
	func() any { return new(any) },
	func() any { return new(int) },
	func() any { return new(string) },
	func() any { return new(json.RawMessage) },
	func() any { return new(json.Number) },
	func() any { return new(struct{ A, B any }) },
	func() any { return new(struct{ A int }) },
	func() any { return new([]any) },
	func() any { return new(map[string]any) },
	func() any { return new(pointerJSON) },
	func() any { return new(failing) },
	func() any { return new(panicking) },
	func() any { return new(list) },
	func() any { var value any = new(int); return &value },
	func() any { return new(func()) },
	func() any { return (*int)(nil) },
	func() any { return 1 },
	func() any { return nil },
}

// sameStream reads a stream with both decoders, does the same with them, as the script has it, and compares what
// they return and what they have read.
func sameStream(t testing.TB, pieces []piece, script []byte) {
	t.Helper()
	sameStreamBy(t, ours, pieces, script)
}

// sameStreamBy is sameStream for a codec of this package.
func sameStreamBy(t testing.TB, ours codec, pieces []piece, script []byte) {
	t.Helper()
	type side struct {
		decoder
		reader *pieceReader
	}
	open := func(make func(io.Reader) decoder) side {
		reader := &pieceReader{pieces: slices.Clone(pieces)}
		return side{make(reader), reader}
	}
	got, want := open(ours.newDecoder), open(standard.newDecoder)
	failures := 0
	for step, operation := range script {
		name := ""
		do := func(s side) outcome {
			switch {
			case operation < 90:
				name = "Token"
				var token stdjson.Token
				o := attempt(nil, func() (err error) { token, err = s.Token(); return err })
				o.result = token
				return o
			case operation < 110:
				name = "More"
				return outcome{result: s.More()}
			case operation < 112:
				name = "UseNumber"
				s.UseNumber()
				return outcome{}
			case operation < 114:
				name = "DisallowUnknownFields"
				s.DisallowUnknownFields()
				return outcome{}
			default:
				target := streamTargets[int(operation)%len(streamTargets)]()
				name = fmt.Sprintf("Decode into %T", target)
				return attempt(target, func() error { return s.Decode(target) })
			}
		}
		g, w := do(got), do(want)
		what := func() string { return fmt.Sprintf("%+v, step %d of %v: %s", pieces, step, script[:step+1], name) }
		compare(t, what, g, w)
		if got, want := got.InputOffset(), want.InputOffset(); got != want {
			t.Errorf("%s: InputOffset %d, want %d", what(), got, want)
		}
		if got, want := contents(t, got.Buffered()), contents(t, want.Buffered()); got != want {
			t.Errorf("%s: Buffered %q, want %q", what(), got, want)
		}
		if got.reader.reads != want.reader.reads {
			t.Errorf("%s: %d reads, want %d", what(), got.reader.reads, want.reader.reads)
		}
		if t.Failed() {
			t.FailNow()
		}
		if w.err != nil {
			// Most errors come again and again.
			if failures++; failures > 3 {
				return
			}
		}
	}
}

func contents(t testing.TB, r io.Reader) string {
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var errTemporary = errors.New("temporary")

// cut makes pieces of a text: of at most so many bytes that both decoders have room for each.
func cut(random *rand.Rand, text string) []piece {
	var pieces []piece
	longest := []int{1, 2, 5, 20, 400}[random.IntN(5)]
	faults := random.IntN(3) == 0
	for text != "" {
		n := min(len(text), 1+random.IntN(longest))
		p := piece{text: text[:n]}
		text = text[n:]
		if faults && random.IntN(10) == 0 {
			p.err = pick(random, []error{nil, io.EOF, io.ErrUnexpectedEOF, errTemporary})
			p.later = random.IntN(2) == 0
		}
		if random.IntN(20) == 0 {
			pieces = append(pieces, piece{}) // nothing, and no error
		}
		pieces = append(pieces, p)
	}
	if random.IntN(3) == 0 {
		pieces = append(pieces, piece{err: pick(random, []error{io.EOF, errTemporary})})
	}
	return pieces
}

// streamText makes a stream of values, most of them valid.
func streamText(random *rand.Rand) string {
	var b strings.Builder
	parts := []string{
		`{`, `}`, `[`, `]`, `,`, `:`, ` `, "\n", "\t\r\n        ", `"a"`, `"A"`, `"b"`, `"\u00e4\n"`, `"ä\ud800"`, "\"\xff\"", `""`, `0`, `-0`, `12`, `1.5e3`, `-1e-400`,
		`1e999`, `12345678901234567890`, `0.1`, `true`, `false`, `null`, `x`, `"`, `-`, `\`, "\x00",
		`"a long string that has more than thirty-two bytes in it"`,
	}
	values := []string{
		`{"A":1,"B":[true,{"x":"y"}]}`, `{"A":"1"}`, `[1,2,3]`, `{"a":{"b":[{}]}}`, `{"next":{"next":null}}`, `"text"`, `7`, `[[],[[]],{}]`, `{"unknown":[1]}`,
		`{"A" : null , "B" : "\\" }`, `[ "ä" , 0.25 ]`, `{"A":1}`, `{"A":2}`, `{"A":3}`,
	}
	array := random.IntN(3) == 0
	if array {
		b.WriteString("[")
	}
	clean := random.IntN(2) == 0
	for i := range 1 + random.IntN(12) {
		switch {
		case !clean && random.IntN(4) == 0:
			for range random.IntN(8) {
				b.WriteString(pick(random, parts))
			}
		default:
			if array && i > 0 {
				b.WriteString(",")
			}
			b.WriteString(pick(random, values))
			b.WriteString(pick(random, []string{"", "\n", " ", "\r\n\r\n"}))
		}
	}
	if array && clean {
		b.WriteString("]")
	}
	text := b.String()
	if random.IntN(8) == 0 {
		text = string(mutate(random, []byte(text)))
	}
	return text
}

// steps makes a script.
func steps(random *rand.Rand) []byte {
	script := make([]byte, 3+random.IntN(40))
	usual := byte(random.Uint32())
	for i := range script {
		script[i] = byte(random.Uint32())
		if random.IntN(2) == 0 {
			script[i] = usual
		}
	}
	return script
}

// Streams of real values, in pieces, by values and by tokens.
func TestDocumentStreamsMatchStandardLibrary(t *testing.T) {
	for seed, document := range append(corpus.Samples(), corpus.Lines(20_000)...) {
		random := rand.New(rand.NewPCG(uint64(seed), 31))
		text := string(document.Data)
		for _, usual := range []byte{0, 114, 120, 100} {
			pieces := cut(random, text)
			script := slices.Repeat([]byte{usual}, 3000)
			if usual == 100 {
				for i := range script {
					script[i] = pick(random, []byte{0, 0, 0, 100, 114})
				}
			}
			sameStream(t, pieces, script)
		}
		for _, open := range []func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader,
		} {
			got, want := json.NewDecoder(open(strings.NewReader(text))), stdjson.NewDecoder(strings.NewReader(text))
			for more := true; more; {
				a, b := document.New(), document.New()
				g, w := got.Decode(a), want.Decode(b)
				compare(t, func() string { return document.Name }, outcome{result: a, err: g}, outcome{result: b, err: w})
				more = w == nil && !t.Failed()
			}
		}
	}
}

// Values that are decoded while their parts arrive, also such that end too early or have a wrong byte.
func TestLongValuesMatchStandardLibrary(t *testing.T) {
	for seed, document := range []corpus.Document{
		corpus.Twitter(20), corpus.Citm(30), corpus.Canada(200), corpus.Golang(900), corpus.Synthea(60), corpus.StringUnicode(110),
	} {
		random := rand.New(rand.NewPCG(uint64(seed), 41))
		for round := range 60 {
			text := bytes.Clone(document.Data)
			elements := round%3 == 0
			if elements {
				text = slices.Concat([]byte("["), text, []byte(" , "), text, []byte("]"))
			}
			switch round % 4 {
			case 0:
				text = text[:random.IntN(len(text))]
			case 1:
				text[random.IntN(len(text))] = pick(random, []byte(`{}[],:"\0 x`))
			default:
				text = append(text, ` [1] x`...)
			}
			typed, most := random.IntN(2) == 0, 1+random.IntN(40_000)
			open := func() io.Reader {
				return &randomReader{bytes.NewReader(text), rand.New(rand.NewPCG(uint64(round), 7)), most}
			}
			got, want := json.NewDecoder(open()), stdjson.NewDecoder(open())
			what := func() string { return fmt.Sprintf("%s, round %d", document.Name, round) }
			if elements {
				_, g := got.Token()
				_, w := want.Token()
				compare(t, what, outcome{err: g}, outcome{err: w})
			}
			for more := true; more; {
				a, b := any(new(any)), any(new(any))
				if typed {
					a, b = document.New(), document.New()
				}
				g, w := got.Decode(a), want.Decode(b)
				compare(t, what, outcome{result: a, err: g}, outcome{result: b, err: w})
				if got, want := got.InputOffset(), want.InputOffset(); got != want {
					t.Errorf("%s: InputOffset %d, want %d", what(), got, want)
				}
				typed = false
				more = w == nil && !t.Failed()
			}
		}
	}
}

// A randomReader reads up to so many bytes at a time.
type randomReader struct {
	r      io.Reader
	random *rand.Rand
	most   int
}

func (r *randomReader) Read(into []byte) (int, error) {
	return r.r.Read(into[:min(1+r.random.IntN(r.most), len(into))])
}

// No read is asked for that is not needed: who waits for an answer to the last value would wait for ever.
func TestDecoderReadsNoFurtherThanNeeded(t *testing.T) {
	for _, test := range []struct {
		stream string
		call   func(d *json.Decoder) error
	}{
		{`{"a":1}`, func(d *json.Decoder) error { return d.Decode(new(any)) }},
		{`[1,2]`, func(d *json.Decoder) error { return d.Decode(new([]int)) }},
		{`[1,2]`, func(d *json.Decoder) error { var v any = new(any); return d.Decode(&v) }},
		{`12 `, func(d *json.Decoder) error { return d.Decode(new(any)) }},
		{`[1,`, func(d *json.Decoder) error { _, err := d.Token(); return err }},
		{`[1,2`, func(d *json.Decoder) error {
			_, err := d.Token()
			d.More()
			return errors.Join(err, d.Decode(new(int)))
		}},
		{`{"a":}`, func(d *json.Decoder) error { return invalid(d.Decode(new(any))) }},
		{`[1 2`, func(d *json.Decoder) error { return invalid(d.Decode(new([]int))) }},
		{`{"a"x`, func(d *json.Decoder) error { return invalid(d.Decode(new(struct{ A int }))) }},
		{`{"unknown":[1,}`, func(d *json.Decoder) error { return invalid(d.Decode(new(struct{ A int }))) }},
		{"\"\n", func(d *json.Decoder) error { return invalid(d.Decode(new(string))) }},
	} {
		for name, reader := range map[string]io.Reader{
			"whole":    strings.NewReader(test.stream),
			"by bytes": iotest.OneByteReader(strings.NewReader(test.stream)),
		} {
			d := json.NewDecoder(io.MultiReader(reader, iotest.ErrReader(errors.New("one read too many"))))
			if err := test.call(d); err != nil {
				t.Errorf("%s, %s: %v", test.stream, name, err)
			}
		}
	}
}

// invalid is nil for a syntax error.
func invalid(err error) error {
	if _, ok := err.(*json.SyntaxError); ok {
		return nil
	}
	return fmt.Errorf("error %w, want a syntax error", err)
}

// Values of a type whose methods use the decoder that they come from.
type reentrant struct {
	d     *json.Decoder
	inner any
}

func (r *reentrant) UnmarshalJSON([]byte) error { return r.d.Decode(&r.inner) }

func TestDecoderInsideOfItself(t *testing.T) {
	d := json.NewDecoder(strings.NewReader(strings.Repeat(`1 "a" `, 50)))
	for range 50 {
		r := reentrant{d: d}
		if err := d.Decode(&r); err != nil || r.inner != "a" {
			t.Fatal(r.inner, err)
		}
	}
	if err := d.Decode(new(any)); err != io.EOF {
		t.Error(err)
	}
}

func TestDecoderMatchesStandardLibrary(t *testing.T) {
	t.Parallel()
	streams := 60_000
	if testing.Short() {
		streams = 4000
	}
	for seed := range streams {
		random := rand.New(rand.NewPCG(uint64(seed), 30))
		text := streamText(random)
		sameStream(t, cut(random, text), steps(random))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestDecoderBuffers: what was decoded is not changed by other decoders, which may be given the same memory.
func TestDecoderBuffers(t *testing.T) {
	type value struct {
		Text string
		Raw  json.RawMessage
		Any  any
		Rest []string
	}
	decode := func(text []byte, c json.Config) (v value) {
		if err := c.NewDecoder(bytes.NewReader(text)).Decode(&v); err != nil {
			t.Error(err)
		}
		return v
	}
	var all sync.WaitGroup
	for number := range 4 {
		all.Go(func() {
			var found, want []value
			for round := range 8 {
				for _, length := range []int{10, 3000, 20_000, 100_000, 400_000, 1_500_000} {
					part := strings.Repeat(fmt.Sprintf("%d of %d;", round, number), length/30)
					v := value{part, json.RawMessage(`"` + part + `"`), part, []string{part, "é\n" + part}}
					text, err := json.Marshal(v)
					if err != nil {
						t.Error(err)
					}
					found = append(found, decode(text, json.Config{ShareStrings: round%2 == 1}))
					want = append(want, v)
				}
			}
			for i := range want {
				if !reflect.DeepEqual(found[i], want[i]) {
					t.Errorf("goroutine %d: value %d has changed", number, i)
				}
			}
		})
	}
	all.Wait()
}
