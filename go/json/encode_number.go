//go:build cgo

package json

import (
	"math"
	"math/bits"
	"strconv"
	"sync/atomic"
	"unsafe"
)

// numberRoom is the room that any number or time needs, with what is stored behind it.
const numberRoom = 48

// zeros are eight times the digit 0.
const zeros = '0' * ones

// threeDigits are the digits of numbers below 1000, with zeros before them: a table of 4 KB that is read in groups of three takes
// half of the instructions of the arithmetic for single digits.
var threeDigits = func() (texts [1000]uint32) {
	for v := range texts {
		texts[v] = uint32('0'+v/100) | uint32('0'+v/10%10)<<8 | uint32('0'+v%10)<<16
	}
	return texts
}()

// eightDigits returns the digits of a number below 1e8, one in each byte, the first in the lowest.
func eightDigits(v uint64) uint64 {
	thousands := v / 1000
	millions := thousands / 1000
	return uint64(threeDigits[millions]>>8) | uint64(threeDigits[thousands-1000*millions])<<16 | uint64(threeDigits[v-1000*thousands])<<40
}

// smallNumbers are the digits of numbers below 1000, and their count in the highest byte: most numbers of most documents.
var smallNumbers = func() (texts [1000]uint32) {
	for v := range texts {
		for n, digit := range []byte(strconv.Itoa(v)) {
			texts[v] += uint32(digit)<<(8*n) + 1<<24
		}
	}
	return texts
}()

// putSmall writes a number that is among smallNumbers, and returns its length. It is inlined.
func putSmall(dst unsafe.Pointer, v uint64) int {
	text := smallNumbers[v]
	store32(dst, 0, uint64(text))
	return int(text >> 24)
}

// putUint writes a number to dst and returns its length.
func putUint(dst unsafe.Pointer, v uint64) int {
	if v < 1e3 {
		return putSmall(dst, v)
	}
	if v < 1e6 {
		high := v / 1e3
		n := putSmall(dst, high)
		store32(dst, n, uint64(threeDigits[v-1e3*high]))
		return n + 3
	}
	if v < 1e9 {
		thousands := v / 1e3
		millions := thousands / 1e3
		n := putSmall(dst, millions)
		store32(dst, n, uint64(threeDigits[thousands-1e3*millions]))
		store32(dst, n+3, uint64(threeDigits[v-1e3*thousands]))
		return n + 6
	}
	n := 0
	high := v / 1e9
	if high < 1e9 {
		n = putUint(dst, high)
	} else {
		first := high / 1e9
		n = putSmall(dst, first)
		putNine(unsafe.Add(dst, n), high-1e9*first)
		n += 9
	}
	putNine(unsafe.Add(dst, n), v-1e9*high)
	return n + 9
}

// putNine writes nine digits of a number, zeros before it included.
func putNine(dst unsafe.Pointer, v uint64) {
	thousands := v / 1e3
	millions := thousands / 1e3
	store32(dst, 0, uint64(threeDigits[millions]))
	store32(dst, 3, uint64(threeDigits[thousands-1e3*millions]))
	store32(dst, 6, uint64(threeDigits[v-1e3*thousands]))
}

// putInt writes a number to dst and returns its length.
func putInt(dst unsafe.Pointer, v int64) int {
	if v < 0 {
		*(*byte)(dst) = '-'
		return 1 + putUint(unsafe.Add(dst, 1), -uint64(v))
	}
	return putUint(dst, uint64(v))
}

// shortNumber is how many bytes putNumber takes at most.
const shortNumber = 16

