//go:build cgo

// Package cache is a concurrent cache off the Go heap, with a limit in bytes that counts everything.
//
// Entries lie in memory that the garbage collector does not see, so that a cache of any size adds nothing to its work.
// What the cache holds from the system (keys, values, index, bookkeeping and free space in between) never exceeds
// [Options].MaxBytes; old entries make room for new ones. A Set that returned is visible to each later
// Get of any goroutine.
//
// [Cache.GetOrLoad] loads what is not there, once for all who wait for it.
//
// # Values
//
// A value is copied in by Set and copied out by Get: what is found is equal to what was stored, in the sense of
// [reflect.DeepEqual], and has nothing in common with it. Strings, byte slices, arrays of bytes, booleans and numbers are
// stored as they are, a nil byte slice as an empty one. Values of other types are laid out in one piece of memory, by a plan
// that [New] makes of the type, so that Get fills in a value and parses nothing:
//
//   - All fields of structs are stored, also those that are not exported. Tags mean nothing.
//   - Pointers are followed. Two that point to the same point to two copies afterwards. A value that contains
//     itself is an error when it is stored, as is one that is more than 10,000 levels deep.
//   - A [time.Time] keeps its zone, but not the reading of the monotonic clock. Beside it, DeepEqual sees this: a value
//     of type any may be nil, or a boolean, a number, a string, a time.Time, a [time.Duration], a [json.Number], or one of
//     []any, map[string]any, []byte, []string, []bool, []int, []int64, []float64, []map[string]any, and maps of strings
//     to string, int, bool, float64 or []string. Another one is an error when it is stored.
//   - Channels, functions, interfaces with methods, unsafe pointers, map keys with pointers or interfaces in them, and
//     pointers in unexported fields that are not embedded, can't be stored so. A type that has them is stored by its
//     own methods, if it has both of a pair: MarshalBinary (or AppendBinary) and UnmarshalBinary, else those for text,
//     else those for JSON. So is a [net/netip.Addr], for example. If it has none, New returns an error that names the part.
//
// The strings, byte slices and other elements without pointers of a value that Get returned are parts of one
// allocation, which stays as long as one of them is in use: clone what is kept much longer than the rest.
//
// With the value, a tag of its type's shape is stored: field names, their order, their kinds and what they contain. A
// value of another shape, from a snapshot of another version of the program, is a miss.
//
// The package needs cgo.
package cache

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
	"tandem.example/go/internal/flat"
)

// Errors that a cache returns; test for them with [errors.Is].
var (
	// ErrClosed: the cache was closed.
	ErrClosed = errors.New("cache: closed")
	// ErrTooLarge: key and value together are larger than the cache may ever hold.
	ErrTooLarge = errors.New("cache: entry too large")
	// ErrOutOfMemory: the system refused memory, or other goroutines are storing all that MaxBytes allows.
	ErrOutOfMemory = errors.New("cache: out of memory")
	// ErrOverflow: the sum is out of the range of its type.
	ErrOverflow = errors.New("cache: the sum is out of range")
)

