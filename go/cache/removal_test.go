//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"
)

type gone[K Key, V any] struct {
	key    K
	value  V
	reason RemovalReason
}

// recorder returns options whose OnRemoval sends to a channel with room for all that a test removes.
func recorder[K Key, V any]() (Options[K, V], chan gone[K, V]) {
	all := make(chan gone[K, V], 1<<16)
	told := func(key K, value V, reason RemovalReason) { all <- gone[K, V]{key, value, reason} }
	return Options[K, V]{OnRemoval: told}, all
}

// TestRemovalOf makes an entry go in all ways there are. Nothing else is done until OnRemoval was called.
func TestRemovalOf(t *testing.T) {
	snapshot := func() *strings.Reader {
		var saved strings.Builder
		c := open(t, Options[string, int]{})
		for i := range 20_000 {
			c.Set(fmt.Sprint("loaded", i), i)
		}
		c.SaveTo(&saved)
		return strings.NewReader(saved.String())
	}
	const old = 1 << 40
	for name, test := range map[string]struct {
		remove func(c *Cache[string, int])
		reason RemovalReason
	}{
		"Set":     {func(c *Cache[string, int]) { c.Set("key", 2) }, RemovedReplaced},
		"SetTTL":  {func(c *Cache[string, int]) { c.SetTTL("key", 2, time.Hour) }, RemovedReplaced},
		"SetMany": {func(c *Cache[string, int]) { c.SetMany([]string{"key"}, []int{2}) }, RemovedReplaced},
		"Replace": {func(c *Cache[string, int]) { c.Replace("key", 2) }, RemovedReplaced},
		"Update": {func(c *Cache[string, int]) {
			c.Update("key", func(n int, _ bool) (int, Change) { return n + 1, Replace })
		}, RemovedReplaced},
		"Increment":     {func(c *Cache[string, int]) { Increment(c, "key", 1) }, RemovedReplaced},
		"Delete":        {func(c *Cache[string, int]) { c.Delete("key") }, RemovedDeleted},
		"DeleteMany":    {func(c *Cache[string, int]) { c.DeleteMany([]string{"key"}) }, RemovedDeleted},
		"DeletePrefix":  {func(c *Cache[string, int]) { DeletePrefix(c, "ke") }, RemovedDeleted},
		"DeleteFunc":    {func(c *Cache[string, int]) { c.DeleteFunc(func(string, int) bool { return true }) }, RemovedDeleted},
		"Touch":         {func(c *Cache[string, int]) { c.Touch("key", -1) }, RemovedDeleted},
		"Clear":         {func(c *Cache[string, int]) { c.Clear() }, RemovedDeleted},
		"CompareAndSet": {func(c *Cache[string, int]) { e, _ := c.GetEntry("key"); c.CompareAndSet("key", e.Version, 2) }, RemovedReplaced},
		"CompareAndDelete": {func(c *Cache[string, int]) {
			e, _ := c.GetEntry("key")
			c.CompareAndDelete("key", e.Version)
		}, RemovedDeleted},
		"CleanUp": {func(c *Cache[string, int]) {
			c.Touch("key", time.Hour)
			c.clock.Advance(time.Hour)
			c.CleanUp()
		}, RemovedExpired},
		"Resize": {func(c *Cache[string, int]) {
			for i := range 20_000 {
				c.SetIfAbsent(fmt.Sprint("more", i), i)
			}
			if err := c.Resize(768 << 10); err != nil {
				panic(err)
			}
		}, RemovedSize},
		"LoadFrom": {func(c *Cache[string, int]) {
			c.Resize(768 << 10)
			if err := c.LoadFrom(snapshot()); err != nil {
				panic(err)
			}
		}, RemovedSize},
	} {
		t.Run(name, func(t *testing.T) {
			o, all := recorder[string, int]()
			o.MaxBytes = 4 << 20
			o.Clock = NewManualClock()
			c := open(t, o)
			c.Set("key", old)
			test.remove(c)
			first := <-all
			if first.reason != test.reason || (test.reason != RemovedSize && first.key == "key" && first.value != old) {
				t.Errorf("%v", first)
			}
		})
	}
}

func TestRemovalOfByte(t *testing.T) {
	o, all := recorder[int64, []byte]()
	c := open(t, o)
	c.Set(-1, []byte("old"))
	Append(c, -1, []byte(" and new"))
	if first := <-all; first.key != -1 || string(first.value) != "old" || first.reason != RemovedReplaced {
		t.Errorf("%v", first)
	}
}

func TestRemovalOfStruct(t *testing.T) {
	type point struct {
		X, Y int
		Name string
	}
	o, all := recorder[uint32, point]()
	c := open(t, o)
	c.Set(7, point{1, 2, "here"})
	c.Delete(7)
	if first := <-all; first != (gone[uint32, point]{7, point{1, 2, "here"}, RemovedDeleted}) {
		t.Errorf("%v", first)
	}
}

// TestRemovalsInOrder: of the values of each key, all but the last are told of, in their order.
func TestRemovalsInOrder(t *testing.T) {
	const goroutines, keys, rounds = 4, 50, 20_000
	var last [goroutines * keys]int
	told := 0
	c := open(t, Options[int, int]{RemovalBytes: 32 << 20, OnRemoval: func(key, value int, _ RemovalReason) {
		if value <= last[key] {
			t.Errorf("%d: %d after %d", key, value, last[key])
		}
		last[key] = value
		told++
	}})
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(g)))
			for i := range rounds {
				key := random.IntN(keys)*goroutines + g
				if i%10 == 9 {
					c.Delete(key)
				}
				c.Set(key, i+1)
			}
		})
	}
	group.Wait()
	left := c.Len()
	c.Close()
	if told+left != goroutines*rounds {
		t.Errorf("%d told and %d left of %d; %+v", told, left, goroutines*rounds, c.Stats())
	}
}

