//go:build cgo

package cache

import (
	"encoding/binary"
	"errors"
	"runtime"

	"tandem.example/go/internal/ffi"
)

// HotKey is a key that is read often.
type HotKey[K Key] struct {
	Key K
	// Reads is how often its entry was found since the watch began: so often at least, and exactly so if there were few
	// keys.
	Reads uint64
}

// WatchHotKeys counts from now on which entries are found most, so that [Cache.HotKeys] can tell the first n; 0 ends
// that. Meanwhile each read is a call of Rust, and takes a lock that reads share. The errors are [ErrClosed] and
// [ErrOutOfMemory], and it is one if n is negative.
func (c *Cache[K, V]) WatchHotKeys(n int) error {
	if n < 0 {
		return errors.New("cache: a negative number of hot keys")
	}
	c.hot.Lock()
	defer c.hot.Unlock()
	c.reads.bypassed.Store(false)
	status := c.core.WatchHotKeys(n)
	c.reads.bypassed.Store(n > 0 && status == ffi.OK)
	runtime.KeepAlive(c)
	return errorOf(status)
}

// HotKeys returns the keys whose entries were found most since [Cache.WatchHotKeys] was called, if they are still
// there, the first one most: at most n, and none without a watch.
func (c *Cache[K, V]) HotKeys(n int) []HotKey[K] {
	buffer := getBuffer()
	defer putBuffer(buffer)
	for {
		length, status := c.core.HotKeys(max(n, 0), *buffer)
		runtime.KeepAlive(c)
		if status == ffi.BufferTooSmall {
			*buffer = make([]byte, 0, length+length/8) // they may be longer by the next call
			continue
		}
		var hot []HotKey[K]
		for list := (*buffer)[:length]; len(list) > 0; {
			const head = 8 + 4
			end := head + int(binary.NativeEndian.Uint32(list[8:]))
			hot = append(hot, HotKey[K]{copyOf[K](c.keys, list[head:end]), binary.NativeEndian.Uint64(list)})
			list = list[end:]
		}
		return hot
	}
}
