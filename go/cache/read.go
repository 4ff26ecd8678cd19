//go:build cgo

package cache

import (
	"math/bits"
	"sync/atomic"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// A reader looks for entries in the memory of a cache, as Rust does (src/cache/index.rs says how and why), without a
// call of it. That memory is not Go's: it is mapped as long as the cache lives, and changed by Rust while it is read here. What was
// read is believed only if the bucket that it was found by has not changed meanwhile; until then, any
// number may be anything, so each that leads to an address is checked.
type reader struct {
	ffi.CacheView
	core    ffi.Cache
	buckets uint64 // in a page
	start   time.Time
	idle    uint64 // that of Options, in nanoseconds
	// bypassed: Rust is to see all reads.
	bypassed atomic.Bool
	// closed: Rust is to see all writes, since whoever was told that the cache is closed is to be told so each time.
	closed atomic.Bool
}

// The layout; a library that has another one is refused by newReader.
const (
	slots       = 10
	bucketWords = 8
	tagBits     = 12
	ones        = 0x0001_0010_0100_1001 // a one in each of five tags
	passed      = 1 << (2 * slots)      // the unit of the counter of entries that passed a bucket by
	writing     = passed << 8
	mostHits    = 3
	hits        = passed - 1
	noPage      = 1<<32 - 1

	mapped     = 1 << 49
	expires    = 1 << 50
	idles      = 1 << 51
	fixedWords = 2
	wordBytes  = 8

	segmentWords = 4 // before the first entry
	countersLine = 128
)

var layoutNumbers = [...]uint64{
	slots, bucketWords, tagBits, passed, writing,
	mapped, expires, idles, fixedWords, wordBytes,
	locked, lockByte, versionByte, earliestByte, setsByte,
	segmentWords, uint64(unsafe.Sizeof(ffi.CacheView{})), prime, leastPoint, never,
}

func newReader(core ffi.Cache, idle time.Duration) *reader {
	core.View()         // once before, so that the second time takes only a moment
	start := time.Now() // before the cache's clock is read, so that no entry is taken to live longer than it does
	r := &reader{CacheView: core.View(), core: core, start: start, idle: uint64(idle)}
	if start.Year() < 2025 { // in a bubble of testing/synctest, whose time is not the cache's
		r.Now = 0
	}
	r.buckets = 1 << r.SegmentShift / bucketWords
	var layout uint64
	for _, number := range layoutNumbers {
		layout = layout*0x9E37_79B9_7F4A_7C15 + number
	}
	if layout != r.Layout {
		panic("cache: the Rust library lays caches out in another way than this package knows")
	}
	return r
}

// The hash is a polynomial over the field of a prime, at a point between the least one and twice that.
const (
	prime      = 1<<61 - 1
	leastPoint = 1 << 59
)

// times multiplies by the point of the polynomial, up to multiples of the prime.
func (r *reader) times(number uint64) uint64 {
	high, low := bits.Mul64(number, r.Point)
	return low&prime + (high<<3 | low>>61)
}

func (r *reader) hash(key unsafe.Pointer, length int) uint64 {
	sum := r.times(uint64(length))
	i := 0
	for ; length-i >= 8; i += 7 {
		sum = r.times(sum + *(*uint64)(unsafe.Add(key, i))&(1<<56-1))
	}
	if length-i == 7 {
		// A chunk that is full is followed by another one, even if that is empty.
		sum = r.times(sum + tail(key, i, length))
		i = length
	}
	sum = r.times(sum + tail(key, i, length))
	sum = sum&prime + sum>>61
	if sum >= prime {
		sum -= prime
	}
	hash := sum ^ r.Offset
	hash = (hash ^ hash>>33) * 0xFF51_AFD7_ED55_8CCD
	hash = (hash ^ hash>>33) * 0xC4CE_B9FE_1A85_EC53
	return hash ^ hash>>33
}

// tail returns the number that the bytes of a key from start on make, fewer than 8, the first one lowest.
func tail(key unsafe.Pointer, start, length int) (number uint64) {
	count := length - start
	if length >= 8 {
		return *(*uint64)(unsafe.Add(key, length-8)) >> (64 - 8*count)
	}
	if count >= 4 {
		low := uint64(*(*uint32)(unsafe.Add(key, start)))
		high := uint64(*(*uint32)(unsafe.Add(key, length-4)))
		return low | high<<(8*(count-4))
	}
	for i := range count {
		number |= uint64(*(*byte)(unsafe.Add(key, start+i))) << (8 * i)
	}
	return number
}

// finding is what a look for an entry came to.
type finding uint8

const (
	miss finding = iota
	hit
	idleHit  // a hit that the entry has to be told of
	tooSmall // the value is longer than the buffer
	unclear  // only Rust can tell
	another  // the entry is one of another key
)

// get copies the value of a key to where value points, if it has at most capacity bytes, and returns its length. What else
// is known of the entry goes to meta, if that is not nil. On a miss, both may have been written to. The caller counts it. It
// may be no use of the entry.
func (r *reader) get(
	key unsafe.Pointer, keyLength int, value unsafe.Pointer, capacity int, uses bool, meta *ffi.CacheMeta,
) (int, finding) {
	if r.bypassed.Load() {
		return 0, unclear
	}
	hash := r.hash(key, keyLength)
	place, tags := r.place(hash), tagsOf(hash)
again:
	for range 100 {
		word := load(place)
		page := word & (1<<32 - 1)
		if page == noPage {
			return 0, miss
		}
		home := hash >> tagBits
		for step := range r.buckets {
			bucket := r.bucket(page, home+step)
			state := load(bucket)
			if state&writing != 0 {
				continue again
			}
			length, finding := 0, another
			number, location := uint64(0), uint64(0)
			for matches := matches(bucket, tags); matches != 0; matches &= matches - 1 {
				number, location = slot(bucket, matches)
				if location == 0 {
					continue
				}
				if length, finding = r.entry(location, key, keyLength, value, capacity, meta); finding != another {
					break
				}
			}
			orderLoads()
			if !unchanged(place, bucket, word, state) {
				continue again
			}
			if finding != another {
				if finding == idleHit {
					if finding = hit; uses && !r.putOff(hash, place, word, bucket, state, location) {
						return 0, unclear
					}
				}
				if one := uint64(1) << (2 * number); uses && finding == hit && state/one%(mostHits+1) != mostHits {
					// If another thread counts or changes something at this moment, so be it.
					atomic.CompareAndSwapUint64((*uint64)(bucket), state, state+one)
				}
				return length, finding
			}
			if state&(writing-passed) == 0 {
				break
			}
		}
		return 0, miss
	}
	return 0, unclear
}

// unchanged tells whether a bucket and its place in the directory are what they were, hits aside.
func unchanged(place, bucket unsafe.Pointer, word, state uint64) bool {
	return (load(bucket)^state)&^hits == 0 && load(place) == word
}

// prefetch asks the processor for the lines in which the entry of a hash is likely to be.
func (r *reader) prefetch(hash uint64) {
	page := load(r.place(hash)) & (1<<32 - 1)
	if page == noPage {
		return
	}
	bucket := r.bucket(page, hash>>tagBits)
	if matches := matches(bucket, tagsOf(hash)); matches != 0 {
		_, location := slot(bucket, matches)
		prefetch(unsafe.Add(r.Words, location<<r.GranuleShift*wordBytes))
	}
}

// place returns the directory's word for a hash.
func (r *reader) place(hash uint64) unsafe.Pointer {
	high, _ := bits.Mul64(hash, r.Places)
	return unsafe.Add(r.Directory, high*wordBytes)
}

// bucket returns a bucket of a page, numbered modulo their number.
func (r *reader) bucket(page, number uint64) unsafe.Pointer {
	return unsafe.Add(r.Words, (page<<r.SegmentShift+number&(r.buckets-1)*bucketWords)*wordBytes)
}

// tagsOf returns the tag of a hash as often as a word has tags.
func tagsOf(hash uint64) uint64 { return hash & (1<<tagBits - 1) * ones }

// matches returns a bit for each slot of a bucket that has a tag.
func matches(bucket unsafe.Pointer, tags uint64) uint64 {
	return match(load(unsafe.Add(bucket, 8)), tags) | match(load(unsafe.Add(bucket, 16)), tags)<<1
}

// slot returns the first of the slots that matched, and the location there.
func slot(bucket unsafe.Pointer, matches uint64) (slot, location uint64) {
	bit := uint64(bits.TrailingZeros64(matches))
	slot = bit/tagBits + bit%tagBits*(slots/2)
	return slot, load(unsafe.Add(bucket, (3+slot/2)*wordBytes)) >> (slot % 2 * 32) & (1<<32 - 1)
}

// match returns a bit for each tag of a word that is equal to that in tags, at its lowest bit.
func match(word, tags uint64) uint64 {
	const low = ones * 0x7FF
	difference := word ^ tags
	differs := (difference&low + low) | difference
	return ^differs >> (tagBits - 1) & ones
}

// entry copies the value of the entry at a location, if there is one and the key is its.
func (r *reader) entry(
	location uint64, key unsafe.Pointer, keyLength int, value unsafe.Pointer, capacity int, meta *ffi.CacheMeta,
) (int, finding) {
	location <<= r.GranuleShift
	if location >= r.Length {
		return 0, another
	}
	words := unsafe.Add(r.Words, location*wordBytes)
	left := r.Length - location
	if left > 24 {
		// Key and value of most entries are in the next lines: so they are fetched at once.
		load(unsafe.Add(words, 64))
		load(unsafe.Add(words, 128))
	}
	head := load(words)
	size := min(head&(1<<16-1), left)
	if head&mapped != 0 {
		return 0, unclear
	}
	body := bodyOf(head)
	thisLength, length := int(head>>16&(1<<16-1)), int(head>>32&(1<<16-1))
	if thisLength != keyLength || body*wordBytes+uint64(thisLength+length) > size*wordBytes {
		return 0, another
	}
	// Both are looked at as plain memory: what they are while a writer is there will not be believed.
	text := unsafe.Add(words, body*wordBytes)
	if !equal(key, text, keyLength) {
		return 0, another
	}
	found, ttl := hit, ffi.CacheTTLNone
	if head&(expires|idles) != 0 {
		now, known := r.now()
		for i := uint64(fixedWords); i < body; i++ {
			end := load(unsafe.Add(words, i*wordBytes))
			known = known && now < end
			ttl = min(ttl, end-now)
		}
		if !known {
			return 0, unclear
		}
		if head&idles != 0 {
			if meta != nil {
				return 0, unclear // A use puts its end off, of which meta is to tell.
			}
			found = idleHit
		}
	}
	if meta != nil {
		*meta = ffi.CacheMeta{Version: load(unsafe.Add(words, wordBytes)), TTL: ttl}
	}
	if length > capacity {
		return length, tooSmall
	}
	from := unsafe.Slice((*byte)(unsafe.Add(text, keyLength)), length)
	copy(unsafe.Slice((*byte)(value), length), from)
	return length, found
}

// bodyOf returns how many words come before the key.
func bodyOf(head uint64) uint64 {
	return fixedWords + head/expires&1 + head/idles&1
}

// idleEnd returns the last word before the key, which tells when the idle time of an entry ends that has one.
func idleEnd(words unsafe.Pointer, body uint64) unsafe.Pointer {
	return unsafe.Add(words, (body-1)*wordBytes)
}

// equal tells whether a key of that length is what text begins with, which has whole words.
func equal(key, text unsafe.Pointer, length int) bool {
	for i := 0; i < length-8; i += 8 {
		if *(*uint64)(unsafe.Add(key, i)) != *(*uint64)(unsafe.Add(text, i)) {
			return false
		}
	}
	if length >= 8 {
		return *(*uint64)(unsafe.Add(key, length-8)) == *(*uint64)(unsafe.Add(text, length-8))
	}
	return length == 0 || (*(*uint64)(text)^tail(key, 0, length))<<(64-8*length) == 0
}

// now returns the time of the cache's clock, or what it will be in a moment, if it can be known here.
func (r *reader) now() (now uint64, known bool) {
	elapsed := time.Since(r.start) // less than nothing in a bubble that began after the cache was made
	return r.Now + uint64(elapsed), r.Now != 0 && elapsed >= 0
}

// A tally is what a few reads came to, unless Rust has counted them.
type tally struct{ hits, misses uint64 }

// count counts reads, in a line that few goroutines share: their stacks are in different places.
func (r *reader) count(t tally) {
	var here byte
	line := stackNumber(unsafe.Pointer(&here)) * r.Lines >> 32
	counters := unsafe.Add(r.Reads, line*countersLine)
	if t.hits != 0 {
		atomic.AddUint64((*uint64)(counters), t.hits)
	}
	if t.misses != 0 {
		atomic.AddUint64((*uint64)(unsafe.Add(counters, wordBytes)), t.misses)
	}
}

// stackNumber returns a number of 32 bits that is about the same for all that is on one stack, and another one for most other stacks.
func stackNumber(here unsafe.Pointer) uint64 {
	return uint64(uintptr(here)>>11) * 0x9E37_79B9_7F4A_7C15 >> 32
}

func load(word unsafe.Pointer) uint64 { return atomic.LoadUint64((*uint64)(word)) }
