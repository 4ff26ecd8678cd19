//go:build cgo

package json

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Marshal returns the JSON encoding of v, as [json.Marshal] of encoding/json does.
func Marshal(v any) ([]byte, error) { return marshalText(v, ffi.EncodeEscapeHTML) }

// Marshal is [Marshal] with the Config.
func (c Config) Marshal(v any) ([]byte, error) { return marshalText(v, c.encodeFlags()) }

func (c Config) encodeFlags() uint32 {
	var flags uint32
	if !c.NoEscapeHTML {
		flags |= ffi.EncodeEscapeHTML
	}
	if c.UnsortedMaps {
		flags |= ffi.EncodeUnsorted
	}
	return flags
}

func marshalText(v any, flags uint32) ([]byte, error) {
	b, err := marshal(v, flags)
	if isForeign(err) {
		return marshalForeign(v, flags&ffi.EncodeEscapeHTML != 0)
	}
	if err != nil {
		return nil, err
	}
	// Written so, with a variable, the memory is not cleared first.
	out := b.out
	text := make([]byte, len(out))
	copy(text, out)
	b.release()
	return text, nil
}

// AppendMarshal appends the JSON encoding of v, which is that of [Marshal], to dst, and returns the extended slice. If there
// is an error, it returns dst as it was.
//
// Who hands in a slice with room again and again spares the allocation that Marshal makes.
func AppendMarshal(dst []byte, v any) ([]byte, error) {
	return appendText(dst, v, ffi.EncodeEscapeHTML)
}

// AppendMarshal is [AppendMarshal] with the Config.
func (c Config) AppendMarshal(dst []byte, v any) ([]byte, error) {
	return appendText(dst, v, c.encodeFlags())
}

func appendText(dst []byte, v any, flags uint32) ([]byte, error) {
	text, err := appendMarshal(dst, v, flags, 0)
	if isForeign(err) {
		text, err = marshalForeign(v, flags&ffi.EncodeEscapeHTML != 0)
		return append(dst, text...), err
	}
	return text, err
}

// MarshalIndent is like [Marshal] but indents the output, as [json.MarshalIndent] of encoding/json does.
func MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	text, err := Marshal(v)
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	if err := Indent(&indented, text, prefix, indent); err != nil {
		return nil, err
	}
	return indented.Bytes(), nil
}

// marshal encodes v and returns buffers whose out is the text. The error is foreign or that of a method of the user's.
func marshal(v any, flags uint32) (*buffers, error) {
	b, plan, err := gather(v, flags, 0)
	if err != nil {
		return nil, err
	}
	out, err := b.render(plan, flags, b.out[:0])
	if err != nil {
		b.release()
		return nil, err
	}
	b.out = out
	return b, nil
}

// appendMarshal appends the encoding of v, which lies that deep within a document, to dst. Errors are those of marshal.
func appendMarshal(dst []byte, v any, flags uint32, depth int) ([]byte, error) {
	b, plan, err := gather(v, flags, depth)
	if err != nil {
		return dst, err
	}
	dst, err = b.render(plan, flags, dst)
	b.release()
	return dst, err
}

// null is what has no type.
var null any

