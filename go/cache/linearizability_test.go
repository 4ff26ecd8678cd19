//go:build cgo

package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A subject is a type of values, and how they are made and changed.
type subject[V any] struct {
	value func(number int, random *rand.Rand) V // one that no other number has
	more  func(number int) V                    // to be added
	add   func(c *Cache[string, V], key string, more V) (sum V, told bool, err error)
	sum   func(value, more V) V
	text  func(V) string
	of    func(text string) V
}

var texts = subject[string]{
	value: func(number int, random *rand.Rand) string {
		length := random.IntN(100)
		if random.IntN(10) == 0 {
			length = random.IntN(5000) // in a small cache, most of these have a mapping of their own
		}
		return fmt.Sprintf("%d%s", number, strings.Repeat(".", length))
	},
	more: func(number int) string { return fmt.Sprintf("+%d", number) },
	add: func(c *Cache[string, string], key, more string) (string, bool, error) {
		return "", false, Append(c, key, more)
	},
	sum:  func(value, more string) string { return value + more },
	text: func(s string) string { return s },
	of:   func(s string) string { return s },
}

var numbers = subject[int64]{
	value: func(number int, _ *rand.Rand) int64 { return int64(number) << 20 },
	more:  func(number int) int64 { return int64(number % 1000) },
	add: func(c *Cache[string, int64], key string, more int64) (int64, bool, error) {
		sum, err := Increment(c, key, more)
		return sum, true, err
	},
	sum:  func(value, more int64) int64 { return value + more },
	text: func(n int64) string { return strconv.FormatInt(n, 10) },
	of: func(s string) int64 {
		n, _ := strconv.ParseInt(s, 10, 64)
		return n
	},
}

func (s subject[V]) register(forget bool) register {
	add := func(value, more string) string { return s.text(s.sum(s.of(value), s.of(more))) }
	return register{add: add, forget: forget, ahead: 100 * time.Microsecond}
}

// A user is a goroutine that uses a cache in random ways, and tells what came of it.
type user[V any] struct {
	t       *testing.T
	c       *Cache[string, V]
	subject subject[V]
	random  *rand.Rand
	now     func() int64
	numbers *atomic.Int64
	ttl     time.Duration     // of the cache
	ttls    bool              // whether entries are given times to live
	loads   bool              // whether values are loaded
	seen    map[string]uint64 // versions
}

func (u *user[V]) new() V { return u.subject.value(int(u.numbers.Add(1)), u.random) }

func (u *user[V]) check(err error) {
	if err != nil {
		u.t.Error(err)
	}
}

// withoutIdle returns what is left of an entry's TTL, without its idle time, which takes hours.
func withoutIdle(left time.Duration) time.Duration {
	if left > time.Minute {
		return 0
	}
	return left
}

