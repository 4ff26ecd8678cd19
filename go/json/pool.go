//go:build cgo

package json

import (
	"sync"
	"unsafe"
)

// Buffers are what a call lends to Rust, whose memory holds no pointers, so that the garbage collector does not look
// into it, and what it needs itself.
type buffers struct {
	words []uint64
	text  []byte
	// What slices are cut from, by node. Pointers, and so only there during a call; likewise what the filler has.
	chunks []chunk
	filler filler
	// What was decoded into last, as the type word of a pointer, and the plan for it.
	typ  unsafe.Pointer
	plan *decodePlan
	pool *sync.Pool
}

// Large documents have a pool of their own: small ones would keep its buffers, which the garbage collector frees
// when no large document comes any more, in use for ever.
var smallBuffers, largeBuffers sync.Pool

// largeDocument is the size in bytes from which a document is large.
const largeDocument = 32 << 10

// maxPooled bounds the bytes of a set of buffers that is kept; larger ones are left to the garbage collector.
const maxPooled = 64 << 20

// takeBuffers returns buffers for a document of about the given size.
func takeBuffers(size int) *buffers {
	pool := &smallBuffers
	if size >= largeDocument {
		pool = &largeBuffers
	}
	if b, ok := pool.Get().(*buffers); ok {
		return b
	}
	return &buffers{pool: pool}
}

// grow makes room for that many words and bytes. What the buffers held is lost.
func (b *buffers) grow(words, text int) {
	if cap(b.words) < words {
		b.words = make([]uint64, words+words/4)
	}
	b.words = b.words[:cap(b.words)]
	if cap(b.text) < text {
		b.text = make([]byte, text+text/4)
	}
	b.text = b.text[:cap(b.text)]
}

// chunksFor returns room for the chunks of a plan, empty.
func (b *buffers) chunksFor(plan *decodePlan) []chunk {
	if cap(b.chunks) < plan.chunks {
		b.chunks = make([]chunk, plan.chunks)
	}
	b.chunks = b.chunks[:plan.chunks]
	return b.chunks
}

// release gives the buffers back.
func (b *buffers) release() {
	clear(b.chunks)
	b.filler = filler{}
	size := 8*cap(b.words) + cap(b.text)
	if size > maxPooled || b.pool == &smallBuffers && size > 16*largeDocument {
		return
	}
	b.pool.Put(b)
}
