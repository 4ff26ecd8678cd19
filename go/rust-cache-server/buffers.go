package main

import (
	"math/bits"
	"sync"
)

// Buffers of a size that others have, too, are used again: a new one of a megabyte has to be cleared, and the collector comes for it.
// Each has a power of two, and beyond it some room for what is said around a value of that length.
const bufferExtra = 4 << 10

var buffers [bits.UintSize]sync.Pool // of *[]byte, by the power of two

// newBuffer returns an empty buffer with room for size bytes.
func newBuffer(size int) []byte {
	power := bits.Len(uint(max(size-bufferExtra, inputSize) - 1))
	if buffer, ok := buffers[power].Get().(*[]byte); ok {
		return (*buffer)[:0]
	}
	return make([]byte, 0, 1<<power+bufferExtra)
}

// freeBuffer takes a buffer back, which nobody may use any more.
func freeBuffer(buffer []byte) {
	power := bits.Len(uint(cap(buffer))) - 1
	if power >= 0 && cap(buffer) == 1<<power+bufferExtra {
		buffers[power].Put(&buffer)
	}
}
