//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// openDue makes a cache whose entries are due in the last hour of two, and stores some that are.
func openDue[V any](t *testing.T, o Options[string, V], value V, keys ...string) *Cache[string, V] {
	t.Helper()
	o.TTL, o.RefreshAhead = 2*time.Hour, time.Hour
	c := open(t, o)
	for _, key := range keys {
		if err := c.SetTTL(key, value, 30*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// expect calls GetOrLoad, which must have something to return at once.
func expect(t *testing.T, c *Cache[string, string], want string, load Loader[string, string]) {
	t.Helper()
	if got, err := c.GetOrLoad(t.Context(), "key", load); got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	synctest.Wait()
}

func TestRefreshAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openDue(t, Options[string, string]{}, "old", "key")
		s := newSource[string]()
		c.Get("key")
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), contextKey{}, "first"), time.Hour)
		if got, err := c.GetOrLoad(ctx, "key", func(ctx context.Context, key string) (string, error) {
			value, err := s.load(ctx, key)
			if _, limited := ctx.Deadline(); limited || ctx.Err() != nil || ctx.Value(contextKey{}) != "first" {
				t.Errorf("the context of the load: %v", ctx.Err())
			}
			return value, err
		}); got != "old" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		cancel()
		for range 3 {
			expect(t, c, "old", s.load)
		}
		s.release <- "new"
		synctest.Wait()
		for range 3 {
			expect(t, c, "new", s.load)
		}
		if ttl, _ := c.TTL("key"); s.loads.Load() != 1 || ttl < time.Hour {
			t.Errorf("%d loads; the new value lives for %v", s.loads.Load(), ttl)
		}
		if s := c.Stats(); s.LoadSuccesses != 1 || s.Misses != 0 {
			t.Errorf("%+v", s)
		}
		idle(t, c)
	})
}

func TestNotDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openDue(t, Options[string, string]{}, "value")
		for _, ttl := range []time.Duration{0, 90 * time.Minute} {
			if err := c.SetTTL("key", "value", ttl); err != nil {
				t.Fatal(err)
			}
			expect(t, c, "value", nil)
			values, found, err := c.GetOrLoadMany(t.Context(), []string{"key"}, nil)
			if values[0] != "value" || !found[0] || err != nil {
				t.Errorf("got %v, %v, %v", values, found, err)
			}
		}
		idle(t, c)
		// Between a hit and its load, somebody else has stored the entry anew.
		key := "key"
		if f := c.boardRefresh(t.Context(), nil, &key); f != nil {
			t.Error("a load began that was not due")
		}
	})
}

// A load that fails in the background leaves the entry, and is not tried again at once.
func TestFailingRefresh(t *testing.T) {
	tooLarge := strings.Repeat("v", 2<<20)
	for _, fail := range []Loader[string, string]{
		func(context.Context, string) (string, error) { return "", errors.New("broken") },
		func(context.Context, string) (string, error) { panic("broken") },
		func(context.Context, string) (string, error) { runtime.Goexit(); return "", nil },
		func(context.Context, string) (string, error) { return tooLarge, nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			c := openDue(t, Options[string, string]{MaxBytes: 1 << 20}, "old", "key")
			loads := 0
			load := func(ctx context.Context, key string) (string, error) {
				loads++
				return fail(ctx, key)
			}
			for want := range 3 {
				expect(t, c, "old", load)
				expect(t, c, "old", load)
				time.Sleep(time.Hour/refreshTries - 1)
				expect(t, c, "old", load)
				time.Sleep(time.Nanosecond)
				if loads != want+1 {
					t.Errorf("%d loads, want %d", loads, want+1)
				}
			}
			if s := c.Stats(); s.LoadFailures+s.LoadSuccesses != 3 {
				t.Errorf("%+v", s)
			}
			// What is missing is loaded all the same.
			c.Delete("key")
			expect(t, c, "new", func(context.Context, string) (string, error) { return "new", nil })
			idle(t, c)
		})
	}
}

// A pause is that of one key, also if others have its place.
func TestPauses(t *testing.T) {
	var s stripe[string, string]
	const hash, other = 7 * stripes, (7 + uint64(len(pauses{}))) * stripes
	now := time.Now()
	s.pause(hash, now.Add(time.Hour))
	if !s.isPaused(hash, now) || s.isPaused(other, now) {
		t.Error("the pause of another key")
	}
	s.pause(other, now.Add(time.Hour))
	if s.isPaused(hash, now) || !s.isPaused(other, now) {
		t.Error("the newer pause must take the place of the older one")
	}
}

// What its source does not have any more is not kept either.
func TestRefreshFindsNothing(t *testing.T) {
	for _, o := range []Options[string, string]{{}, {NegativeTTL: time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			c := openDue(t, o, "old", "key")
			var n nothing
			expect(t, c, "old", n.load)
			if got, found := c.Get("key"); found {
				t.Errorf("found %q", got)
			}
			n.expect(t, c, "afterwards", o.NegativeTTL == 0)
			idle(t, c)
		})
	}
}

