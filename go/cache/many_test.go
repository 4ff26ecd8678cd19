//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMany(t *testing.T) {
	manyOf(t, func(i int) string { return fmt.Sprint("value ", i) })
	manyOf(t, func(i int) []byte { return []byte(strings.Repeat("x", i)) })
	manyOf(t, func(i int) float64 { return float64(i) })
	manyOf(t, func(i int) point { return point{X: i} })
}

// manyOf stores, gets and deletes keys at once, more than fit one batch, in both ways in which one is full.
func manyOf[V any](t *testing.T, value func(int) V) {
	for _, n := range []int{0, 1, batchKeys, 3*batchKeys + 1} {
		c := open(t, Options[string, V]{})
		keys, values := make([]string, n), make([]V, n)
		for i := range keys {
			keys[i], values[i] = fmt.Sprint("key ", i), value(i)
		}
		if err := c.SetMany(keys, values); err != nil || c.Len() != n {
			t.Errorf("%T: SetMany: %v, %d of %d entries", value(0), err, c.Len(), n)
		}
		got, found := c.GetMany(append(keys, "none"))
		if len(got) != n+1 || len(found) != n+1 || found[n] {
			t.Fatalf("%T: %d values for %d keys", value(0), len(got), n+1)
		}
		for i := range keys {
			if !found[i] || !reflect.DeepEqual(got[i], values[i]) {
				t.Fatalf("%T: %#v, %t for %d", value(0), got[i], found[i], i)
			}
		}
		if deleted := c.DeleteMany(append(keys[n/2:], "none")); deleted != n-n/2 || c.Len() != n/2 {
			t.Errorf("%T: DeleteMany: %d, and %d are left of %d", value(0), deleted, c.Len(), n)
		}
	}
}

// TestManyInOrder stores values of one key in different ways.
func TestManyInOrder(t *testing.T) {
	c := open(t, Options[string, string]{})
	same, longer := "same", strings.Repeat("longer ", 10)
	for _, values := range [][]string{{same, "last"}, {longer, "last"}, {same, longer, "last"}, {longer, same, longer}} {
		if err := c.Set("key", "here"); err != nil {
			t.Fatal(err)
		}
		keys := make([]string, len(values))
		for i := range keys {
			keys[i] = "key"
		}
		if err := c.SetMany(keys, values); err != nil {
			t.Fatal(err)
		}
		if value, _ := c.Get("key"); value != values[len(values)-1] {
			t.Errorf("%q: %q is there", values, value)
		}
	}
}

func TestManyErrors(t *testing.T) {
	c := open(t, Options[string, []byte]{MaxBytes: 64 << 10})
	large := make([]byte, 1<<20)
	if err := c.SetMany([]string{"a", "b", "c"}, [][]byte{nil, large, nil}); !errors.Is(err, ErrTooLarge) || c.Len() != 2 {
		t.Errorf("too large: %v, %d entries", err, c.Len())
	}
	if err := c.SetMany([]string{"a"}, nil); err == nil {
		t.Error("a value is missing")
	}
	functions := open(t, Options[string, any]{})
	if err := functions.SetMany([]string{"a", "b"}, []any{func() {}, 1}); err == nil || functions.Len() != 1 {
		t.Errorf("encoding: %v, %d entries", err, functions.Len())
	}
	c.Close()
	if err := c.SetMany([]string{"a"}, [][]byte{nil}); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if n := c.DeleteMany([]string{"a"}); n != 0 {
		t.Errorf("closed: %d deleted", n)
	}
}

// TestManyAndLoads changes a key among others while it is loaded, and when it is known to be absent.
func TestManyAndLoads(t *testing.T) {
	c := open(t, Options[string, int]{NegativeTTL: time.Hour})
	keys := []string{"key", "other"}
	load := func(change func()) {
		c.GetOrLoad(t.Context(), "key", func(context.Context, string) (int, error) {
			change()
			return 100, nil
		})
	}
	load(func() { c.SetMany(keys, []int{1, 2}) })
	if value, _ := c.Get("key"); value != 1 {
		t.Errorf("SetMany: %d is there", value)
	}
	c.Delete("key")
	load(func() { c.DeleteMany(keys) })
	if value, found := c.Get("key"); found {
		t.Errorf("DeleteMany: %d is there", value)
	}
	for name, change := range map[string]func(){
		"SetMany":    func() { c.SetMany(keys, []int{1, 2}) },
		"DeleteMany": func() { c.DeleteMany(keys) },
	} {
		c.Delete("key")
		c.GetOrLoad(t.Context(), "key", func(context.Context, string) (int, error) { return 0, ErrNotFound })
		change()
		key := []byte("key")
		c.core.Delete(&key[0], len(key)) // Cache.Delete would end the absence itself
		load := func(context.Context, string) (int, error) { return 7, nil }
		if value, err := c.GetOrLoad(t.Context(), "key", load); value != 7 {
			t.Errorf("%s: still absent: %d, %v", name, value, err)
		}
	}
}

// BenchmarkMany has a time for each key, of 32 at once.
func BenchmarkMany(b *testing.B) {
	const n = 32
	numbers := open(b, Options[uint64, uint64]{})
	texts := open(b, Options[string, []byte]{})
	var ids, values [n]uint64
	var keys [n]string
	var data [n][]byte
	for i := range n {
		ids[i], keys[i], data[i] = uint64(i), fmt.Sprint("key-", i), make([]byte, 128)
	}
	numbers.SetMany(ids[:], values[:])
	texts.SetMany(keys[:], data[:])
	for _, work := range []struct {
		name string
		run  func()
	}{
		{"GetMany numbers", func() { numbers.GetMany(ids[:]) }},
		{"GetMany bytes", func() { texts.GetMany(keys[:]) }},
		{"SetMany numbers", func() { numbers.SetMany(ids[:], values[:]) }},
		{"SetMany bytes", func() { texts.SetMany(keys[:], data[:]) }},
		{"DeleteMany", func() { texts.DeleteMany(keys[n/2:]) }},
	} {
		b.Run(work.name, func(b *testing.B) {
			for b.Loop() {
				work.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/key")
		})
	}
}
