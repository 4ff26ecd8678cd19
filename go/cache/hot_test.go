//go:build cgo

package cache

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestHotKeys watches, stops and watches again, with keys that are longer than the first buffer.
func TestHotKeys(t *testing.T) {
	c := open(t, Options[string, int]{})
	name := func(i int) string { return fmt.Sprint(i, strings.Repeat("x", 100*i)) }
	for i := range 50 {
		c.Set(name(i), i)
	}
	read := func() {
		for i := range 50 {
			for range i {
				if _, found := c.Get(name(i)); !found {
					t.Fatal("not found")
				}
			}
		}
	}
	read()
	if hot := c.HotKeys(10); len(hot) != 0 {
		t.Errorf("without a watch: %v", hot)
	}
	for range 2 {
		if err := c.WatchHotKeys(50); err != nil {
			t.Fatal(err)
		}
		read()
		c.Peek(name(0))
		var want []HotKey[string]
		for i := 49; i > 0; i-- {
			want = append(want, HotKey[string]{name(i), uint64(i)})
		}
		if hot := c.HotKeys(100); !slices.EqualFunc(hot, want, func(a, b HotKey[string]) bool { return a.Reads == b.Reads }) {
			t.Errorf("%d keys: %v", len(hot), hot)
		}
		if hot := c.HotKeys(3); !slices.Equal(hot, want[:3]) {
			t.Errorf("the first 3: %d", len(hot))
		}
	}
	if err := c.WatchHotKeys(0); err != nil || c.HotKeys(1) != nil || c.reads.bypassed.Load() {
		t.Errorf("the watch does not end: %v", err)
	}
	if c.WatchHotKeys(-1) == nil || c.HotKeys(-1) != nil {
		t.Error("negative numbers")
	}
	c.Close()
	if err := c.WatchHotKeys(1); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
