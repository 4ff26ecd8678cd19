//go:build cgo

package json

import (
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
	"tandem.example/go/internal/literal"
)

// Marshal returns the JSON encoding of v, as [json.Marshal] of encoding/json does.
func Marshal(v any) ([]byte, error) { return marshal(v, ffi.EncodeEscapeHTML) }

// Marshal is [Marshal] with the Config.
func (c Config) Marshal(v any) ([]byte, error) { return marshal(v, c.encodeFlags()) }

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

func marshal(v any, flags uint32) ([]byte, error) {
	r, err := render(v, flags, true)
	if err == errForeign {
		return marshalForeign(v, flags&ffi.EncodeEscapeHTML != 0)
	}
	if err != nil {
		return nil, err
	}
	// Written so, with a variable, the memory is not cleared first.
	out := r.text()
	// The allocator's sizes are up to a quarter apart, so that a copy has not much less that is not used.
	if !r.own || r.size-r.length > r.length/3 {
		text := make([]byte, len(out))
		copy(text, out)
		out = text
	} else {
		r.base, r.size = nil, 0
	}
	r.release()
	return out, nil
}

// AppendMarshal appends the JSON encoding of v, which is that of [Marshal], to dst, and returns the extended slice.
// If there is an error, it returns dst as it was.
//
// Who hands in a slice with room again and again spares the allocation that Marshal makes.
func AppendMarshal(dst []byte, v any) ([]byte, error) {
	return appendMarshal(dst, v, ffi.EncodeEscapeHTML)
}

// AppendMarshal is [AppendMarshal] with the Config.
func (c Config) AppendMarshal(dst []byte, v any) ([]byte, error) {
	return appendMarshal(dst, v, c.encodeFlags())
}

func appendMarshal(dst []byte, v any, flags uint32) ([]byte, error) {
	r, err := render(v, flags, false)
	if err == errForeign {
		text, err := marshalForeign(v, flags&ffi.EncodeEscapeHTML != 0)
		return append(dst, text...), err
	}
	if err != nil {
		return dst, err
	}
	// Not straight into dst: the value may lie there.
	dst = append(dst, r.text()...)
	r.release()
	return dst, nil
}

// MarshalIndent is like [Marshal] but indents the output, as [json.MarshalIndent] of encoding/json does.
func MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	return Config{}.MarshalIndent(v, prefix, indent)
}

// MarshalIndent is [MarshalIndent] with the Config.
func (c Config) MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	r, err := render(v, c.encodeFlags(), false)
	if err == errForeign {
		text, err := marshalForeign(v, !c.NoEscapeHTML)
		if err != nil {
			return nil, err
		}
		return indentForeign(text, prefix, indent)
	}
	if err != nil {
		return nil, err
	}
	defer r.release()
	if r.scratch, err = indented(r.scratch[:0], r.text(), prefix, indent); err != nil {
		return nil, err
	}
	text := make([]byte, len(r.scratch))
	copy(text, r.scratch)
	return text, nil
}

// indented returns a text that was encoded, indented, in memory that may be of use for it.
func indented(memory, text []byte, prefix, indent string) ([]byte, error) {
	if indented, status := ffi.JSONIndent(memory, text, prefix, indent); status == ffi.OK {
		return indented, nil
	}
	return indentForeign(text, prefix, indent)
}

// A renderer writes the text of a value.
type renderer struct {
	// The text's memory, how much of it is written, and how large it is.
	base   unsafe.Pointer
	length int
	size   int
	// Whether that memory is for this text alone. The memory for others is kept meanwhile.
	own       bool
	otherBase unsafe.Pointer
	otherSize int

	plans *encodePlanSet
	form  *literal.Form
	flags uint32
	depth int
	boxed int // how many of the values around are arrays, or in interfaces
	// Members of maps on their way to their place in order: those of one map behind those of the maps around it.
	anys    []member[any]
	strings []member[string]
	order   []memberPlace
	names   names
	scratch []byte                       // of texts that are appended
	room    *mapRoom                     // for maps of the type of one that was written before
	digits  [fewMembers][digitsRoom]byte // of names that are integers
	// Values that are pointers, each where it has an address: those of depth d at d.
	values [maxDepth + 1]unsafe.Pointer
	pool   *sync.Pool
}

