//go:build cgo

package cache

import (
	"sync/atomic"
	"unsafe"
)

// The layout of a shard, see layoutNumbers. Its first word is its lock.
const (
	lockByte, versionByte, earliestByte, setsByte = 0, 8, 16, 24

	locked = 1 // by a writer; other bits are those who share the lock, or wait for it
	change = writing << 1
	never  = 1<<64 - 1
)

// overwrite replaces the value of a key where it lies, as Rust does: with the lock of the shard, and with the bucket
// marked for those who read meanwhile. It is false if nothing was done, so that Rust has to: there is no entry in the first
// bucket, or none that takes the value; others go, or are to be told; somebody has the lock. The value lives for ttl
// nanoseconds, or until it is evicted if that is 0.
func (r *reader) overwrite(
	hash uint64, key unsafe.Pointer, keyLength int, value unsafe.Pointer, length int, ttl uint64,
) bool {
	if r.Pending != nil || r.closed.Load() {
		return false
	}
	place := r.place(hash)
	word := load(place)
	page := word & noPage
	if page == noPage {
		return false
	}
	bucket := r.bucket(page, hash>>tagBits)
	state := load(bucket)
	var number uint64
	var words unsafe.Pointer
	for matches := matches(bucket, tagsOf(hash)); words == nil; matches &= matches - 1 {
		if matches == 0 {
			return false
		}
		var location uint64
		if number, location = slot(bucket, matches); location != 0 {
			words = r.find(location, key, keyLength)
		}
	}
	shard := r.shard(place)
	if !atomic.CompareAndSwapUint64((*uint64)(shard), 0, locked) {
		return false
	}
	// If the bucket is what it was, so is all that was found by it, and stays so.
	done := unchanged(place, bucket, word, state) &&
		r.replace(shard, bucket, number, words, value, length, ttl)
	r.unlock(shard, hash)
	return done
}

// putOff lets an entry that was found live for another idle time. It is false if somebody has the lock of the shard, or the
// entry has changed since.
func (r *reader) putOff(
	hash uint64, place unsafe.Pointer, word uint64, bucket unsafe.Pointer, state, location uint64,
) bool {
	shard := r.shard(place)
	if !atomic.CompareAndSwapUint64((*uint64)(shard), 0, locked) {
		return false
	}
	same := unchanged(place, bucket, word, state)
	if same {
		words := unsafe.Add(r.Words, location<<r.GranuleShift*wordBytes)
		end := idleEnd(words, bodyOf(load(words)))
		now, _ := r.now()
		store(end, max(load(end), now+r.idle))
	}
	r.unlock(shard, hash)
	return same
}

// unlock gives the lock of the shard of a hash up, and wakes one who waits for it.
func (r *reader) unlock(shard unsafe.Pointer, hash uint64) {
	if atomic.SwapUint64((*uint64)(shard), 0) != locked {
		r.core.Wake(hash)
	}
}

// shard returns the shard that a place of the directory belongs to.
func (r *reader) shard(place unsafe.Pointer) unsafe.Pointer {
	number := (uintptr(place) - uintptr(r.Directory)) / wordBytes >> r.ShardShift
	return unsafe.Add(r.Shards, number*uintptr(r.ShardBytes))
}

// find returns the words of the entry at a location, if there is one that a writer may change and the key is its.
func (r *reader) find(location uint64, key unsafe.Pointer, keyLength int) unsafe.Pointer {
	location <<= r.GranuleShift
	if location >= r.Length {
		return nil
	}
	words := unsafe.Add(r.Words, location*wordBytes)
	head := load(words)
	size := min(head&(1<<16-1), r.Length-location)
	body := bodyOf(head)
	if head&mapped != 0 || int(head>>16&(1<<16-1)) != keyLength || body*wordBytes+uint64(keyLength) > size*wordBytes {
		return nil
	}
	if !equal(key, unsafe.Add(words, body*wordBytes), keyLength) {
		return nil
	}
	return words
}

// replace replaces the value of an entry, if that takes it, with the lock of its shard held.
func (r *reader) replace(
	shard, bucket unsafe.Pointer, number uint64, words, value unsafe.Pointer, length int, ttl uint64,
) bool {
	head := load(words)
	size, body, keyLength := head&(1<<16-1), bodyOf(head), head>>16&(1<<16-1)
	needed := body + (keyLength+uint64(length)+wordBytes-1)/wordBytes
	if needed > size || needed+max(size/4, 1) < size {
		return false
	}
	if (head&expires != 0) != (ttl != 0) || (head&idles != 0) != (r.idle != 0) {
		return false
	}
	deadline, idleEnd := unsafe.Add(words, fixedWords*wordBytes), idleEnd(words, body)
	earliest := load(unsafe.Add(shard, earliestByte))
	var now uint64
	if ttl != 0 || r.idle != 0 || earliest != never {
		var known bool
		if now, known = r.now(); !known || now >= earliest {
			return false
		}
	}
	if ttl != 0 && now+ttl < load(deadline) || r.idle != 0 && now+r.idle < load(idleEnd) {
		return false // The books of shard and segment say that nothing expires so soon.
	}
	version := load(unsafe.Add(shard, versionByte)) + 1
	store(unsafe.Add(shard, versionByte), version)
	store(unsafe.Add(shard, setsByte), load(unsafe.Add(shard, setsByte))+1)

	state := load(bucket)
	mark(bucket, state|writing)
	store(words, head&^((1<<16-1)<<32)|uint64(length)<<32)
	store(unsafe.Add(words, wordBytes), version)
	if ttl != 0 {
		store(deadline, now+ttl)
	}
	if r.idle != 0 {
		store(idleEnd, now+r.idle)
	}
	text := unsafe.Add(words, body*wordBytes)
	copy(unsafe.Slice((*byte)(unsafe.Add(text, keyLength)), length), unsafe.Slice((*byte)(value), length))
	if state>>(2*number)&mostHits != mostHits {
		state += 1 << (2 * number)
	}
	release(bucket, state+change) // without the mark, which it did not have
	return true
}

func store(word unsafe.Pointer, value uint64) { *(*uint64)(word) = value }

// mark stores what others see before anything that is stored later.
func mark(word unsafe.Pointer, value uint64) {
	atomic.StoreUint64((*uint64)(word), value)
	load(word) // Nothing behind it happens before it, and it happens after what was stored just now.
}
