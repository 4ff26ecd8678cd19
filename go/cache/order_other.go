//go:build cgo && !amd64

package cache

import "sync/atomic"

// orderLoads lets no load before it happen after the atomic ones behind it.
func orderLoads() {
	// What comes before is done before this word is stored, and that before what is loaded atomically afterwards.
	var word uint64
	atomic.AddUint64(&word, 1)
}