// Large documents have a pool of their own: small ones would keep its memory, which the garbage collector frees when
// no large document comes any more, in use for ever.
var smallRenderers, largeRenderers sync.Pool

// ownMemory is the size in bytes from which on a text is written to memory of its own, if the last ones of its type were
// about as long. To copy it there takes as long as much of the rest, as that memory is in no cache.
const ownMemory = 8 << 10

// takeRenderer returns a renderer for a document of about the given size. If the text is to be kept, it has memory of
// just that size.
func takeRenderer(size int, keep bool) *renderer {
	pool := &smallRenderers
	if size >= largeDocument {
		pool = &largeRenderers
	}
	r, ok := pool.Get().(*renderer)
	if !ok {
		r = &renderer{pool: pool}
	}
	r.length, r.own = 0, keep
	switch {
	case keep:
		r.otherBase, r.otherSize = r.base, r.size
		r.resize(size + size/64 + leastRoom)
	case r.size < size+leastRoom:
		r.resize(size + leastRoom)
	}
	return r
}

// release gives the renderer back.
func (r *renderer) release() {
	if r.own {
		r.base, r.size = r.otherBase, r.otherSize
		r.otherBase, r.otherSize = nil, 0
	}
	size := r.size + cap(r.scratch) + cap(r.anys)*int(unsafe.Sizeof(member[any]{})) + cap(r.strings)*int(unsafe.Sizeof(member[string]{}))
	if size > maxPooled || r.pool == &smallRenderers && size > 16*largeDocument {
		return
	}
	r.pool.Put(r)
}

// text returns what was written.
func (r *renderer) text() []byte { return unsafe.Slice((*byte)(r.base), r.length) }

// render writes the text of a value, to memory that it can keep if that is asked for. The error is foreign or that of
// a method of the user's.
func render(v any, flags uint32, keep bool) (*renderer, error) {
	if v == nil {
		v = &null
	}
	plans, form := htmlPlans, literal.HTML
	if flags&ffi.EncodeEscapeHTML == 0 {
		plans, form = plainPlans, literal.Plain
	}
	plan := plans.of(v)
	if plan == nil {
		return nil, errForeign
	}
	size := int(plan.size.Load())
	r := takeRenderer(size, keep && (size >= largeDocument || size >= ownMemory && plan.steady.Load()))
	r.plans, r.form, r.flags = plans, form, flags
	r.depth, r.boxed, r.order = 0, 0, r.order[:0]
	r.names.settle(plans.html)
	err := r.content(plan, v)
	runtime.KeepAlive(v)
	// If a method of the user's panics, the renderer is lost to the pool, and that is all.
	if err != nil {
		r.anys, r.strings = nil, nil // which may still have members
		r.release()
		return nil, err
	}
	// For small texts nothing depends on that, and what is written here goes from one processor to the other.
	if max(r.length, size) >= ownMemory {
		if r.length != size {
			plan.size.Store(int64(r.length))
		}
		if steady := max(r.length-size, size-r.length) <= size/64; steady != plan.steady.Load() {
			plan.steady.Store(steady)
		}
	}
	return r, nil
}

// null is what has no type.
var null any

// content writes what is in an interface, given its plan.
func (r *renderer) content(plan *encodePlan, v any) error {
	data := (*eface)(unsafe.Pointer(&v)).data
	if !plan.direct {
		return r.write(plan.root.ops, data, 1, 0)
	}
	if plan.points && data != nil {
		return r.pointee(plan.root, data)
	}
	at := &r.values[r.depth]
	*at = data
	err := r.write(plan.root.ops, unsafe.Pointer(at), 1, 0)
	*at = nil
	return err
}

var (
	// errForeign ends rendering: encoding/json takes over, which gives the error or the value.
	errForeign = errors.New("left to encoding/json")
	// errDeep is that of a value, of which nothing was written, that is nested too deep. It is handed over alone.
	errDeep = errors.New("left to encoding/json for its depth")
)

// maxDepth bounds the nesting of values that are rendered here. Deeper ones may be cycles, which encoding/json finds.
const maxDepth = 256

// Room: between two steps there are always spareRoom bytes, so that a few characters can be written without asking.
const (
	spareRoom = 16
	leastRoom = 512
)

