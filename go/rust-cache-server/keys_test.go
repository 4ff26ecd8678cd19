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
