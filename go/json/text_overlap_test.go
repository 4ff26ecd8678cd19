//go:build cgo

package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"strings"
	"testing"

	"tandem.example/go/json"
)

// A buffer that was reset lends its memory to its own former contents. (The standard library gets this wrong.)
func TestOperationsOnOverlappingMemory(t *testing.T) {
	const text = `{ "a" : [ 1 , 2 , "<" ] }`
	var want bytes.Buffer
	if err := stdjson.Compact(&want, []byte(text)); err != nil {
		t.Fatal(err)
	}
	dst := bytes.NewBufferString(text)
	src := dst.Bytes()
	dst.Reset()
	if err := json.Compact(dst, src); err != nil || dst.String() != want.String() {
		t.Errorf("got %q, %v, want %q", dst, err, want.String())
	}
	dst = bytes.NewBuffer(make([]byte, 0, 1000))
	dst.WriteString(text)
	src = dst.Bytes()
	dst.Reset()
	json.HTMLEscape(dst, src)
	if got, want := dst.String(), strings.ReplaceAll(text, "<", `\u003c`); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is appended may be longer than the room that was guessed, and the buffer may have been read from.
func TestOperationsOnBuffersOfAnySize(t *testing.T) {
	text := "[" + strings.Repeat(`[1], "<<<<<<<<<<<<<<<<", `, 1000) + "2]"
	for _, capacity := range []int{0, 10, 4000, len(text), len(text) + 300, 2 * len(text), 10 * len(text)} {
		for name, operations := range map[string][2]func(dst *bytes.Buffer) error{
			"compact": {
				func(dst *bytes.Buffer) error { return json.Compact(dst, []byte(text)) },
				func(dst *bytes.Buffer) error { return stdjson.Compact(dst, []byte(text)) },
			},
			"indent": {
				func(dst *bytes.Buffer) error { return json.Indent(dst, []byte(text), "", "       ") },
				func(dst *bytes.Buffer) error { return stdjson.Indent(dst, []byte(text), "", "       ") },
			},
			"escape": {
				func(dst *bytes.Buffer) error { json.HTMLEscape(dst, []byte(text)); return nil },
				func(dst *bytes.Buffer) error { stdjson.HTMLEscape(dst, []byte(text)); return nil },
			},
		} {
			got, want := bytes.NewBuffer(make([]byte, 0, capacity)), new(bytes.Buffer)
			for i, dst := range []*bytes.Buffer{got, want} {
				dst.WriteString("before, of which a part was read")
				dst.Next(7)
				for range 2 {
					if err := operations[i](dst); err != nil {
						t.Fatal(err)
					}
				}
			}
			if !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Errorf("%s into a buffer of %d bytes gave %d bytes, want %d", name, capacity, got.Len(), want.Len())
			}
		}
	}
}