// putNumber writes the text of a Number of at most shortNumber bytes, and returns its length, or 0 if that is no number.
func putNumber(dst unsafe.Pointer, s string) int {
	p, n := unsafe.Pointer(unsafe.StringData(s)), len(s)
	a, b := uint64(0), uint64(zeros)
	switch {
	case n >= 8:
		a, b = load64(p, 0), load64(p, n-8)
		store64(dst, 0, a)
		store64(dst, n-8, b)
	case n >= 4:
		a = load32(p, 0) | load32(p, n-4)<<(8*(n-4)&63)
		store64(dst, 0, a)
		a |= zeros << (8 * n & 63)
	default:
		a = loadShort(p, n)
		store64(dst, 0, a)
		a |= zeros << (8 * n & 63)
	}
	// Most are integers.
	if others(a)|others(b) == 0 && (byte(a) != '0' || n == 1) {
		return n
	}
	store64(dst, n, 0) // which is part of no number
	if numberEnd(dst, 0) != n {
		return 0
	}
	return n
}

// others marks the bytes of w that are not digits, by their high bits; behind the first one, digits may be marked too.
func others(w uint64) uint64 {
	w ^= zeros
	return (w | (w + 0x76*ones)) & highs
}

// putFloat writes the shortest number that reads back as f, which is finite, in the form of ECMAScript that encoding/json has chosen: plain
// from 1e-6 to 1e21, else with an exponent. It returns its length.
func putFloat(dst unsafe.Pointer, f float64) int {
	const exact = int64(1) << 53 // up to there, neighbours are at most one apart
	if i := int64(f); float64(i) == f && i != 0 && uint64(i+exact) <= uint64(2*exact) {
		return putInt(dst, i)
	}
	word := math.Float64bits(f)
	sign := int(word >> 63)
	*(*byte)(dst) = '-'
	dst = unsafe.Add(dst, sign)
	if word<<1 == 0 {
		*(*byte)(dst) = '0'
		return sign + 1
	}
	// Of decimals with at most 15 digits, which most people write, no two are the same double: one that is f is the shortest.
	const decimals, most = 1e6, 1e9
	if magnitude := math.Abs(f); magnitude < most {
		if i := uint64(int64(magnitude*decimals + 0.5)); float64(int64(i))/decimals == magnitude {
			whole := i / decimals
			n := sign + putUint(dst, whole)
			dst = unsafe.Add(dst, n-sign)
			digits := eightDigits(i-whole*decimals) >> 16
			*(*byte)(dst) = '.'
			store64(dst, 1, digits)
			return n + 9 - bits.LeadingZeros64(digits^zeros>>16)/8
		}
	}
	digits, exponent := shortest(word&(1<<52-1), int(word>>52&0x7FF))
	// 17 digits, of which the first is not 0; most have them, or one less.
	if digits < 1e16 {
		digits *= 10
		exponent--
	}
	for digits < 1e16 {
		digits *= 10
		exponent--
	}
	exponent += 16
	first := digits / 1e16
	digits -= first * 1e16
	high := digits / 1e8
	a, b := eightDigits(high), eightDigits(digits-high*1e8)
	count := 17 - bits.LeadingZeros64(b^zeros)/8
	if b == zeros {
		count = 9 - bits.LeadingZeros64(a^zeros)/8
	}
	// The same as three words.
	x, y, z := first+'0'|a<<8, a>>56|b<<8, b>>56
	switch {
	case exponent >= 21 || exponent < -6:
		return sign + putExponent(dst, x, y, z, count, exponent)
	case exponent < 0:
		const leading = '0' | '.'<<8 | zeros&^0xFFFF
		store64(dst, 0, leading)
		at := 1 - exponent
		store64(dst, at, x)
		store64(dst, at+8, y)
		store64(dst, at+16, z)
		return sign + at + count
	case count <= exponent+1:
		store64(dst, 0, x)
		store64(dst, 8, y)
		store64(dst, 16, z|zeros&^0xFF)
		return sign + exponent + 1
	}
	// The digits behind the point are those that are left when the others are shifted out.
	store64(dst, 0, x)
	whole := exponent + 1
	if whole <= 8 {
		shift := 8 * whole & 127
		*(*byte)(unsafe.Add(dst, whole)) = '.'
		store64(dst, whole+1, x>>shift|y<<(64-shift))
		store64(dst, whole+9, y>>shift|z<<(64-shift))
	} else {
		store64(dst, 8, y)
		shift := 8 * (whole - 8) & 127
		*(*byte)(unsafe.Add(dst, whole)) = '.'
		store64(dst, whole+1, y>>shift|z<<(64-shift))
	}
	return sign + count + 1
}