// gather collects a value, which lies that deep within a document, and returns buffers with its run.
func gather(v any, flags uint32, depth int) (*buffers, *encodePlan, error) {
	if v == nil {
		v = &null
	}
	e := (*eface)(unsafe.Pointer(&v))
	plan := encodePlanOf(v)
	if plan == nil || plan.handOver.Load() > 0 && plan.handOver.Add(-1) >= 0 {
		return nil, nil, errForeign
	}
	b := takeBuffers(int(plan.size.Load()))
	p := e.data
	if plan.direct {
		// Where it is in memory already: a variable would be made there for it.
		b.value = e.data
		p = unsafe.Pointer(&b.value)
	}
	g := gatherer{words: b.words[:0], text: b.text[:0], raw: b.raw[:0], flags: flags, depth: depth}
	g.ordered = flags&ffi.EncodeUnsorted == 0 && plan.ordered.Load()
	err := g.gather(plan.root.ops, p, 1, 0)
	runtime.KeepAlive(v)
	b.value = nil
	// Rust reads whole blocks.
	g.text = append(g.text, padding[:]...)
	// If a method of the user's panics, the buffers are lost to the pool, and that is all.
	b.words, b.text, b.raw = g.words, g.text, g.raw
	if g.ordered && !plan.ordered.Load() {
		plan.ordered.Store(true)
	}
	switch {
	case err == nil && max(len(g.words), len(g.text)) <= math.MaxUint32:
		return b, plan, nil
	case err == nil:
		// Lengths in heads have 32 bits, and so have the places of members.
		err = errForeign
	case !isForeign(err) && !g.rawIsValid():
		// A fault before the one that was found.
		err = errForeign
	case err == errDeep && g.called:
		plan.handOver.Store(handOver)
	}
	b.release()
	return nil, nil, err
}

// padding stands behind the text of a run.
var padding [32]byte

// render has Rust append the text of the run in b to dst.
func (b *buffers) render(plan *encodePlan, flags uint32, dst []byte) ([]byte, error) {
	// Names and punctuation are not in the run. The last text of the type says how much room it takes, or else a guess,
	// which is doubled until it is enough.
	last, size := int(plan.size.Load()), 16*len(b.words)+2*len(b.text)
	room := size
	if last > 0 {
		room = last + last/8
	}
	for {
		if free := cap(dst) - len(dst); free < room && (last == 0 || free < last) {
			dst = slices.Grow(dst, room+64)
		}
		length, status := plan.shape.Encode(b.words, b.text, flags, dst[len(dst):cap(dst)])
		switch status {
		case ffi.OK:
			if int64(length) != plan.size.Load() {
				plan.size.Store(int64(length))
			}
			return dst[:len(dst)+length], nil
		case ffi.BufferTooSmall:
			last, room = 0, max(size, 2*(cap(dst)-len(dst)))
		default:
			return dst, errForeign
		}
	}
}

// Either ends gathering: encoding/json takes over, which gives the error or the value.
var (
	errForeign = errors.New("left to encoding/json")
	errDeep    = errors.New("left to encoding/json for its depth")
)

func isForeign(err error) bool { return err == errForeign || err == errDeep }

// handOver is how many values of a type are left to encoding/json at once after one was, for its depth, when methods
// had been called for it already. They are called again then, and if they encode what is below them, twice as often with
// each level; but not if the levels below are handed over at once.
const handOver = 1000

// maxDepth bounds the nesting of values that are gathered here. Deeper ones may be cycles, which encoding/json finds.
const maxDepth = 256

// A gatherer collects the values of a document in the order of their shape.
type gatherer struct {
	words []uint64
	text  []byte
	// Where in text each result of MarshalJSON begins and ends: until rendering, nobody knows whether it is JSON.
	raw    []int
	called bool // methods of the user's may have been called
	// How many maps around are gathered as their members come, and whether no more are.
	unordered int
	ordered   bool
	flags     uint32
	depth     int
}

// rawIsValid reports whether all results of MarshalJSON are JSON.
func (g *gatherer) rawIsValid() bool {
	for i := 0; i < len(g.raw); i += 2 {
		if !ffi.JSONValid(g.text[g.raw[i]:g.raw[i+1]]) {
			return false
		}
	}
	return true
}

func (g *gatherer) word(w uint64) { g.words = append(g.words, w) }

// head begins a value whose kind the shape leaves open.
func (g *gatherer) head(payload int, tag uint64) { g.word(uint64(payload)<<32 | tag<<1) }

func (g *gatherer) string(s string) {
	g.word(uint64(len(s)))
	g.text = append(g.text, s...)
}

