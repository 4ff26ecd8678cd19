//go:build cgo

package ffi

// #cgo noescape tandem_cache_new
// #cgo nocallback tandem_cache_new
// #cgo noescape tandem_cache_get
// #cgo nocallback tandem_cache_get
// #cgo noescape tandem_cache_set_hashed
// #cgo nocallback tandem_cache_set_hashed
// #cgo noescape tandem_cache_set
// #cgo nocallback tandem_cache_set
// #cgo noescape tandem_cache_delete
// #cgo nocallback tandem_cache_delete
// #cgo noescape tandem_cache_ttl
// #cgo nocallback tandem_cache_ttl
// #cgo noescape tandem_cache_touch
// #cgo nocallback tandem_cache_touch
// #cgo noescape tandem_cache_scan
// #cgo nocallback tandem_cache_scan
// #cgo noescape tandem_cache_clear
// #cgo nocallback tandem_cache_clear
// #cgo noescape tandem_cache_len
// #cgo nocallback tandem_cache_len
// #cgo noescape tandem_cache_get_stats
// #cgo nocallback tandem_cache_get_stats
// #cgo noescape tandem_cache_get_view
// #cgo nocallback tandem_cache_get_view
// #cgo noescape tandem_cache_wake
// #cgo nocallback tandem_cache_wake
// #cgo noescape tandem_cache_close
// #cgo nocallback tandem_cache_close
// #cgo noescape tandem_cache_free
// #cgo nocallback tandem_cache_free
// #cgo noescape tandem_cache_get_with_meta
// #cgo nocallback tandem_cache_get_with_meta
// #cgo noescape tandem_cache_peek
// #cgo nocallback tandem_cache_peek
// #cgo noescape tandem_cache_store
// #cgo nocallback tandem_cache_store
// #cgo noescape tandem_cache_increment
// #cgo nocallback tandem_cache_increment
// #cgo noescape tandem_cache_append
// #cgo nocallback tandem_cache_append
// #cgo noescape tandem_cache_compare_and_delete
// #cgo nocallback tandem_cache_compare_and_delete
// #cgo noescape tandem_cache_delete_prefix
// #cgo nocallback tandem_cache_delete_prefix
// #cgo noescape tandem_cache_clean_up
// #cgo nocallback tandem_cache_clean_up
// #cgo noescape tandem_cache_resize
// #cgo nocallback tandem_cache_resize
// #cgo noescape tandem_cache_set_many
// #cgo nocallback tandem_cache_set_many
// #cgo noescape tandem_cache_delete_many
// #cgo nocallback tandem_cache_delete_many
// #cgo noescape tandem_cache_watch_hot_keys
// #cgo nocallback tandem_cache_watch_hot_keys
// #cgo noescape tandem_cache_hot_keys
// #cgo nocallback tandem_cache_hot_keys
// #include "tandem_go.h"
import "C"

import (
	"math"
	"unsafe"
)

// Times to live with a meaning of their own.
const (
	CacheTTLDefault uint64 = C.TANDEM_CACHE_TTL_DEFAULT
	CacheTTLNone    uint64 = math.MaxUint64 // C.TANDEM_CACHE_TTL_NONE is no constant to cgo
	CacheTTLKeep    uint64 = math.MaxUint64 - 1
)

// Conditions of Store; tandem.h says what each means.
const (
	CacheStoreAlways  uint32 = C.TANDEM_CACHE_STORE_ALWAYS
	CacheStoreAbsent  uint32 = C.TANDEM_CACHE_STORE_ABSENT
	CacheStorePresent uint32 = C.TANDEM_CACHE_STORE_PRESENT
	CacheStoreVersion uint32 = C.TANDEM_CACHE_STORE_VERSION
)

// Cache is the handle of a cache.
type Cache struct{ handle *C.tandem_cache }

// CacheOptions are the settings of a cache; tandem.h says what each means.
type CacheOptions struct {
	MaxBytes, MaxEntries, TTL, Idle, Reserve, RemovalBytes uint64

	Clock Clock
}

// CacheMeta is what is known of an entry besides its key and value; tandem.h says what each means.
type CacheMeta struct{ Version, TTL uint64 }

// CacheStats is what a cache tells of itself; tandem.h says what each means.
type CacheStats struct {
	Hits, Misses, Sets, Deletes, Evictions, Expirations uint64
	Entries, Bytes, MaxBytes, Expiring                  uint64
	RemovalsDropped                                     uint64
}

// NewCache makes a cache, which must be freed.
func NewCache(options CacheOptions) (Cache, error) {
	given := C.tandem_cache_options{
		max_bytes:     C.uint64_t(options.MaxBytes),
		max_entries:   C.uint64_t(options.MaxEntries),
		ttl:           C.uint64_t(options.TTL),
		idle:          C.uint64_t(options.Idle),
		reserve:       C.uint64_t(options.Reserve),
		removal_bytes: C.uint64_t(options.RemovalBytes),
		clock:         options.Clock.handle,
	}
	var cache Cache
	var failed C.tandem_error
	if C.tandem_cache_new(&given, &cache.handle, &failed) != C.TANDEM_STATUS_OK {
		return Cache{}, failure(&failed)
	}
	return cache, nil
}

