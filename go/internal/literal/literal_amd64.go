//go:build !purego

package literal

import "unsafe"

// Fast is whether the processor has what Write and Base64 need.
var Fast = avx2

var avx2, avx512 = features()

// writeVectors writes n bytes from src, at least Least, up to one that a literal can't have, not even escaped as one byte is, or until there may be
// less room than a block needs. It returns how many it has read and written. A fault may be found up to three bytes late, and what the last character
// lacks is not found. Behind what it has written it writes up to Room bytes, and it reads nothing but the n bytes.
//
//go:noescape
func writeVectors(dst unsafe.Pointer, room int, src unsafe.Pointer, n int, form *Form) (read, written int)

// base64Vectors writes digits for the bytes at src, of which it leaves fewer than Base64Least, and returns how many it has read.
//
//go:noescape
func base64Vectors(dst, src unsafe.Pointer, n int) (read int)

func cpuid(leaf, subleaf uint32) (a, b, c, d uint32)

func xgetbv() uint32

// features reports whether the processor has the instructions, and the system saves their registers.
func features() (avx2, avx512 bool) {
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return false, false
	}
	const saved = 1 << 27
	if _, _, c, _ := cpuid(1, 0); c&saved == 0 {
		return false, false
	}
	states := xgetbv()
	const (
		ymm, zmm                  = 0x06, 0xE6
		hasBMI1, hasAVX2, hasBMI2 = 1 << 3, 1 << 5, 1 << 8
		hasAVX512F, hasAVX512BW   = 1 << 16, 1 << 30
	)
	_, b, _, _ := cpuid(7, 0)
	has := func(registers, instructions uint32) bool {
		return states&registers == registers && b&instructions == instructions
	}
	avx2 = has(ymm, hasBMI1|hasBMI2|hasAVX2)
	return avx2, avx2 && has(zmm, hasAVX512F|hasAVX512BW)
}