// reserve makes room for that many bytes, and the spare ones.
func (r *renderer) reserve(room int) {
	if r.size-r.length < room+spareRoom {
		r.grow(room)
	}
}

// grow is not inlined so that reserve is.
//
//go:noinline
func (r *renderer) grow(room int) { r.resize(r.length + room + max(r.size, leastRoom)) }

// resize moves the text to memory of another size.
func (r *renderer) resize(size int) {
	memory := uncleared(size)
	copy(memory, r.text())
	r.base, r.size = unsafe.Pointer(unsafe.SliceData(memory)), len(memory)
}

// end returns where the text goes on.
func (r *renderer) end() unsafe.Pointer { return unsafe.Add(r.base, r.length) }

// byte writes a character. It asks for room, since nothing else may between two of them: brackets of lists in lists.
func (r *renderer) byte(b byte) {
	r.reserve(0)
	*(*byte)(r.end()) = b
	r.length++
}

// mark writes a character behind a value or a name, which leave the spare room.
func (r *renderer) mark(b byte) {
	*(*byte)(r.end()) = b
	r.length++
}

// enter counts the nesting; leave undoes it.
func (r *renderer) enter() error {
	if r.depth == maxDepth {
		return errDeep
	}
	r.depth++
	return nil
}

func (r *renderer) leave() { r.depth-- }

