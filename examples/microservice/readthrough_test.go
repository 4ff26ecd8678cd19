package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tandem.example/go/cache"
)

// newReadThrough loads with the given function, and is told how often.
func newReadThrough(t *testing.T, load func(context.Context, int64) ([]byte, error)) (*readThrough, *int) {
	t.Helper()
	c, err := cache.New(cache.Options[int64, []byte]{MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	var lock sync.Mutex
	loads := 0
	return &readThrough{
		cache: c,
		loads: prometheus.NewCounter(prometheus.CounterOpts{Name: "loads"}),
		load: func(ctx context.Context, id int64) ([]byte, error) {
			lock.Lock()
			loads++
			lock.Unlock()
			return load(ctx, id)
		},
	}, &loads
}

func (r *readThrough) mustGet(t *testing.T, id int64) string {
	t.Helper()
	value, err := r.appendGet(t.Context(), nil, id)
	if err != nil {
		t.Error(err)
	}
	return string(value)
}

func TestManyWaitForOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r, loads := newReadThrough(t, func(_ context.Context, id int64) ([]byte, error) {
			<-release
			return fmt.Appendf(nil, "value of %d", id), nil
		})
		var readers sync.WaitGroup
		for range 1000 {
			readers.Go(func() {
				if value := r.mustGet(t, 7); value != "value of 7" {
					t.Errorf("read %q", value)
				}
			})
		}
		synctest.Wait() // until all of them wait
		close(release)
		readers.Wait()
		if *loads != 1 {
			t.Errorf("%d loads for 1000 requests", *loads)
		}
		if value := r.mustGet(t, 7); value != "value of 7" || *loads != 1 {
			t.Errorf("read %q after %d loads", value, *loads)
		}
	})
}

// A write while a load is under way: the load must not bring back what it read before, nor hand it to requests that
// come after the write.
func TestLoadThatAWriteOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		database := "old"
		r, loads := newReadThrough(t, func(context.Context, int64) ([]byte, error) {
			value := database
			if value == "old" {
				<-release
			}
			return []byte(value), nil
		})
		early := make(chan string)
		go func() { early <- r.mustGet(t, 7) }()
		synctest.Wait()

		database = "new"
		r.invalidate(7)
		if value := r.mustGet(t, 7); value != "new" {
			t.Errorf("read %q after the write, while the load was under way", value)
		}
		close(release)
		if value := <-early; value != "old" {
			t.Errorf("the early request read %q", value)
		}
		if value := r.mustGet(t, 7); value != "new" || *loads != 2 {
			t.Errorf("read %q after the write and %d loads", value, *loads)
		}

		// The value that the early load could have left behind is not there either, if nothing else was loaded.
		database, release = "old", make(chan struct{})
		r.invalidate(7)
		go func() { early <- r.mustGet(t, 7) }()
		synctest.Wait()
		database = "newer"
		r.invalidate(7)
		close(release)
		<-early
		if value := r.mustGet(t, 7); value != "newer" {
			t.Errorf("the early load left %q in the cache", value)
		}
	})
}

// The first of those who wait may hang up: the others are answered all the same.
func TestLoadOutlivesItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := newReadThrough(t, func(ctx context.Context, _ int64) ([]byte, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Second):
				return []byte("value"), nil
			}
		})
		first, hangUp := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		readers.Go(func() { _, _ = r.appendGet(first, nil, 7) })
		synctest.Wait()
		readers.Go(func() {
			if value := r.mustGet(t, 7); value != "value" {
				t.Errorf("read %q", value)
			}
		})
		synctest.Wait()
		hangUp()
		readers.Wait()
	})
}

func TestLoadsThatFailAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, loads := newReadThrough(t, func(ctx context.Context, id int64) ([]byte, error) {
			if id == 8 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, errNotFound
		})
		for range 3 {
			if value, err := r.appendGet(t.Context(), []byte("before"), 7); !errors.Is(err, errNotFound) || string(value) != "before" {
				t.Errorf("read %q, %v", value, err)
			}
		}
		if *loads != 3 {
			t.Errorf("%d loads, want 3", *loads)
		}
		if _, err := r.appendGet(t.Context(), nil, 8); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a load that hangs: %v", err)
		}
	})
}
