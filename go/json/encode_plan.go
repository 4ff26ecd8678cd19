//go:build cgo

package json

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// An encodeKind says what is written for a value, or what else an operation does.
type encodeKind uint8

const (
	encodeText encodeKind = iota // nothing but the text before the value
	encodeBool
	encodeInt8
	encodeInt16
	encodeInt32
	encodeInt64
	encodeUint8
	encodeUint16
	encodeUint32
	encodeUint64
	encodeFloat32
	encodeFloat64
	encodeTime
	encodeAddr
	encodeAddrPort
	encodePrefix
	encodeString
	encodeNumber
	encodeSlice
	encodePointer
	encodeOptional // a field that may be left out
	encodeComma    // between members, unless the text before it was that of none
	// These can be nil, and are null then.
	encodeAny
	encodeInterface // with methods
	encodeMap
	encodeStringMap // of strings by strings
	encodeAnyMap    // of values of any kind by strings
	// These are written by what they hold.
	encodeBytes
	encodeRawMessage
	encodeMarshaler     // called through a pointer to the value
	encodeTextMarshaler // likewise
	encodeTextAppender  // a TextMarshaler whose text can be appended
	encodeArray
	encodeStruct
	encodeQuoted       // a scalar within a string
	encodeQuotedString // a literal within a string
	encodeUnsupported
)

// isScalar reports whether values of a kind are booleans or numbers, which have no pointers.
func (k encodeKind) isScalar() bool { return k >= encodeBool && k <= encodeFloat64 }

// A keyKind says how the keys of a map become names.
type keyKind uint8

const (
	keyText keyKind = iota
	keySigned
	keyUnsigned
	keyMarshaler // a TextMarshaler
)

// An encodeOp writes a part of a value, and what stands before it.
type encodeOp struct {
	// What stands before the value: members' names and punctuation. Whole blocks of textBlock bytes can be read there.
	text string
	// How much room the text and a scalar behind it take at most.
	room   uintptr
	offset uintptr // of the part within the value
	node   *encodeNode
	kind   encodeKind
	last   bool // of the list
	// Of encodeOptional, the rest: what is written for the field, and whether it may be the first member of its object.
	value    encodeKind
	mayBegin bool
	embedded bool // there is nothing but a pointer to the field's struct that may be nil
	// Which word of the value tells whether it is left out; or the field, if none does.
	omit  omitWord
	field *encodeField
	// How much of the text is taken back where the field is left out.
	own int
}

// An omitWord is the word of a value that is 0, but for a sign, if it is left out.
type omitWord struct{ at, sign uint8 }

// A block is what text is copied in: as an array, which might overlap with another, it would be copied by a call of memmove, and with
// fewer fields by words.
type block struct{ a, b, c, d, e, f, g, h uint32 }

// textBlock is the size of a block.
const textBlock = 32

// An encodeNode says how a value of one type is written.
type encodeNode struct {
	kind        encodeKind
	addressable bool // so are its values for encoding/json, and methods of pointers to them can be called
	// What is to be done for a value. Those of structs within structs are among them.
	ops     []encodeOp
	typ     reflect.Type
	pointer unsafe.Pointer // type word of *typ
	size    uintptr
	elem    *encodeNode // of slices, arrays, maps, pointers, and of what is quoted
	length  int         // of arrays
	fields  []encodeField
	// Of maps: what their keys are, how they are read without reflection, if they can be, and a pool of *mapRoom.
	keys   keyKind
	access *mapAccess
	rooms  sync.Pool
}

// An encodeField is where a struct has the value of a member.
type encodeField struct {
	name string
	node *encodeNode
	// Offset within the struct, or within the last of the embedded structs behind pointers.
	offset uintptr
	hops   []uintptr
	// Reports whether the value is left out; nil where only a nil pointer on the way can leave it out.
	omit func(p unsafe.Pointer) bool
	// The word that tells the same, if one does.
	omitWord *omitWord
}

func (f *encodeField) optional() bool { return f.omit != nil || f.hops != nil }

// An encodePlan is all there is to know for encoding values of one type.
type encodePlan struct {
	typ  unsafe.Pointer // word of the type
	root *encodeNode
	// Whether an interface that holds a value of the type holds the value itself, not a pointer to it.
	direct bool
	// Whether the value is a pointer of which errors do not tell.
	points bool
	// Length of the last text, from which the next one's room is chosen, and whether it was about what was expected.
	size   atomic.Int64
	steady atomic.Bool
}

