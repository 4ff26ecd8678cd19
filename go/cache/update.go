//go:build cgo

package cache

import (
	"runtime"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Change is what [Cache.Update] does with an entry.
type Change uint8

// What an update can do.
const (
	Keep    Change = iota // nothing
	Set                   // store a value that lives as long as [Options].TTL says
	Replace               // store a value that lives as long as the one before it would have; as by Set if there is none
	Delete                // remove the entry, if there is one
)

// Update changes the entry of a key in one piece: nobody else does between the look and the change. The function gets
// the value, if one is found, and returns a new one and what to do. It is called again if another change was faster.
//
// Update returns the value that is there then, and whether there is one. The errors are those of [Cache.Set]. It is no
// use of the entry, and counts as neither hit nor miss.
func (c *Cache[K, V]) Update(key K, change func(old V, found bool) (V, Change)) (value V, found bool, err error) {
	if l := c.latencies; l != nil {
		defer l.update.until(l, l.now())
	}
	for {
		var meta ffi.CacheMeta
		value, meta, found = c.read(&key, false)
		condition := ffi.CacheStoreVersion
		if meta.Version == 0 { // and not only one that can't be decoded
			condition = ffi.CacheStoreAbsent
		}
		next, what := change(value, found)
		var none V
		switch what {
		case Keep:
			return value, found, nil
		case Delete:
			if meta.Version == 0 {
				c.forget(&key) // What is loaded is from before.
				c.notAbsent(c.keys.bytes(unsafe.Pointer(&key)))
				return none, false, nil
			}
			switch status := c.compareAndDelete(&key, meta.Version); status {
			case ffi.Conflict:
				continue
			case ffi.Closed, ffi.OK:
				return none, false, nil
			default:
				return none, false, errorOf(status)
			}
		}
		ttl := ffi.CacheTTLDefault
		if what == Replace {
			ttl = ffi.CacheTTLKeep
		}
		if _, stored, err := c.storeIf(&key, &next, ttl, condition, meta.Version); stored || err != nil {
			if err != nil {
				return value, found, err
			}
			return next, true, nil
		}
	}
}

// Integer is what [Increment] can add to.
type Integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

// Increment adds delta to the value of a key, to 0 if there is none, and returns the sum. The entry lives as long as it
// would have. The errors are [ErrOverflow] and those of [Cache.Set].
func Increment[K Key, V Integer](c *Cache[K, V], key K, delta V) (V, error) {
	if ^V(0) < 0 && c.value.kind == fixed && c.value.size == 8 {
		if l := c.latencies; l != nil {
			defer l.update.until(l, l.now())
		}
		c.forget(&key)
		data, length := c.keys.bytes(unsafe.Pointer(&key))
		sum, status := c.core.Increment(data, length, int64(delta))
		runtime.KeepAlive(c)
		c.forget(&key)
		c.notAbsent(data, length)
		return V(sum), errorOf(status)
	}
	overflows := false
	sum, _, err := c.Update(key, func(old V, _ bool) (V, Change) {
		sum := old + delta
		if overflows = delta > 0 && sum < old || delta < 0 && sum > old; overflows {
			return 0, Keep
		}
		return sum, Replace
	})
	if overflows {
		return 0, ErrOverflow
	}
	return sum, err
}

// Append appends to the value of a key, to an empty one if there is none. The entry lives as long as it would have. The
// errors are those of [Cache.Set].
func Append[K Key, V ~string | ~[]byte](c *Cache[K, V], key K, suffix V) error {
	if !c.value.isDirect() {
		_, _, err := c.Update(key, func(old V, _ bool) (V, Change) {
			return V(append([]byte(old), suffix...)), Replace
		})
		return err
	}
	if l := c.latencies; l != nil {
		defer l.update.until(l, l.now())
	}
	c.forget(&key)
	data, length := c.keys.bytes(unsafe.Pointer(&key))
	suffixData, suffixLength := c.value.bytes(unsafe.Pointer(&suffix))
	_, status := c.core.Append(data, length, suffixData, suffixLength)
	runtime.KeepAlive(c)
	c.forget(&key)
	c.notAbsent(data, length)
	return errorOf(status)
}
