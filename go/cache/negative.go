//go:build cgo

package cache

import (
	"runtime"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// The least memory that a cache can do with, and what it takes if it is not told.
const (
	minBytes     = 64 << 10
	defaultBytes = 64 << 20
)

// negatives are the keys of which a loader said ErrNotFound. They have a cache of their own beside the other, and a
// part of its memory, so that nothing but loading comes across them.
type negatives struct {
	core ffi.Cache
	ttl  time.Duration // 0: nothing is remembered, and there is no core
}

// negativeBytes is how much of a cache's memory, in bytes, is for them.
func negativeBytes(maxBytes int64) int64 { return max(maxBytes/16, minBytes) }

// isAbsent tells whether a loader did not find a key a short time ago.
func (c *Cache[K, V]) isAbsent(key *K) bool {
	if c.negatives.ttl == 0 {
		return false
	}
	data, length := c.keys.bytes(unsafe.Pointer(key))
	_, status := c.negatives.core.Get(data, length, nil, 0)
	runtime.KeepAlive(c)
	return status == ffi.OK
}

func (c *Cache[K, V]) setAbsent(id string) {
	if c.negatives.ttl != 0 {
		// What there is no room for is not remembered.
		c.negatives.core.Set(unsafe.StringData(id), len(id), nil, 0, ffi.CacheTTLDefault)
		runtime.KeepAlive(c)
	}
}

func (c *Cache[K, V]) notAbsent(data *byte, length int) {
	if c.negatives.ttl != 0 {
		c.negatives.core.Delete(data, length)
		runtime.KeepAlive(c)
	}
}