// An encodePlanSet has the plans for all types, with the names of members escaped in one way.
type encodePlanSet struct {
	plans  sync.Map // reflect.Type → *encodePlan, nil for types that are left to encoding/json
	recent recentPlans[encodePlan]
	html   bool
}

// recentPlans are plans where they are found faster, by some bits of a type's word.
type recentPlans[P any] [64]atomic.Pointer[P]

// place returns where the plan for a type would be; it may have another type's.
func (r *recentPlans[P]) place(word unsafe.Pointer) *atomic.Pointer[P] {
	return &r[(uintptr(word)>>5^uintptr(word)>>11)%uintptr(len(r))]
}

var htmlPlans, plainPlans = &encodePlanSet{html: true}, &encodePlanSet{}

var (
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	textAppenderType  = reflect.TypeFor[encoding.TextAppender]()
	timeType          = reflect.TypeFor[time.Time]()
	anyType           = reflect.TypeFor[any]()
)

// of returns the plan for values of the type of v, or nil.
func (set *encodePlanSet) of(v any) *encodePlan {
	word := (*eface)(unsafe.Pointer(&v)).typ
	recent := set.recent.place(word)
	if plan := recent.Load(); plan != nil && plan.typ == word {
		return plan
	}
	plan := set.find(reflect.TypeOf(v))
	if plan != nil {
		recent.Store(plan)
	}
	return plan
}

func (set *encodePlanSet) find(t reflect.Type) *encodePlan {
	if plan, ok := set.plans.Load(t); ok {
		return plan.(*encodePlan)
	}
	plan, _ := set.plans.LoadOrStore(t, newEncodePlan(t, set.html))
	return plan.(*encodePlan)
}

func newEncodePlan(t reflect.Type, html bool) *encodePlan {
	p := encodePlanner{nodes: map[plannedEncode]*encodeNode{}, html: html}
	root := p.node(t, false, false)
	if p.foreign {
		return nil
	}
	for _, node := range p.nodes {
		node.plan()
	}
	for _, node := range p.nodes {
		pack(node.ops)
	}
	zero := reflect.Zero(t).Interface()
	e := (*eface)(unsafe.Pointer(&zero))
	points := root.kind == encodePointer && root.elem.kind != encodeTime
	return &encodePlan{typ: e.typ, root: root, direct: e.data == nil, points: points}
}

// An encodePlanner builds the nodes for a type and those it contains.
type encodePlanner struct {
	nodes map[plannedEncode]*encodeNode
	html  bool // names of members are escaped for HTML
	// A type was met that only encoding/json encodes.
	foreign bool
}

type plannedEncode struct {
	typ         reflect.Type
	addressable bool // methods of the pointer to the value can be called
	quoted      bool
}

func (p *encodePlanner) node(t reflect.Type, addressable, quoted bool) *encodeNode {
	planned := plannedEncode{t, addressable, quoted}
	if done, ok := p.nodes[planned]; ok {
		return done
	}
	n := &encodeNode{typ: t, pointer: typeWord(reflect.PointerTo(t)), size: t.Size(), addressable: addressable}
	p.nodes[planned] = n
	p.describe(n, addressable, quoted)
	switch {
	case !quoted:
	case n.kind == encodeString:
		n.kind = encodeQuotedString
	case n.kind.isScalar() || n.kind == encodeNumber:
		n.elem = &encodeNode{kind: n.kind, typ: t, pointer: n.pointer, addressable: addressable}
		n.kind = encodeQuoted
	}
	return n
}

// maxUnrolled bounds the arrays that are written without a loop.
const maxUnrolled = 5

