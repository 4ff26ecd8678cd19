//go:build cgo

package cache

import (
	"context"
	"hash/maphash"
	"time"
)

// How many times a load that fails is tried again, at most, before the entry is over.
const refreshTries = 10

// pauses are keys whose loads in the background failed a short time ago. They are told apart by their hashes, and one
// may take the place of another: then that is tried again sooner.
type pauses [16]struct {
	hash uint64
	end  time.Time
}

// isDue tells whether there is an entry of a key, and its time is nearly over.
func (c *Cache[K, V]) isDue(key *K) bool {
	ttl, found := c.nanosecondsLeft(key)
	return found && ttl <= uint64(c.refreshAhead)
}

// refresh loads a key that was found in the background, if it is due.
func (c *Cache[K, V]) refresh(ctx context.Context, key K, load Loader[K, V]) {
	if !c.isDue(&key) {
		return
	}
	if f := c.boardRefresh(ctx, nil, &key); f != nil {
		c.runOne(f, load)
	}
}

// refreshMany loads the keys at some positions.
func (c *Cache[K, V]) refreshMany(ctx context.Context, keys []K, due []int, load BulkLoader[K, V]) {
	var own *call
	var fresh []*flight[K, V]
	byKey := make(map[string]*flight[K, V], len(due))
	for _, position := range due {
		key := &keys[position]
		if byKey[c.id(key)] != nil {
			continue
		}
		if f := c.boardRefresh(ctx, own, key); f != nil {
			own, fresh = f.call, append(fresh, f)
			byKey[f.id] = f
		}
	}
	if own != nil {
		go c.run(own, fresh, func() error { return c.loadMany(own, fresh, byKey, load) }, nil)
	}
}

// boardRefresh lists a flight of a key that nobody waits for, but others may join. It returns nil if the key is being
// loaded, is not due any more, or has failed a short time ago.
func (c *Cache[K, V]) boardRefresh(ctx context.Context, own *call, key *K) *flight[K, V] {
	caller := callOf(ctx)
	s, id, hash := c.stripe(key)
	s.Lock()
	defer s.Unlock()
	if s.closed || s.flights[id] != nil || s.isPaused(hash, c.clock.time()) || !c.isDue(key) {
		return nil
	}
	f := c.list(ctx, caller, own, key, s, id)
	f.refresh = true
	return f
}

func (s *stripe[K, V]) isPaused(hash uint64, now time.Time) bool {
	if s.pauses == nil {
		return false
	}
	pause := &s.pauses[hash/stripes%uint64(len(s.pauses))]
	return pause.hash == hash && now.Before(pause.end)
}

// pause lets the key of a flight not be loaded in the background for a while, under the lock of its stripe.
func (c *Cache[K, V]) pause(f *flight[K, V]) {
	f.stripe.pause(maphash.String(c.loads.seed, f.id), c.clock.time().Add(c.refreshAhead/refreshTries))
}

func (s *stripe[K, V]) pause(hash uint64, end time.Time) {
	if s.pauses == nil {
		s.pauses = new(pauses)
	}
	pause := &s.pauses[hash/stripes%uint64(len(s.pauses))]
	pause.hash, pause.end = hash, end
}
