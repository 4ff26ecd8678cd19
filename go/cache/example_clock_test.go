//go:build cgo

package cache_test

import (
	"fmt"
	"time"

	"tandem.example/go/cache"
)

func ExampleManualClock() {
	clock := cache.NewManualClock()
	sessions, err := cache.New(cache.Options[string, int]{TTL: time.Hour, Clock: clock})
	if err != nil {
		panic(err)
	}
	defer sessions.Close()
	sessions.Set("ada", 1)
	fmt.Println(sessions.Get("ada"))
	clock.Advance(time.Hour)
	fmt.Println(sessions.Get("ada"))
	// Output:
	// 1 true
	// 0 false
}

func ExampleManualClock_Advance() {
	clock := cache.NewManualClock()
	sessions, err := cache.New(cache.Options[string, int]{TTL: time.Hour, Clock: clock})
	if err != nil {
		panic(err)
	}
	defer sessions.Close()
	sessions.Set("ada", 1)
	clock.Advance(20 * time.Minute)
	fmt.Println(sessions.TTL("ada"))
	// Output: 40m0s true
}

func ExampleNewManualClock() {
	// Both caches see the same time.
	clock := cache.NewManualClock()
	users, err := cache.New(cache.Options[int, string]{TTL: time.Minute, Clock: clock})
	if err != nil {
		panic(err)
	}
	defer users.Close()
	groups, err := cache.New(cache.Options[int, string]{TTL: time.Hour, Clock: clock})
	if err != nil {
		panic(err)
	}
	defer groups.Close()
	users.Set(1, "ada")
	groups.Set(1, "staff")
	clock.Advance(time.Minute)
	fmt.Println(users.Get(1))
	fmt.Println(groups.Get(1))
	// Output:
	//  false
	// staff true
}
