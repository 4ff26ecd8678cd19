//go:build cgo

package ffi

// #cgo noescape tandem_cache_take_removals
// #cgo nocallback tandem_cache_take_removals
// #include "tandem_go.h"
import "C"

// Why entries went.
const (
	CacheRemovedSize     = C.TANDEM_CACHE_REMOVED_SIZE
	CacheRemovedExpired  = C.TANDEM_CACHE_REMOVED_EXPIRED
	CacheRemovedReplaced = C.TANDEM_CACHE_REMOVED_REPLACED
	CacheRemovedDeleted  = C.TANDEM_CACHE_REMOVED_DELETED
)

// TakeRemovals writes entries that went into removals, up to its capacity, and returns their length; tandem.h has the form.
func (c Cache) TakeRemovals(removals []byte) (int, Status) {
	var length C.size_t
	data, capacity := bytes(removals[:cap(removals)])
	status := C.tandem_cache_take_removals(c.handle, data, capacity, &length)
	return int(length), Status(status)
}
