//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A source is what loaders load from: it holds each load open until that is released.
type source[V any] struct {
	loads   atomic.Int64
	release chan V
}

func newSource[V any]() *source[V] { return &source[V]{release: make(chan V)} }

func (s *source[V]) load(context.Context, string) (V, error) {
	s.loads.Add(1)
	return <-s.release, nil
}

// result is what GetOrLoad returned, or panicked with.
type result[V any] struct {
	value    V
	err      error
	panicked any
}

// begin calls GetOrLoad in a goroutine.
func begin[K Key, V any](ctx context.Context, c *Cache[K, V], key K, load Loader[K, V]) <-chan result[V] {
	results := make(chan result[V], 1)
	go func() {
		var r result[V]
		defer func() {
			r.panicked = recover()
			results <- r
		}()
		r.value, r.err = c.GetOrLoad(ctx, key, load)
	}()
	return results
}

// idle expects that nothing is left of loads.
func idle[K Key, V any](t *testing.T, c *Cache[K, V]) {
	t.Helper()
	synctest.Wait()
	if n := c.loads.listed.Load(); n != 0 {
		t.Errorf("%d flights are listed", n)
	}
	for i := range c.loads.stripes {
		if s := &c.loads.stripes[i]; len(s.flights)+len(s.calls) != 0 {
			t.Errorf("%d flights and %d calls are left", len(s.flights), len(s.calls))
		}
	}
}

func TestOneLoadForAll(t *testing.T) {
	t.Run("string", func(t *testing.T) { oneLoadForAll(t, "value", func(*string) {}) })
	t.Run("bool", func(t *testing.T) { oneLoadForAll(t, true, func(*bool) {}) })
	t.Run("bytes", func(t *testing.T) { oneLoadForAll(t, []byte("value"), func(b *[]byte) { (*b)[0] = 'x' }) })
	t.Run("struct", func(t *testing.T) {
		oneLoadForAll(t, point{1, 2, []string{"tag"}}, func(p *point) { p.Tags[0] = "changed" })
	})
}

// oneLoadForAll also changes what it gets, which nobody else may see.
func oneLoadForAll[V any](t *testing.T, value V, change func(*V)) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, V]{})
		s := newSource[V]()
		want := fmt.Sprint(value)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				got, err := c.GetOrLoad(t.Context(), "key", s.load)
				if err != nil || fmt.Sprint(got) != want {
					t.Errorf("got %v, %v", got, err)
				}
				change(&got)
			})
		}
		synctest.Wait()
		s.release <- value
		all.Wait()
		got, err := c.GetOrLoad(t.Context(), "key", s.load)
		if err != nil || fmt.Sprint(got) != want || s.loads.Load() != 1 {
			t.Errorf("got %v, %v after %d loads", got, err, s.loads.Load())
		}
		idle(t, c)
	})
}

type contextKey struct{}

// Whoever waits may give up, the first included, and the load goes on for the others.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{})
		release := make(chan struct{})
		load := func(ctx context.Context, key string) (string, error) {
			<-release
			if _, limited := ctx.Deadline(); limited || ctx.Err() != nil {
				t.Errorf("the context of the load: %v", ctx.Err())
			}
			return fmt.Sprint(ctx.Value(contextKey{}), " ", key), nil
		}
		first, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "first"))
		one := begin(first, c, "key", load)
		synctest.Wait()
		second, cancelSecond := context.WithTimeout(t.Context(), time.Second)
		defer cancelSecond()
		two := begin(second, c, "key", load)
		three := begin(context.WithValue(t.Context(), contextKey{}, "third"), c, "key", load)
		synctest.Wait()
		cancel()
		if r := <-one; r.err != context.Canceled || r.value != "" {
			t.Errorf("the first got %+v", r)
		}
		if r := <-two; r.err != context.DeadlineExceeded {
			t.Errorf("the second got %+v", r)
		}
		close(release)
		if r := <-three; r.err != nil || r.value != "first key" {
			t.Errorf("the third got %+v", r)
		}
		if r := <-begin(first, c, "key", load); r.err != nil || r.value != "first key" {
			t.Errorf("a hit with a context that has ended: %+v", r)
		}
		if r := <-begin(first, c, "other", load); r.err != context.Canceled {
			t.Errorf("a miss with a context that has ended: %+v", r)
		}
		idle(t, c)
	})
}

