//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// nothing is a loader that finds nothing, and counts its calls.
type nothing struct{ loads int }

func (n *nothing) load(context.Context, string) (string, error) {
	n.loads++
	return "", fmt.Errorf("no such key: %w", ErrNotFound)
}

// expect expects that a key is loaded, or not because it is remembered that there is nothing.
func (n *nothing) expect(t *testing.T, c *Cache[string, string], when string, loaded bool) {
	t.Helper()
	before := n.loads
	if _, err := c.GetOrLoad(t.Context(), "key", n.load); !errors.Is(err, ErrNotFound) || (n.loads > before) != loaded {
		t.Errorf("%s: %v after %d loads", when, err, n.loads-before)
	}
}

func TestNegativeTTL(t *testing.T) {
	c := open(t, Options[string, string]{NegativeTTL: time.Hour})
	empty := c.Stats().Bytes
	var n nothing
	n.expect(t, c, "at first", true)
	n.expect(t, c, "then", false)
	value, found := c.Get("key")
	raw, foundRaw := c.AppendGet(nil, "key")
	_, foundTTL := c.TTL("key")
	keys, _, _ := c.Scan(0, 10)
	if found || foundRaw || foundTTL || c.Touch("key", time.Hour) || c.Len()+len(keys)+len(value)+len(raw) != 0 {
		t.Error("something else than loading came across it")
	}
	n.expect(t, c, "after Touch", false)

	for _, change := range []struct {
		name string
		make func()
	}{
		{"Delete", func() {
			if c.Delete("key") {
				t.Error("Delete found an entry")
			}
		}},
		{"Touch", func() { c.Touch("key", -1) }},
		{"Update", func() { c.Update("key", func(string, bool) (string, Change) { return "", Delete }) }},
		{"Clear", func() { c.Clear() }},
		{"Set, expired", func() {
			if err := c.SetTTL("key", "value", 1); err != nil {
				t.Fatal(err)
			}
		}},
		{"Set and Delete", func() {
			if err := c.Set("key", "value"); err != nil {
				t.Fatal(err)
			}
			if got, err := c.GetOrLoad(t.Context(), "key", n.load); got != "value" || err != nil {
				t.Errorf("after Set: %q, %v", got, err)
			}
			c.Delete("key")
		}},
	} {
		change.make()
		n.expect(t, c, change.name, true)
		n.expect(t, c, change.name+", then", false)
	}
	if s := c.Stats(); s.NegativeHits != 8 || s.LoadFailures != uint64(n.loads) || s.MaxBytes != defaultBytes {
		t.Errorf("%+v", s)
	}
	c.Close()
	if _, err := c.GetOrLoad(t.Context(), "key", n.load); err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
	if s := c.Stats(); s.Bytes > empty {
		t.Errorf("after Close: %+v, more than the %d bytes of an empty cache", s, empty)
	}
}

func TestNegativeTTLEnds(t *testing.T) {
	for _, c := range []*Cache[string, string]{
		open(t, Options[string, string]{NegativeTTL: 1}),
		open(t, Options[string, string]{}),
	} {
		var n nothing
		n.expect(t, c, "at first", true)
		n.expect(t, c, "then", true)
	}
}

// Other errors are not remembered, and neither is ErrNotFound of a loader whose context had ended: it may not have
// looked.
func TestNegativesAreCertain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{NegativeTTL: time.Hour})
		c.GetOrLoad(t.Context(), "key", func(context.Context, string) (string, error) { return "", errors.New("broken") })
		var n nothing
		n.expect(t, c, "after another error", true)
		c.Delete("key")

		ctx, cancel := context.WithCancel(t.Context())
		one := begin(ctx, c, "key", func(ctx context.Context, key string) (string, error) {
			<-ctx.Done()
			return n.load(ctx, key)
		})
		synctest.Wait()
		cancel()
		<-one
		synctest.Wait()
		n.expect(t, c, "after the load was given up", true)
		idle(t, c)
	})
}

// A change while a loader finds nothing: that is not remembered.
func TestChangesWinOverNegatives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, string]{NegativeTTL: time.Hour})
		release := make(chan struct{})
		var n nothing
		one := begin(t.Context(), c, "key", func(ctx context.Context, key string) (string, error) {
			<-release
			return n.load(ctx, key)
		})
		synctest.Wait()
		c.Delete("key")
		close(release)
		if r := <-one; !errors.Is(r.err, ErrNotFound) {
			t.Errorf("got %+v", r)
		}
		n.expect(t, c, "after the change", true)

		// What was remembered meanwhile ends with a value.
		c.Delete("key")
		if _, err := c.GetOrLoad(t.Context(), "key", func(context.Context, string) (string, error) {
			c.setAbsent("key")
			return "value", nil
		}); err != nil {
			t.Error(err)
		}
		c.Touch("key", 1)
		n.expect(t, c, "after a value that has expired", true)
		idle(t, c)
	})
}

func TestNegativesOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options[string, []byte]{NegativeTTL: time.Hour})
		for _, want := range []int{1, 0} {
			loads := 0
			load := func(ctx context.Context, keys []string, found func(string, []byte)) error {
				loads++
				return upper(ctx, keys, found)
			}
			r := <-beginMany(t.Context(), c, "1 a 2", load)
			if r.values != "- A -" || r.err != nil || loads != want {
				t.Errorf("got %+v after %d loads", r, loads)
			}
		}
		if _, err := c.GetOrLoad(t.Context(), "1", nil); err != ErrNotFound {
			t.Errorf("one of them: %v", err)
		}
		c.Delete("2")
		load := func(_ context.Context, keys []string, found func(string, []byte)) error {
			for _, key := range keys {
				found(key, []byte("found"))
			}
			return nil
		}
		if r := <-beginMany(t.Context(), c, "1 a 2", load); r.values != "- A found" {
			t.Errorf("got %+v", r)
		}
		idle(t, c)
	})
}
