//go:build cgo

package cache

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// TestReaderAgrees looks for entries of all lengths in Go and in Rust.
func TestReaderAgrees(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Hour} {
		readerAgrees(t, open(t, Options[string, []byte]{MaxBytes: 8 << 20, IdleTTL: idle}))
	}
}

func readerAgrees(t *testing.T, c *Cache[string, []byte]) {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 1<<10)
	for i := range text {
		text[i] = byte(random.Uint32())
	}
	buffers := [2][]byte{make([]byte, 1<<10), make([]byte, 1<<10)}
	for keyLength := range 70 {
		for length := range 70 {
			key := text[keyLength : 2*keyLength]
			value := text[length*3 : length*4]
			ttl := time.Duration(0)
			if length%3 == 0 {
				ttl = time.Hour
			}
			if err := c.SetTTL(string(key), value, ttl); err != nil {
				t.Fatal(err)
			}
			for _, capacity := range []int{len(buffers[0]), length, length - 1} {
				if capacity < 0 {
					continue
				}
				p := unsafe.Pointer(unsafe.SliceData(key))
				n, found := c.reads.get(p, keyLength, unsafe.Pointer(&buffers[0][0]), capacity, true, nil)
				m, status := c.core.Get((*byte)(p), keyLength, &buffers[1][0], capacity)
				want := map[ffi.Status]finding{ffi.OK: hit, ffi.BufferTooSmall: tooSmall}[status]
				if found != want || n != m || n != length {
					t.Fatalf("key of %d, value of %d in %d: %d and %d, Rust says %d and %d", keyLength, length, capacity, found, n, status, m)
				}
				if found == hit && (!bytes.Equal(buffers[0][:n], value) || !bytes.Equal(buffers[1][:n], value)) {
					t.Fatalf("key of %d, value of %d: another value", keyLength, length)
				}
			}
			// What else is known of it is told by Go, unless it lives as long as it is used.
			entry, found := c.GetEntry(string(key))
			_, meta, status := c.core.Peek(unsafe.SliceData(key), keyLength, &buffers[1][0], len(buffers[1]))
			toLive, there := c.TTL(string(key))
			if !found || status != ffi.OK || !there || !bytes.Equal(entry.Value, value) || entry.Version != meta.Version {
				t.Fatalf("key of %d, value of %d: %v of version %d, Rust says %d", keyLength, length, found, entry.Version, meta.Version)
			}
			for _, told := range []time.Duration{entry.TTL, toLive} {
				if difference := told - left(meta.TTL); difference.Abs() > time.Minute || (told == 0) != (meta.TTL == ffi.CacheTTLNone) {
					t.Fatalf("key of %d, value of %d: lives for %v, Rust says %v", keyLength, length, told, left(meta.TTL))
				}
			}
			if _, found := c.Get(string(text[500 : 501+keyLength])); found && keyLength > 2 {
				t.Fatalf("key of %d: found what is not there", keyLength)
			}
		}
	}
}

// TestReaderPutsOff the end of entries that live as long as they are used, also beside one that they have in any case.
func TestReaderPutsOff(t *testing.T) {
	const idle, later = time.Hour, 15 * time.Minute
	for _, ttl := range []time.Duration{0, 3 * time.Hour} {
		c := open(t, Options[string, []byte]{IdleTTL: idle, TTL: ttl})
		key := "key"
		c.Set(key, []byte("value"))
		p := unsafe.Pointer(unsafe.StringData(key))
		hash := c.reads.hash(p, len(key))
		bucket := c.reads.bucket(load(c.reads.place(hash))&noPage, hash>>tagBits)
		end := func() time.Duration {
			_, location := slot(bucket, matches(bucket, tagsOf(hash)))
			words := c.reads.find(location, p, len(key))
			return time.Duration(load(idleEnd(words, bodyOf(load(words)))))
		}
		// Go's idea of the time alone moves: it is Go that writes.
		for _, step := range []struct {
			name  string
			use   func() finding
			moves time.Duration
			want  finding
		}{
			{"a peek", func() finding { return found(c, p, len(key), 10, false) }, 0, hit},
			{"a buffer that is too small", func() finding { return found(c, p, len(key), 1, true) }, 0, tooSmall},
			{"a use", func() finding { return found(c, p, len(key), 10, true) }, later, hit},
			{"another use", func() finding { return found(c, p, len(key), 10, true) }, later, hit},
			{"a set", func() finding { c.Set(key, []byte("VALUE")); return hit }, later, hit},
		} {
			before := end()
			c.reads.start = c.reads.start.Add(-step.moves)
			if got := step.use(); got != step.want {
				t.Errorf("TTL %v, %s: %d, not %d", ttl, step.name, got, step.want)
			}
			if moved := (end() - before).Truncate(later); moved != step.moves {
				t.Errorf("TTL %v, %s: the end moved by %v", ttl, step.name, moved)
			}
		}
		c.reads.start = c.reads.start.Add(-idle)
		if got := found(c, p, len(key), 10, true); got != unclear {
			t.Errorf("TTL %v, when its time is over: %d", ttl, got)
		}
	}
}