// putSingle is [putFloat] for single precision, which takes nine digits.
func putSingle(dst unsafe.Pointer, f float32) int {
	const exact, hidden, least = int64(1) << 24, 1 << 23, -149
	if i := int64(f); float32(i) == f && i != 0 && uint64(i+exact) <= uint64(2*exact) {
		return putInt(dst, i)
	}
	word := math.Float32bits(f)
	sign := int(word >> 31)
	*(*byte)(dst) = '-'
	dst = unsafe.Add(dst, sign)
	switch word << 1 {
	case 0:
		*(*byte)(dst) = '0'
		return sign + 1
	case 115 << 24:
		// 2^-12 lies halfway between two numbers of as few digits: versions of Go choose different ones.
		return sign + len(strconv.AppendFloat(unsafe.Slice((*byte)(dst), numberRoom/2)[:0], 0x1p-12, 'f', -1, 32))
	}
	// As in shortest, but that a power in 64 bits is enough: a float with four bits more has less than 2^28 in all, so that the
	// product is less than that too small.
	fraction, biased := uint64(word&(1<<23-1)), int(word>>23&0xFF)
	power := powers().singles[biased]
	k := (biased + least - 1) * 1262611 >> 22
	integer, part := bits.Mul64(power, (fraction|hidden)<<4)
	const unit, margin = 1 << 59, 1 << 24
	tens := integer / 10
	ones := integer - 10*tens
	rest, half := ones*unit|part>>5, power>>2
	below, above := rest-half, rest+half-10*unit
	switch {
	case fraction == 0 || biased == 0 || below+margin <= 2*margin || above+margin <= 2*margin || part-1<<63+margin<<5 <= 2*margin<<5:
		integer, k = shortestExactly(fraction, biased, hidden, least)
		for integer < 1e6 {
			integer *= 10
			k--
		}
		tens = integer / 10
		ones = integer - 10*tens
	case int64(below|^above) < 0:
		tens, ones = tens+1-above>>63, 0
	default:
		ones += part >> 63
	}
	// There are seven to nine digits, nobody can tell how many: so no branch depends on that.
	missing := isLess(tens, 1e6) + isLess(tens, 1e7)
	exponent := k + 8 - missing
	eight := eightDigits(tens)
	count := 8 - bits.LeadingZeros64(eight^zeros)/8
	if ones != 0 {
		count = 9
	}
	count -= missing
	shift := uint(8*missing) & 63
	x, y := eight>>shift|ones<<8<<((56-shift)&63)|zeros, ones>>shift|'0'
	switch {
	case exponent >= 21 || exponent < -6:
		return sign + putExponent(dst, x, y, 0, count, exponent)
	case count <= exponent+1:
		store64(dst, 0, x)
		store64(dst, 8, y|zeros)
		store64(dst, 16, zeros)
		return sign + exponent + 1
	}
	// Before the point are the first digits or a zero, behind it more zeros or none, and the digits that are left when the others are
	// shifted out.
	whole, start := max(exponent+1, 0), x
	if exponent < 0 {
		start = '0' | '.'<<8 | zeros&^0xFFFF
	}
	store64(dst, 0, start)
	*(*byte)(unsafe.Add(dst, max(whole, 1))) = '.'
	at := 2 + (exponent ^ exponent>>63)
	shift = uint(8 * whole)
	store64(dst, at, x>>shift|y<<(64-shift))
	store64(dst, at+8, y>>shift)
	return sign + at + count - whole
}