// Options are the settings of a cache; the zero value works.
type Options[K Key, V any] struct {
	// MaxBytes is the most memory that the cache may hold from the system, everything counted; at least
	// 64 KiB, by default 64 MiB. Address space for it is set aside at once, memory only as it is used.
	MaxBytes int64
	// MaxEntries is the most entries that the cache may hold. By default there is no such limit.
	MaxEntries int
	// TTL is how long an entry lives that [Cache.Set] stores. By default it lives until it is evicted.
	TTL time.Duration
	// IdleTTL is how long an entry lives that is not read. By default it lives as its TTL says. Each Get puts the end off,
	// but not beyond that of the TTL. It costs: each read takes a lock and writes, some 60 ns more.
	IdleTTL time.Duration
	// CleanUpInterval is how often a goroutine calls [Cache.CleanUp]. By default there is no such goroutine. It ends with
	// [Cache.Close], and does not keep a cache that can't be reached any more.
	CleanUpInterval time.Duration
	// ReserveBytes is how large [Cache.Resize] may make the limit: address space for it is set aside. By default that
	// is four times MaxBytes, or less where the index would grow by it.
	ReserveBytes int64
	// NegativeTTL is for how long [Cache.GetOrLoad] remembers that a loader returned [ErrNotFound] for a key, and returns
	// that without calling one again. By default it does not. What is stored for the key or deleted ends it at once. A
	// sixteenth of MaxBytes is set aside for this, which must be 128 KiB at least.
	NegativeTTL time.Duration
	// RefreshAhead is how long before its time is over an entry that [Cache.GetOrLoad] or [Cache.GetOrLoadMany] finds is
	// loaded anew in the background, while what is there goes on being returned. It must be less than TTL and IdleTTL, if
	// they are set. By default nothing is. If the loader fails, or its value finds no room, the entry stays, and the load is
	// tried again after a tenth of this time at the earliest; with [ErrNotFound], the entry is removed. Errors and panics of
	// these loads are only counted, in Stats.LoadFailures. A hit costs a second look for the entry.
	RefreshAhead time.Duration
	// RecordLatencies makes the cache measure how long each operation takes, for [Cache.Latencies]. It adds some 70 ns to each, and
	// takes 160 KiB of Go's heap. By default nothing is measured.
	RecordLatencies bool
	// OnRemoval is called with each entry that went, and why, by a goroutine that the cache starts for it: in the order in which
	// they went for each key, soon after that, and with nothing locked. It may use the cache, but not close it. While it does
	// not keep up, entries wait in memory of RemovalBytes; when that is full, those that go then are dropped, and counted in
	// Stats.RemovalsDropped. A panic in it is not recovered. [Cache.Close] returns when it was called for all that went
	// before; what the cache has at that moment does not count as removed.
	OnRemoval func(key K, value V, reason RemovalReason)
	// RemovalBytes is how much of MaxBytes is for entries that wait for OnRemoval, at most half of what NegativeTTL leaves of
	// it. By default it is a sixteenth. An entry that takes more is never among them. [Cache.Resize] does not change it.
	RemovalBytes int64
	// Clock tells what has expired, and what is to be loaded ahead of that, so that tests need not wait. CleanUpInterval,
	// load times and latencies are those of the system's clock, as is all by default.
	Clock *ManualClock
	// Codec turns values into bytes and back, instead of what the package does by default.
	Codec Codec[V]
}

// Stats is what happened since a cache was made, and what it holds. While other goroutines are at work, the
// numbers may be a few operations apart.
type Stats struct {
	Hits        uint64 // reads that found their entry
	Misses      uint64 // reads that found none, or an expired one
	Sets        uint64 // entries stored, new and replaced
	Deletes     uint64 // entries removed by Delete
	Evictions   uint64 // entries removed to make room
	Expirations uint64 // entries removed because their time was over
	Entries     int    // entries held, with those expired that are not removed yet
	Bytes       int64  // memory held from the system, everything counted
	MaxBytes    int64  // the limit of Bytes
	Expiring    int    // of Entries, those that do not live until they are evicted

	LoadSuccesses uint64        // calls of loaders that returned no error
	LoadFailures  uint64        // calls of loaders that returned one, [ErrNotFound] included, or panicked
	TotalLoadTime time.Duration // what all these calls took
	NegativeHits  uint64        // loads that were spared by [Options].NegativeTTL

	RemovalsDropped uint64 // entries that went of which [Options].OnRemoval was not told
}

// Cache is a cache of values of type V by keys of type K. Its methods may be called from many goroutines at once.
//
// A cache that is not closed is freed some time after it can't be reached any more.
type Cache[K Key, V any] struct {
	core  native
	reads *reader
	keys  layout
	value layout
	codec Codec[V]   // of encoded values
	plan  *flat.Plan // of flattened values
	loads loads[K, V]
	// How many values were found by reads that count, but could not be decoded.
	undecodable atomic.Uint64

	negatives    negatives
	ttl          uint64 // that of Options, in nanoseconds
	refreshAhead time.Duration
	cleaner      *worker // nil without CleanUpInterval
	removals     removals[K, V]
	latencies    *timings // nil without RecordLatencies
	clock        *ManualClock
	hot          sync.Mutex // of WatchHotKeys
}

