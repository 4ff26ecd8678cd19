//go:build cgo

package json

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Unmarshal parses the JSON text and stores the result in what v points to, as [json.Unmarshal] of encoding/json
// does. Nothing is stored unless the whole text is valid.
//
// Strings that are stored, byte slices, other short slices without pointers (of numbers, say) and numbers in interfaces share blocks of at
// most 6 KiB, also with those of other documents, and other short slices of a type share blocks of 4 KiB within a document; they never refer
// to data. Who keeps one of them keeps the block, and with elements of other slices what these refer to: a small part of a large document
// that is to outlive it is best copied.
func Unmarshal(data []byte, v any) error {
	if done, err := unmarshal(data, v, 0); done {
		return err
	}
	// The error, or a value of a kind that is left to encoding/json: it has the standard library's say.
	return json.Unmarshal(data, v)
}

func (c Config) unmarshal(data []byte, v any) error {
	flags := c.decodeFlags()
	if done, err := unmarshal(data, v, flags); done {
		return err
	}
	return c.unmarshalForeign(data, v)
}

func (c Config) decodeFlags() uint32 {
	var flags uint32
	if c.UseNumber {
		flags |= ffi.DecodeUseNumber
	}
	if c.DisallowUnknownFields {
		flags |= ffi.DecodeDisallowUnknown
	}
	if c.CaseSensitive {
		flags |= ffi.DecodeExactNames
	}
	if c.ShareStrings {
		flags |= ffi.DecodeBorrow
	}
	return flags
}

// unmarshal reports whether the value could be decoded here; if not, nothing was stored.
func unmarshal(data []byte, v any, flags uint32) (bool, error) {
	if p, ok := v.(*any); ok && p != nil {
		v = held(p, data)
	}
	plan, target := planFor(v), (*eface)(unsafe.Pointer(&v)).data
	if plan == nil || target == nil || plan.root.any && !plan.takes(target) {
		return false, nil
	}
	if plan.few != nil && len(data) <= smallText && flags&ffi.DecodeBorrow == 0 {
		if status := plan.storeFew(data, flags, target); status != ffi.BufferTooSmall {
			runtime.KeepAlive(v)
			return status == ffi.OK, nil
		}
	}
	b := takeBuffers(len(data))
	f := plan.run(data, flags, b)
	if f == nil {
		b.release()
		return false, nil
	}
	f.begin(plan)
	err := f.store(plan.root, target, f.next())
	runtime.KeepAlive(v)
	// If a method of the user's panics, the buffers are lost to the pool, and that is all.
	b.release()
	return true, err
}

// held returns what a text is decoded into, if that is to be the value at p: the pointer that it is, or p. Null replaces a
// pointer.
func held(p *any, text []byte) any {
	if t := reflect.TypeOf(*p); t == nil || t.Kind() != reflect.Pointer || t == anyPointerType {
		return p
	}
	at := skipSpace(text, 0)
	if reflect.ValueOf(*p).IsNil() || at == len(text) || text[at] == 'n' {
		return p
	}
	return *p
}

var anyPointerType = reflect.TypeFor[*any]()

// planFor returns the plan for what v points to, nil if that is left to encoding/json.
func planFor(v any) *decodePlan {
	word := (*eface)(unsafe.Pointer(&v)).typ
	recent := recentDecodePlans.place(word)
	if plan := recent.Load(); plan != nil && plan.root.pointer == word {
		return plan
	}
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer || t.Name() != "" {
		return nil
	}
	plan := decodePlanOf(t.Elem())
	if plan != nil {
		recent.Store(plan)
	}
	return plan
}

// takes reports whether a value can be stored at p.
func (plan *decodePlan) takes(p unsafe.Pointer) bool {
	budget := maxSearch
	return !plan.root.holdsPointer(p, &budget)
}

// maxSearch bounds how many values of a target are searched for interfaces that hold pointers. Targets with more
// of them, and those that lead back to themselves, are left to encoding/json.
const maxSearch = 10_000

// holdsPointer reports whether an interface within the target at p holds a pointer. A value for it would go where
// that points to, which may be of any type: such targets are left to encoding/json.
func (n *decodeNode) holdsPointer(p unsafe.Pointer, budget *int) bool {
	if !n.any || p == nil {
		return false
	}
	if *budget--; *budget < 0 {
		return true
	}
	switch n.kind {
	case decodeAny:
		v := *(*any)(p)
		return v != nil && reflect.TypeOf(v).Kind() == reflect.Pointer
	case decodeInterface:
		return valueAt(n.pointer, p).Elem().Kind() == reflect.Pointer
	case decodePointer:
		return n.elem.holdsPointer(*(*unsafe.Pointer)(p), budget)
	case decodeSlice:
		// Elements beyond the length are used again, too.
		s := (*sliceHeader)(p)
		return n.anyElementHoldsPointer(s.data, s.cap, budget)
	case decodeArray:
		return n.anyElementHoldsPointer(p, n.length, budget)
	}
	for i := range n.fields {
		f := &n.fields[i]
		if f.node.any && f.node.holdsPointer(f.find(p), budget) {
			return true
		}
	}
	return false
}

