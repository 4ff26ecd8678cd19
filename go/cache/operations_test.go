//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"tandem.example/go/internal/ffi"
	"tandem.example/go/json"
)

// TestStore tries each condition with an entry and without one, and each time to live.
func TestStore(t *testing.T) {
	for _, test := range []struct {
		name   string
		there  bool // an entry with a minute to live
		o      StoreOptions
		stored bool
		ttl    time.Duration // rounded up to minutes
	}{
		{"nothing", false, StoreOptions{}, true, time.Hour},
		{"nothing, there", true, StoreOptions{}, true, time.Hour},
		{"TTL", true, StoreOptions{TTL: 5 * time.Minute}, true, 5 * time.Minute},
		{"no TTL", true, StoreOptions{TTL: -1}, true, 0},
		{"KeepTTL", true, StoreOptions{KeepTTL: true}, true, time.Minute},
		{"KeepTTL, not there", false, StoreOptions{KeepTTL: true}, true, time.Hour},
		{"IfAbsent", false, StoreOptions{IfAbsent: true}, true, time.Hour},
		{"IfAbsent, there", true, StoreOptions{IfAbsent: true}, false, time.Minute},
		{"IfPresent", false, StoreOptions{IfPresent: true}, false, 0},
		{"IfPresent, there", true, StoreOptions{IfPresent: true, KeepTTL: true}, true, time.Minute},
		{"another IfVersion", true, StoreOptions{IfVersion: math.MaxUint64}, false, time.Minute},
		{"IfVersion, not there", false, StoreOptions{IfVersion: 1}, false, 0},
	} {
		c := open(t, Options[string, string]{TTL: time.Hour})
		want, old := test.stored, uint64(0)
		if test.there {
			old, _, _ = c.Store("key", "old", StoreOptions{TTL: time.Minute})
			if old == 0 {
				t.Fatal("no version")
			}
		}
		version, stored, err := c.Store("key", "new", test.o)
		if err != nil || stored != want || stored == (version == 0) || stored && version == old {
			t.Errorf("%s: version %d, %t, %v", test.name, version, stored, err)
		}
		entry, found := c.GetEntry("key")
		value := map[bool]string{true: "new", false: "old"}[want]
		if found != (want || test.there) || found && entry.Value != value {
			t.Errorf("%s: %+v, %t is there", test.name, entry, found)
		}
		if minutes := (entry.TTL + time.Minute - 1).Truncate(time.Minute); minutes != test.ttl {
			t.Errorf("%s: lives for %v, want %v", test.name, entry.TTL, test.ttl)
		}
		if want && entry.Version != version || !want && entry.Version != old {
			t.Errorf("%s: version %d is there", test.name, entry.Version)
		}
		if want {
			if _, stored, err := c.Store("key", "next", StoreOptions{IfVersion: version}); !stored || err != nil {
				t.Errorf("%s: %t, %v with the version", test.name, stored, err)
			}
		}
	}
	c := open(t, Options[string, string]{})
	for _, o := range []StoreOptions{
		{IfAbsent: true, IfPresent: true}, {IfAbsent: true, IfVersion: 1}, {TTL: time.Second, KeepTTL: true},
	} {
		if _, _, err := c.Store("key", "", o); err == nil {
			t.Errorf("%+v contradict each other", o)
		}
	}
}

func TestConditionalMethods(t *testing.T) {
	for _, codec := range []Codec[string]{nil, jsonCodec[string]{}} {
		c := open(t, Options[string, string]{Codec: codec})
		check := func(what string, did bool, err error, want bool, value string) {
			t.Helper()
			got, found := c.Peek("key")
			if did != want || err != nil || got != value || found != (value != "") {
				t.Errorf("%s: %t, %v, then %q", what, did, err, got)
			}
		}
		did, err := c.Replace("key", "0")
		check("Replace of nothing", did, err, false, "")
		did, err = c.SetIfAbsent("key", "1")
		check("SetIfAbsent", did, err, true, "1")
		did, err = c.SetIfAbsent("key", "2")
		check("SetIfAbsent again", did, err, false, "1")
		entry, _ := c.GetEntry("key")
		did, err = c.Replace("key", "3")
		check("Replace", did, err, true, "3")
		did, err = c.CompareAndSet("key", entry.Version, "4")
		check("CompareAndSet of an old version", did, err, false, "3")
		check("CompareAndDelete of an old version", c.CompareAndDelete("key", entry.Version), nil, false, "3")
		entry, _ = c.GetEntry("key")
		did, err = c.CompareAndSet("key", entry.Version, "5")
		check("CompareAndSet", did, err, true, "5")
		entry, _ = c.GetEntry("key")
		check("CompareAndDelete", c.CompareAndDelete("key", entry.Version), nil, true, "")
		c.Close()
		if _, err := c.SetIfAbsent("key", "6"); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		if c.CompareAndDelete("key", 1) {
			t.Error("closed: something was deleted")
		}
	}
}