// New makes a cache. It fails if an option is out of range, or if the system refuses the address space.
func New[K Key, V any](o Options[K, V]) (*Cache[K, V], error) {
	switch {
	case o.MaxBytes < 0:
		return nil, errors.New("cache: Options.MaxBytes is negative")
	case o.MaxEntries < 0:
		return nil, errors.New("cache: Options.MaxEntries is negative")
	case o.TTL < 0:
		return nil, errors.New("cache: Options.TTL is negative")
	case o.IdleTTL < 0:
		return nil, errors.New("cache: Options.IdleTTL is negative")
	case o.CleanUpInterval < 0:
		return nil, errors.New("cache: Options.CleanUpInterval is negative")
	case o.ReserveBytes < 0:
		return nil, errors.New("cache: Options.ReserveBytes is negative")
	case o.RemovalBytes < 0:
		return nil, errors.New("cache: Options.RemovalBytes is negative")
	case o.RemovalBytes > 0 && o.OnRemoval == nil:
		return nil, errors.New("cache: Options.RemovalBytes is for OnRemoval, which is not set")
	case o.NegativeTTL < 0:
		return nil, errors.New("cache: Options.NegativeTTL is negative")
	case o.NegativeTTL > 0 && o.MaxBytes > 0 && o.MaxBytes < 2*minBytes:
		return nil, errors.New("cache: Options.MaxBytes is below 128 KiB with NegativeTTL")
	case o.RefreshAhead < 0:
		return nil, errors.New("cache: Options.RefreshAhead is negative")
	case o.TTL > 0 && o.RefreshAhead >= o.TTL:
		return nil, errors.New("cache: Options.RefreshAhead is not less than TTL")
	case o.IdleTTL > 0 && o.RefreshAhead >= o.IdleTTL: // or each hit would find the entry due
		return nil, errors.New("cache: Options.RefreshAhead is not less than IdleTTL")
	}
	negative := ffi.CacheOptions{TTL: uint64(o.NegativeTTL), Clock: o.Clock.native()}
	if o.NegativeTTL > 0 {
		o.MaxBytes = cmp.Or(o.MaxBytes, defaultBytes)
		negative.MaxBytes = uint64(negativeBytes(o.MaxBytes))
		if o.ReserveBytes > 0 {
			negative.Reserve = uint64(negativeBytes(max(o.ReserveBytes, o.MaxBytes)))
		}
	}
	var value layout
	var plan *flat.Plan
	if o.Codec == nil {
		if value = layoutOf(reflect.TypeFor[V]()); value.kind == flattened {
			var err error
			if plan, err = flat.Of(reflect.TypeFor[V]()); err != nil {
				return nil, fmt.Errorf("cache: without Options.Codec, %w", err)
			}
		}
	}
	core, err := ffi.NewCache(ffi.CacheOptions{
		MaxBytes:   uint64(o.MaxBytes) - negative.MaxBytes,
		MaxEntries: uint64(o.MaxEntries),
		TTL:        uint64(o.TTL),
		Idle:       uint64(o.IdleTTL),
		Reserve:    uint64(o.ReserveBytes) - negative.Reserve,

		RemovalBytes: uint64(o.removalBytes()),
		Clock:        o.Clock.native(),
	})
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	c := &Cache[K, V]{
		core:         native{Cache: core},
		reads:        newReader(core, o.IdleTTL),
		keys:         layoutOf(reflect.TypeFor[K]()),
		value:        value,
		codec:        o.Codec,
		plan:         plan,
		ttl:          uint64(o.TTL),
		refreshAhead: o.RefreshAhead,
		clock:        o.Clock,
	}
	runtime.AddCleanup(c, ffi.Cache.Free, core)
	c.loads.init()
	if o.NegativeTTL > 0 {
		core, err := ffi.NewCache(negative)
		if err != nil {
			return nil, fmt.Errorf("cache: %w", err)
		}
		c.negatives = negatives{core, newReader(core, 0), o.NegativeTTL}
		runtime.AddCleanup(c, ffi.Cache.Free, core)
	}
	if o.RecordLatencies {
		c.latencies = &timings{start: time.Now()}
	}
	if o.OnRemoval != nil {
		c.listen(o.OnRemoval)
	}
	if o.CleanUpInterval > 0 {
		c.cleaner = startCleaner(c, o.CleanUpInterval)
	}
	return c, nil
}

// Get returns the value of a key, and whether there is one. A value that can't be decoded is not there.
// Numbers and structs of numbers cost no allocation; strings and byte slices one, as do structs of them; slices of
// other elements, maps and pointers to them some more each.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	if c.latencies != nil {
		return c.getTimed(&key)
	}
	switch c.value.kind {
	case fixed:
		return c.getFixed(&key)
	case flattened:
		return c.getFlat(&key)
	case encoded:
		return c.getEncoded(&key)
	}
	return c.getDirect(&key)
}

