package main

import (
	"bytes"
	std "encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/bytedance/sonic"
	experiment "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	gojson "github.com/goccy/go-json"
	segmentio "github.com/segmentio/encoding/json"

	"tandem.example/go/internal/corpus"
	tandem "tandem.example/go/json"
)

// decoder is what codecs read streams with.
type decoder interface{ Decode(v any) error }

// decoders are the codecs' ways to read streams. The first is the reference.
var decoders = []struct {
	name string
	open func(io.Reader) decoder
}{
	{"encoding/json", func(r io.Reader) decoder { return std.NewDecoder(r) }},
	{own, func(r io.Reader) decoder { return tandem.NewDecoder(r) }},
	{"experiment", func(r io.Reader) decoder { return experimentDecoder{jsontext.NewDecoder(r)} }},
	{"sonic", func(r io.Reader) decoder { return sonic.ConfigDefault.NewDecoder(r) }},
	{"sonic-std", func(r io.Reader) decoder { return sonic.ConfigStd.NewDecoder(r) }},
	{"go-json", func(r io.Reader) decoder { return gojson.NewDecoder(r) }},
	{"segmentio", func(r io.Reader) decoder { return segmentio.NewDecoder(r) }},
}

type experimentDecoder struct{ *jsontext.Decoder }

func (d experimentDecoder) Decode(v any) error { return experiment.UnmarshalDecode(d.Decoder, v) }

// tokenizer is what codecs read token by token with.
type tokenizer interface{ Token() (std.Token, error) }

// tokenizers are the codecs that have tokens like those of encoding/json.
var tokenizers = []struct {
	name string
	open func(io.Reader) tokenizer
}{
	{"encoding/json", func(r io.Reader) tokenizer { return std.NewDecoder(r) }},
	{own, func(r io.Reader) tokenizer { return tandem.NewDecoder(r) }},
	{"go-json", func(r io.Reader) tokenizer { return gojson.NewDecoder(r) }},
}

// streamBenchmarks are the rows of streams: many values behind each other, documents by themselves as the bodies of
// requests are, and tokens.
func streamBenchmarks(documents []corpus.Document) []benchmark {
	var benchmarks []benchmark
	add := func(name string, prepare func() (int, []contender, error)) {
		benchmarks = append(benchmarks, benchmark{name, func(s schedule) (Row, error) {
			size, contenders, err := prepare()
			if err != nil {
				return Row{}, fmt.Errorf("%s: %w", name, err)
			}
			return s.measure(name, "ns", size, contenders), nil
		}})
	}
	for _, document := range corpus.Lines(1 << 20) {
		add("stream/"+document.Name, func() (int, []contender, error) { return stream(document) })
	}
	for _, document := range documents {
		add("body/"+document.Name, func() (int, []contender, error) { return stream(document) })
		add("token/"+document.Name, func() (int, []contender, error) { return tokens(document.Data) })
	}
	return benchmarks
}

// stream reads all values of a document, one after the other.
func stream(document corpus.Document) (int, []contender, error) {
	read := func(open func(io.Reader) decoder, each func(value any)) error {
		d := open(bytes.NewReader(document.Data))
		for {
			value := document.New()
			switch err := d.Decode(value); err {
			case nil:
				each(value)
			case io.EOF:
				return nil
			default:
				return err
			}
		}
	}
	var want []any
	if err := read(decoders[0].open, func(value any) { want = append(want, value) }); err != nil {
		return 0, nil, err
	}
	contenders := make([]contender, len(decoders))
	for i, d := range decoders {
		contenders[i] = contender{name: d.name, fault: lenient(func(text []byte) bool {
			return d.open(io.MultiReader(strings.NewReader(`{"unused":`), bytes.NewReader(text), strings.NewReader("}"))).Decode(new(struct{})) == nil
		})}
		var got []any
		err := guard(func() error { return read(d.open, func(value any) { got = append(got, value) }) })
		if err == nil && !reflect.DeepEqual(got, want) {
			err = errors.New("other values than encoding/json")
		}
		if err != nil {
			contenders[i].fault = err.Error()
			continue
		}
		contenders[i].run = func(n int) {
			for range n {
				must(read(d.open, func(any) {}))
			}
		}
	}
	return len(document.Data), contenders, nil
}

// tokens reads all tokens of a text.
func tokens(text []byte) (int, []contender, error) {
	read := func(open func(io.Reader) tokenizer, each func(token std.Token)) error {
		d := open(bytes.NewReader(text))
		for {
			switch token, err := d.Token(); err {
			case nil:
				each(token)
			case io.EOF:
				return nil
			default:
				return err
			}
		}
	}
	var want []std.Token
	if err := read(tokenizers[0].open, func(token std.Token) { want = append(want, token) }); err != nil {
		return 0, nil, err
	}
	contenders := make([]contender, len(tokenizers))
	for i, d := range tokenizers {
		contenders[i].name = d.name
		var got []std.Token
		err := guard(func() error {
			return read(d.open, func(token std.Token) {
				// Each has a type of its own for brackets.
				if value := reflect.ValueOf(token); value.IsValid() && value.Kind() == reflect.Int32 {
					token = std.Delim(value.Int())
				}
				got = append(got, token)
			})
		})
		if err == nil && !reflect.DeepEqual(got, want) {
			err = errors.New("other tokens than encoding/json")
		}
		if err != nil {
			contenders[i].fault = err.Error()
			continue
		}
		contenders[i].run = func(n int) {
			for range n {
				must(read(d.open, func(std.Token) {}))
			}
		}
	}
	return len(text), contenders, nil
}
