//go:build cgo

package cache_test

import (
	"fmt"

	"tandem.example/go/cache"
)

func ExampleOptions_onRemoval() {
	sessions, err := cache.New(cache.Options[string, int]{
		OnRemoval: func(user string, session int, reason cache.RemovalReason) {
			fmt.Println(user, session, reason)
		},
	})
	if err != nil {
		panic(err)
	}
	sessions.Set("ada", 1)
	sessions.Set("ada", 2)
	sessions.Delete("ada")
	sessions.Close() // returns when all was told
	// Output:
	// ada 1 replaced
	// ada 2 deleted
}

func ExampleRemovalReason_String() {
	fmt.Println(cache.RemovedSize, cache.RemovedExpired)
	// Output: size expired
}
