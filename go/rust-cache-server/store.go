package main

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"

	"tandem.example/go/cache"
)

// A store is the cache with what the commands need beyond it: changes of a key that depend on its value, and values
// with a content type.
//
// What the cache holds for a key is the value, its content type, and a byte that says how long the content type is.
// Behind, because then a value is read straight into a reply, and stored straight out of a request.
type store struct {
	*cache.Cache[[]byte, []byte]
	seed    maphash.Seed
	stripes [stripes]stripe
	next    atomic.Uint64 // where randomKey goes on
}

// stripes is how many locks there are for all keys.
const stripes = 256

// A stripe has a processor's cache line (two, for its prefetcher) of its own.
type stripe struct {
	sync.RWMutex
	_ [128 - 24]byte
}

func newStore(maxBytes int64) (*store, error) {
	c, err := cache.New(cache.Options[[]byte, []byte]{MaxBytes: maxBytes})
	if err != nil {
		return nil, err
	}
	return &store{Cache: c, seed: maphash.MakeSeed()}, nil
}

// A lockSet is the locks of some keys: whoever changes a key has to hold its. They are taken in one order everywhere, so that
// nobody waits in a circle.
type lockSet [stripes / 64]uint64

// locksOf returns the locks of every step-th of keys.
func (s *store) locksOf(step int, keys ...[]byte) (set lockSet) {
	for i := 0; i < len(keys); i += step {
		stripe := maphash.Bytes(s.seed, keys[i]) % stripes
		set[stripe/64] |= 1 << (stripe % 64)
	}
	return set
}

func (l lockSet) with(other lockSet) lockSet {
	for i := range l {
		l[i] |= other[i]
	}
	return l
}

func (s *store) lock(set lockSet)    { s.each(set, (*sync.RWMutex).Lock) }
func (s *store) unlock(set lockSet)  { s.each(set, (*sync.RWMutex).Unlock) }
func (s *store) rlock(set lockSet)   { s.each(set, (*sync.RWMutex).RLock) }
func (s *store) runlock(set lockSet) { s.each(set, (*sync.RWMutex).RUnlock) }

func (s *store) each(set lockSet, do func(*sync.RWMutex)) {
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			do(&s.stripes[i*64+bits.TrailingZeros64(word)].RWMutex)
		}
	}
}

// appendValue appends the value of a key, and tells whether there is one.
func (s *store) appendValue(dst, key []byte) ([]byte, bool) {
	dst, _, found := s.appendEntry(dst, key)
	return dst, found
}

// appendEntry appends the value of a key, and returns its content type too, which lies behind the value.
func (s *store) appendEntry(dst, key []byte) (value, contentType []byte, found bool) {
	dst, found = s.AppendGet(dst, key)
	if !found {
		return dst, nil, false
	}
	end := len(dst) - 1
	start := end - int(dst[end])
	return dst[:start], dst[start:end], true
}

// A value without a content type ends with this byte.
const plain = 0
