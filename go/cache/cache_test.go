//go:build cgo

package cache

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
)

func open[K Key, V any](t testing.TB, o Options[K, V]) *Cache[K, V] {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		options Options[string, string]
		want    string // part of the error, or "" for none
	}{
		{Options[string, string]{}, ""},
		{Options[string, string]{MaxBytes: 64 << 10}, ""},
		{Options[string, string]{MaxBytes: 1 << 40}, ""},
		{Options[string, string]{MaxBytes: -1}, "MaxBytes is negative"},
		{Options[string, string]{MaxBytes: 1000}, "max_bytes is below 64 KiB"},
		{Options[string, string]{MaxBytes: math.MaxInt64}, "max_bytes is more than can be addressed"},
		{Options[string, string]{MaxEntries: -1}, "MaxEntries is negative"},
		{Options[string, string]{TTL: -1}, "Options.TTL is negative"},
		{Options[string, string]{IdleTTL: -1}, "Options.IdleTTL is negative"},
		{Options[string, string]{CleanUpInterval: -1}, "Options.CleanUpInterval is negative"},
		{Options[string, string]{ReserveBytes: -1}, "Options.ReserveBytes is negative"},
		{Options[string, string]{ReserveBytes: 1 << 20}, "reserve is below max_bytes"},
		{Options[string, string]{ReserveBytes: 1 << 30, NegativeTTL: 1}, ""},
		{Options[string, string]{NegativeTTL: -1}, "Options.NegativeTTL is negative"},
		{Options[string, string]{RefreshAhead: -1}, "Options.RefreshAhead is negative"},
		{Options[string, string]{RefreshAhead: 2, TTL: 2}, "Options.RefreshAhead is not less than TTL"},
		{Options[string, string]{RefreshAhead: 2, TTL: 3, IdleTTL: 2}, "Options.RefreshAhead is not less than IdleTTL"},
		{Options[string, string]{RefreshAhead: 1, TTL: 2}, ""},
		{Options[string, string]{RefreshAhead: 1}, ""},
		{Options[string, string]{NegativeTTL: 1, MaxBytes: 128 << 10}, ""},
		{Options[string, string]{NegativeTTL: 1, MaxBytes: 100_000}, "cache: Options.MaxBytes is below 128 KiB with NegativeTTL"},
		{Options[string, string]{NegativeTTL: 1, MaxBytes: math.MaxInt64}, "max_bytes is more than can be addressed"},
	} {
		c, err := New(test.options)
		if test.want == "" {
			if err != nil {
				t.Errorf("New(%+v): %v", test.options, err)
				continue
			}
			c.Close()
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("New(%+v): %v, want %q", test.options, err, test.want)
		}
	}
}

// roundTrip stores each value under each key, and expects to find it, and its bytes if stored tells them.
func roundTrip[K Key, V any](t *testing.T, keys []K, values []V, stored func(V) []byte) {
	t.Helper()
	t.Run(fmt.Sprintf("%T,%T", keys[0], values[0]), func(t *testing.T) {
		c := open(t, Options[K, V]{})
		for _, key := range keys {
			if _, found := c.Get(key); found {
				t.Fatalf("%v is there before it was set", key)
			}
			for _, want := range values {
				if err := c.Set(key, want); err != nil {
					t.Fatal(err)
				}
				got, found := c.Get(key)
				if !found || !reflect.DeepEqual(got, want) && !(isNaN(got) && isNaN(want)) {
					t.Errorf("Get(%v) = %v, %t, want %v", key, got, found, want)
				}
				if stored == nil {
					continue
				}
				raw, found := c.AppendGet([]byte("raw:"), key)
				if want := append([]byte("raw:"), stored(want)...); !found || !bytes.Equal(raw, want) {
					t.Errorf("AppendGet(%v) = %q, %t, want %q", key, raw, found, want)
				}
			}
			if !c.Delete(key) || c.Delete(key) {
				t.Errorf("Delete(%v) must find it once", key)
			}
		}
	})
}

func isNaN(v any) bool {
	f, ok := v.(float64)
	return ok && math.IsNaN(f)
}