func (n *decodeNode) anyElementHoldsPointer(p unsafe.Pointer, count int, budget *int) bool {
	for i := range count {
		if n.elem.holdsPointer(unsafe.Add(p, uintptr(i)*n.elem.size), budget) {
			return true
		}
	}
	return false
}

// find returns where the field of the struct at p is, nil if that is behind a nil pointer.
func (f *decodeField) find(p unsafe.Pointer) unsafe.Pointer {
	for _, hop := range f.hops {
		if p = *(*unsafe.Pointer)(unsafe.Add(p, hop.offset)); p == nil {
			return nil
		}
	}
	return unsafe.Add(p, f.offset)
}

// run has Rust check and decode a text into the buffers, which grow as needed, and returns what is to walk the run. It returns nil if
// the text is left to encoding/json.
func (p *decodePlan) run(data []byte, flags uint32, b *buffers) *filler {
	// What nearly all documents need; the second try is enough for any.
	flags |= p.flags
	b.growWords(len(data)/4+64, 0)
	if len(data) <= smallText && flags&ffi.DecodeBorrow == 0 {
		room := b.stringRoom(len(data))
		words, text, status := p.shape.Decode(data, flags, b.filler.words, room)
		if status == ffi.OK {
			b.useStrings(text)
			f := b.fill(p, words, room[:text], data, flags)
			*(*stringHeader)(unsafe.Pointer(&f.block)) = stringHeader{unsafe.Pointer(unsafe.SliceData(room)), text}
			return f
		}
		if status != ffi.BufferTooSmall {
			return nil
		}
	}
	b.growText(len(data), 0)
	words, text, status := p.shape.Decode(data, flags, b.filler.words, b.text)
	if status == ffi.BufferTooSmall {
		b.growWords(len(data)+8, 0)
		b.growText(3*len(data), 0)
		words, text, status = p.shape.Decode(data, flags, b.filler.words, b.text)
	}
	if status != ffi.OK {
		return nil
	}
	return b.fill(p, words, b.text[:text], data, flags)
}

// fewWords is the length of a run on the stack: a power of two, so that places in it need no check.
const fewWords = 32

// storeFew has Rust check and decode a text into a run on the stack, and stores what it is: a scalar or a string, or a struct of few of
// them. If the run is too long, or anything is wrong, nothing is stored.
func (p *decodePlan) storeFew(data []byte, flags uint32, target unsafe.Pointer) ffi.Status {
	var run [fewWords]uint64
	var room []byte
	var b *buffers
	if p.texts {
		b = takeBuffers(len(data))
		room = b.stringRoom(len(data))
	}
	words, length, status := p.shape.Decode(data, flags|p.flags, run[:], room)
	if p.texts {
		b.useStrings(length)
		b.pool.Put(b)
	}
	if status != ffi.OK {
		return status
	}
	at, end, cut := uint(0), uint(words), 0
	if p.root.kind == decodeStruct { // between its head and its end
		at, end = 1, end-1
	}
	for at < end {
		head, word := run[at%fewWords], run[(at+1)%fewWords]
		at++
		field := &p.few[label(head)]
		if isNull(head) {
			continue
		}
		place := unsafe.Add(target, field.offset)
		switch field.simple {
		case decodeString:
			size := payload(head)
			if size == 0 {
				*(*string)(place) = "" // which keeps nothing
				continue
			}
			*(*stringHeader)(place) = stringHeader{unsafe.Add(unsafe.Pointer(unsafe.SliceData(room)), cut), size}
			cut += size
		case decodeBool:
			*(*bool)(place) = payload(head) != 0
		case decodeWord64:
			*(*uint64)(place) = word
			at++
		default:
			storeNumber(field.simple, place, word)
			at++
		}
	}
	return ffi.OK
}

// What stands in a run: see docs/run.md.
const (
	runEnd    = math.MaxUint64
	runLoose  = 1 << 31
	runCopied = 1 << 63
)

func isNull(head uint64) bool  { return head&1 != 0 }
func payload(head uint64) int  { return int(head >> 32) }
func label(head uint64) uint32 { return uint32(head) >> 1 }