// enter counts the nesting; leave undoes it.
func (g *gatherer) enter() error {
	if g.depth++; g.depth > maxDepth {
		return errDeep
	}
	return nil
}

func (g *gatherer) leave() { g.depth-- }

// gather collects count values of one type, which lie one behind the other from p on, a step apart.
func (g *gatherer) gather(ops []encodeOp, p unsafe.Pointer, count int, step uintptr) error {
	// In variables, so that they need not be in memory between two short operations.
	words, text := g.words, g.text
	for i := range count {
		start := unsafe.Add(p, uintptr(i)*step)
		for o := range ops {
			op := &ops[o]
			at := unsafe.Add(start, op.offset)
			var word uint64
			switch op.kind {
			case encodeBool, encodeWord8:
				word = uint64(*(*uint8)(at))
			case encodeInt8:
				word = uint64(*(*int8)(at))
			case encodeInt16:
				word = uint64(*(*int16)(at))
			case encodeInt32:
				word = uint64(*(*int32)(at))
			case encodeWord16:
				word = uint64(*(*uint16)(at))
			case encodeWord32:
				word = uint64(*(*uint32)(at))
			case encodeWord64:
				word = *(*uint64)(at)
			case encodeFloat64:
				word = *(*uint64)(at)
				if !isFinite(word) {
					return errForeign
				}
			case encodeFloat32:
				word = math.Float64bits(float64(*(*float32)(at)))
				if !isFinite(word) {
					return errForeign
				}
			case encodeString:
				s := *(*string)(at)
				word = uint64(len(s))
				text = append(text, s...)
			case encodeCount:
				word = op.word
			default:
				g.words, g.text = words, text
				if err := g.gatherOther(op, at); err != nil {
					return err
				}
				words, text = g.words, g.text
				continue
			}
			words = append(words, word)
		}
	}
	g.words, g.text = words, text
	return nil
}

// gatherOther collects the value at p, whose kind is not among the simplest.
func (g *gatherer) gatherOther(op *encodeOp, p unsafe.Pointer) error {
	n := op.node
	switch op.kind {
	case encodeNumber:
		number, err := validNumber(*(*string)(p))
		g.string(number)
		return err
	case encodeBytes:
		if b := *(*[]byte)(p); b == nil {
			g.word(0)
		} else {
			g.word(uint64(len(b)) + 1)
			g.text = append(g.text, b...)
		}
	case encodeTime:
		before := len(g.text)
		if err := g.time((*time.Time)(p)); err != nil {
			return err
		}
		g.word(uint64(len(g.text) - before))
	case encodeRawMessage:
		g.rawMessage(*(*[]byte)(p))
	case encodeMarshaler:
		return g.marshalJSON(n, p)
	case encodeTextMarshaler:
		return g.marshalText(n, p)
	case encodeInterface:
		return g.gatherInterface(n, p)
	case encodePointer:
		target := *(*unsafe.Pointer)(p)
		if target == nil {
			g.word(0)
			return nil
		}
		g.word(1)
		if err := g.enter(); err != nil {
			return err
		}
		err := g.gather(n.elem.ops, target, 1, 0)
		g.leave()
		return err
	case encodeSlice:
		s := (*sliceHeader)(p)
		if s.data == nil {
			g.word(0)
			return nil
		}
		g.word(uint64(s.len) + 1)
		return g.gatherElements(n.elem, s.data, s.len)
	case encodeArray:
		g.word(uint64(n.length) + 1)
		return g.gatherElements(n.elem, p, n.length)
	case encodeMap:
		return g.gatherMap(n, p)
	case encodeStringMap:
		return g.gatherStringMap(*(*map[string]string)(p))
	case encodeAnyMap:
		if m := *(*map[string]any)(p); m == nil {
			g.word(0)
		} else {
			g.word(uint64(len(m)) + 1)
			return g.gatherAnyMap(m)
		}
	case encodeOptional:
		return g.gatherOptional(op.field, p)
	default:
		return errForeign
	}
	return nil
}

