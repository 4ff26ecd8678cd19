//go:build cgo

package json_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"tandem.example/go/json"
)

// exact returns all digits of a number behind a point, and an exponent of ten.
func exact(number *big.Float) string {
	digits, exponent, _ := strings.Cut(number.Text('e', 800), "e")
	return strings.TrimRight(digits, "0") + "e" + exponent
}

// midway returns what lies halfway between two floats.
func midway(value, next float64) string {
	sum := new(big.Float).SetPrec(64).SetFloat64(value)
	sum.Add(sum, new(big.Float).SetFloat64(next))
	return exact(new(big.Float).SetMantExp(sum, -1))
}

// spellings returns a few ways to write a number. The first is one that strconv gets right: of more than 800 digits without a point
// it takes those behind for none.
func spellings(whole, fraction string, power int) []string {
	list := []string{fmt.Sprintf("%s.%se%d", whole, fraction, power), fmt.Sprintf("%s%sE%d", whole, fraction, power-len(fraction))}
	if power < 0 {
		list = append(list, "0."+strings.Repeat("0", -power-1)+whole+fraction)
	}
	return list
}

// around returns the spellings of a number that is given with a point and an exponent, and those of two numbers that are
// barely smaller and larger.
func around(text string) [][]string {
	digits, exponent, _ := strings.Cut(text, "e")
	whole, fraction, _ := strings.Cut(digits, ".")
	power, _ := strconv.Atoi(exponent)
	last := len(fraction) - 1
	return [][]string{
		spellings(whole, fraction, power),
		spellings(whole, fraction+strings.Repeat("0", 40)+"1", power),
		spellings(whole, fraction[:last]+string(fraction[last]-1)+strings.Repeat("9", 40), power),
	}
}

// Numbers halfway between two floats, and a little beside: with few digits, with hundreds, subnormal and huge.
func TestNumbersHalfwayAreRounded(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	check := func(spellings []string) {
		want, err := strconv.ParseFloat(spellings[0], 64)
		for _, text := range spellings {
			var single float64
			var list []float64
			var anything any
			if got := json.Unmarshal([]byte("-"+text), &single); (got == nil) != (err == nil) || err == nil && single != -want {
				t.Fatalf("-%s is %v, %v; want %v, %v", text, single, got, -want, err)
			}
			if err != nil {
				continue
			}
			if json.Unmarshal([]byte("["+text+" ,0]"), &list) != nil || list[0] != want {
				t.Fatalf("%s in a list is %v; want %v", text, list, want)
			}
			if json.Unmarshal([]byte(text), &anything) != nil || anything.(float64) != want {
				t.Fatalf("%s of no type is %v; want %v", text, anything, want)
			}
		}
		sameDecode(t, []byte(spellings[0]), func() any { return new(float32) })
	}
	checkAround := func(text string) {
		for _, spellings := range around(text) {
			check(spellings)
		}
	}
	step := uint64(23)
	if testing.Short() {
		step = 97
	}
	for exponent := uint64(0); exponent < 2047; exponent += step {
		for range 3 {
			fraction := random.Uint64() >> (12 + random.Uint64N(52))
			value := math.Float64frombits(exponent<<52 | fraction)
			if next := math.Nextafter(value, math.Inf(1)); !math.IsInf(next, 0) {
				checkAround(midway(value, next))
			}
		}
	}
	checkAround(midway(0, math.SmallestNonzeroFloat64))
	// Halfway between the largest float and what would be the next one.
	checkAround(exact(new(big.Float).SetMantExp(new(big.Float).SetInt64(1<<54-1), 970)))
	for _, text := range []string{"0." + strings.Repeat("1234567890", 80), strings.Repeat("9", 800), strings.Repeat("9", 800) + "e-800",
		"0." + strings.Repeat("0", 800) + "1e801", "1e-99999999999999999999", "1e99999999999999999999", "0e99999999999999999999"} {
		check([]string{text})
	}
}

// Floats of any bits are written as by the standard library, which is as short as can be, and read back as they were.
func TestNumbersOfAnyBitsComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	var values []float64
	var singles []float32
	for range rounds {
		if value := math.Float64frombits(random.Uint64()); !math.IsNaN(value) && !math.IsInf(value, 0) {
			values = append(values, value, math.Float64frombits(random.Uint64()>>12), math.Trunc(value), float64(random.Int64()>>random.Uint64N(64)))
		}
		if single := math.Float32frombits(random.Uint32()); single == single && !math.IsInf(float64(single), 0) {
			singles = append(singles, single, math.Float32frombits(random.Uint32()>>9))
		}
	}
	for exponent := -1074; exponent < 1024; exponent++ {
		power := math.Ldexp(1, exponent)
		values = append(values, power, math.Nextafter(power, 0), math.Nextafter(power, math.MaxFloat64))
	}
	sameEncode(t, values)
	sameEncode(t, singles)
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	var back []float64
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	for i, value := range values {
		if math.Float64bits(back[i]) != math.Float64bits(value) {
			t.Fatalf("%b came back as %b", value, back[i])
		}
	}
}
