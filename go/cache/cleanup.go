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

// A worker is a goroutine that ends when it is closed, or when its cache can't be reached any more.
type worker struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

func startWorker[K Key, V any](c *Cache[K, V], work func(context.Context)) *worker {
	ctx, cancel := context.WithCancel(context.Background())
	runtime.AddCleanup(c, func(cancel context.CancelFunc) { cancel() }, cancel)
	w := &worker{cancel, make(chan struct{})}
	go func() {
		defer close(w.ended)
		work(ctx)
	}()
	return w
}

func (w *worker) close() {
	if w != nil {
		w.cancel()
		<-w.ended
	}
}

func startCleaner[K Key, V any](c *Cache[K, V], interval time.Duration) *worker {
	cache := weak.Make(c)
	return startWorker(c, func(ctx context.Context) { clean(ctx, cache, interval) })
}

func clean[K Key, V any](ctx context.Context, cache weak.Pointer[Cache[K, V]], interval time.Duration) {
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
