//go:build cgo

package json

import (
	"math"
	"math/bits"
	"unicode/utf8"
	"unsafe"

	"tandem.example/go/internal/literal"
)

// String literals are written a word of eight bytes at a time: a word is stored before it is looked at, since nearly
// always nothing in it has to be escaped.

// Words with the same byte in all eight places.
const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// load64 and load32 read bytes that may lie at any address, the first as the lowest; store64 and store32 write them.
func load64(p unsafe.Pointer, at int) uint64 { return *(*uint64)(unsafe.Add(p, at)) }
func load32(p unsafe.Pointer, at int) uint64 { return uint64(*(*uint32)(unsafe.Add(p, at))) }

func store64(p unsafe.Pointer, at int, w uint64) { *(*uint64)(unsafe.Add(p, at)) = w }
func store32(p unsafe.Pointer, at int, w uint64) { *(*uint32)(unsafe.Add(p, at)) = uint32(w) }

// special marks the bytes of w that a literal for HTML can't have as they are: control characters, quotes,
// backslashes, <, > and &, and all beyond ASCII. The mark is the byte's high bit. Behind the first marked byte,
// others may be marked too.
func special(w uint64) uint64 {
	quotes := (w | 0x04*ones) ^ 0x26*ones // " is 0x22, & is 0x26
	angles := (w | 0x02*ones) ^ 0x3E*ones // < is 0x3C, > is 0x3E
	slashes := w ^ 0x5C*ones
	return (w | (w - 0x20*ones) | (quotes - ones) | (angles - ones) | (slashes - ones)) & highs
}

// quoteRoom is how much longer than its string the room for a literal has to be.
const quoteRoom = 2 + 8

// quote writes s as a literal to dst and returns its length, or 0 if there is something in s that special marks. It makes no call, and so
// needs no frame.
func quote(dst unsafe.Pointer, s string) int {
	p, n := unsafe.Pointer(unsafe.StringData(s)), len(s)
	*(*byte)(dst) = '"'
	to := unsafe.Add(dst, 1)
	var marks uint64
	switch {
	case n > 16:
		i := 0
		for ; i < n-16; i += 16 {
			a, b := load64(p, i), load64(p, i+8)
			store64(to, i, a)
			store64(to, i+8, b)
			if special(a)|special(b) != 0 {
				return 0
			}
		}
		a, b := load64(p, n-16), load64(p, n-8)
		store64(to, n-16, a)
		store64(to, n-8, b)
		marks = special(a) | special(b)
	case n >= 8:
		a, b := load64(p, 0), load64(p, n-8)
		store64(to, 0, a)
		store64(to, n-8, b)
		marks = special(a) | special(b)
	case n >= 4:
		a, b := load32(p, 0), load32(p, n-4)
		store32(to, 0, a)
		store32(to, n-4, b)
		marks = special(a | b<<32)
	default:
		w := loadShort(p, n)
		store64(to, 0, w)
		// What is behind the string gets bytes that need no care.
		marks = special(w | 0x20*ones<<(8*n&63))
	}
	if marks != 0 {
		return 0
	}
	*(*byte)(unsafe.Add(to, n)) = '"'
	return n + 2
}

// quoteSpecial writes s, of which quote returned 0, to dst, where there is so much room. It returns the literal's length, or 0 if it takes more
// room than that, or a closer look.
func quoteSpecial(dst unsafe.Pointer, room int, s string, form *literal.Form) int {
	length := len(s)
	if length > fewLetters || !standsAsItIs(s) { // otherwise quote has copied it
		if !literal.Fast || len(s) < literal.Least || room < len(s)+2+literal.Room {
			return 0
		}
		var read int
		if read, length = literal.Write(unsafe.Add(dst, 1), room-2, s, form); read < len(s) {
			return 0
		}
	}
	*(*byte)(unsafe.Add(dst, 1+length)) = '"'
	return length + 2
}

// fewLetters is the length up to which standsAsItIs takes less time than other ways to write letters beyond ASCII.
const fewLetters = 16

// standsAsItIs reports whether a literal, for HTML as well, has all of s as it is. It may be wrong about U+FFFD, which bytes that are not
// UTF-8 become.
func standsAsItIs(s string) bool {
	for _, r := range s {
		if r < utf8.RuneSelf && literal.HTML.Escapes[r]>>56 != 1 || r == utf8.RuneError || r&^1 == 0x2028 {
			return false
		}
	}
	return true
}

// loadShort reads n bytes, fewer than four; the others are 0.
func loadShort(p unsafe.Pointer, n int) uint64 {
	if n == 0 {
		return 0
	}
	at := func(i int) uint64 { return uint64(*(*byte)(unsafe.Add(p, i))) }
	return at(0) | at(n/2)<<(8*(n/2)) | at(n-1)<<(8*(n-1)&63)
}

// loadPart reads n bytes, fewer than eight; the others are 0.
func loadPart(p unsafe.Pointer, n int) uint64 {
	if n >= 4 {
		return load32(p, 0) | load32(p, n-4)<<(8*(n-4)&63)
	}
	return loadShort(p, n)
}