// getDirect returns a string or a byte slice.
func (c *Cache[K, V]) getDirect(key *K) (V, bool) {
	// A short value is copied out of the stack; memory for a longer one is made once, and handed out.
	var value V
	var short [256]byte
	var data []byte
	length, status := c.getBytes(key, &short[0], len(short))
	switch status {
	case ffi.OK:
		data = append(make([]byte, 0, length), short[:length]...)
	case ffi.BufferTooSmall:
		var found bool
		if data, found = c.appendGet(make([]byte, 0, length), key); !found {
			return value, false
		}
	default:
		return value, false
	}
	return owner[V](c.value, data), true
}

// getBytes copies the value of a key to where value points, if it has at most capacity bytes, and returns its length.
func (c *Cache[K, V]) getBytes(key *K, value *byte, capacity int) (int, ffi.Status) {
	var reads tally
	length, status := c.look(key, value, capacity, true, nil, &reads)
	c.reads.count(reads)
	runtime.KeepAlive(c)
	return length, status
}

// look is getBytes for a caller that counts what was found, or that does not use it. What else is known of an entry that is
// found goes to meta, if that is not nil.
func (c *Cache[K, V]) look(
	key *K, value *byte, capacity int, uses bool, meta *ffi.CacheMeta, reads *tally,
) (int, ffi.Status) {
	data, keyLength := c.keys.bytes(unsafe.Pointer(key))
	length, finding := c.reads.get(unsafe.Pointer(data), keyLength, unsafe.Pointer(value), capacity, uses, meta)
	switch finding {
	case hit:
		reads.hits++
		return length, ffi.OK
	case miss:
		reads.misses++
		return 0, ffi.NotFound
	case tooSmall:
		return length, ffi.BufferTooSmall
	}
	if uses && meta == nil {
		return c.core.Get(data, keyLength, value, capacity)
	}
	return c.lookWithMeta(data, keyLength, value, capacity, uses, meta)
}

func (c *Cache[K, V]) lookWithMeta(
	key *byte, keyLength int, value *byte, capacity int, uses bool, meta *ffi.CacheMeta,
) (int, ffi.Status) {
	var length int
	var known ffi.CacheMeta
	var status ffi.Status
	if uses {
		length, known, status = c.core.GetWithMeta(key, keyLength, value, capacity)
	} else {
		length, known, status = c.core.Peek(key, keyLength, value, capacity)
	}
	if meta != nil {
		*meta = known
	}
	return length, status
}

func (c *Cache[K, V]) getFixed(key *K) (V, bool) {
	var value V
	_, status := c.getBytes(key, (*byte)(unsafe.Pointer(&value)), c.value.size)
	if status != ffi.OK {
		value = *new(V) // it may have what was read before it was found to be gone
	}
	return value, status == ffi.OK
}

// getEncoded is apart from Get because what is handed to a codec escapes to the heap.
func (c *Cache[K, V]) getEncoded(key *K) (value V, found bool) {
	buffer := getBuffer()
	defer putBuffer(buffer)
	*buffer, found = c.appendGet((*buffer)[:0], key)
	if !found {
		return value, false
	}
	if value, found = c.decode(*buffer); !found {
		c.undecodable.Add(1)
	}
	return value, found
}

func (c *Cache[K, V]) getFlat(key *K) (value V, found bool) {
	var short [256]byte
	var data []byte
	length, status := c.getBytes(key, &short[0], len(short))
	switch {
	case status == ffi.OK && !c.plan.Shares():
		found = c.plan.FillFromStack(short[:length], unsafe.Pointer(&value))
	case status == ffi.OK:
		data = append(make([]byte, 0, flatCapacity(length)), short[:length]...)
		found = c.plan.Fill(data, unsafe.Pointer(&value))
	case status == ffi.BufferTooSmall:
		if data, found = c.appendGet(make([]byte, 0, flatCapacity(length)), key); !found {
			return value, false
		}
		found = c.plan.Fill(data, unsafe.Pointer(&value))
	default:
		return value, false
	}
	if !found {
		c.undecodable.Add(1)
		var none V
		return none, false
	}
	return value, true
}

