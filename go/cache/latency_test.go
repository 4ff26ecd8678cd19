//go:build cgo

package cache

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestBuckets: each duration is in the bucket that has it, and that is narrow.
func TestBuckets(t *testing.T) {
	last := time.Duration(0)
	for bucket := range buckets {
		limit := limitOf(bucket)
		if limit <= last || limit-last > max(1, last/parts) {
			t.Errorf("bucket %d is from %d to %d", bucket, last, limit)
		}
		for _, d := range []time.Duration{last + 1, (last + limit + 1) / 2, limit} {
			if bucketOf(d) != bucket {
				t.Errorf("%d is in bucket %d, not %d", d, bucketOf(d), bucket)
			}
		}
		last = limit
	}
	if last != 1<<40 {
		t.Errorf("the longest is %v", last)
	}
	for d, bucket := range map[time.Duration]int{0: 0, -1: 0, math.MinInt64: 0, 1<<40 + 1: buckets - 1, math.MaxInt64: buckets - 1} {
		if bucketOf(d) != bucket {
			t.Errorf("%d is in bucket %d, not %d", d, bucketOf(d), bucket)
		}
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	if s := h.snapshot(); s.Count() != 0 || s.Sum() != 0 || s.Quantile(0.5) != 0 || s.Within(time.Hour) != 0 {
		t.Errorf("empty: %+v", s)
	}
	if s := (Histogram{}); s.Count() != 0 || s.Quantile(1) != 0 || s.Within(time.Hour) != 0 {
		t.Errorf("zero: %+v", s)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for d := range time.Duration(1000) {
				h.record((d + 1) * time.Microsecond)
			}
		})
	}
	group.Wait()
	s := h.snapshot()
	if s.Count() != 4000 || s.Sum() != 4*500_500*time.Microsecond {
		t.Errorf("%d, %v", s.Count(), s.Sum())
	}
	for part, exact := range map[float64]time.Duration{
		0.25: 250 * time.Microsecond, 0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 1: time.Millisecond,
	} {
		if got := s.Quantile(part); got < exact || got > exact+exact/parts {
			t.Errorf("%v: %v", part, got)
		}
	}
	for limit, count := range map[time.Duration]uint64{1 << 10: 4, 1 << 11: 8, 1 << 19: 4 * 524, 1 << 20: 4000, time.Hour: 4000, 0: 0} {
		if got := s.Within(limit); got != count {
			t.Errorf("%v: %d", limit, got)
		}
	}
}

func TestLatencies(t *testing.T) {
	c := open(t, Options[string, string]{RecordLatencies: true})
	ctx := context.Background()
	fails := errors.New("no")
	c.Get("key")
	c.AppendGet(nil, "key")
	c.GetEntry("key")
	c.Set("key", "value")
	c.SetTTL("key", "value", time.Hour)
	c.SetKeepTTL("key", "value")
	c.SetIfAbsent("key", "value")
	c.Update("key", func(old string, _ bool) (string, Change) { return old, Keep })
	Append(c, "key", "!")
	c.Delete("key")
	c.GetOrLoad(ctx, "key", func(context.Context, string) (string, error) { return "value", nil })
	c.GetOrLoad(ctx, "other", func(context.Context, string) (string, error) { return "", fails })
	l, on := c.Latencies()
	if counts := [...]uint64{
		l.Get.Count(), l.Set.Count(), l.Update.Count(), l.Delete.Count(), l.Load.Count(),
	}; !on || counts != [...]uint64{5, 4, 2, 1, 2} {
		t.Errorf("%v, %v", counts, on)
	}
	if l.Get.Sum() <= 0 || l.Get.Sum() > time.Hour {
		t.Errorf("%v", l.Get.Sum())
	}
	for range 3 {
		c.SetMany([]string{"a", "b"}, []string{"1", "2"})
	}
	c.GetMany([]string{"a", "b"})
	c.GetOrLoadMany(ctx, []string{"a", "b"}, nil)
	c.DeleteMany([]string{"a", "b"})
	c.DeleteMany([]string{"a", "b"})
	batches, _ := c.Latencies()
	if counts := [...]uint64{batches.GetMany.Count(), batches.SetMany.Count(), batches.DeleteMany.Count()}; counts != [...]uint64{2, 3, 2} {
		t.Errorf("batches: %v", counts)
	}
	if batches.Get.Count() != l.Get.Count() || batches.Set.Count() != l.Set.Count() || batches.Delete.Count() != l.Delete.Count() {
		t.Error("a batch was counted as its operations, too")
	}
	structs := open(t, Options[string, point]{RecordLatencies: true})
	structs.GetMany([]string{"a", "b"})
	if l, _ := structs.Latencies(); l.GetMany.Count() != 1 || l.Get.Count() != 0 {
		t.Errorf("structs: %d and %d", l.GetMany.Count(), l.Get.Count())
	}
	numbers := open(t, Options[string, int]{RecordLatencies: true})
	Increment(numbers, "key", 1)
	if l, _ := numbers.Latencies(); l.Update.Count() != 1 {
		t.Errorf("%d updates", l.Update.Count())
	}
	if l, on := open(t, Options[string, string]{}).Latencies(); on || l.Get.Count() != 0 {
		t.Error("it was not asked for")
	}
}

// TestLoadLatency measures a loader in the time of a bubble.
func TestLoadLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{RecordLatencies: true})
		c.GetOrLoad(context.Background(), "key", func(context.Context, string) (string, error) {
			time.Sleep(time.Second)
			return "value", nil
		})
		c.Get("key")
		l, _ := c.Latencies()
		if l.Load.Sum() != time.Second || l.Get.Sum() != 0 {
			t.Errorf("%v, %v", l.Load.Sum(), l.Get.Sum())
		}
	})
}

func BenchmarkLatencies(b *testing.B) {
	for name, o := range map[string]Options[int, int]{"off": {}, "on": {RecordLatencies: true}} {
		b.Run(name, func(b *testing.B) {
			c := open(b, o)
			c.Set(1, 1)
			for b.Loop() {
				c.Get(1)
			}
		})
	}
}
