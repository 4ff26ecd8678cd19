//go:build cgo

package cache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tandem.example/go/cache"
)

type User struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

func Example() {
	users, err := cache.New(cache.Options[string, User]{MaxBytes: 16 << 20, TTL: time.Minute})
	if err != nil {
		panic(err)
	}
	defer users.Close()

	if err := users.Set("alice", User{1, "Alice"}); err != nil {
		panic(err)
	}
	alice, found := users.Get("alice")
	fmt.Println(alice, found)
	_, found = users.Get("bob")
	fmt.Println(found)
	// Output:
	// {1 Alice} true
	// false
}

func ExampleCache_AppendGet() {
	pages, err := cache.New(cache.Options[string, []byte]{})
	if err != nil {
		panic(err)
	}
	defer pages.Close()
	pages.Set("/", []byte("<h1>Welcome</h1>"))

	buffer := make([]byte, 0, 4096) // used again and again, so that a hit allocates nothing
	page, found := pages.AppendGet(buffer[:0], "/")
	fmt.Printf("%s %t\n", page, found)
	// Output: <h1>Welcome</h1> true
}

// Values of any type that needs no identity are stored as they are, in one piece of memory.
func ExampleNew_typedValues() {
	type Point struct{ x, y int16 }
	type Route struct {
		Name    string
		Points  []Point
		Started time.Time
		Tags    map[string]any
	}
	routes, err := cache.New(cache.Options[[16]byte, *Route]{MaxBytes: 16 << 20})
	if err != nil {
		panic(err)
	}
	defer routes.Close()

	id := [16]byte{15: 1}
	routes.Set(id, &Route{"north", []Point{{1, 2}, {3, 4}}, time.Unix(0, 0).UTC(), map[string]any{"km": 7, "open": nil}})
	route, _ := routes.Get(id)
	fmt.Println(*route)

	_, err = cache.New(cache.Options[string, chan int]{})
	fmt.Println(err)
	// Output:
	// {north [{1 2} {3 4}] 1970-01-01 00:00:00 +0000 UTC map[km:7 open:<nil>]}
	// cache: without Options.Codec, chan int can't be stored: it is a chan int
}

// lines is a codec.
type lines struct{}

func (lines) Append(dst []byte, value []string) ([]byte, error) {
	return append(dst, strings.Join(value, "\n")...), nil
}

func (lines) Decode(data []byte, value *[]string) error {
	*value = strings.Split(string(data), "\n")
	return nil
}

func ExampleCodec() {
	texts, err := cache.New(cache.Options[string, []string]{Codec: lines{}})
	if err != nil {
		panic(err)
	}
	defer texts.Close()
	texts.Set("poem", []string{"The Road goes ever on and on", "Down from the door where it began."})
	stored, _ := texts.AppendGet(nil, "poem")
	fmt.Printf("%q\n", stored)
	// Output: "The Road goes ever on and on\nDown from the door where it began."
}

func ExampleCache_GetOrLoad() {
	users, err := cache.New(cache.Options[int, User]{TTL: time.Minute})
	if err != nil {
		panic(err)
	}
	defer users.Close()

	database := map[int]User{1: {1, "Alice"}}
	load := func(ctx context.Context, id int) (User, error) {
		fmt.Println("loading", id)
		user, found := database[id]
		if !found {
			return User{}, cache.ErrNotFound
		}
		return user, nil
	}
	ctx := context.Background()
	fmt.Println(users.GetOrLoad(ctx, 1, load))
	fmt.Println(users.GetOrLoad(ctx, 1, load))
	_, err = users.GetOrLoad(ctx, 2, load)
	fmt.Println(errors.Is(err, cache.ErrNotFound))

	// First the source is changed, then the cache: nobody sees the old value from then on.
	database[1] = User{1, "Alicia"}
	users.Delete(1)
	fmt.Println(users.GetOrLoad(ctx, 1, load))
	// Output:
	// loading 1
	// {1 Alice} <nil>
	// {1 Alice} <nil>
	// loading 2
	// true
	// loading 1
	// {1 Alicia} <nil>
}

func ExampleCache_GetOrLoadMany() {
	users, err := cache.New(cache.Options[int, string]{})
	if err != nil {
		panic(err)
	}
	defer users.Close()
	users.Set(2, "Bob")

	load := func(ctx context.Context, ids []int, found func(id int, name string)) error {
		fmt.Println("loading", ids) // SELECT id, name FROM users WHERE id IN ...
		for id, name := range map[int]string{1: "Alice", 2: "Bob"} {
			found(id, name)
		}
		return nil
	}
	names, found, err := users.GetOrLoadMany(context.Background(), []int{3, 2, 1}, load)
	fmt.Printf("%q %t %v\n", names, found, err)
	// Output:
	// loading [3 1]
	// ["" "Bob" "Alice"] [false true true] <nil>
}