func found(c *Cache[string, []byte], key unsafe.Pointer, length, capacity int, uses bool) finding {
	buffer := make([]byte, capacity)
	_, found := c.reads.get(key, length, unsafe.Pointer(&buffer[0]), capacity, uses, nil)
	return found
}

// TestReaderBesideWriters reads without a lock what is replaced, moved, removed and evicted all the time. Each value tells of which key and
// round it is, so that one that was torn, or is older than one seen before, shows.
func TestReaderBesideWriters(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 50
	}
	c := open(t, Options[string, []byte]{MaxBytes: 1 << 20})
	const keys = 3000
	name := func(key int) string { return fmt.Sprintf("key %d", key) }
	value := func(key, round int) []byte {
		line := fmt.Appendf(nil, "%d of %d;", round, key)
		return bytes.Repeat(line, 1+(key*7+round)%30)
	}
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for writer := range 2 {
		writing.Go(func() {
			for round := range rounds {
				for key := writer; key < keys; key += 2 {
					if (key+round)%17 == 0 {
						c.Delete(name(key))
					} else if err := c.Set(name(key), value(key, round)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	var hits [2]int
	for reader := range 2 {
		reading.Go(func() {
			random := rand.New(rand.NewPCG(3, uint64(reader)))
			newest := make([]int, keys)
			buffer := make([]byte, 0, 1<<10)
			for {
				select {
				case <-done:
					return
				default:
				}
				key := random.IntN(keys)
				got, found := c.AppendGet(buffer, name(key))
				if !found {
					continue
				}
				hits[reader]++
				var round, of int
				if _, err := fmt.Sscanf(string(got), "%d of %d;", &round, &of); err != nil || of != key || !bytes.Equal(got, value(key, round)) {
					t.Errorf("key %d: found %.40q", key, got)
					return
				}
				if round < newest[key] {
					t.Errorf("key %d: round %d after round %d", key, round, newest[key])
					return
				}
				newest[key] = round
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	if hits[0]+hits[1] == 0 {
		t.Error("nothing was ever found")
	}
	runtime.KeepAlive(c)
}

// TestReaderBesideClear reads while pages of the index come and go in the same memory.
func TestReaderBesideClear(t *testing.T) {
	c := open(t, Options[uint64, uint64]{MaxBytes: 1 << 20})
	rounds := uint64(50_000)
	if testing.Short() {
		rounds = 5_000
	}
	var all sync.WaitGroup
	var over atomic.Bool
	for writer := range uint64(2) {
		all.Go(func() {
			defer over.Store(true)
			for i := range rounds {
				key := writer*2 + i%2
				if err := c.Set(key, key<<32|1<<31|i); err != nil {
					t.Error(err)
				}
				if i%5 == 0 {
					c.Clear()
				}
			}
		})
	}
	for range 4 {
		all.Go(func() {
			for i := uint64(0); !over.Load(); i++ {
				key := i % 4
				if value, found := c.Get(key); found && value>>31 != key<<1|1 {
					t.Errorf("key %d: %x", key, value)
					return
				}
			}
		})
	}
	all.Wait()
}