// putExponent writes a number whose digits are in three words, with an exponent.
func putExponent(dst unsafe.Pointer, x, y, z uint64, count, exponent int) int {
	*(*byte)(dst) = byte(x)
	n := 1
	if count > 1 {
		*(*byte)(unsafe.Add(dst, 1)) = '.'
		store64(dst, 2, x>>8|y<<56)
		store64(dst, 10, y>>8|z<<56)
		n = count + 1
	}
	sign := byte('+')
	if exponent < 0 {
		sign, exponent = '-', -exponent
	}
	*(*byte)(unsafe.Add(dst, n)) = 'e'
	*(*byte)(unsafe.Add(dst, n+1)) = sign
	return n + 2 + putUint(unsafe.Add(dst, n+2), uint64(exponent))
}

// shortest returns the decimal number of the fewest digits that lies nearest to a double, which is neither 0 nor infinite, as
// digits * 10^exponent, given its fraction and its biased exponent. The way is Raffaello Giulietti's ("The Schubfach way to render
// doubles", 2020): the interval that rounds to the double is scaled by a power of ten, so that of the integers in it, either one is a
// multiple of ten, or there are few of them.
//
// Here the double is scaled in 128 bits, which may be too large by one, and half of the interval in 59 bits. Where so
// little matters, and where the interval is not symmetric, more bits decide.
func shortest(fraction uint64, biased int) (digits uint64, exponent int) {
	const hidden, least = 1 << 52, -1074
	if fraction == 0 || biased == 0 {
		return shortestExactly(fraction, biased, hidden, least)
	}
	c, q := fraction|hidden, biased+least-1
	k := q * 1262611 >> 22 // floor(log10(2^q))
	power, h := &powers().tens[-k-minPower], shiftOf(q, k)
	integer, part := bits.Mul64(power[0], c<<h)
	low, _ := bits.Mul64(power[1], c<<h)
	part, carry := bits.Add64(part, low, 0)
	integer += carry

	const unit, margin = 1 << 59, 4
	tens := integer / 10
	rest := (integer-10*tens)*unit | part>>5 // what is beyond the tens, in units
	half := power[0] >> ((6 - h) & 63)
	// The tens below lie in the interval if this is negative, those above if it is not.
	below, above := rest-half, rest+half-10*unit
	if below+margin <= 2*margin || above+margin <= 2*margin || part-1<<63 <= 1 {
		return shortestExactly(fraction, biased, hidden, least)
	}
	if int64(below|^above) < 0 {
		// The tens below or above, without a branch, as nobody can tell which.
		return 10*tens + 10&^uint64(int64(above)>>63), k
	}
	return integer + part>>63, k
}

// powers returns the table of powers.
func powers() *powerTable {
	if table := scales.Load(); table != nil {
		return table
	}
	return newPowerTable()
}

// shiftOf returns how far c has to be shifted for the integer part of c*2^q*10^-k to be the highest word of the product.
func shiftOf(q, k int) uint { return uint(q+(-k*1741647>>19)+1) & 63 } // floor(log2(10^-k))

// shortestExactly is [shortest] for all floats of a kind: of their fraction, whose next bit is hidden, and with the least value 2^least.
func shortestExactly(fraction uint64, biased int, hidden uint64, least int) (digits uint64, exponent int) {
	c, q := fraction, least
	if biased != 0 {
		c, q = fraction|hidden, biased+least-1
	}
	odd := c & 1
	// In quarters, where the interval begins below the double; it is shorter below powers of two.
	closer := false
	k := q * 1262611 >> 22 // floor(log10(2^q))
	if fraction == 0 && biased > 1 {
		closer = true
		k = (q*1262611 - 524031) >> 22 // floor(log10(3/4 * 2^q))
	}
	power, h := &powers().tens[-k-minPower], shiftOf(q, k)
	// The double times the power, in three words, of which the highest is its integer part; what the power makes of
	// where the interval begins and ends is that much less and more.
	x1, x0 := bits.Mul64(power[1], 4*c<<h)
	x2, low := bits.Mul64(power[0], 4*c<<h)
	x1, carry := bits.Add64(x1, low, 0)
	x2 += carry
	d1, d0 := power[0]<<(h+1)|power[1]>>(63-h), power[1]<<(h+1)
	d2 := power[0] >> (63 - h)
	_, carry = bits.Add64(x0, d0, 0)
	u1, carry := bits.Add64(x1, d1, carry)
	u := whole(x2+d2+carry, u1)
	if closer {
		d0, d1, d2 = d0>>1|d1<<63, d1>>1|d2<<63, d2>>1
	}
	_, carry = bits.Sub64(x0, d0, 0)
	l1, carry := bits.Sub64(x1, d1, carry)
	l, m := whole(x2-d2-carry, l1), whole(x2, x1)
	// Ends belong to the interval of an even double.
	l, u = l+odd, u-odd
	s := m / 4
	if s >= 10 {
		tens := s / 10
		below, above := l <= 40*tens, 40*tens+40 <= u
		if below != above {
			if above {
				tens++
			}
			return 10 * tens, k
		}
	}
	below, above := l <= 4*s, 4*s+4 <= u
	if below != above {
		if above {
			s++
		}
		return s, k
	}
	if half := 4*s + 2; m > half || m == half && s&1 != 0 {
		s++
	}
	return s, k
}