// A filler walks a run and stores its values.
type filler struct {
	words []uint64
	word  int // the next of them
	text  []byte
	input []byte
	// The run's text from start on, up to stringBlock of it, where it can stay: strings are cut from it. The next one begins at cut.
	block   string
	start   int
	cut     int
	boxes   boxes
	buffers *buffers // which it is among
	// The name or the value of a map's member that is next, zero otherwise.
	elemWord  uint64
	elemText  string
	elemBytes []byte
	// Strings share the input's memory. Those that can't are cut from a copy of the run's text from copyAt on.
	borrow bool
	copied string
	copyAt int

	// The error of a method, which ends the decoding, has been told in which struct that is.
	located bool
}

// Boxes are memory that interfaces point into, and lists are cut from.
type boxes struct {
	floats  supply[float64]
	strings supply[string]
	lists   supply[[]any]
	nulls   supply[any]
	listed  int // of nulls
	used    bool
}

// What a kept string keeps in memory is at most stringBlock, of which the allocator has four in a span (of 4 KiB it has two, and takes
// longer for each), as is what a kept number or slice without pointers keeps; what another kept slice keeps is at most blockSize.
const (
	stringBlock = 6 << 10
	blockSize   = 4 << 10
)

// fill makes ready for storing what a run in the buffers has, by the filler among them.
func (b *buffers) fill(plan *decodePlan, words int, text, input []byte, flags uint32) *filler {
	f := &b.filler
	f.words, f.text, f.input = f.words[:words], text, input
	f.word, f.start, f.cut, f.located = 0, 0, 0, false
	f.borrow = flags&ffi.DecodeBorrow != 0
	if len(b.chunks) != plan.chunks {
		b.resizeChunks(plan.chunks)
	}
	return f
}

// forget drops what is the caller's, or refers to it.
func (f *filler) forget() {
	f.text, f.input, f.block = nil, nil, ""
	if f.borrow {
		f.copied, f.copyAt = "", 0
	}
	if f.boxes.used {
		f.boxes = boxes{}
	}
}

// begin makes ready for the value that is next.
func (f *filler) begin(plan *decodePlan) {
	if plan.flags&ffi.DecodeCount != 0 {
		f.boxes.used = true
		f.boxes.strings.expect(int(f.next()))
		f.boxes.floats.expect(int(f.next()))
	}
}

func (f *filler) next() uint64 {
	w := f.words[f.word]
	f.word++
	return w
}

// string cuts the next n bytes off the run's text.
func (f *filler) string(n int) string {
	var s string
	if f.has(n) {
		f.cutTo(&s, n)
		return s
	}
	return f.fetch(n)
}

// has reports whether the next n bytes are in the block, and not none.
func (f *filler) has(n int) bool { return uint(n-1) < uint(len(f.block)-f.cut) }

// cutTo makes the string at p the next n bytes of the block, which has them. Slicing the block would check that again.
func (f *filler) cutTo(p *string, n int) {
	*(*stringHeader)(unsafe.Pointer(p)) = stringHeader{unsafe.Add(unsafe.Pointer(unsafe.StringData(f.block)), f.cut), n}
	f.cut += n
}

// fetch returns the next n bytes, and copies text into a new block for them and those that follow.
func (f *filler) fetch(n int) string {
	if n == 0 {
		return ""
	}
	if f.borrow {
		return f.lent(n)
	}
	f.start += f.cut
	rest := f.text[f.start:]
	size := n
	if n <= stringBlock/2 { // what follows a longer one would seldom fit, and be copied again
		size = min(stringBlock, len(rest))
	}
	f.block, f.cut = string(rest[:size]), n
	return f.block[:n]
}

// lent returns the string of n bytes, not none, whose place comes next.
func (f *filler) lent(n int) string {
	place := f.next()
	if place&runCopied == 0 {
		return unsafe.String(&f.input[place], n)
	}
	at := int(place &^ runCopied)
	if at+n > f.copyAt+len(f.copied) {
		f.copied, f.copyAt = string(f.text[at:min(at+max(n, stringBlock), len(f.text))]), at
	}
	return f.copied[at-f.copyAt:][:n]
}

// bytes cuts the next n bytes off the run's text without copying them: they are good until the run ends.
func (f *filler) bytes(n int) []byte {
	if f.borrow {
		if n == 0 {
			return nil
		}
		text := f.lent(n)
		return unsafe.Slice(unsafe.StringData(text), n)
	}
	from := f.start + f.cut
	if f.cut += n; f.cut > len(f.block) {
		f.block, f.start, f.cut = "", from+n, 0
	}
	return f.text[from : from+n]
}

