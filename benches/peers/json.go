package main

import (
	"bytes"
	std "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"tandem.example/go/internal/corpus"
)

// jsonBenchmarks are the rows of the codecs: each operation on each document.
func jsonBenchmarks() ([]benchmark, error) {
	documents, err := corpus.Files()
	if err != nil {
		return nil, err
	}
	if documents == nil {
		documents = corpus.Documents()
	} else {
		documents = append([]corpus.Document{corpus.Order(2)}, documents...)
	}
	var benchmarks []benchmark
	add := func(group string, operation jsonOperation, documents []corpus.Document) {
		for _, document := range documents {
			name := group + "/" + document.Name
			benchmarks = append(benchmarks, benchmark{name, func(s schedule) (Row, error) {
				size, contenders, err := operation.prepare(document)
				if err != nil {
					return Row{}, fmt.Errorf("%s: %w", name, err)
				}
				return s.measure(name, "ns", size, contenders), nil
			}})
		}
	}
	for _, operation := range jsonOperations {
		add(operation.name, operation, documents)
		if operation.ofTypes {
			add("kinds-"+operation.name, operation, kinds())
		}
	}
	benchmarks = append(benchmarks, documentBenchmarks(documents)...)
	return append(benchmarks, streamBenchmarks(documents)...), nil
}

type jsonOperation struct {
	name    string
	ofTypes bool // depends on the type of what is decoded or encoded
	prepare func(corpus.Document) (textBytes int, contenders []contender, err error)
}

// jsonOperations are what codecs are compared in. Each checks the contenders' results on a document before they are
// timed, and says how much text an operation reads or writes.
var jsonOperations = []jsonOperation{
	{"decode", true, func(d corpus.Document) (int, []contender, error) { return decode(d.Data, d.New, codec.acceptsUnused) }},
	{"decode-any", false, func(d corpus.Document) (int, []contender, error) {
		return decode(d.Data, func() any { return new(any) }, codec.accepts)
	}},
	{"encode", true, func(d corpus.Document) (int, []contender, error) { return encode(d.Data, d.New()) }},
	{"encode-any", false, func(d corpus.Document) (int, []contender, error) { return encode(d.Data, new(any)) }},
	{"valid", false, func(d corpus.Document) (int, []contender, error) { return valid(d.Data) }},
	{"compact", false, func(d corpus.Document) (int, []contender, error) {
		return format(d.Data, func(c codec) formatter { return c.compact })
	}},
	{"indent", false, func(d corpus.Document) (int, []contender, error) {
		return format(d.Data, func(c codec) formatter {
			if c.indent == nil {
				return nil
			}
			return func(dst *bytes.Buffer, src []byte) error { return c.indent(dst, src, "", "  ") }
		})
	}},
}

func decode(data []byte, fresh func() any, accepts func(codec, []byte) bool) (int, []contender, error) {
	want := fresh()
	if err := std.Unmarshal(data, want); err != nil {
		return 0, nil, err
	}
	contenders := make([]contender, len(codecs))
	for i, c := range codecs {
		got := fresh()
		err := guard(func() error { return c.unmarshal(data, got) })
		if err == nil && !reflect.DeepEqual(got, want) {
			err = errors.New("another value than encoding/json")
		}
		if err != nil {
			contenders[i] = contender{name: c.name, fault: err.Error()}
			continue
		}
		contenders[i] = contender{name: c.name, fault: lenient(func(text []byte) bool { return accepts(c, text) }), run: func(n int) {
			for range n {
				must(c.unmarshal(data, fresh()))
			}
		}}
	}
	return len(data), contenders, nil
}

func encode(data []byte, value any) (int, []contender, error) {
	if err := std.Unmarshal(data, value); err != nil {
		return 0, nil, err
	}
	want, err := std.Marshal(value)
	if err != nil {
		return 0, nil, err
	}
	contenders := make([]contender, len(codecs))
	for i, c := range codecs {
		contenders[i].name = c.name
		var got []byte
		if err := guard(func() (err error) { got, err = c.marshal(value); return err }); err != nil {
			contenders[i].fault = err.Error()
			continue
		}
		if !bytes.Equal(got, want) {
			if !equalJSON(got, want) {
				contenders[i].fault = "another value than encoding/json"
				continue
			}
			contenders[i].fault = otherText
		}
		contenders[i].run = func(n int) {
			for range n {
				_, err := c.marshal(value)
				must(err)
			}
		}
	}
	return len(want), contenders, nil
}

// otherText is a fault that does not keep a codec from being measured: other escapes, other formats of numbers, another
// order of members.
const otherText = "the same value as encoding/json in another text"

func valid(data []byte) (int, []contender, error) {
	if !std.Valid(data) {
		return 0, nil, errors.New("invalid document")
	}
	var contenders []contender
	for _, c := range codecs {
		if c.valid == nil {
			continue
		}
		one := contender{name: c.name, fault: lenient(c.valid)}
		if !c.valid(data) {
			one.fault = "refuses a valid text"
		}
		if one.fault == "" {
			one.run = func(n int) {
				for range n {
					c.valid(data)
				}
			}
		}
		contenders = append(contenders, one)
	}
	return len(data), contenders, nil
}

// lenient says what text accepts takes that is not JSON, or nothing.
func lenient(accepts func(text []byte) bool) string {
	for _, text := range []string{`[1,]`, `[01]`, `[1`, `["\x"]`, `["\u12"]`, "[\"\x01\"]"} {
		if accepts([]byte(text)) {
			return fmt.Sprintf("accepts %q, which is not JSON", text)
		}
	}
	return ""
}

// accepts reports whether the codec decodes a text.
func (c codec) accepts(text []byte) bool { return c.unmarshal(text, new(any)) == nil }

// acceptsUnused reports whether the codec takes a text where there is no use for it: as a member that the struct lacks.
func (c codec) acceptsUnused(text []byte) bool {
	return c.unmarshal(slices.Concat([]byte(`{"unused":`), text, []byte{'}'}), new(struct{})) == nil
}

type formatter = func(dst *bytes.Buffer, src []byte) error

func format(data []byte, choose func(codec) formatter) (int, []contender, error) {
	var want bytes.Buffer
	if err := choose(codecs[0])(&want, data); err != nil {
		return 0, nil, err
	}
	var contenders []contender
	for _, c := range codecs {
		write := choose(c)
		if write == nil {
			continue
		}
		var buffer bytes.Buffer
		one := contender{name: c.name}
		err := guard(func() error { return write(&buffer, data) })
		switch {
		case err != nil:
			one.fault = err.Error()
		case !equalJSON(buffer.Bytes(), want.Bytes()):
			one.fault = "another value than encoding/json"
		case !bytes.Equal(buffer.Bytes(), want.Bytes()):
			one.fault = otherText
		}
		if one.fault == "" || one.fault == otherText {
			one.run = func(n int) {
				for range n {
					buffer.Reset()
					must(write(&buffer, data))
				}
			}
		}
		contenders = append(contenders, one)
	}
	return len(data), contenders, nil
}

// equalJSON reports whether two texts stand for the same value.
func equalJSON(a, b []byte) bool {
	var x, y any
	return std.Unmarshal(a, &x) == nil && std.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// guard turns a panic of a contender into an error.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

// must ends the program: what has worked once does not fail later.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
