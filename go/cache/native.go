//go:build cgo

package cache

import (
	"sync/atomic"

	"tandem.example/go/internal/ffi"
)

// A native is Rust's cache. All by which entries may go looks afterwards whether some went that a listener is to know of.
type native struct {
	ffi.Cache
	bell *bell // nil without OnRemoval
}

// A bell wakes the goroutine that calls OnRemoval.
type bell struct {
	pending *uint64 // a word of Rust's, 0 while no entries wait
	rung    chan struct{}
}

// ring needs no one to look again later: whoever made an entry go sees the word that says so, unless it was taken already.
func (n native) ring() {
	if n.bell != nil && atomic.LoadUint64(n.bell.pending) != 0 {
		select {
		case n.bell.rung <- struct{}{}:
		default: // It is ringing.
		}
	}
}

func (n native) SetHashed(
	hash uint64, key *byte, keyLength int, value *byte, valueLength int, ttl uint64,
) ffi.Status {
	status := n.Cache.SetHashed(hash, key, keyLength, value, valueLength, ttl)
	n.ring()
	return status
}

func (n native) Store(
	key *byte, keyLength int, value *byte, valueLength int, ttl uint64, condition uint32, version uint64,
) (uint64, ffi.Status) {
	stored, status := n.Cache.Store(key, keyLength, value, valueLength, ttl, condition, version)
	n.ring()
	return stored, status
}

func (n native) SetMany(keys, values *ffi.Pieces, ttl uint64) ffi.Status {
	status := n.Cache.SetMany(keys, values, ttl)
	n.ring()
	return status
}

func (n native) Increment(key *byte, keyLength int, delta int64) (int64, ffi.Status) {
	sum, status := n.Cache.Increment(key, keyLength, delta)
	n.ring()
	return sum, status
}

func (n native) Append(key *byte, keyLength int, suffix *byte, suffixLength int) (int, ffi.Status) {
	length, status := n.Cache.Append(key, keyLength, suffix, suffixLength)
	n.ring()
	return length, status
}

func (n native) Touch(key *byte, keyLength int, ttl uint64) ffi.Status {
	status := n.Cache.Touch(key, keyLength, ttl)
	n.ring()
	return status
}

func (n native) Delete(key *byte, keyLength int) ffi.Status {
	status := n.Cache.Delete(key, keyLength)
	n.ring()
	return status
}

func (n native) CompareAndDelete(key *byte, keyLength int, version uint64) ffi.Status {
	status := n.Cache.CompareAndDelete(key, keyLength, version)
	n.ring()
	return status
}

func (n native) DeleteMany(keys *ffi.Pieces) int {
	deleted := n.Cache.DeleteMany(keys)
	n.ring()
	return deleted
}

func (n native) DeletePrefix(prefix *byte, prefixLength int) int {
	deleted := n.Cache.DeletePrefix(prefix, prefixLength)
	n.ring()
	return deleted
}

func (n native) Clear() {
	n.Cache.Clear()
	n.ring()
}

func (n native) CleanUp() {
	n.Cache.CleanUp()
	n.ring()
}

func (n native) Resize(maxBytes uint64) error {
	err := n.Cache.Resize(maxBytes)
	n.ring()
	return err
}

func (n native) Load(loading *ffi.CacheLoading, tag string, piece []byte) ffi.Status {
	status := n.Cache.Load(loading, tag, piece)
	n.ring()
	return status
}

func (n native) WatchHotKeys(count int) ffi.Status {
	status := n.Cache.WatchHotKeys(count)
	n.ring()
	return status
}
