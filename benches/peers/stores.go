package main

import (
	"bytes"
	"context"
	"time"
	"unsafe"

	"github.com/Yiling-J/theine-go"
	"github.com/allegro/bigcache/v3"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/maypok86/otter/v2"

	tandem "tandem.example/go/cache"
)

// store is a cache of byte slices by strings, used as its users do.
//
// Caches that copy what they hold return it in the caller's buffer, if they have a function for that. Those that hold what
// they are given are given a copy, since the caller goes on to use his.
type store struct {
	get func(key string, buffer []byte) ([]byte, bool)
	set func(key string, value []byte)
	// settle returns when all that was set can be read.
	settle func()
}

// cacheLibrary opens stores.
type cacheLibrary struct {
	name string
	open func(entries int) (store, error)
}

// cacheLibraries are the contenders. Their stores have room for half as many entries again: speed is compared where all of
// them hold all there is.
var cacheLibraries = []cacheLibrary{
	{own, openTandem},
	{"otter", openOtter},
	{"ristretto", openRistretto},
	{"theine", openTheine},
	{"freecache", openFreecache},
	{"bigcache", openBigcache},
	{"fastcache", openFastcache},
}

func nothingToDo() {}

// room is how many entries a cache is made for.
func room(entries int) int { return entries + entries/2 }

func openTandem(entries int) (store, error) {
	const overhead = 64 // more than enough
	return limitedTandem(tandem.Options[string, []byte]{
		MaxBytes: int64(room(entries) * (overhead + keySize + valueSize)),
	})
}

func openOtter(entries int) (store, error) {
	cache, err := otter.New(&otter.Options[string, []byte]{MaximumSize: room(entries)})
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, _ []byte) ([]byte, bool) { return cache.GetIfPresent(key) },
		set:    func(key string, value []byte) { cache.Set(key, bytes.Clone(value)) },
		settle: cache.CleanUp,
	}, nil
}

func openRistretto(entries int) (store, error) {
	cache, err := ristretto.NewCache(&ristretto.Config[string, []byte]{
		NumCounters:        10 * int64(room(entries)),
		MaxCost:            int64(room(entries)),
		BufferItems:        64,
		IgnoreInternalCost: true,
	})
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, _ []byte) ([]byte, bool) { return cache.Get(key) },
		set:    func(key string, value []byte) { cache.Set(key, bytes.Clone(value), 1) },
		settle: cache.Wait,
	}, nil
}

func openTheine(entries int) (store, error) {
	cache, err := theine.NewBuilder[string, []byte](int64(room(entries))).Build()
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, _ []byte) ([]byte, bool) { return cache.Get(key) },
		set:    func(key string, value []byte) { cache.Set(key, bytes.Clone(value), 1) },
		settle: cache.Wait,
	}, nil
}

func openFreecache(entries int) (store, error) {
	const header = 24
	return limitedFreecache(room(entries) * (header + keySize + valueSize))
}

func openBigcache(entries int) (store, error) {
	const header = 22
	config := bigcache.DefaultConfig(24 * time.Hour)
	config.MaxEntriesInWindow = entries
	config.MaxEntrySize = header + keySize + valueSize
	// What is overwritten stays until the queue of its shard is full.
	config.HardMaxCacheSize = 1 + room(entries)*config.MaxEntrySize>>20
	return configuredBigcache(config)
}

func configuredBigcache(config bigcache.Config) (store, error) {
	config.CleanWindow = 0
	config.Verbose = false
	cache, err := bigcache.New(context.Background(), config)
	if err != nil {
		return store{}, err
	}
	return store{
		get: func(key string, _ []byte) ([]byte, bool) {
			value, err := cache.Get(key)
			return value, err == nil
		},
		set:    func(key string, value []byte) { must(cache.Set(key, value)) },
		settle: nothingToDo,
	}, nil
}

func openFastcache(entries int) (store, error) {
	const header = 4
	return limitedFastcache(room(entries) * (header + keySize + valueSize))
}

// bytesOf returns the bytes of a key, for caches that take those, and only read them.
func bytesOf(key string) []byte { return unsafe.Slice(unsafe.StringData(key), len(key)) }