// plan says what is to be done for a value, when all nodes are described: a struct may lie in one that is not, as
// an element of its own.
func (n *encodeNode) plan() {
	if n.ops != nil {
		return
	}
	b := opsBuilder{}
	switch {
	case n.kind == encodeStruct:
		b.pending += "{"
		mayBegin := true // whether all fields before may have been left out
		for i := range n.fields {
			f := &n.fields[i]
			name := `"` + f.name + `":`
			if f.optional() {
				if i > 0 {
					name = "," + name
				}
				b.addOptional(f, name, mayBegin && i > 0)
				continue
			}
			if i > 0 {
				b.pending += ","
				if mayBegin {
					b.ops = append(b.ops, encodeOp{kind: encodeComma, text: b.pending})
					b.pending = ""
				}
			}
			mayBegin = false
			b.pending += name
			b.add(f.node, f.offset)
		}
		b.pending += "}"
		b.flush()
	case n.kind == encodeQuoted:
		b.pending = `"`
		b.add(n.elem, 0)
		b.pending += `"`
		b.flush()
	case n.kind == encodeArray && n.length < maxUnrolled:
		b.pending = "["
		for i := range n.length {
			if i > 0 {
				b.pending += ","
			}
			b.add(n.elem, uintptr(i)*n.elem.size)
		}
		b.pending += "]"
		b.flush()
	default:
		b.ops = []encodeOp{{kind: n.kind, node: n}}
	}
	n.ops = b.ops
}

// An opsBuilder puts the operations for a value together.
type opsBuilder struct {
	ops []encodeOp
	// Text that stands before the next value.
	pending string
}

// add adds what is to be done for a part of a value.
func (b *opsBuilder) add(part *encodeNode, offset uintptr) {
	part.plan()
	for i, op := range part.ops {
		op.offset += offset
		if i == 0 {
			op.text, b.pending = b.pending+op.text, ""
		}
		b.ops = append(b.ops, op)
	}
	// A brace at the end of a part stands before what comes next.
	if last := b.ops[len(b.ops)-1]; last.kind == encodeText {
		b.pending, b.ops = last.text, b.ops[:len(b.ops)-1]
	}
}

// flush adds what is pending as an operation of its own.
func (b *opsBuilder) flush() {
	if b.pending != "" {
		b.ops = append(b.ops, encodeOp{kind: encodeText, text: b.pending})
		b.pending = ""
	}
}

// addOptional adds what is to be done for a field that may be left out, with its name.
func (b *opsBuilder) addOptional(f *encodeField, name string, mayBegin bool) {
	op := encodeOp{kind: encodeOptional, text: b.pending + name, offset: f.offset, node: f.node, value: f.node.kind, mayBegin: mayBegin, own: len(name)}
	b.pending = ""
	switch {
	case len(f.hops) == 1 && f.omit == nil:
		op.offset, op.field, op.embedded = f.hops[0], f, true
	case f.hops != nil:
		op.offset, op.field = 0, f
	case f.omitWord != nil:
		op.omit = *f.omitWord
	default:
		op.field = f
	}
	b.ops = append(b.ops, op)
}

// find returns where the value of a field is, or nil if it is left out. The place is that of the struct, or of the field if it is not behind a pointer.
func (f *encodeField) find(p unsafe.Pointer) unsafe.Pointer {
	if f.hops != nil {
		for _, hop := range f.hops {
			if p = *(*unsafe.Pointer)(unsafe.Add(p, hop)); p == nil {
				return nil
			}
		}
		p = unsafe.Add(p, f.offset)
	}
	if f.omit != nil && f.omit(p) {
		return nil
	}
	return p
}

// pack completes a list of operations: it puts their texts where whole blocks of them can be read.
func pack(ops []encodeOp) {
	size := textBlock
	for i := range ops {
		size += len(ops[i].text)
	}
	all := make([]byte, 0, size)
	for i := range ops {
		op := &ops[i]
		start := len(all)
		all = append(all, op.text...)
		op.text = unsafe.String(unsafe.SliceData(all[start:]), len(op.text))
		op.room = uintptr(len(op.text) + textBlock + numberRoom + spareRoom)
		op.last = i == len(ops)-1
	}
}

