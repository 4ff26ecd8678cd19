//go:build cgo

package json

import (
	"encoding"
	"math/bits"
	"reflect"
	"slices"
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
	if n >= 8 {
		return bits.ReverseBytes64(load64(p, 0))
	}
	return bits.ReverseBytes64(loadPart(p, n))
}

// writeMap writes a map whose names are strings. The members stack is r's.
func writeMap[T any](r *renderer, m map[string]T, stack *[]member[T], write func(r *renderer, value T) error) error {
	switch {
	case m == nil:
		r.null()
		return nil
	case len(m) == 0:
		r.short(textNoMembers, 2)
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
	r.inOrder(places, known, &set, func(number int) string { return members[number].name })
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
// written elsewhere. Members are put in order as they are read: behind that, as fewNames are, they take 1.05 of the time.
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

// writeFewPlain is writeFew for values that are strings or scalars.
func writeFewPlain[T any](r *renderer, m map[string]T, elem *encodeNode) error {
	var few fewNames
	var values [fewMembers]T
	count := 0
	for name, value := range m {
		if count == fewMembers {
			return errForeign // it changes meanwhile
		}
		few.names[count], values[count] = name, value
		count++
	}
	return r.plainMembers(&few, count, elem, unsafe.Pointer(&values))
}

// fewNames are the names of at most fewMembers, and their places in order.
type fewNames struct {
	names [fewMembers]string
	order [fewMembers]memberPlace
}

// arrange puts the names in order, if they are to be sorted.
func (f *fewNames) arrange(count int, flags uint32) {
	for i, name := range f.names[:count] {
		place, at := memberPlace{prefixOf(name), i}, i
		for ; at > 0 && flags&ffi.EncodeUnsorted == 0; at-- {
			before := f.order[at-1]
			if before.prefix < place.prefix || before.prefix == place.prefix && f.names[before.number%fewMembers] < name {
				break
			}
			f.order[at] = before
		}
		f.order[at] = place
	}
}

// plainMembers writes members that have these names and the values at values, which are strings or scalars.
func (r *renderer) plainMembers(few *fewNames, count int, elem *encodeNode, values unsafe.Pointer) error {
	few.arrange(count, r.flags)
	r.byte('{')
	for _, p := range few.order[:count] {
		name, value := few.names[p.number%fewMembers], unsafe.Add(values, uintptr(p.number)*elem.size)
		if elem.kind == encodeString {
			r.name(name)
			r.string(*(*string)(value))
			r.mark(',')
		} else if err := r.scalarMember(name, elem, value); err != nil {
			return err
		}
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

// inOrder puts places from first on in the order of the names that name returns for numbers, if they are to be sorted. If all of the names are
// known, and so in the set, the prefix of a place is then which of them it has.
func (r *renderer) inOrder(first int, known bool, set *nameSet, name func(number int) string) {
	order := r.order[first:]
	switch {
	case known:
		r.names.arrange(set, order)
	case r.flags&ffi.EncodeUnsorted == 0:
		r.order = slices.Grow(r.order, len(order))
		order = r.order[first:]
		sortPlaces(order, r.order[len(r.order):cap(r.order)], name)
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

// mapRoom is what it takes to read a map of any type: places for the keys and the values, for names that are made of keys, and what
// reflection needs.
type mapRoom struct {
	node   *encodeNode
	keys   mapKeys
	values reflect.Value // a slice
	elems  []reflect.Value
	digits []byte
	iter   reflect.MapIter
	key    reflect.Value
}

// takeRoom returns room for a map of so many members. The renderer keeps that of one type.
func (r *renderer) takeRoom(n *encodeNode, count int) *mapRoom {
	room := r.room
	if room != nil && room.node == n {
		r.room = nil
	} else if room, _ = n.rooms.Get().(*mapRoom); room == nil {
		room = &mapRoom{node: n, key: reflect.New(n.typ.Key()).Elem(), values: reflect.New(reflect.SliceOf(n.elem.typ)).Elem()}
	}
	if len(room.keys.texts) < count {
		size := count + count/4
		room.values.Set(reflect.MakeSlice(room.values.Type(), size, size))
		room.keys = mapKeys{make([]string, size), make([]uint64, size)}
		if n.keys == keySigned || n.keys == keyUnsigned {
			room.digits = make([]byte, size*digitsRoom)
		}
		if n.access == nil {
			room.elems = make([]reflect.Value, size)
			for i := range room.elems {
				room.elems[i] = room.values.Index(i)
			}
		}
	}
	return room
}

// giveRoom gives the room for a map of so many members back, cleared.
func (r *renderer) giveRoom(room *mapRoom, count int) {
	n := room.node
	clear(room.keys.texts[:count])
	if !n.elem.kind.isScalar() {
		all := room.values.Len()
		room.values.SetLen(count)
		room.values.Clear()
		room.values.SetLen(all)
	}
	if r.room == nil {
		r.room = room
	} else {
		n.rooms.Put(room)
	}
}

// digitsRoom is the room that an integer needs.
const digitsRoom = 24

// anyMap writes the map of any type at p, which is not nil.
func (r *renderer) anyMap(n *encodeNode, p unsafe.Pointer) error {
	count := len(*(*map[string]struct{})(p)) // which lies where it does in all maps
	if count == 0 {
		r.short(textNoMembers, 2)
		return nil
	}
	if err := r.enter(); err != nil {
		return err
	}
	if count <= fewMembers && n.access != nil && (n.elem.kind.isScalar() || n.elem.kind == encodeString) {
		return n.access.few(r, n, p)
	}
	room := r.takeRoom(n, count)
	values := room.values.UnsafePointer()
	read := 0
	var err error
	if n.access != nil {
		read = n.access.read(p, room.keys, values, count)
	} else {
		read, err = r.reflectMap(room, valueAt(n.pointer, p), count)
	}
	if err != nil {
		return err
	}
	if read != count {
		return errForeign // it changes meanwhile
	}
	names := room.keys.texts[:count]
	if n.keys == keySigned || n.keys == keyUnsigned {
		room.nameWords(names)
	}
	places := len(r.order)
	var set nameSet
	known := r.mayKnow(count)
	for i, name := range names {
		prefix := prefixOf(name)
		known = known && r.names.place(&set, prefix, name, i)
		r.order = append(r.order, memberPlace{prefix, i})
	}
	r.inOrder(places, known, &set, func(number int) string { return names[number] })
	r.byte('{')
	for i := range count {
		p := r.order[places+i]
		number := p.number
		value := unsafe.Add(values, uintptr(number)*n.elem.size)
		if n.elem.kind.isScalar() && !known {
			if err := r.scalarMember(names[number], n.elem, value); err != nil {
				return err
			}
			continue
		}
		if known {
			r.knownName(p)
		} else {
			r.name(names[number])
		}
		if n.elem.kind == encodeString {
			r.string(*(*string)(value))
		} else if err := r.write(n.elem.ops, value, 1, 0); err != nil {
			return err
		}
		r.mark(',')
	}
	r.closeMap(count)
	r.order = r.order[:places]
	r.giveRoom(room, count)
	r.leave()
	return nil
}

// scalarMember writes a member whose value is a boolean or a number, and a comma, in one step if its name is short and stands there as it is.
func (r *renderer) scalarMember(name string, elem *encodeNode, value unsafe.Pointer) error {
	r.reserve(longString + quoteRoom + numberRoom)
	length := 0
	if len(name) < longString {
		length = quote(r.end(), name)
	}
	if length == 0 {
		r.string(name)
		r.reserve(numberRoom)
	}
	colon := unsafe.Add(r.end(), length)
	end := putScalars(colon, elem.kind, value, 1)
	if end == nil {
		return refusedCopy(elem, value)
	}
	*(*byte)(colon) = ':'
	*(*byte)(end) = ','
	r.upTo(unsafe.Add(end, 1))
	return nil
}

// reflectMap reads a map of count members, and returns how many it had.
func (r *renderer) reflectMap(room *mapRoom, m reflect.Value, count int) (int, error) {
	room.iter.Reset(m)
	i := 0
	for ; room.iter.Next(); i++ {
		if i == count {
			return i + 1, nil
		}
		key := room.key
		key.SetIterKey(&room.iter)
		switch room.node.keys {
		case keyText:
			room.keys.texts[i] = key.String()
		case keySigned:
			room.keys.words[i] = uint64(key.Int())
		case keyUnsigned:
			room.keys.words[i] = key.Uint()
		case keyMarshaler:
			text, err := r.keyText(room.node, key)
			if err != nil {
				return 0, err
			}
			room.keys.texts[i] = text
		}
		room.elems[i].SetIterValue(&room.iter)
	}
	room.iter.Reset(reflect.Value{})
	room.key.SetZero()
	return i, nil
}

// keyText returns the member name of a key that is a TextMarshaler, of a map of the node's type.
func (r *renderer) keyText(n *encodeNode, key reflect.Value) (string, error) {
	if key.Kind() == reflect.Pointer && key.IsNil() {
		return "", nil
	}
	marshaler, ok := key.Interface().(encoding.TextMarshaler)
	if !ok {
		return "", errForeign
	}
	text, err := marshaler.MarshalText()
	if err != nil {
		return "", keyError(n, err)
	}
	return string(text), nil
}

// nameWords makes the names of keys that are integers.
func (room *mapRoom) nameWords(names []string) {
	for i := range names {
		names[i] = room.node.keys.nameOf(room.keys.words[i], unsafe.Pointer(&room.digits[i*digitsRoom : (i+1)*digitsRoom][0]))
	}
}

// nameOf returns the name of a key that is an integer, which is written to dst.
func (k keyKind) nameOf(word uint64, dst unsafe.Pointer) string {
	length := 0
	if k == keySigned {
		length = putInt(dst, int64(word))
	} else {
		length = putUint(dst, word)
	}
	return unsafe.String((*byte)(dst), length)
}