// isFinite reports whether the float of those bits has a JSON form.
func isFinite(bits uint64) bool { return bits<<1 < 0x7FF<<53 }

func (g *gatherer) gatherElements(elem *encodeNode, p unsafe.Pointer, count int) error {
	switch elem.kind {
	case encodeWord64:
		g.words = append(g.words, unsafe.Slice((*uint64)(p), count)...)
		return nil
	case encodeFloat64:
		bits := unsafe.Slice((*uint64)(p), count)
		for _, b := range bits {
			if !isFinite(b) {
				return errForeign
			}
		}
		g.words = append(g.words, bits...)
		return nil
	}
	if err := g.enter(); err != nil {
		return err
	}
	err := g.gather(elem.ops, p, count, elem.size)
	g.leave()
	return err
}

// gatherOptional collects a field of a struct that may be left out.
func (g *gatherer) gatherOptional(f *encodeField, p unsafe.Pointer) error {
	for _, hop := range f.hops {
		p = *(*unsafe.Pointer)(unsafe.Add(p, hop))
		if p == nil {
			g.word(0)
			return nil
		}
	}
	p = unsafe.Add(p, f.offset)
	if f.omit != nil && f.omit(p) {
		g.word(0)
		return nil
	}
	g.word(1)
	return g.gather(f.node.ops, p, 1, 0)
}

// Members of maps are gathered as they come, and put in order by Rust: their names begin where a table says. But if
// methods have to be called on the way, their order counts, since the first that fails gives the error: then
// all is gathered anew, in order.

// errOrder ends gathering of a map as its members come.
var errOrder = errors.New("methods of members are called in order")

// A mark is a point to which gathering can go back.
type mark struct{ words, text, raw, depth int }

func (g *gatherer) mark() mark { return mark{len(g.words), len(g.text), len(g.raw), g.depth} }

// method is called before a method of the user's is.
func (g *gatherer) method() error {
	if g.unordered > 0 {
		return errOrder
	}
	g.called = true
	return nil
}

// asItComes calls gather, which gathers a map's members as they come. It reports whether that did not do: then
// they are to be gathered in order.
func (g *gatherer) startUnordered() (mark, bool) {
	if g.ordered {
		return mark{}, false
	}
	if g.flags&ffi.EncodeUnsorted == 0 {
		g.unordered++
	}
	return g.mark(), true
}

// endUnordered ends what startUnordered began. It reports whether the members are to be gathered again, in order.
func (g *gatherer) endUnordered(start mark, err error) bool {
	if g.flags&ffi.EncodeUnsorted != 0 {
		return false
	}
	g.unordered--
	if err != errOrder || g.unordered > 0 {
		return false
	}
	g.words, g.text, g.raw, g.depth = g.words[:start.words], g.text[:start.text], g.raw[:start.raw], start.depth
	g.ordered = true
	return true
}

// table makes room for the places of a map's members, and returns where it is.
func (g *gatherer) table(count int) int {
	at := len(g.words)
	g.words = slices.Grow(g.words, count)[:at+count]
	return at
}

// member notes that the member whose place belongs to that word of a table begins here.
func (g *gatherer) member(at int) { g.words[at] = uint64(len(g.words))<<32 | uint64(len(g.text)) }

// A mapEntry is a member of a map on its way to its place in order.
type mapEntry struct {
	name  string
	value reflect.Value
}

// mapRoom is what it takes to read a map by reflection: an iterator, and places for the key and the value.
type mapRoom struct {
	iter      reflect.MapIter
	key, elem reflect.Value
}

func (g *gatherer) gatherMap(n *encodeNode, p unsafe.Pointer) error {
	m := valueAt(n.pointer, p)
	if m.IsNil() {
		g.word(0)
		return nil
	}
	g.word(uint64(m.Len()) + 1)
	if n.textKey {
		if err := g.method(); err != nil {
			return err
		}
	}
	if start, ok := g.startUnordered(); ok {
		err := g.gatherMembers(n, m)
		if !g.endUnordered(start, err) {
			return err
		}
	}
	return g.gatherMembersInOrder(n, m)
}

