//go:build cgo

package cache

import (
	"errors"
	"runtime"
	"sync"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// GetMany returns the values of keys in their order, and which of them were found. Strings and byte slices that are
// short share allocations of up to 4 KiB.
func (c *Cache[K, V]) GetMany(keys []K) (values []V, found []bool) {
	if l := c.latencies; l != nil {
		defer l.getMany.until(l, l.now())
	}
	// No call of Rust is needed for an entry, so there is none to share.
	values, found = make([]V, len(keys)), make([]bool, len(keys))
	var reads tally
	switch c.value.kind {
	case fixed:
		for i := range keys {
			_, status := c.look(&keys[i], (*byte)(unsafe.Pointer(&values[i])), c.value.size, true, nil, &reads)
			if found[i] = status == ffi.OK; !found[i] {
				values[i] = *new(V) // it may have what was read before it was found to be gone
			}
		}
	case text, slice:
		shared := []byte{} // an empty value is not nil, as for Get
		for i := range keys {
			var data []byte
			if data, found[i] = c.lookShared(&keys[i], &shared, len(keys)-i, &reads); !found[i] {
				continue
			}
			values[i] = owner[V](c.value, data)
		}
	default:
		for i := range keys {
			values[i], found[i] = c.get(&keys[i])
		}
	}
	c.reads.count(reads)
	runtime.KeepAlive(c)
	return values, found
}

// How large an allocation is that short strings and byte slices share.
const mostShared = 4096

// lookShared returns the value of a key in a part of shared that is not in use, or elsewhere if it is long. There may be
// so many values more.
func (c *Cache[K, V]) lookShared(key *K, shared *[]byte, more int, reads *tally) ([]byte, bool) {
	for {
		length, status := c.look(key, unsafe.SliceData(*shared), len(*shared), true, nil, reads)
		switch {
		case status == ffi.OK:
			data := (*shared)[:length:length]
			*shared = (*shared)[length:]
			return data, true
		case status != ffi.BufferTooSmall:
			return nil, false
		case length > mostShared/8:
			return c.appendGet(make([]byte, 0, length), key)
		}
		*shared = make([]byte, min(length*more, mostShared))
	}
}

// How much a call of Rust takes at once: it is copied for that.
const (
	batchKeys  = 256
	batchBytes = 64 << 10
)

// A batch is keys and maybe values on their way to Rust.
type batch struct{ keys, values ffi.Pieces }

var batches = sync.Pool{New: func() any { return new(batch) }}

func putBatch(b *batch) {
	b.reset()
	if cap(b.keys.Bytes)+cap(b.values.Bytes) <= maxPooledBuffer {
		batches.Put(b)
	}
}

func (b *batch) reset() {
	b.keys.Reset()
	b.values.Reset()
}

func (b *batch) isFull() bool {
	return len(b.keys.Lengths) == batchKeys || len(b.keys.Bytes)+len(b.values.Bytes) >= batchBytes
}

// SetMany is [Cache.Set] for as many values as keys, in their order, but faster. What can't be stored is left out, and
// the error is that of the first such entry. Others see some of the entries before the rest.
func (c *Cache[K, V]) SetMany(keys []K, values []V) error {
	if len(keys) != len(values) {
		return errors.New("cache: SetMany has not as many values as keys")
	}
	if l := c.latencies; l != nil {
		defer l.setMany.until(l, l.now())
	}
	c.forgetMany(keys)
	b := batches.Get().(*batch)
	defer putBatch(b)
	var first error
	for i := range keys {
		// What replaces a value where it lies overtakes none that is on its way.
		if len(b.keys.Lengths) == 0 && c.value.isDirect() && c.negatives.ttl == 0 && c.overwriteDirect(&keys[i], &values[i]) {
			continue
		}
		if err := c.addEntry(b, &keys[i], &values[i]); err != nil && first == nil {
			first = err
		}
		if b.isFull() || i == len(keys)-1 {
			status := c.core.SetMany(&b.keys, &b.values, ffi.CacheTTLDefault)
			c.notAbsentMany(b)
			if err := errorOf(status); err != nil && first == nil {
				first = err
			}
			b.reset()
		}
	}
	runtime.KeepAlive(c)
	c.forgetMany(keys)
	return first
}

func (c *Cache[K, V]) overwriteDirect(key *K, value *V) bool {
	keyData, keyLength := c.keys.bytes(unsafe.Pointer(key))
	data, length := c.value.bytes(unsafe.Pointer(value))
	hash := c.reads.hash(unsafe.Pointer(keyData), keyLength)
	return c.overwrite(hash, keyData, keyLength, data, length, ffi.CacheTTLDefault)
}

func (c *Cache[K, V]) addEntry(b *batch, key *K, value *V) error {
	if c.value.isDirect() {
		b.values.Add(c.value.bytes(unsafe.Pointer(value)))
	} else if err := c.addEncoded(b, value); err != nil {
		return err
	}
	b.keys.Add(c.keys.bytes(unsafe.Pointer(key)))
	return nil
}

func (c *Cache[K, V]) addEncoded(b *batch, value *V) error {
	buffer := getBuffer()
	defer putBuffer(buffer)
	if err := c.encode(buffer, value); err != nil {
		return err
	}
	b.values.Add(unsafe.SliceData(*buffer), len(*buffer))
	return nil
}

// DeleteMany is [Cache.Delete] for many keys, but faster. It returns how many had an entry.
func (c *Cache[K, V]) DeleteMany(keys []K) int {
	if l := c.latencies; l != nil {
		defer l.deleteMany.until(l, l.now())
	}
	c.forgetMany(keys)
	b := batches.Get().(*batch)
	defer putBatch(b)
	deleted := 0
	for i := range keys {
		b.keys.Add(c.keys.bytes(unsafe.Pointer(&keys[i])))
		if b.isFull() || i == len(keys)-1 {
			deleted += c.core.DeleteMany(&b.keys)
			c.notAbsentMany(b)
			b.reset()
		}
	}
	runtime.KeepAlive(c)
	c.forgetMany(keys)
	return deleted
}

func (c *Cache[K, V]) forgetMany(keys []K) {
	for i := range keys {
		c.forget(&keys[i])
	}
}

func (c *Cache[K, V]) notAbsentMany(b *batch) {
	if c.negatives.ttl != 0 {
		c.negatives.core.DeleteMany(&b.keys)
	}
}
