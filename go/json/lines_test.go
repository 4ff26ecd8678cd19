package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/json"
)

// lineOutcome is what a line comes to.
type lineOutcome struct {
	value any
	err   error
}

// plainLines is what Lines does, by the means of the standard library.
func plainLines(text string, fresh func() any, options json.LinesOptions) []lineOutcome {
	var outcomes []lineOutcome
	offset := int64(0)
	number := int64(0)
	for line := range strings.Lines(text) {
		number++
		start := offset
		offset += int64(len(line))
		content := strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		value := fresh()
		var err error
		switch {
		case options.MaxLine > 0 && len(content) > options.MaxLine:
			err = json.ErrLineTooLong
		case strings.Trim(content, " \t\r") == "":
			continue
		case stdjson.Valid([]byte(line)):
			decoder := stdjson.NewDecoder(strings.NewReader(line))
			if options.Config.UseNumber {
				decoder.UseNumber()
			}
			if options.Config.DisallowUnknownFields {
				decoder.DisallowUnknownFields()
			}
			err = decoder.Decode(value)
		default:
			err = stdjson.Unmarshal([]byte(strings.TrimSuffix(line, "\n")), value)
		}
		if err != nil {
			err = &json.LineError{Line: number, Offset: start, Err: err}
		}
		outcomes = append(outcomes, lineOutcome{reflect.ValueOf(value).Elem().Interface(), err})
	}
	return outcomes
}

func collect[T any](lines iter.Seq2[T, error]) []lineOutcome {
	var outcomes []lineOutcome
	for value, err := range lines {
		outcomes = append(outcomes, lineOutcome{value, err})
	}
	return outcomes
}

// sameLines compares what Lines makes of a stream, in all ways of reading it, with the standard library.
func sameLines[T any](t *testing.T, text string, options json.LinesOptions) {
	t.Helper()
	want := plainLines(text, func() any { return new(T) }, options)
	for _, workers := range []int{0, 1, 2, 5} {
		options.Workers = workers
		for name, open := range map[string]func(io.Reader) io.Reader{
			"whole":             func(r io.Reader) io.Reader { return r },
			"by bytes":          iotest.OneByteReader,
			"with the last EOF": iotest.DataErrReader,
			"by halves":         iotest.HalfReader,
		} {
			if len(text) > 10_000 && name == "by bytes" {
				continue
			}
			what := func() string { return fmt.Sprintf("%s, %+v, %s", excerpt([]byte(text)), options, name) }
			got := collect(json.Lines[T](open(strings.NewReader(text)), options))
			if len(got) != len(want) {
				t.Fatalf("%s: %d values, want %d", what(), len(got), len(want))
			}
			for i := range got {
				compare(t, func() string { return fmt.Sprintf("%s: value %d", what(), i) },
					outcome{result: got[i].value, err: got[i].err}, outcome{result: want[i].value, err: want[i].err})
			}
			if t.Failed() {
				t.FailNow()
			}
		}
	}
}

func TestLinesMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	type one struct{ A int }
	for _, text := range []string{
		"", "\n", "\r\n \t\n", "1", "1\n2\n3", "1\r\n\r\n2\r\n", " 1 \n", "1 2\n3", "1\n{\n}\n2", "[1,\n2]\n3\n", `{"A":1}` + "\n" + `{"A":"x"}` + "\n" + `{"A":2,"B":3}`,
		"nul\ntrue\n\"a\n\"b\"\n", "\x00\n1\n", "\u0085\n1", "1,\n2\n", strings.Repeat("[1,\n", 300) + "1\n", strings.Repeat("[", 300) + strings.Repeat("]", 300) + "\n1\n",
		"12345678\n1234567\n123456789\r\n12345678\r\n 1234567\n12345678 \n1", strings.Repeat("x", 1000) + "\n1\n" + strings.Repeat("1", 1000),
	} {
		for _, options := range []json.LinesOptions{{}, {MaxLine: 8}, {MaxLine: -1, Config: json.Config{UseNumber: true}}, {Config: json.Config{DisallowUnknownFields: true}}} {
			sameLines[any](t, text, options)
			sameLines[one](t, text, options)
			sameLines[*int](t, text, options)
			sameLines[pointerJSON](t, text, options)
			sameLines[failing](t, text, options)
			sameLines[fmt.Stringer](t, text, options)
		}
	}
}

func TestRandomLinesMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	streams := 100
	if testing.Short() {
		streams = 30
	}
	logs := corpus.Logs(2000).Data
	for seed := range streams {
		random := rand.New(rand.NewPCG(uint64(seed), 32))
		var text []byte
		for line := range bytes.Lines(logs) {
			if random.IntN(2000) < 1+random.IntN(600) {
				line = bytes.Clone(line)
				if random.IntN(10) == 0 {
					line = mutate(random, line)
				}
				text = append(text, line...)
			}
		}
		options := json.LinesOptions{MaxLine: random.IntN(2) * 250, Config: json.Config{UseNumber: random.IntN(4) == 0, DisallowUnknownFields: random.IntN(4) == 0}}
		sameLines[corpus.LogLine](t, string(text), options)
		sameLines[map[string]any](t, string(text), options)
	}
}