// write writes count values of one type, which lie one behind the other from p on, a step apart: a comma before each
// if there is a step.
func (r *renderer) write(ops []encodeOp, p unsafe.Pointer, count int, step uintptr) error {
	// In variables, so that they need not be in memory between two short operations.
	dst, limit := r.end(), uintptr(r.base)+uintptr(r.size)
	for ; count > 0; count-- {
		if step > 0 {
			*(*byte)(dst) = ','
			dst = unsafe.Add(dst, 1)
		}
		for op := unsafe.SliceData(ops); ; op = (*encodeOp)(unsafe.Add(unsafe.Pointer(op), unsafe.Sizeof(*op))) {
			if limit-uintptr(dst) < op.room {
				r.upTo(dst)
				r.reserve(int(op.room))
				dst, limit = r.end(), uintptr(r.base)+uintptr(r.size)
			}
			text, length := unsafe.Pointer(unsafe.StringData(op.text)), len(op.text)
			*(*block)(dst) = *(*block)(text)
			if length > textBlock {
				copyBlocks(dst, text, length)
			}
			dst = unsafe.Add(dst, length)
			at, kind := unsafe.Add(p, op.offset), op.kind
			written := 0
		value:
			switch kind {
			case encodeText:
			case encodeBool:
				written = putBool(dst, at)
			case encodeInt8:
				written = putInt(dst, int64(*(*int8)(at)))
			case encodeInt16:
				written = putInt(dst, int64(*(*int16)(at)))
			case encodeInt32:
				written = putInt(dst, int64(*(*int32)(at)))
			case encodeInt64:
				if v := *(*int64)(at); uint64(v) < uint64(len(smallNumbers)) {
					written = putSmall(dst, uint64(v))
				} else {
					written = putInt(dst, v)
				}
			case encodeUint8:
				written = putUint(dst, uint64(*(*uint8)(at)))
			case encodeUint16:
				written = putUint(dst, uint64(*(*uint16)(at)))
			case encodeUint32:
				written = putUint(dst, uint64(*(*uint32)(at)))
			case encodeUint64:
				written = putUint(dst, *(*uint64)(at))
			case encodeFloat64:
				f := *(*float64)(at)
				if !isFinite(f) {
					return refused(op.node, at)
				}
				written = putFloat(dst, f)
			case encodeFloat32:
				f := *(*float32)(at)
				if !isFiniteSingle(f) {
					return refused(op.node, at)
				}
				written = putSingle(dst, f)
			case encodeTime:
				if written = putTime(dst, (*time.Time)(at)); written == 0 {
					return refused(op.node, at)
				}
			case encodeAddr, encodeAddrPort, encodePrefix:
				if written = putAddress(dst, kind, at); written == 0 {
					r.upTo(dst)
					r.address(kind, at)
					dst, limit = r.end(), uintptr(r.base)+uintptr(r.size)
				}
			case encodeString:
				s := *(*string)(at)
				room := int(limit-uintptr(dst)) - spareRoom
				if len(s) < longString && room >= len(s)+quoteRoom {
					if written = quote(dst, s); written > 0 {
						break
					}
					if written = quoteSpecial(dst, room, s, r.form); written > 0 {
						break
					}
					r.upTo(dst)
					r.escaped(s)
				} else {
					r.upTo(dst)
					r.string(s)
				}
				dst, limit = r.end(), uintptr(r.base)+uintptr(r.size)
			case encodeOptional:
				if op.embedded {
					if at = *(*unsafe.Pointer)(at); at != nil {
						at = unsafe.Add(at, op.field.offset)
					}
				} else if op.field != nil {
					at = op.field.find(at)
				} else if *(*uintptr)(unsafe.Add(at, op.omit.at))<<op.omit.sign == 0 {
					at = nil
				}
				name := unsafe.Add(dst, -op.own)
				if at == nil {
					dst = name
					break
				}
				if op.mayBegin && *(*byte)(unsafe.Add(name, -1)) == '{' {
					own := op.text[len(op.text)-op.own+1:]
					copyBlocks(name, unsafe.Pointer(unsafe.StringData(own)), len(own))
					dst = unsafe.Add(dst, -1)
				}
				kind = op.value
				goto value
			case encodeComma:
				if *(*byte)(unsafe.Add(dst, -2)) == '{' {
					dst = unsafe.Add(dst, -1)
				}
			case encodeNumber:
				s := *(*string)(at)
				if len(s) <= shortNumber {
					if written = putNumber(dst, s); written > 0 {
						break
					}
				}
				r.upTo(dst)
				if err := r.number(s); err != nil {
					return err
				}
				dst, limit = r.end(), uintptr(r.base)+uintptr(r.size)
			case encodeSlice:
				s := (*sliceHeader)(at)
				if s.len == 0 {
					if s.data == nil {
						store64(dst, 0, textNull)
						written = 4
					} else {
						store64(dst, 0, textEmpty)
						written = 2
					}
					break
				}
				r.upTo(dst)
				if err := r.elements(op.node.elem, s.data, s.len); err != nil {
					if err = r.unlessDeep(err, op.node, at); err != nil {
						return err
					}
				}
				dst, limit = r.end(), uintptr(r.base)+uintptr(r.size)
			case encodePointer:
				at = *(*unsafe.Pointer)(at)
				if at == nil {
					store64(dst, 0, textNull)
					written = 4
					break
				}
				if kind = op.node.elem.kind; kind < encodeSlice {
					goto value
				}
				r.upTo(dst)
				if err := r.pointee(op.node, at); err != nil {
					return err
				}
				dst, limit = r.end(), uintptr(r.base)+uintptr(r.size)
			default:
				// All that can be nil begin with a word that is 0 if they are.
				if kind <= encodeAnyMap && *(*unsafe.Pointer)(at) == nil {
					store64(dst, 0, textNull)
					written = 4
					break
				}
				r.upTo(dst)
				if err := r.other(kind, op.node, at); err != nil {
					if err = r.unlessDeep(err, op.node, at); err != nil {
						return err
					}
				}
				dst, limit = r.end(), uintptr(r.base)+uintptr(r.size)
			}
			dst = unsafe.Add(dst, written)
			if op.last {
				break
			}
		}
		if count > 1 {
			p = unsafe.Add(p, step)
		}
	}
	r.upTo(dst)
	return nil
}

// upTo notes how far the text was written.
func (r *renderer) upTo(dst unsafe.Pointer) { r.length = int(uintptr(dst) - uintptr(r.base)) }

// copyBlocks copies whole blocks, at least as many bytes as length.
func copyBlocks(dst, src unsafe.Pointer, length int) {
	for at := 0; at < length; at += textBlock {
		*(*block)(unsafe.Add(dst, at)) = *(*block)(unsafe.Add(src, at))
	}
}