// TestCloseTellsOfAll: what went before is told while Close waits, and what is there at that moment is not.
func TestCloseTellsOfAll(t *testing.T) {
	begun, goOn := make(chan bool, 1), make(chan bool)
	told := 0
	c := open(t, Options[int, string]{OnRemoval: func(key int, _ string, _ RemovalReason) {
		if told == 0 {
			begun <- true
			<-goOn
		}
		told++
	}})
	for i := range 2000 {
		c.Set(i, "value")
	}
	for i := range 1000 {
		c.Delete(i)
	}
	<-begun
	closed := make(chan bool)
	go func() { c.Close(); close(closed) }()
	for c.Len() > 0 {
		runtime.Gosched()
	}
	select {
	case <-closed:
		t.Error("Close does not wait")
	default:
	}
	goOn <- true
	<-closed
	c.Close()
	if told != 1000 {
		t.Errorf("%d told", told)
	}
}

func TestRemovalsDropped(t *testing.T) {
	goOn := make(chan bool)
	told := 0
	c := open(t, Options[int, string]{RemovalBytes: 64 << 10, OnRemoval: func(key int, value string, _ RemovalReason) {
		<-goOn
		told++
	}})
	const entries = 10_000
	for i := range entries {
		c.Set(i, "value")
		c.Delete(i)
	}
	if dropped := c.Stats().RemovalsDropped; dropped < entries/2 {
		t.Errorf("%d dropped", dropped)
	}
	close(goOn)
	c.Close()
	if dropped := c.Stats().RemovalsDropped; told+int(dropped) != entries || told == 0 {
		t.Errorf("%d told, %d dropped", told, dropped)
	}
}

// TestRemovalUses lets OnRemoval use the cache, which removes more.
func TestRemovalUses(t *testing.T) {
	var c *Cache[string, int]
	made, done := make(chan bool), make(chan bool)
	c = open(t, Options[string, int]{OnRemoval: func(key string, value int, _ RemovalReason) {
		<-made
		switch {
		case value == 100:
			close(done)
		case value < 100:
			c.Set(key, value+1)
			if got, found := c.Get(key); !found || got != value+1 {
				t.Errorf("%d, %v", got, found)
			}
			c.GetOrLoad(context.Background(), "other", func(context.Context, string) (int, error) { return 1000, nil })
			c.Delete(key)
		}
	}})
	close(made)
	c.Set("key", 0)
	c.Delete("key")
	<-done
}

// broken can't decode what it encodes.
type broken struct{}

func (broken) Append(dst []byte, value string) ([]byte, error) { return append(dst, value...), nil }
func (broken) Decode([]byte, *string) error                    { return errors.New("broken") }

func TestRemovalNotDecoded(t *testing.T) {
	c := open(t, Options[string, string]{Codec: broken{}, OnRemoval: func(string, string, RemovalReason) {
		t.Error("called")
	}})
	c.Set("key", "value")
	c.Delete("key")
	c.Close()
	if dropped := c.Stats().RemovalsDropped; dropped != 1 {
		t.Errorf("%d dropped", dropped)
	}
}

// TestUnreachableListener: a cache that is not closed goes, also if OnRemoval refers to it.
func TestUnreachableListener(t *testing.T) {
	ended, cache := func() (<-chan struct{}, weak.Pointer[Cache[string, int]]) {
		var c *Cache[string, int]
		c, err := New(Options[string, int]{OnRemoval: func(string, int, RemovalReason) { c.Len() }})
		if err != nil {
			t.Fatal(err)
		}
		c.Set("key", 1)
		c.Delete("key")
		return c.removals.worker.ended, weak.Make(c)
	}()
	for running := true; running; {
		runtime.GC()
		select {
		case <-ended:
			running = false
		default:
			runtime.Gosched()
		}
	}
	if cache.Value() != nil {
		t.Error("the cache is there yet")
	}
}

// TestRemovalPanics runs itself in a process that is to end.
func TestRemovalPanics(t *testing.T) {
	if os.Getenv("TANDEM_REMOVAL_PANICS") != "" {
		c := open(t, Options[string, int]{OnRemoval: func(string, int, RemovalReason) { panic("the listener's own") }})
		c.Set("key", 1)
		c.Delete("key")
		c.Close()
		time.Sleep(time.Minute) // Close does not wait for the process to end.
		return
	}
	program := exec.Command(os.Args[0], "-test.run=^TestRemovalPanics$")
	program.Env = append(os.Environ(), "TANDEM_REMOVAL_PANICS=1")
	if output, err := program.CombinedOutput(); err == nil || !strings.Contains(string(output), "the listener's own") {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestRemovalOptions(t *testing.T) {
	told := func(string, int, RemovalReason) {}
	for _, o := range []Options[string, int]{
		{RemovalBytes: -1, OnRemoval: told},
		{RemovalBytes: 1 << 20},
		{RemovalBytes: 33 << 20, OnRemoval: told},
	} {
		if c, err := New(o); err == nil {
			c.Close()
			t.Errorf("%d bytes are fine", o.RemovalBytes)
		}
	}
	for _, o := range []Options[string, int]{
		{MaxBytes: minBytes, OnRemoval: told},
		{MaxBytes: 2 * minBytes, NegativeTTL: time.Hour, OnRemoval: told},
		{RemovalBytes: 32 << 20, OnRemoval: told},
	} {
		open(t, o)
	}
}

func TestRemovalReasons(t *testing.T) {
	var names []string
	for r := range RemovalReason(6) {
		names = append(names, r.String())
	}
	if want := []string{"RemovalReason(0)", "size", "expired", "replaced", "deleted", "RemovalReason(5)"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
}
