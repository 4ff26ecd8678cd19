package main

import (
	"bytes"
	"context"
	"slices"
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
	open func(stock) (store, error)
}

// cacheLibraries are the contenders.
var cacheLibraries = []cacheLibrary{
	{own, openTandem},
	{"otter", openOtter},
	{"ristretto", openRistretto},
	{"theine", openTheine},
	{"freecache", openFreecache},
	{"bigcache", openBigcache},
	{"fastcache", openFastcache},
}

// array is no cache: it says what the machine takes to fetch memory that is all over the place.
var array = cacheLibrary{"array", openArray}

var withArray = append(slices.Clone(cacheLibraries), array)

func nothingToDo() {}

func openTandem(held stock) (store, error) {
	const overhead = 64 // more than enough
	return limitedTandem(tandem.Options[string, []byte]{
		MaxBytes: int64(held.room() * (overhead + held.size())),
	})
}

func openOtter(held stock) (store, error) {
	cache, err := otter.New(&otter.Options[string, []byte]{MaximumSize: held.room()})
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, _ []byte) ([]byte, bool) { return cache.GetIfPresent(key) },
		set:    func(key string, value []byte) { cache.Set(key, bytes.Clone(value)) },
		settle: cache.CleanUp,
	}, nil
}

func openRistretto(held stock) (store, error) {
	cache, err := ristretto.NewCache(&ristretto.Config[string, []byte]{
		NumCounters:        10 * int64(held.room()),
		MaxCost:            int64(held.room()),
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

func openTheine(held stock) (store, error) {
	cache, err := theine.NewBuilder[string, []byte](int64(held.room())).Build()
	if err != nil {
		return store{}, err
	}
	return store{
		get:    func(key string, _ []byte) ([]byte, bool) { return cache.Get(key) },
		set:    func(key string, value []byte) { cache.Set(key, bytes.Clone(value), 1) },
		settle: cache.Wait,
	}, nil
}

func openFreecache(held stock) (store, error) {
	const header = 24
	return limitedFreecache(held.room() * (header + held.size()))
}

func openBigcache(held stock) (store, error) {
	const header = 22
	config := bigcache.DefaultConfig(24 * time.Hour)
	config.MaxEntriesInWindow = held.entries
	config.MaxEntrySize = header + held.size()
	// What is overwritten stays until the queue of its shard is full.
	config.HardMaxCacheSize = 1 + held.room()*config.MaxEntrySize>>20
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

func openFastcache(held stock) (store, error) {
	const header = 4
	return limitedFastcache(held.room() * (header + held.size()))
}

// openArray has an entry where the number in its key says.
func openArray(held stock) (store, error) {
	values := make([]byte, held.entries*held.valueSize)
	at := func(key string) []byte {
		number := 0
		for _, digit := range []byte(key[len("user:"):]) {
			number = 10*number + int(digit-'0')
		}
		return values[number*held.valueSize:][:held.valueSize]
	}
	return store{
		get:    func(key string, buffer []byte) ([]byte, bool) { return append(buffer[:0], at(key)...), true },
		set:    func(key string, value []byte) { copy(at(key), value) },
		settle: nothingToDo,
	}, nil
}

// bytesOf returns the bytes of a key, for caches that take those, and only read them.
func bytesOf(key string) []byte { return unsafe.Slice(unsafe.StringData(key), len(key)) }
