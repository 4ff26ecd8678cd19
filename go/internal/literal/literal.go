// Package literal writes strings and bytes as JSON literals, many bytes at a time, and checks strings on the way. It is apart from
// its callers because a package that uses cgo can't have assembly.
package literal

import (
	"strings"
	"unsafe"
)

// Least is the length of the shortest strings that Write takes.
const Least = 16

// Room is how much longer than the string the room for it has to be. With Growth in its place, Write gets on wherever it may.
const (
	Room   = 64
	Growth = Room + 64*(longest-1)
)

// longest is how long the escape of a byte can be.
const longest = 6

// pieceSize bounds how many bytes one call writes: a goroutine can't be preempted meanwhile.
const pieceSize = 64 << 10

// Write writes s, which has at least [Least] bytes, to dst as it stands in a literal, up to what is not UTF-8, U+2028 or U+2029. It returns how
// many bytes of s are written, which are whole characters, and how many that became. There may be nothing wrong with those that
// follow, if they are many or there might be no room for them. What is in the room behind the text is lost.
//
// It must only be called if [Fast].
func Write(dst unsafe.Pointer, room int, s string, form *Form) (read, written int) {
	read, written = writeVectors(dst, room, unsafe.Pointer(unsafe.StringData(s)), min(len(s), pieceSize), form)
	n := whole(s, read)
	return n, written - (read - n)
}

// Base64Least is how many bytes make a call of Base64 worth it. It leaves fewer.
const Base64Least = 24

// Base64 writes b to dst in base64, but for what is left of it at its end: fewer than [Base64Least] bytes. It returns how many it has read, which is
// a multiple of three, and writes nothing behind their digits.
//
// It must only be called if [Fast].
func Base64(dst unsafe.Pointer, b []byte) (read int) {
	for {
		piece := b[read:min(len(b), read+pieceSize)]
		read += base64Vectors(unsafe.Add(dst, read/3*4), unsafe.Pointer(unsafe.SliceData(piece)), len(piece))
		if len(b)-read < Base64Least {
			return read
		}
	}
}

// whole returns how many of the first n bytes are whole characters: what is wrong with one is found at its second byte or a later one, or
// behind it, if anything is.
func whole(s string, n int) int {
	for back := 1; back <= min(n, 3); back++ {
		if b := s[n-back]; b >= 0xC0 {
			if width(b) > back {
				n -= back
			}
			break
		}
	}
	return n
}

// width returns how many bytes a character has that begins with b.
func width(b byte) int {
	switch {
	case b < 0xE0:
		return 2
	case b < 0xF0:
		return 3
	default:
		return 4
	}
}

// A Form says which characters literals are to have as they are: those for HTML have no <, > and &. Vectors are compared with most of it. Bytes are looked up by their halves, and what that yields is joined by AND. The method is that of
// John Keiser and Daniel Lemire, "Validating UTF-8 in less than one instruction per byte" (2020). Offsets are known to the
// assembly.
type Form struct {
	// What they have in common for a byte is not 0 if it is one of ASCII that has to be escaped.
	careHigh, careLow [16]byte
	// What they have in common for a byte, the first two, and the one behind it, the last, is a fault.
	firstHigh, firstLow, secondHigh [16]byte
	// One byte, each: the lower half; what has to be taken away from leading bytes of three and of four so that the bit of a
	// later continuation is left; that bit; and U+2028 without the last bit, from its end.
	half, third, fourth, later, separator2, separator1, separator0, one [32]byte
	// What they have in common for a byte are its marks (arm64).
	markHigh, markLow [16]byte
	// Escapes are what the characters of ASCII are in a literal: the bytes, and their number in the highest byte.
	Escapes [128]uint64
}

// Faults of two bytes in a row. The first bit is none, since a mark is there.
const (
	tooShort  = 2 << iota // a leading byte without a continuation
	overlong2             // C0 and C1
	overlong3             // E0 80 to E0 9F
	overlong4             // F0 80 to F0 8F; F5 80 to FF 8F are too large
	surrogate             // ED A0 to ED BF
	later                 // a continuation behind ASCII or another one, which is a fault unless it is the third or fourth byte of a character
	tooLarge              // F4 90 to F4 BF, and the same behind greater bytes
)

// Marks of bytes. Between them are those of bytes that need care.
const (
	beyond    = 1 << 0 // beyond ASCII
	separator = 1 << 4 // the first byte of U+2028 and U+2029, which other characters have as well
	lead3     = later  // of three bytes or more
	lead4     = later << 1
)

// HTML and Plain are the two forms.
var HTML, Plain = newForm(`"\<>&`), newForm(`"\`)

func newForm(care string) *Form {
	t := Form{
		half: all(0x0F), third: all(0xE0 - later), fourth: all(0xF0 - later), later: all(later),
		separator2: all(0xE2), separator1: all(0x80), separator0: all(0xA9), one: all(1),
	}
	const control = 1 << 1
	t.careHigh[0], t.careHigh[1] = control, control
	for _, b := range []byte(care) {
		bit := byte(1) << (b >> 4)
		t.careHigh[b>>4] |= bit
		t.careLow[b&0x0F] |= bit
	}
	for half := range t.firstHigh {
		t.careLow[half] |= control
		t.firstLow[half] = tooShort | later
		if half >= 4 {
			t.firstLow[half] |= tooLarge
		}
		if half >= 5 {
			t.firstLow[half] |= overlong4
		}
		switch {
		case half < 0x8:
			t.firstHigh[half], t.secondHigh[half] = later, tooShort
		case half < 0xC:
			t.firstHigh[half], t.secondHigh[half] = later, later|overlong2
		default:
			t.firstHigh[half], t.secondHigh[half] = tooShort, tooShort
		}
	}
	t.firstHigh[0xC] |= overlong2
	t.firstHigh[0xE] |= overlong3 | surrogate
	t.firstHigh[0xF] |= tooLarge | overlong4
	t.firstLow[0x0] |= overlong2 | overlong3 | overlong4
	t.firstLow[0x1] |= overlong2
	t.firstLow[0xD] |= surrogate
	t.secondHigh[0x8] |= overlong3 | overlong4
	t.secondHigh[0x9] |= overlong3 | tooLarge
	t.secondHigh[0xA] |= surrogate | tooLarge
	t.secondHigh[0xB] |= surrogate | tooLarge

	t.markHigh, t.markLow = t.careHigh, t.careLow
	for half := range t.markHigh {
		t.markLow[half] |= beyond | lead3 | lead4
		if half >= 8 {
			t.markHigh[half] |= beyond
		}
	}
	t.markHigh[0xE] |= lead3 | separator
	t.markHigh[0xF] |= lead3 | lead4
	t.markLow[0x2] |= separator
	for b := range t.Escapes {
		t.Escapes[b] = escapeOf(byte(b), care)
	}
	return &t
}

func escapeOf(b byte, care string) (word uint64) {
	const digits = "0123456789abcdef"
	text := string(rune(b))
	if i := strings.IndexByte("\"\\\b\f\n\r\t", b); i >= 0 {
		text = `\` + `"\bfnrt`[i:i+1]
	} else if b < 0x20 || strings.IndexByte(care, b) >= 0 {
		text = `\u00` + digits[b>>4:b>>4+1] + digits[b&15:b&15+1]
	}
	for i := range text {
		word |= uint64(text[i]) << (8 * i)
	}
	return word | uint64(len(text))<<56
}

func all(b byte) (v [32]byte) {
	for i := range v {
		v[i] = b
	}
	return v
}
