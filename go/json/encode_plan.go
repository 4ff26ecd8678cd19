//go:build cgo

package json

import (
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// An encodeKind says how a value is gathered into a run.
type encodeKind uint8

const (
	encodeBool encodeKind = iota
	encodeInt8
	encodeInt16
	encodeInt32
	encodeWord8
	encodeWord16
	encodeWord32
	encodeWord64
	encodeFloat32
	encodeFloat64
	encodeString
	encodeNumber
	encodeBytes
	encodeTime
	encodeRawMessage
	encodeMarshaler     // called through a pointer to the value
	encodeTextMarshaler // likewise
	encodeInterface
	encodeSlice
	encodeArray
	encodeMap
	encodeStringMap // of strings by strings
	encodeAnyMap    // of values of any kind by strings
	encodeStruct
	encodePointer
	encodeUnsupported
	// Not of types: a word that is always the same, and a field that may be left out.
	encodeCount
	encodeOptional
)

// An encodeOp gathers a part of a value.
type encodeOp struct {
	kind   encodeKind
	offset uintptr // of the part within the value
	node   *encodeNode
	field  *encodeField // if it is optional
	word   uint64       // if it is always the same
}

// An encodeNode says how a value of one type is gathered.
type encodeNode struct {
	kind encodeKind
	// What is to be done for a value. Those of structs within structs are among them.
	ops     []encodeOp
	typ     reflect.Type
	pointer unsafe.Pointer // type word of *typ
	size    uintptr
	elem    *encodeNode // of slices, arrays, maps and pointers
	length  int         // of arrays
	fields  []encodeField
	textKey bool      // map keys are TextMarshalers
	rooms   sync.Pool // of *mapRoom, for maps
}

// An encodeField is where a struct has the value of a member.
type encodeField struct {
	node *encodeNode
	// Offset within the struct, or within the last of the embedded structs behind pointers.
	offset   uintptr
	hops     []uintptr
	optional bool
	// Reports whether the value is left out; nil where only a nil pointer on the way can leave it out.
	omit func(p unsafe.Pointer) bool
}

// An encodePlan is all there is to know for encoding values of one type.
type encodePlan struct {
	typ   unsafe.Pointer // word of the type
	shape ffi.Shape
	root  *encodeNode
	// Whether an interface that holds a value of the type holds the value itself, not a pointer to it.
	direct bool
	// Length of the last text, from which the next one's buffers are chosen.
	size atomic.Int64
	// How many of the next values are left to encoding/json.
	handOver atomic.Int32
	// Whether encoding may call methods of the user's.
	methods bool
	// Whether maps are gathered in order from the start.
	ordered atomic.Bool
}

var (
	encodePlans sync.Map // reflect.Type → *encodePlan, nil for types that are left to encoding/json

	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	timeType          = reflect.TypeFor[time.Time]()
	anyType           = reflect.TypeFor[any]()
)

// recentPlans has plans where they are found faster than in encodePlans, by some bits of the type's word.
var recentPlans [64]atomic.Pointer[encodePlan]

// encodePlanOf returns the plan for values of the type of v, or nil.
func encodePlanOf(v any) *encodePlan {
	word := (*eface)(unsafe.Pointer(&v)).typ
	recent := &recentPlans[(uintptr(word)>>5^uintptr(word)>>11)%uintptr(len(recentPlans))]
	if plan := recent.Load(); plan != nil && plan.typ == word {
		return plan
	}
	plan := findEncodePlan(reflect.TypeOf(v))
	if plan != nil {
		recent.Store(plan)
	}
	return plan
}

func findEncodePlan(t reflect.Type) *encodePlan {
	if plan, ok := encodePlans.Load(t); ok {
		return plan.(*encodePlan)
	}
	fresh := newEncodePlan(t)
	plan, late := encodePlans.LoadOrStore(t, fresh)
	if late && fresh != nil {
		fresh.shape.Free()
	}
	return plan.(*encodePlan)
}

func newEncodePlan(t reflect.Type) *encodePlan {
	p := encodePlanner{nodes: map[plannedEncode]plannedEncodeNode{}}
	root, _ := p.node(t, false, false)
	if p.foreign {
		return nil
	}
	for _, planned := range p.nodes {
		planned.node.plan()
	}
	shape, err := p.shape.build()
	if err != nil {
		return nil
	}
	zero := reflect.Zero(t).Interface()
	e := (*eface)(unsafe.Pointer(&zero))
	return &encodePlan{typ: e.typ, shape: shape, root: root, direct: e.data == nil, methods: p.methods}
}

// An encodePlanner builds the nodes for a type and those it contains, and the shape for Rust beside them.
type encodePlanner struct {
	shape shapeBuilder
	nodes map[plannedEncode]plannedEncodeNode
	// A type was met that only encoding/json encodes.
	foreign bool
	// A type was met whose methods are called, or an interface, which may hold one.
	methods bool
}

type plannedEncode struct {
	typ         reflect.Type
	addressable bool // methods of the pointer to the value can be called
	quoted      bool
}

type plannedEncodeNode struct {
	node  *encodeNode
	shape int
}

func (p *encodePlanner) node(t reflect.Type, addressable, quoted bool) (*encodeNode, int) {
	planned := plannedEncode{t, addressable, quoted}
	if done, ok := p.nodes[planned]; ok {
		return done.node, done.shape
	}
	n := &encodeNode{typ: t, pointer: typeWord(reflect.PointerTo(t)), size: t.Size()}
	shape := p.shape.add(shapeNode{})
	p.nodes[planned] = plannedEncodeNode{n, shape}
	described := p.describe(n, addressable, quoted)
	switch n.kind {
	case encodeMarshaler, encodeTextMarshaler, encodeInterface, encodeAnyMap:
		p.methods = true
	}
	p.methods = p.methods || n.textKey
	if quoted {
		described.flags = 1
	}
	p.shape.nodes[shape] = described
	return n, shape
}

// maxUnrolled bounds the arrays that are gathered without a loop.
const maxUnrolled = 5

// plan says what is to be done for a value, when all nodes are described: a struct may lie in one that is not, as
// an element of its own.
func (n *encodeNode) plan() {
	switch {
	case n.ops != nil:
	case n.kind == encodeStruct:
		n.ops = make([]encodeOp, 0, len(n.fields))
		for i := range n.fields {
			if f := &n.fields[i]; f.optional {
				n.ops = append(n.ops, encodeOp{kind: encodeOptional, field: f})
			} else {
				n.include(f.node, f.offset)
			}
		}
	case n.kind == encodeArray && n.length < maxUnrolled:
		n.ops = append(n.ops, encodeOp{kind: encodeCount, word: uint64(n.length) + 1})
		for i := range n.length {
			n.include(n.elem, uintptr(i)*n.elem.size)
		}
	default:
		n.ops = []encodeOp{{kind: n.kind, node: n}}
	}
}

// include adds what is to be done for a part of a value.
func (n *encodeNode) include(part *encodeNode, offset uintptr) {
	part.plan()
	for _, op := range part.ops {
		op.offset += offset
		n.ops = append(n.ops, op)
	}
}

// describe completes a node and returns its shape. The order of the cases is that of encoding/json.
func (p *encodePlanner) describe(n *encodeNode, addressable, quoted bool) shapeNode {
	t := n.typ
	has := func(method reflect.Type) bool {
		return t.Implements(method) || addressable && t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(method)
	}
	switch {
	case t == timeType:
		n.kind = encodeTime
		return shapeNode{kind: shapeString}
	case t == rawMessageType:
		n.kind = encodeRawMessage
		return shapeNode{kind: shapeRaw}
	case has(marshalerType):
		n.kind = encodeMarshaler
		return shapeNode{kind: shapeRaw}
	case has(textMarshalerType):
		n.kind = encodeTextMarshaler
		return shapeNode{kind: shapeText}
	}
	switch k := t.Kind(); k {
	case reflect.Bool:
		n.kind = encodeBool
		return shapeNode{kind: shapeBool}
	case reflect.Float32, reflect.Float64:
		n.kind = encodeFloat32
		if k == reflect.Float64 {
			n.kind = encodeFloat64
		}
		return numberShape(k, n.size)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.kind = map[uintptr]encodeKind{1: encodeInt8, 2: encodeInt16, 4: encodeInt32, 8: encodeWord64}[n.size]
		return numberShape(k, n.size)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n.kind = map[uintptr]encodeKind{1: encodeWord8, 2: encodeWord16, 4: encodeWord32, 8: encodeWord64}[n.size]
		return numberShape(k, n.size)
	case reflect.String:
		if t == numberType {
			n.kind = encodeNumber
			return shapeNode{kind: shapeNumber}
		}
		n.kind = encodeString
		return shapeNode{kind: shapeString}
	case reflect.Interface:
		n.kind = encodeInterface
		return shapeNode{kind: shapeAny}
	case reflect.Slice:
		if pointer := reflect.PointerTo(t.Elem()); t.Elem().Kind() == reflect.Uint8 &&
			!pointer.Implements(marshalerType) && !pointer.Implements(textMarshalerType) {
			n.kind = encodeBytes
			return shapeNode{kind: shapeBytes}
		}
		n.kind = encodeSlice
		return p.container(n, shapeArray, true)
	case reflect.Array:
		n.kind, n.length = encodeArray, t.Len()
		return p.container(n, shapeArray, addressable)
	case reflect.Map:
		n.textKey = t.Key().Kind() != reflect.String && t.Key().Implements(textMarshalerType)
		if !n.textKey && !isMapKey(t.Key().Kind()) {
			break
		}
		n.kind = encodeMap
		switch {
		case isStringMap(t):
			n.kind = encodeStringMap
		case t.Key() == stringType && t.Elem() == anyType:
			n.kind = encodeAnyMap
		}
		return p.container(n, shapeMap, false)
	case reflect.Pointer:
		n.kind = encodePointer
		node := shapeNode{kind: shapeOptional}
		var elem int
		n.elem, elem = p.node(t.Elem(), true, quoted)
		node.a = uint32(elem)
		return node
	case reflect.Struct:
		return p.describeStruct(n, addressable)
	}
	n.kind = encodeUnsupported
	return shapeNode{kind: shapeNull}
}

func (p *encodePlanner) container(n *encodeNode, kind uint32, addressable bool) shapeNode {
	var elem int
	n.elem, elem = p.node(n.typ.Elem(), addressable, false)
	return shapeNode{kind: kind, a: uint32(elem)}
}

func (p *encodePlanner) describeStruct(n *encodeNode, addressable bool) shapeNode {
	n.kind = encodeStruct
	var fields []shapeField
	for _, f := range structFields(n.typ) {
		field := encodeField{}
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
		var shape int
		field.node, shape = p.node(f.typ(), fieldAddressable, f.quoted)
		field.omit = omitted(f)
		field.optional = field.omit != nil || field.hops != nil
		n.fields = append(n.fields, field)
		fields = append(fields, shapeField{name: f.name, node: shape, optional: field.optional})
	}
	return shapeNode{kind: shapeStruct, fields: fields}
}

// isMapKey reports whether keys of a kind have a name without methods of their own.
func isMapKey(k reflect.Kind) bool {
	return k == reflect.String || k >= reflect.Int && k <= reflect.Uintptr
}

// omitted returns what decides whether a field is left out, nil if it never is.
func omitted(f structField) func(unsafe.Pointer) bool {
	switch empty, zero := isEmpty(f), isZero(f); {
	case empty == nil:
		return zero
	case zero == nil:
		return empty
	default:
		return func(p unsafe.Pointer) bool { return empty(p) || zero(p) }
	}
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

type isZeroer interface{ IsZero() bool }

func isZero(f structField) func(unsafe.Pointer) bool {
	if !f.omitZero {
		return nil
	}
	t := f.typ()
	zeroer := reflect.TypeFor[isZeroer]()
	word := typeWord(reflect.PointerTo(t))
	switch k := t.Kind(); {
	case k == reflect.Interface && t.Implements(zeroer):
		return func(p unsafe.Pointer) bool {
			v := valueAt(word, p)
			return v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() || v.Interface().(isZeroer).IsZero()
		}
	case k == reflect.Pointer && t.Implements(zeroer):
		return func(p unsafe.Pointer) bool {
			v := valueAt(word, p)
			return v.IsNil() || v.Interface().(isZeroer).IsZero()
		}
	case reflect.PointerTo(t).Implements(zeroer):
		return func(p unsafe.Pointer) bool { return pointerTo(word, p).(isZeroer).IsZero() }
	case k >= reflect.Bool && k <= reflect.Float64:
		return zeroWord(k, t.Size())
	default:
		return func(p unsafe.Pointer) bool { return valueAt(word, p).IsZero() }
	}
}