// AppendGet appends the stored bytes of a key's value to dst, and tells whether there is one: the value itself for
// strings, byte slices and numbers (these in the processor's order), else what the codec or the package made of it. It
// allocates nothing if dst has the capacity, in which the key must not lie. On a miss it returns dst as it was.
func (c *Cache[K, V]) AppendGet(dst []byte, key K) ([]byte, bool) {
	l := c.latencies
	if l == nil {
		return c.appendGet(dst, &key)
	}
	begin := l.now()
	dst, found := c.appendGet(dst, &key)
	l.get.until(l, begin)
	return dst, found
}

func (c *Cache[K, V]) appendGet(dst []byte, key *K) ([]byte, bool) {
	for {
		room := dst[len(dst):cap(dst)]
		length, status := c.getBytes(key, unsafe.SliceData(room), len(room))
		switch status {
		case ffi.OK:
			return dst[:len(dst)+length], true
		case ffi.BufferTooSmall: // and by the next call the value may have become longer still
			dst = append(make([]byte, 0, len(dst)+length), dst...)
		default:
			return dst, false
		}
	}
}

// Set stores a value for a key, in place of an older one. It lives as long as [Options].TTL says. The errors are
// [ErrTooLarge], [ErrOutOfMemory], [ErrClosed] and those of the codec; then an older value is still there, unless it was evicted.
func (c *Cache[K, V]) Set(key K, value V) error {
	return c.set(&key, &value, ffi.CacheTTLDefault)
}

// SetTTL stores a value that lives for ttl, or until it is evicted if ttl is 0. It is an error if ttl is negative.
func (c *Cache[K, V]) SetTTL(key K, value V, ttl time.Duration) error {
	switch {
	case ttl < 0:
		return errors.New("cache: the TTL is negative")
	case ttl == 0:
		return c.set(&key, &value, ffi.CacheTTLNone)
	}
	return c.set(&key, &value, uint64(ttl))
}

func (c *Cache[K, V]) set(key *K, value *V, ttl uint64) error {
	if l := c.latencies; l != nil {
		defer l.set.until(l, l.now())
	}
	c.forget(key) // a load that began before
	err := c.store(key, value, ttl)
	c.forget(key) // and one that began meanwhile
	c.notAbsent(c.keys.bytes(unsafe.Pointer(key)))
	return err
}

func (c *Cache[K, V]) store(key *K, value *V, ttl uint64) error {
	if !c.value.isDirect() {
		return c.setEncoded(key, value, ttl)
	}
	keyData, keyLength := c.keys.bytes(unsafe.Pointer(key))
	data, length := c.value.bytes(unsafe.Pointer(value))
	return c.setBytes(keyData, keyLength, data, length, ttl)
}

func (c *Cache[K, V]) setEncoded(key *K, value *V, ttl uint64) error {
	buffer := getBuffer()
	defer putBuffer(buffer)
	if err := c.encode(buffer, value); err != nil {
		return err
	}
	keyData, keyLength := c.keys.bytes(unsafe.Pointer(key))
	return c.setBytes(keyData, keyLength, unsafe.SliceData(*buffer), len(*buffer), ttl)
}

func (c *Cache[K, V]) encode(buffer *[]byte, value *V) (err error) {
	data := (*buffer)[:0]
	if c.value.kind == flattened {
		data, err = c.plan.Append(data, unsafe.Pointer(value))
	} else {
		data, err = c.appendEncoded(data, *value)
	}
	if err != nil {
		return fmt.Errorf("cache: encoding the value: %w", err)
	}
	*buffer = data
	return nil
}

// appendEncoded is apart from encode because what is handed to a codec escapes to the heap.
func (c *Cache[K, V]) appendEncoded(dst []byte, value V) ([]byte, error) {
	return c.codec.Append(dst, value)
}

func (c *Cache[K, V]) setBytes(keyData *byte, keyLength int, data *byte, length int, ttl uint64) error {
	hash := c.reads.hash(unsafe.Pointer(keyData), keyLength)
	if c.overwrite(hash, keyData, keyLength, data, length, ttl) {
		return nil
	}
	c.reads.prefetch(hash) // what the call will wait for comes while cgo makes it
	status := c.core.SetHashed(hash, keyData, keyLength, data, length, ttl)
	runtime.KeepAlive(c)
	return errorOf(status)
}

