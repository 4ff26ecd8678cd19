//go:build cgo

package cache

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A model is a plain map that does what a cache does by a clock that is moved by hand, in which nothing is evicted: so
// all that can be told of it is known exactly, times and statistics included.
type model struct {
	now       time.Duration
	ttl, idle time.Duration // those of Options
	entries   map[string]*modelled
	told      map[string][]removal // by key
	stats     Stats
}

type modelled struct {
	value         []byte
	version       uint64
	deadline, end time.Duration // by the time to live and by the idle time; 0: never
}

type removal struct {
	value  string
	reason RemovalReason
}

// after returns the time that is so much later, if there is one.
func (m *model) after(d time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	return m.now + d
}

// left returns how long an entry will live; 0 means for ever.
func (m *model) left(e *modelled) time.Duration {
	switch {
	case e.deadline == 0 && e.end == 0:
		return 0
	case e.deadline == 0 || e.end != 0 && e.end < e.deadline:
		return e.end - m.now
	}
	return e.deadline - m.now
}

// find returns the entry of a key, or nil.
func (m *model) find(key string) *modelled {
	e := m.entries[key]
	if e != nil && (e.deadline != 0 && e.deadline <= m.now || e.end != 0 && e.end <= m.now) {
		m.remove(key, RemovedExpired)
		return nil
	}
	return e
}

func (m *model) remove(key string, reason RemovalReason) {
	m.told[key] = append(m.told[key], removal{string(m.entries[key].value), reason})
	delete(m.entries, key)
}

// read is a find that counts.
func (m *model) read(key string) *modelled {
	e := m.find(key)
	if e == nil {
		m.stats.Misses++
		return nil
	}
	m.stats.Hits++
	e.end = m.after(m.idle)
	return e
}

func (m *model) store(key string, value []byte, deadline time.Duration) {
	if m.find(key) != nil {
		m.remove(key, RemovedReplaced)
	}
	m.stats.Sets++
	m.entries[key] = &modelled{value: bytes.Clone(value), deadline: deadline, end: m.after(m.idle)}
}

func (m *model) delete(key string) bool {
	found := m.find(key) != nil
	if found {
		m.remove(key, RemovedDeleted)
		m.stats.Deletes++
	}
	return found
}

// live returns all keys that have an entry.
func (m *model) live() []string {
	keys := slices.Sorted(maps.Keys(m.entries))
	return slices.DeleteFunc(keys, func(key string) bool { return m.find(key) == nil })
}

func TestSameAsModel(t *testing.T) {
	seeds := uint64(16)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { sameAsModel(t, seed) })
	}
}

