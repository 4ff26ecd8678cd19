//go:build cgo

package json

import (
	"slices"
	"strings"
)

// sortPlaces puts places in the order of the names that name returns for numbers. There must be as much room in scratch.
func sortPlaces(places, scratch []memberPlace, name func(number int) string) {
	if len(places) <= maxRanked {
		insertPlaces(places, name)
		return
	}
	scratch = scratch[:len(places)]
	copy(scratch, places)
	sortPrefixes(places, scratch)
	for i := 1; i < len(places); i++ {
		if places[i].prefix != places[i-1].prefix {
			continue
		}
		first := i - 1
		for i++; i < len(places) && places[i].prefix == places[first].prefix; i++ {
		}
		slices.SortFunc(places[first:i], func(a, b memberPlace) int { return strings.Compare(name(a.number), name(b.number)) })
	}
}

func insertPlaces(places []memberPlace, name func(number int) string) {
	for i := 1; i < len(places); i++ {
		p, at := places[i], i
		for ; at > 0; at-- {
			before := places[at-1]
			if before.prefix < p.prefix || before.prefix == p.prefix && name(before.number) < name(p.number) {
				break
			}
			places[at] = before
		}
		places[at] = p
	}
}

// sortPrefixes puts places, which scratch has too, in the order of their prefixes. No branch depends on these: half of them would be
// mispredicted.
func sortPrefixes(places, scratch []memberPlace) {
	if len(places) <= maxRanked {
		rankPrefixes(places, scratch)
		return
	}
	half := len(places) / 2
	sortPrefixes(scratch[:half], places[:half])
	sortPrefixes(scratch[half:], places[half:])
	mergePrefixes(places, scratch)
}

// maxRanked is how many places are at most put in order by counting those before each.
const maxRanked = 8

// rankPrefixes puts the places of src, at most maxRanked, in order in dst.
func rankPrefixes(dst, src []memberPlace) {
	var ranks [maxRanked]uint8
	for i := range src {
		rank := i
		for j := range src[:i] {
			before := isLess(src[i].prefix, src[j].prefix)
			ranks[j%maxRanked] += uint8(before)
			rank -= before
		}
		ranks[i%maxRanked] = uint8(rank)
	}
	for i, p := range src {
		dst[ranks[i%maxRanked]] = p
	}
}

// mergePrefixes merges the two halves of src, which are in order, to dst: the smaller half of all from the front and the larger one from the
// back, since neither can come to the end of a half of src before it is through.
func mergePrefixes(dst, src []memberPlace) {
	n := len(src)
	half := n / 2
	dst = dst[:n]
	low, high := 0, half
	lowEnd, highEnd := half-1, n-1
	for i := range half {
		p, q := src[low], src[high]
		second := isLess(q.prefix, p.prefix)
		if second != 0 {
			p.prefix = q.prefix
		}
		if second != 0 {
			p.number = q.number
		}
		dst[i] = p
		high += second
		low += 1 - second

		p, q = src[lowEnd], src[highEnd]
		first := isLess(q.prefix, p.prefix)
		if first != 0 {
			q.prefix = p.prefix
		}
		if first != 0 {
			q.number = p.number
		}
		dst[n-1-i] = q
		lowEnd -= first
		highEnd -= 1 - first
	}
	if n%2 != 0 {
		if low > lowEnd {
			low = high
		}
		dst[half] = src[low]
	}
}

// isLess returns 1 or 0, without a branch.
func isLess(a, b uint64) int {
	less := 0
	if a < b {
		less = 1
	}
	return less
}