// other writes the value at p, whose kind is not among the simplest. If it can be nil, it is not.
func (r *renderer) other(kind encodeKind, n *encodeNode, p unsafe.Pointer) error {
	switch kind {
	case encodeStruct, encodeQuoted:
		return r.write(n.ops, p, 1, 0)
	case encodeArray:
		r.boxed++
		err := r.elements(n.elem, p, n.length)
		r.boxed--
		return err
	case encodeAny:
		return r.any(*(*any)(p))
	case encodeInterface:
		return r.any(valueAt(n.pointer, p).Interface())
	case encodeMap:
		return r.anyMap(n, p)
	case encodeStringMap:
		return writeMap(r, *(*map[string]string)(p), &r.strings, (*renderer).stringValue)
	case encodeAnyMap:
		return writeMap(r, *(*map[string]any)(p), &r.anys, (*renderer).any)
	case encodeBytes:
		r.bytes(*(*[]byte)(p))
	case encodeRawMessage:
		text := *(*[]byte)(p)
		if text == nil {
			r.null()
			return nil
		}
		if !r.rawMessage(text) {
			return refused(n, p)
		}
	case encodeMarshaler:
		return r.marshalJSON(n, p)
	case encodeTextMarshaler, encodeTextAppender:
		return r.marshalText(n, p)
	case encodeQuotedString:
		r.quotedString(*(*string)(p))
	default:
		return refused(n, p)
	}
	return nil
}

// refused returns the error of encoding/json for the value at p, which has no JSON form: a node's, or that which a node's pointer points to.
// Only that value is handed over, as methods may have been called for others.
func refused(n *encodeNode, p unsafe.Pointer) error {
	value := n
	if n.kind == encodePointer {
		value = n.elem
	}
	v := valueAt(value.pointer, p)
	if value.addressable { // the error may hold the value
		v = v.Addr()
	}
	err := failure(v.Interface())
	if failed, ok := err.(*json.MarshalerError); ok {
		failed.Type = value.typ
		if n.typ.Implements(marshalerType) {
			failed.Type = n.typ
		}
	}
	return err
}

// failure returns the error of encoding/json for a value that has no JSON form, or should it find one, that all is left to it.
func failure(v any) error {
	if _, err := json.Marshal(v); err != nil {
		return err
	}
	return errForeign
}

// refusedCopy is refused for a float in memory that must not escape: that of few members is on the stack.
func refusedCopy(n *encodeNode, p unsafe.Pointer) error {
	if n.kind == encodeFloat32 {
		f := *(*float32)(p)
		return refused(n, unsafe.Pointer(&f))
	}
	f := *(*float64)(p)
	return refused(n, unsafe.Pointer(&f))
}

// refusedScalar is refused for the first of count booleans or numbers that has no JSON form.
func refusedScalar(elem *encodeNode, p unsafe.Pointer, count int) error {
	for i := range count {
		at := unsafe.Add(p, uintptr(i)*elem.size)
		if elem.kind == encodeFloat64 && !isFinite(*(*float64)(at)) || elem.kind == encodeFloat32 && !isFiniteSingle(*(*float32)(at)) {
			return refused(elem, at)
		}
	}
	return errForeign
}

// pointee writes what a node's pointer points to, which is at p.
func (r *renderer) pointee(n *encodeNode, p unsafe.Pointer) error {
	if r.enter() != nil {
		return r.foreign(reflect.ValueOf(pointerTo(n.elem.pointer, p)).Convert(n.typ).Interface(), r.levels())
	}
	err := r.write(n.elem.ops, p, 1, 0)
	r.leave()
	return err
}

// levels returns how many of the values around are pointers, maps and slices.
func (r *renderer) levels() int { return r.depth - r.boxed }

// unlessDeep returns the error of the value at p, or writes it if it was too deep.
func (r *renderer) unlessDeep(err error, n *encodeNode, p unsafe.Pointer) error {
	if err != errDeep {
		return err
	}
	v := valueAt(n.pointer, p)
	if n.kind == encodeArray && n.addressable {
		return r.foreign(v.Addr().Interface(), r.levels()-1)
	}
	return r.foreign(v.Interface(), r.levels())
}

// foreign has encoding/json write a value, among so many pointers, maps and slices: it looks for cycles from a certain number on.
func (r *renderer) foreign(v any, levels int) error {
	for range levels {
		inner := v
		v = &inner
	}
	text, err := marshalForeign(v, r.plans.html)
	if err != nil {
		return err
	}
	r.reserve(len(text))
	r.length += copy(unsafe.Slice((*byte)(r.end()), len(text)), text)
	return nil
}

