//go:build cgo

package cache

import (
	"iter"
	"math"
	"math/bits"
	"sync/atomic"
	"time"
	"unsafe"
)

// Latencies are how long operations of a cache took, since it was made.
type Latencies struct {
	Get    Histogram // Get, AppendGet and GetEntry, found or not; also as a part of GetOrLoad
	Set    Histogram // Set, SetTTL, SetKeepTTL, Store, SetIfAbsent, Replace and CompareAndSet, stored or not; also as a part of Update
	Update Histogram // Update with all calls of its function, Increment and Append
	Delete Histogram // Delete
	Load   Histogram // calls of loaders, those that failed included

	GetMany    Histogram // GetMany, whatever the number of keys, also as a part of GetOrLoadMany; these are no part of Get, and so on
	SetMany    Histogram // SetMany
	DeleteMany Histogram // DeleteMany
}

// Latencies returns how long operations took, of a cache with [Options].RecordLatencies; false without. While other
// goroutines are at work, the numbers may be a few operations apart.
func (c *Cache[K, V]) Latencies() (Latencies, bool) {
	l := c.latencies
	if l == nil {
		return Latencies{}, false
	}
	return Latencies{
		Get:    l.get.snapshot(),
		Set:    l.set.snapshot(),
		Update: l.update.snapshot(),
		Delete: l.delete.snapshot(),
		Load:   l.load.snapshot(),

		GetMany:    l.getMany.snapshot(),
		SetMany:    l.setMany.snapshot(),
		DeleteMany: l.deleteMany.snapshot(),
	}, true
}

// getTimed is Get with a look at the clock, apart from it so that it costs nothing there.
func (c *Cache[K, V]) getTimed(key *K) (value V, found bool) {
	begin := c.latencies.now()
	value, found = c.get(key)
	c.latencies.get.until(c.latencies, begin)
	return value, found
}

// get is Get without measuring, which Get itself does without another call.
func (c *Cache[K, V]) get(key *K) (V, bool) {
	switch c.value.kind {
	case fixed:
		return c.getFixed(key)
	case flattened:
		return c.getFlat(key)
	case encoded:
		return c.getEncoded(key)
	}
	return c.getDirect(key)
}

// A Histogram is how many durations there were of about which length. It tells those apart that differ by an eighth
// or more, from a nanosecond to 18 minutes, and takes longer ones for that. The zero value has none.
type Histogram struct {
	counts []uint64 // by bucket
	count  uint64
	sum    time.Duration
}

// Count returns how many durations there are.
func (h Histogram) Count() uint64 { return h.count }

// Sum returns the sum of them all.
func (h Histogram) Sum() time.Duration { return h.sum }

// Quantile returns the least of its limits that a part of all durations are within: the median for 0.5, the longest for
// 1. It is 0 if there are none.
func (h Histogram) Quantile(part float64) time.Duration {
	wanted := uint64(math.Ceil(part * float64(h.count)))
	seen := uint64(0)
	for limit, count := range h.All() {
		if seen += count; seen >= wanted {
			return limit
		}
	}
	return 0
}

// Within returns how many durations are at most as long as a limit; exactly so for powers of two in nanoseconds.
func (h Histogram) Within(limit time.Duration) (count uint64) {
	for end, n := range h.All() {
		if end > limit {
			break
		}
		count += n
	}
	return count
}

// All ranges over the limits of the histogram, the shortest first, and how many durations are within each but not
// within the one before. Limits without durations are left out.
func (h Histogram) All() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		for bucket, count := range h.counts {
			if count > 0 && !yield(limitOf(bucket), count) {
				return
			}
		}
	}
}

// Durations between two powers of two share as many buckets; shorter ones than that have one each.
const (
	partBits = 3
	parts    = 1 << partBits
	buckets  = (40-partBits)*parts + parts
)

// bucketOf returns the bucket of a duration; the limit is in the bucket.
func bucketOf(d time.Duration) int {
	n := uint64(max(d, 1)) - 1
	if n < parts {
		return int(n)
	}
	shift := bits.Len64(n) - partBits - 1
	return min(shift*parts+int(n>>shift), buckets-1)
}

// limitOf returns the longest duration of a bucket.
func limitOf(bucket int) time.Duration {
	if bucket < parts {
		return time.Duration(bucket + 1)
	}
	shift := bucket/parts - 1
	return time.Duration(bucket%parts+parts+1) << shift
}

// Goroutines share a histogram that is there more than once, so that few change the same numbers.
const stripesOfHistogram = 8

// timings has the histograms of a cache.
type timings struct {
	start                          time.Time
	get, set, update, delete, load histogram
	getMany, setMany, deleteMany   histogram
}

type histogram [stripesOfHistogram]struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Int64
	_      [64 - 8]byte
}

// now returns the time since the start, which costs less than what time it is.
func (r *timings) now() time.Duration { return time.Since(r.start) }

// until records an operation that began at a time, and ends now.
func (h *histogram) until(r *timings, begin time.Duration) { h.record(r.now() - begin) }

func (h *histogram) record(took time.Duration) {
	var here byte
	stripe := &h[stackNumber(unsafe.Pointer(&here))%stripesOfHistogram]
	stripe.counts[bucketOf(took)].Add(1)
	stripe.sum.Add(int64(took))
}

func (h *histogram) snapshot() Histogram {
	all := Histogram{counts: make([]uint64, buckets)}
	for i := range h {
		for bucket := range all.counts {
			n := h[i].counts[bucket].Load()
			all.counts[bucket] += n
			all.count += n
		}
		all.sum += time.Duration(h[i].sum.Load())
	}
	return all
}
