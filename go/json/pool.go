//go:build cgo

package json

import (
	"strings"
	"sync"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Buffers are what a call lends to Rust, whose memory holds no pointers, so that the garbage collector does not look
// into it, and what it needs itself.
type buffers struct {
	text []byte
	// Memory for what stays and has no pointers: the strings of small documents, which are decoded to where they stay, and numbers. It
	// was not cleared, and is in use as far as it is long.
	plain []byte
	// What slices are cut from, by node. Pointers, and so only there during a call; likewise what the filler has.
	chunks []chunk
	filler filler
	// Made for the first value that is decoded in parts.
	progress *ffi.DecodeProgress
	pool     *sync.Pool
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
	b := &buffers{pool: pool}
	b.filler.buffers = b
	return b
}

// growWords and growText make room for that many words and bytes, of which so many are used.
func (b *buffers) growWords(words, used int) {
	f := &b.filler
	if cap(f.words) < words {
		grown := make([]uint64, words+words/4)
		copy(grown, f.words[:used])
		f.words = grown
	}
	f.words = f.words[:cap(f.words)]
}

func (b *buffers) growText(text, used int) {
	if cap(b.text) < text {
		grown := make([]byte, text+text/4)
		copy(grown, b.text[:used])
		b.text = grown
	}
	b.text = b.text[:cap(b.text)]
}

// growFor makes more room for a run of text, of which so much is there; it reports false if there was enough for any.
func (b *buffers) growFor(text []byte, words, strings int) bool {
	if len(b.filler.words) >= len(text)+8 && len(b.text) >= 3*len(text) {
		return false
	}
	b.growWords(min(4*len(b.filler.words)+minRead, len(text)+8), words)
	b.growText(min(4*len(b.text)+minRead, 3*len(text)), strings)
	return true
}

// smallText is the size in bytes up to which a document is decoded to where its strings stay, so that at most a quarter of each block is
// not used.
const smallText = stringBlock / 4

// stringRoom returns memory for the strings of a text of so many bytes that is not in use, of which useStrings is to be told.
func (b *buffers) stringRoom(text int) []byte {
	size := text + 32 // with 32 more, Rust is faster
	if cap(b.plain)-len(b.plain) < size {
		b.plain = uncleared(stringBlock)[:0]
	}
	used := len(b.plain) // less than all
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b.plain)), used)), cap(b.plain)-used)
}

// useStrings takes the first bytes of the room, which must not change any more.
func (b *buffers) useStrings(length int) { b.plain = b.plain[:len(b.plain)+length] }

// maxPlain is the size in bytes from which what has no pointers is given memory of its own, unless a block has as much left.
const maxPlain = stringBlock / 8

// cutPlain returns memory for size bytes without pointers, not none, which are zero and begin at a word.
func (b *buffers) cutPlain(size int) unsafe.Pointer {
	from := (len(b.plain) + 7) &^ 7
	if size > cap(b.plain)-from {
		if size >= maxPlain {
			return unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
		}
		b.plain, from = uncleared(stringBlock)[:0], 0
	}
	b.plain = b.plain[:from+size]
	clear(b.plain[from:])
	return unsafe.Pointer(&b.plain[from:][0])
}

// uncleared returns memory of at least that size with anything in it.
func uncleared(size int) []byte {
	// Memory from a string builder is not cleared first.
	var b strings.Builder
	b.Grow(size)
	size = b.Cap()
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), size)
}

// resizeChunks makes room for that many chunks, which are empty.
func (b *buffers) resizeChunks(count int) {
	if cap(b.chunks) < count {
		b.chunks = make([]chunk, count)
	}
	b.chunks = b.chunks[:count]
}

// release gives the buffers back.
func (b *buffers) release() {
	clear(b.chunks)
	b.filler.forget()
	size := 8*cap(b.filler.words) + cap(b.text)
	if size > maxPooled || b.pool == &smallBuffers && size > 16*largeDocument {
		return
	}
	b.pool.Put(b)
}