// Who gave up takes nothing of what lands then: it was not counted among those who need a value of their own.
func TestGivingUpInTheMomentOfLanding(t *testing.T) {
	c := open(t, Options[string, []byte]{})
	f := &flight[string, []byte]{call: newCall(t.Context(), nil), landed: make(chan struct{})}
	f.call.cancel = func(error) { close(f.landed) }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.await(ctx, nil, f); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

// Loaders that ask for each other's keys do not wait for each other for ever.
func TestLoadersInACircle(t *testing.T) {
	for _, many := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c, other := open(t, Options[int, int]{}), open(t, Options[int, int]{})
			const length = 3
			var begun sync.WaitGroup
			begun.Add(length)
			get := func(ctx context.Context, key int, load Loader[int, int]) (int, error) {
				if !many {
					return c.GetOrLoad(ctx, key, load)
				}
				// What is found at once is no reason to wait.
				values, _, err := c.GetOrLoadMany(ctx, []int{key, 10 + key},
					func(ctx context.Context, keys []int, found func(int, int)) error {
						found(10+key, 0)
						value, err := load(ctx, key)
						if err == nil {
							found(key, value)
						}
						return err
					})
				return values[0], err
			}
			var load Loader[int, int]
			load = func(ctx context.Context, key int) (int, error) {
				begun.Done()
				begun.Wait()
				next := (key + 1) % length
				if key != 0 {
					return get(ctx, next, load)
				}
				// By way of another cache, and of a goroutine.
				return other.GetOrLoad(ctx, key, func(ctx context.Context, _ int) (value int, err error) {
					var loading sync.WaitGroup
					loading.Go(func() { value, err = get(ctx, next, load) })
					loading.Wait()
					return value, err
				})
			}
			results := make(chan error, length)
			for key := range length {
				go func() {
					_, err := get(t.Context(), key, load)
					results <- err
				}()
			}
			for range length {
				if err := <-results; err != errCycle {
					t.Errorf("got %v", err)
				}
			}
			idle(t, c)
			idle(t, other)
		})
	}
}

// When all have given up, the context of the load ends, and who comes then begins another.
func TestAllGiveUp(t *testing.T) {
	for _, newcomer := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := open(t, Options[string, string]{})
			ended, release := make(chan error), make(chan struct{})
			stubborn := func(ctx context.Context, _ string) (string, error) {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				<-release
				return "late", nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			one, two := begin(ctx, c, "key", stubborn), begin(ctx, c, "key", stubborn)
			synctest.Wait()
			cancel()
			if r := <-one; r.err != context.Canceled {
				t.Errorf("got %+v", r)
			}
			<-two
			if cause := <-ended; cause != errGivenUp {
				t.Errorf("the load ended because of %v", cause)
			}
			want := "late"
			if newcomer {
				want = "new"
				r := <-begin(t.Context(), c, "key", func(context.Context, string) (string, error) { return "new", nil })
				if r.err != nil || r.value != "new" {
					t.Errorf("the newcomer got %+v", r)
				}
			}
			close(release)
			synctest.Wait()
			if got, _ := c.Get("key"); got != want {
				t.Errorf("stored %q, want %q", got, want)
			}
			idle(t, c)
		})
	}
}