func (g *gatherer) gatherMembers(n *encodeNode, m reflect.Value) error {
	if err := g.enter(); err != nil {
		return err
	}
	room, ok := n.rooms.Get().(*mapRoom)
	if !ok {
		room = &mapRoom{key: reflect.New(n.typ.Key()).Elem(), elem: reflect.New(n.elem.typ).Elem()}
	}
	room.iter.Reset(m)
	count := m.Len()
	at := g.table(count)
	end := at + count
	for ; room.iter.Next(); at++ {
		if at == end {
			return errForeign // it changes meanwhile
		}
		g.member(at)
		room.key.SetIterKey(&room.iter)
		if err := g.mapName(n, room.key); err != nil {
			return err
		}
		room.elem.SetIterValue(&room.iter)
		if err := g.gather(n.elem.ops, room.elem.Addr().UnsafePointer(), 1, 0); err != nil {
			return err
		}
	}
	if at != end {
		return errForeign
	}
	room.iter.Reset(reflect.Value{})
	room.key.SetZero()
	room.elem.SetZero()
	n.rooms.Put(room)
	g.leave()
	return nil
}

func (g *gatherer) gatherMembersInOrder(n *encodeNode, m reflect.Value) error {
	if err := g.enter(); err != nil {
		return err
	}
	count := m.Len()
	entries := make([]mapEntry, 0, count)
	words, text := len(g.words), len(g.text)
	for members := m.MapRange(); members.Next(); {
		if err := g.mapName(n, members.Key()); err != nil {
			return err
		}
		entries = append(entries, mapEntry{string(g.text[text:]), members.Value()})
		g.words, g.text = g.words[:words], g.text[:text]
	}
	if len(entries) != count {
		return errForeign
	}
	slices.SortFunc(entries, func(a, b mapEntry) int { return strings.Compare(a.name, b.name) })
	at := g.table(count)
	// Values of maps have no address: each is copied to where it has one.
	elem := reflect.New(n.elem.typ)
	for i, entry := range entries {
		g.member(at + i)
		g.string(entry.name)
		elem.Elem().Set(entry.value)
		if err := g.gather(n.elem.ops, elem.UnsafePointer(), 1, 0); err != nil {
			return err
		}
	}
	g.leave()
	return nil
}

// gatherStringMap is gatherMap without reflection.
func (g *gatherer) gatherStringMap(m map[string]string) error {
	if m == nil {
		g.word(0)
		return nil
	}
	if err := g.enter(); err != nil {
		return err
	}
	g.word(uint64(len(m)) + 1)
	if len(m) > 0 {
		at := g.table(len(m))
		end := at + len(m)
		for name, value := range m {
			if at == end {
				return errForeign // it changes meanwhile
			}
			g.member(at)
			at++
			g.words = append(g.words, uint64(len(name)), uint64(len(value)))
			g.text = append(append(g.text, name...), value...)
		}
		if at != end {
			return errForeign
		}
	}
	g.leave()
	return nil
}

// gatherAnyMap collects the members of a map behind its count.
func (g *gatherer) gatherAnyMap(m map[string]any) error {
	if start, ok := g.startUnordered(); ok {
		err := g.gatherAnyMembers(m)
		if !g.endUnordered(start, err) {
			return err
		}
	}
	return g.gatherAnyMembersInOrder(m)
}

func (g *gatherer) gatherAnyMembers(m map[string]any) error {
	if err := g.enter(); err != nil {
		return err
	}
	if len(m) > 0 {
		at := g.table(len(m))
		end := at + len(m)
		for name, value := range m {
			if at == end {
				return errForeign // it changes meanwhile
			}
			g.member(at)
			at++
			g.string(name)
			if err := g.any(value); err != nil {
				return err
			}
		}
		if at != end {
			return errForeign
		}
	}
	g.leave()
	return nil
}

