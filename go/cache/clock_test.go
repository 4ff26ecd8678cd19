//go:build cgo

package cache

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestManualClock(t *testing.T) {
	clock := NewManualClock()
	c := open(t, Options[string, int]{TTL: time.Hour, Clock: clock})
	other := open(t, Options[string, []byte]{Clock: clock})
	c.Set("key", 1)
	other.SetTTL("key", []byte("value"), 2*time.Hour)
	for _, step := range []struct {
		advance time.Duration
		left    time.Duration // 0: not found
		other   bool
	}{
		{0, time.Hour, true}, {time.Minute, 59 * time.Minute, true}, {59*time.Minute - 1, 1, true}, {1, 0, true}, {time.Hour - 1, 0, true}, {1, 0, false},
	} {
		clock.Advance(step.advance)
		ttl, found := c.TTL("key")
		_, got := c.Get("key")
		if ttl != step.left || found != (step.left != 0) || got != found {
			t.Errorf("after %v: %v, %v, %v", step.advance, ttl, found, got)
		}
		if _, found := other.AppendGet(nil, "key"); found != step.other {
			t.Errorf("after %v: found is %v in the other", step.advance, found)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("it goes back")
		}
	}()
	clock.Advance(-1)
}

// TestManualClockLoads: what is remembered of loads, and when they are made ahead, goes by the clock, too.
func TestManualClockLoads(t *testing.T) {
	clock := NewManualClock()
	c := open(t, Options[string, int]{TTL: time.Hour, NegativeTTL: time.Minute, RefreshAhead: 10 * time.Minute, Clock: clock})
	ctx := context.Background()
	loads := make(chan int, 10)
	result, fails := 1, error(nil)
	get := func(key string) error {
		_, err := c.GetOrLoad(ctx, key, func(context.Context, string) (int, error) {
			loads <- result
			return result, fails
		})
		return err
	}
	// expect wants a load, or that no one was begun by what came before.
	expect := func(what string, wanted bool) {
		t.Helper()
		if wanted {
			<-loads
			c.loads.running.Wait()
		} else if len(loads) != 0 {
			t.Error(what)
		}
	}
	fails = ErrNotFound
	for range 2 {
		if err := get("nobody"); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	}
	expect("", true)
	expect("what is not there is loaded again", false)
	clock.Advance(time.Minute)
	get("nobody")
	expect("", true)

	fails = nil
	get("key")
	expect("", true)
	clock.Advance(50*time.Minute - 1)
	get("key")
	expect("it is loaded too early", false)
	clock.Advance(1)
	fails = errors.New("down")
	get("key")
	expect("", true)
	get("key")
	expect("it is tried again at once", false)
	clock.Advance(time.Minute)
	get("key")
	expect("", true)
}