// What a load fails with comes to all who wait, and is forgotten.
func TestFailingLoads(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name string
		load func(c *Cache[string, any], ctx context.Context) (any, error)
		want func(result[any]) bool
	}{
		{
			"an error", func(*Cache[string, any], context.Context) (any, error) { return func() {}, broken },
			func(r result[any]) bool { return r.err == broken && r.value == nil },
		},
		{
			"ErrNotFound", func(*Cache[string, any], context.Context) (any, error) {
				return nil, fmt.Errorf("no such user: %w", ErrNotFound)
			},
			func(r result[any]) bool {
				return errors.Is(r.err, ErrNotFound) && strings.HasPrefix(r.err.Error(), "no such user")
			},
		},
		{
			"a value that can't be encoded", func(*Cache[string, any], context.Context) (any, error) {
				return func() {}, nil
			},
			func(r result[any]) bool {
				return r.err != nil && r.value == nil && strings.Contains(r.err.Error(), "cache: encoding the value")
			},
		},
		{
			"a panic", func(*Cache[string, any], context.Context) (any, error) { panic("oops") },
			func(r result[any]) bool {
				p, _ := r.panicked.(*PanicError)
				return p != nil && p.Value == "oops" && strings.Contains(p.Error(), "TestFailingLoads") && p.Unwrap() == nil
			},
		},
		{
			"a panic with an error", func(*Cache[string, any], context.Context) (any, error) { panic(broken) },
			func(r result[any]) bool {
				err, _ := r.panicked.(error)
				return errors.Is(err, broken)
			},
		},
		{
			"a panic with nothing", func(*Cache[string, any], context.Context) (any, error) { panic(nil) },
			func(r result[any]) bool {
				err, _ := r.panicked.(error)
				var empty *runtime.PanicNilError
				return errors.As(err, &empty)
			},
		},
		{
			"Goexit", func(*Cache[string, any], context.Context) (any, error) { runtime.Goexit(); return nil, nil },
			func(r result[any]) bool { return r.err == errExited },
		},
		{
			"a cycle", func(c *Cache[string, any], ctx context.Context) (any, error) {
				return c.GetOrLoad(ctx, "other", func(ctx context.Context, _ string) (any, error) {
					return c.GetOrLoad(ctx, "key", nil)
				})
			},
			func(r result[any]) bool { return r.err == errCycle },
		},
		{
			"a cycle in place of a load that was given up", func(c *Cache[string, any], ctx context.Context) (any, error) {
				begun, release := make(chan struct{}), make(chan struct{})
				defer close(release)
				short, cancel := context.WithCancel(ctx)
				go func() { <-begun; cancel() }()
				c.GetOrLoad(short, "other", func(context.Context, string) (any, error) {
					close(begun)
					<-release
					return nil, broken
				})
				return c.GetOrLoad(ctx, "other", func(ctx context.Context, _ string) (any, error) {
					return c.GetOrLoad(ctx, "key", nil)
				})
			},
			func(r result[any]) bool { return r.err == errCycle },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open(t, Options[string, any]{})
				release := make(chan struct{})
				load := func(ctx context.Context, _ string) (any, error) {
					<-release
					return test.load(c, ctx)
				}
				var all []<-chan result[any]
				for range 3 {
					all = append(all, begin(t.Context(), c, "key", load))
				}
				synctest.Wait()
				close(release)
				all = append(all, begin(t.Context(), c, "key", load)) // another load, if the first is over
				for _, one := range all {
					if r := <-one; !test.want(r) {
						t.Errorf("got %+v", r)
					}
				}
				if s := c.Stats(); s.Entries != 0 || s.LoadSuccesses+s.LoadFailures == 0 {
					t.Errorf("%+v", s)
				}
				idle(t, c)
			})
		})
	}
}

// A change of a key that is being loaded: those who wait get what is loaded, but it is not stored, and those who come
// later begin another load.
func TestChangesWinOverLoads(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Cache[string, string]) error
		want   string // what is there afterwards
	}{
		{"Set", func(c *Cache[string, string]) error { return c.Set("key", "set") }, "set"},
		{"SetTTL", func(c *Cache[string, string]) error { return c.SetTTL("key", "set", time.Hour) }, "set"},
		{"SetTTL, expired", func(c *Cache[string, string]) error { return c.SetTTL("key", "set", 1) }, ""},
		{"Set that is refused", func(c *Cache[string, string]) error {
			if err := c.Set("key", strings.Repeat("long", 1<<20)); !errors.Is(err, ErrTooLarge) {
				return fmt.Errorf("set: %w", err)
			}
			return nil
		}, ""},
		{"Delete", func(c *Cache[string, string]) error { c.Delete("key"); return nil }, ""},
		{"Set and Delete", func(c *Cache[string, string]) error {
			defer c.Delete("key")
			return c.Set("key", "set")
		}, ""},
		{"Touch", func(c *Cache[string, string]) error { c.Touch("key", -1); return nil }, ""},
		{"Clear", func(c *Cache[string, string]) error { c.Clear(); return nil }, ""},
		{"Set of another key", func(c *Cache[string, string]) error { return c.Set("other", "set") }, "old"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open(t, Options[string, string]{MaxBytes: 1 << 20})
				early, late := newSource[string](), newSource[string]()
				one := begin(t.Context(), c, "key", early.load)
				synctest.Wait()
				if err := test.change(c); err != nil {
					t.Fatal(err)
				}
				two := begin(t.Context(), c, "key", late.load)
				synctest.Wait()
				if loads := late.loads.Load(); (loads == 1) != (test.want == "") {
					t.Errorf("%d loads after the change", loads)
				}
				early.release <- "old"
				if r := <-one; r.value != "old" || r.err != nil {
					t.Errorf("the early one got %+v", r)
				}
				if got, _ := c.Get("key"); got != test.want {
					t.Errorf("found %q, want %q", got, test.want)
				}
				if test.want == "" {
					late.release <- "new"
					if r := <-two; r.value != "new" || r.err != nil {
						t.Errorf("the late one got %+v", r)
					}
					if got, _ := c.Get("key"); got != "new" {
						t.Errorf("found %q after the second load", got)
					}
				} else if r := <-two; r.value != test.want {
					t.Errorf("the late one got %+v", r)
				}
				idle(t, c)
			})
		})
	}
}

