package main

import (
	"strings"
	"testing"
	"time"
)

// TestHostilePatterns: what matches is compared with Redis in TestRepliesAreThoseOfRedis.
func TestHostilePatterns(t *testing.T) {
	text := []byte(strings.Repeat("a", 2000))
	done := make(chan bool)
	go func() { done <- matches([]byte(strings.Repeat("*a", 500)+"b"), text) }()
	select {
	case matched := <-done:
		if matched {
			t.Error("it matches")
		}
	case <-time.After(time.Minute):
		t.Fatal("it takes exponential time")
	}
}