// whole returns an integer part with its last bit set if part, the word behind it, is more than rounding up the power
// has added.
func whole(integer, part uint64) uint64 {
	if part > 1 {
		integer |= 1
	}
	return integer
}

// The exponents of the powers of ten that doubles are scaled by.
const minPower, maxPower = -292, 324

// A powerTable has the first 128 bits of each power, rounded up, the higher word first; and for each biased exponent in single precision
// the power that scales its floats, so that the integer part of one with four bits more is the higher word of the product.
type powerTable struct {
	tens    [maxPower - minPower + 1][2]uint64
	singles [256]uint64
}

var scales atomic.Pointer[powerTable]

// newPowerTable fills the table when it is needed first. Powers are products of as many tens or tenths with twice as
// many bits, whose error is far from those that are kept, as a test finds.
func newPowerTable() *powerTable {
	var table powerTable
	one := [4]uint64{3: 1 << 63}
	ten := [4]uint64{3: 10 << 60}
	tenth := [4]uint64{0xCCCCCCCCCCCCCCCD, 0xCCCCCCCCCCCCCCCC, 0xCCCCCCCCCCCCCCCC, 0xCCCCCCCCCCCCCCCC}
	for _, way := range []struct {
		factor     [4]uint64
		last, step int
	}{{ten, maxPower, 1}, {tenth, minPower, -1}} {
		power := one
		for exponent := 0; ; exponent += way.step {
			kept := [2]uint64{power[3], power[2]}
			if power[1]|power[0] != 0 {
				low, carry := bits.Add64(kept[1], 1, 0)
				kept = [2]uint64{kept[0] + carry, low}
			}
			table.tens[exponent-minPower] = kept
			if exponent == way.last {
				break
			}
			power = timesWide(power, way.factor)
		}
	}
	for biased := range table.singles {
		q := biased - 150
		k := q * 1262611 >> 22
		table.singles[biased] = table.tens[-k-minPower][0] >> (4 - shiftOf(q, k))
	}
	scales.Store(&table)
	return &table
}

// timesWide returns the first 256 bits of the product of two fractions whose highest bits are set, the lowest word
// first.
func timesWide(a, b [4]uint64) (product [4]uint64) {
	var all [8]uint64
	for i := range a {
		var over uint64
		for j := range b {
			high, low := bits.Mul64(a[i], b[j])
			var carry uint64
			low, carry = bits.Add64(low, over, 0)
			high += carry
			all[i+j], carry = bits.Add64(all[i+j], low, 0)
			over = high + carry
		}
		all[i+4] = over
	}
	copy(product[:], all[4:])
	if product[3]>>63 == 0 {
		for i := 3; i > 0; i-- {
			product[i] = product[i]<<1 | product[i-1]>>63
		}
		product[0] = product[0]<<1 | all[3]>>63
	}
	return product
}
