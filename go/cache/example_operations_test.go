//go:build cgo

package cache_test

import (
	"fmt"
	"slices"
	"time"

	"tandem.example/go/cache"
)

func ExampleCache_GetEntry() {
	sessions, err := cache.New(cache.Options[string, string]{TTL: time.Hour})
	if err != nil {
		panic(err)
	}
	defer sessions.Close()
	sessions.Set("alice", "1")
	entry, found := sessions.GetEntry("alice")
	fmt.Println(entry.Value, entry.Version != 0, entry.TTL > 59*time.Minute, found)
	// Output: 1 true true true
}

func ExampleCache_Peek() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set("a", 1)
	value, found := c.Peek("a")
	fmt.Println(value, found, c.Stats().Hits)
	// Output: 1 true 0
}

func ExampleCache_Store() {
	locks, err := cache.New(cache.Options[string, string]{})
	if err != nil {
		panic(err)
	}
	defer locks.Close()
	// A lock that its owner gives up after a minute, at the latest.
	version, taken, err := locks.Store("report", "worker 1", cache.StoreOptions{IfAbsent: true, TTL: time.Minute})
	fmt.Println(taken, err)
	_, taken, err = locks.Store("report", "worker 2", cache.StoreOptions{IfAbsent: true, TTL: time.Minute})
	fmt.Println(taken, err)
	_, extended, err := locks.Store("report", "worker 1", cache.StoreOptions{IfVersion: version, TTL: time.Minute})
	fmt.Println(extended, err)
	// Output:
	// true <nil>
	// false <nil>
	// true <nil>
}

func ExampleCache_SetIfAbsent() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	stored, err := c.SetIfAbsent("a", 1)
	fmt.Println(stored, err)
	stored, err = c.SetIfAbsent("a", 2)
	fmt.Println(stored, err)
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleCache_Replace() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	stored, err := c.Replace("a", 1)
	fmt.Println(stored, err)
	c.Set("a", 1)
	stored, err = c.Replace("a", 2)
	fmt.Println(stored, err)
	// Output:
	// false <nil>
	// true <nil>
}

func ExampleCache_CompareAndSet() {
	c, err := cache.New(cache.Options[string, string]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set("motto", "festina")
	entry, _ := c.GetEntry("motto")
	stored, err := c.CompareAndSet("motto", entry.Version, entry.Value+" lente")
	fmt.Println(stored, err)
	stored, err = c.CompareAndSet("motto", entry.Version, "of a version that is gone")
	fmt.Println(stored, err)
	// Output:
	// true <nil>
	// false <nil>
}

func ExampleCache_CompareAndDelete() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set("a", 1)
	entry, _ := c.GetEntry("a")
	fmt.Println(c.CompareAndDelete("a", entry.Version), c.CompareAndDelete("a", entry.Version))
	// Output: true false
}

func ExampleCache_SetKeepTTL() {
	sessions, err := cache.New(cache.Options[string, string]{TTL: time.Hour})
	if err != nil {
		panic(err)
	}
	defer sessions.Close()
	sessions.SetTTL("alice", "1", time.Minute)
	sessions.SetKeepTTL("alice", "2")
	ttl, _ := sessions.TTL("alice")
	fmt.Println(ttl <= time.Minute)
	// Output: true
}

func ExampleCache_Update() {
	visited, err := cache.New(cache.Options[string, []string]{})
	if err != nil {
		panic(err)
	}
	defer visited.Close()
	for _, page := range []string{"/", "/about", "/"} {
		visited.Update("alice", func(pages []string, _ bool) ([]string, cache.Change) {
			if slices.Contains(pages, page) {
				return pages, cache.Keep
			}
			return append(pages, page), cache.Replace
		})
	}
	fmt.Println(visited.Get("alice"))
	// Output: [/ /about] true
}

func ExampleIncrement() {
	views, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer views.Close()
	cache.Increment(views, "/", 1)
	n, err := cache.Increment(views, "/", 2)
	fmt.Println(n, err)
	// Output: 3 <nil>
}

func ExampleAppend() {
	logs, err := cache.New(cache.Options[string, string]{})
	if err != nil {
		panic(err)
	}
	defer logs.Close()
	cache.Append(logs, "job", "begun;")
	cache.Append(logs, "job", "ended;")
	fmt.Println(logs.Get("job"))
	// Output: begun;ended; true
}

func ExampleCache_Keys() {
	c, err := cache.New(cache.Options[int, string]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set(1, "one")
	c.Set(2, "two")
	fmt.Println(slices.Sorted(c.Keys()))
	// Output: [1 2]
}

func ExampleCache_All() {
	prices, err := cache.New(cache.Options[string, float64]{})
	if err != nil {
		panic(err)
	}
	defer prices.Close()
	prices.Set("film", 9.5)
	prices.Set("book", 20.5)
	sum := 0.0
	for _, price := range prices.All() {
		sum += price
	}
	fmt.Println(sum)
	// Output: 30
}

func ExampleCache_DeleteFunc() {
	prices, err := cache.New(cache.Options[string, float64]{})
	if err != nil {
		panic(err)
	}
	defer prices.Close()
	prices.Set("film", 9.5)
	prices.Set("book", 20.5)
	n := prices.DeleteFunc(func(_ string, price float64) bool { return price > 10 })
	fmt.Println(n, prices.Len())
	// Output: 1 1
}

func ExampleDeletePrefix() {
	pages, err := cache.New(cache.Options[string, string]{})
	if err != nil {
		panic(err)
	}
	defer pages.Close()
	pages.Set("example.org/", "")
	pages.Set("example.org/about", "")
	pages.Set("example.com/", "")
	fmt.Println(cache.DeletePrefix(pages, "example.org/"), pages.Len())
	// Output: 2 1
}

func ExampleCache_CleanUp() {
	clock := cache.NewManualClock()
	c, err := cache.New(cache.Options[string, int]{Clock: clock})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.SetTTL("a", 1, time.Hour)
	clock.Advance(time.Hour)
	c.CleanUp()
	fmt.Println(c.Len())
	// Output: 0
}

func ExampleCache_Resize() {
	c, err := cache.New(cache.Options[string, []byte]{MaxBytes: 8 << 20})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	fmt.Println(c.Resize(32<<20), c.Stats().MaxBytes>>20)
	// Output: <nil> 32
}

func ExampleCache_HotKeys() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set("a", 1)
	c.Set("b", 2)
	c.WatchHotKeys(10)
	for range 3 {
		c.Get("b")
	}
	c.Get("a")
	fmt.Println(c.HotKeys(10))
	// Output: [{b 3} {a 1}]
}

func ExampleCache_WatchHotKeys() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set("a", 1)
	c.WatchHotKeys(10)
	c.Get("a")
	fmt.Println(c.HotKeys(10))
	c.WatchHotKeys(0)
	fmt.Println(c.HotKeys(10))
	// Output:
	// [{a 1}]
	// []
}

func ExampleCache_SetMany() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	fmt.Println(c.SetMany([]string{"a", "b"}, []int{1, 2}), c.Len())
	// Output: <nil> 2
}

func ExampleCache_GetMany() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set("a", 1)
	fmt.Println(c.GetMany([]string{"a", "b"}))
	// Output: [1 0] [true false]
}

func ExampleCache_DeleteMany() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set("a", 1)
	fmt.Println(c.DeleteMany([]string{"a", "b"}))
	// Output: 1
}