// isFinite and isFiniteSingle report whether a float has a JSON form.
func isFinite(f float64) bool       { return math.Float64bits(f)<<1 < 0x7FF<<53 }
func isFiniteSingle(f float32) bool { return math.Float32bits(f)<<1 < 0xFF<<24 }

// short writes up to eight characters, the first in the lowest byte.
func (r *renderer) short(text uint64, length int) {
	store64(r.end(), 0, text)
	r.length += length
	r.reserve(0)
}

// Texts as words.
const (
	textNull      = 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24
	textTrue      = 't' | 'r'<<8 | 'u'<<16 | 'e'<<24
	textFalse     = 'f' | 'a'<<8 | 'l'<<16 | 's'<<24 | 'e'<<32
	textEmpty     = '[' | ']'<<8
	textNoMembers = '{' | '}'<<8
)

func (r *renderer) null() { r.short(textNull, 4) }

// longString is the length from which strings are copied by vectors, where there are any.
const longString = 64

// string writes a string as a literal.
func (r *renderer) string(s string) {
	if literal.Fast && len(s) >= longString {
		r.copied(s)
		return
	}
	r.reserve(len(s) + quoteRoom)
	written := quote(r.end(), s)
	if written == 0 {
		written = quoteSpecial(r.end(), r.size-r.length-spareRoom, s, r.form)
	}
	if written > 0 {
		r.length += written
		return
	}
	r.escaped(s)
}

// texts writes strings, each behind a comma.
func (r *renderer) texts(list []string) {
	dst, limit := r.end(), uintptr(r.base)+uintptr(r.size)-spareRoom
	for _, s := range list {
		*(*byte)(dst) = ','
		dst = unsafe.Add(dst, 1)
		if room := int(limit - uintptr(dst)); len(s) < longString && room >= len(s)+quoteRoom {
			written := quote(dst, s)
			if written == 0 {
				written = quoteSpecial(dst, room, s, r.form)
			}
			if written > 0 {
				dst = unsafe.Add(dst, written)
				continue
			}
			r.upTo(dst)
			r.escaped(s)
		} else {
			r.upTo(dst)
			r.string(s)
		}
		dst, limit = r.end(), uintptr(r.base)+uintptr(r.size)-spareRoom
	}
	r.upTo(dst)
}

// escaped writes a string of which quote and quoteSpecial have returned 0.
func (r *renderer) escaped(s string) {
	if literal.Fast && len(s) >= literal.Least {
		r.copied(s)
		return
	}
	r.byte('"')
	r.rest(s, 0)
	r.byte('"')
	r.reserve(0)
}

// copied writes a string by vectors, if it has as many bytes as they need.
func (r *renderer) copied(s string) {
	r.reserve(len(s) + 1 + literal.Room)
	r.mark('"')
	read, written := literal.Write(r.end(), r.size-r.length-spareRoom, s, r.form)
	r.length += written
	if read < len(s) {
		r.rest(s, read)
	}
	r.mark('"')
	r.reserve(0)
}

// rest writes what is in a literal for the bytes of s from position i on.
func (r *renderer) rest(s string, i int) {
	patience := leastPatience
	for i < len(s) {
		// At most as much as there is room for, whatever it becomes.
		fits := (r.size-r.length-spareRoom)/escapedLength - 8
		if least := min(len(s)-i, 64); fits < least {
			r.reserve(escapedLength * (least + 8))
			fits = least
		}
		var written int
		i, written = escape(r.end(), s, i, min(i+fits, len(s)), patience, r.form)
		r.length += written
		if literal.Fast && len(s)-i >= literal.Least {
			r.reserve(len(s) - i + literal.Growth)
			read, written := literal.Write(r.end(), r.size-r.length-spareRoom, s[i:], r.form)
			r.length += written
			i += read
			if read >= inVain {
				patience = leastPatience
			} else {
				patience = min(2*patience, mostPatience)
			}
		}
	}
}

// quotedString writes a string's literal as a string.
func (r *renderer) quotedString(s string) {
	inner := renderer{form: r.form}
	inner.string(s)
	r.string(string(inner.text()))
}

