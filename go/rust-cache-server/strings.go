package main

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

func get(c *client, args [][]byte) {
	c.getValue(args[1])
}

// getValue replies with the value of a key, or null, and tells whether there is one.
func (c *client) getValue(key []byte) bool {
	start := len(c.out)
	c.begin()
	value, found := c.server.store.appendValue(c.out, key)
	c.end(start, value, found)
	return found
}

// setOptions are the options of SET and GETEX.
type setOptions struct {
	nx, xx, get, keepTTL, persist bool
	expires                       bool
	ttl                           time.Duration
	failure                       string // what is wrong with the time, if anything is
}

// setOptions parses the options of a command, and fails if they are not in order.
func (c *client) setOptions(command string, args [][]byte) (o setOptions, ok bool) {
	var unit, at []byte
	getEx := command == "getex"
	for i := 0; i < len(args); i++ {
		arg := args[i]
		exclusive := !o.keepTTL && !o.persist && (unit == nil || bytes.EqualFold(arg, unit))
		switch {
		case is(arg, "nx") && !o.xx && !getEx:
			o.nx = true
		case is(arg, "xx") && !o.nx && !getEx:
			o.xx = true
		case is(arg, "get") && !getEx:
			o.get = true
		case is(arg, "keepttl") && unit == nil && !getEx:
			o.keepTTL = true
		case is(arg, "persist") && unit == nil && getEx:
			o.persist = true
		case exclusive && i+1 < len(args) && (is(arg, "ex") || is(arg, "px") || is(arg, "exat") || is(arg, "pxat")):
			unit, at = arg, args[i+1]
			i++
		default:
			c.fail(errSyntax)
			return o, false
		}
	}
	if unit == nil {
		return o, true
	}
	o.expires = true
	o.ttl, o.failure = expiry(command, at, is(unit[:1], "e"), len(unit) == len("exat"))
	return o, true
}

