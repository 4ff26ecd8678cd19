//go:build cgo

package json

import (
	"encoding/binary"
	"math/bits"
	"reflect"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// A tokenMaker cuts tokens from a text where nothing is unusual about them, without a call into the core, which would take
// longer than most tokens do. What it does not know, such as what is not UTF-8, it leaves alone. Tokens share memory: strings
// a block, numbers and the headers of strings arrays of a few of them.
type tokenMaker struct {
	names   *[128]knownName // made once there were some
	unknown int             // how many names came before that
	text    string          // a copy of the stream from textAt on
	textAt  int64
	headers []string
	floats  []float64
	scratch []byte
}

// A knownName is a member name that may come again.
type knownName struct {
	text  string
	token Token
}

const (
	maxName = 32
	// manyNames is how many names come before they are expected to come again.
	manyNames = 32
	// headers and floats are made so many at a time.
	tokensAtOnce = 32
)

var (
	stringWord = typeWord(stringType)
	numberWord = typeWord(numberType)
	floatWord  = typeWord(reflect.TypeFor[float64]())
)

// name cuts the member name that text, which the stream has at the offset at, begins with. Its length is 0 if that is left to others.
func (m *tokenMaker) name(text []byte, at int64) (Token, int) {
	end := stringEnd(text)
	if end == 0 {
		value, end := m.unescape(text)
		if end == 0 {
			return nil, 0
		}
		return string(value), end
	}
	name := text[1 : end-1]
	if m.names == nil && m.unknown >= manyNames {
		m.names = new([128]knownName)
	}
	if len(name) > maxName || m.names == nil {
		m.unknown++
		return m.string(text, at, 1, end-1, stringWord), end
	}
	known := &m.names[hash(name)%uint32(len(m.names))]
	if known.token == nil || known.text != string(name) {
		known.text = string(name)
		known.token = known.text
	}
	return known.token, end
}

// hash tells names apart by their lengths, ends and beginnings.
func hash(name []byte) uint32 {
	var h uint64
	switch n := len(name); {
	case n >= 8:
		h = binary.LittleEndian.Uint64(name) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(name[n-8:]), 29)
	case n >= 4:
		h = uint64(binary.LittleEndian.Uint32(name)) | uint64(binary.LittleEndian.Uint32(name[n-4:]))<<32
	case n > 0:
		h = uint64(name[0]) | uint64(name[n/2])<<8 | uint64(name[n-1])<<16
	}
	return uint32((h + uint64(len(name))) * 0x9E3779B97F4A7C15 >> 40)
}

// scalar cuts the value that text begins with, which is none with brackets. Its length is 0 if that is left to others.
func (m *tokenMaker) scalar(text []byte, at int64, useNumber bool) (Token, int) {
	switch text[0] {
	case '"':
		if end := stringEnd(text); end > 0 {
			return m.string(text, at, 1, end-1, stringWord), end
		}
		value, end := m.unescape(text)
		if end == 0 {
			return nil, 0
		}
		return string(value), end
	case 't':
		if len(text) > 4 && string(text[:4]) == "true" {
			return true, 4
		}
	case 'f':
		if len(text) > 5 && string(text[:5]) == "false" {
			return false, 5
		}
	case 'n':
		if len(text) > 4 && string(text[:4]) == "null" {
			return nil, 4
		}
	default:
		value, end, ok := parseNumber(text)
		if !ok {
			return nil, 0
		}
		if useNumber {
			return m.string(text, at, 0, end, numberWord), end
		}
		return m.float(value), end
	}
	return nil, 0
}

// string returns text[start:end], text being what the stream has at the offset at, as a string or another type that lies
// in memory as strings do.
func (m *tokenMaker) string(text []byte, at int64, start, end int, typ unsafe.Pointer) Token {
	length := end - start
	at += int64(start)
	if at < m.textAt || at+int64(length) > m.textAt+int64(len(m.text)) {
		block := min(len(text)-start, blockSize)
		if length > block/4 {
			s := string(text[start:end])
			return pointerTo(typ, unsafe.Pointer(&s))
		}
		m.text, m.textAt = string(text[start:start+block]), at
		// Headers beside each other keep one text, not several.
		m.headers = make([]string, min(tokensAtOnce, 1+block/32))
	}
	if len(m.headers) == 0 {
		m.headers = make([]string, tokensAtOnce)
	}
	s := &m.headers[0]
	m.headers = m.headers[1:]
	offset := int(at - m.textAt)
	*s = m.text[offset : offset+length]
	return pointerTo(typ, unsafe.Pointer(s))
}

func (m *tokenMaker) float(value float64) Token {
	if len(m.floats) == 0 {
		m.floats = make([]float64, tokensAtOnce)
	}
	f := &m.floats[0]
	m.floats = m.floats[1:]
	*f = value
	return pointerTo(floatWord, unsafe.Pointer(f))
}

// Bytes of a word.
const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// skipSpace returns the offset of the first byte at or after at that is no white space, or the text's length.
func skipSpace(text []byte, at int) int {
	for ; at < len(text); at++ {
		switch text[at] {
		case ' ', '\t', '\r', '\n':
		default:
			return at
		}
		// Lines are indented by spaces.
		for at+9 <= len(text) && binary.LittleEndian.Uint64(text[at+1:]) == ' '*lowBits {
			at += 8
		}
	}
	return at
}

