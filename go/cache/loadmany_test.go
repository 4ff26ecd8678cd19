//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// results are what GetOrLoadMany returned, or panicked with: "-" is a value that was not found.
type results struct {
	values   string
	err      error
	panicked any
}

// beginMany calls GetOrLoadMany for the keys in a text, in a goroutine.
func beginMany(
	ctx context.Context, c *Cache[string, []byte], keys string, load BulkLoader[string, []byte],
) <-chan results {
	done := make(chan results, 1)
	go func() {
		var r results
		defer func() {
			r.panicked = recover()
			done <- r
		}()
		values, found, err := c.GetOrLoadMany(ctx, strings.Fields(keys), load)
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = string(value)
			if !found[i] {
				texts[i] += "-"
			}
			clear(value) // nobody else has it
		}
		r.values, r.err = strings.Join(texts, " "), err
	}()
	return done
}

// upper finds all keys that are lower case letters.
func upper(_ context.Context, keys []string, found func(string, []byte)) error {
	for _, key := range keys {
		if key >= "a" && key <= "z" {
			found(key, []byte(strings.ToUpper(key)))
		}
	}
	return nil
}

func TestLoadMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, []byte]{})
		if err := c.Set("b", []byte("there")); err != nil {
			t.Fatal(err)
		}
		var asked []string
		load := func(ctx context.Context, keys []string, found func(string, []byte)) error {
			asked = append(asked, strings.Join(keys, " "))
			found("extra", []byte("extra"))
			defer found("a", []byte("once more"))
			return upper(ctx, keys, found)
		}
		for _, test := range []struct{ keys, want, asked string }{
			{"", "", ""},
			{"b b", "there there", ""},
			{"b a 1 a c", "there A - A C", "a 1 c"},
			{"1 c b a", "- C there A", "1"},
		} {
			asked = nil
			r := <-beginMany(t.Context(), c, test.keys, load)
			if r.values != test.want || r.err != nil || strings.Join(asked, ";") != test.asked {
				t.Errorf("%s: got %q, %v, asked for %q, want %q", test.keys, r.values, r.err, asked, test)
			}
		}
		if s := c.Stats(); s.LoadSuccesses != 2 || s.LoadFailures != 0 || s.Entries != 3 {
			t.Errorf("%+v", s)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if r := <-beginMany(ended, c, "b d", load); r.values != "there -" || r.err != context.Canceled {
			t.Errorf("with a context that has ended: %+v", r)
		}
		idle(t, c)
	})
}

// Loads of one key and of many join each other, and those of many that have keys in common.
func TestLoadsOfOneAndMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, []byte]{})
		one := newSource[[]byte]()
		single := begin(t.Context(), c, "a", one.load)
		synctest.Wait()

		step := make(chan struct{})
		many := beginMany(t.Context(), c, "b 1 a 2",
			func(_ context.Context, keys []string, found func(string, []byte)) error {
				if !slices.Equal(keys, []string{"b", "1", "2"}) {
					t.Errorf("asked for %q", keys)
				}
				<-step
				found("b", []byte("B"))
				<-step
				return nil
			})
		synctest.Wait()
		others := beginMany(t.Context(), c, "c b a", upper)
		b, none := begin(t.Context(), c, "b", one.load), begin(t.Context(), c, "1", one.load)
		synctest.Wait()

		step <- struct{}{}
		if r := <-b; string(r.value) != "B" { // at once
			t.Errorf("b: %+v", r)
		}
		if r := <-begin(t.Context(), c, "b", one.load); string(r.value) != "B" {
			t.Errorf("b again: %+v", r)
		}
		step <- struct{}{}
		if r := <-none; !errors.Is(r.err, ErrNotFound) {
			t.Errorf("1: %+v", r)
		}
		one.release <- []byte("A")
		if r := <-single; string(r.value) != "A" {
			t.Errorf("a: %+v", r)
		}
		if r := <-many; r.values != "B - A -" || r.err != nil {
			t.Errorf("many: %+v", r)
		}
		if r := <-others; r.values != "C B A" || r.err != nil {
			t.Errorf("others: %+v", r)
		}
		if n := one.loads.Load(); n != 1 {
			t.Errorf("%d loads of one", n)
		}
		idle(t, c)
	})
}