// describe completes a node. The order of the cases is that of encoding/json.
func (p *encodePlanner) describe(n *encodeNode, addressable, quoted bool) {
	t := n.typ
	has := func(method reflect.Type) bool {
		return t.Implements(method) || addressable && t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(method)
	}
	n.kind = encodeUnsupported
	switch {
	case t == timeType:
		n.kind = encodeTime
		return
	case t == rawMessageType:
		n.kind = encodeRawMessage
		return
	case addressKind(t) != encodeUnsupported:
		n.kind = addressKind(t)
		return
	case t.Kind() == reflect.Pointer && (t.Elem() == timeType || addressKind(t.Elem()) != encodeUnsupported):
	case has(marshalerType):
		n.kind = encodeMarshaler
		return
	case has(textMarshalerType):
		n.kind = encodeTextMarshaler
		if has(textAppenderType) && appends(t) {
			n.kind = encodeTextAppender
		}
		return
	}
	switch k := t.Kind(); k {
	case reflect.Bool:
		n.kind = encodeBool
	case reflect.Float32:
		n.kind = encodeFloat32
	case reflect.Float64:
		n.kind = encodeFloat64
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.kind = map[uintptr]encodeKind{1: encodeInt8, 2: encodeInt16, 4: encodeInt32, 8: encodeInt64}[n.size]
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n.kind = map[uintptr]encodeKind{1: encodeUint8, 2: encodeUint16, 4: encodeUint32, 8: encodeUint64}[n.size]
	case reflect.String:
		n.kind = encodeString
		if t == numberType {
			n.kind = encodeNumber
		}
	case reflect.Interface:
		n.kind = encodeAny
		if t.NumMethod() > 0 {
			n.kind = encodeInterface
		}
	case reflect.Slice:
		n.kind = encodeSlice
		if pointer := reflect.PointerTo(t.Elem()); t.Elem().Kind() == reflect.Uint8 &&
			!pointer.Implements(marshalerType) && !pointer.Implements(textMarshalerType) {
			n.kind = encodeBytes
			return
		}
		n.elem = p.node(t.Elem(), true, false)
	case reflect.Array:
		n.kind, n.length = encodeArray, t.Len()
		n.elem = p.node(t.Elem(), addressable, false)
	case reflect.Map:
		switch k := t.Key().Kind(); {
		case k == reflect.String:
			n.keys = keyText
		case t.Key().Implements(textMarshalerType):
			n.keys = keyMarshaler
		case k >= reflect.Int && k <= reflect.Int64:
			n.keys = keySigned
		case k >= reflect.Uint && k <= reflect.Uintptr:
			n.keys = keyUnsigned
		default:
			return
		}
		n.kind, n.access = encodeMap, accessOf(t)
		switch {
		case isStringMap(t):
			n.kind = encodeStringMap
		case t.Key() == stringType && t.Elem() == anyType:
			n.kind = encodeAnyMap
		}
		n.elem = p.node(t.Elem(), false, false)
	case reflect.Pointer:
		n.kind = encodePointer
		n.elem = p.node(t.Elem(), true, quoted)
	case reflect.Struct:
		p.describeStruct(n, addressable)
	}
}

// appends reports whether AppendText can be called in place of MarshalText, as encoding/json does not: both are known to give the same only for
// types of the standard library.
func appends(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.PkgPath() {
	case "net", "math/big":
		return true
	}
	return false
}

