//go:build cgo

package ffi

// #cgo noescape tandem_cache_save
// #cgo nocallback tandem_cache_save
// #cgo noescape tandem_cache_load
// #cgo nocallback tandem_cache_load
// #cgo noescape tandem_cache_load_later
// #cgo nocallback tandem_cache_load_later
// #include "tandem_go.h"
import "C"

// CacheSaving is how far a snapshot of a cache has come.
type CacheSaving struct{ c C.tandem_cache_saving }

// CacheLoading is how far the loading of a snapshot has come.
type CacheLoading struct{ c C.tandem_cache_loading }

// Next returns how many bytes the next call of Load takes.
func (l *CacheLoading) Next() uint64 { return uint64(l.c.next) }

// Later goes past the next piece if that has entries: it is loaded with what is returned, at any time.
func (l *CacheLoading) Later() (CacheLoading, bool) {
	var later CacheLoading
	C.tandem_cache_load_later(&l.c, &later.c)
	return later, later.c.next != 0
}

// Save writes the next block of a snapshot into block, up to its capacity, and returns its length.
func (c Cache) Save(saving *CacheSaving, tag string, block []byte) (int, Status) {
	var length C.size_t
	tagData, tagLength := text(tag)
	data, capacity := bytes(block[:cap(block)])
	status := C.tandem_cache_save(c.handle, &saving.c, tagData, tagLength, data, capacity, &length)
	return int(length), Status(status)
}

// Load loads the next piece of a snapshot.
func (c Cache) Load(loading *CacheLoading, tag string, piece []byte) Status {
	tagData, tagLength := text(tag)
	data, length := bytes(piece)
	return Status(C.tandem_cache_load(c.handle, &loading.c, tagData, tagLength, data, length))
}
