//go:build cgo

package cache

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"sync"

	"tandem.example/go/internal/ffi"
)

// Errors of [Cache.LoadFrom]; test for them with [errors.Is].
var (
	// ErrNotSnapshot: what was read is no snapshot of a cache.
	ErrNotSnapshot = errors.New("cache: it is no snapshot of a cache")
	// ErrSnapshotVersion: the snapshot is of a version of the format that this package can't read.
	ErrSnapshotVersion = errors.New("cache: the snapshot is of another version")
	// ErrSnapshotType: the snapshot is of a cache of other keys or values, or with another codec. If they are what they
	// were when the program was another version, the types have changed. Nothing was loaded.
	ErrSnapshotType = errors.New("cache: the snapshot is of a cache of other types")
	// ErrSnapshotDamaged: the snapshot is damaged. The blocks before that were loaded, and maybe some behind it.
	ErrSnapshotDamaged = errors.New("cache: the snapshot is damaged")
	// ErrSnapshotTruncated: the snapshot was cut off. The blocks before that were loaded.
	ErrSnapshotTruncated = errors.New("cache: the snapshot was cut off")
)

const (
	snapshotBuffer  = 512 << 10 // a block, unless entries are large
	snapshotStep    = 1 << 20   // what is read at a time
	snapshotLoaders = 4         // goroutines at most that load entries, with the caller's
)

// SaveTo writes all entries to w, while the cache may be in use; [Cache.LoadFrom] reads them back. What is in the cache all
// the while is written, and once; other entries may be. The errors are those of w, and [ErrClosed].
//
// A file should be written under another name and renamed when it is whole and synced, so that a crash leaves the one
// before. What [Options].NegativeTTL is for is not written.
func (c *Cache[K, V]) SaveTo(w io.Writer) error {
	defer runtime.KeepAlive(c)
	var saving ffi.CacheSaving
	tag := c.snapshotTag()
	block := make([]byte, 0, snapshotBuffer)
	for {
		length, status := c.core.Save(&saving, tag, block)
		switch {
		case status == ffi.BufferTooSmall:
			block = make([]byte, 0, length+length/8) // it may be longer by the next call
			continue
		case status != ffi.OK:
			return errorOf(status)
		case length == 0:
			return nil
		}
		if _, err := w.Write(block[:length]); err != nil {
			return fmt.Errorf("cache: writing a snapshot: %w", err)
		}
	}
}

// LoadFrom loads what [Cache.SaveTo] wrote, and reads no further. Entries keep the time of day at which their TTL is
// over; those for which that has come are left out, as are those that the cache has already, which were stored since, and
// those that are too large for it. A smaller cache evicts as usual. An idle time begins anew.
//
// Entries are loaded a block at a time, when all of it is proven to be what was written: an error may come after some. A
// few goroutines do that while r is read; they have ended when LoadFrom returns. The errors are [ErrNotSnapshot], [ErrSnapshotVersion], [ErrSnapshotType], [ErrSnapshotDamaged],
// [ErrSnapshotTruncated], [ErrClosed] and those of r.
func (c *Cache[K, V]) LoadFrom(r io.Reader) error {
	defer runtime.KeepAlive(c)
	tag := c.snapshotTag()
	helpers := min(runtime.GOMAXPROCS(0), snapshotLoaders) - 1
	blocks := make(chan snapshotBlock, 2*helpers)
	errs := make(chan error, helpers)
	for range helpers {
		go func() { errs <- c.loadBlocks(tag, blocks) }()
	}
	err := func() error {
		defer close(blocks) // also if r panics
		return c.readBlocks(r, tag, blocks)
	}()
	for range helpers {
		err = cmp.Or(err, <-errs)
	}
	return err
}

// A snapshotBlock has entries that are to be loaded.
type snapshotBlock struct {
	loading ffi.CacheLoading
	piece   *[]byte
}

// pieces are buffers of the pieces of snapshots, at most of snapshotStep bytes.
var pieces = sync.Pool{New: func() any { return new([]byte) }}

// readBlocks reads a snapshot, and hands blocks with entries on. It loads one itself while those who take them have enough to do, and
// large ones, so that memory holds one of them.
func (c *Cache[K, V]) readBlocks(r io.Reader, tag string, blocks chan<- snapshotBlock) error {
	var loading ffi.CacheLoading
	var own []byte
	for {
		later, ok := ffi.CacheLoading{}, false
		if loading.Next() <= snapshotStep {
			later, ok = loading.Later()
		}
		var err error
		if ok {
			piece := pieces.Get().(*[]byte)
			if *piece, err = readPiece(r, (*piece)[:0], later.Next()); err != nil {
				return err
			}
			select {
			case blocks <- snapshotBlock{later, piece}:
			default:
				if err := c.loadLater(tag, snapshotBlock{later, piece}); err != nil {
					return err
				}
			}
			continue
		}
		if own, err = readPiece(r, own[:0], loading.Next()); err != nil {
			return err
		}
		if err = snapshotError(c.core.Load(&loading, tag, own)); err != nil || loading.Next() == 0 {
			return err
		}
	}
}

// loadBlocks loads blocks until there are no more, and returns the first error.
func (c *Cache[K, V]) loadBlocks(tag string, blocks <-chan snapshotBlock) error {
	var first error
	for block := range blocks {
		first = cmp.Or(first, c.loadLater(tag, block))
	}
	return first
}

func (c *Cache[K, V]) loadLater(tag string, block snapshotBlock) error {
	defer pieces.Put(block.piece)
	return snapshotError(c.core.Load(&block.loading, tag, *block.piece))
}

func snapshotError(status ffi.Status) error {
	switch status {
	case ffi.NotSnapshot:
		return ErrNotSnapshot
	case ffi.SnapshotVersion:
		return ErrSnapshotVersion
	case ffi.SnapshotTag:
		return ErrSnapshotType
	case ffi.SnapshotDamaged:
		return ErrSnapshotDamaged
	}
	return errorOf(status)
}

// readPiece appends length bytes to piece. Memory grows with what is there, not with what the snapshot says.
func readPiece(r io.Reader, piece []byte, length uint64) ([]byte, error) {
	for read := uint64(0); read < length; read = uint64(len(piece)) {
		start, step := len(piece), int(min(length-read, snapshotStep))
		piece = append(piece, make([]byte, step)...)
		_, err := io.ReadFull(r, piece[start:])
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil, ErrSnapshotTruncated
		case err != nil:
			return nil, fmt.Errorf("cache: reading a snapshot: %w", err)
		}
	}
	return piece, nil
}

// snapshotTag says what the bytes of keys and values are.
func (c *Cache[K, V]) snapshotTag() string {
	var value string
	switch c.value.kind {
	case encoded:
		value = fmt.Sprintf("%T", c.codec)
	case flattened:
		value = "flat:" + c.plan.Shape()
	default:
		value = c.value.tag(reflect.TypeFor[V]())
	}
	return "go " + c.keys.tag(reflect.TypeFor[K]()) + " " + value
}

// tag names what the bytes of a type that needs no codec are.
func (l layout) tag(t reflect.Type) string {
	if l.kind == fixed {
		return fmt.Sprintf("%s:%d", t.Kind(), l.size)
	}
	return "bytes"
}