func (g *gatherer) gatherAnyMembersInOrder(m map[string]any) error {
	if err := g.enter(); err != nil {
		return err
	}
	// Methods may change the map: it is as it was before the first is called.
	type member struct {
		name  string
		value any
	}
	members := make([]member, 0, len(m))
	for name, value := range m {
		members = append(members, member{name, value})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	at := g.table(len(members))
	for i, member := range members {
		g.member(at + i)
		g.string(member.name)
		if err := g.any(member.value); err != nil {
			return err
		}
	}
	g.leave()
	return nil
}

// mapName collects the member name of a map's key.
func (g *gatherer) mapName(n *encodeNode, key reflect.Value) error {
	before := len(g.text)
	switch k := key.Kind(); {
	case k == reflect.String:
		g.text = append(g.text, key.String()...)
	case n.textKey:
		if k == reflect.Pointer && key.IsNil() {
			break
		}
		marshaler, ok := key.Interface().(encoding.TextMarshaler)
		if !ok {
			return errForeign
		}
		text, err := marshaler.MarshalText()
		if err != nil {
			return errForeign
		}
		g.text = append(g.text, text...)
	case key.CanInt():
		g.text = strconv.AppendInt(g.text, key.Int(), 10)
	default:
		g.text = strconv.AppendUint(g.text, key.Uint(), 10)
	}
	g.word(uint64(len(g.text) - before))
	return nil
}

// validNumber checks what a Number holds, which is written as it is; none is 0.
func validNumber(n string) (string, error) {
	if n == "" {
		return "0", nil
	}
	rest := strings.TrimPrefix(n, "-")
	whole := trimDigits(rest)
	valid := len(whole) < len(rest) && (rest[0] != '0' || len(whole) == len(rest)-1)
	if fraction, ok := strings.CutPrefix(whole, "."); ok {
		whole = trimDigits(fraction)
		valid = valid && len(whole) < len(fraction)
	}
	if whole != "" && whole[0]|0x20 == 'e' {
		exponent := whole[1:]
		if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
			exponent = exponent[1:]
		}
		whole = trimDigits(exponent)
		valid = valid && len(whole) < len(exponent)
	}
	if !valid || whole != "" {
		return "", errForeign
	}
	return n, nil
}

func trimDigits(s string) string { return strings.TrimLeft(s, "0123456789") }

// time appends a time in its JSON form, without quotes, unless it has none.
func (g *gatherer) time(t *time.Time) error {
	if *t == (time.Time{}) {
		g.text = append(g.text, "0001-01-01T00:00:00Z"...)
		return nil
	}
	text, err := t.AppendText(g.text)
	if err != nil {
		return errForeign
	}
	g.text = text
	return nil
}

// receiver returns the value at p as an interface that has the methods of its pointer, or nil for what encoding/json
// writes as null: nil pointers and interfaces.
func receiver(n *encodeNode, p unsafe.Pointer) any {
	switch n.typ.Kind() {
	case reflect.Pointer:
		v := valueAt(n.pointer, p)
		if v.IsNil() {
			return nil
		}
		return v.Interface()
	case reflect.Interface:
		return valueAt(n.pointer, p).Interface()
	default:
		return pointerTo(n.pointer, p)
	}
}

func (g *gatherer) marshalJSON(n *encodeNode, p unsafe.Pointer) error {
	v := receiver(n, p)
	if v == nil {
		g.string("null")
		return nil
	}
	if err := g.method(); err != nil {
		return err
	}
	text, err := v.(json.Marshaler).MarshalJSON()
	if err != nil {
		return methodError(n, failedJSON{err})
	}
	g.rawMessage(text)
	return nil
}