func ExampleOptions_negativeTTL() {
	users, err := cache.New(cache.Options[string, User]{NegativeTTL: time.Minute})
	if err != nil {
		panic(err)
	}
	defer users.Close()
	load := func(ctx context.Context, name string) (User, error) {
		fmt.Println("looking for", name)
		return User{}, cache.ErrNotFound
	}
	for range 3 {
		_, err = users.GetOrLoad(context.Background(), "nobody", load)
		fmt.Println(err)
	}
	// Output:
	// looking for nobody
	// cache: not found
	// cache: not found
	// cache: not found
}

func ExampleOptions_refreshAhead() {
	// Entries that are in use are replaced in the last minute of their ten, and nobody waits for that.
	rates, err := cache.New(cache.Options[string, float64]{TTL: 10 * time.Minute, RefreshAhead: time.Minute})
	if err != nil {
		panic(err)
	}
	defer rates.Close()
	rates.SetTTL("EUR", 1.07, 30*time.Second) // its last minute has come

	loaded := make(chan struct{})
	load := func(ctx context.Context, currency string) (float64, error) {
		defer close(loaded)
		return 1.08, nil
	}
	fmt.Println(rates.GetOrLoad(context.Background(), "EUR", load))
	<-loaded
	// Output: 1.07 <nil>
}

func ExamplePanicError() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	defer func() {
		err, ok := recover().(*cache.PanicError)
		fmt.Println(ok, err.Value, len(err.Stack) > 0)
	}()
	c.GetOrLoad(context.Background(), "a", func(context.Context, string) (int, error) { panic("no database") })
	// Output: true no database true
}

func ExampleCache_SetTTL() {
	sessions, err := cache.New(cache.Options[uint64, string]{TTL: time.Hour})
	if err != nil {
		panic(err)
	}
	defer sessions.Close()
	sessions.SetTTL(7, "short-lived", time.Nanosecond)
	sessions.SetTTL(8, "kept until it is evicted", 0)
	_, found := sessions.Get(7)
	fmt.Println(found)
	session, _ := sessions.Get(8)
	fmt.Println(session)
	// Output:
	// false
	// kept until it is evicted
}

func ExampleCache_Delete() {
	prices, err := cache.New(cache.Options[int, float64]{MaxEntries: 1000})
	if err != nil {
		panic(err)
	}
	defer prices.Close()
	prices.Set(1, 9.99)
	fmt.Println(prices.Delete(1), prices.Delete(1), prices.Len())
	// Output: true false 0
}

func ExampleCache_Touch() {
	sessions, err := cache.New(cache.Options[string, int]{TTL: time.Minute})
	if err != nil {
		panic(err)
	}
	defer sessions.Close()
	sessions.Set("alice", 1)
	fmt.Println(sessions.Touch("alice", time.Hour))
	ttl, found := sessions.TTL("alice")
	fmt.Println(ttl > 59*time.Minute, found)
	// Output:
	// true
	// true true
}

func ExampleCache_Scan() {
	prices, err := cache.New(cache.Options[int, float64]{})
	if err != nil {
		panic(err)
	}
	defer prices.Close()
	prices.Set(1, 9.99)
	prices.Set(2, 19.99)
	sum := 0
	for cursor := uint64(0); ; {
		keys, next, err := prices.Scan(cursor, 100)
		if err != nil {
			panic(err)
		}
		for _, key := range keys {
			sum += key
		}
		if cursor = next; cursor == 0 {
			break
		}
	}
	fmt.Println(sum)
	// Output: 3
}

func ExampleCache_Clear() {
	prices, err := cache.New(cache.Options[int, float64]{})
	if err != nil {
		panic(err)
	}
	defer prices.Close()
	prices.Set(1, 9.99)
	prices.Clear()
	fmt.Println(prices.Len())
	// Output: 0
}

func ExampleCache_Set() {
	small, err := cache.New(cache.Options[string, []byte]{MaxBytes: 64 << 10})
	if err != nil {
		panic(err)
	}
	defer small.Close()
	err = small.Set("film", make([]byte, 1<<20))
	fmt.Println(errors.Is(err, cache.ErrTooLarge), err)
	// Output: true cache: entry too large
}

func ExampleCache_Stats() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Set("a", 1)
	c.Get("a")
	c.Get("b")
	stats := c.Stats()
	fmt.Println(stats.Sets, stats.Hits, stats.Misses, stats.Entries, stats.Bytes <= stats.MaxBytes)
	// Output: 1 1 1 1 true
}

func ExampleCache_Close() {
	c, err := cache.New(cache.Options[string, int]{})
	if err != nil {
		panic(err)
	}
	c.Close()
	fmt.Println(errors.Is(c.Set("a", 1), cache.ErrClosed))
	// Output: true
}
