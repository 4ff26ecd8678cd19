//go:build cgo

package cache

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotFound is what a loader returns, wrapped or not, for a key that has no value where it looks. It is remembered
// for [Options].NegativeTTL.
var ErrNotFound = errors.New("cache: not found")

// Errors of loaders that can only be mistakes.
var (
	errCycle  = errors.New("cache: a loader asked for a key whose load waits for it")
	errExited = errors.New("cache: the loader ended its goroutine")
)

// PanicError is what those who wait for a load panic with when the loader panicked.
type PanicError struct {
	Value any    // what the loader panicked with
	Stack []byte // where it did, as [runtime/debug.Stack] tells
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("cache: the loader panicked: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns the value that the loader panicked with, if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Loader gets the value of a key from where it really is, or returns an error, such as [ErrNotFound].
type Loader[K Key, V any] func(ctx context.Context, key K) (V, error)

// GetOrLoad returns the value of a key. If there is none, it comes from the loader and is stored, to live as long as
// [Options].TTL says. A loader that wants another time to live calls [Cache.SetTTL] itself, and returns the value.
//
// A key has one load for all who ask for it meanwhile; each of them gets a value of its own. The loader runs in a
// goroutine of its own. Its context has the values of the ctx that began the load, but not its end: whoever waits gives
// up when their ctx ends, with its error, and the load goes on for the others. Once nobody waits any more, the
// context of the loader ends, and who comes then begins a new load.
//
// Changes win over loads. When Set, SetTTL, Delete or Clear, or Touch with a negative time to live, is called for a key
// that is being loaded, those who wait already get what is loaded, but it is not stored, and those who come later
// begin a new load. So what is changed at its source first and then in the cache is never seen old again.
//
// The errors are those of the loader, of ctx if it ended, [ErrClosed] and those of the codec; the value is the zero
// value then, and nothing is stored. A value that is too large for the cache, or that there is no memory for, is
// returned, but not stored. If the loader panics, all who wait panic with a [*PanicError]. If it calls
// [runtime.Goexit], or asks with its context for its own key or for one whose load waits for it, that is an error.
//
// A hit costs what [Cache.Get] costs; but a function that is made for each call, because it uses variables from around
// it, is one more allocation.
func (c *Cache[K, V]) GetOrLoad(ctx context.Context, key K, load Loader[K, V]) (V, error) {
	if value, found := c.Get(key); found {
		if c.refreshAhead != 0 {
			c.refresh(ctx, key, load)
		}
		return value, nil
	}
	return c.loadOne(ctx, key, load)
}

func (c *Cache[K, V]) loadOne(ctx context.Context, key K, load Loader[K, V]) (none V, _ error) {
	if c.isAbsent(&key) {
		return none, ErrNotFound
	}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	var value V
	caller := callOf(ctx)
	f, fresh, err := c.boardOrGet(ctx, caller, nil, &key, &value)
	if f == nil {
		return value, err
	}
	if fresh {
		c.runOne(f, load)
	}
	if err := c.await(ctx, caller, f); err != nil {
		return none, err
	}
	return c.take(f)
}

func (c *Cache[K, V]) runOne(f *flight[K, V], load Loader[K, V]) {
	var value V
	go c.run(f.call, []*flight[K, V]{f}, func() (err error) {
		value, err = load(f.call, f.key)
		return err
	}, func() { c.deliver(f, value) })
}

// boardOrGet boards the flight of a key that was not found, or sets *value if it was stored since.
func (c *Cache[K, V]) boardOrGet(
	ctx context.Context, caller, own *call, key *K, value *V,
) (f *flight[K, V], fresh bool, err error) {
	f, fresh, err = c.board(ctx, caller, own, key, false)
	if f != nil || err != nil {
		return f, fresh, err
	}
	var found bool
	if *value, found = c.Peek(*key); found { // the miss is counted
		return nil, false, nil
	}
	return c.board(ctx, caller, own, key, true) // it is there, but can't be decoded
}

// await waits until a flight has landed, or for an error that is a reason not to; for the loader of a caller, if there is
// one.
func (c *Cache[K, V]) await(ctx context.Context, caller *call, f *flight[K, V]) error {
	// Who takes what landed must have been counted when it did, or there is nothing to make another value of.
	defer f.call.leave()
	if caller != nil {
		select {
		case <-f.landed: // though its call may go on
			return nil
		default:
		}
		if !caller.wait(f.call) {
			return errCycle
		}
		defer caller.waited(f.call)
	}
	var err error
	select {
	case <-f.landed:
	case <-ctx.Done():
		err = ctx.Err()
	case <-c.loads.closed:
		err = ErrClosed
	}
	select {
	case <-f.landed: // in the same moment
		return nil
	default:
		return err
	}
}
