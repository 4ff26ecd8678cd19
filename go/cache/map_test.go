//go:build cgo

package cache

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A guarded cache is used beside a map of what it may have, in parts with a mutex each: whoever uses keys of a part has
// its mutex meanwhile, so that what comes of it is known.
type guarded[V any] struct {
	t        *testing.T
	c        *Cache[string, V]
	options  Options[string, V]
	subject  subject[V]
	register register
	parts    [32]part
}

type part struct {
	sync.Mutex
	items map[string][]item
}

const guardedKeys = 2000

func guardedKey(number int) string { return fmt.Sprintf("key %d", number) }

func newGuarded[V any](t *testing.T, s subject[V], o Options[string, V], forgets bool) *guarded[V] {
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded[V]{t: t, c: c, options: o, subject: s, register: s.register(forgets)}
	for i := range g.parts {
		g.parts[i].items = map[string][]item{}
	}
	for number := range guardedKeys {
		g.parts[number%len(g.parts)].items[guardedKey(number)] = []item{{}}
	}
	return g
}

// after returns what a key may have after an operation, as it may have had items before.
func after(r register, items []item, o operation) (after []item) {
	for _, i := range items {
		for _, next := range r.after(i, o) {
			if !slices.Contains(after, next) {
				after = append(after, next)
			}
		}
	}
	return after
}

// note expects of operations on keys of one part, whose mutex is held, that they could have come out as they did.
func (g *guarded[V]) note(items map[string][]item, key string, o operation) {
	if after := after(g.register, items[key], o); len(after) > 0 {
		items[key] = after
	} else {
		g.t.Errorf("%s: %v\nthere may have been %.300s", key, o, fmt.Sprintf("%+v", items[key]))
	}
}

// step does something to keys of one part.
func (g *guarded[V]) step(u *user[V]) {
	first := u.random.IntN(guardedKeys)
	part := &g.parts[first%len(g.parts)]
	part.Lock()
	defer part.Unlock()
	if u.random.IntN(30) > 0 {
		key := guardedKey(first)
		g.note(part.items, key, u.do(key))
		return
	}
	var keys []string
	for number := first; number < guardedKeys && len(keys) < 40; number += len(g.parts) {
		keys = append(keys, guardedKey(number))
	}
	for i, o := range u.doMany(keys) {
		g.note(part.items, keys[i], o)
	}
}