// do does one thing to a key.
func (u *user[V]) do(key string) operation {
	value := u.new()
	o := operation{value: u.subject.text(value), ttl: u.ttl, version: u.seen[key]}
	var result V
	var err error
	entry := func(e Entry[V]) {
		result, o.told, o.entry, o.left, o.hasLeft = e.Value, true, e.Version, withoutIdle(e.TTL), true
	}
	ttl := time.Duration(0)
	if u.ttls && u.random.IntN(2) == 0 {
		ttl = time.Duration(1+u.random.IntN(20_000)) * time.Microsecond
	}
	kinds := 21
	if !u.loads {
		kinds--
	}
	o.call = u.now()
	switch u.random.IntN(kinds) {
	case 0, 1, 2:
		result, o.done = u.c.Get(key)
		o.told = true
	case 3:
		var raw []byte
		raw, o.done = u.c.AppendGet(nil, key)
		result, _ = u.c.valueOf(raw)
		o.told = true
	case 4:
		result, o.done = u.c.Peek(key)
		o.told = true
	case 5, 6:
		var e Entry[V]
		e, o.done = u.c.GetEntry(key)
		entry(e)
	case 7:
		o.left, o.done = u.c.TTL(key)
		o.left = withoutIdle(o.left)
		o.hasLeft = true
	case 8:
		o.action, o.done, err = stored, true, u.c.Set(key, value)
	case 9:
		o.action, o.done, o.ttl, err = stored, true, ttl, u.c.SetTTL(key, value, ttl)
	case 10:
		o.action, o.done, o.keepTTL, err = stored, true, true, u.c.SetKeepTTL(key, value)
	case 11:
		o.action, o.condition = stored, absent
		o.done, err = u.c.SetIfAbsent(key, value)
	case 12:
		o.action, o.condition = stored, present
		o.done, err = u.c.Replace(key, value)
	case 13:
		o.action, o.condition = stored, ofVersion
		o.done, err = u.c.CompareAndSet(key, o.version, value)
	case 14:
		o.action = stored
		options := StoreOptions{TTL: ttl}
		if ttl != 0 {
			o.ttl = ttl
		}
		if u.random.IntN(4) == 0 {
			options.TTL, options.KeepTTL, o.ttl, o.keepTTL = 0, true, u.ttl, true
		}
		switch o.condition = condition(u.random.IntN(4)); o.condition {
		case absent:
			options.IfAbsent = true
		case present:
			options.IfPresent = true
		case ofVersion:
			if options.IfVersion = o.version; o.version == 0 {
				o.condition = always
			}
		}
		o.entry, o.done, err = u.c.Store(key, value, options)
	case 15:
		more := u.subject.more(int(u.numbers.Add(1)))
		o.action, o.value, o.keepTTL, o.done = added, u.subject.text(more), true, true
		result, o.told, err = u.subject.add(u.c, key, more)
	case 16:
		more := u.subject.more(int(u.numbers.Add(1)))
		o.action, o.value, o.told = added, u.subject.text(more), true
		how := Set
		if u.random.IntN(2) == 0 {
			how, o.keepTTL = Replace, true
		}
		result, o.done, err = u.c.Update(key, func(old V, found bool) (V, Change) {
			if !found {
				return more, how
			}
			return u.subject.sum(old, more), how
		})
	case 17:
		o.action, o.ttl = touched, ttl
		o.done = u.c.Touch(key, ttl)
	case 18:
		o.action, o.done = removed, u.c.Delete(key)
	case 19:
		o.action, o.condition = removed, ofVersion
		o.done = u.c.CompareAndDelete(key, o.version)
	default:
		o.action, o.done = loaded, true
		result, err = u.c.GetOrLoad(u.t.Context(), key, func(context.Context, string) (V, error) {
			o.done = false
			return value, nil
		})
	}
	o.end = u.now()
	u.check(err)
	if o.told && (o.done || o.action == added) || o.action == loaded {
		o.result = u.subject.text(result)
	}
	if o.entry != 0 {
		u.seen[key] = o.entry
	}
	return o
}

// doMany does one thing to many keys, which are different.
func (u *user[V]) doMany(keys []string) []operation {
	operations := make([]operation, len(keys))
	values := make([]V, len(keys))
	for i := range keys {
		values[i] = u.new()
		operations[i] = operation{value: u.subject.text(values[i]), ttl: u.ttl}
	}
	var found []bool
	var err error
	kinds := 4
	if !u.loads {
		kinds--
	}
	what := [...]action{looked, stored, removed, loaded}[u.random.IntN(kinds)]
	call := u.now()
	switch what {
	case looked:
		values, found = u.c.GetMany(keys)
	case stored:
		err = u.c.SetMany(keys, values)
	case removed:
		u.c.DeleteMany(keys)
	default:
		loader := func(_ context.Context, missing []string, found func(string, V)) error {
			for _, key := range missing {
				found(key, values[slices.Index(keys, key)])
			}
			return nil
		}
		values, _, err = u.c.GetOrLoadMany(u.t.Context(), keys, loader)
	}
	end := u.now()
	u.check(err)
	for i := range operations {
		o := &operations[i]
		o.action, o.call, o.end = what, call, end
		switch what {
		case looked:
			o.told, o.done = true, found[i]
			if o.done {
				o.result = u.subject.text(values[i])
			}
		case stored:
			o.done = true
		case removed:
			o.untold = true
		default:
			o.result = u.subject.text(values[i])
			o.done = o.result != o.value
		}
	}
	return operations
}

