//go:build cgo

package ffi

import "testing"

func TestJSONValid(t *testing.T) {
	for text, want := range map[string]bool{`{"a":[1,2e3,"\u00e4"]}`: true, `[1,]`: false, ``: false} {
		if got := JSONValid([]byte(text)); got != want {
			t.Errorf("JSONValid(%q) = %t, want %t", text, got, want)
		}
	}
}

func BenchmarkCrossing(b *testing.B) {
	for b.Loop() {
		JSONValid(nil)
	}
}
