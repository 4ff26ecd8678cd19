//go:build cgo

package cache

import "unsafe"

// orderLoads lets no load before it happen after those behind it. This processor keeps their order anyway.
func orderLoads() {}

// release stores what others see after all that was stored before. This processor keeps that order, too.
func release(word unsafe.Pointer, value uint64) { *(*uint64)(word) = value }