func TestChangesWinOverRefresh(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Cache[string, string]) error
		want   string
	}{
		{"Set", func(c *Cache[string, string]) error { return c.Set("key", "set") }, "set"},
		{"Delete", func(c *Cache[string, string]) error { c.Delete("key"); return nil }, ""},
		{"Clear", func(c *Cache[string, string]) error { c.Clear(); return nil }, ""},
	} {
		for _, err := range []error{nil, ErrNotFound, errors.New("broken")} {
			t.Run(fmt.Sprint(test.name, ", ", err), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := openDue(t, Options[string, string]{}, "old", "key")
					release := make(chan struct{})
					expect(t, c, "old", func(context.Context, string) (string, error) {
						<-release
						return "loaded", err
					})
					if err := test.change(c); err != nil {
						t.Fatal(err)
					}
					close(release)
					synctest.Wait()
					if got, _ := c.Get("key"); got != test.want {
						t.Errorf("found %q, want %q", got, test.want)
					}
					idle(t, c)
				})
			})
		}
	}
}

// When the entry is over before its load is, those who ask wait for that, and may give up without ending it.
func TestRefreshIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openDue(t, Options[string, string]{}, "old", "key")
		s := newSource[string]()
		expect(t, c, "old", s.load)
		c.Touch("key", 1)
		ctx, cancel := context.WithCancel(t.Context())
		one, two := begin(ctx, c, "key", s.load), begin(ctx, c, "key", s.load)
		synctest.Wait()
		cancel()
		<-one
		<-two
		three := begin(t.Context(), c, "key", s.load)
		synctest.Wait()
		s.release <- "new"
		if r := <-three; r.value != "new" || r.err != nil {
			t.Errorf("got %+v", r)
		}
		if n := s.loads.Load(); n != 1 {
			t.Errorf("%d loads", n)
		}
		idle(t, c)
	})
}

func TestRefreshOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openDue(t, Options[string, []byte]{}, []byte("old"), "a", "b", "1", "d")
		if err := c.Set("c", []byte("kept")); err != nil {
			t.Fatal(err)
		}
		d := newSource[[]byte]()
		if r := <-begin(t.Context(), c, "d", d.load); string(r.value) != "old" {
			t.Errorf("got %+v", r)
		}
		release := make(chan struct{})
		asked := make(chan string, 10)
		load := func(ctx context.Context, keys []string, found func(string, []byte)) error {
			asked <- strings.Join(keys, " ")
			if len(keys) > 1 {
				<-release
			}
			return upper(ctx, keys, found)
		}
		for range 2 {
			r := <-beginMany(t.Context(), c, "a x b c 1 a d", load)
			if r.values != "old X old kept old old old" || r.err != nil {
				t.Errorf("got %+v", r)
			}
		}
		close(release)
		d.release <- []byte("D")
		synctest.Wait()
		close(asked)
		var calls []string
		for keys := range asked {
			calls = append(calls, keys)
		}
		slices.Sort(calls)
		if want := []string{"a b 1", "x"}; !slices.Equal(calls, want) {
			t.Errorf("asked for %q, want %q", calls, want)
		}
		if r := <-beginMany(t.Context(), c, "a x b c d", nil); r.values != "A X B kept D" || r.err != nil {
			t.Errorf("got %+v", r)
		}
		if _, found := c.Get("1"); found {
			t.Error("what was not found any more is there")
		}
		idle(t, c)
	})
}

// A key that fails among many is not tried again at once, one that was found is not due any more.
func TestFailingRefreshOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openDue(t, Options[string, []byte]{}, []byte("old"), "a", "b", "c")
		var asked []string
		load := func(_ context.Context, keys []string, found func(string, []byte)) error {
			asked = append(asked, strings.Join(keys, " "))
			found(keys[0], []byte("new"))
			return errors.New("broken")
		}
		for _, want := range []string{"old old old", "new old old"} {
			if r := <-beginMany(t.Context(), c, "a b c", load); r.values != want || r.err != nil {
				t.Errorf("got %+v, want %s", r, want)
			}
			synctest.Wait()
		}
		time.Sleep(time.Hour / refreshTries)
		<-beginMany(t.Context(), c, "a b c", load)
		synctest.Wait()
		if want := []string{"a b c", "b c"}; !slices.Equal(asked, want) {
			t.Errorf("asked for %q, want %q", asked, want)
		}
		idle(t, c)
	})
}

func TestCloseEndsRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openDue(t, Options[string, string]{}, "old", "key")
		var ended atomic.Bool
		expect(t, c, "old", func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended.Store(true)
			return "", ctx.Err()
		})
		c.Close()
		if !ended.Load() {
			t.Error("the loader goes on after Close")
		}
		idle(t, c)
	})
}