// sweep has entries of other keys come and go in a crowd, so that entries move, and pages of the index split, merge and
// begin anew. Now and then it removes the keys that others use, and returns what it did to them.
func (u *user[V]) sweep(round int, keys []string) (operations []operation) {
	const crowd = 4000
	other := func(i int) string { return fmt.Sprintf("other key %d", i) }
	for i := range crowd {
		u.check(u.c.Set(other(i), u.new()))
	}
	u.check(u.c.WatchHotKeys(round % 2 * 4)) // with a watch, Rust looks for entries, else Go does
	o := operation{action: removed, untold: true, call: u.now()}
	switch round % 4 {
	case 0:
		DeletePrefix(u.c, "other")
		return nil
	case 1:
		u.c.Clear()
	case 2:
		DeletePrefix(u.c, "")
	default:
		half := func(key string, _ V) bool { return len(key)%2 == 0 || !strings.HasPrefix(key, "other") }
		u.c.DeleteFunc(half)
	}
	o.end = u.now()
	for range keys {
		operations = append(operations, o)
	}
	return operations
}

// recorded has goroutines use a few keys of a cache, each for so many rounds, and checks what came of it.
func recorded[V any](t *testing.T, s subject[V], o Options[string, V], rounds int, seed uint64) {
	const users = 6
	maxBytes := o.MaxBytes
	o.ReserveBytes = 2 * maxBytes
	c := open(t, o)
	keys := []string{"a", "key of a length", "0123456789abcdef"}
	var clock, count atomic.Int64
	var histories [users + 1][3][]operation // by key
	var using, sweeping sync.WaitGroup
	var over atomic.Bool
	newUser := func(number int) *user[V] {
		return &user[V]{
			t: t, c: c, subject: s, random: rand.New(rand.NewPCG(seed, uint64(number))), seen: map[string]uint64{},
			// Not time, so that of two moments one is always first.
			now: func() int64 { return clock.Add(1) }, numbers: &count,
		}
	}
	note := func(number int, operations []operation) {
		for i, o := range operations {
			histories[number][i] = append(histories[number][i], o)
		}
	}
	for number := range users {
		using.Go(func() {
			u := newUser(number)
			for range rounds {
				if u.random.IntN(20) == 0 {
					note(number, u.doMany(keys))
					continue
				}
				i := u.random.IntN(len(keys))
				histories[number][i] = append(histories[number][i], u.do(keys[i]))
			}
		})
	}
	sweeping.Go(func() {
		u := newUser(users)
		for round := 0; round == 0 || !over.Load(); round++ {
			note(users, u.sweep(round, keys))
			if forgetful := maxBytes < 1<<20; forgetful {
				u.check(c.Resize(maxBytes * int64(1+round%2)))
			}
			runtime.Gosched()
		}
	})
	using.Wait()
	over.Store(true)
	sweeping.Wait()
	evictions := c.Stats().Evictions
	if (evictions > 0) != (maxBytes < 1<<20) {
		t.Errorf("%d evictions with %d bytes", evictions, maxBytes)
	}
	for i, key := range keys {
		var history []operation
		for _, of := range histories {
			history = append(history, of[i]...)
		}
		if err := s.register(evictions > 0).check(history); err != nil {
			t.Errorf("%s: %.4000v", key, err)
		}
	}
}

// TestLinearizability has goroutines contend for a few keys while others come and go beside them, in so much memory
// that none may be lost, and in so little that any may.
func TestLinearizability(t *testing.T) {
	rounds := 30_000
	if testing.Short() {
		rounds = 1000
	}
	linearizability(t, rounds, 1)
}

func linearizability(t *testing.T, rounds int, seed uint64) {
	for _, maxBytes := range []int64{128 << 10, 8 << 20} {
		recorded(t, texts, Options[string, string]{MaxBytes: maxBytes}, rounds, seed)
		recorded(t, numbers, Options[string, int64]{MaxBytes: maxBytes, IdleTTL: time.Hour}, rounds, seed)
	}
}