// Get copies the value of a key to where value points, if it has at most capacity bytes, and returns its length.
func (c Cache) Get(key *byte, keyLength int, value *byte, capacity int) (int, Status) {
	var length C.size_t
	status := C.tandem_cache_get(c.handle, (*C.uint8_t)(key), C.size_t(keyLength),
		(*C.uint8_t)(value), C.size_t(capacity), &length)
	return int(length), Status(status)
}

// GetWithMeta is Get with what else is known of the entry.
func (c Cache) GetWithMeta(key *byte, keyLength int, value *byte, capacity int) (int, CacheMeta, Status) {
	var length C.size_t
	var meta C.tandem_cache_meta
	status := C.tandem_cache_get_with_meta(c.handle, (*C.uint8_t)(key), C.size_t(keyLength),
		(*C.uint8_t)(value), C.size_t(capacity), &length, &meta)
	return int(length), CacheMeta{uint64(meta.version), uint64(meta.ttl)}, Status(status)
}

// Peek is GetWithMeta without a use of the entry.
func (c Cache) Peek(key *byte, keyLength int, value *byte, capacity int) (int, CacheMeta, Status) {
	var length C.size_t
	var meta C.tandem_cache_meta
	status := C.tandem_cache_peek(c.handle, (*C.uint8_t)(key), C.size_t(keyLength),
		(*C.uint8_t)(value), C.size_t(capacity), &length, &meta)
	return int(length), CacheMeta{uint64(meta.version), uint64(meta.ttl)}, Status(status)
}

// Set stores a value that lives for ttl nanoseconds.
func (c Cache) Set(key *byte, keyLength int, value *byte, valueLength int, ttl uint64) Status {
	return Status(C.tandem_cache_set(c.handle, (*C.uint8_t)(key), C.size_t(keyLength),
		(*C.uint8_t)(value), C.size_t(valueLength), C.uint64_t(ttl), nil))
}

// SetHashed is Set for a caller that has hashed the key.
func (c Cache) SetHashed(hash uint64, key *byte, keyLength int, value *byte, valueLength int, ttl uint64) Status {
	return Status(C.tandem_cache_set_hashed(c.handle, C.uint64_t(hash), (*C.uint8_t)(key), C.size_t(keyLength),
		(*C.uint8_t)(value), C.size_t(valueLength), C.uint64_t(ttl), nil))
}

// Store stores a value if a condition holds, and returns its version.
func (c Cache) Store(
	key *byte, keyLength int, value *byte, valueLength int, ttl uint64, condition uint32, version uint64,
) (uint64, Status) {
	var stored C.uint64_t
	status := C.tandem_cache_store(c.handle, (*C.uint8_t)(key), C.size_t(keyLength), (*C.uint8_t)(value),
		C.size_t(valueLength), C.uint64_t(ttl), C.uint32_t(condition), C.uint64_t(version), &stored, nil)
	return uint64(stored), Status(status)
}

// Pieces are slices of bytes, one after another, and their lengths.
type Pieces struct {
	Bytes   []byte
	Lengths []int
}

// Add adds one.
func (p *Pieces) Add(data *byte, length int) {
	p.Bytes = append(p.Bytes, unsafe.Slice(data, length)...)
	p.Lengths = append(p.Lengths, length)
}

// Reset forgets all of them.
func (p *Pieces) Reset() { p.Bytes, p.Lengths = p.Bytes[:0], p.Lengths[:0] }

// parts returns what C takes for pieces; a size_t is an int, save its sign.
func (p *Pieces) parts() (*C.uint8_t, C.size_t, *C.size_t) {
	data, length := bytes(p.Bytes)
	return data, length, (*C.size_t)(unsafe.Pointer(unsafe.SliceData(p.Lengths)))
}

// SetMany stores as many values as there are keys, and returns the first status that is not OK, if there is one.
func (c Cache) SetMany(keys, values *Pieces, ttl uint64) Status {
	keyData, keysLength, keyLengths := keys.parts()
	data, length, lengths := values.parts()
	return Status(C.tandem_cache_set_many(c.handle, keyData, keysLength, keyLengths, C.size_t(len(keys.Lengths)),
		data, length, lengths, C.uint64_t(ttl), nil, nil))
}

// DeleteMany removes the entries of keys, and returns how many there were.
func (c Cache) DeleteMany(keys *Pieces) int {
	var deleted C.size_t
	data, length, lengths := keys.parts()
	C.tandem_cache_delete_many(c.handle, data, length, lengths, C.size_t(len(keys.Lengths)), &deleted)
	return int(deleted)
}

// Increment adds to a number of 64 bits and returns the sum.
func (c Cache) Increment(key *byte, keyLength int, delta int64) (int64, Status) {
	var sum C.int64_t
	status := C.tandem_cache_increment(c.handle, (*C.uint8_t)(key), C.size_t(keyLength), C.int64_t(delta), &sum, nil)
	return int64(sum), Status(status)
}