// elements writes a list.
func (r *renderer) elements(elem *encodeNode, p unsafe.Pointer, count int) error {
	if count == 0 {
		r.short(textEmpty, 2)
		return nil
	}
	if elem.kind.isScalar() {
		return r.listOfScalars(elem, p, count)
	}
	if elem.kind == encodeAny {
		return r.list(unsafe.Slice((*any)(p), count))
	}
	if err := r.enter(); err != nil {
		return err
	}
	start := r.length
	if elem.kind == encodeNumber {
		if err := r.numbers(unsafe.Slice((*string)(p), count)); err != nil {
			return err
		}
	} else if elem.kind == encodeString {
		r.texts(unsafe.Slice((*string)(p), count))
	} else if elem.kind == encodeSlice && elem.elem.kind.isScalar() {
		if err := r.listsOfScalars(elem.elem, p, count); err != nil {
			return err
		}
	} else if elem.size == 0 {
		for range count {
			r.byte(',')
			if err := r.write(elem.ops, p, 1, 0); err != nil {
				return err
			}
		}
	} else if err := r.write(elem.ops, p, count, elem.size); err != nil {
		return err
	}
	*(*byte)(unsafe.Add(r.base, start)) = '['
	r.byte(']')
	r.reserve(0)
	r.leave()
	return nil
}

// numbers writes Numbers, each behind a comma: short ones without a call of number, with which they take half as long again.
func (r *renderer) numbers(list []string) error {
	for _, n := range list {
		r.reserve(numberRoom)
		*(*byte)(r.end()) = ','
		r.length++
		if len(n) <= shortNumber {
			if written := putNumber(r.end(), n); written > 0 {
				r.length += written
				continue
			}
		}
		if err := r.number(n); err != nil {
			return err
		}
	}
	return nil
}