func TestPeek(t *testing.T) {
	c := open(t, Options[int, []byte]{IdleTTL: 100 * time.Hour})
	values := [][]byte{{}, {1}, make([]byte, 300), make([]byte, 1<<20)}
	for i, value := range values {
		if err := c.Set(i, value); err != nil {
			t.Fatal(err)
		}
	}
	before := c.Stats()
	for i, value := range values {
		if got, found := c.Peek(i); !found || !slices.Equal(got, value) {
			t.Errorf("%d: %d bytes, %t", i, len(got), found)
		}
	}
	if _, found := c.Peek(-1); found || c.Stats() != before {
		t.Errorf("peeks count: %+v, then %+v", before, c.Stats())
	}
}

func TestKeepTTL(t *testing.T) {
	c := open(t, Options[string, int]{})
	c.SetTTL("key", 1, time.Hour)
	if err := c.SetKeepTTL("key", 2); err != nil {
		t.Fatal(err)
	}
	if ttl, _ := c.TTL("key"); ttl == 0 {
		t.Error("SetKeepTTL: no time to live")
	}
	for _, test := range []struct {
		change Change
		keeps  bool
	}{{Keep, true}, {Replace, true}, {Set, false}} {
		c.SetTTL("key", 1, time.Hour)
		c.Update("key", func(old int, _ bool) (int, Change) { return old + 1, test.change })
		if ttl, _ := c.TTL("key"); (ttl != 0) != test.keeps {
			t.Errorf("change %d: lives for %v", test.change, ttl)
		}
	}
}

