//go:build cgo

package json

import (
	"math/bits"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"

	"tandem.example/go/internal/literal"
)

// Maps stand for records as often as for tables: the same few names come again and again. A renderer knows the names
// that it has met in small maps, in their order. The members of a map that has no others are put in order without a
// comparison, by setting a bit for each, and their names are literals already.

// names are what a renderer knows.
type names struct {
	*nameList
	// For each name of the list, which member of the map that is being put in order has it.
	numbers []int32
	// Names that were met since the list was made, and whether there is room for no more.
	fresh map[string]bool
	full  bool
}

// A nameList is shared, and does not change, but for a count.
type nameList struct {
	// How many maps had other names. Renderers may not live long enough to count them: the collector empties pools.
	misses atomic.Int64
	// Where in the list the name of a hash is, plus one.
	slots []uint16
	list  []recordName
	html  bool
}

// latestNames are the lists that were made last, with which new renderers begin.
var latestNames, latestHTMLNames atomic.Pointer[nameList]

type recordName struct {
	prefix, suffix uint64
	name           string
	text           string // the literal with its colon, in whole blocks
}

const (
	maxNames    = 512
	nameSlots   = 4 * maxNames
	maxNameText = 64
	// maxRecord bounds the maps whose names are learnt; larger ones are tables.
	maxRecord = 64
	// After so many misses, names are added to a list, however few they are; and a list without room for them is given up.
	addAfter    = maxNames
	giveUpAfter = 8 * maxNames
)

// suffixOf returns the last eight bytes of a name that has as many.
func suffixOf(name string) uint64 {
	if len(name) < 8 {
		return 0
	}
	return load64(unsafe.Pointer(unsafe.StringData(name)), len(name)-8)
}

func nameHash(prefix, suffix uint64, length int) uint64 {
	return (prefix ^ bits.RotateLeft64(suffix, 23) ^ uint64(length)) * 0x9E3779B97F4A7C15 >> (64 - 11)
}

// find returns which name in the list that is, or -1.
func (n *names) find(prefix uint64, name string) int {
	suffix := suffixOf(name)
	for at := nameHash(prefix, suffix, len(name)); ; at++ {
		number := int(n.slots[at%nameSlots]) - 1
		if number < 0 {
			return -1
		}
		known := &n.list[number]
		if known.prefix == prefix && known.suffix == suffix && len(known.name) == len(name) &&
			(len(name) <= 16 || known.name == name) {
			return number
		}
	}
}

// A nameSet has a bit for each name of a list.
type nameSet [maxNames / 64]uint64

// place notes which member of a map has a name. It reports whether the name is known, and no other member's.
func (n *names) place(set *nameSet, prefix uint64, name string, member int) bool {
	number := n.find(prefix, name)
	if number < 0 || set[number/64]>>(number%64)&1 != 0 {
		return false
	}
	set[number/64] |= 1 << (number % 64)
	n.numbers[number] = int32(member)
	return true
}

// arrange puts the members of a map in order, all of which have their places: the prefix of each is then which name in the
// list it has.
func (n *names) arrange(set *nameSet, order []memberPlace) {
	at := 0
	for w, word := range set[:(len(n.list)+63)/64] {
		for ; word != 0; word &= word - 1 {
			number := w*64 + bits.TrailingZeros64(word)
			order[at] = memberPlace{uint64(number), int(n.numbers[number])}
			at++
		}
	}
}

// learn keeps the names of a small map in mind.
func (n *names) learn(order []memberPlace, name func(number int) string) {
	if len(order) > maxRecord {
		return
	}
	missed := false
	for _, p := range order {
		s := name(p.number)
		if len(s) > maxNameText || len(n.list) > 0 && n.find(p.prefix, s) >= 0 {
			continue
		}
		if !missed {
			missed = true
			n.misses.Add(1)
		}
		if n.fresh[s] {
			continue
		}
		if n.full = len(n.list)+len(n.fresh) >= maxNames; n.full {
			return
		}
		if n.fresh == nil {
			n.fresh = map[string]bool{}
		}
		// It must not keep a text that it is cut from.
		n.fresh[strings.Clone(s)] = true
	}
}

// settle makes the list anew if names were met that are not in it. If it is full of names that do not come any more, it
// begins again.
func (n *names) settle(html bool) {
	latest := &latestNames
	if html {
		latest = &latestHTMLNames
	}
	if n.nameList != nil && len(n.fresh) == 0 && n.misses.Load() > giveUpAfter {
		latest.CompareAndSwap(n.nameList, &nameList{html: html}) // unless others have given it up already
		n.nameList = nil
	}
	if n.nameList == nil || html != n.html {
		n.use(latest.Load())
		if n.nameList == nil {
			n.use(&nameList{html: html})
		}
	}
	// Seldom enough that it costs little, whatever comes.
	if len(n.fresh) == 0 || len(n.fresh) <= len(n.list)/4 && !n.full && n.misses.Load() <= addAfter {
		return
	}
	all := make([]string, 0, len(n.fresh)+len(n.list))
	for name := range n.fresh {
		all = append(all, name)
	}
	for _, known := range n.list {
		all = append(all, known.name)
	}
	slices.Sort(all)
	form := literal.Plain
	if html {
		form = literal.HTML
	}
	written := renderer{form: form}
	list := make([]recordName, len(all))
	for i, name := range all {
		written.length = 0
		written.name(name)
		text := make([]byte, written.length+textBlock)
		copy(text, written.text())
		list[i] = recordName{prefixOf(name), suffixOf(name), name, unsafe.String(&text[0], written.length)}
	}
	slots := make([]uint16, nameSlots)
	for i := range list {
		at := nameHash(list[i].prefix, list[i].suffix, len(list[i].name))
		for slots[at%nameSlots] != 0 {
			at++
		}
		slots[at%nameSlots] = uint16(i + 1)
	}
	n.use(&nameList{slots: slots, list: list, html: html})
	latest.Store(n.nameList)
}

// use takes a list, and nothing else that is known.
func (n *names) use(list *nameList) {
	*n = names{nameList: list}
	if list != nil {
		n.numbers = make([]int32, len(list.list))
	}
}
