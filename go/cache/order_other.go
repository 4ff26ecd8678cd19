//go:build cgo && !amd64

package cache

import (
	"sync/atomic"
	"unsafe"
)

// orderLoads lets no load before it happen after the atomic ones behind it.
func orderLoads() {
	// What comes before is done before this word is stored, and that before what is loaded atomically afterwards.
	var word uint64
	atomic.AddUint64(&word, 1)
}

// release stores what others see after all that was stored before.
func release(word unsafe.Pointer, value uint64) { atomic.StoreUint64((*uint64)(word), value) }