// The other way round: the second load ends first.
func TestLoadsEndInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{})
		early, late := newSource[string](), newSource[string]()
		one := begin(t.Context(), c, "key", early.load)
		synctest.Wait()
		c.Delete("key")
		two := begin(t.Context(), c, "key", late.load)
		late.release <- "new"
		<-two
		early.release <- "old"
		if r := <-one; r.value != "old" {
			t.Errorf("the early one got %+v", r)
		}
		if got, _ := c.Get("key"); got != "new" {
			t.Errorf("found %q", got)
		}
		idle(t, c)
	})
}

// slow is a value whose codec holds Set open.
type slow struct{ text string }

type slowCodec struct{ release chan struct{} }

func (c slowCodec) Append(dst []byte, value slow) ([]byte, error) {
	if value.text == "set" {
		<-c.release
	}
	return append(dst, value.text...), nil
}

func (c slowCodec) Decode(data []byte, value *slow) error {
	value.text = string(data)
	return nil
}

// A load that begins while Set is under way does not store behind it.
func TestLoadBeginsWithinASet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codec := slowCodec{make(chan struct{})}
		c := open(t, Options[string, slow]{Codec: codec})
		set := make(chan error)
		go func() { set <- c.Set("key", slow{"set"}) }()
		synctest.Wait()
		s := newSource[slow]()
		one := begin(t.Context(), c, "key", s.load)
		synctest.Wait()
		codec.release <- struct{}{}
		if err := <-set; err != nil {
			t.Fatal(err)
		}
		s.release <- slow{"loaded"}
		if r := <-one; r.value.text != "loaded" {
			t.Errorf("got %+v", r)
		}
		if got, _ := c.Get("key"); got.text != "set" {
			t.Errorf("found %q", got.text)
		}
		idle(t, c)
	})
}

// Who looked before a load stored its value, and comes when it is over, does not load again.
func TestStoredSinceItWasLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{})
		if err := c.Set("key", "value"); err != nil {
			t.Fatal(err)
		}
		got, err := c.loadOne(t.Context(), "key", nil)
		if got != "value" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		idle(t, c)

		// What can't be decoded is loaded.
		broken := open(t, Options[string, point]{Codec: brokenCodec{}})
		if err := broken.Set("key", point{}); err != nil {
			t.Fatal(err)
		}
		p, err := broken.GetOrLoad(t.Context(), "key", func(context.Context, string) (point, error) {
			return point{X: 7}, nil
		})
		if p.X != 7 || err != nil {
			t.Errorf("got %v, %v", p, err)
		}
		if misses := broken.Stats().Misses; misses != 1 {
			t.Errorf("%d misses", misses)
		}
		idle(t, broken)
	})
}

func TestLoaderThatStores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{TTL: time.Hour})
		got, err := c.GetOrLoad(t.Context(), "key", func(_ context.Context, key string) (string, error) {
			return "value", c.SetTTL(key, "value", time.Minute)
		})
		if ttl, _ := c.TTL("key"); got != "value" || err != nil || ttl > time.Minute {
			t.Errorf("got %q, %v, which lives for %v", got, err, ttl)
		}
		idle(t, c)
	})
}