// number writes what a Number holds, which is written as it is; none is 0.
func (r *renderer) number(n string) error {
	if n == "" {
		n = "0"
	}
	r.reserve(len(n))
	dst := r.end()
	copy(unsafe.Slice((*byte)(dst), len(n)), n)
	store64(dst, len(n), 0) // which is part of no number
	if numberEnd(dst, 0) != len(n) {
		return failure(json.Number(n))
	}
	r.length += len(n)
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

func (r *renderer) marshalJSON(n *encodeNode, p unsafe.Pointer) error {
	v := receiver(n, p)
	if v == nil {
		r.null()
		return nil
	}
	text, err := v.(json.Marshaler).MarshalJSON()
	if err != nil {
		return methodError(n, returned{nil, err})
	}
	if !r.rawMessage(text) {
		return methodError(n, returned{text, nil})
	}
	return nil
}

// rawShape is that of runs of one value that is JSON already.
var rawShape = sync.OnceValue(func() ffi.Shape {
	var b shapeBuilder
	b.add(shapeNode{kind: shapeRaw})
	shape, _ := b.build()
	return shape
})

// compact has Rust write a text without white space, and with what has to be escaped. It reports whether that is JSON.
func (r *renderer) compact(text []byte) bool {
	shape := rawShape()
	words := [1]uint64{uint64(len(text))}
	for room := len(text) + spareRoom; ; room *= 2 {
		r.reserve(room)
		free := unsafe.Slice((*byte)(r.end()), r.size-r.length-spareRoom)
		length, status := shape.Encode(words[:], text, r.flags&ffi.EncodeEscapeHTML, free)
		if status != ffi.BufferTooSmall {
			r.length += length
			return status == ffi.OK
		}
	}
}

// rawMessage writes what is JSON, without white space, and with what has to be escaped. It reports whether it is.
func (r *renderer) rawMessage(text []byte) bool {
	if len(text) <= shortRaw {
		r.reserve(len(text))
		if copyCompact(r.end(), text) {
			r.length += len(text)
			return true
		}
	}
	return r.compact(text)
}

func (r *renderer) marshalText(n *encodeNode, p unsafe.Pointer) error {
	v := receiver(n, p)
	if v == nil {
		r.null()
		return nil
	}
	if n.kind == encodeTextAppender {
		if text, err := v.(encoding.TextAppender).AppendText(r.scratch[:0]); err == nil {
			r.scratch = text
			r.string(unsafe.String(unsafe.SliceData(text), len(text)))
			return nil
		}
	}
	text, err := v.(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return methodError(n, failedText{err})
	}
	r.string(unsafe.String(unsafe.SliceData(text), len(text)))
	return nil
}

// methodError is the error of encoding/json for a method that failed. The method is not called again for it: methods
// that encode what is below them would be called twice as often with each level.
func methodError(n *encodeNode, failed any) error {
	err := failure(failed)
	if wrapped, ok := err.(*json.MarshalerError); ok {
		wrapped.Type = n.typ
	}
	return err
}

// keyError is the error of encoding/json for a key of a map, given that of its method.
func keyError(n *encodeNode, err error) error {
	failed := map[*failedText]int{{err}: 0}
	if err = failure(failed); err == errForeign {
		return err
	}
	quoted := func(t reflect.Type) string { return strconv.Quote(t.String()) }
	return errors.New(strings.Replace(err.Error(), quoted(reflect.TypeOf(failed)), quoted(n.typ), 1))
}

// Both return again what methods returned.
type (
	returned struct {
		text []byte
		err  error
	}
	failedText struct{ err error }
)

func (r returned) MarshalJSON() ([]byte, error)   { return r.text, r.err }
func (f failedText) MarshalText() ([]byte, error) { return nil, f.err }

// The type words of what decoding into interfaces yields.
var (
	float64Word = wordOf(0.0)
	mapWord     = wordOf(map[string]any{})
	listWord    = wordOf([]any{})
	boolWord    = wordOf(false)
)

func wordOf(v any) unsafe.Pointer { return (*eface)(unsafe.Pointer(&v)).typ }

// any writes a value of whatever type.
func (r *renderer) any(v any) error {
	var err error
	switch e := (*eface)(unsafe.Pointer(&v)); e.typ {
	case stringWord:
		r.string(*(*string)(e.data))
	case float64Word:
		f := *(*float64)(e.data)
		if !isFinite(f) {
			return failure(v)
		}
		r.reserve(numberRoom)
		r.length += putFloat(r.end(), f)
	case mapWord:
		err = writeMap(r, *(*map[string]any)(unsafe.Pointer(&e.data)), &r.anys, (*renderer).any)
	case listWord:
		err = r.list(*(*[]any)(e.data))
	case boolWord:
		if *(*bool)(e.data) {
			r.short(textTrue, 4)
		} else {
			r.short(textFalse, 5)
		}
	case nil:
		r.null()
	default:
		err = r.typed(v)
	}
	if err == errDeep {
		return r.foreign(v, r.levels())
	}
	return err
}

// list writes values of whatever types.
func (r *renderer) list(values []any) error {
	switch {
	case values == nil:
		r.null()
		return nil
	case len(values) == 0:
		r.short(textEmpty, 2)
		return nil
	}
	if err := r.enter(); err != nil {
		return err
	}
	start := r.length
	for _, value := range values {
		// What most values are, here, as a call of any takes about as long.
		r.reserve(max(numberRoom, longString+quoteRoom))
		dst := r.end()
		*(*byte)(dst) = ','
		dst = unsafe.Add(dst, 1)
		written := 0
		switch e := (*eface)(unsafe.Pointer(&value)); e.typ {
		case stringWord:
			if s := *(*string)(e.data); len(s) < longString {
				written = quote(dst, s)
			}
		case float64Word:
			if f := *(*float64)(e.data); isFinite(f) {
				written = putFloat(dst, f)
			}
		case boolWord:
			written = putBool(dst, e.data)
		case nil:
			store64(dst, 0, textNull)
			written = 4
		}
		r.length += 1 + written
		if written > 0 {
			continue
		}
		if err := r.any(value); err != nil {
			return err
		}
	}
	*(*byte)(unsafe.Add(r.base, start)) = '['
	r.byte(']')
	r.reserve(0)
	r.leave()
	return nil
}

// typed writes a value by the plan of its type.
func (r *renderer) typed(v any) error {
	plan := r.plans.of(v)
	if plan == nil {
		return r.foreign(v, r.levels())
	}
	if err := r.enter(); err != nil {
		return err
	}
	r.boxed++
	err := r.content(plan, v)
	r.boxed--
	r.leave()
	return err
}
