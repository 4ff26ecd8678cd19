//go:build cgo && !asan

package cache

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// AddressSanitizer moves to the heap what the compiler otherwise keeps on the stack.
func TestAllocations(t *testing.T) {
	texts := open(t, Options[string, []byte]{})
	numbers := open(t, Options[uint64, float64]{})
	counts := open(t, Options[string, int]{})
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprint("key-", i)
		if err := errors.Join(texts.Set(keys[i], make([]byte, 200)), numbers.Set(uint64(i), 1)); err != nil {
			t.Fatal(err)
		}
	}
	longSlices := open(t, Options[string, []byte]{})
	longStrings := open(t, Options[string, string]{})
	long := make([]byte, 5000)
	if err := errors.Join(longSlices.Set("", long), longStrings.Set("", string(long))); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	loadText := func(context.Context, string) ([]byte, error) { return nil, ErrNotFound }
	loadTexts := func(context.Context, []string, func(string, []byte)) error { return ErrNotFound }
	loadNumber := func(context.Context, uint64) (float64, error) { return 0, ErrNotFound }
	buffer := make([]byte, 0, 256)
	value := make([]byte, 200)
	i := 0
	for _, test := range []struct {
		name string
		want float64
		run  func() bool
	}{
		{"AppendGet", 0, func() bool { _, found := texts.AppendGet(buffer, keys[i]); return found }},
		{"AppendGet of a miss", 0, func() bool { _, found := texts.AppendGet(buffer, "none"); return !found }},
		{"Get of a number", 0, func() bool { _, found := numbers.Get(uint64(i)); return found }},
		{"Get of long bytes", 1, func() bool { v, _ := longSlices.Get(""); return len(v) == len(long) }},
		{"Get of a long string", 1, func() bool { v, _ := longStrings.Get(""); return len(v) == len(long) }},
		{"Get of bytes", 1, func() bool { _, found := texts.Get(keys[i]); return found }},
		{"GetOrLoad of bytes", 1, func() bool { _, err := texts.GetOrLoad(ctx, keys[i], loadText); return err == nil }},
		{"GetOrLoadMany of bytes", 4, func() bool { // values, which of them were found, and bytes in two parts
			_, _, err := texts.GetOrLoadMany(ctx, keys[:32], loadTexts)
			return err == nil
		}},
		{"GetOrLoad of a number", 0, func() bool {
			_, err := numbers.GetOrLoad(ctx, uint64(i), loadNumber)
			return err == nil
		}},
		{"Set of bytes", 0, func() bool { return texts.Set(keys[i], value) == nil }},
		{"Set of a number", 0, func() bool { return numbers.Set(uint64(i), 2) == nil }},
		{"Delete", 0, func() bool { return !texts.Delete("none") }},
		{"TTL", 0, func() bool { _, found := texts.TTL(keys[i]); return found }},
		{"Touch", 0, func() bool { return texts.Touch(keys[i], time.Hour) }},
		{"Peek of a number", 0, func() bool { _, found := numbers.Peek(uint64(i)); return found }},
		{"GetEntry of bytes", 1, func() bool { _, found := texts.GetEntry(keys[i]); return found }},
		{"SetIfAbsent", 0, func() bool { stored, err := texts.SetIfAbsent(keys[i], value); return !stored && err == nil }},
		{"Replace", 0, func() bool { stored, err := texts.Replace(keys[i], value); return stored && err == nil }},
		{"CompareAndDelete", 0, func() bool { return !texts.CompareAndDelete(keys[i], 0) }},
		{"Increment", 0, func() bool { _, err := Increment(counts, keys[i], 1); return err == nil }},
		{"Append", 0, func() bool { return Append(texts, keys[i], nil) == nil }},
		{"Len", 0, func() bool { return texts.Len() == 1000 }},
		{"Stats", 0, func() bool { return texts.Stats().Entries == 1000 }},
	} {
		got := testing.AllocsPerRun(1000, func() {
			i = (i + 1) % len(keys)
			if !test.run() {
				t.Fatal(test.name, "failed")
			}
		})
		if got != test.want {
			t.Errorf("%s: %v allocations, want %v", test.name, got, test.want)
		}
	}
}
