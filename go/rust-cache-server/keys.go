package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// del is Redis's DEL and UNLINK: nobody sees some of the keys without the others.
func del(c *client, args [][]byte) {
	store := c.server.store
	locks := c.locksOf(1, args[1:]...)
	store.lock(locks)
	defer store.unlock(locks)
	n := int64(0)
	for _, key := range args[1:] {
		if store.Delete(key) {
			n++
		}
	}
	c.integer(n)
}

// exists counts a key as often as it is named.
func exists(c *client, args [][]byte) {
	n := int64(0)
	for _, key := range args[1:] {
		if _, found := c.server.store.TTL(key); found {
			n++
		}
	}
	c.integer(n)
}

func typeOf(c *client, args [][]byte) {
	if _, found := c.server.store.TTL(args[1]); found {
		c.simple("string")
	} else {
		c.simple("none")
	}
}

func ttl(c *client, args [][]byte)         { c.expiry(args[1], false, inSeconds) }
func pttl(c *client, args [][]byte)        { c.expiry(args[1], false, inMilliseconds) }
func expireTime(c *client, args [][]byte)  { c.expiry(args[1], true, inSeconds) }
func pexpireTime(c *client, args [][]byte) { c.expiry(args[1], true, inMilliseconds) }

func inSeconds(milliseconds int64) int64      { return (milliseconds + 500) / 1000 }
func inMilliseconds(milliseconds int64) int64 { return milliseconds }

// expiry replies with the time that a key has left, or with the time of day at which it expires; with -1 if it does not, and with
// -2 if it is not there.
func (c *client) expiry(key []byte, at bool, unit func(milliseconds int64) int64) {
	switch ttl, found := c.server.store.TTL(key); {
	case !found:
		c.integer(-2)
	case ttl == 0:
		c.integer(-1)
	case at:
		c.integer(unit(time.Now().Add(ttl).Round(time.Millisecond).UnixMilli()))
	default:
		milliseconds := ttl.Milliseconds()
		if ttl%time.Millisecond > 0 {
			milliseconds++
		}
		c.integer(unit(milliseconds))
	}
}

func persist(c *client, args [][]byte) {
	store := c.server.store
	locks := c.locksOf(1, args[1])
	store.lock(locks)
	defer store.unlock(locks)
	ttl, found := store.TTL(args[1])
	c.boolean(found && ttl > 0 && store.Touch(args[1], 0))
}

func expire(c *client, args [][]byte)    { c.expire("expire", args, true, false) }
func pexpire(c *client, args [][]byte)   { c.expire("pexpire", args, false, false) }
func expireAt(c *client, args [][]byte)  { c.expire("expireat", args, true, true) }
func pexpireAt(c *client, args [][]byte) { c.expire("pexpireat", args, false, true) }

func (c *client) expire(command string, args [][]byte, seconds, at bool) {
	var nx, xx, gt, lt bool
	for _, arg := range args[3:] {
		switch {
		case is(arg, "nx"):
			nx = true
		case is(arg, "xx"):
			xx = true
		case is(arg, "gt"):
			gt = true
		case is(arg, "lt"):
			lt = true
		default:
			c.fail("ERR Unsupported option " + string(cString(arg)))
			return
		}
	}
	switch {
	case nx && (xx || gt || lt):
		c.fail("ERR NX and XX, GT or LT options at the same time are not compatible")
		return
	case gt && lt:
		c.fail("ERR GT and LT options at the same time are not compatible")
		return
	}
	n, ok := parseInt(args[2])
	if !ok {
		c.fail(errNotInteger)
		return
	}
	if seconds {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			c.fail(errExpiry(command))
			return
		}
		n *= 1000
	}
	if now := time.Now().UnixMilli(); !at {
		if n > math.MaxInt64-now {
			c.fail(errExpiry(command))
			return
		}
		n += now
	}

	store := c.server.store
	locks := c.locksOf(1, args[1])
	store.lock(locks)
	defer store.unlock(locks)
	old, found := store.TTL(args[1])
	forEver := old == 0
	ttl := time.Until(time.UnixMilli(n))
	longer := (max(ttl, 0) - old).Round(time.Millisecond) // than two looks at the clock are apart
	switch {
	case !found,
		nx && !forEver,
		xx && forEver,
		gt && (forEver || longer <= 0),
		lt && !forEver && longer >= 0:
		c.boolean(false)
	default:
		c.boolean(c.expireAfter(args[1], ttl))
	}
}

// expireAfter lets a key live for some time, which may be over, and tells whether it was there.
func (c *client) expireAfter(key []byte, ttl time.Duration) bool {
	if ttl <= 0 {
		return c.server.store.Delete(key)
	}
	return c.server.store.Touch(key, ttl)
}

func rename(c *client, args [][]byte)   { c.rename(args[1], args[2], true) }
func renameNX(c *client, args [][]byte) { c.rename(args[1], args[2], false) }

func (c *client) rename(from, to []byte, replace bool) {
	store := c.server.store
	locks := c.locksOf(1, from, to)
	store.lock(locks)
	defer store.unlock(locks)
	found, done, err := store.copy(from, to, replace)
	switch {
	case !found:
		c.fail("ERR no such key")
	case err != nil:
		c.failSet(err)
	default:
		if done {
			store.Delete(from)
		}
		if replace {
			c.ok()
		} else {
			c.boolean(done)
		}
	}
}

