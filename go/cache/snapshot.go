//go:build cgo

package cache

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"

	"tandem.example/go/internal/ffi"
)

// Errors of [Cache.LoadFrom]; test for them with [errors.Is].
var (
	// ErrNotSnapshot: what was read is no snapshot of a cache.
	ErrNotSnapshot = errors.New("cache: it is no snapshot of a cache")
	// ErrSnapshotVersion: the snapshot is of a version of the format that this package can't read.
	ErrSnapshotVersion = errors.New("cache: the snapshot is of another version")
	// ErrSnapshotType: the snapshot is of a cache of other keys or values, or with another codec.
	ErrSnapshotType = errors.New("cache: the snapshot is of a cache of other types")
	// ErrSnapshotDamaged: the snapshot is damaged. The blocks before that were loaded.
	ErrSnapshotDamaged = errors.New("cache: the snapshot is damaged")
	// ErrSnapshotTruncated: the snapshot was cut off. The blocks before that were loaded.
	ErrSnapshotTruncated = errors.New("cache: the snapshot was cut off")
)

const (
	snapshotBuffer = 512 << 10 // a block, unless entries are large
	snapshotStep   = 1 << 20   // what is read at a time
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
// Entries are loaded a block at a time, when all of it is proven to be what was written: an error may come after some.
// The errors are [ErrNotSnapshot], [ErrSnapshotVersion], [ErrSnapshotType], [ErrSnapshotDamaged],
// [ErrSnapshotTruncated], [ErrClosed] and those of r.
func (c *Cache[K, V]) LoadFrom(r io.Reader) error {
	defer runtime.KeepAlive(c)
	var loading ffi.CacheLoading
	tag := c.snapshotTag()
	var piece []byte
	for {
		switch status := c.core.Load(&loading, tag, piece); status {
		case ffi.OK:
		case ffi.NotSnapshot:
			return ErrNotSnapshot
		case ffi.SnapshotVersion:
			return ErrSnapshotVersion
		case ffi.SnapshotTag:
			return ErrSnapshotType
		case ffi.SnapshotDamaged:
			return ErrSnapshotDamaged
		default:
			return errorOf(status)
		}
		if loading.Next() == 0 {
			return nil
		}
		var err error
		if piece, err = readPiece(r, piece[:0], loading.Next()); err != nil {
			return err
		}
	}
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
	value := fmt.Sprintf("%T", c.codec)
	if c.value.kind != encoded {
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