// ownBytes is bytes that can be kept, and changed: the memory around them is that of strings, or of other bytes.
func (f *filler) ownBytes(n int) []byte {
	switch {
	case n == 0:
		return []byte{}
	case f.borrow:
		return slices.Clip(append([]byte{}, f.bytes(n)...))
	default:
		return unsafe.Slice(unsafe.StringData(f.string(n)), n)
	}
}

// store stores the value with the given head at p. An error ends the decoding.
func (f *filler) store(n *decodeNode, p unsafe.Pointer, head uint64) error {
	if isNull(head) && !n.takesRaw() {
		f.storeNull(n, p)
		return nil
	}
	switch n.kind {
	case decodeBool:
		*(*bool)(p) = payload(head) != 0
	case decodeWord8, decodeWord16, decodeWord32, decodeWord64, decodeFloat32, decodeFloat64:
		storeNumber(n.kind, p, f.next())
	case decodeString:
		*(*string)(p) = f.string(payload(head))
	case decodeBytes:
		*(*[]byte)(p) = f.ownBytes(payload(head))
	case decodeRawMessage:
		*(*json.RawMessage)(p) = append((*(*json.RawMessage)(p))[:0], f.raw(head)...)
	case decodeTime:
		return storeTime((*time.Time)(p), f.raw(head))
	case decodeUnmarshaler:
		return pointerTo(n.pointer, p).(json.Unmarshaler).UnmarshalJSON(f.raw(head))
	case decodeAddress:
		text := f.bytes(payload(head))
		if !n.parse(p, unsafe.String(unsafe.SliceData(text), len(text))) {
			return pointerTo(n.pointer, p).(encoding.TextUnmarshaler).UnmarshalText(text)
		}
	case decodeTextUnmarshaler:
		text := []byte{} // not nil: methods may keep it so
		if s := f.string(payload(head)); s != "" {
			text = unsafe.Slice(unsafe.StringData(s), len(s))
		}
		return pointerTo(n.pointer, p).(encoding.TextUnmarshaler).UnmarshalText(text)
	case decodeAny:
		*(*any)(p) = f.tagged()
	case decodeSlice:
		return f.storeSlice(n, p, head)
	case decodeArray:
		return f.storeArray(n, p, head)
	case decodeAnyMap:
		f.storeAnyMap((*map[string]any)(p), payload(head))
	case decodeStringMap:
		f.storeStringMap((*map[string]string)(p), payload(head))
	case decodeMap:
		return f.storeMap(n, p, payload(head))
	case decodeStruct:
		return f.storeStruct(n, p)
	case decodePointer:
		target := (*unsafe.Pointer)(p)
		if *target == nil {
			*target = n.elem.new()
		}
		return f.store(n.elem, *target, head)
	}
	return nil
}

// storeNumber stores a word of the run at p.
func storeNumber(kind decodeKind, p unsafe.Pointer, word uint64) {
	switch kind {
	case decodeWord8:
		*(*uint8)(p) = uint8(word)
	case decodeWord16:
		*(*uint16)(p) = uint16(word)
	case decodeWord32:
		*(*uint32)(p) = uint32(word)
	case decodeFloat32:
		*(*float32)(p) = float32(math.Float64frombits(word))
	default:
		*(*uint64)(p) = word
	}
}

func (f *filler) storeNull(n *decodeNode, p unsafe.Pointer) {
	if n.pointee().takesRaw() {
		f.next() // where the text is, which is null
	}
	switch n.kind {
	case decodePointer, decodeMap, decodeAnyMap, decodeStringMap:
		*(*unsafe.Pointer)(p) = nil
	case decodeSlice, decodeBytes:
		*(*[]struct{})(p) = nil
	case decodeAny:
		*(*any)(p) = nil
	default:
		if n.nilable {
			valueAt(n.pointer, p).SetZero()
		}
	}
}

// raw is the JSON text that a head and its word point to.
func (f *filler) raw(head uint64) []byte {
	offset := int(f.next())
	end := offset + payload(head)
	return f.input[offset:end:end]
}

