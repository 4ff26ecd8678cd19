package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"tandem.example/go/json"
)

// texts are documents around every corner of the grammar; the tests derive broken ones from them.
var texts = []string{
	``, ` `, `null`, ` true `, "false\n", `0`, `-0`, `-12.5e+7`, `1E400`, `01`, `-`, `1.`, `.5`, `1e`, `+1`, `NaN`,
	`""`, `"a"`, `"\"\\\/\b\f\n\r\t\u12aB"`, `"\ud800"`, `"\udc00\ud800"`, `"\x"`, `"\u12"`, "\"\x00\"", "\"\x1f\"", "\"\x7f\"",
	"\"\xff\xc0\x80\xed\xa0\x80\"", "\"\xe2\x80\"", "\xe2\x80\xa8", "\xef\xbb\xbf1", "\"<script>&amp;</script>\u2028\u2029\u2027“\"",
	`[]`, `[ ]`, `{}`, "{\n}", `[[],{},[{}],{"a":[]}]`, `[1,]`, `[,1]`, `{"a":1,}`, `{"a"}`, `{a:1}`, `{1:2}`, `[1 2]`, `[}`, `{]`,
	`{"a" : 1 , "b" :[ true,false , null ] , "<&>":"<&>" }`, " [ 1 , 2 ] \n\t ", `1 2`, `{} {}`, `[1]x`, "[1]\v", "\v[1]",
	`{"dup":1,"dup":2,"":{"":{"":[[[["deep"]]]]}}}`,
	`"` + strings.Repeat("a string that is longer than a block of sixteen ", 9) + `"`,
	`[` + strings.Repeat(" \n\t\r", 40) + `1` + strings.Repeat(" ", 33) + `]`,
	strings.Repeat("[", 10000) + strings.Repeat("]", 10000),
	strings.Repeat("[", 10001) + strings.Repeat("]", 10001),
	strings.Repeat(`{"a":`, 10001) + `1` + strings.Repeat("}", 10001),
	strings.Repeat("[{\"<\xff\u2028\":", 70000),
}

// eachText calls f for the texts, their prefixes, and copies with one bit flipped.
func eachText(f func(text []byte)) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, text := range texts {
		if testing.Short() && len(text) > 1000 {
			continue // takes long to indent
		}
		f([]byte(text))
		if len(text) > 1000 {
			continue
		}
		for end := range len(text) {
			f([]byte(text[:end]))
		}
		for range 8 * min(len(text), 64) {
			broken := []byte(text)
			broken[random.IntN(len(broken))] ^= 1 << random.IntN(8)
			f(broken)
		}
	}
}

// excerpt is a text as it fits into a failure message.
func excerpt(text []byte) string {
	if len(text) > 200 {
		return fmt.Sprintf("%q… (%d bytes)", text[:200], len(text))
	}
	return fmt.Sprintf("%q", text)
}

func TestTextOperationsMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	type operation = func(dst *bytes.Buffer, src []byte) error
	for _, test := range []struct {
		name      string
		got, want operation
	}{
		{"Valid", func(dst *bytes.Buffer, src []byte) error {
			_, err := fmt.Fprint(dst, json.Valid(src))
			return err
		}, func(dst *bytes.Buffer, src []byte) error {
			_, err := fmt.Fprint(dst, stdjson.Valid(src))
			return err
		}},
		{"Compact", json.Compact, stdjson.Compact},
		{"HTMLEscape", func(dst *bytes.Buffer, src []byte) error {
			json.HTMLEscape(dst, src)
			return nil
		}, func(dst *bytes.Buffer, src []byte) error {
			stdjson.HTMLEscape(dst, src)
			return nil
		}},
		{"Indent with nothing", func(dst *bytes.Buffer, src []byte) error {
			return json.Indent(dst, src, "", "")
		}, func(dst *bytes.Buffer, src []byte) error {
			return stdjson.Indent(dst, src, "", "")
		}},
		{"Indent with prefix", func(dst *bytes.Buffer, src []byte) error {
			return json.Indent(dst, src, "> ", "\t")
		}, func(dst *bytes.Buffer, src []byte) error {
			return stdjson.Indent(dst, src, "> ", "\t")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachText(func(text []byte) {
				if test.name == "Indent with prefix" && len(text) > 1000 {
					return // grows beyond a hundred megabytes
				}
				input := bytes.Clone(text)
				got, want := bytes.NewBufferString("before "), bytes.NewBufferString("before ")
				gotErr, wantErr := test.got(got, input), test.want(want, text)
				if !reflect.DeepEqual(gotErr, wantErr) {
					t.Fatalf("%s: error %#v, want %#v", excerpt(text), gotErr, wantErr)
				}
				if !bytes.Equal(got.Bytes(), want.Bytes()) {
					t.Fatalf("%s: got %s, want %s", excerpt(text), excerpt(got.Bytes()), excerpt(want.Bytes()))
				}
				if !bytes.Equal(input, text) {
					t.Fatalf("%s: the input was changed", excerpt(text))
				}
			})
		})
	}
}

// A wide indent makes the output many times longer than the input, beyond any first guess.
func TestIndentGrowsItsBuffer(t *testing.T) {
	src := []byte(strings.Repeat("[", 100) + strings.Repeat("]", 100))
	prefix, indent := strings.Repeat("p", 100), strings.Repeat("i", 100)
	var got, want bytes.Buffer
	if err := json.Indent(&got, src, prefix, indent); err != nil {
		t.Fatal(err)
	}
	if err := stdjson.Indent(&want, src, prefix, indent); err != nil {
		t.Fatal(err)
	}
	if got.String() != want.String() {
		t.Errorf("got %d bytes, want %d", got.Len(), want.Len())
	}
}

func TestCompactAllocatesNothingIfTheBufferHasRoom(t *testing.T) {
	src := []byte(`{ "a" : [ 1 , 2 ] }`)
	dst := bytes.NewBuffer(make([]byte, 0, 1000))
	if allocations := testing.AllocsPerRun(100, func() {
		dst.Reset()
		if err := json.Compact(dst, src); err != nil {
			t.Fatal(err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