func copyCommand(c *client, args [][]byte) {
	from, to, replace := args[1], args[2], false
	for i := 3; i < len(args); i++ {
		switch {
		case is(args[i], "replace"):
			replace = true
		case is(args[i], "db") && i+1 < len(args):
			i++
			if !c.isDatabase(args[i]) {
				return
			}
		default:
			c.fail(errSyntax)
			return
		}
	}
	if bytes.Equal(from, to) {
		c.fail("ERR source and destination objects are the same")
		return
	}
	store := c.server.store
	locks := c.locksOf(1, from, to)
	store.lock(locks)
	defer store.unlock(locks)
	if _, done, err := store.copy(from, to, replace); err != nil {
		c.failSet(err)
	} else {
		c.boolean(done)
	}
}

// copy gives the value of a key to another one, with its content type and its time to live, unless it is the same or is there and
// is not to be replaced.
func (s *store) copy(from, to []byte, replace bool) (found, done bool, err error) {
	entry, found := s.GetEntry(from)
	if !found || bytes.Equal(from, to) {
		return found, false, nil
	}
	if _, taken := s.TTL(to); taken && !replace {
		return true, false, nil
	}
	err = s.SetTTL(to, entry.Value, entry.TTL)
	return true, err == nil, err
}

func dbSize(c *client, _ [][]byte) {
	c.integer(int64(c.server.store.Len()))
}

func flush(c *client, args [][]byte) {
	if len(args) > 2 || len(args) == 2 && !is(args[1], "sync") && !is(args[1], "async") {
		c.fail(errSyntax)
		return
	}
	c.server.store.Clear()
	c.ok()
}

// scanSize is how many keys are asked for when all are.
const scanSize = 4 << 10

func keys(c *client, args [][]byte) {
	var found [][]byte
	err := c.server.store.eachKey(func(key []byte) bool {
		if matches(args[1], key) {
			found = append(found, key)
		}
		return true
	})
	if err != nil {
		c.fail("ERR " + err.Error())
		return
	}
	c.array(len(found))
	for _, key := range found {
		c.bulk(key)
	}
}

// eachKey visits all keys that are there all the while, until visit returns false.
func (s *store) eachKey(visit func(key []byte) bool) error {
	for cursor := uint64(0); ; {
		keys, next, err := s.Scan(cursor, scanSize)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if !visit(key) {
				return nil
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

func randomKey(c *client, _ [][]byte) {
	switch key, err := c.server.store.randomKey(); {
	case err != nil:
		c.fail("ERR " + err.Error())
	case key == nil:
		c.null()
	default:
		c.bulk(key)
	}
}

// randomKey returns one of the next few keys in the cache's order, which is that of their hashes. So each one comes up as often,
// if not independently of the last one. It returns nil if there is no key.
func (s *store) randomKey() ([]byte, error) {
	const few = 16
	keys, next, err := s.Scan(s.next.Load(), few)
	if err == nil && len(keys) == 0 {
		keys, next, err = s.Scan(0, few)
	}
	if err != nil {
		return nil, err
	}
	s.next.Store(next)
	if len(keys) == 0 {
		return nil, nil
	}
	return keys[rand.IntN(len(keys))], nil
}

func scan(c *client, args [][]byte) {
	cursor, ok := parseCursor(args[1])
	if !ok {
		c.fail("ERR invalid cursor")
		return
	}
	pattern, kind, count := []byte("*"), []byte("string"), int64(10)
	for i := 2; i < len(args); i += 2 {
		switch {
		case i+1 == len(args):
			c.fail(errSyntax)
			return
		case is(args[i], "count"):
			if count, ok = parseInt(args[i+1]); !ok {
				c.fail(errNotInteger)
				return
			}
			if count < 1 {
				c.fail(errSyntax)
				return
			}
		case is(args[i], "match"):
			pattern = args[i+1]
		case is(args[i], "type"):
			kind = args[i+1]
		default:
			c.fail(errSyntax)
			return
		}
	}
	list, next, err := c.server.store.Scan(cursor, int(min(count, scanMost)))
	if err != nil {
		c.fail("ERR " + err.Error())
		return
	}
	n := 0
	for _, key := range list {
		if is(kind, "string") && matches(pattern, key) {
			list[n] = key
			n++
		}
	}
	c.array(2)
	c.text(strconv.FormatUint(next, 10))
	c.array(n)
	for _, key := range list[:n] {
		c.bulk(key)
	}
}

// scansMany tells whether a SCAN looks at as many keys as take others as many arguments. It may be wrong if it is none.
func scansMany(_ *client, args [][]byte) bool {
	for i := 3; i < len(args); i++ {
		if count, ok := parseInt(args[i]); ok && count > manyArguments && is(args[i-1], "count") {
			return true
		}
	}
	return false
}

// parseCursor takes what C's strtoul does.
func parseCursor(arg []byte) (uint64, bool) {
	text := string(cString(arg))
	if text == "" {
		return 0, true
	}
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

// scanMost is the most keys that one SCAN looks at.
const scanMost = 64 << 10