func (f *filler) storeStruct(n *decodeNode, p unsafe.Pointer) error {
	for {
		head := f.next()
		if head == runEnd {
			return nil
		}
		field := &n.fields[label(head)]
		if !isNull(head) {
			// What most fields are, without a call. Others may lie in another struct, so that there is nothing at their offset.
			switch field.simple {
			case decodeString:
				at := (*string)(unsafe.Add(p, field.offset))
				if size := payload(head); f.has(size) {
					f.cutTo(at, size)
				} else {
					*at = f.fetch(size)
				}
				continue
			case decodeWord64:
				*(*uint64)(unsafe.Add(p, field.offset)) = f.next()
				continue
			case decodeBool:
				*(*bool)(unsafe.Add(p, field.offset)) = payload(head) != 0
				continue
			case decodeWord32:
				*(*uint32)(unsafe.Add(p, field.offset)) = uint32(f.next())
				continue
			case decodeFloat32:
				*(*float32)(unsafe.Add(p, field.offset)) = float32(math.Float64frombits(f.next()))
				continue
			case decodeWord16:
				*(*uint16)(unsafe.Add(p, field.offset)) = uint16(f.next())
				continue
			case decodeWord8:
				*(*uint8)(unsafe.Add(p, field.offset)) = uint8(f.next())
				continue
			case decodeTime:
				if err := storeTime((*time.Time)(unsafe.Add(p, field.offset)), f.raw(head)); err != nil {
					return f.locate(err, n, field)
				}
				continue
			case decodeSlice:
				if err := f.storeSlice(field.node, unsafe.Add(p, field.offset), head); err != nil {
					return f.locate(err, n, field)
				}
				continue
			case decodeStruct:
				if err := f.storeStruct(field.node, unsafe.Add(p, field.offset)); err != nil {
					return f.locate(err, n, field)
				}
				continue
			}
		}
		if err := f.storeField(field, p, head); err != nil {
			return f.locate(err, n, field)
		}
	}
}

// storeField stores the value of any field of the struct at p.
func (f *filler) storeField(field *decodeField, p unsafe.Pointer, head uint64) error {
	for _, hop := range field.hops {
		target := (*unsafe.Pointer)(unsafe.Add(p, hop.offset))
		if *target == nil {
			*target = reflect.New(hop.typ).UnsafePointer()
		}
		p = *target
	}
	return f.store(field.node, unsafe.Add(p, field.offset), head)
}

// locate adds to an error of the user's methods, on its way out of a field of a struct, where it happened, if it is one that says so.
func (f *filler) locate(err error, n *decodeNode, field *decodeField) error {
	if mismatch, ok := err.(*UnmarshalTypeError); ok {
		if !f.located {
			f.located, mismatch.Struct = true, n.typ.Name()
		}
		names := strings.Join(field.names, ".")
		if mismatch.Field != "" {
			names += "." + mismatch.Field
		}
		mismatch.Field = names
	}
	return err
}

// element returns the head of the next element of an array.
func (f *filler) element(n *decodeNode, loose bool) uint64 {
	if n.bare && !loose {
		return 0
	}
	return f.next()
}

func (f *filler) storeSlice(n *decodeNode, p unsafe.Pointer, head uint64) error {
	count, loose := payload(head)&^runLoose, payload(head)&runLoose != 0
	s := (*sliceHeader)(p)
	if count == 0 {
		*(*[]struct{})(p) = []struct{}{}
		return nil
	}
	if s.cap == 0 && !n.elem.user {
		f.makeSlice(n, p, count)
		stored, err := f.storeNew(n.elem, s.data, count, loose)
		s.len = stored
		return err
	}
	// As encoding/json does, decode into the elements that are there, whatever they hold, and move them to a
	// longer array when no more fit. Methods of the elements may have changed the slice meanwhile.
	for i := range count {
		if i >= s.cap {
			v := valueAt(n.pointer, p)
			v.Grow(count - i)
			if i >= s.cap {
				v.SetLen(i + 1) // panics, as in encoding/json
			}
		}
		if i >= s.len {
			s.len = i + 1
		}
		if err := f.store(n.elem, unsafe.Add(s.data, uintptr(i)*n.elem.size), f.element(n.elem, loose)); err != nil {
			return err
		}
	}
	s.len = min(s.len, count)
	return nil
}

// makeSlice makes the slice at p, which has no memory, one of count zero elements.
func (f *filler) makeSlice(n *decodeNode, p unsafe.Pointer, count int) {
	if size := count * int(n.elem.size); n.elem.layout == layoutPlain && size > 0 {
		*(*sliceHeader)(p) = sliceHeader{f.buffers.cutPlain(size), count, count}
		return
	}
	f.buffers.chunks[n.chunk].cut(n, p, count)
}

// A supply is memory that values take one after the other. That it counts them, and does not cut off what they take, spares the
// collector the sight of a pointer that changes each time.
type supply[T any] struct {
	values []T
	used   int
	// How many values there was memory for until now, and how many others to make memory for.
	given, coming int
}

// expect tells how many values are to come. Where there were others before, as in streams, memory is made for more.
func (s *supply[T]) expect(count int) { s.coming = max(count, min(s.given, maxBoxes)) - s.left() }

// left returns how many values there is memory for.
func (s *supply[T]) left() int { return len(s.values) - s.used }

// next returns where the next value goes, if there is memory left.
func (s *supply[T]) next() *T {
	s.used++
	return &s.values[s.used-1]
}

