//go:build cgo

package cache

import (
	"iter"
	"runtime"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Keys iterates over the keys. What is in the cache all the while comes, and once; other entries may. The cache may be
// changed meanwhile, also by the loop; when it is closed, there are no more keys. Strings and byte slices that are short
// share allocations of up to 4 KiB. [Cache.Scan] tells errors, too.
func (c *Cache[K, V]) Keys() iter.Seq[K] {
	const step = 256
	return func(yield func(K) bool) {
		var keys []K
		for cursor := uint64(0); ; {
			keys, cursor, _ = c.appendScan(keys[:0], cursor, step)
			for _, key := range keys {
				if !yield(key) {
					return
				}
			}
			if cursor == 0 {
				return
			}
		}
	}
}

// All iterates over the entries, as [Cache.Keys] does over their keys; each value is the one that is there when its
// turn comes. That is no use of the entries, as [Cache.Peek] is not.
func (c *Cache[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key := range c.Keys() {
			if value, found := c.Peek(key); found && !yield(key, value) {
				return
			}
		}
	}
}

// DeleteFunc removes the entries for which del returns true, and returns how many these were. Del sees them as
// [Cache.All] does, and the value that it saw is the one that is removed: if another one was stored meanwhile, it is
// asked again. It must not change a key that is a byte slice.
func (c *Cache[K, V]) DeleteFunc(del func(K, V) bool) int {
	deleted := 0
	for key := range c.Keys() {
		for {
			value, meta, found := c.read(&key, false)
			if !found || !del(key, value) {
				break
			}
			if status := c.compareAndDelete(&key, meta.Version); status != ffi.Conflict {
				if status == ffi.OK {
					deleted++
				}
				break
			}
		}
	}
	return deleted
}

// DeletePrefix removes the entries whose keys begin with a prefix, and returns how many these were. An entry that is
// stored meanwhile may stay.
func DeletePrefix[K ~string | ~[]byte, V any](c *Cache[K, V], prefix K) int {
	text := string(prefix)
	data := unsafe.StringData(text)
	c.loads.forgetPrefix(text)
	deleted := c.core.DeletePrefix(data, len(text))
	c.loads.forgetPrefix(text)
	if c.negatives.ttl != 0 {
		c.negatives.core.DeletePrefix(data, len(text))
	}
	runtime.KeepAlive(c)
	return deleted
}
