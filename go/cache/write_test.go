//go:build cgo

package cache

import (
	"bytes"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// overwritten replaces a value without a call of Rust, and tells whether that could be done.
func overwritten(c *Cache[string, []byte], key string, value []byte, ttl time.Duration) bool {
	p := unsafe.Pointer(unsafe.StringData(key))
	hash := c.reads.hash(p, len(key))
	return c.reads.overwrite(hash, p, len(key), unsafe.Pointer(unsafe.SliceData(value)), len(value), uint64(ttl))
}

// TestOverwrite replaces values of all lengths by others, in Go.
func TestOverwrite(t *testing.T) {
	for _, idle := range []time.Duration{0, 2 * time.Hour} {
		overwrite(t, open(t, Options[string, []byte]{MaxBytes: 8 << 20, IdleTTL: idle}), idle)
	}
}

func overwrite(t *testing.T, c *Cache[string, []byte], idle time.Duration) {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 1<<10)
	for i := range text {
		text[i] = byte(random.Uint32())
	}
	words := func(length int) int { return (length + 7) / 8 }
	neighbours := map[string][]byte{}
	for keyLength := range 40 {
		key := string(text[keyLength : 2*keyLength])
		for length := range 70 {
			for _, ttl := range []time.Duration{0, time.Hour} {
				old := text[length*3 : length*4]
				if err := c.SetTTL(key, old, ttl); err != nil {
					t.Fatal(err)
				}
				neighbour := string(text[keyLength : 2*keyLength+9])
				neighbours[neighbour] = text[:keyLength]
				if err := c.Set(neighbour, text[:keyLength]); err != nil {
					t.Fatal(err)
				}
				for _, newLength := range []int{length, length ^ 1, length ^ 3, length + 9, length / 2} {
					value := text[newLength*5 : newLength*6]
					before, _ := c.GetEntry(key)
					sets := c.Stats().Sets
					done := overwritten(c, key, value, ttl)
					if same := words(keyLength+newLength) == words(keyLength+len(before.Value)); same && !done {
						t.Errorf("key of %d: %d bytes don't replace %d", keyLength, newLength, len(before.Value))
					}
					want := before.Value
					if done {
						want, sets = value, sets+1
					}
					after, found := c.GetEntry(key)
					if !found || !bytes.Equal(after.Value, want) || (after.Version > before.Version) != done || c.Stats().Sets != sets {
						t.Fatalf("key of %d: %q %d became %q %d, not %q", keyLength, before.Value, before.Version, after.Value, after.Version, want)
					}
					if (after.TTL != 0) != (ttl+idle != 0) || done && ttl != 0 && after.TTL+time.Minute < ttl {
						t.Fatalf("lives for %v, not %v", after.TTL, ttl)
					}
				}
			}
		}
	}
	for key, value := range neighbours {
		if got, found := c.Get(key); !found || !bytes.Equal(got, value) {
			t.Errorf("%q: %q, %t", key, got, found)
		}
	}
}

// TestOverwriteRefuses what Rust has to see to.
func TestOverwriteRefuses(t *testing.T) {
	value := make([]byte, 20)
	none := func(*Cache[string, []byte]) {}
	for _, test := range []struct {
		name    string
		options Options[string, []byte]
		before  func(c *Cache[string, []byte])
		ttl     time.Duration
		want    bool
	}{
		{name: "a value as long as before", before: none, want: true},
		{name: "after others that live", before: func(c *Cache[string, []byte]) { c.SetTTL("other", value, time.Hour) }, want: true},
		{name: "no entry", before: func(c *Cache[string, []byte]) { c.Delete("key") }},
		{name: "a longer value", before: func(c *Cache[string, []byte]) { c.Set("key", nil) }},
		{name: "a much shorter value", before: func(c *Cache[string, []byte]) { c.Set("key", make([]byte, 100)) }},
		{name: "a value in a mapping", before: func(c *Cache[string, []byte]) { c.Set("key", make([]byte, 1<<19)) }},
		{name: "a first time to live", before: none, ttl: time.Hour},
		{name: "a last time to live", before: func(c *Cache[string, []byte]) { c.SetTTL("key", value, time.Hour) }},
		{name: "a later end", before: func(c *Cache[string, []byte]) { c.SetTTL("key", value, time.Hour) }, ttl: time.Hour, want: true},
		{name: "an earlier end", before: func(c *Cache[string, []byte]) { c.SetTTL("key", value, 2*time.Hour) }, ttl: time.Hour},
		{name: "what expired", before: func(c *Cache[string, []byte]) { c.SetTTL("other", value, 1); time.Sleep(time.Millisecond) }},
		{name: "idle time", options: Options[string, []byte]{IdleTTL: time.Hour}, before: none, want: true},
		{name: "idle time and a first time to live", options: Options[string, []byte]{IdleTTL: time.Hour}, before: none, ttl: time.Hour},
		{name: "a clock of its own", options: Options[string, []byte]{Clock: NewManualClock(), TTL: time.Hour}, before: none, ttl: time.Hour},
		{name: "a listener", options: Options[string, []byte]{OnRemoval: func(string, []byte, RemovalReason) {}}, before: none},
		{name: "closed", before: func(c *Cache[string, []byte]) { c.Close() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.MaxBytes = 1 << 20 // one shard
			c := open(t, test.options)
			if err := c.Set("key", value); err != nil {
				t.Fatal(err)
			}
			test.before(c)
			if done := overwritten(c, "key", value, test.ttl); done != test.want {
				t.Errorf("%t", done)
			}
		})
	}
}

// TestOverwriteBesideLock has others wait while the lock of their shard is held in Go, and finds it held.
func TestOverwriteBesideLock(t *testing.T) {
	c := open(t, Options[string, []byte]{MaxBytes: 1 << 20}) // one shard
	if err := c.Set("key", nil); err != nil {
		t.Fatal(err)
	}
	lock := (*uint64)(c.reads.Shards)
	if !atomic.CompareAndSwapUint64(lock, 0, locked) {
		t.Fatal("the lock is not free")
	}
	if overwritten(c, "key", nil, 0) {
		t.Error("did not look at the lock")
	}
	waiting := make(chan error)
	for range 3 {
		go func() { waiting <- c.Set("key", nil) }()
	}
	go func() { c.Stats(); waiting <- nil }()
	for atomic.LoadUint64(lock) == locked {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond)
	select {
	case <-waiting:
		t.Fatal("did not wait")
	default:
	}
	c.reads.unlock(c.reads.Shards, 0)
	for range 4 {
		if err := <-waiting; err != nil {
			t.Error(err)
		}
	}
	if !overwritten(c, "key", nil, 0) {
		t.Error("the lock is held yet")
	}
}

// TestOverwriteIsAChange: readers that looked at a bucket before must see that it is another one afterwards, each time.
func TestOverwriteIsAChange(t *testing.T) {
	c := open(t, Options[string, []byte]{})
	key, value := "key", []byte("value")
	if err := c.Set(key, value); err != nil {
		t.Fatal(err)
	}
	hash := c.reads.hash(unsafe.Pointer(unsafe.StringData(key)), len(key))
	place := c.reads.place(hash)
	bucket := c.reads.bucket(load(place)&noPage, hash>>tagBits)
	for range 10 {
		before := load(bucket)
		if !overwritten(c, key, value, 0) {
			t.Fatal("not done in Go")
		}
		if after := load(bucket); (after^before)&^hits == 0 || after&writing != 0 || after&hits < before&hits {
			t.Fatalf("a state of %#x became %#x", before, after)
		}
	}
}