// maxBoxes is how many floats, strings or lists that interfaces point to are allocated at once. One that is kept keeps the others.
const maxBoxes = 32

// moreBoxes makes memory for the values that are expected, or else for as many as there were.
//
//go:noinline
func (s *supply[T]) moreBoxes() { s.more(s.enough()) }

func (s *supply[T]) enough() int {
	count := s.coming
	if count <= 0 {
		count = max(s.given, 1)
	}
	return min(count, maxBoxes)
}

// more makes memory for that many values.
func (s *supply[T]) more(count int) { s.take(make([]T, count)) }

// take gives the supply memory for values.
func (s *supply[T]) take(values []T) {
	s.values, s.used = values, 0
	s.given += len(values)
	s.coming -= len(values)
}

// A chunk is memory for the elements of slices, of which many are short. One that is kept keeps the others: at most blockSize, no
// more than there were before them, and what they refer to.
type chunk struct {
	data  unsafe.Pointer
	used  uintptr // bytes
	left  int     // elements
	given int
}

// cut makes the slice at p, which has no memory, one of count zero elements.
func (c *chunk) cut(n *decodeNode, p unsafe.Pointer, count int) {
	s := (*sliceHeader)(p)
	size := uintptr(count) * n.elem.size
	if count <= c.left {
		*s = sliceHeader{unsafe.Add(c.data, c.used), count, count}
		c.used += size
		c.left -= count
		c.given += count
		return
	}
	few := min(c.given, (blockSize-8)/max(int(n.elem.size), 1)) // the allocator may take a word
	n.grow(p, max(count, few))
	s.len, c.given = count, c.given+count
	if few > count {
		c.data, c.used, c.left = s.data, size, s.cap-count
		s.cap = count
	}
}

// storeNew stores elements, of types without methods of the user's, in memory that is zero. It returns how many, the one with an error
// included.
func (f *filler) storeNew(n *decodeNode, p unsafe.Pointer, count int, loose bool) (int, error) {
	if n.bare && !loose {
		f.storeNumbers(n, p, count)
		return count, nil
	}
	stored := 0
	if n.kind == decodeArray && n.length > 0 && n.elem.bare && n.elem.size == 8 {
		stored = f.storeWords(n, p, count)
	}
	raw := n.pointee().takesRaw()
	for i := stored; i < count; i++ {
		at := unsafe.Add(p, uintptr(i)*n.size)
		var err error
		switch head := f.element(n, loose); {
		case isNull(head) && !raw: // what is there is zero
		case n.kind == decodeStruct:
			err = f.storeStruct(n, at)
		case n.kind == decodeString:
			*(*string)(at) = f.string(payload(head))
		case n.kind == decodeBool:
			*(*bool)(at) = payload(head) != 0
		case n.kind == decodeAny:
			*(*any)(at) = f.tagged()
		case n.kind == decodeArray:
			err = f.storeArray(n, at, head)
		default:
			err = f.store(n, at, head)
		}
		if err != nil {
			return i + 1, err
		}
	}
	return count, nil
}

// storeWords stores arrays of numbers of eight bytes, up to one that is null, has null, or is not as long as its type. It returns
// how many.
func (f *filler) storeWords(n *decodeNode, p unsafe.Pointer, count int) int {
	to := unsafe.Slice((*uint64)(p), count*n.length)
	words := f.words[f.word:]
	stored := 0
	for stored < count && payload(words[0]) == n.length {
		for i := range n.length {
			to[stored*n.length+i] = words[1+i]
		}
		words = words[1+n.length:]
		stored++
	}
	f.word = len(f.words) - len(words)
	return stored
}

// storeNumbers stores the numbers of a list without null, each of which is a word of the run.
func (f *filler) storeNumbers(n *decodeNode, p unsafe.Pointer, count int) {
	words := f.words[f.word : f.word+count]
	f.word += count
	switch n.kind {
	case decodeWord8:
		for i, word := range words {
			*(*uint8)(unsafe.Add(p, i)) = uint8(word)
		}
	case decodeWord16:
		for i, word := range words {
			*(*uint16)(unsafe.Add(p, 2*i)) = uint16(word)
		}
	case decodeWord32:
		for i, word := range words {
			*(*uint32)(unsafe.Add(p, 4*i)) = uint32(word)
		}
	case decodeFloat32:
		for i, word := range words {
			*(*float32)(unsafe.Add(p, 4*i)) = float32(math.Float64frombits(word))
		}
	default:
		copy(unsafe.Slice((*uint64)(p), count), words)
	}
}

