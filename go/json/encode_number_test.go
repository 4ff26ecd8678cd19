//go:build cgo

package json

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"
	"unsafe"
)

func TestPowersOfTen(t *testing.T) {
	powers := newPowerTable()
	for exponent := minPower; exponent <= maxPower; exponent++ {
		numerator, denominator := big.NewInt(1), big.NewInt(1)
		if exponent >= 0 {
			numerator.Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
		} else {
			denominator.Exp(big.NewInt(10), big.NewInt(int64(-exponent)), nil)
		}
		// Scaled to 128 bits, and rounded up.
		for numerator.Cmp(new(big.Int).Lsh(denominator, 127)) < 0 {
			numerator.Lsh(numerator, 1)
		}
		for numerator.Cmp(new(big.Int).Lsh(denominator, 128)) >= 0 {
			denominator.Lsh(denominator, 1)
		}
		want, rest := numerator.QuoRem(numerator, denominator, new(big.Int))
		if rest.Sign() != 0 {
			want.Add(want, big.NewInt(1))
		}
		got := new(big.Int).SetUint64(powers.tens[exponent-minPower][0])
		got.Lsh(got, 64).Add(got, new(big.Int).SetUint64(powers.tens[exponent-minPower][1]))
		if got.Cmp(want) != 0 {
			t.Errorf("1e%d: %x, want %x", exponent, got, want)
		}
	}
}

func putText(put func(dst unsafe.Pointer) int) string {
	var room [numberRoom]byte
	return string(room[:put(unsafe.Pointer(&room))])
}

func TestIntegersOfAllLengths(t *testing.T) {
	check := func(v uint64) {
		if got, want := putText(func(dst unsafe.Pointer) int { return putUint(dst, v) }), strconv.FormatUint(v, 10); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		for _, i := range []int64{int64(v), -int64(v)} {
			if got, want := putText(func(dst unsafe.Pointer) int { return putInt(dst, i) }), strconv.FormatInt(i, 10); got != want {
				t.Fatalf("%s, want %s", got, want)
			}
		}
	}
	for power, digits := uint64(1), 0; digits < 20; digits++ {
		for _, factor := range []uint64{1, 2, 5, 7, 9} {
			check(factor*power - 1)
			check(factor * power)
			check(factor*power + 1)
		}
		check(1234567890987654321 / power)
		power *= 10
	}
	check(math.MaxUint64)
	for v := range uint64(20_000) {
		check(v)
		check(v * 99_999_989)
	}
}

func TestFloatsOfAllSizes(t *testing.T) {
	checkSize := func(f float64, size int) {
		f = math.Abs(f)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return
		}
		format := byte('f')
		if size == 64 && (f < 1e-6 || f >= 1e21) || size == 32 && (float32(f) < 1e-6 || float32(f) >= 1e21) {
			format = 'e'
		}
		if f == 0 {
			format = 'f'
		}
		put := putFloat
		if size == 32 {
			put = func(dst unsafe.Pointer, f float64) int { return putSingle(dst, float32(f)) }
		}
		want := []byte(strconv.FormatFloat(f, format, -1, size))
		if n := len(want); format == 'e' && want[n-4] == 'e' && want[n-3] == '-' && want[n-2] == '0' {
			want = append(want[:n-2], want[n-1])
		}
		for _, sign := range []string{"", "-"} {
			if got := putText(func(dst unsafe.Pointer) int { return put(dst, f) }); got != sign+string(want) {
				t.Fatalf("%s of %d bits, want %s%s", got, size, sign, want)
			}
			f = math.Copysign(f, -1)
		}
	}
	check := func(f float64) {
		checkSize(f, 64)
		checkSize(float64(float32(f)), 32)
	}
	random := rand.New(rand.NewPCG(1, 2))
	count := 1_000_000
	if testing.Short() {
		count = 20_000
	}
	for range count {
		check(math.Float64frombits(random.Uint64()))
		check(float64(math.Float32frombits(random.Uint32())))
		// Few digits, at all places of the point; and integers.
		check(float64(random.Uint64()>>random.IntN(64)) * math.Pow10(random.IntN(60)-30))
		check(float64(random.IntN(100_000)) / math.Pow10(random.IntN(12)))
		// Six places and as many digits before them as may be, and the doubles next to those.
		f := float64(random.Int64N(1<<54)>>random.IntN(54)) / 1e6
		for _, f := range []float64{f, math.Nextafter(f, 0), math.Nextafter(f, 2*f)} {
			check(f)
		}
	}
	// Around powers of two the interval of a double is not symmetric; those of ten have the fewest digits; and the
	// smallest ones.
	for exponent := -1074; exponent < 1024; exponent++ {
		f := math.Ldexp(1, exponent)
		for _, f := range []float64{f, math.Nextafter(f, 0), math.Nextafter(f, 2*f), 3 * f, 5 * f} {
			check(f)
			check(float64(math.Nextafter32(float32(f), 0)))
			check(float64(math.Nextafter32(float32(f), 2*float32(f))))
		}
	}
	for exponent := -324; exponent < 309; exponent++ {
		f := math.Pow10(exponent)
		for _, f := range []float64{f, math.Nextafter(f, 0), math.Nextafter(f, 2*f), 9 * f} {
			check(f)
		}
	}
	for bits := range uint64(1000) {
		check(math.Float64frombits(bits))
		check(float64(math.Float32frombits(uint32(bits))))
		check(math.Float64frombits(math.Float64bits(math.MaxFloat64) - bits))
	}
}

// Those in which one digit more or less, or another rounding, is a common fault.
func TestFloatsThatAreHard(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 1: "1", -1.5: "-1.5", 100: "100", 1e20: "100000000000000000000", 123456789012345680000: "123456789012345680000",
		1e21: "1e+21", 1.5e21: "1.5e+21", 1e-6: "0.000001", 1.25e-6: "0.00000125", 9.999e-7: "9.999e-7", 1e-7: "1e-7", 5e-324: "5e-324",
		math.MaxFloat64: "1.7976931348623157e+308", 65.613616999999977: "65.61361699999998", 9007199254740993: "9007199254740992",
		9007199254740991: "9007199254740991", -4503599627370495.5: "-4503599627370495.5", 1.2345678901234567e-5: "0.000012345678901234568",
		2.2250738585072014e-308: "2.2250738585072014e-308", 2.225073858507201e-308: "2.225073858507201e-308", 9.5e-7: "9.5e-7", 2e-44: "2e-44",
		4.35: "4.35", 0.3: "0.3", 5e-7: "5e-7", 1.1e16: "11000000000000000", 1234567.5: "1234567.5", 12345678.5: "12345678.5", 123456789.5: "123456789.5",
	} {
		if got := putText(func(dst unsafe.Pointer) int { return putFloat(dst, f) }); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
