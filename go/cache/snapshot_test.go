//go:build cgo

package cache_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem.example/go/cache"
)

func snapshotOf[K cache.Key, V any](t *testing.T, c *cache.Cache[K, V]) []byte {
	t.Helper()
	var snapshot bytes.Buffer
	if err := c.SaveTo(&snapshot); err != nil {
		t.Fatal(err)
	}
	return snapshot.Bytes()
}

func newOf[K cache.Key, V any](t *testing.T, o cache.Options[K, V]) *cache.Cache[K, V] {
	t.Helper()
	c, err := cache.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSnapshotRoundTrip(t *testing.T) {
	type point struct{ X, Y int }
	before := newOf(t, cache.Options[string, point]{})
	const entries = 20_000
	for i := range entries {
		if err := before.SetTTL(strconv.Itoa(i), point{i, -i}, time.Duration(i%2)*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := before.SetTTL("soon", point{}, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	snapshot := snapshotOf(t, before)
	time.Sleep(2 * time.Millisecond)
	after := newOf(t, cache.Options[string, point]{})
	reader := bytes.NewReader(append(snapshot, "rest"...))
	if err := after.LoadFrom(reader); err != nil {
		t.Fatal(err)
	}
	if reader.Len() != len("rest") {
		t.Errorf("%d bytes are left", reader.Len())
	}
	for i := range entries {
		key := strconv.Itoa(i)
		if value, found := after.Get(key); !found || value != (point{i, -i}) {
			t.Fatalf("%s: %v, %v", key, value, found)
		}
		ttl, _ := after.TTL(key)
		if was, _ := before.TTL(key); ttl < was-time.Second || ttl > was+time.Second {
			t.Fatalf("%s lives for %v, not %v", key, ttl, was)
		}
	}
	if _, found := after.Get("soon"); found {
		t.Error("an expired entry came back")
	}
}

func TestSnapshotLargeValue(t *testing.T) {
	before := newOf(t, cache.Options[string, []byte]{})
	large := bytes.Repeat([]byte("0123456789"), 300_000)
	if err := before.Set("large", large); err != nil {
		t.Fatal(err)
	}
	snapshot := snapshotOf(t, before)
	after := newOf(t, cache.Options[string, []byte]{})
	if err := after.LoadFrom(bytes.NewReader(snapshot)); err != nil {
		t.Fatal(err)
	}
	if value, _ := after.Get("large"); !bytes.Equal(value, large) {
		t.Errorf("%d bytes came back", len(value))
	}
	small := newOf(t, cache.Options[string, []byte]{MaxBytes: 1 << 20})
	if err := small.LoadFrom(bytes.NewReader(snapshot)); err != nil || small.Len() != 0 {
		t.Errorf("what is too large should be left out: %v, %d entries", err, small.Len())
	}
}

func TestSnapshotCutOffOrDamagedAnywhere(t *testing.T) {
	before := newOf(t, cache.Options[int, int]{})
	for i := range 10 {
		if err := before.Set(i, i); err != nil {
			t.Fatal(err)
		}
	}
	snapshot := snapshotOf(t, before)
	after := newOf(t, cache.Options[int, int]{MaxBytes: 1 << 20})
	for length := range snapshot {
		if err := after.LoadFrom(bytes.NewReader(snapshot[:length])); !errors.Is(err, cache.ErrSnapshotTruncated) {
			t.Errorf("cut off at %d: %v", length, err)
		}
		if n := after.Len(); n != 0 && n != 10 {
			t.Errorf("cut off at %d: %d entries", length, n)
		}
		after.Clear()
	}
	for place := range snapshot {
		damaged := bytes.Clone(snapshot)
		damaged[place] ^= 1
		expected := cache.ErrSnapshotDamaged
		if place < 8 {
			expected = cache.ErrNotSnapshot
		} else if place < 12 {
			expected = cache.ErrSnapshotVersion
		}
		if err := after.LoadFrom(bytes.NewReader(damaged)); !errors.Is(err, expected) {
			t.Errorf("damaged at %d: %v", place, err)
		}
	}
}

func TestSnapshotOfOtherTypes(t *testing.T) {
	before := newOf(t, cache.Options[string, int64]{})
	snapshot := snapshotOf(t, before)
	load := func(c interface{ LoadFrom(io.Reader) error }) error { return c.LoadFrom(bytes.NewReader(snapshot)) }
	for name, err := range map[string]error{
		"other keys":      load(newOf(t, cache.Options[int64, int64]{})),
		"other values":    load(newOf(t, cache.Options[string, uint64]{})),
		"strings":         load(newOf(t, cache.Options[string, string]{})),
		"an encoded type": load(newOf(t, cache.Options[string, struct{ A int }]{})),
	} {
		if !errors.Is(err, cache.ErrSnapshotType) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := load(newOf(t, cache.Options[[]byte, int64]{})); err != nil {
		t.Errorf("bytes are what strings are: %v", err)
	}
}

type failing struct{ left int }

var errFailing = errors.New("failing")

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFailing
	}
	return len(p), nil
}

func (f *failing) Read(p []byte) (int, error) { return 0, errFailing }

func TestSnapshotStreamsThatFail(t *testing.T) {
	c := newOf(t, cache.Options[int, []byte]{})
	for i := range 10_000 {
		if err := c.Set(i, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	for left := range 5 {
		if err := c.SaveTo(&failing{left}); !errors.Is(err, errFailing) {
			t.Errorf("after %d writes: %v", left, err)
		}
	}
	if err := c.LoadFrom(&failing{}); !errors.Is(err, errFailing) {
		t.Error(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	if err := c.SaveTo(full); err == nil {
		t.Error("a full disk took a snapshot")
	}
	if c.Len() != 10_000 {
		t.Errorf("%d entries are left", c.Len())
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("broken") }

// No goroutine stays behind when the stream panics.
func TestSnapshotStreamThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newOf(t, cache.Options[int, int]{})
		defer func() {
			if recover() == nil {
				t.Error("there was no panic")
			}
		}()
		c.LoadFrom(panicking{})
	})
}

func TestSnapshotOfAClosedCache(t *testing.T) {
	c := newOf(t, cache.Options[int, int]{})
	snapshot := snapshotOf(t, c)
	c.Close()
	if err := c.SaveTo(io.Discard); !errors.Is(err, cache.ErrClosed) {
		t.Error(err)
	}
	if err := c.LoadFrom(bytes.NewReader(snapshot)); !errors.Is(err, cache.ErrClosed) {
		t.Error(err)
	}
}

func TestSnapshotWhileOthersWrite(t *testing.T) {
	c := newOf(t, cache.Options[int, int]{})
	const stay = 20_000
	for i := range stay {
		if err := c.Set(i, i); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := stay + w; ; i += 2 {
				select {
				case <-stop:
					return
				default:
				}
				c.Set(i, i)
				c.Set(i%stay, i%stay)
				c.Delete(i - 1000*(1+w))
			}
		})
	}
	snapshot := snapshotOf(t, c)
	close(stop)
	writers.Wait()
	after := newOf(t, cache.Options[int, int]{})
	if err := after.LoadFrom(bytes.NewReader(snapshot)); err != nil {
		t.Fatal(err)
	}
	for key, value := range after.All() {
		if key != value {
			t.Fatalf("%d is the value of %d", value, key)
		}
	}
}

func TestSnapshotLoadedIntoASmallerCache(t *testing.T) {
	before := newOf(t, cache.Options[int, []byte]{})
	for i := range 50_000 {
		if err := before.Set(i, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
	after := newOf(t, cache.Options[int, []byte]{MaxBytes: 1 << 20})
	if err := after.LoadFrom(bytes.NewReader(snapshotOf(t, before))); err != nil {
		t.Fatal(err)
	}
	if s := after.Stats(); s.Bytes > 1<<20 || s.Entries < 3000 {
		t.Errorf("%d entries in %d bytes", s.Entries, s.Bytes)
	}
}

func TestSnapshotKeepsTheHitRatio(t *testing.T) {
	options := cache.Options[uint64, []byte]{MaxBytes: 4 << 20}
	before := newOf(t, options)
	value := make([]byte, 128)
	trace := rand.NewZipf(rand.New(rand.NewSource(1)), 1.01, 1, 1<<20)
	keys := make([]uint64, 400_000)
	for i := range keys {
		keys[i] = trace.Uint64()
	}
	ratio := func(c *cache.Cache[uint64, []byte], keys []uint64) float64 {
		hits := 0
		for _, key := range keys {
			if _, found := c.Get(key); found {
				hits++
			} else if err := c.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
		return float64(hits) / float64(len(keys))
	}
	ratio(before, keys[:200_000])
	if before.Stats().Evictions == 0 {
		t.Fatal("the trace should not fit")
	}
	after := newOf(t, options)
	if err := after.LoadFrom(bytes.NewReader(snapshotOf(t, before))); err != nil {
		t.Fatal(err)
	}
	// Right after the restart, where what is missing shows most, and over all.
	for _, length := range []int{20_000, 180_000} {
		next := keys[200_000:][:length]
		was, is := ratio(before, next), ratio(after, next)
		t.Logf("%d requests: %.4f without a restart, %.4f with one", length, was, is)
		if is < was-0.02 {
			t.Errorf("%d requests: %.4f after a restart, %.4f without one", length, is, was)
		}
	}
}

// BenchmarkSnapshot writes and reads a million entries of 128 bytes.
func BenchmarkSnapshot(b *testing.B) {
	options := cache.Options[string, []byte]{MaxBytes: 256 << 20}
	before, err := cache.New(options)
	if err != nil {
		b.Fatal(err)
	}
	defer before.Close()
	for i := range 1_000_000 {
		if err := before.Set(fmt.Sprintf("key:%08d", i), make([]byte, 128)); err != nil {
			b.Fatal(err)
		}
	}
	var snapshot bytes.Buffer
	if err := before.SaveTo(&snapshot); err != nil {
		b.Fatal(err)
	}
	b.Run("SaveTo", func(b *testing.B) {
		b.SetBytes(int64(snapshot.Len()))
		for b.Loop() {
			if err := before.SaveTo(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("LoadFrom", func(b *testing.B) {
		b.SetBytes(int64(snapshot.Len()))
		for b.Loop() {
			b.StopTimer()
			after, err := cache.New(options)
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if err := after.LoadFrom(bytes.NewReader(snapshot.Bytes())); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			after.Close()
			b.StartTimer()
		}
	})
}