type (
	name  string
	blob  []byte
	id    uint64
	point struct {
		X, Y int
		Tags []string `json:"tags,omitempty"`
	}
)

func TestTypes(t *testing.T) {
	keys := []string{"key", "", "\x00", strings.Repeat("long", 20_000)}
	text := func(s string) []byte { return []byte(s) }
	roundTrip(t, keys, []string{"", "value", "\x00\xff", strings.Repeat("v", 300), strings.Repeat("v", 1<<20)}, text)
	roundTrip(t, keys, []name{"", "value"}, func(n name) []byte { return []byte(n) })
	roundTrip(t, [][]byte{{}, {1}, []byte("key")}, [][]byte{{}, {0}, bytes.Repeat([]byte("v"), 257), bytes.Repeat([]byte("v"), 1<<20)},
		func(b []byte) []byte { return b })
	roundTrip(t, []blob{{}, {1}}, []blob{{}, {0}}, func(b blob) []byte { return b })
	words := func(n int64) []byte { return word(uint64(n)) }
	roundTrip(t, []int64{0, -1, math.MinInt64, math.MaxInt64}, []int64{0, -1, math.MaxInt64}, words)
	roundTrip(t, []int{0, -1, 1 << 40}, []uint64{0, math.MaxUint64}, word)
	roundTrip(t, []id{0, math.MaxUint64}, []float64{0, -0.5, math.Inf(1), math.NaN()}, func(f float64) []byte { return word(math.Float64bits(f)) })
	roundTrip(t, []uint32{0, math.MaxUint32}, []bool{true, false}, func(b bool) []byte {
		if b {
			return []byte{1}
		}
		return []byte{0}
	})
	roundTrip(t, []int32{0, -1}, []int8{0, -1}, func(n int8) []byte { return []byte{byte(n)} })
	// How others lie is the business of package flat.
	roundTrip(t, []uint64{0}, []point{{}, {1, -2, []string{"a"}}}, nil)
	roundTrip(t, []uint64{0}, []map[string]any{{}, {"a": []any{1.5, nil, "x"}}}, nil)
}

// word is a 64-bit number as this processor stores it.
func word(n uint64) []byte {
	return append([]byte(nil), (*[8]byte)(unsafe.Pointer(&n))[:]...)
}

// Keys are equal if their bytes are, and different keys never meet.
func TestKeysAreCopied(t *testing.T) {
	c := open(t, Options[[]byte, []byte]{})
	key, value := []byte("key"), []byte("value")
	if err := c.Set(key, value); err != nil {
		t.Fatal(err)
	}
	key[0], value[0] = 'x', 'x'
	got, found := c.Get([]byte("key"))
	if !found || string(got) != "value" {
		t.Fatalf("Get = %q, %t", got, found)
	}
	got[0] = 'x'
	if again, _ := c.Get([]byte("key")); string(again) != "value" {
		t.Fatalf("a change of what Get returned changed the cache: %q", again)
	}
}