// whole does something to all of the cache, while nobody else uses it.
func (g *guarded[V]) whole(u *user[V]) {
	for i := range g.parts {
		g.parts[i].Lock()
		defer g.parts[i].Unlock()
	}
	call := u.now()
	// all expects of what is there that it is no more and no less than there may be.
	all := func(c *Cache[string, V], r register) {
		seen := map[string]string{}
		for key, value := range c.All() {
			if _, again := seen[key]; again {
				g.t.Errorf("%s came twice", key)
			}
			seen[key] = g.subject.text(value)
		}
		end := u.now()
		for i := range g.parts {
			part := &g.parts[i]
			for key := range part.items {
				value, found := seen[key]
				o := operation{call: call, end: end, done: found, told: true, result: value}
				if len(after(r, part.items[key], o)) == 0 {
					may := fmt.Sprintf("%+v", part.items[key])
					g.t.Errorf("iteration: %s: %v\nthere may have been %.300s", key, o, may)
				}
				delete(seen, key)
			}
		}
		if len(seen) > 0 {
			g.t.Errorf("keys that nobody stored: %.200v", seen)
		}
	}
	// gone notes that some are not there any more, and expects count to be their number.
	gone := func(which func(key string) bool, count int) {
		o := operation{action: removed, untold: true, call: call, end: u.now()}
		least, most := 0, 0
		for i := range g.parts {
			part := &g.parts[i]
			for key, items := range part.items {
				if !which(key) {
					continue
				}
				isThere := func(i item) bool { return i.there && (i.most == 0 || o.call < i.most) }
				mayMiss := func(i item) bool { return !i.there || g.register.forget || i.most != 0 && o.end >= i.least }
				if slices.ContainsFunc(items, isThere) {
					most++
				}
				if !slices.ContainsFunc(items, mayMiss) {
					least++
				}
				g.note(part.items, key, o)
			}
		}
		if count >= 0 && (count < least || count > most) {
			g.t.Errorf("%d were deleted, not %d to %d", count, least, most)
		}
	}
	switch u.random.IntN(8) {
	case 0:
		g.c.Clear()
		gone(func(string) bool { return true }, -1)
		if n := g.c.Len(); n != 0 {
			g.t.Errorf("%d entries after Clear", n)
		}
	case 1:
		prefix := guardedKey(u.random.IntN(100))
		gone(func(key string) bool { return strings.HasPrefix(key, prefix) }, DeletePrefix(g.c, prefix))
	case 2:
		last := byte('0' + u.random.IntN(10))
		which := func(key string) bool { return key[len(key)-1] == last }
		gone(which, g.c.DeleteFunc(func(key string, _ V) bool { return which(key) }))
	case 3:
		var snapshot bytes.Buffer
		u.check(g.c.SaveTo(&snapshot))
		loaded := open(g.t, g.options)
		u.check(loaded.LoadFrom(&snapshot))
		r := g.register
		r.forget = r.forget || u.ttls // the time at which entries expire is a little earlier there
		all(loaded, r)
		loaded.Close()
	case 4:
		// What is there is not loaded, save what was evicted or has expired since.
		var snapshot bytes.Buffer
		u.check(g.c.SaveTo(&snapshot))
		before := g.c.Len()
		u.check(g.c.LoadFrom(&snapshot))
		if after := g.c.Len(); after > before {
			g.t.Errorf("%d entries, then %d with its own snapshot", before, after)
		}
		if g.register.forget {
			g.storedAgain()
		}
	default:
		all(g.c, g.register)
	}
}

// storedAgain notes that what there may be may have gone, and come back in another version.
func (g *guarded[V]) storedAgain() {
	for i := range g.parts {
		for key, items := range g.parts[i].items {
			for _, other := range items {
				if other.version = 0; other.there && !slices.Contains(items, other) {
					items = append(items, other)
				}
			}
			g.parts[i].items[key] = items
		}
	}
}

// beside uses all of the cache while others do, too.
func (g *guarded[V]) beside(u *user[V]) {
	switch u.random.IntN(7) {
	case 0:
		for key := range g.c.All() {
			if !strings.HasPrefix(key, "key ") {
				g.t.Errorf("key %q", key)
			}
		}
	case 1:
		u.check(g.c.SaveTo(io.Discard))
	case 2:
		g.c.CleanUp()
	case 3:
		u.check(g.c.WatchHotKeys(u.random.IntN(2) * 10))
	case 4:
		for _, hot := range g.c.HotKeys(10) {
			if !strings.HasPrefix(hot.Key, "key ") || hot.Reads == 0 {
				g.t.Errorf("hot key %+v", hot)
			}
		}
	case 5:
		if g.register.forget { // but not beside whole, which counts entries
			g.parts[0].Lock()
			defer g.parts[0].Unlock()
			u.check(g.c.Resize(g.options.MaxBytes * int64(1+u.random.IntN(2))))
		}
	default:
		g.c.Scan(u.random.Uint64(), 100)
	}
	if n := g.c.Len(); n > guardedKeys {
		g.t.Errorf("%d entries", n)
	}
}