// An error of the reader comes after the lines before it, and is the last.
func TestLinesOfFailingReader(t *testing.T) {
	for _, workers := range []int{1, 3} {
		broken := io.MultiReader(strings.NewReader("1\nx\n[2"), iotest.ErrReader(errTemporary))
		var told []string
		for value, err := range json.Lines[any](broken, json.LinesOptions{Workers: workers}) {
			told = append(told, fmt.Sprint(value, " ", err))
			var line *json.LineError
			if err != nil && !errors.As(err, &line) {
				t.Errorf("%v is no LineError", err)
			}
		}
		want := []string{"1 <nil>", "<nil> line 2 (byte 2): invalid character 'x' looking for beginning of value", "<nil> line 3 (byte 4): temporary"}
		if !slices.Equal(told, want) {
			t.Errorf("%d workers: %q", workers, told)
		}
		var last error
		for _, err := range json.Lines[any](idleReader{}, json.LinesOptions{Workers: workers}) {
			last = err
		}
		if !errors.Is(last, io.ErrNoProgress) {
			t.Errorf("%d workers: %v", workers, last)
		}
	}
}

type idleReader struct{}

func (idleReader) Read([]byte) (int, error) { return 0, nil }

// With one goroutine, a value is there as soon as its line is.
func TestLinesAreNotAwaited(t *testing.T) {
	r, w := io.Pipe()
	next, stop := iter.Pull2(json.Lines[int](r, json.LinesOptions{}))
	defer stop()
	for i := range 3 {
		go fmt.Fprintln(w, i)
		if value, err, ok := next(); value != i || err != nil || !ok {
			t.Fatal(value, err, ok)
		}
	}
	go w.Close()
	if _, _, ok := next(); ok {
		t.Error("a value after the end")
	}
}

// However a loop ends, nothing goes on behind it.
func TestLinesLeaveNothingBehind(t *testing.T) {
	text := strings.Repeat(`{"a":[1,2,3],"b":"c"}`+"\n", 50_000)
	before, working := goroutines(), 0
	leave := func(how func(int) bool) (recovered any) {
		defer func() { recovered = recover() }()
		lines := 0
		for _, err := range json.Lines[any](strings.NewReader(text), json.LinesOptions{Workers: 4}) {
			if err != nil {
				t.Fatal(err)
			}
			if lines++; !how(lines) {
				working = max(working, goroutines())
				break
			}
		}
		return nil
	}
	for range 20 {
		leave(func(int) bool { return false })
		leave(func(lines int) bool { return lines < 10_000 })
		if recovered := leave(func(int) bool { panic("the loop") }); recovered != "the loop" {
			t.Fatal(recovered)
		}
	}
	if after := goroutines(); after > before || working <= before {
		t.Errorf("%d goroutines, %d before, up to %d meanwhile", after, before, working)
	}
}

// goroutines counts the others that the package has. The runtime has some of its own, now and then.
func goroutines() (count int) {
	stacks := make([]byte, 1<<20)
	_, others, _ := strings.Cut(string(stacks[:runtime.Stack(stacks, true)]), "\n\n")
	for stack := range strings.SplitSeq(others, "\n\n") {
		if strings.Contains(stack, "\ntandem.example/go/json.") {
			count++
		}
	}
	return count
}

// A panic of a worker is one of the loop.
func TestLinesPanic(t *testing.T) {
	text := strings.Repeat(`"fine"`+"\n", 20_000) + `"panic"` + "\n" + strings.Repeat(`"fine"`+"\n", 20_000)
	before := goroutines()
	for _, workers := range []int{1, 4} {
		lines := 0
		o := attempt(nil, func() error {
			for range json.Lines[panicsOnce](strings.NewReader(text), json.LinesOptions{Workers: workers}) {
				lines++
			}
			return nil
		})
		if o.recovered != "panic" || lines != 20_000 {
			t.Errorf("%d workers: panic %v after %d lines", workers, o.recovered, lines)
		}
	}
	if after := goroutines(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

type panicsOnce struct{}

func (*panicsOnce) UnmarshalJSON(text []byte) error {
	if string(text) == `"panic"` {
		panic("panic")
	}
	return nil
}

// A stream of any length takes the memory of some blocks.
func TestLinesInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("many lines")
	}
	line := []byte(`{"time":"2026-11-24T18:32:58Z","fields":{"a":[1,2,3]}}` + "\n")
	for _, workers := range []int{1, 3} {
		before := heap()
		var most int64
		lines := 0
		for _, err := range json.Lines[corpus.LogLine](&repeating{text: line, left: 500_000}, json.LinesOptions{Workers: workers}) {
			if err != nil {
				t.Fatal(err)
			}
			if lines++; lines%100_000 == 0 {
				most = max(most, heap()-before)
			}
		}
		if lines != 500_000 || most > 4<<20 {
			t.Errorf("%d workers: %d lines, %d bytes", workers, lines, most)
		}
		// A line without an end is not held.
		before = heap()
		endless := io.MultiReader(io.LimitReader(&repeating{text: []byte("x"), left: 1 << 30}, 64<<20), strings.NewReader("\n7\n"))
		var got []string
		for value, err := range json.Lines[any](endless, json.LinesOptions{Workers: workers, MaxLine: 1 << 20}) {
			got = append(got, fmt.Sprint(value, err))
			most = max(most, heap()-before)
		}
		if want := []string{"<nil> line 1 (byte 0): json: line too long", "7 <nil>"}; !slices.Equal(got, want) || most > 12<<20 {
			t.Errorf("%d workers: %q, %d bytes", workers, got, most)
		}
	}
}

// A repeating reader returns a text again and again.
type repeating struct {
	text []byte
	at   int
	left int // times
}

func (r *repeating) Read(into []byte) (int, error) {
	n := 0
	for n < len(into) && r.left > 0 {
		copied := copy(into[n:], r.text[r.at:])
		n += copied
		if r.at += copied; r.at == len(r.text) {
			r.at = 0
			r.left--
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
