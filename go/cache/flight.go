//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// A call is one call of a loader, and its context.
type call struct {
	context.Context
	cancel context.CancelCauseFunc
	// How many wait for one of its flights. At 0 it was given up, and nobody may board any more.
	waiting atomic.Int64
	// The call whose loader made this one, if there is one.
	parent *call
	// The calls that the loader waits for, each as often as it does, under waits.
	waitsFor map[*call]int
}

// waits is the lock of what calls wait for, of all caches. Only those take it whose loaders load something.
var waits sync.Mutex

type callKey struct{}

// callOf returns the call whose loader was given ctx, or nil.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// newCall returns a call that one waits for.
func newCall(ctx context.Context, parent *call) *call {
	c := &call{parent: parent}
	c.Context, c.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	c.waiting.Store(1)
	return c
}

// Value is that of the caller's context; the call itself can be asked for, too.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// join is false if the call was given up.
func (c *call) join() bool {
	for {
		n := c.waiting.Load()
		if n == 0 {
			return false
		}
		if c.waiting.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// wait notes that the loader of a call waits for another one, unless that would wait for the first in the end.
func (c *call) wait(other *call) bool {
	waits.Lock()
	defer waits.Unlock()
	if other.reaches(c, map[*call]bool{}) {
		return false
	}
	if c.waitsFor == nil {
		c.waitsFor = map[*call]int{}
	}
	c.waitsFor[other]++
	return true
}

func (c *call) reaches(other *call, seen map[*call]bool) bool {
	if c == other {
		return true
	}
	seen[c] = true
	for next := range c.waitsFor {
		if !seen[next] && next.reaches(other, seen) {
			return true
		}
	}
	return false
}

// waited takes back what wait noted.
func (c *call) waited(other *call) {
	waits.Lock()
	defer waits.Unlock()
	if c.waitsFor[other]--; c.waitsFor[other] == 0 {
		delete(c.waitsFor, other)
	}
}

var errGivenUp = errors.New("cache: nobody waits for the load any more")

func (c *call) leave() {
	if c.waiting.Add(-1) == 0 {
		c.cancel(errGivenUp)
	}
}

// A flight is the load of one key.
type flight[K Key, V any] struct {
	call   *call
	stripe *stripe[K, V]
	key    K      // for the loader, which may do with it what it likes
	id     string // its bytes
	// Nobody waited for it when it began: there is an entry, which is to be replaced before it is over.
	refresh bool
	over    bool // under the stripe's lock
	landed  chan struct{}

	outcome[V] // written before landed is closed
	taken      atomic.Bool
}

// outcome is what came of a load: a panic, an error or a value.
type outcome[V any] struct {
	panicked *PanicError
	err      error
	value    V
	// The bytes of the value, if more than one may want it and it can't be shared: the first gets the value itself.
	bytes []byte
}

// Loads are listed in as many parts as this.
const stripes = 32

// loads has the flights of a cache. One is listed under its key until it lands, and stores its value only if it still
// is: a change of the key takes it from the list, so that it can't store a value from before the change, and nobody
// joins it any more.
//
// A change looks whether there are flights before and after it is made, and takes locks only if there are. Before: then
// no load that was under way when the change was called stores behind it. After: then none does later that
// began while it was made. A load that begins and lands meanwhile may store, as if it had begun after the change.
type loads[K Key, V any] struct {
	_       [64]byte     // loads must not take the line of what all operations read
	listed  atomic.Int64 // flights
	_       [56]byte
	stripes [stripes]stripe[K, V]
	seed    maphash.Seed
	closed  chan struct{}
	closing sync.Once
	running sync.WaitGroup // calls of loaders

	successes, failures atomic.Uint64
	nanoseconds         atomic.Int64
}

// A stripe has the flights of some keys. Its lock is held while one of them stores its value, but never when a loader
// or a codec is called.
type stripe[K Key, V any] struct {
	sync.Mutex
	flights map[string]*flight[K, V] // by the bytes of their keys
	calls   map[*call]struct{}       // whose first flight is of this stripe
	pauses  *pauses
	closed  bool
}

func (l *loads[K, V]) init() {
	l.seed = maphash.MakeSeed()
	l.closed = make(chan struct{})
}

// id returns the bytes of a key, which must stay as they are while they are used.
func (c *Cache[K, V]) id(key *K) string {
	data, length := c.keys.bytes(unsafe.Pointer(key))
	return unsafe.String(data, length)
}

// stripe returns the stripe of a key, and the bytes of the key.
func (c *Cache[K, V]) stripe(key *K) (s *stripe[K, V], id string, hash uint64) {
	id = c.id(key)
	hash = maphash.String(c.loads.seed, id)
	return &c.loads.stripes[hash%stripes], id, hash
}

// forget lets a load of a key that is under way not store its value, and nobody wait for it who does not yet.
func (c *Cache[K, V]) forget(key *K) {
	if c.loads.listed.Load() != 0 {
		c.forgetListed(key)
	}
}

func (c *Cache[K, V]) forgetListed(key *K) {
	s, id, _ := c.stripe(key)
	s.Lock()
	if f := s.flights[id]; f != nil {
		c.loads.remove(f)
	}
	s.Unlock()
}

// forgetPrefix does that for all keys whose bytes begin with a prefix.
func (l *loads[K, V]) forgetPrefix(prefix string) {
	if l.listed.Load() == 0 {
		return
	}
	for i := range l.stripes {
		s := &l.stripes[i]
		s.Lock()
		for id, f := range s.flights {
			if strings.HasPrefix(id, prefix) {
				l.remove(f)
			}
		}
		s.Unlock()
	}
}

// remove takes a flight from the list it is in, under the lock of its stripe.
func (l *loads[K, V]) remove(f *flight[K, V]) {
	delete(f.stripe.flights, f.id)
	l.listed.Add(-1)
}

// close lets nobody board any more, ends the contexts of all loaders, and releases those who wait.
func (l *loads[K, V]) close() {
	for i := range l.stripes {
		s := &l.stripes[i]
		s.Lock()
		s.closed = true
		for c := range s.calls {
			c.cancel(ErrClosed)
		}
		s.Unlock()
	}
	l.closing.Do(func() { close(l.closed) })
}

// board joins the flight of a key, or lists a new one, which is fresh: its caller must run it. A fresh flight belongs
// to own, or to a new call if that is nil. It returns neither a flight nor an error if the key has an entry by now,
// unless it is to be loaded anyway.
func (c *Cache[K, V]) board(
	ctx context.Context, caller, own *call, key *K, anyway bool,
) (f *flight[K, V], fresh bool, err error) {
	s, id, _ := c.stripe(key)
	s.Lock()
	defer s.Unlock()
	if s.closed {
		return nil, false, ErrClosed
	}
	f = s.flights[id]
	if f != nil {
		for around := caller; around != nil; around = around.parent {
			if around == f.call {
				return nil, false, errCycle
			}
		}
		if f.call.join() {
			return f, false, nil
		}
		c.loads.remove(f)
	}
	if !anyway && c.has(key) {
		return nil, false, nil
	}
	return c.list(ctx, caller, own, key, s, id), true, nil
}

// list lists a new flight, under the lock of its stripe.
func (c *Cache[K, V]) list(
	ctx context.Context, caller, own *call, key *K, s *stripe[K, V], id string,
) *flight[K, V] {
	if s.flights == nil {
		s.flights, s.calls = map[string]*flight[K, V]{}, map[*call]struct{}{}
	}
	f := &flight[K, V]{call: own, stripe: s, key: *key, id: strings.Clone(id), landed: make(chan struct{})}
	if c.keys.kind == slice {
		f.key = copyOf[K](c.keys, []byte(id))
	}
	if own == nil {
		f.call = newCall(ctx, caller)
		s.calls[f.call] = struct{}{}
		c.loads.running.Add(1)
	} else {
		own.waiting.Add(1)
	}
	s.flights[f.id] = f
	c.loads.listed.Add(1)
	return f
}

// has tells whether there is an entry, without counting as a use of it.
func (c *Cache[K, V]) has(key *K) bool {
	_, found := c.nanosecondsLeft(key)
	return found
}

// run makes a call for flights, and lands all of them, whatever happens in it. What it found without an error may still
// be to deliver.
func (c *Cache[K, V]) run(l *call, flights []*flight[K, V], load func() error, deliver func()) {
	begin := time.Now()
	o, counted, returned := outcome[V]{err: errExited}, false, false
	count := func() {
		counted = true
		took := time.Since(begin)
		c.loads.nanoseconds.Add(int64(took))
		if c.latencies != nil {
			c.latencies.load.record(took)
		}
		if o.err == nil {
			c.loads.successes.Add(1)
		} else {
			c.loads.failures.Add(1)
		}
	}
	defer func() {
		if !returned {
			if value := recover(); value != nil {
				o.panicked = &PanicError{Value: value, Stack: debug.Stack()}
			}
		}
		if !counted {
			count()
		}
		switch {
		case o.err == nil:
			o.err = ErrNotFound // of those that got no value
		case context.Cause(l) == ErrClosed:
			o.err = ErrClosed
		}
		for _, f := range flights {
			c.land(f, o, nil, 0)
		}
		s := flights[0].stripe
		s.Lock()
		delete(s.calls, l)
		s.Unlock()
		l.cancel(nil)
		c.loads.running.Done()
	}()
	if o.err = load(); o.err == nil && deliver != nil {
		count() // before those who wait look at Stats
		deliver()
	}
	returned = true
}

// deliver lands a flight with a value.
func (c *Cache[K, V]) deliver(f *flight[K, V], value V) {
	if c.value.isDirect() {
		data, length := c.value.bytes(unsafe.Pointer(&value))
		c.land(f, outcome[V]{value: value}, data, length)
		return
	}
	buffer := getBuffer()
	defer putBuffer(buffer)
	if err := c.encode(buffer, &value); err != nil {
		c.land(f, outcome[V]{err: err}, nil, 0)
		return
	}
	c.land(f, outcome[V]{value: value}, unsafe.SliceData(*buffer), len(*buffer))
}

// land ends a flight, unless it has ended. If there is a value, its bytes are given, too, and stored if the flight is
// still listed.
func (c *Cache[K, V]) land(f *flight[K, V], o outcome[V], data *byte, length int) {
	// A loader whose context had ended may have not looked.
	absent := o.panicked == nil && errors.Is(o.err, ErrNotFound) && f.call.Err() == nil
	s := f.stripe
	s.Lock()
	if f.over {
		s.Unlock()
		return
	}
	f.over = true
	if s.flights[f.id] == f {
		switch {
		case o.err == nil:
			err := c.setBytes(unsafe.StringData(f.id), len(f.id), data, length, ffi.CacheTTLDefault)
			c.notAbsent(unsafe.StringData(f.id), len(f.id))
			if err != nil && f.refresh {
				c.pause(f)
			}
		case absent:
			if f.refresh {
				c.core.Delete(unsafe.StringData(f.id), len(f.id))
			}
			c.setAbsent(f.id)
		case f.refresh:
			c.pause(f)
		}
		c.loads.remove(f) // now that it has stored: until then, changes must see it
	}
	s.Unlock()
	// Nobody joins any more.
	if o.err == nil && !c.shares() && f.call.waiting.Load() > 1 {
		o.bytes = append(make([]byte, 0, length), unsafe.Slice(data, length)...)
	}
	f.outcome = o
	close(f.landed)
}

// shares tells whether copies of a value have nothing in common that could be changed.
func (c *Cache[K, V]) shares() bool { return c.value.kind == text || c.value.kind == fixed }

// take returns the outcome of a flight that has landed, to each who waited for it.
func (c *Cache[K, V]) take(f *flight[K, V]) (value V, err error) {
	switch {
	case f.panicked != nil:
		panic(f.panicked)
	case f.err != nil:
		return value, f.err
	case c.shares() || !f.taken.Swap(true):
		return f.value, nil
	case c.value.kind == slice:
		return copyOf[V](c.value, f.bytes), nil
	case c.value.kind == flattened:
		if value, ok := c.fill(f.bytes); ok {
			return value, nil
		}
		return value, errors.New("cache: the value's own methods can't read what they wrote")
	}
	if err := c.codec.Decode(f.bytes, &value); err != nil {
		var none V
		return none, fmt.Errorf("cache: decoding the value: %w", err)
	}
	return value, nil
}