func TestErrors(t *testing.T) {
	c := open(t, Options[string, []byte]{MaxBytes: 1 << 20})
	if err := c.Set("key", []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := c.Set("key", make([]byte, 1<<20)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an entry larger than the cache: %v", err)
	}
	if got, _ := c.Get("key"); string(got) != "old" {
		t.Errorf("after an entry was refused, the old one is %q", got)
	}
	if err := c.SetTTL("key", nil, -1); err == nil {
		t.Error("a negative TTL was taken")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Set("key", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Set after Close: %v", err)
	}
	if _, found := c.Get("key"); found || c.Delete("key") || c.Len() != 0 {
		t.Error("a closed cache has entries")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// A failing codec is heard of when a value is stored, and is a miss when it is read.
func TestCodec(t *testing.T) {
	functions := open(t, Options[string, any]{})
	if err := functions.Set("key", func() {}); err == nil || functions.Len() != 0 {
		t.Errorf("a function was stored: %v", err)
	}
	c := open(t, Options[string, point]{Codec: brokenCodec{}})
	if err := c.Set("key", point{}); err != nil {
		t.Fatal(err)
	}
	if raw, _ := c.AppendGet(nil, "key"); string(raw) != "encoded" {
		t.Errorf("stored %q", raw)
	}
	if got, found := c.Get("key"); found || got.X != 0 {
		t.Errorf("Get = %v, %t of a value that can't be decoded", got, found)
	}
}

type brokenCodec struct{}

func (brokenCodec) Append(dst []byte, _ point) ([]byte, error) { return append(dst, "encoded"...), nil }
func (brokenCodec) Decode(_ []byte, p *point) error {
	p.X = 1
	return errors.New("broken")
}

func TestTTL(t *testing.T) {
	c := open(t, Options[string, int]{TTL: time.Nanosecond})
	for _, set := range []struct {
		key   string
		store func(string) error
		found bool
	}{
		{"default", func(k string) error { return c.Set(k, 1) }, false},
		{"hour", func(k string) error { return c.SetTTL(k, 1, time.Hour) }, true},
		{"for ever", func(k string) error { return c.SetTTL(k, 1, 0) }, true},
		{"longest", func(k string) error { return c.SetTTL(k, 1, math.MaxInt64) }, true},
		{"hour", func(k string) error { return c.SetTTL(k, 1, time.Nanosecond) }, false},
	} {
		if err := set.store(set.key); err != nil {
			t.Fatal(err)
		}
		if _, found := c.Get(set.key); found != set.found {
			t.Errorf("%s: found %t, want %t", set.key, found, set.found)
		}
	}
}

func TestTTLIsToldAndChanged(t *testing.T) {
	c := open(t, Options[string, int]{TTL: time.Hour})
	if err := errors.Join(c.Set("hour", 1), c.SetTTL("for ever", 2, 0), c.SetTTL("longest", 3, math.MaxInt64)); err != nil {
		t.Fatal(err)
	}
	within := func(key string, least, most time.Duration) {
		t.Helper()
		if ttl, found := c.TTL(key); !found || ttl < least || ttl > most {
			t.Errorf("TTL(%s) = %v, %t, want %v to %v", key, ttl, found, least, most)
		}
	}
	within("hour", 59*time.Minute, time.Hour)
	within("for ever", 0, 0)
	within("longest", math.MaxInt64-time.Hour, math.MaxInt64)
	if !c.Touch("hour", 0) || !c.Touch("for ever", time.Minute) {
		t.Error("Touch found no entry")
	}
	within("hour", 0, 0)
	within("for ever", 1, time.Minute)
	if !c.Touch("hour", -1) || c.Touch("hour", time.Hour) || c.Touch("none", time.Hour) {
		t.Error("Touch must remove with a negative TTL, and find nothing afterwards")
	}
	if ttl, found := c.TTL("hour"); found || ttl != 0 {
		t.Errorf("TTL of no entry = %v, %t", ttl, found)
	}
}

func TestScan(t *testing.T) {
	texts := open(t, Options[string, int]{})
	numbers := open(t, Options[int32, int]{})
	slices := open(t, Options[[]byte, int]{})
	for i := range 3000 {
		key := strings.Repeat("k", i%700) + fmt.Sprint(i)
		if err := errors.Join(texts.Set(key, i), numbers.Set(int32(-i), i), slices.Set([]byte(key), i)); err != nil {
			t.Fatal(err)
		}
	}
	scanned(t, texts, 3000)
	scanned(t, numbers, 3000)
	scanned(t, slices, 3000)
	texts.Close()
	if keys, next, err := texts.Scan(0, 10); len(keys) != 0 || next != 0 || err != nil {
		t.Errorf("a closed cache has %d keys, then %d, %v", len(keys), next, err)
	}
}

// What fails is not taken for the end.
func TestScanFails(t *testing.T) {
	keys, next, err := new(Cache[string, int]).Scan(0, 10) // which has no cache of Rust's
	if len(keys) != 0 || next != 0 || err == nil {
		t.Errorf("%q, then %d, %v", keys, next, err)
	}
}

// TestKeysAreTheCallers: those that are listed share memory, but nothing of it.
func TestKeysAreTheCallers(t *testing.T) {
	c := open(t, Options[[]byte, int]{})
	for i := range 3000 {
		if err := c.Set(fmt.Appendf(nil, "%d", i), i); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Set([]byte{}, 0); err != nil {
		t.Fatal(err)
	}
	keys := slices.Collect(c.Keys())
	before := make([]string, len(keys))
	for i, key := range keys {
		before[i] = string(key)
	}
	for i, key := range keys {
		if _ = append(key, "more"...); key == nil || string(key) != before[i] {
			t.Fatalf("key %d is %q, was %q", i, key, before[i])
		}
		clear(key)
	}
	slices.Sort(before)
	if n := len(slices.Compact(before)); n != 3001 {
		t.Errorf("%d keys", n)
	}
}

// scanned expects as many different keys, all of which are there.
func scanned[K Key, V any](t *testing.T, c *Cache[K, V], want int) {
	t.Helper()
	for _, count := range []int{0, 1, 100, 1_000_000} {
		seen := map[string]bool{}
		cursor := uint64(0)
		for {
			keys, next, err := c.Scan(cursor, count)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				if _, found := c.Get(key); !found || seen[fmt.Sprint(key)] {
					t.Fatalf("by %d: key %v, found %t", count, key, found)
				}
				seen[fmt.Sprint(key)] = true
			}
			if cursor = next; cursor == 0 {
				break
			}
		}
		if len(seen) != want {
			t.Errorf("by %d: %d keys, want %d", count, len(seen), want)
		}
	}
}

func TestLimits(t *testing.T) {
	entries := open(t, Options[int, string]{MaxEntries: 10})
	bytes := open(t, Options[int, string]{MaxBytes: 1 << 20})
	for key := range 50_000 {
		value := strings.Repeat("v", key%300)
		if err := errors.Join(entries.Set(key, value), bytes.Set(key, value)); err != nil {
			t.Fatal(err)
		}
		if got, found := bytes.Get(key); !found || got != value {
			t.Fatalf("Get(%d) = %q, %t right after Set", key, got, found)
		}
	}
	if n := entries.Len(); n != 10 {
		t.Errorf("%d entries, want 10", n)
	}
	s := bytes.Stats()
	if s.Bytes > s.MaxBytes || s.MaxBytes != 1<<20 || s.Bytes < 900_000 {
		t.Errorf("%+v", s)
	}
	if want := (Stats{
		Hits: 50_000, Sets: 50_000, Evictions: uint64(50_000 - s.Entries),
		Entries: s.Entries, Bytes: s.Bytes, MaxBytes: 1 << 20,
	}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	bytes.Clear()
	if s := bytes.Stats(); s.Entries != 0 || s.Bytes > 100_000 {
		t.Errorf("after Clear: %+v", s)
	}
}

func TestCloseRaces(t *testing.T) {
	for range 20 {
		c := open(t, Options[uint64, []byte]{MaxBytes: 1 << 20})
		var wait sync.WaitGroup
		for g := range uint64(4) {
			wait.Go(func() {
				for key := g; ; key += 4 {
					switch err := c.Set(key, make([]byte, 300)); {
					case errors.Is(err, ErrClosed):
						return
					case err != nil:
						t.Error(err)
						return
					}
					c.Get(key)
				}
			})
		}
		time.Sleep(time.Millisecond)
		c.Close()
		wait.Wait()
		if n := c.Len(); n != 0 {
			t.Fatalf("%d entries after Close", n)
		}
	}
}

// resident is the memory that the process holds, in bytes.
func resident(t *testing.T) int64 {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc here")
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// Caches that were forgotten, not closed, are freed.
func TestCleanup(t *testing.T) {
	before := resident(t)
	for range 100 {
		c, err := New(Options[int, []byte]{MaxBytes: 32 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Set(1, make([]byte, 16<<20)); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if resident(t)-before < 200<<20 {
			return
		}
	}
	t.Errorf("%d MiB are still held", (resident(t)-before)>>20)
}