// Append appends to the value of a key and returns its length then.
func (c Cache) Append(key *byte, keyLength int, suffix *byte, suffixLength int) (int, Status) {
	var length C.size_t
	status := C.tandem_cache_append(c.handle, (*C.uint8_t)(key), C.size_t(keyLength),
		(*C.uint8_t)(suffix), C.size_t(suffixLength), &length, nil)
	return int(length), Status(status)
}

// Delete removes the entry of a key.
func (c Cache) Delete(key *byte, keyLength int) Status {
	return Status(C.tandem_cache_delete(c.handle, (*C.uint8_t)(key), C.size_t(keyLength)))
}

// CompareAndDelete removes the entry of a key if it has a version.
func (c Cache) CompareAndDelete(key *byte, keyLength int, version uint64) Status {
	return Status(C.tandem_cache_compare_and_delete(c.handle, (*C.uint8_t)(key), C.size_t(keyLength), C.uint64_t(version)))
}

// DeletePrefix removes the entries whose keys begin with a prefix, and returns how many these were.
func (c Cache) DeletePrefix(prefix *byte, prefixLength int) int {
	var deleted C.uint64_t
	C.tandem_cache_delete_prefix(c.handle, (*C.uint8_t)(prefix), C.size_t(prefixLength), &deleted)
	return int(deleted)
}

// TTL returns how many nanoseconds the entry of a key will live, or CacheTTLNone.
func (c Cache) TTL(key *byte, keyLength int) (uint64, Status) {
	var ttl C.uint64_t
	status := C.tandem_cache_ttl(c.handle, (*C.uint8_t)(key), C.size_t(keyLength), &ttl)
	return uint64(ttl), Status(status)
}

// Touch lets the entry of a key live for ttl nanoseconds from now on.
func (c Cache) Touch(key *byte, keyLength int, ttl uint64) Status {
	return Status(C.tandem_cache_touch(c.handle, (*C.uint8_t)(key), C.size_t(keyLength), C.uint64_t(ttl)))
}

// Scan writes about count keys into keys, up to its capacity, and returns their length and the next cursor; tandem.h
// has the form of the keys.
func (c Cache) Scan(cursor uint64, count int, keys []byte) (int, uint64, Status) {
	var length C.size_t
	var next C.uint64_t
	data, capacity := bytes(keys[:cap(keys)])
	status := C.tandem_cache_scan(c.handle, C.uint64_t(cursor), C.size_t(count), data, capacity, &length, &next)
	return int(length), uint64(next), Status(status)
}

// WatchHotKeys counts which entries are found most; 0 ends that.
func (c Cache) WatchHotKeys(count int) Status {
	return Status(C.tandem_cache_watch_hot_keys(c.handle, C.size_t(count), nil))
}

// HotKeys writes at most count keys into keys, up to its capacity, and returns their length; tandem.h has the form.
func (c Cache) HotKeys(count int, keys []byte) (int, Status) {
	var length C.size_t
	data, capacity := bytes(keys[:cap(keys)])
	status := C.tandem_cache_hot_keys(c.handle, C.size_t(count), data, capacity, &length)
	return int(length), Status(status)
}

// CleanUp removes what has expired.
func (c Cache) CleanUp() { C.tandem_cache_clean_up(c.handle) }

// Resize changes the limit.
func (c Cache) Resize(maxBytes uint64) error {
	var failed C.tandem_error
	if C.tandem_cache_resize(c.handle, C.uint64_t(maxBytes), &failed) != C.TANDEM_STATUS_OK {
		return failure(&failed)
	}
	return nil
}

// Clear removes all entries.
func (c Cache) Clear() { C.tandem_cache_clear(c.handle) }

// Len returns the number of entries.
func (c Cache) Len() int { return int(C.tandem_cache_len(c.handle)) }

// Stats returns the statistics.
func (c Cache) Stats() CacheStats {
	var stats C.tandem_cache_stats
	C.tandem_cache_get_stats(c.handle, &stats)
	return *(*CacheStats)(unsafe.Pointer(&stats)) // the same numbers in the same order
}

// CacheView says where the memory of a cache is; tandem.h says what each means.
type CacheView struct {
	Layout                     uint64
	Directory                  unsafe.Pointer
	Places                     uint64
	Words                      unsafe.Pointer
	Length                     uint64
	Reads                      unsafe.Pointer
	Lines                      uint64
	Point, Offset              uint64
	SegmentShift, GranuleShift uint32
	Now                        uint64
	Pending                    *uint64
	Shards                     unsafe.Pointer
	ShardBytes, ShardShift     uint32
}

// View returns where the cache's memory is, until it is freed.
func (c Cache) View() CacheView {
	var view C.tandem_cache_view
	C.tandem_cache_get_view(c.handle, &view)
	return *(*CacheView)(unsafe.Pointer(&view)) // the same in the same order
}

// Wake wakes one who waits for the shard of a hash, whose lock was given up.
func (c Cache) Wake(hash uint64) { C.tandem_cache_wake(c.handle, C.uint64_t(hash)) }

// Close empties the cache for good.
func (c Cache) Close() { C.tandem_cache_close(c.handle) }

// Free frees the cache; nothing may use it any more.
func (c Cache) Free() { C.tandem_cache_free(c.handle) }
