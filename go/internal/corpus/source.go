package corpus

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// source is a stream of random parts of documents, the same for the same seed.
type source struct{ *rand.Rand }

func newSource(seed uint64) source {
	return source{rand.New(rand.NewPCG(seed, 0))}
}

// chance is true in percent of 100 cases.
func (s source) chance(percent int) bool { return s.IntN(100) < percent }

// between returns a number from low to high inclusive.
func (s source) between(low, high int) int { return low + s.IntN(high-low+1) }

// id returns a number of the given count of digits.
func (s source) id(digits int) int {
	low := int(math.Pow10(digits - 1))
	return low + s.IntN(9*low)
}

// cents returns an amount of money with two decimals.
func (s source) cents(limit int) float64 { return float64(s.IntN(limit*100)) / 100 }

// hex returns a string of lower-case hexadecimal digits.
func (s source) hex(digits int) string {
	text := make([]byte, digits)
	for i := range text {
		text[i] = "0123456789abcdef"[s.IntN(16)]
	}
	return string(text)
}

// uuid returns an identifier in the form of RFC 9562.
func (s source) uuid() string {
	return strings.Join([]string{s.hex(8), s.hex(4), s.hex(4), s.hex(4), s.hex(12)}, "-")
}

// moment returns a time of the years 1990 to 2019, in the zone of the Atlantic coast of the United States.
func (s source) moment() time.Time {
	start := time.Date(1990, 1, 1, 0, 0, 0, 0, time.FixedZone("EST", -5*3600))
	return start.Add(time.Duration(s.IntN(30*365*24*3600)) * time.Second)
}

// words returns count words of the given list, separated by spaces.
func (s source) words(list []string, count int) string {
	words := make([]string, count)
	for i := range words {
		words[i] = pick(s, list)
	}
	return strings.Join(words, " ")
}

func pick[T any](s source, list []T) T { return list[s.IntN(len(list))] }

// several returns an array of count values.
func several(count int, value func(i int) any) array {
	values := make(array, count)
	for i := range values {
		values[i] = value(i)
	}
	return values
}
