//go:build cgo

package cache

import (
	"runtime"
	"sync"
	"time"

	"tandem.example/go/internal/ffi"
)

// ManualClock is a clock that stands still until it is moved, for tests of what expires. Caches can share one. Its
// methods may be called from many goroutines at once.
type ManualClock struct {
	core ffi.Clock
	lock sync.Mutex
	now  time.Time
}

// NewManualClock makes a clock for [Options].Clock.
func NewManualClock() *ManualClock {
	c := &ManualClock{core: ffi.NewClock()}
	runtime.AddCleanup(c, ffi.Clock.Free, c.core)
	return c
}

// Advance moves the clock forward by d, which must not be negative: entries whose time is over by then are not found any
// more when it returns.
func (c *ManualClock) Advance(d time.Duration) {
	if d < 0 {
		panic("cache: a clock does not go back")
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.now = c.now.Add(d)
	c.core.Advance(uint64(d))
	runtime.KeepAlive(c)
}

// native returns Rust's clock; that of the system if there is none.
func (c *ManualClock) native() ffi.Clock {
	if c == nil {
		return ffi.Clock{}
	}
	return c.core
}

// time returns the time of the clock; that of the system if there is none.
func (c *ManualClock) time() time.Time {
	if c == nil {
		return time.Now()
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.now
}
