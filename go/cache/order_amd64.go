//go:build cgo

package cache

// orderLoads lets no load before it happen after those behind it. This processor keeps their order anyway.
func orderLoads() {}
