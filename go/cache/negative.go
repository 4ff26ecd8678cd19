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
	core  ffi.Cache
	reads *reader
	ttl   time.Duration // 0: nothing is remembered, and there is no core
}

// negativeBytes is how much of a cache's memory, in bytes, is for them.
func negativeBytes(maxBytes int64) int64 { return max(maxBytes/16, minBytes) }

// isAbsent tells whether a loader did not find a key a short time ago.
func (c *Cache[K, V]) isAbsent(key *K) bool {
	return c.negatives.ttl != 0 && c.negatives.use(c.keys.bytes(unsafe.Pointer(key)))
}

// use tells whether a key is there, and counts that.
func (n *negatives) use(key *byte, length int) bool {
	_, finding := n.reads.get(unsafe.Pointer(key), length, nil, 0, true, nil)
	found := finding == hit
	if found {
		n.reads.count(tally{hits: 1})
	} else if finding == unclear {
		_, status := n.core.Get(key, length, nil, 0)
		found = status == ffi.OK
	}
	runtime.KeepAlive(n)
	return found
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
		c.negatives.remove(data, length)
	}
}

// remove looks first: hardly a key is there that is stored or deleted, and a look costs less than a call.
func (n *negatives) remove(key *byte, length int) {
	if _, finding := n.reads.get(unsafe.Pointer(key), length, nil, 0, false, nil); finding != miss {
		n.core.Delete(key, length)
	}
	runtime.KeepAlive(n)
}
