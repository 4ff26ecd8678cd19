//go:build cgo

package cache

import (
	"context"
	"runtime"
	"time"
	"weak"
)

// CleanUp removes what has expired, which else waits for other entries to be stored. It does little if there is
// nothing. [Options].CleanUpInterval calls it from time to time.
func (c *Cache[K, V]) CleanUp() {
	c.core.CleanUp()
	if c.negatives.ttl != 0 {
		c.negatives.core.CleanUp()
	}
	runtime.KeepAlive(c)
}

// A cleaner calls CleanUp, until it is closed or its cache can't be reached any more.
type cleaner struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

func startCleaner[K Key, V any](c *Cache[K, V], interval time.Duration) *cleaner {
	ctx, cancel := context.WithCancel(context.Background())
	runtime.AddCleanup(c, func(cancel context.CancelFunc) { cancel() }, cancel)
	cleaner := &cleaner{cancel, make(chan struct{})}
	go clean(ctx, weak.Make(c), interval, cleaner.ended)
	return cleaner
}

func clean[K Key, V any](
	ctx context.Context, cache weak.Pointer[Cache[K, V]], interval time.Duration, ended chan struct{},
) {
	defer close(ended)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if c := cache.Value(); c != nil {
				c.CleanUp()
			}
		case <-ctx.Done():
			return
		}
	}
}

func (c *cleaner) close() {
	if c != nil {
		c.cancel()
		<-c.ended
	}
}
