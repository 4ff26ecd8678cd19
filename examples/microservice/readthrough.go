package main

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"tandem.example/go/cache"
)

// A readThrough answers from a cache, and loads what is not there: once, however many wait for it.
//
// Once invalidate returns, nobody is given what was loaded before it. Two things could still do that. A load that began
// before the write could put the old value into the cache behind it: so writes are counted, and a load that saw
// another count at its beginning keeps its value to itself. And a request could join such a load: so it is forgotten.
type readThrough struct {
	cache   *cache.Cache[int64, []byte]
	load    func(ctx context.Context, id int64) ([]byte, error)
	loads   prometheus.Counter
	flights singleflight.Group
	stripes [64]stripe // by id, so that writes rarely disturb loads of other ids
}

// A stripe counts the writes to its ids. Its lock is held while the cache is changed for one of them.
type stripe struct {
	sync.Mutex
	writes uint64
}

// loadTimeout bounds a load. It goes on without the request that began it, since others may wait for it.
const loadTimeout = 5 * time.Second

// appendGet appends the value of an id to dst.
func (r *readThrough) appendGet(ctx context.Context, dst []byte, id int64) ([]byte, error) {
	if dst, ok := r.cache.AppendGet(dst, id); ok {
		return dst, nil
	}
	value, err, _ := r.flights.Do(strconv.FormatInt(id, 10), func() (any, error) {
		return r.loadAndKeep(context.WithoutCancel(ctx), id)
	})
	if err != nil {
		return dst, err
	}
	return append(dst, value.([]byte)...), nil
}

func (r *readThrough) loadAndKeep(ctx context.Context, id int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	r.loads.Inc()

	s := r.stripe(id)
	s.Lock()
	before := s.writes
	s.Unlock()

	value, err := r.load(ctx, id)
	if err != nil {
		return nil, err
	}
	s.Lock()
	defer s.Unlock()
	if s.writes == before {
		_ = r.cache.Set(id, value) // a value that does not fit is loaded each time
	}
	return value, nil
}

// invalidate is called after each write, before it is acknowledged, whether it succeeded or not: a transaction whose
// commit failed may have been carried out.
func (r *readThrough) invalidate(id int64) {
	s := r.stripe(id)
	s.Lock()
	s.writes++
	r.cache.Delete(id)
	s.Unlock()
	r.flights.Forget(strconv.FormatInt(id, 10))
}

func (r *readThrough) stripe(id int64) *stripe { return &r.stripes[uint64(id)%uint64(len(r.stripes))] }