// stringEnd returns the offset of the byte after the string that text begins with, if its bytes are its value and it is known
// to be complete: something must follow it. Else it returns 0.
func stringEnd(text []byte) int {
	at, ascii := findSpecial(text, 1)
	if at+1 >= len(text) || text[at] != '"' || !ascii && !utf8.Valid(text[1:at]) {
		return 0
	}
	return at + 1
}

// findSpecial returns the offset of the first quote, backslash or control character at or after at, or the text's
// length, and whether all bytes before it are ASCII.
func findSpecial(text []byte, at int) (int, bool) {
	seen := uint64(0)
	for at+8 <= len(text) {
		word := binary.LittleEndian.Uint64(text[at:])
		quote, backslash := word^'"'*lowBits, word^'\\'*lowBits
		// The lowest of the high bits that are set is at the first of those bytes; those above it may be wrong.
		found := ((quote-lowBits)&^quote | (backslash-lowBits)&^backslash | (word-' '*lowBits)&^word) & highBits
		if found != 0 {
			before := bits.TrailingZeros64(found) &^ 7
			return at + before/8, (seen|word&(1<<before-1))&highBits == 0
		}
		seen |= word
		at += 8
	}
	for ; at < len(text) && text[at] != '"' && text[at] != '\\' && text[at] >= ' '; at++ {
		seen |= uint64(text[at])
	}
	return at, seen&highBits == 0
}

// unescape returns the value of the string that text begins with, and the offset of the byte after it, which is 0 for what is left
// to others: strings that break the grammar, are not UTF-8, or are not known to be complete.
func (m *tokenMaker) unescape(text []byte) (value []byte, end int) {
	value = m.scratch[:0]
	defer func() {
		if cap(value) <= blockSize {
			m.scratch = value
		}
	}()
	ascii := true
	for at := 1; ; {
		special, plain := findSpecial(text, at)
		ascii = ascii && plain
		value = append(value, text[at:special]...)
		if special+1 >= len(text) || text[special] < ' ' {
			return value, 0
		}
		if text[special] == '"' {
			if !ascii && !utf8.Valid(value) {
				return value, 0
			}
			return value, special + 1
		}
		at = special + 2
		switch c := text[special+1]; c {
		case '"', '\\', '/':
			value = append(value, c)
		case 'b':
			value = append(value, '\b')
		case 'f':
			value = append(value, '\f')
		case 'n':
			value = append(value, '\n')
		case 'r':
			value = append(value, '\r')
		case 't':
			value = append(value, '\t')
		default:
			r := codeUnit(text[special:])
			if r < 0 {
				return value, 0
			}
			at = special + 6
			if utf16.IsSurrogate(r) {
				// A half without the other becomes U+FFFD.
				pair := utf16.DecodeRune(r, codeUnit(text[at:]))
				if r = pair; pair != utf8.RuneError {
					at += 6
				}
			}
			value = utf8.AppendRune(value, r)
		}
	}
}

// codeUnit returns that of the escape \uXXXX that text begins with, or -1.
func codeUnit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	r := rune(0)
	for _, c := range text[2:6] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case c|0x20-'a' < 6:
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// Powers of ten that a float holds exactly.
var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
	1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseNumber reads the number that text begins with. It is not ok if it breaks the grammar, does not fit a float64, or may go on
// behind the text.
func parseNumber(text []byte) (value float64, end int, ok bool) {
	at := 0
	negative := text[0] == '-'
	if negative {
		at++
	}
	first := at
	mantissa, at := digits(text, at, 0)
	count := at - first
	if count == 0 || count > 1 && text[first] == '0' {
		// encoding/json ends a number behind its leading zero.
		return 0, 0, false
	}
	exponent := 0
	if at < len(text) && text[at] == '.' {
		point := at + 1
		if mantissa, at = digits(text, point, mantissa); at == point {
			return 0, 0, false
		}
		exponent = point - at
		count += at - point
	}
	simple := count < 19
	if at < len(text) && text[at]|0x20 == 'e' {
		at++
		if at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		start := at
		if _, at = digits(text, at, 0); at == start {
			return 0, 0, false
		}
		simple = false
	}
	if at >= len(text) {
		return 0, 0, false
	}
	// W. Clinger, "How to read floating point numbers accurately" (1990): one correctly rounded operation on two
	// exact operands.
	if simple && mantissa <= 1<<53 && -exponent < len(powersOfTen) {
		value = float64(mantissa) / powersOfTen[-exponent]
		if negative {
			value = -value
		}
		return value, at, true
	}
	value, err := strconv.ParseFloat(unsafe.String(&text[0], at), 64)
	return value, at, err == nil
}

// digits appends the digits at at to a number, which may overflow, and returns where they end.
func digits(text []byte, at int, number uint64) (uint64, int) {
	for at < len(text) && text[at]-'0' < 10 {
		number = number*10 + uint64(text[at]-'0')
		at++
	}
	return number, at
}