// overwrite does without a call of Rust what [native.SetHashed] does, if it can.
func (c *Cache[K, V]) overwrite(hash uint64, keyData *byte, keyLength int, data *byte, length int, ttl uint64) bool {
	switch ttl {
	case ffi.CacheTTLDefault:
		ttl = c.ttl
	case ffi.CacheTTLNone:
		ttl = 0
	case ffi.CacheTTLKeep:
		return false
	}
	done := c.reads.overwrite(hash, unsafe.Pointer(keyData), keyLength, unsafe.Pointer(data), length, ttl)
	runtime.KeepAlive(c)
	return done
}

// errorOf returns the error that a status of a change means.
func errorOf(status ffi.Status) error {
	switch status {
	case ffi.OK:
		return nil
	case ffi.TooLarge:
		return ErrTooLarge
	case ffi.OutOfMemory:
		return ErrOutOfMemory
	case ffi.Closed:
		return ErrClosed
	case ffi.Overflow:
		return ErrOverflow
	}
	return fmt.Errorf("cache: internal error (status %d)", status)
}

// Delete removes the entry of a key, and tells whether there was one.
func (c *Cache[K, V]) Delete(key K) bool {
	if l := c.latencies; l != nil {
		defer l.delete.until(l, l.now())
	}
	c.forget(&key)
	data, length := c.keys.bytes(unsafe.Pointer(&key))
	status := c.core.Delete(data, length)
	runtime.KeepAlive(c)
	c.forget(&key)
	c.notAbsent(data, length)
	return status == ffi.OK
}

// TTL returns how long the entry of a key will live if it is not used, and whether there is one; 0 means until it is
// evicted.
func (c *Cache[K, V]) TTL(key K) (time.Duration, bool) {
	ttl, found := c.nanosecondsLeft(&key)
	if !found {
		return 0, false
	}
	return left(ttl), true
}

// nanosecondsLeft returns what the entry of a key has left of its time to live, and whether there is one. That is no use of it.
func (c *Cache[K, V]) nanosecondsLeft(key *K) (uint64, bool) {
	var meta ffi.CacheMeta
	data, length := c.keys.bytes(unsafe.Pointer(key))
	_, finding := c.reads.get(unsafe.Pointer(data), length, nil, 0, false, &meta)
	status := ffi.OK
	switch finding {
	case miss:
		status = ffi.NotFound
	case unclear:
		meta.TTL, status = c.core.TTL(data, length)
	}
	runtime.KeepAlive(c)
	return meta.TTL, status == ffi.OK
}

// left is what an entry has left of its time to live; 0 means until it is evicted.
func left(nanoseconds uint64) time.Duration {
	if nanoseconds == ffi.CacheTTLNone {
		return 0
	}
	// Even the longest is less than the 292 years of a Duration away, and the shortest is not over.
	return time.Duration(min(max(nanoseconds, 1), math.MaxInt64))
}

// Touch lets the entry of a key live for ttl from now on, or until it is evicted if ttl is 0, and tells whether there
// is one. With a negative ttl, it is removed. A touch is no use of an entry: it does not put off its eviction.
func (c *Cache[K, V]) Touch(key K, ttl time.Duration) bool {
	if ttl < 0 {
		return c.Delete(key)
	}
	nanoseconds := uint64(ttl)
	if ttl == 0 {
		nanoseconds = ffi.CacheTTLNone
	}
	data, length := c.keys.bytes(unsafe.Pointer(&key))
	status := c.core.Touch(data, length, nanoseconds)
	runtime.KeepAlive(c)
	return status == ffi.OK
}

// Scan returns about count keys, and the cursor with which the next call goes on. The first cursor is 0, and so is
// the one behind the last keys. What is in the cache all the while is listed, and once; other entries may be. A call
// takes time in proportion to a part of the cache, whatever count is. Strings and byte slices that are short share
// allocations of up to 4 KiB. A closed cache has no keys; an error is a fault of this package, and there may be more.
func (c *Cache[K, V]) Scan(cursor uint64, count int) (keys []K, next uint64, err error) {
	return c.appendScan(nil, cursor, count)
}

func (c *Cache[K, V]) appendScan(dst []K, cursor uint64, count int) (keys []K, next uint64, err error) {
	buffer := getBuffer()
	defer putBuffer(buffer)
	for {
		length, next, status := c.core.Scan(cursor, max(count, 1), *buffer)
		runtime.KeepAlive(c)
		switch status {
		case ffi.OK:
			return c.appendKeys(dst, (*buffer)[:length]), next, nil
		case ffi.BufferTooSmall:
			*buffer = make([]byte, 0, length+length/8) // there may be more by the next call
		default:
			return dst, 0, errorOf(status)
		}
	}
}

