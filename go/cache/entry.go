//go:build cgo

package cache

import (
	"runtime"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Entry is a value and what else is known of it.
type Entry[V any] struct {
	Value V
	// Version differs for each value that was ever stored for the key; it is never 0. [StoreOptions].IfVersion and
	// [Cache.CompareAndSet] ask for it.
	Version uint64
	// TTL is how long the entry will live, as [Cache.TTL] tells it; 0 means until it is evicted.
	TTL time.Duration
}

// GetEntry is [Cache.Get] with the version of the value and its time to live.
func (c *Cache[K, V]) GetEntry(key K) (Entry[V], bool) {
	if l := c.latencies; l != nil {
		defer l.get.until(l, l.now())
	}
	value, meta, found := c.read(&key, true)
	if !found {
		if meta.Version != 0 {
			c.undecodable.Add(1)
		}
		return Entry[V]{}, false
	}
	return Entry[V]{value, meta.Version, left(meta.TTL)}, true
}

// Peek is [Cache.Get] without a use of the entry: it counts as neither hit nor miss, and puts off neither the entry's
// eviction nor its end.
func (c *Cache[K, V]) Peek(key K) (V, bool) {
	if c.value.kind == fixed { // without a copy in between
		var value, none V
		_, status := c.look(&key, (*byte)(unsafe.Pointer(&value)), c.value.size, false, nil, new(tally))
		runtime.KeepAlive(c)
		if status != ffi.OK {
			value = none // it may have what was read before it was found to be gone
		}
		return value, status == ffi.OK
	}
	return c.readBy(func(room []byte) (int, ffi.Status) {
		return c.look(&key, unsafe.SliceData(room), len(room), false, nil, new(tally))
	})
}

// read returns the value of a key, also if that is no use of the entry. If there is a value that can't be decoded, the
// meta is its.
func (c *Cache[K, V]) read(key *K, uses bool) (value V, meta ffi.CacheMeta, found bool) {
	var reads tally
	value, found = c.readBy(func(room []byte) (int, ffi.Status) {
		length, status := c.look(key, unsafe.SliceData(room), len(room), uses, &meta, &reads)
		if status == ffi.NotFound {
			meta = ffi.CacheMeta{} // It may have been looked at before it was gone.
		}
		return length, status
	})
	if uses {
		c.reads.count(reads)
	}
	runtime.KeepAlive(c)
	return value, meta, found
}

// readBy returns the value that a function copies to a buffer, which gives its length, and BufferTooSmall if there is not
// enough room.
func (c *Cache[K, V]) readBy(copyTo func(room []byte) (int, ffi.Status)) (value V, found bool) {
	buffer := getBuffer()
	defer putBuffer(buffer)
	for {
		room := (*buffer)[:cap(*buffer)]
		length, status := copyTo(room)
		runtime.KeepAlive(c)
		switch status {
		case ffi.OK:
			return c.valueOf(room[:length])
		case ffi.BufferTooSmall: // and by the next call the value may have become longer still
			*buffer = make([]byte, 0, length)
		default:
			return value, false
		}
	}
}

// valueOf returns the value that has a copy of data as its bytes, unless it can't be decoded.
func (c *Cache[K, V]) valueOf(data []byte) (value V, ok bool) {
	switch c.value.kind {
	case flattened:
		return c.fill(data)
	case encoded:
		return c.decode(data)
	}
	return copyOf[V](c.value, data), true
}

// fill returns the value that data are the bytes of in flattened form.
func (c *Cache[K, V]) fill(data []byte) (value V, ok bool) {
	if c.plan.Shares() {
		data = append(make([]byte, 0, flatCapacity(len(data))), data...)
	}
	if !c.plan.Fill(data, unsafe.Pointer(&value)) {
		var none V
		return none, false
	}
	return value, true
}

// decode is apart from valueOf because what is handed to a codec escapes to the heap.
func (c *Cache[K, V]) decode(data []byte) (value V, ok bool) {
	if c.codec.Decode(data, &value) != nil {
		var none V
		return none, false
	}
	return value, true
}