func TestUpdate(t *testing.T) {
	c := open(t, Options[string, point]{})
	for i, step := range []struct {
		change Change
		x      int // after it; 0: not there
	}{{Keep, 0}, {Delete, 0}, {Set, 1}, {Keep, 1}, {Replace, 2}, {Set, 3}, {Delete, 0}, {Replace, 1}} {
		before, wasFound := c.Peek("key")
		value, found, err := c.Update("key", func(old point, found bool) (point, Change) {
			if !reflect.DeepEqual(old, before) || found != wasFound {
				t.Errorf("step %d: given %+v, %t", i, old, found)
			}
			old.X++
			return old, step.change
		})
		stored, there := c.Peek("key")
		if err != nil || found != (step.x != 0) || value.X != step.x || there != found || stored.X != step.x {
			t.Errorf("step %d: %+v, %t, %v; there is %+v, %t", i, value, found, err, stored, there)
		}
	}
	// What can't be decoded is replaced.
	key := []byte("broken")
	c.setBytes(&key[0], len(key), &key[0], len(key), ffi.CacheTTLDefault)
	if value, _, err := c.Update("broken", func(_ point, found bool) (point, Change) {
		if found {
			t.Error("found what can't be decoded")
		}
		return point{X: 7}, Set
	}); err != nil || value.X != 7 {
		t.Errorf("%+v, %v", value, err)
	}
	c.Close()
	set := func(point, bool) (point, Change) { return point{}, Set }
	if _, _, err := c.Update("key", set); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestIncrement(t *testing.T) {
	incrementAs[int](t, math.MinInt, math.MaxInt, nil)
	incrementAs[int64](t, math.MinInt64, math.MaxInt64, nil)
	incrementAs[int64](t, math.MinInt64, math.MaxInt64, jsonCodec[int64]{})
	incrementAs[int32](t, math.MinInt32, math.MaxInt32, nil)
	incrementAs[int8](t, math.MinInt8, math.MaxInt8, nil)
	incrementAs[uint64](t, 0, math.MaxUint64, nil)
	incrementAs[id](t, 0, math.MaxUint64, nil)
	incrementAs[uint8](t, 0, math.MaxUint8, nil)
}

func incrementAs[V Integer](t *testing.T, least, most V, codec Codec[V]) {
	c := open(t, Options[string, V]{Codec: codec})
	for i, step := range []struct {
		start, delta, want V
		err                error
	}{
		{0, 5, 5, nil},
		{most - 1, 1, most, nil},
		{most, 1, 0, ErrOverflow},
		{most, most, 0, ErrOverflow},
		{least, 0, least, nil},
		{least + 1, most, least + most + 1, nil},
		{5, ^V(0), 4, nil}, // for signed ones
	} {
		if step.delta == ^V(0) && least == 0 {
			continue
		}
		if err := c.SetTTL("key", step.start, time.Hour); err != nil {
			t.Fatal(err)
		}
		sum, err := Increment(c, "key", step.delta)
		if sum != step.want || !errors.Is(err, step.err) {
			t.Errorf("%T, step %d: %v, %v", step.start, i, sum, err)
		}
		if step.err != nil {
			step.want = step.start
		}
		if value, _ := c.Get("key"); value != step.want {
			t.Errorf("%T, step %d: %v is there", step.start, i, value)
		}
		if ttl, _ := c.TTL("key"); ttl == 0 {
			t.Errorf("%T, step %d: no time to live", step.start, i)
		}
	}
	if sum, err := Increment(c, "none", 3); sum != 3 || err != nil {
		t.Errorf("from nothing: %v, %v", sum, err)
	}
	c.Close()
	if _, err := Increment(c, "key", 1); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestAppend(t *testing.T) {
	appendAs[string](t, nil)
	appendAs[[]byte](t, nil)
	appendAs[name](t, jsonCodec[name]{})
}

func appendAs[V ~string | ~[]byte](t *testing.T, codec Codec[V]) {
	c := open(t, Options[string, V]{MaxBytes: 1 << 20, Codec: codec})
	want := ""
	for i := range 100 {
		suffix := strings.Repeat(string(rune('a'+i%26)), i)
		if err := Append(c, "key", V(suffix)); err != nil {
			t.Fatal(err)
		}
		want += suffix
		if got, _ := c.Get("key"); string(got) != want {
			t.Fatalf("%T: %q after %d", got, got, i)
		}
	}
	if err := Append(c, "key", V(make([]byte, 1<<20))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if got, _ := c.Get("key"); string(got) != want {
		t.Error("a refused append must leave what was there")
	}
}

// TestChangesInOnePiece counts with many goroutines, in each way there is.
func TestChangesInOnePiece(t *testing.T) {
	const goroutines, rounds = 8, 500
	counts := open(t, Options[string, int64]{})
	small := open(t, Options[string, uint16]{})
	texts := open(t, Options[string, string]{})
	var group sync.WaitGroup
	var added [goroutines]int
	for g := range goroutines {
		group.Go(func() {
			for i := range rounds {
				_, err := Increment(counts, "increment", 1)
				_, err2 := Increment(small, "increment", 1)
				_, _, err3 := counts.Update("update", func(old int64, _ bool) (int64, Change) { return old + 1, Replace })
				if err := errors.Join(err, err2, err3, Append(texts, "append", "x")); err != nil {
					t.Error(err)
				}
				if stored, _ := counts.SetIfAbsent(fmt.Sprint(i), 1); stored {
					added[g]++
				}
			}
		})
	}
	group.Wait()
	a, _ := counts.Get("increment")
	b, _ := counts.Get("update")
	n, _ := small.Get("increment")
	text, _ := texts.Get("append")
	if want := int64(goroutines * rounds); a != want || b != want || int64(n) != want || int64(len(text)) != want {
		t.Errorf("%d, %d, %d and %d of %d are left", a, b, n, len(text), want)
	}
	sum := 0
	for _, n := range added {
		sum += n
	}
	if sum != rounds {
		t.Errorf("%d of %d keys were absent", sum, rounds)
	}
}

func TestIteration(t *testing.T) {
	for _, entries := range []int{0, 1, 100, 5000} {
		c := open(t, Options[int, string]{})
		for i := range entries {
			c.Set(i, fmt.Sprint("value ", i))
		}
		keys := slices.Sorted(c.Keys())
		if len(keys) != entries || entries > 0 && (keys[0] != 0 || keys[entries-1] != entries-1) {
			t.Errorf("%d keys of %d", len(keys), entries)
		}
		n := 0
		for key, value := range c.All() {
			if value != fmt.Sprint("value ", key) {
				t.Errorf("%d has %q", key, value)
			}
			n++
		}
		if n != entries || c.Stats().Hits+c.Stats().Misses != 0 {
			t.Errorf("%d entries of %d, %+v", n, entries, c.Stats())
		}
		for range c.All() {
			break // must be fine
		}
		for key := range c.Keys() {
			c.Delete(key) // and that
		}
		if c.Len() != 0 {
			t.Errorf("%d of %d are left", c.Len(), entries)
		}
	}
}

func TestDeleteMatching(t *testing.T) {
	const entries = 10_000
	c := open(t, Options[string, int]{NegativeTTL: time.Hour})
	for i := range entries {
		c.Set(fmt.Sprint([]string{"user:", "page:"}[i%2], i), i)
	}
	c.GetOrLoad(t.Context(), "user:none", func(context.Context, string) (int, error) { return 0, ErrNotFound })
	third := func(_ string, value int) bool { return value%3 == 0 }
	if n := c.DeleteFunc(third); n != entries/3+1 || c.Len() != entries-n {
		t.Errorf("DeleteFunc: %d, and %d are left", n, c.Len())
	}
	if n := c.DeleteFunc(third); n != 0 {
		t.Errorf("DeleteFunc again: %d", n)
	}
	if n := DeletePrefix(c, "user:"); n != entries/2-entries/6-1 {
		t.Errorf("DeletePrefix: %d", n)
	}
	for key := range c.Keys() {
		if !strings.HasPrefix(key, "page:") {
			t.Errorf("%q is left", key)
		}
	}
	loaded, err := c.GetOrLoad(t.Context(), "user:none", func(context.Context, string) (int, error) { return 7, nil })
	if loaded != 7 || err != nil {
		t.Errorf("%d, %v: still absent", loaded, err)
	}
	if n := DeletePrefix(c, ""); c.Len() != 0 {
		t.Errorf("DeletePrefix of nothing: %d, and %d are left", n, c.Len())
	}
}

// TestDeleteFuncAsksAgain stores another value between the look at one and its removal.
func TestDeleteFuncAsksAgain(t *testing.T) {
	c := open(t, Options[string, int]{})
	c.Set("key", 1)
	var seen []int
	n := c.DeleteFunc(func(_ string, value int) bool {
		seen = append(seen, value)
		if value == 1 {
			c.Set("key", 2)
			return true
		}
		return false
	})
	if value, _ := c.Get("key"); n != 0 || value != 2 || !slices.Equal(seen, []int{1, 2}) {
		t.Errorf("%d deleted, %d is left, %v were seen", n, value, seen)
	}
}

// TestOperationsWinOverLoads changes a key while it is loaded, in each way there is.
func TestOperationsWinOverLoads(t *testing.T) {
	for name, change := range map[string]func(c *Cache[string, int64]){
		"Store":       func(c *Cache[string, int64]) { c.Store("key", 1, StoreOptions{}) },
		"SetIfAbsent": func(c *Cache[string, int64]) { c.SetIfAbsent("key", 1) },
		"SetKeepTTL":  func(c *Cache[string, int64]) { c.SetKeepTTL("key", 1) },
		"Increment":   func(c *Cache[string, int64]) { Increment(c, "key", 1) },
		"Update":      func(c *Cache[string, int64]) { c.Update("key", func(int64, bool) (int64, Change) { return 1, Set }) },
		"DeletePrefix": func(c *Cache[string, int64]) {
			c.Set("key", 2)
			DeletePrefix(c, "ke")
			c.SetIfAbsent("key", 1)
		},
	} {
		c := open(t, Options[string, int64]{})
		loaded, err := c.GetOrLoad(t.Context(), "key", func(context.Context, string) (int64, error) {
			change(c)
			return 100, nil
		})
		if value, found := c.Get("key"); loaded != 100 || err != nil || value != 1 || !found {
			t.Errorf("%s: loaded %d, %v, and %d is there", name, loaded, err, value)
		}
	}
	for name, remove := range map[string]func(c *Cache[string, int64]){
		"DeletePrefix": func(c *Cache[string, int64]) { DeletePrefix(c, "k") },
		"Update": func(c *Cache[string, int64]) {
			c.Update("key", func(int64, bool) (int64, Change) { return 0, Delete })
		},
	} {
		c := open(t, Options[string, int64]{})
		c.GetOrLoad(t.Context(), "key", func(context.Context, string) (int64, error) {
			remove(c)
			return 100, nil
		})
		if value, found := c.Get("key"); found {
			t.Errorf("%s: %d was stored", name, value)
		}
	}
}

func TestResize(t *testing.T) {
	for _, negative := range []time.Duration{0, time.Hour} {
		c := open(t, Options[int, []byte]{MaxBytes: 8 << 20, ReserveBytes: 16 << 20, NegativeTTL: negative})
		fill := func() int {
			for i := range 50_000 {
				if err := c.Set(i, make([]byte, 300)); err != nil {
					t.Fatal(err)
				}
			}
			if s := c.Stats(); s.Bytes > s.MaxBytes {
				t.Errorf("%d of %d bytes", s.Bytes, s.MaxBytes)
			}
			return c.Len()
		}
		middle := fill()
		for _, test := range []struct {
			maxBytes int64
			ok       bool
		}{{16 << 20, true}, {17 << 20, false}, {-1, false}, {1000, false}, {2 << 20, true}} {
			if err := c.Resize(test.maxBytes); (err == nil) != test.ok {
				t.Errorf("to %d: %v", test.maxBytes, err)
			}
			if s := c.Stats(); test.ok && s.MaxBytes != test.maxBytes || s.Bytes > s.MaxBytes {
				t.Errorf("to %d: %d of %d bytes", test.maxBytes, s.Bytes, s.MaxBytes)
			}
			if n := fill(); test.ok && (n > middle) != (test.maxBytes > 8<<20) {
				t.Errorf("with %d: %d entries, %d before", test.maxBytes, n, middle)
			}
		}
	}
}

func TestIdleTTL(t *testing.T) {
	clock := NewManualClock()
	c := open(t, Options[string, int]{IdleTTL: time.Minute, TTL: time.Hour, Clock: clock})
	if err := c.Set("key", 1); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		clock.Advance(time.Minute - 1)
		if _, found := c.Get("key"); !found {
			t.Error("a use does not put the end off")
		}
	}
	clock.Advance(time.Minute)
	if _, found := c.Get("key"); found {
		t.Error("found what was idle")
	}
	c = open(t, Options[string, int]{IdleTTL: time.Hour})
	c.Set("key", 1)
	if ttl, found := c.TTL("key"); !found || ttl == 0 || ttl > time.Hour {
		t.Errorf("lives for %v, %t", ttl, found)
	}
	if value, found := c.Get("key"); !found || value != 1 {
		t.Errorf("%d, %t", value, found)
	}
}

func TestCleanUp(t *testing.T) {
	clock := NewManualClock()
	c := open(t, Options[int, int]{TTL: time.Hour, Clock: clock})
	for i := range 100 {
		c.Set(i, i)
	}
	clock.Advance(time.Hour)
	c.CleanUp()
	if c.Len() != 0 {
		t.Errorf("%d are left", c.Len())
	}
}

// until waits for what must come some time.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 10_000 {
		if holds() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error(what, "does not come")
}

func TestCleanUpInterval(t *testing.T) {
	c := open(t, Options[int, int]{TTL: time.Millisecond, CleanUpInterval: time.Millisecond})
	c.Set(1, 1)
	until(t, "the removal", func() bool { return c.Len() == 0 })
	ended := c.cleaner.ended
	c.Close()
	select {
	case <-ended:
	default:
		t.Error("the goroutine outlives Close")
	}
	c.Close()
}

// TestCleanerKeepsNothing lets go of a cache that is not closed.
func TestCleanerKeepsNothing(t *testing.T) {
	for _, interval := range []time.Duration{time.Microsecond, time.Hour} {
		c, err := New(Options[int, int]{CleanUpInterval: interval})
		if err != nil {
			t.Fatal(err)
		}
		ended, cache := c.cleaner.ended, weak.Make(c)
		runtime.KeepAlive(c)
		c = nil
		until(t, "the end of the cache", func() bool {
			runtime.GC()
			return cache.Value() == nil
		})
		until(t, "the end of its goroutine", func() bool {
			select {
			case <-ended:
				return true
			default:
				return false
			}
		})
	}
}

func TestStatusesAreErrors(t *testing.T) {
	for status, want := range map[ffi.Status]error{
		ffi.OK: nil, ffi.TooLarge: ErrTooLarge, ffi.OutOfMemory: ErrOutOfMemory, ffi.Closed: ErrClosed,
		ffi.Overflow: ErrOverflow,
	} {
		if err := errorOf(status); err != want {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if err := errorOf(ffi.Panic); err == nil {
		t.Error("a panic is no success")
	}
}

// jsonCodec is a codec of a user.
type jsonCodec[V any] struct{}

func (jsonCodec[V]) Append(dst []byte, value V) ([]byte, error) {
	return json.AppendMarshal(dst, value)
}

func (jsonCodec[V]) Decode(data []byte, value *V) error { return json.Unmarshal(data, value) }