// A value that does not fit is loaded each time.
func TestLoadThatDoesNotFit(t *testing.T) {
	c := open(t, Options[string, []byte]{MaxBytes: 1 << 20})
	for range 2 {
		got, err := c.GetOrLoad(t.Context(), "key", func(context.Context, string) ([]byte, error) {
			return make([]byte, 1<<20), nil
		})
		if len(got) != 1<<20 || err != nil {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	}
	if s := c.Stats(); s.LoadSuccesses != 2 || s.Entries != 0 {
		t.Errorf("%+v", s)
	}
}

// A loader keeps its key, whatever its caller does with it.
func TestKeyOfALoadIsCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[[]byte, string]{})
		release := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		key := []byte("key")
		one := begin(ctx, c, key, func(_ context.Context, key []byte) (string, error) {
			<-release
			value := "value of " + string(key)
			key[0] = 'y'
			return value, nil
		})
		synctest.Wait()
		cancel()
		<-one
		key[0] = 'x'
		close(release)
		synctest.Wait()
		if got, _ := c.Get([]byte("key")); got != "value of key" {
			t.Errorf("found %q", got)
		}
	})
}

// Who got a value finds its load counted.
func TestLoadsAreCountedFirst(t *testing.T) {
	c := open(t, Options[int, int]{})
	for key := range 1000 {
		if _, err := c.GetOrLoad(t.Context(), key, func(context.Context, int) (int, error) { return 0, nil }); err != nil {
			t.Fatal(err)
		}
		if n := c.Stats().LoadSuccesses; n != uint64(key+1) {
			t.Fatalf("%d loads, want %d", n, key+1)
		}
	}
}

func TestLoadStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{})
		for _, err := range []error{nil, errors.New("broken"), ErrNotFound} {
			c.GetOrLoad(t.Context(), fmt.Sprint(err), func(context.Context, string) (string, error) {
				time.Sleep(time.Second)
				return "", err
			})
		}
		c.GetOrLoad(t.Context(), fmt.Sprint(nil), nil)
		idle(t, c)
		s := c.Stats()
		if s.LoadSuccesses != 1 || s.LoadFailures != 2 || s.TotalLoadTime != 3*time.Second || s.Hits != 1 || s.Misses != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// Close releases those who wait, ends loads, and waits for loaders.
func TestCloseEndsLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{})
		release := make(chan struct{})
		var loaders atomic.Int64
		load := func(ctx context.Context, _ string) (string, error) {
			loaders.Add(1)
			defer loaders.Add(-1)
			<-ctx.Done()
			if cause := context.Cause(ctx); cause != ErrClosed {
				t.Errorf("the load ended because of %v", cause)
			}
			<-release
			return "late", nil
		}
		forgotten := begin(t.Context(), c, "key", load)
		synctest.Wait()
		c.Delete("key")
		one, two := begin(t.Context(), c, "key", load), begin(t.Context(), c, "other", load)
		synctest.Wait()
		var closers sync.WaitGroup
		for range 2 {
			closers.Go(func() {
				c.Close()
				if n := loaders.Load(); n != 0 {
					t.Errorf("%d loaders after Close", n)
				}
			})
		}
		for _, waiter := range []<-chan result[string]{forgotten, one, two} {
			if r := <-waiter; r.err != ErrClosed {
				t.Errorf("got %+v", r)
			}
		}
		if n := loaders.Load(); n != 3 {
			t.Errorf("%d loaders, want 3", n)
		}
		close(release)
		closers.Wait()
		if r := <-begin(t.Context(), c, "key", load); r.err != ErrClosed {
			t.Errorf("after Close: %+v", r)
		}
		idle(t, c)
	})
}

// Nobody may see what was there before a change that has returned, whatever happens at once. A version of a key is
// current at its source first and in the cache then; loads take their time between reading it and returning it. Every
// fourth version is that there is nothing.
func TestLoadsAreNeverStale(t *testing.T) {
	for _, options := range []Options[int, uint64]{
		{MaxBytes: 1 << 20},
		{MaxBytes: 1 << 20, NegativeTTL: time.Hour},
		{MaxBytes: 1 << 20, TTL: 3 * time.Hour, RefreshAhead: 2 * time.Hour}, // what is stored by SetTTL is due
	} {
		neverStale(t, options)
	}
}

