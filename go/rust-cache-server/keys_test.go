package main

import (
	"strconv"
	"testing"
	"time"
)

// Redis's RANDOMKEY, too, may return some keys more often than others, but all of them.
func TestRandomKeys(t *testing.T) {
	s := dial(t, start(t, config{}).addr())
	const keys = 200
	for i := range keys {
		s.do("SET", strconv.Itoa(i), "x")
	}
	seen := map[string]int{}
	for range 20 * keys { // a key is among 16 of which one is taken, 320 times
		seen[s.do("RANDOMKEY")]++
	}
	if len(seen) != keys {
		t.Errorf("%d of %d keys came up", len(seen), keys)
	}
	for key, n := range seen {
		if n > 100 {
			t.Errorf("%s came up %d times", key, n)
		}
	}
	s.do("FLUSHALL")
	s.do("SET", "soon over", "x", "PX", "1")
	time.Sleep(5 * time.Millisecond)
	if got := s.do("RANDOMKEY"); got != "$-1" {
		t.Error("what has expired comes up:", got)
	}
}

// TestTheSameTimeIsNoChange asks some times, as the server may lose its processor between two looks at the clock.
func TestTheSameTimeIsNoChange(t *testing.T) {
	s := dial(t, start(t, config{}).addr())
	var got string
	for range 20 {
		s.do("SET", "a", "x", "EXAT", "4102444800")
		got = s.do("EXPIREAT", "a", "4102444800", "LT") + s.do("PEXPIREAT", "a", "4102444800000", "GT")
		if got == ":0:0" {
			return
		}
	}
	t.Error("LT and GT say", got)
}
