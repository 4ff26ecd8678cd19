//go:build cgo

package cache_test

import (
	"bytes"
	"fmt"

	"tandem.example/go/cache"
)

func ExampleCache_SaveTo() {
	before, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer before.Close()
	before.Set("a", 1)
	var snapshot bytes.Buffer // or a file
	fmt.Println(before.SaveTo(&snapshot))

	after, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer after.Close()
	fmt.Println(after.LoadFrom(&snapshot))
	fmt.Println(after.Get("a"))
	// Output:
	// <nil>
	// <nil>
	// 1 true
}

func ExampleCache_LoadFrom() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	fmt.Println(c.LoadFrom(bytes.NewReader([]byte("TANDEM"))))
	// Output: cache: the snapshot was cut off
}
