//go:build cgo

package cache

import "sync"

// Codec turns values into bytes and back. Its methods may be called from many goroutines at once.
type Codec[V any] interface {
	// Append appends the encoding of value to dst.
	Append(dst []byte, value V) ([]byte, error)
	// Decode sets *value to what data encodes. It must not keep data.
	Decode(data []byte, value *V) error
}

// Encoded values live in a pooled buffer until they are stored; a very large one is not worth keeping.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxPooledBuffer = 1 << 20

func getBuffer() *[]byte { return buffers.Get().(*[]byte) }

func putBuffer(buffer *[]byte) {
	if cap(*buffer) <= maxPooledBuffer {
		buffers.Put(buffer)
	}
}