func (f *filler) storeArray(n *decodeNode, p unsafe.Pointer, head uint64) error {
	count, loose := payload(head)&^runLoose, payload(head)&runLoose != 0
	switch {
	case count != n.length || !n.elem.bare || loose:
	case n.elem.size == 8:
		// Few, most often: for these, a loop is faster than a copy.
		for i := range count {
			*(*uint64)(unsafe.Add(p, 8*i)) = f.words[f.word+i]
		}
		f.word += count
		return nil
	default:
		f.storeNumbers(n.elem, p, count)
		return nil
	}
	for i := range min(count, n.length) {
		if err := f.store(n.elem, unsafe.Add(p, uintptr(i)*n.elem.size), f.element(n.elem, loose)); err != nil {
			return err
		}
	}
	for range count - min(count, n.length) {
		f.skip(n.elem, f.element(n.elem, loose))
	}
	for i := count; i < n.length; i++ {
		valueAt(n.elem.pointer, unsafe.Add(p, uintptr(i)*n.elem.size)).SetZero()
	}
	return nil
}

func (f *filler) storeAnyMap(m *map[string]any, count int) {
	if *m == nil {
		*m = make(map[string]any, count)
	}
	for range count {
		key := f.string(int(f.next()))
		if head := f.next(); isNull(head) {
			(*m)[key] = nil
		} else {
			(*m)[key] = f.tagged()
		}
	}
}

// storeStringMap is storeMap without reflection.
func (f *filler) storeStringMap(m *map[string]string, count int) {
	if *m == nil {
		*m = make(map[string]string, count)
	}
	for range count {
		var key string
		if size := int(f.next()); f.has(size) {
			f.cutTo(&key, size)
		} else {
			key = f.fetch(size)
		}
		// The payload of null is 0, which makes "" of it.
		var value string
		if size := payload(f.next()); f.has(size) {
			f.cutTo(&value, size)
		} else {
			value = f.fetch(size)
		}
		(*m)[key] = value
	}
}

func (f *filler) storeMap(n *decodeNode, p unsafe.Pointer, count int) error {
	if n.access != nil {
		return f.storeAccessed(n, p, count)
	}
	m := valueAt(n.pointer, p)
	if m.IsNil() {
		m.Set(reflect.MakeMapWithSize(n.typ, count))
	}
	if count == 0 {
		return nil
	}
	elemPointer := reflect.New(n.elem.typ)
	elem, elemAt := elemPointer.Elem(), elemPointer.UnsafePointer()
	kind := n.key.typ.Kind()
	var keyPointer reflect.Value
	switch {
	case n.key.text != nil:
		keyPointer = reflect.New(n.key.typ)
	case kind == reflect.String:
		keyPointer = reflect.NewAt(n.key.typ, unsafe.Pointer(&f.elemText))
	default:
		keyPointer = reflect.NewAt(n.key.typ, unsafe.Pointer(&f.elemWord))
	}
	key := keyPointer.Elem()
	for i := range count {
		if i > 0 {
			elem.SetZero()
		}
		word, text := f.next(), ""
		if n.key.text != nil || kind == reflect.String {
			text = f.string(int(word))
		}
		if err := f.store(n.elem, elemAt, f.next()); err != nil {
			return err
		}
		// Not before: the value may have maps as well.
		switch {
		case n.key.text != nil:
			key.SetZero()
			u := keyPointer.Interface().(encoding.TextUnmarshaler)
			if err := u.UnmarshalText([]byte(text)); err != nil {
				return err
			}
		case kind == reflect.String:
			f.elemText = text
		case kind >= reflect.Int && kind <= reflect.Int64:
			key.SetInt(int64(word))
		default:
			key.SetUint(word)
		}
		m.SetMapIndex(key, elem)
		f.elemWord, f.elemText = 0, ""
	}
	return nil
}

// storeAccessed is storeMap without reflection.
func (f *filler) storeAccessed(n *decodeNode, p unsafe.Pointer, count int) error {
	if *(*unsafe.Pointer)(p) == nil {
		n.access.make(p, count)
	}
	if count == 0 {
		return nil
	}
	if n.access.fill != nil {
		n.access.fill(f, p, count)
		return nil
	}
	// Values that hold no others need no memory of their own on their way.
	var elem unsafe.Pointer
	switch n.elem.kind {
	case decodeBool, decodeWord8, decodeWord16, decodeWord32, decodeWord64, decodeFloat32, decodeFloat64:
		elem = unsafe.Pointer(&f.elemWord)
	case decodeString:
		elem = unsafe.Pointer(&f.elemText)
	case decodeBytes, decodeRawMessage:
		elem = unsafe.Pointer(&f.elemBytes)
	default:
		elem = n.elem.new()
	}
	texts := n.key.typ.Kind() == reflect.String
	for range count {
		word, text := f.next(), ""
		if texts {
			text = f.string(int(word))
		}
		if err := f.store(n.elem, elem, f.next()); err != nil {
			return err
		}
		n.access.set(p, text, word, elem)
	}
	return nil
}

