//go:build cgo

package cache

import (
	"cmp"
	"context"
	"errors"
)

// BulkLoader gets the values of many different keys. It calls found for each that it has: the value is stored and given
// to those who wait at once. Keys for which it does not, if it returns no error, have no value where it looks.
//
// Goroutines of the loader may call found at the same time. It must not change a value that it has handed over. Only
// the first value of a key counts. Keys that were not asked for are left out: nobody watched over changes of theirs.
type BulkLoader[K Key, V any] func(ctx context.Context, keys []K, found func(key K, value V)) error

// GetOrLoadMany returns the values of keys in their order, and which of them were found. Those that are not in the
// cache come from one call of the loader and are stored, save those that others are loading, which it waits for.
//
// For each key holds what [Cache.GetOrLoad] says, and both share their loads. Not to find a key is no error. The error
// is the first that kept it from finding one; all that were found are returned beside it. A key may come twice. Values
// share allocations as those of [Cache.GetMany] do.
func (c *Cache[K, V]) GetOrLoadMany(
	ctx context.Context, keys []K, load BulkLoader[K, V],
) (values []V, found []bool, err error) {
	values, found = c.GetMany(keys)
	var missing, due []int
	for i := range keys {
		switch {
		case found[i]:
			if c.refreshAhead != 0 && c.isDue(&keys[i]) {
				due = append(due, i)
			}
		case !c.isAbsent(&keys[i]):
			missing = append(missing, i)
		}
	}
	if len(due) != 0 {
		c.refreshMany(ctx, keys, due, load)
	}
	if len(missing) == 0 {
		return values, found, nil
	}
	if err := ctx.Err(); err != nil {
		return values, found, err
	}
	caller := callOf(ctx)
	flights, err := c.boardMany(ctx, caller, keys, missing, values, found, load)
	for i, f := range flights {
		if f == nil {
			continue
		}
		if ended := c.await(ctx, caller, f); ended != nil {
			err = cmp.Or(err, ended)
			flights[i] = nil
		}
	}
	for i, f := range flights { // after all of them were left, since this may panic
		if f == nil {
			continue
		}
		var failed error
		if values[missing[i]], failed = c.take(f); failed == nil {
			found[missing[i]] = true
		} else if !errors.Is(failed, ErrNotFound) {
			err = cmp.Or(err, failed)
		}
	}
	return values, found, err
}

// boardMany boards the flights of missing keys, and runs those that are fresh. A flight is nil if there is a value by
// now, or an error.
func (c *Cache[K, V]) boardMany(
	ctx context.Context, caller *call, keys []K, missing []int, values []V, found []bool, load BulkLoader[K, V],
) (flights []*flight[K, V], err error) {
	var own *call
	var fresh []*flight[K, V]
	byKey := make(map[string]*flight[K, V], len(missing)) // those that are fresh
	defer func() {                                        // also if a codec panics, as others may wait
		if own != nil {
			go c.run(own, fresh, func() error { return c.loadMany(own, fresh, byKey, load) }, nil)
		}
	}()
	flights = make([]*flight[K, V], len(missing))
	for i, position := range missing {
		// A key that comes twice has one flight, even if that is not listed any more: its load has yet to begin.
		if f := byKey[c.id(&keys[position])]; f != nil {
			f.call.join()
			flights[i] = f
			continue
		}
		f, isFresh, failed := c.boardOrGet(ctx, caller, own, &keys[position], &values[position])
		found[position] = f == nil && failed == nil
		flights[i], err = f, cmp.Or(err, failed)
		if isFresh {
			own, fresh = f.call, append(fresh, f)
			byKey[f.id] = f
		}
	}
	return flights, err
}

func (c *Cache[K, V]) loadMany(
	ctx context.Context, flights []*flight[K, V], byKey map[string]*flight[K, V], load BulkLoader[K, V],
) error {
	keys := make([]K, len(flights))
	for i, f := range flights {
		keys[i] = f.key
	}
	return load(ctx, keys, func(key K, value V) {
		if f := byKey[c.id(&key)]; f != nil {
			c.deliver(f, value)
		}
	})
}
