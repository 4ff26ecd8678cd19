//go:build cgo

package json

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// Names with and without prefixes in common, in any order, are sorted as strings are.
func TestSortPlaces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for count := range 150 {
		for _, kinds := range []int{1, 2, 5, 50, 100_000} {
			for range 5 {
				names := make([]string, count)
				places, scratch := make([]memberPlace, count), make([]memberPlace, count)
				for i := range names {
					names[i] = fmt.Sprintf("%08d %d", random.IntN(kinds), random.IntN(1000))[random.IntN(2)*7:]
					places[i] = memberPlace{prefixOf(names[i]), i}
				}
				sortPlaces(places, scratch, func(number int) string { return names[number] })
				sorted := make([]string, count)
				for i, p := range places {
					sorted[i] = names[p.number]
				}
				slices.Sort(names)
				if !slices.Equal(sorted, names) {
					t.Fatalf("%q, want %q", sorted, names)
				}
			}
		}
	}
}