var htmlName = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`)

func (p *encodePlanner) describeStruct(n *encodeNode, addressable bool) {
	n.kind = encodeStruct
	for _, f := range structFields(n.typ) {
		field := encodeField{name: f.name}
		if p.html {
			// Go's rules for names leave nothing else to escape.
			field.name = htmlName.Replace(f.name)
		}
		// What an embedded pointer points to is addressable.
		fieldAddressable := addressable
		for _, sf := range f.path[:len(f.path)-1] {
			field.offset += sf.Offset
			if sf.Type.Kind() == reflect.Pointer {
				field.hops = append(field.hops, field.offset)
				field.offset, fieldAddressable = 0, true
			}
		}
		last := f.path[len(f.path)-1]
		field.offset += last.Offset
		// encoding/json treats a named struct type in a field that is not exported in ways of its own.
		p.foreign = p.foreign || !last.IsExported()
		field.node = p.node(f.typ(), fieldAddressable, f.quoted)
		field.omit, field.omitWord = omitted(f, fieldAddressable), omittedByWord(f)
		n.fields = append(n.fields, field)
	}
}

// omitted returns what decides whether a field is left out, nil if it never is.
func omitted(f structField, addressable bool) func(unsafe.Pointer) bool {
	switch empty, zero := isEmpty(f), isZero(f, addressable); {
	case empty == nil:
		return zero
	case zero == nil:
		return empty
	default:
		return func(p unsafe.Pointer) bool { return empty(p) || zero(p) }
	}
}

// omittedByWord returns the word that decides whether a field is left out, or nil.
func omittedByWord(f structField) *omitWord {
	const size = unsafe.Sizeof(uintptr(0)) // of a word
	t := f.typ()
	k := t.Kind()
	switch {
	case f.omitEmpty == f.omitZero, f.omitZero && reflect.PointerTo(t).Implements(zeroReporterType):
	case f.omitEmpty && (k == reflect.String || k == reflect.Slice):
		return &omitWord{at: uint8(size)}
	case f.omitEmpty && k == reflect.Interface, k == reflect.Pointer && !t.Implements(zeroReporterType),
		k >= reflect.Int && k <= reflect.Uintptr && t.Size() == size:
		return &omitWord{}
	case k == reflect.Float64 && t.Size() == size:
		return &omitWord{sign: 1}
	}
	return nil
}

func isEmpty(f structField) func(unsafe.Pointer) bool {
	if !f.omitEmpty {
		return nil
	}
	t := f.typ()
	switch k := t.Kind(); k {
	case reflect.String:
		return func(p unsafe.Pointer) bool { return len(*(*string)(p)) == 0 }
	case reflect.Slice:
		return func(p unsafe.Pointer) bool { return (*sliceHeader)(p).len == 0 }
	case reflect.Array:
		return func(unsafe.Pointer) bool { return t.Len() == 0 }
	case reflect.Map:
		word := typeWord(reflect.PointerTo(t))
		return func(p unsafe.Pointer) bool { return *(*unsafe.Pointer)(p) == nil || valueAt(word, p).Len() == 0 }
	case reflect.Pointer:
		return func(p unsafe.Pointer) bool { return *(*unsafe.Pointer)(p) == nil }
	case reflect.Interface:
		// Both kinds of interfaces begin with a word that is nil if they are.
		return func(p unsafe.Pointer) bool { return (*eface)(p).typ == nil }
	case reflect.Struct, reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return nil
	default:
		return zeroWord(t.Kind(), t.Size())
	}
}

// zeroWord returns what recognises a zero of a boolean or number kind.
func zeroWord(k reflect.Kind, size uintptr) func(unsafe.Pointer) bool {
	switch {
	case k == reflect.Float32:
		return func(p unsafe.Pointer) bool { return *(*float32)(p) == 0 }
	case k == reflect.Float64:
		return func(p unsafe.Pointer) bool { return *(*float64)(p) == 0 }
	case size == 1:
		return func(p unsafe.Pointer) bool { return *(*uint8)(p) == 0 }
	case size == 2:
		return func(p unsafe.Pointer) bool { return *(*uint16)(p) == 0 }
	case size == 4:
		return func(p unsafe.Pointer) bool { return *(*uint32)(p) == 0 }
	default:
		return func(p unsafe.Pointer) bool { return *(*uint64)(p) == 0 }
	}
}

type zeroReporter interface{ IsZero() bool }

var zeroReporterType = reflect.TypeFor[zeroReporter]()

func isZero(f structField, addressable bool) func(unsafe.Pointer) bool {
	if !f.omitZero {
		return nil
	}
	t := f.typ()
	word := typeWord(reflect.PointerTo(t))
	switch k := t.Kind(); {
	case k == reflect.Interface && t.Implements(zeroReporterType):
		return func(p unsafe.Pointer) bool {
			v := valueAt(word, p)
			return v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() || v.Interface().(zeroReporter).IsZero()
		}
	case k == reflect.Pointer && t.Implements(zeroReporterType):
		return func(p unsafe.Pointer) bool {
			v := valueAt(word, p)
			return v.IsNil() || v.Interface().(zeroReporter).IsZero()
		}
	case reflect.PointerTo(t).Implements(zeroReporterType) && (addressable || t.Implements(zeroReporterType)):
		return func(p unsafe.Pointer) bool { return pointerTo(word, p).(zeroReporter).IsZero() }
	case reflect.PointerTo(t).Implements(zeroReporterType):
		// The method may write to its receiver, which lies in an interface here, or in memory that can't be written to.
		return func(p unsafe.Pointer) bool {
			v := reflect.New(t)
			v.Elem().Set(valueAt(word, p))
			return v.Interface().(zeroReporter).IsZero()
		}
	case k >= reflect.Bool && k <= reflect.Float64:
		return zeroWord(k, t.Size())
	default:
		return func(p unsafe.Pointer) bool { return valueAt(word, p).IsZero() }
	}
}
