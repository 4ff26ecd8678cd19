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