func neverStale(t *testing.T, options Options[int, uint64]) {
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	c := open(t, options)
	const keys = 4
	var entities [keys]struct {
		sync.Mutex               // of those who change it
		version    atomic.Uint64 // at the source
		done       atomic.Uint64 // which the cache knows of
	}
	isNothing := func(version uint64) bool { return version%4 == 1 }
	load := func(_ context.Context, key int) (uint64, error) {
		version := entities[key].version.Load()
		for range rand.IntN(3) {
			runtime.Gosched()
		}
		if isNothing(version) {
			return 0, ErrNotFound
		}
		return version, nil
	}
	loadMany := func(ctx context.Context, keys []int, found func(int, uint64)) error {
		for _, key := range keys {
			if version, err := load(ctx, key); err == nil {
				found(key, version)
			}
		}
		return nil
	}
	change := func(key int) error {
		e := &entities[key]
		e.Lock()
		defer e.Unlock()
		version := e.version.Add(1)
		defer e.done.Store(version)
		switch operation := rand.IntN(5); {
		case operation < 2 && !isNothing(version):
			return c.Set(key, version)
		case operation == 2 && !isNothing(version):
			if options.RefreshAhead > 0 {
				return c.SetTTL(key, version, time.Hour)
			}
			return c.SetTTL(key, version, 1)
		case operation == 3:
			c.Clear()
		case operation == 4:
			c.Touch(key, -1)
		default:
			c.Delete(key)
		}
		return nil
	}
	read := func(key int) (version uint64, err error) {
		switch operation := rand.IntN(16); operation {
		case 0:
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			return c.GetOrLoad(ctx, key, load)
		case 1, 2, 3:
			other := (key + 1) % keys
			values, found, err := c.GetOrLoadMany(t.Context(), []int{other, key, other}, loadMany)
			if err == nil && !found[1] {
				err = ErrNotFound
			}
			return values[1], err
		}
		return c.GetOrLoad(t.Context(), key, load)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range rounds {
				key := rand.IntN(keys)
				e := &entities[key]
				if rand.IntN(5) == 0 {
					if err := change(key); err != nil {
						t.Error(err)
					}
					continue
				}
				least := e.done.Load()
				if got, found := c.Get(key); found && got < least {
					t.Errorf("key %d: found version %d after a change to %d", key, got, least)
				}
				got, err := read(key)
				switch {
				case err == context.Canceled:
				case errors.Is(err, ErrNotFound):
					if e.version.Load() == least && !isNothing(least) {
						t.Errorf("key %d: found nothing after a change to %d", key, least)
					}
				case err != nil:
					t.Error(err)
				case got < least:
					t.Errorf("key %d: got version %d after a change to %d", key, got, least)
				}
			}
		})
	}
	all.Wait()
	c.Close()
	if n := c.loads.listed.Load(); n != 0 {
		t.Errorf("%d flights are listed", n)
	}
	if s := c.Stats(); s.LoadSuccesses == 0 || s.Hits == 0 || (s.NegativeHits == 0) != (options.NegativeTTL == 0) {
		t.Errorf("not everything was tried: %+v", s)
	}
}

func BenchmarkLoading(b *testing.B) {
	ctx := b.Context()
	c := open(b, Options[uint64, uint64]{})
	ahead := open(b, Options[uint64, uint64]{TTL: time.Hour, RefreshAhead: time.Minute})
	load := func(_ context.Context, key uint64) (uint64, error) { return key, nil }
	for _, operation := range []struct {
		name string
		run  func(key uint64) bool
	}{
		{"Get", func(key uint64) bool { _, found := c.Get(key % 1000); return found }},
		{"GetOrLoad, a hit", func(key uint64) bool { _, err := c.GetOrLoad(ctx, key%1000, load); return err == nil }},
		{"GetOrLoad, a hit with RefreshAhead", func(key uint64) bool {
			_, err := ahead.GetOrLoad(ctx, key%1000, load)
			return err == nil
		}},
		{"Set", func(key uint64) bool { return c.Set(key%1000, key) == nil }},
		{"GetOrLoad, a miss", func(key uint64) bool {
			c.Delete(key % 1000)
			_, err := c.GetOrLoad(ctx, key%1000, load)
			return err == nil
		}},
	} {
		b.Run(operation.name, func(b *testing.B) {
			for key := range uint64(1000) {
				if err := errors.Join(c.Set(key, key), ahead.Set(key, key)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for key := uint64(0); b.Loop(); key++ {
				if !operation.run(key) {
					b.Fatal("not found")
				}
			}
		})
	}
}
