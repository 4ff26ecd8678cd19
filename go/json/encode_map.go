//go:build cgo

package json

import (
	"cmp"
	"encoding"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Members of maps are collected, put in order by their names, and written. Methods may change the map meanwhile: it
// is as it was before the first is called.

// A member is one of a map whose names are strings.
type member[T any] struct {
	name  string
	value T
}

// A memberPlace is a member on its way to its place in order: the first bytes of its name as a number, and which it is.
type memberPlace struct {
	prefix uint64
	number int
}

// prefixOf returns the first eight bytes of a name, whose order as numbers is theirs.
func prefixOf(name string) uint64 {
	p, n := unsafe.Pointer(unsafe.StringData(name)), len(name)
	switch {
	case n >= 8:
		return bits.ReverseBytes64(load64(p, 0))
	case n >= 4:
		return bits.ReverseBytes64(load32(p, 0) | load32(p, n-4)<<(8*(n-4)&63))
	default:
		return bits.ReverseBytes64(loadShort(p, n))
	}
}

// sortPlaces puts places in the order of the names that name returns for numbers.
func sortPlaces(places []memberPlace, name func(number int) string) {
	if len(places) > 12 {
		slices.SortFunc(places, func(a, b memberPlace) int {
			if a.prefix != b.prefix {
				return cmp.Compare(a.prefix, b.prefix)
			}
			return strings.Compare(name(a.number), name(b.number))
		})
		return
	}
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

// writeMap writes a map whose names are strings. The members stack is r's.
func writeMap[T any](r *renderer, m map[string]T, stack *[]member[T], write func(r *renderer, value T) error) error {
	if m == nil {
		r.null()
		return nil
	}
	if err := r.enter(); err != nil {
		return err
	}
	if len(m) <= fewMembers {
		return writeFew(r, m, write)
	}
	members, places := *stack, len(r.order)
	first := len(members)
	var set nameSet
	known := r.mayKnow(len(m))
	for name, value := range m {
		prefix := prefixOf(name)
		known = known && r.names.place(&set, prefix, name, len(members))
		r.order = append(r.order, memberPlace{prefix, len(members)})
		members = append(members, member[T]{name, value})
	}
	*stack = members
	r.inOrder(r.order[places:], known, &set, func(number int) string { return members[number].name })
	r.byte('{')
	for i := range len(members) - first {
		p := r.order[places+i]
		member := &members[p.number]
		if known {
			r.knownName(p)
		} else {
			r.name(member.name)
		}
		if err := write(r, member.value); err != nil {
			return err
		}
		r.mark(',')
	}
	r.closeMap(len(members) - first)
	clear((*stack)[first:]) // which maps within may have moved
	*stack, r.order = (*stack)[:first], r.order[:places]
	r.leave()
	return nil
}

// writeFew writes a map of at most fewMembers, for which there is room on the stack: the collector watches what is
// written elsewhere.
func writeFew[T any](r *renderer, m map[string]T, write func(r *renderer, value T) error) error {
	var members [fewMembers]member[T]
	var order [fewMembers]memberPlace
	count, sorted := 0, r.flags&ffi.EncodeUnsorted == 0
	for name, value := range m {
		if count == len(members) {
			return errForeign // it changes meanwhile
		}
		members[count] = member[T]{name, value}
		place, at := memberPlace{prefixOf(name), count}, count
		for ; at > 0 && sorted; at-- {
			before := order[at-1]
			if before.prefix < place.prefix || before.prefix == place.prefix && members[before.number].name < name {
				break
			}
			order[at] = before
		}
		order[at] = place
		count++
	}
	r.byte('{')
	for i := range count {
		member := &members[order[i].number]
		r.name(member.name)
		if err := write(r, member.value); err != nil {
			return err
		}
		r.mark(',')
	}
	r.closeMap(count)
	r.leave()
	return nil
}

func (r *renderer) stringValue(s string) error {
	r.string(s)
	return nil
}

// fewMembers are sorted faster than their names are found.
const fewMembers = 8

// mayKnow reports whether the names of a map of so many members are to be looked for among those that are known.
func (r *renderer) mayKnow(count int) bool {
	return count > fewMembers && len(r.names.list) > 0 && r.flags&ffi.EncodeUnsorted == 0
}

// inOrder puts places in the order of the names that name returns for numbers, if they are to be sorted. If all of the names are
// known, and so in the set, the prefix of a place is then which of them it has.
func (r *renderer) inOrder(order []memberPlace, known bool, set *nameSet, name func(number int) string) {
	switch {
	case known:
		r.names.arrange(set, order)
	case r.flags&ffi.EncodeUnsorted == 0:
		sortPlaces(order, name)
		if len(order) > fewMembers {
			r.names.learn(order, name)
		}
	}
}

// knownName writes the name of a place whose name is known.
func (r *renderer) knownName(p memberPlace) {
	text := r.names.list[p.prefix].text
	r.reserve(len(text) + textBlock)
	copyBlocks(r.end(), unsafe.Pointer(unsafe.StringData(text)), len(text))
	r.length += len(text)
}

// name writes the name of a member, and the colon.
func (r *renderer) name(name string) {
	r.string(name)
	r.mark(':')
}

// closeMap ends a map of so many members, each with a comma behind it.
func (r *renderer) closeMap(count int) {
	if count > 0 {
		r.length--
	}
	r.byte('}')
	r.reserve(0)
}

// mapRoom is what it takes to read a map by reflection: an iterator, and places for a key, for the values, and for
// names that are made of keys.
type mapRoom struct {
	iter   reflect.MapIter
	key    reflect.Value
	values reflect.Value
	names  []byte
}

// anyMap writes a map of any type.
func (r *renderer) anyMap(n *encodeNode, m reflect.Value) error {
	if err := r.enter(); err != nil {
		return err
	}
	count := m.Len()
	room, ok := n.rooms.Get().(*mapRoom)
	if !ok {
		room = &mapRoom{key: reflect.New(n.typ.Key()).Elem(), values: reflect.New(reflect.SliceOf(n.elem.typ)).Elem()}
	}
	if room.values.Cap() < count {
		room.values.Set(reflect.MakeSlice(room.values.Type(), count, count+count/4))
	}
	room.values.SetLen(count)
	base := room.values.UnsafePointer()
	first, places := len(r.strings), len(r.order)
	room.names = room.names[:0]
	var set nameSet
	known := r.mayKnow(count)
	room.iter.Reset(m)
	for i := 0; room.iter.Next(); i++ {
		if i == count {
			return errForeign // it changes meanwhile
		}
		room.key.SetIterKey(&room.iter)
		name, err := r.mapName(n, room)
		if err != nil {
			return err
		}
		reflect.NewAt(n.elem.typ, unsafe.Add(base, uintptr(i)*n.elem.size)).Elem().SetIterValue(&room.iter)
		prefix := prefixOf(name)
		known = known && r.names.place(&set, prefix, name, len(r.strings))
		r.order = append(r.order, memberPlace{prefix, len(r.strings)})
		r.strings = append(r.strings, member[string]{name: name})
	}
	members := r.strings
	last := len(members)
	r.inOrder(r.order[places:], known, &set, func(number int) string { return members[number].name })
	r.byte('{')
	for i := range last - first {
		p := r.order[places+i]
		number := p.number
		if known {
			r.knownName(p)
		} else {
			r.name(members[number].name)
		}
		if err := r.write(n.elem.ops, unsafe.Add(base, uintptr(number-first)*n.elem.size), 1, 0); err != nil {
			return err
		}
		r.mark(',')
	}
	r.closeMap(last - first)
	clear(r.strings[first:])
	r.strings, r.order = r.strings[:first], r.order[:places]
	room.iter.Reset(reflect.Value{})
	room.key.SetZero()
	room.values.Clear()
	n.rooms.Put(room)
	r.leave()
	return nil
}

// mapName returns the member name of a map's key.
func (r *renderer) mapName(n *encodeNode, room *mapRoom) (string, error) {
	key := room.key
	before := len(room.names)
	switch k := key.Kind(); {
	case k == reflect.String:
		return key.String(), nil
	case n.textKey:
		if k == reflect.Pointer && key.IsNil() {
			return "", nil
		}
		marshaler, ok := key.Interface().(encoding.TextMarshaler)
		if !ok {
			return "", errForeign
		}
		r.called = true
		text, err := marshaler.MarshalText()
		if err != nil {
			return "", errForeign
		}
		return string(text), nil
	}
	// Names that were cut from it keep the memory that it had before.
	room.names = slices.Grow(room.names, numberRoom)
	dst := unsafe.Add(unsafe.Pointer(unsafe.SliceData(room.names)), before)
	length := 0
	if key.CanInt() {
		length = putInt(dst, key.Int())
	} else {
		length = putUint(dst, key.Uint())
	}
	room.names = room.names[:before+length]
	return unsafe.String((*byte)(dst), length), nil
}
