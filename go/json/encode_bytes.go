//go:build cgo

package json

import (
	"encoding/base64"
	"math/bits"
	"unsafe"

	"tandem.example/go/internal/literal"
)

// bytes writes bytes as base64.
func (r *renderer) bytes(b []byte) {
	if b == nil {
		r.null()
		return
	}
	size := base64.StdEncoding.EncodedLen(len(b))
	r.reserve(size + 2)
	r.mark('"')
	putBase64(r.end(), b)
	r.length += size
	r.mark('"')
	r.reserve(0)
}

// putBase64 writes b as base64, and up to twelve bytes more.
func putBase64(dst unsafe.Pointer, b []byte) {
	if literal.Fast && len(b) >= literal.Base64Least {
		read := literal.Base64(dst, b)
		b, dst = b[read:], unsafe.Add(dst, read/3*4)
	}
	p, n := unsafe.Pointer(unsafe.SliceData(b)), len(b)
	for ; n >= 8; n -= 6 {
		putDigits(dst, bits.ReverseBytes64(load64(p, 0)))
		p, dst = unsafe.Add(p, 6), unsafe.Add(dst, 8)
	}
	last := bits.ReverseBytes64(loadPart(p, n))
	putDigits(dst, last)
	putDigits(unsafe.Add(dst, 8), last<<48)
	if n%3 > 0 {
		end := unsafe.Add(dst, base64.RawStdEncoding.EncodedLen(n))
		*(*byte)(end) = '='
		if n%3 == 1 {
			*(*byte)(unsafe.Add(end, 1)) = '='
		}
	}
}

// putDigits writes the eight digits of the six highest bytes of w.
func putDigits(dst unsafe.Pointer, w uint64) {
	*(*[2]byte)(dst) = base64Digits[w>>52]
	*(*[2]byte)(unsafe.Add(dst, 2)) = base64Digits[w>>40&0xFFF]
	*(*[2]byte)(unsafe.Add(dst, 4)) = base64Digits[w>>28&0xFFF]
	*(*[2]byte)(unsafe.Add(dst, 6)) = base64Digits[w>>16&0xFFF]
}

// base64Digits are the two digits of all numbers of twelve bits.
var base64Digits = func() (digits [1 << 12][2]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range digits {
		digits[i] = [2]byte{alphabet[i>>6], alphabet[i&63]}
	}
	return digits
}()