// rawMessage collects what is JSON, if all is right.
func (g *gatherer) rawMessage(text []byte) {
	if text == nil {
		g.string("null")
		return
	}
	g.raw = append(g.raw, len(g.text), len(g.text)+len(text))
	g.word(uint64(len(text)))
	g.text = append(g.text, text...)
}

func (g *gatherer) marshalText(n *encodeNode, p unsafe.Pointer) error {
	v := receiver(n, p)
	if v == nil {
		g.word(0)
		return nil
	}
	if err := g.method(); err != nil {
		return err
	}
	text, err := v.(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return methodError(n, failedText{err})
	}
	g.word(uint64(len(text)) + 1)
	g.text = append(g.text, text...)
	return nil
}

// methodError is the error of encoding/json for a method that failed. The method is not called again for it: methods
// that encode what is below them would be called twice as often with each level.
func methodError(n *encodeNode, failed any) error {
	_, err := json.Marshal(failed)
	if wrapped, ok := err.(*json.MarshalerError); ok {
		wrapped.Type = n.typ
	}
	return err
}

// Both fail with the error that they hold.
type (
	failedJSON struct{ err error }
	failedText struct{ err error }
)

func (f failedJSON) MarshalJSON() ([]byte, error) { return nil, f.err }
func (f failedText) MarshalText() ([]byte, error) { return nil, f.err }

func (g *gatherer) gatherInterface(n *encodeNode, p unsafe.Pointer) error {
	if n.typ.NumMethod() == 0 {
		return g.any(*(*any)(p))
	}
	return g.any(valueAt(n.pointer, p).Interface())
}

// any collects a value of whatever type.
func (g *gatherer) any(v any) error {
	switch v := v.(type) {
	case nil:
		g.word(1)
	case string:
		g.head(len(v), tagString)
		g.text = append(g.text, v...)
	case float64:
		bits := math.Float64bits(v)
		if !isFinite(bits) {
			return errForeign
		}
		g.words = append(g.words, tagFloat<<1, bits)
	case map[string]any:
		if v == nil {
			g.word(1)
			return nil
		}
		g.head(len(v), tagObject)
		return g.gatherAnyMap(v)
	case []any:
		if v == nil {
			g.word(1)
			return nil
		}
		if err := g.enter(); err != nil {
			return err
		}
		g.head(len(v), tagArray)
		for _, element := range v {
			if err := g.any(element); err != nil {
				return err
			}
		}
		g.leave()
	case bool:
		n := 0
		if v {
			n = 1
		}
		g.head(n, tagBool)
	case int:
		g.integer(int64(v))
	case int64:
		g.integer(v)
	case int32:
		g.integer(int64(v))
	case int16:
		g.integer(int64(v))
	case int8:
		g.integer(int64(v))
	case uint:
		g.words = append(g.words, tagUint<<1, uint64(v))
	case uint64:
		g.words = append(g.words, tagUint<<1, v)
	case uint32:
		g.integer(int64(v))
	case uint16:
		g.integer(int64(v))
	case uint8:
		g.integer(int64(v))
	case json.Number:
		number, err := validNumber(string(v))
		g.head(len(number), tagNumber)
		g.text = append(g.text, number...)
		return err
	case time.Time:
		before := len(g.text)
		err := g.time(&v)
		g.head(len(g.text)-before, tagString)
		return err
	default:
		return g.document(v)
	}
	return nil
}

func (g *gatherer) integer(i int64) { g.words = append(g.words, tagInt<<1, uint64(i)) }

// document collects a value as a document within the document.
func (g *gatherer) document(v any) error {
	if plan := encodePlanOf(v); plan == nil || plan.methods {
		if err := g.method(); err != nil {
			return err
		}
	}
	if err := g.enter(); err != nil {
		return err
	}
	before := len(g.text)
	text, err := appendMarshal(g.text, v, g.flags, g.depth)
	if err != nil {
		return err
	}
	g.leave()
	g.text = text
	g.head(len(text)-before, tagRendered)
	return nil
}