// sameAsMap has goroutines use a cache in all ways there are, until stop says so.
func sameAsMap[V any](t *testing.T, s subject[V], o Options[string, V], seed uint64, stop func(round int) bool) {
	const users = 8
	forgets := o.MaxBytes < 32<<20
	o.ReserveBytes = 2 * o.MaxBytes
	g := newGuarded(t, s, o, forgets)
	start := time.Now()
	var count atomic.Int64
	var using sync.WaitGroup
	for number := range users {
		using.Go(func() {
			u := &user[V]{
				t: t, c: g.c, subject: s, seen: map[string]uint64{},
				random: rand.New(rand.NewPCG(seed, uint64(number))),
				now:    func() int64 { return int64(time.Since(start)) }, numbers: &count,
				ttl: o.TTL, ttls: o.TTL != 0, loads: true,
			}
			for round := 1; !stop(round) && !t.Failed(); round++ {
				switch {
				case number == 0 && round%100 == 0:
					g.beside(u)
				case number == 1 && round%1000 == 0:
					g.whole(u)
				default:
					g.step(u)
				}
			}
		})
	}
	using.Wait()
	stats := g.c.Stats()
	if stats.Bytes > stats.MaxBytes {
		t.Errorf("over the limit: %+v", stats)
	}
	if evicted := stats.Evictions > 0; evicted && !forgets || !evicted && forgets && o.TTL == 0 {
		t.Errorf("%d evictions with %d bytes", stats.Evictions, o.MaxBytes)
	}
	if seed%2 == 0 { // every other one is left to the cleanup
		g.c.Close()
	}
}

func TestSameAsMap(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 2000
	}
	enough := func(round int) bool { return round > rounds }
	for _, ttl := range []time.Duration{0, 10 * time.Millisecond} {
		sameAsMap(t, texts, Options[string, string]{MaxBytes: 256 << 10, TTL: ttl}, 2, enough)
		sameAsMap(t, texts, Options[string, string]{MaxBytes: 64 << 20, TTL: ttl}, 2, enough)
		sameAsMap(t, numbers, Options[string, int64]{MaxBytes: 64 << 10, TTL: ttl}, 2, enough)
		encoded := Options[string, int64]{MaxBytes: 64 << 20, TTL: ttl, Codec: jsonCodec[int64]{}}
		sameAsMap(t, numbers, encoded, 2, enough)
	}
}

// TestSoak does what TestSameAsMap and TestLinearizability do for as long as TANDEM_SOAK says, and expects the process
// not to grow.
func TestSoak(t *testing.T) {
	limit, err := time.ParseDuration(os.Getenv("TANDEM_SOAK"))
	if err != nil {
		t.Skip("TANDEM_SOAK is not set to a duration")
	}
	end := time.Now().Add(limit)
	var high int64
	for round := uint64(0); time.Now().Before(end) && !t.Failed(); round++ {
		t.Run("round", func(t *testing.T) { // whose caches are closed when it ends
			over := time.Now().Add(min(limit/10, 20*time.Second))
			enough := func(round int) bool { return round%1000 == 0 && time.Now().After(over) }
			ttl := time.Duration(round/4%2) * 10 * time.Millisecond
			switch round % 4 {
			case 0:
				sameAsMap(t, texts, Options[string, string]{MaxBytes: 256 << 10, TTL: ttl}, round/2, enough)
			case 1:
				encoded := Options[string, string]{MaxBytes: 64 << 20, TTL: ttl, Codec: jsonCodec[string]{}}
				sameAsMap(t, texts, encoded, round/2, enough)
			case 2:
				sameAsMap(t, numbers, Options[string, int64]{MaxBytes: 64 << 10, TTL: ttl}, round/2, enough)
			case 3:
				sameAsMap(t, numbers, Options[string, int64]{MaxBytes: 64 << 20, TTL: ttl}, round/2, enough)
			}
			linearizability(t, 30_000, round)
		})
		for range 2 { // the cleanup of what the first one finds has begun by the second
			debug.FreeOSMemory()
		}
		now := resident(t)
		t.Logf("round %d: %d MiB resident", round, now>>20)
		if round < 5 {
			high = max(high, now)
		} else if now > high+64<<20 {
			t.Fatalf("%d MiB more than in the first rounds", (now-high)>>20)
		}
	}
}