// appendKeys appends the keys of a list, as Rust writes it.
func (c *Cache[K, V]) appendKeys(dst []K, list []byte) []K {
	shared := []byte{} // an empty key is not nil
	for len(list) > 0 {
		end := 4 + int(binary.NativeEndian.Uint32(list))
		key := list[4:end]
		if c.keys.kind == fixed || len(key) > mostShared/8 {
			dst = append(dst, copyOf[K](c.keys, key))
		} else {
			if len(key) > len(shared) {
				shared = make([]byte, min(len(list), mostShared))
			}
			n := copy(shared, key)
			dst, shared = append(dst, owner[K](c.keys, shared[:n:n])), shared[n:]
		}
		list = list[end:]
	}
	return dst
}

// Clear removes all entries and gives their memory back. Entries that are stored meanwhile may stay.
func (c *Cache[K, V]) Clear() {
	c.loads.forgetPrefix("")
	c.core.Clear()
	c.loads.forgetPrefix("")
	if c.negatives.ttl != 0 {
		c.negatives.core.Clear()
	}
	runtime.KeepAlive(c)
}

// Len returns the number of entries, with those expired that are not removed yet.
func (c *Cache[K, V]) Len() int {
	length := c.core.Len()
	runtime.KeepAlive(c)
	return length
}

// Stats returns what happened since the cache was made, and what it holds.
func (c *Cache[K, V]) Stats() Stats {
	undecodable := c.undecodable.Load() // first, so that none is counted here and not yet there
	s := c.core.Stats()
	var negative ffi.CacheStats
	if c.negatives.ttl != 0 {
		negative = c.negatives.core.Stats()
	}
	runtime.KeepAlive(c)
	return Stats{
		Hits:        s.Hits - min(s.Hits, undecodable),
		Misses:      s.Misses + undecodable,
		Sets:        s.Sets,
		Deletes:     s.Deletes,
		Evictions:   s.Evictions,
		Expirations: s.Expirations,
		Entries:     int(s.Entries),
		Bytes:       int64(s.Bytes + negative.Bytes),
		MaxBytes:    int64(min(s.MaxBytes+negative.MaxBytes, math.MaxInt64)),
		Expiring:    int(s.Expiring),

		LoadSuccesses: c.loads.successes.Load(),
		LoadFailures:  c.loads.failures.Load(),
		TotalLoadTime: time.Duration(c.loads.nanoseconds.Load()),
		NegativeHits:  negative.Hits,

		RemovalsDropped: s.RemovalsDropped + c.removals.undecodable.Load(),
	}
}

// Resize changes [Options].MaxBytes. With a lower limit, entries go and memory is given back before it returns. It is an
// error if the limit is below what the cache needs, or above [Options].ReserveBytes.
func (c *Cache[K, V]) Resize(maxBytes int64) error {
	defer runtime.KeepAlive(c)
	least := int64(minBytes)
	if c.negatives.ttl != 0 {
		least = 2 * minBytes
	}
	if maxBytes < least {
		return fmt.Errorf("cache: a limit of %d bytes is below %d KiB", maxBytes, least>>10)
	}
	negative := int64(0)
	if c.negatives.ttl != 0 {
		negative = negativeBytes(maxBytes)
	}
	// What is given to one is not taken from the other yet, or is already: together they never hold more.
	err := c.core.Resize(uint64(maxBytes - negative))
	if err == nil && negative > 0 {
		err = c.negatives.core.Resize(uint64(negative))
	}
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

// Close empties the cache for good and gives its memory back. From then on nothing is found, and what would store
// returns [ErrClosed]. Other goroutines may be using the cache. Closing again does nothing; the error is always nil.
//
// Loads end: those who wait for one get [ErrClosed] at once, the contexts of loaders end, and Close returns when the
// last loader has, and the last call of [Options].OnRemoval. So it must be called by neither.
func (c *Cache[K, V]) Close() error {
	c.cleaner.close()
	c.loads.close()
	c.reads.closed.Store(true)
	c.core.Close()
	if c.negatives.ttl != 0 {
		c.negatives.core.Close()
	}
	c.removals.worker.close()
	runtime.KeepAlive(c)
	c.loads.running.Wait()
	return nil
}
