//go:build cgo

package json

import (
	"math/bits"
	"unsafe"
)

// shortRaw is the length up to which a look at a text in Go takes less time than a call of Rust, which looks at blocks.
const shortRaw = 512

// copyCompact writes a JSON text to dst, which has the spare room behind it, if it stands there as it is. It reports whether that is so,
// and false for what needs a closer look.
func copyCompact(dst unsafe.Pointer, text []byte) bool {
	copy(unsafe.Slice((*byte)(dst), len(text)), text)
	// Zeros are part of nothing, so that all loops end there.
	store64(dst, len(text), 0)
	at := func(i int) byte { return *(*byte)(unsafe.Add(dst, i)) }
	i := 0
	// The brackets around, the innermost in the lowest bit: 1 for an object. Above them all stands a 1.
	open := uint64(1)
	for {
		if open > 1 && open&1 != 0 {
			if at(i) != '"' {
				return false
			}
			if i = literalEnd(dst, i+1); i == 0 || at(i) != ':' {
				return false
			}
			i++
		}
		switch b := at(i); b {
		case '"':
			if i = literalEnd(dst, i+1); i == 0 {
				return false
			}
		case '{', '[':
			if at(i+1) == b+2 {
				i += 2
				break
			}
			if open>>63 != 0 {
				return false
			}
			open = open<<1 | uint64(b>>5&1)
			i++
			continue
		case 't':
			if load32(dst, i) != textTrue {
				return false
			}
			i += 4
		case 'f':
			if load32(dst, i+1) != textFalse>>8 {
				return false
			}
			i += 5
		case 'n':
			if load32(dst, i) != textNull {
				return false
			}
			i += 4
		default:
			if i = numberEnd(dst, i); i == 0 {
				return false
			}
		}
		for {
			b := at(i)
			i++
			if open == 1 {
				return i-1 == len(text)
			}
			if b == ',' {
				break
			}
			if b != ']'+byte(open&1)<<5 {
				return false
			}
			open >>= 1
		}
	}
}

// literalEnd returns the place behind a string, whose first character is at i, or 0 if there is anything but ASCII and simple escapes in it.
func literalEnd(p unsafe.Pointer, i int) int {
	for {
		marks := special(load64(p, i))
		if marks == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(marks) >> 3
		switch *(*byte)(unsafe.Add(p, i)) {
		case '"':
			return i + 1
		case '\\':
			switch *(*byte)(unsafe.Add(p, i+1)) {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
				continue
			}
		}
		return 0
	}
}

// numberEnd returns the place behind a number, or 0 if there is none at i.
func numberEnd(p unsafe.Pointer, i int) int {
	at := func(i int) byte { return *(*byte)(unsafe.Add(p, i)) }
	if at(i) == '-' {
		i++
	}
	start := i
	for at(i)-'0' < 10 {
		i++
	}
	if i == start || at(start) == '0' && i > start+1 {
		return 0
	}
	if at(i) == '.' {
		i++
		for start = i; at(i)-'0' < 10; i++ {
		}
		if i == start {
			return 0
		}
	}
	if at(i)|0x20 == 'e' {
		if i++; at(i) == '+' || at(i) == '-' {
			i++
		}
		for start = i; at(i)-'0' < 10; i++ {
		}
		if i == start {
			return 0
		}
	}
	return i
}