// A load of one key that finds nothing is no error for many; one that fails is, for that key only.
func TestManyJoinLoadsThatFail(t *testing.T) {
	broken := errors.New("broken")
	for _, err := range []error{ErrNotFound, broken} {
		synctest.Test(t, func(t *testing.T) {
			c := open(t, Options[string, []byte]{})
			release := make(chan struct{})
			one := begin(t.Context(), c, "a", func(context.Context, string) ([]byte, error) {
				<-release
				return nil, err
			})
			synctest.Wait()
			many := beginMany(t.Context(), c, "a b", upper)
			synctest.Wait()
			close(release)
			<-one
			if r := <-many; r.values != "- B" || (r.err == broken) != (err == broken) {
				t.Errorf("got %+v", r)
			}
			idle(t, c)
		})
	}
}

// hookedCodec calls a function when the value "bad" is decoded, and fails then.
type hookedCodec struct{ hook func() }

func (hookedCodec) Append(dst []byte, value point) ([]byte, error) {
	return append(dst, value.Tags[0]...), nil
}

func (c hookedCodec) Decode(data []byte, value *point) error {
	if string(data) == "bad" {
		c.hook()
		return errors.New("bad")
	}
	value.Tags = []string{string(data)}
	return nil
}

// A key comes twice, and is changed in between.
func TestKeyOfManyThatComesTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := func() {}
		c := open(t, Options[string, point]{Codec: hookedCodec{func() { hook() }}})
		if err := c.Set("bad", point{Tags: []string{"bad"}}); err != nil {
			t.Fatal(err)
		}
		hook = func() { c.Delete("a") }
		values, found, err := c.GetOrLoadMany(t.Context(), []string{"a", "bad", "a"},
			func(_ context.Context, keys []string, found func(string, point)) error {
				if !slices.Equal(keys, []string{"a", "bad"}) {
					t.Errorf("asked for %q", keys)
				}
				for _, key := range keys {
					found(key, point{Tags: []string{"loaded"}})
				}
				return nil
			})
		if err != nil || slices.Contains(found, false) {
			t.Errorf("found %v, %v", found, err)
		}
		for i := range values {
			if values[i].Tags[0] != "loaded" {
				t.Errorf("got %v", values)
			}
			values[i].Tags[0] = "changed" // the other has its own
		}
		idle(t, c)
	})
}

// What a loader found before it failed counts.
func TestFailingLoadsOfMany(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name string
		fail func(ctx context.Context, c *Cache[string, []byte]) error
		want func(results) bool
	}{
		{
			"an error", func(context.Context, *Cache[string, []byte]) error { return broken },
			func(r results) bool { return r.err == broken && r.values == "A -" },
		},
		{
			"ErrNotFound", func(context.Context, *Cache[string, []byte]) error { return ErrNotFound },
			func(r results) bool { return r.err == nil && r.values == "A -" },
		},
		{
			"a panic", func(context.Context, *Cache[string, []byte]) error { panic("oops") },
			func(r results) bool {
				p, _ := r.panicked.(*PanicError)
				return p != nil && p.Value == "oops"
			},
		},
		{
			"a cycle", func(ctx context.Context, c *Cache[string, []byte]) error {
				r := <-beginMany(ctx, c, "a c b", upper)
				if r.values != "A C -" {
					return fmt.Errorf("the other keys: %+v", r)
				}
				return r.err
			},
			func(r results) bool { return r.err == errCycle && r.values == "A -" },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := open(t, Options[string, []byte]{})
				r := <-beginMany(t.Context(), c, "a b",
					func(ctx context.Context, keys []string, found func(string, []byte)) error {
						found("a", []byte("A"))
						return test.fail(ctx, c)
					})
				if !test.want(r) {
					t.Errorf("got %+v", r)
				}
				if value, _ := c.Get("a"); string(value) != "A" {
					t.Errorf("stored %q", value)
				}
				idle(t, c)
			})
		})
	}
}

// A value that can't be encoded is the error of its key only.
func TestManyOfWhichOneCannotBeEncoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, any]{})
		values, found, err := c.GetOrLoadMany(t.Context(), []string{"bad", "good"},
			func(_ context.Context, keys []string, found func(string, any)) error {
				found("bad", func() {})
				found("good", "value")
				return nil
			})
		if !reflect.DeepEqual(values, []any{nil, "value"}) || !slices.Equal(found, []bool{false, true}) ||
			err == nil || !strings.Contains(err.Error(), "encoding the value") {
			t.Errorf("got %v, %v, %v", values, found, err)
		}
		idle(t, c)
	})
}