// expiry parses a time from now on, or a time of day, which must not be 0 or less, and returns the time from now on, or what is
// wrong.
func expiry(command string, arg []byte, seconds, at bool) (ttl time.Duration, failure string) {
	n, ok := parseInt(arg)
	if !ok {
		return 0, errNotInteger
	}
	if n <= 0 || seconds && n > math.MaxInt64/1000 {
		return 0, errExpiry(command)
	}
	if seconds {
		n *= 1000
	}
	now := time.Now()
	if at {
		return time.UnixMilli(n).Sub(now), ""
	}
	if n > math.MaxInt64-now.UnixMilli() {
		return 0, errExpiry(command)
	}
	return time.Duration(min(n, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond, ""
}

func errExpiry(command string) string { return "ERR invalid expire time in '" + command + "' command" }

func set(c *client, args [][]byte) {
	if len(args) == 3 {
		c.setTTL(args[1], args[2], 0)
		return
	}
	o, ok := c.setOptions("set", args[3:])
	if !ok {
		return
	}
	if o.failure != "" {
		c.fail(o.failure)
		return
	}
	key, store := args[1], c.server.store
	locks := c.locksOf(1, key)
	store.lock(locks)
	defer store.unlock(locks)

	start := len(c.out)
	var ttl time.Duration
	var found bool
	if o.nx || o.xx || o.keepTTL {
		ttl, found = store.TTL(key)
	}
	if o.get {
		found = c.getValue(key)
	}
	if o.nx && found || o.xx && !found {
		if !o.get {
			c.null()
		}
		return
	}
	switch {
	case o.expires:
		ttl = o.ttl
	case !o.keepTTL || !found:
		ttl = 0
	}
	if err := c.put(key, args[2], ttl, o.expires); err != nil {
		c.out = c.out[:start]
		c.failSet(err)
	} else if !o.get {
		c.ok()
	}
}

// put stores a value. If it expires but has no time to, it is not there afterwards.
func (c *client) put(key, value []byte, ttl time.Duration, expires bool) error {
	if expires && ttl <= 0 {
		c.server.store.Delete(key)
		return nil
	}
	return c.server.store.SetTTL(key, append(value, plain), ttl)
}

// setTTL stores a value and replies.
func (c *client) setTTL(key, value []byte, ttl time.Duration) {
	store, locks := c.server.store, c.locksOf(1, key)
	store.lock(locks)
	err := store.SetTTL(key, append(value, plain), ttl)
	store.unlock(locks)
	if err != nil {
		c.failSet(err)
		return
	}
	c.ok()
}

func setEx(c *client, args [][]byte)  { c.setEx("setex", args, true) }
func psetEx(c *client, args [][]byte) { c.setEx("psetex", args, false) }

func (c *client) setEx(command string, args [][]byte, seconds bool) {
	if ttl, failure := expiry(command, args[2], seconds, false); failure != "" {
		c.fail(failure)
	} else {
		c.setTTL(args[1], args[3], ttl)
	}
}

func setNX(c *client, args [][]byte) {
	key, store := args[1], c.server.store
	locks := c.locksOf(1, key)
	store.lock(locks)
	defer store.unlock(locks)
	if _, found := store.TTL(key); found {
		c.boolean(false)
	} else if err := c.put(key, args[2], 0, false); err != nil {
		c.failSet(err)
	} else {
		c.boolean(true)
	}
}

func getSet(c *client, args [][]byte) {
	locks := c.locksOf(1, args[1])
	c.server.store.lock(locks)
	defer c.server.store.unlock(locks)
	start := len(c.out)
	c.getValue(args[1])
	if err := c.put(args[1], args[2], 0, false); err != nil {
		c.out = c.out[:start]
		c.failSet(err)
	}
}

func getDel(c *client, args [][]byte) {
	locks := c.locksOf(1, args[1])
	c.server.store.lock(locks)
	defer c.server.store.unlock(locks)
	if c.getValue(args[1]) {
		c.server.store.Delete(args[1])
	}
}

func getEx(c *client, args [][]byte) {
	o, ok := c.setOptions("getex", args[2:])
	if !ok {
		return
	}
	locks := c.locksOf(1, args[1])
	c.server.store.lock(locks)
	defer c.server.store.unlock(locks)
	start := len(c.out)
	switch found := c.getValue(args[1]); {
	case !found:
	case o.failure != "":
		c.out = c.out[:start]
		c.fail(o.failure)
	case o.persist:
		c.server.store.Touch(args[1], 0)
	case o.expires:
		c.expireAfter(args[1], o.ttl)
	}
}

// mget sees all values that an MSET stores, or none.
func mget(c *client, args [][]byte) {
	store := c.server.store
	locks := c.locksOf(1, args[1:]...)
	store.rlock(locks)
	defer store.runlock(locks)
	c.array(len(args) - 1)
	for _, key := range args[1:] {
		if c.overflows() {
			return
		}
		c.getValue(key)
	}
}

func mset(c *client, args [][]byte)   { c.mset("mset", args, false) }
func msetNX(c *client, args [][]byte) { c.mset("msetnx", args, true) }

// mset stores values, with nx only if none of the keys is there: all of them, or none if one is more than the cache may hold.
func (c *client) mset(command string, args [][]byte, nx bool) {
	if len(args)%2 == 0 {
		c.fail("ERR wrong number of arguments for '" + command + "' command")
		return
	}
	store := c.server.store
	locks := c.locksOf(2, args[1:]...)
	store.lock(locks)
	defer store.unlock(locks)
	for i := 1; i < len(args) && nx; i += 2 {
		if _, found := store.TTL(args[i]); found {
			c.boolean(false)
			return
		}
	}
	// The largest one first: if that is more than the cache may hold, nothing is stored. The others can fail only if the system has
	// no memory.
	largest := 1
	for i := 3; i < len(args); i += 2 {
		if len(args[i])+len(args[i+1]) > len(args[largest])+len(args[largest+1]) {
			largest = i
		}
	}
	var err error
	if largest > 1 {
		err = c.put(args[largest], args[largest+1], 0, false)
	}
	for i := 1; i < len(args) && err == nil; i += 2 {
		err = c.put(args[i], args[i+1], 0, false)
	}
	switch {
	case err != nil:
		c.failSet(err)
	case nx:
		c.boolean(true)
	default:
		c.ok()
	}
}

func strlen(c *client, args [][]byte) {
	value, _ := c.look(args[1])
	c.integer(int64(len(value)))
}

// getRange counts from the end with numbers below 0; the last byte is one of those that it replies with.
func getRange(c *client, args [][]byte) {
	first, ok := parseInt(args[2])
	last, ok2 := parseInt(args[3])
	if !ok || !ok2 {
		c.fail(errNotInteger)
		return
	}
	value, _ := c.look(args[1])
	length := int64(len(value))
	empty := first < 0 && last < 0 && first > last // also where both are before the beginning
	if first < 0 {
		first = max(0, length+first)
	}
	if last < 0 {
		last = max(0, length+last)
	}
	last = min(last, length-1)
	if empty || first > last {
		c.bulk(nil)
	} else {
		c.bulk(value[first : last+1])
	}
}

func setRange(c *client, args [][]byte) {
	offset, ok := parseInt(args[2])
	switch {
	case !ok:
		c.fail(errNotInteger)
		return
	case offset < 0:
		c.fail("ERR offset is out of range")
		return
	}
	piece := args[3]
	c.update(args[1], func(old []byte, _ bool) ([]byte, bool) {
		if len(piece) == 0 {
			c.integer(int64(len(old)))
			return nil, false
		}
		if !c.mayHold(offset, piece) {
			return nil, false
		}
		end := int(offset) + len(piece)
		if end > len(old) {
			old = append(old, make([]byte, end-len(old))...)
		}
		copy(old[offset:], piece)
		c.integer(int64(len(old)))
		return old, true
	})
}

func appendCommand(c *client, args [][]byte) {
	c.update(args[1], func(old []byte, _ bool) ([]byte, bool) {
		if !c.mayHold(int64(len(old)), args[2]) {
			return nil, false
		}
		c.integer(int64(len(old) + len(args[2])))
		return append(old, args[2]...), true
	})
}

// mayHold tells whether a value may have a piece at an offset, and fails if it would be too long.
func (c *client) mayHold(offset int64, piece []byte) bool {
	if offset <= int64(c.server.config.MaxRequest)-int64(len(piece)) {
		return true
	}
	c.fail("ERR string exceeds maximum allowed size (--max-request)")
	return false
}

// update replaces the value of a key by what change makes of it, and leaves its time to live. Change replies, and
// returns false if the value is to stay as it is.
func (c *client) update(key []byte, change func(old []byte, found bool) (value []byte, ok bool)) {
	store := c.server.store
	locks := c.locksOf(1, key)
	store.lock(locks)
	defer store.unlock(locks)
	old, found := c.look(key)
	ttl, still := store.TTL(key)
	if !still { // it may have expired in between
		old, found = old[:0], false
	}
	start := len(c.out)
	value, ok := change(old, found)
	if !ok {
		return
	}
	if err := c.put(key, value, ttl, false); err != nil {
		c.out = c.out[:start]
		c.failSet(err)
	}
}

func incr(c *client, args [][]byte) { c.add(args[1], 1) }
func decr(c *client, args [][]byte) { c.add(args[1], -1) }

func incrBy(c *client, args [][]byte) {
	if n, ok := parseInt(args[2]); ok {
		c.add(args[1], n)
	} else {
		c.fail(errNotInteger)
	}
}

func decrBy(c *client, args [][]byte) {
	switch n, ok := parseInt(args[2]); {
	case !ok:
		c.fail(errNotInteger)
	case n == math.MinInt64:
		c.fail("ERR decrement would overflow")
	default:
		c.add(args[1], -n)
	}
}

// add adds to the number that a value is, or to 0 if there is none.
func (c *client) add(key []byte, n int64) {
	c.update(key, func(old []byte, found bool) ([]byte, bool) {
		number, ok := parseInt(old)
		switch {
		case found && !ok:
			c.fail(errNotInteger)
			return nil, false
		case n > 0 && number > math.MaxInt64-n || n < 0 && number < math.MinInt64-n:
			c.fail("ERR increment or decrement would overflow")
			return nil, false
		}
		c.integer(number + n)
		return strconv.AppendInt(old[:0], number+n, 10), true
	})
}

func incrByFloat(c *client, args [][]byte) {
	c.update(args[1], func(old []byte, found bool) ([]byte, bool) {
		number, ok := parseLongDouble(old)
		if !found {
			number, ok = newLongDouble(), true
		}
		n, ok2 := parseLongDouble(args[2])
		if !ok || !ok2 {
			c.fail("ERR value is not a valid float")
			return nil, false
		}
		sum, ok := addLongDoubles(number, n)
		if !ok {
			c.fail("ERR increment would produce NaN or Infinity")
			return nil, false
		}
		value := append(old[:0], formatLongDouble(sum)...)
		c.bulk(value)
		return value, true
	})
}
