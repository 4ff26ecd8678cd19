package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"tandem.example/go/json"
)

func TestLocate(t *testing.T) {
	type target struct {
		A     int
		List  []struct{ B uint8 }
		Names map[string][]int
		Keys  map[int]int
		Inner struct{ Deep map[string]struct{ C bool } }
		Q     int `json:",string"`
	}
	for _, test := range []struct {
		text    string
		at      int // offset
		line    int
		column  int
		pointer string
	}{
		// Syntax.
		{``, 0, 1, 1, ""},
		{`{`, 1, 1, 2, ""},
		{"{\n  \"A\": 1,\n}", 12, 3, 1, ""},
		{`{"A":}`, 5, 1, 6, "/A"},
		{`{"A" 1}`, 5, 1, 6, "/A"},
		{`{"A":1 "B":2}`, 7, 1, 8, "/A"},
		{`{"List":[{"B":1},{"B":x}]}`, 22, 1, 23, "/List/1/B"},
		{`{"List":[{"B":1},`, 17, 1, 18, "/List/1"},
		{`[1,2`, 4, 1, 5, "/1"},
		{`[1,2]]`, 5, 1, 6, ""},
		{`{"A":nul}`, 8, 1, 9, "/A"},
		{`{"a/b~c":{"\u00e4":[tru]}}`, 23, 1, 24, "/a~1b~0c/ä/0"},
		{`{"a":1,"b\x":2}`, 10, 1, 11, ""},
		{`{"a":"x` + "\n" + `"}`, 7, 1, 8, "/a"},
		// Values that do not fit.
		{`{"A":"text"}`, 5, 1, 6, "/A"},
		{`{"A" : 1.5 }`, 7, 1, 8, "/A"},
		{`{"A":{"x":[1]}}`, 5, 1, 6, "/A"},
		{`{"A":[]}`, 5, 1, 6, "/A"},
		{"{\"List\":[\n{\"B\":1},\n{\"B\":256}]}", 24, 3, 6, "/List/1/B"},
		{`{"List":[{"B":true}]}`, 14, 1, 15, "/List/0/B"},
		{`{"Names":{"x/y":[1,"a"]}}`, 19, 1, 20, "/Names/x~1y/1"},
		{`{"Names":{"x":[1,[2]]}}`, 17, 1, 18, "/Names/x/1"},
		{`{"Keys":{"1":1,"one":2}}`, 15, 1, 16, "/Keys/one"},
		{`{"Inner":{"Deep":{"k":{"C":0}}}}`, 27, 1, 28, "/Inner/Deep/k/C"},
		{`[1]`, 0, 1, 1, ""},
		{` "text"`, 1, 1, 2, ""},
	} {
		err := json.Unmarshal([]byte(test.text), new(target))
		got, ok := json.Locate([]byte(test.text), fmt.Errorf("wrapped: %w", err))
		if want := (json.Position{Offset: int64(test.at), Line: test.line, Column: test.column, Pointer: test.pointer}); !ok || got != want {
			t.Errorf("%s: %v: %+v, %t, want %+v", test.text, err, got, ok, want)
		}
	}
	strict := json.Config{RejectDuplicateNames: true, RejectInvalidUTF8: true, MaxDepth: 3, MaxBytes: 50}
	for _, test := range []struct {
		text    string
		at      int64
		pointer string
	}{
		{`{"a":[{"b":1,"b":2}]}`, 13, "/a/0/b"},
		{`{"a":[{"b":1,"c":"x\ud800"}]}`, 19, "/a/0/c"},
		{`{"a":[{"b":[1]}]}`, 11, "/a/0/b"},
		{`["` + strings.Repeat("x", 100) + `"]`, 50, "/0"},
	} {
		got, ok := json.Locate([]byte(test.text), strict.Unmarshal([]byte(test.text), new(any)))
		if !ok || got.Offset != test.at || got.Pointer != test.pointer {
			t.Errorf("%s: %+v, %t", test.text, got, ok)
		}
	}
	for _, err := range []error{nil, io.EOF, errors.New("other"), &stdjson.InvalidUnmarshalError{}} {
		if got, ok := json.Locate([]byte("[1]"), err); ok || got != (json.Position{}) {
			t.Errorf("%v: %+v", err, got)
		}
	}
}

// What a text can't go on with is wrong, and what is before it is not.
func TestLocateSyntaxErrors(t *testing.T) {
	t.Parallel()
	for seed := range 20_000 {
		random := rand.New(rand.NewPCG(uint64(seed), 46))
		text := mutate(random, []byte(strictText(random, 3)))
		err := json.Unmarshal(text, new(any))
		got, ok := json.Locate(text, err)
		if err == nil || isMismatch(err) {
			continue
		}
		for _, err := range []error{json.Compact(new(bytes.Buffer), text), json.Indent(new(bytes.Buffer), text, "", " ")} {
			if again, _ := json.Locate(text, err); again != got {
				t.Fatalf("%q: %v: %+v, want %+v", text, err, again, got)
			}
		}
		if !ok || got.Offset > int64(len(text)) {
			t.Fatalf("%q: %v: %+v, %t", text, err, got, ok)
		}
		before := text[:got.Offset]
		if want := int64(strings.LastIndexByte("\n"+string(before), '\n')); got.Line != 1+strings.Count(string(before), "\n") || int64(got.Column) != got.Offset-want+1 {
			t.Fatalf("%q: %+v", text, got)
		}
		// Up to there, the text lacks something at most.
		if already := incomplete(before); already != nil {
			t.Fatalf("%q: %v: %+v, but already %v", text, err, got, already)
		}
		if got.Offset < int64(len(text)) {
			with := text[:got.Offset+1]
			if incomplete(with) == nil {
				t.Fatalf("%q: %v: %+v, but nothing is wrong with it", text, err, got)
			}
		}
	}
}

// incomplete returns what is wrong with a text, other than that something is missing.
func incomplete(text []byte) error {
	d := stdjson.NewDecoder(bytes.NewReader(text))
	err := d.Decode(new(stdjson.RawMessage))
	if err == nil && strings.TrimLeft(string(text[d.InputOffset():]), " \t\r\n") != "" {
		return errors.New("more than one value")
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

func ExampleLocate() {
	text := []byte("{\n  \"name\": \"Kettle\",\n  \"price\": \"free\"\n}")
	var p product
	err := json.Unmarshal(text, &p)
	if at, ok := json.Locate(text, err); ok {
		fmt.Printf("line %d, column %d, byte %d, %s\n", at.Line, at.Column, at.Offset, at.Pointer)
	}
	// Output: line 3, column 12, byte 33, /price
}