// Changes win over those of their keys, and leave the others alone.
func TestChangesWinOverLoadsOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, []byte]{})
		many := beginMany(t.Context(), c, "a b c",
			func(ctx context.Context, keys []string, found func(string, []byte)) error {
				c.Delete("a")
				if err := c.Set("b", []byte("set")); err != nil {
					return err
				}
				return upper(ctx, keys, found)
			})
		if r := <-many; r.values != "A B C" || r.err != nil {
			t.Errorf("got %+v", r)
		}
		synctest.Wait()
		values := map[string]string{}
		for _, key := range []string{"a", "b", "c"} {
			if value, found := c.Get(key); found {
				values[key] = string(value)
			}
		}
		if want := map[string]string{"b": "set", "c": "C"}; !reflect.DeepEqual(values, want) {
			t.Errorf("stored %v, want %v", values, want)
		}
		idle(t, c)
	})
}

// A load of many goes on as long as somebody waits for one of its keys, and takes nothing from a loader that is late.
func TestGivingUpLoadsOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, []byte]{})
		many, cancelMany := context.WithCancel(t.Context())
		one, cancelOne := context.WithCancel(t.Context())
		ended := make(chan struct{})
		var late func(string, []byte)
		first := beginMany(many, c, "a b a", func(ctx context.Context, _ []string, found func(string, []byte)) error {
			late = found
			<-ctx.Done()
			close(ended)
			return context.Cause(ctx)
		})
		synctest.Wait()
		second := begin(one, c, "b", nil)
		synctest.Wait()
		cancelMany()
		if r := <-first; r.err != context.Canceled || r.values != "- - -" {
			t.Errorf("the first got %+v", r)
		}
		synctest.Wait()
		select {
		case <-ended:
			t.Error("the load ended, though one waits")
		default:
		}
		cancelOne()
		if r := <-second; r.err != context.Canceled {
			t.Errorf("the second got %+v", r)
		}
		<-ended
		synctest.Wait()
		late("a", []byte("A"))
		if c.Len() != 0 {
			t.Error("a value was stored after its load had ended")
		}
		idle(t, c)
	})
}

// Some keys are being loaded by somebody else: to give those up lets that load end.
func TestGivingUpWhatOthersLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, []byte]{})
		one, cancelOne := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		first := begin(one, c, "a", func(ctx context.Context, _ string) ([]byte, error) {
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return nil, ctx.Err()
		})
		synctest.Wait()
		many, cancelMany := context.WithCancel(t.Context())
		second := beginMany(many, c, "a b", upper)
		synctest.Wait()
		cancelOne()
		<-first
		synctest.Wait()
		if len(ended) != 0 {
			t.Error("the load ended, though one waits")
		}
		cancelMany()
		if r := <-second; r.err != context.Canceled || r.values != "- B" {
			t.Errorf("got %+v", r)
		}
		if cause := <-ended; cause != errGivenUp {
			t.Errorf("the load ended because of %v", cause)
		}
		idle(t, c)
	})
}

// Keys in opposite orders do not wait for each other, and a loader may use goroutines.
func TestManyAtOnce(t *testing.T) {
	c := open(t, Options[int, int]{})
	load := func(_ context.Context, keys []int, found func(int, int)) error {
		var all sync.WaitGroup
		for _, key := range keys {
			all.Go(func() { found(key, -key) })
		}
		all.Wait()
		return nil
	}
	forward := make([]int, 100)
	for i := range forward {
		forward[i] = i
	}
	backward := slices.Clone(forward)
	slices.Reverse(backward)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 100 {
				keys := [][]int{forward, backward}[i%2]
				values, found, err := c.GetOrLoadMany(t.Context(), keys, load)
				if err != nil || slices.Contains(found, false) {
					t.Errorf("%v, found %v", err, found)
				}
				for j, value := range values {
					if value != -keys[j] {
						t.Errorf("key %d: %d", keys[j], value)
					}
				}
				c.Delete(keys[0])
				if i == 0 {
					c.Clear()
				}
			}
		})
	}
	all.Wait()
}

func TestCloseEndsLoadsOfMany(t *testing.T) {
	for range 100 { // who waits may see first that the load ended, or that the cache did
		synctest.Test(t, func(t *testing.T) {
			c := open(t, Options[string, []byte]{})
			many := beginMany(t.Context(), c, "a b", func(ctx context.Context, _ []string, found func(string, []byte)) error {
				found("a", []byte("A"))
				<-ctx.Done()
				return ctx.Err()
			})
			synctest.Wait()
			c.Close()
			if r := <-many; r.err != ErrClosed || r.values != "A -" {
				t.Errorf("got %+v", r)
			}
			if r := <-beginMany(t.Context(), c, "a b", upper); r.err != ErrClosed || r.values != "- -" {
				t.Errorf("after Close: %+v", r)
			}
			idle(t, c)
		})
	}
}