// escapedLength is the most bytes that one byte becomes. escape may write as many for eight bytes more than it is
// asked for.
const escapedLength = 6

// leastPatience is how many bytes escape writes at first, or half as many beyond ASCII, before vectors are tried again, where there are any;
// twice as many behind a try that was in vain.
var leastPatience = func() int {
	if literal.Fast {
		return 32
	}
	return math.MaxInt32
}()

const (
	// inVain is how many bytes a try of vectors has to yield to take less time than words.
	inVain       = 64
	mostPatience = 1 << 10
)

// escape writes the bytes of s from position i on as they stand in a literal, until it has passed limit or the end, or lost its
// patience. It returns where it is in s, and how many bytes it wrote.
func escape(dst unsafe.Pointer, s string, i, limit, patience int, form *literal.Form) (int, int) {
	p, n := unsafe.Pointer(unsafe.StringData(s)), 0
	// Whole words can be read up to there. Behind it, what lies behind the string is made 0, which is no part of a
	// character.
	words := len(s) - 7
	var short [16]byte
	if len(s) < 8 {
		copy(short[:], s)
		p, words = unsafe.Pointer(&short), len(short)-7
	}
	stop := min(i+patience, limit)
	for i < stop {
		w := uint64(0)
		for i < stop {
			if i < words {
				w = load64(p, i)
			} else {
				w = load64(p, words-1) >> (8 * (i - words + 1) & 63)
			}
			store64(dst, n, w)
			marks := special(w)
			if marks == 0 {
				i, n = i+8, n+8
				continue
			}
			if w&highs == 0 && i+8 <= len(s) {
				// Where there is one to escape there are others, so all go by the table: a branch for each would be mispredicted.
				n += putEscaped(unsafe.Add(dst, n), form, w)
				i += 8
				continue
			}
			clean := bits.TrailingZeros64(marks) >> 3
			i, n = i+clean, n+clean
			break
		}
		if i >= stop {
			break
		}
		b := *(*byte)(unsafe.Add(p, i))
		if b < utf8.RuneSelf {
			escaped := form.Escapes[b]
			store64(dst, n, escaped)
			i, n = i+1, n+int(escaped>>56)
			continue
		}
		// Characters of one length come in rows, and are checked by the word.
		start := i
		stop = min(i+patience/2, limit)
		for i < stop {
			if i < words {
				w = load64(p, i)
			} else {
				w = load64(p, words-1) >> (8 * (i - words + 1) & 63)
			}
			store64(dst, n, w)
			size := 0
			switch b := w & 0xFF; {
			case b < 0xE0:
				// C0 and C1 begin what has too long a form.
				if w&(0xC0E0*lanes) == 0x80C0*lanes && (w&(0x1E*lanes)-lanes)&(0x8000*lanes) == 0 {
					size = 8
				} else if w&0xC0E0 == 0x80C0 && w&0x1E != 0 {
					size = 2
				}
			case b < 0xF0:
				// E0 may begin too long a form, ED half of a surrogate pair, and E2 begins U+2028 and U+2029.
				const pair = 0x000001_000001
				long := w&(0x00200F*pair) - pair
				half := (w&(0x00200F*pair) ^ 0x00200D*pair) - pair
				line := w&(0xFEFFFF*pair) ^ 0xA880E2*pair
				line = (line - pair) &^ line
				faults := (long | half | line) & (0x800000 * pair)
				if w&(0xC0C0F0*pair) == 0x8080E0*pair && faults == 0 {
					size = 6
				} else if w&0xC0C0F0 == 0x8080E0 && faults&0x800000 == 0 {
					size = 3
				}
			default:
				// From U+10000 to U+10FFFF.
				if r := w&7<<18 | w>>8&0x3F<<12; w&0xC0C0C0F8 == 0x808080F0 && r-0x10000 < 0x100000 {
					size = 4
				}
			}
			if size == 0 {
				break
			}
			i, n = i+size, n+size
		}
		if i == start {
			text, width := character(s[i:])
			n += copy(unsafe.Slice((*byte)(unsafe.Add(dst, n)), escapedLength), text)
			i += width
		}
	}
	return i, n
}

// putEscaped writes what the eight characters of w are in a literal, and returns how long that is.
func putEscaped(dst unsafe.Pointer, form *literal.Form, w uint64) int {
	n := 0
	put := func(shift int) {
		escaped := form.Escapes[w>>shift&0x7F]
		store64(dst, n, escaped)
		n += int(escaped >> 56)
	}
	put(0)
	put(8)
	put(16)
	put(24)
	put(32)
	put(40)
	put(48)
	put(56)
	return n
}

// A one in each lane of 16 bits.
const lanes = 0x0001000100010001

// character returns the text for the character beyond ASCII that s begins with, and how long that is there.
func character(s string) (string, int) {
	switch r, width := utf8.DecodeRuneInString(s); {
	case r == utf8.RuneError && width == 1:
		return `\ufffd`, width
	case r == '\u2028':
		return `\u2028`, width
	case r == '\u2029':
		return `\u2029`, width
	default:
		return s[:width], width
	}
}