func sameAsModel(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	clock := NewManualClock()
	m := &model{entries: map[string]*modelled{}, told: map[string][]removal{}}
	if seed%2 == 1 {
		m.ttl = 50 * time.Millisecond
	}
	if seed/2%2 == 1 {
		m.idle = 30 * time.Millisecond
	}
	o := Options[string, []byte]{MaxBytes: 128 << 20, TTL: m.ttl, IdleTTL: m.idle, Clock: clock}
	told := map[string][]removal{}
	if seed/4%2 == 1 { // else Go replaces values itself
		o.RemovalBytes = o.MaxBytes / 2 // more than there are
		o.OnRemoval = func(key string, value []byte, reason RemovalReason) {
			told[key] = append(told[key], removal{string(value), reason})
		}
	}
	c := open(t, o)
	keys := []string{"", "k", strings.Repeat("k", 255), strings.Repeat("k", 70_000)}
	for i := range 12 {
		keys = append(keys, fmt.Sprint("key ", i))
	}
	key := func() string { return keys[random.IntN(len(keys))] }
	count := 0
	value := func() []byte {
		// About the sizes at which entries are stored in another way.
		sizes := []int{0, 8, 100, 4096, 16_340, 65_536, 262_144}
		count++
		text := fmt.Appendf(nil, "%d,", count)
		return bytes.Repeat(text, sizes[random.IntN(3+random.IntN(5))]/len(text)+random.IntN(9))
	}
	lifetime := func() time.Duration {
		return []time.Duration{0, 1, 20 * time.Millisecond, time.Hour, 1 << 62}[random.IntN(5)]
	}
	// same expects that what was found is what the model has.
	same := func(what string, e *modelled, value []byte, found bool) {
		t.Helper()
		if found != (e != nil) || found && !bytes.Equal(value, e.value) {
			t.Fatalf("%s: found %t (%d bytes), want %t", what, found, len(value), e != nil)
		}
	}
	is := func(what string, got, want any, err error) {
		t.Helper()
		if got != want || err != nil {
			t.Fatalf("%s: %v, want %v; %v", what, got, want, err)
		}
	}
	for range 1500 {
		k, v := key(), value()
		deadline := m.after(m.ttl)
		switch random.IntN(20) {
		case 0:
			is("Set", nil, nil, c.Set(k, v))
			m.store(k, v, deadline)
		case 1:
			ttl := lifetime()
			is("SetTTL", nil, nil, c.SetTTL(k, v, ttl))
			m.store(k, v, m.after(ttl))
		case 2, 3, 4:
			e := m.find(k)
			if e != nil {
				deadline = e.deadline
			}
			switch what := random.IntN(3); what {
			case 0:
				is("SetKeepTTL", nil, nil, c.SetKeepTTL(k, v))
			case 1:
				if is("Append", nil, nil, Append(c, k, v)); e != nil {
					v = slices.Concat(e.value, v)
				}
			case 2:
				_, _, err := c.Update(k, func(old []byte, found bool) ([]byte, Change) {
					same("Update", e, old, found)
					return v, Replace
				})
				is("Update", nil, nil, err)
			}
			m.store(k, v, deadline)
		case 5:
			stored, err := c.SetIfAbsent(k, v)
			if is("SetIfAbsent", stored, m.find(k) == nil, err); stored {
				m.store(k, v, deadline)
			}
		case 6:
			e, wanted := m.find(k), uint64(1)
			if e != nil {
				wanted = e.version
			}
			stored, err := c.CompareAndSet(k, wanted, v)
			if is("CompareAndSet", stored, e != nil, err); stored {
				m.store(k, v, deadline)
			}
		case 7, 8:
			got, found := c.Get(k)
			same("Get", m.read(k), got, found)
		case 9:
			e := m.read(k)
			got, found := c.GetEntry(k)
			if same("GetEntry", e, got.Value, found); found {
				is("GetEntry", got.Version, e.version, nil)
				is("GetEntry", got.TTL, m.left(e), nil)
			}
		case 10:
			some := []string{key(), key(), k}
			values, found := c.GetMany(some)
			for i, key := range some {
				same("GetMany", m.read(key), values[i], found[i])
			}
		case 11:
			e := m.find(k)
			ttl, found := c.TTL(k)
			if is("TTL", found, e != nil, nil); found {
				is("TTL", ttl, m.left(e), nil)
			}
		case 12:
			e, ttl := m.find(k), lifetime()
			if is("Touch", c.Touch(k, ttl), e != nil, nil); e != nil {
				e.deadline, e.end = m.after(ttl), m.after(m.idle)
			}
		case 13:
			is("Delete", c.Delete(k), m.delete(k), nil)
		case 14:
			some, values := []string{key(), key(), k}, [][]byte{value(), value(), v}
			is("SetMany", nil, nil, c.SetMany(some, values))
			for i, key := range some {
				m.store(key, values[i], deadline)
			}
		case 15:
			if random.IntN(10) > 0 {
				continue
			}
			m.live()
			c.Clear()
			for _, key := range m.live() {
				m.remove(key, RemovedDeleted)
			}
			is("Clear", c.Len(), 0, nil)
		case 16:
			deleted := 0
			for _, key := range m.live() {
				if strings.HasPrefix(key, "kk") && m.delete(key) {
					deleted++
				}
			}
			is("DeletePrefix", DeletePrefix(c, "kk"), deleted, nil)
		default:
			d := []time.Duration{time.Millisecond, 5 * time.Millisecond, 25 * time.Millisecond}[random.IntN(3)]
			clock.Advance(d)
			m.now += d
			c.CleanUp()
			is("CleanUp", c.Len(), len(m.live()), nil)
		}
		for _, key := range m.live() {
			e := m.entries[key]
			got, meta, found := c.read(&key, false)
			if same("read", e, got, found); e.version == 0 {
				e.version = meta.Version
			}
			is("version", meta.Version, e.version, nil)
		}
		s := c.Stats()
		is("Stats", [5]uint64{s.Hits, s.Misses, s.Sets, s.Deletes, s.Evictions},
			[5]uint64{m.stats.Hits, m.stats.Misses, m.stats.Sets, m.stats.Deletes, 0}, nil)
	}
	c.CleanUp()
	m.live()
	c.Close()
	is("RemovalsDropped", c.Stats().RemovalsDropped, uint64(0), nil)
	if o.OnRemoval != nil {
		for key, want := range m.told {
			if !slices.Equal(told[key], want) {
				t.Errorf("of %.20q was told %.300v, want %.300v", key, told[key], want)
			}
		}
	}
}
