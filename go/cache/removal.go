//go:build cgo

package cache

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync/atomic"
	"weak"

	"tandem.example/go/internal/ffi"
)

// RemovalReason is why an entry went.
type RemovalReason uint8

const (
	// RemovedSize: it went to make room, of memory or of entries.
	RemovedSize RemovalReason = ffi.CacheRemovedSize
	// RemovedExpired: its time was over.
	RemovedExpired RemovalReason = ffi.CacheRemovedExpired
	// RemovedReplaced: a value was stored for its key, or it was changed.
	RemovedReplaced RemovalReason = ffi.CacheRemovedReplaced
	// RemovedDeleted: it was deleted, alone or with others, or a load to replace it returned [ErrNotFound].
	RemovedDeleted RemovalReason = ffi.CacheRemovedDeleted
)

// String returns "size", "expired", "replaced" or "deleted".
func (r RemovalReason) String() string {
	switch r {
	case RemovedSize:
		return "size"
	case RemovedExpired:
		return "expired"
	case RemovedReplaced:
		return "replaced"
	case RemovedDeleted:
		return "deleted"
	}
	return fmt.Sprintf("RemovalReason(%d)", uint8(r))
}

// removals is what calls OnRemoval.
type removals[K Key, V any] struct {
	told        func(K, V, RemovalReason)
	worker      *worker // nil without OnRemoval
	undecodable atomic.Uint64
}

// Room for removals that are taken at once, unless one of them needs more.
const removalBuffer = 64 << 10

func (o *Options[K, V]) removalBytes() int64 {
	if o.OnRemoval == nil {
		return 0
	}
	return cmp.Or(o.RemovalBytes, cmp.Or(o.MaxBytes, defaultBytes)/16)
}

// listen starts the goroutine that calls told. It is the cache that keeps told, so that neither keeps the other alive.
func (c *Cache[K, V]) listen(told func(K, V, RemovalReason)) {
	c.removals.told = told
	rung := make(chan struct{}, 1)
	c.core.bell = &bell{c.reads.Pending, rung}
	cache := weak.Make(c)
	c.removals.worker = startWorker(c, func(ctx context.Context) {
		buffer := make([]byte, 0, removalBuffer)
		for closed := false; !closed; {
			select {
			case <-rung:
			case <-ctx.Done():
				closed = true
			}
			if buffer = tellAll(cache, buffer); cap(buffer) > maxPooledBuffer {
				buffer = make([]byte, 0, removalBuffer)
			}
		}
	})
}

// tellAll calls OnRemoval for all that has gone, unless the cache can't be reached any more. It returns the buffer, or a
// larger one.
func tellAll[K Key, V any](cache weak.Pointer[Cache[K, V]], buffer []byte) []byte {
	for {
		c := cache.Value()
		if c == nil {
			return buffer
		}
		buffer = c.takeRemovals(buffer)
		if len(buffer) == 0 {
			return buffer
		}
		for rest := buffer; len(rest) > 0; {
			if c = cache.Value(); c == nil {
				return buffer
			}
			rest = c.tell(rest)
		}
	}
}

// takeRemovals replaces what is in a buffer, or in another one if that is too small.
func (c *Cache[K, V]) takeRemovals(buffer []byte) []byte {
	for {
		length, status := c.core.TakeRemovals(buffer)
		runtime.KeepAlive(c)
		if status != ffi.BufferTooSmall {
			return buffer[:length]
		}
		buffer = make([]byte, 0, length)
	}
}

// tell calls OnRemoval for the first of some removals, and returns the others.
func (c *Cache[K, V]) tell(removals []byte) []byte {
	const head = 16
	reason := RemovalReason(binary.NativeEndian.Uint32(removals))
	keyEnd := head + uint64(binary.NativeEndian.Uint32(removals[4:]))
	end := keyEnd + binary.NativeEndian.Uint64(removals[8:])
	if value, ok := c.valueOf(removals[keyEnd:end]); ok {
		c.removals.told(copyOf[K](c.keys, removals[head:keyEnd]), value, reason)
	} else {
		c.removals.undecodable.Add(1)
	}
	return removals[end:]
}
