//go:build cgo

package cache

import (
	"errors"
	"runtime"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// StoreOptions say how long [Cache.Store] lets a value live, and what must be so for it to be stored.
type StoreOptions struct {
	// TTL is how long the value lives, by default as long as [Options].TTL says. With a negative one, it lives until it is
	// evicted.
	TTL time.Duration
	// KeepTTL lets the value live as long as the one before it would have, if there is one.
	KeepTTL bool
	// IfAbsent stores only if the key has no entry.
	IfAbsent bool
	// IfPresent stores only if the key has an entry.
	IfPresent bool
	// IfVersion stores only if the key has an entry of this version, unless it is 0.
	IfVersion uint64
}

// condition returns what Rust calls these options.
func (o StoreOptions) condition() (ttl uint64, condition uint32, err error) {
	switch {
	case o.KeepTTL && o.TTL != 0:
		return 0, 0, errors.New("cache: StoreOptions has both TTL and KeepTTL")
	case o.KeepTTL:
		ttl = ffi.CacheTTLKeep
	case o.TTL < 0:
		ttl = ffi.CacheTTLNone
	default:
		ttl = uint64(o.TTL) // ffi.CacheTTLDefault is 0, too
	}
	conditions := 0
	for _, is := range []struct {
		wanted    bool
		condition uint32
	}{
		{o.IfAbsent, ffi.CacheStoreAbsent},
		{o.IfPresent, ffi.CacheStorePresent},
		{o.IfVersion != 0, ffi.CacheStoreVersion},
	} {
		if is.wanted {
			condition = is.condition
			conditions++
		}
	}
	if conditions > 1 {
		return 0, 0, errors.New("cache: StoreOptions has more than one condition")
	}
	return ttl, condition, nil
}

// Store stores a value for a key if the condition of its options holds, and tells whether it did; nobody else changes
// the entry between the look and that. The version is that of what was stored. The errors are those of [Cache.Set],
// and it is one if options contradict each other.
func (c *Cache[K, V]) Store(key K, value V, o StoreOptions) (version uint64, stored bool, err error) {
	ttl, condition, err := o.condition()
	if err != nil {
		return 0, false, err
	}
	return c.storeIf(&key, &value, ttl, condition, o.IfVersion)
}

// SetIfAbsent is [Cache.Set] for a key that has no entry; it tells whether there was none.
func (c *Cache[K, V]) SetIfAbsent(key K, value V) (bool, error) {
	_, stored, err := c.storeIf(&key, &value, ffi.CacheTTLDefault, ffi.CacheStoreAbsent, 0)
	return stored, err
}

// Replace is [Cache.Set] for a key that has an entry; it tells whether there was one.
func (c *Cache[K, V]) Replace(key K, value V) (bool, error) {
	_, stored, err := c.storeIf(&key, &value, ffi.CacheTTLDefault, ffi.CacheStorePresent, 0)
	return stored, err
}

// CompareAndSet is [Cache.Set] for a key that has an entry of a version, as [Cache.GetEntry] tells it; it tells whether
// there was one.
func (c *Cache[K, V]) CompareAndSet(key K, version uint64, value V) (bool, error) {
	_, stored, err := c.storeIf(&key, &value, ffi.CacheTTLDefault, ffi.CacheStoreVersion, version)
	return stored, err
}

// CompareAndDelete removes the entry of a key if it has a version, as [Cache.GetEntry] tells it; it tells whether there
// was one.
func (c *Cache[K, V]) CompareAndDelete(key K, version uint64) bool {
	return c.compareAndDelete(&key, version) == ffi.OK
}

func (c *Cache[K, V]) compareAndDelete(key *K, version uint64) ffi.Status {
	c.forget(key)
	data, length := c.keys.bytes(unsafe.Pointer(key))
	status := c.core.CompareAndDelete(data, length, version)
	runtime.KeepAlive(c)
	c.forget(key)
	return status
}

// SetKeepTTL stores a value that lives as long as the one before it would have; as by [Cache.Set] if there is none.
func (c *Cache[K, V]) SetKeepTTL(key K, value V) error {
	return c.set(&key, &value, ffi.CacheTTLKeep)
}

func (c *Cache[K, V]) storeIf(
	key *K, value *V, ttl uint64, condition uint32, version uint64,
) (newVersion uint64, stored bool, err error) {
	if l := c.latencies; l != nil {
		defer l.set.until(l, l.now())
	}
	if !c.value.isDirect() {
		return c.storeEncodedIf(key, value, ttl, condition, version)
	}
	data, length := c.value.bytes(unsafe.Pointer(value))
	return c.storeBytesIf(key, data, length, ttl, condition, version)
}

func (c *Cache[K, V]) storeEncodedIf(
	key *K, value *V, ttl uint64, condition uint32, version uint64,
) (newVersion uint64, stored bool, err error) {
	buffer := getBuffer()
	defer putBuffer(buffer)
	if err := c.encode(buffer, value); err != nil {
		return 0, false, err
	}
	return c.storeBytesIf(key, unsafe.SliceData(*buffer), len(*buffer), ttl, condition, version)
}

func (c *Cache[K, V]) storeBytesIf(
	key *K, data *byte, length int, ttl uint64, condition uint32, version uint64,
) (newVersion uint64, stored bool, err error) {
	c.forget(key)
	keyData, keyLength := c.keys.bytes(unsafe.Pointer(key))
	newVersion, status := c.core.Store(keyData, keyLength, data, length, ttl, condition, version)
	runtime.KeepAlive(c)
	c.forget(key)
	if status == ffi.Conflict {
		return 0, false, nil
	}
	c.notAbsent(keyData, keyLength)
	return newVersion, status == ffi.OK, errorOf(status)
}