// tagged builds the value that comes next, by its tag.
func (f *filler) tagged() any {
	head := f.next()
	if isNull(head) {
		return nil
	}
	n := payload(head)
	switch label(head) {
	case tagBool:
		return n != 0
	case tagFloat:
		return f.boxFloat(math.Float64frombits(f.next()))
	case tagNumber:
		return json.Number(f.string(n))
	case tagString:
		return f.boxString(f.string(n))
	case tagArray:
		return f.list(n)
	default:
		m := make(map[string]any, n)
		for range n {
			key := f.string(int(f.next()))
			m[key] = f.tagged()
		}
		return m
	}
}

// list builds a list of n values. Short ones share memory, as chunks do, unless there are lists or maps in them: who keeps one would
// keep all that is in the others.
func (f *filler) list(n int) any {
	if n == 0 || f.atContainer() {
		return f.fillList(make([]any, n), 0)
	}
	if n > f.boxes.nulls.left() {
		few := min(f.boxes.listed, (blockSize-8)/int(unsafe.Sizeof(any(nil))))
		f.boxes.nulls.more(max(n, few))
	}
	from := f.boxes.nulls.used
	list := f.boxes.nulls.values[from : from+n : from+n]
	for i := range list {
		if f.atContainer() {
			alone := make([]any, n)
			copy(alone, list[:i])
			clear(list[:i])
			return f.fillList(alone, i)
		}
		list[i] = f.tagged()
	}
	f.boxes.nulls.used += n
	f.boxes.listed += n
	return f.boxList(list)
}

// fillList completes a list whose elements up to i are there.
func (f *filler) fillList(list []any, i int) []any {
	for ; i < len(list); i++ {
		list[i] = f.tagged()
	}
	return list
}

// atContainer reports whether the value that comes next is a list or a map.
func (f *filler) atContainer() bool {
	head := f.words[f.word]
	return !isNull(head) && label(head) >= tagArray
}

func (f *filler) boxFloat(v float64) any {
	floats := &f.boxes.floats
	if floats.left() == 0 {
		count := floats.enough()
		floats.take(unsafe.Slice((*float64)(f.buffers.cutPlain(8*count)), count))
	}
	p := floats.next()
	*p = v
	return pointerTo(floatWord, unsafe.Pointer(p))
}

func (f *filler) boxString(v string) any {
	if f.boxes.strings.left() == 0 {
		f.boxes.strings.moreBoxes()
	}
	p := f.boxes.strings.next()
	*p = v
	return pointerTo(stringWord, unsafe.Pointer(p))
}

func (f *filler) boxList(v []any) any {
	if f.boxes.lists.left() == 0 {
		f.boxes.lists.moreBoxes()
	}
	p := f.boxes.lists.next()
	*p = v
	return pointerTo(listWord, unsafe.Pointer(p))
}

// skip passes over the value with the given head.
func (f *filler) skip(n *decodeNode, head uint64) {
	n = n.pointee()
	if n.takesRaw() {
		f.next()
		return
	}
	if isNull(head) {
		return
	}
	switch n.kind {
	case decodeWord8, decodeWord16, decodeWord32, decodeWord64, decodeFloat32, decodeFloat64:
		f.next()
	case decodeString, decodeBytes, decodeTextUnmarshaler, decodeAddress:
		f.bytes(payload(head))
	case decodeAny:
		f.skipTagged()
	case decodeSlice, decodeArray:
		loose := payload(head)&runLoose != 0
		for range payload(head) &^ runLoose {
			f.skip(n.elem, f.element(n.elem, loose))
		}
	case decodeMap, decodeAnyMap, decodeStringMap:
		for range payload(head) {
			name := f.next()
			if n.key.text != nil || n.key.typ.Kind() == reflect.String {
				f.bytes(int(name))
			}
			f.skip(n.elem, f.next())
		}
	case decodeStruct:
		for member := f.next(); member != runEnd; member = f.next() {
			f.skip(n.fields[label(member)].node, member)
		}
	}
}

func (f *filler) skipTagged() {
	head := f.next()
	if isNull(head) {
		return
	}
	switch label(head) {
	case tagFloat:
		f.next()
	case tagNumber, tagString:
		f.bytes(payload(head))
	case tagArray:
		for range payload(head) {
			f.skipTagged()
		}
	case tagObject:
		for range payload(head) {
			f.bytes(int(f.next()))
			f.skipTagged()
		}
	}
}
