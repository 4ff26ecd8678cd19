package main

import (
	"bytes"
	"math/big"
	"regexp"
	"strings"
)

// INCRBYFLOAT counts in what C calls long double on x86-64, so that its results are those of a Redis there: 64 bits of mantissa,
// and exponents of 15.
const (
	longDoublePrecision = 64
	longDoubleMost      = 16384  // values are less than 2 to the power of this
	longDoubleLeast     = -16445 // and 2 to the power of this at least
	longDoubleLength    = 5 << 10
)

// longDoubleText is what C's strtold takes, but for the spaces in front and NaNs, which Redis refuses. The first group has the
// digits of decimal numbers, the second those of hexadecimal ones.
var longDoubleText = regexp.MustCompile(`^[+-]?(?:(\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|` +
	`0[xX]([\da-fA-F]+\.?[\da-fA-F]*|\.[\da-fA-F]+)(?:[pP][+-]?\d+)?|(?i:inf|infinity))$`)

// parseLongDouble parses a number as Redis does.
func parseLongDouble(text []byte) (*big.Float, bool) {
	parts := longDoubleText.FindSubmatch(text)
	if parts == nil || len(text) >= longDoubleLength {
		return nil, false
	}
	decimal, hexadecimal := parts[1], parts[2]
	if decimal == nil && hexadecimal == nil {
		return new(big.Float).SetInf(text[0] == '-'), true
	}
	if len(bytes.Trim(decimal, "0.")) == 0 && len(bytes.Trim(hexadecimal, "0.")) == 0 {
		return newLongDouble(), true
	}
	base := 10
	if hexadecimal != nil {
		base = 0
	}
	number, _, err := newLongDouble().Parse(string(text), base)
	if err != nil || number.IsInf() || number.Sign() == 0 {
		return nil, false
	}
	mantissa := new(big.Float)
	exponent := number.MantExp(mantissa) // the mantissa is 1/2 or more, and less than 1
	half := mantissa.Abs(mantissa).Cmp(big.NewFloat(0.5)) == 0
	return number, exponent <= longDoubleMost && (exponent > longDoubleLeast || exponent == longDoubleLeast && !half)
}

func newLongDouble() *big.Float { return new(big.Float).SetPrec(longDoublePrecision) }

// addLongDoubles adds two numbers, and tells whether the sum is one.
func addLongDoubles(a, b *big.Float) (*big.Float, bool) {
	if a.IsInf() || b.IsInf() {
		return nil, false
	}
	sum := newLongDouble().Add(a, b)
	return sum, sum.MantExp(nil) <= longDoubleMost
}

// formatLongDouble writes a number with 17 digits behind the point, without zeros at the end.
func formatLongDouble(number *big.Float) string {
	text := strings.TrimSuffix(strings.TrimRight(number.Text('f', 17), "0"), ".")
	if text == "-0" {
		return "0"
	}
	return text
}
