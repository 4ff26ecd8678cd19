//go:build cgo

package json

import (
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// A decodeKind says how a value of the run is stored.
type decodeKind uint8

const (
	decodeBool decodeKind = iota
	decodeWord8
	decodeWord16
	decodeWord32
	decodeWord64
	decodeFloat32
	decodeFloat64
	decodeString
	decodeBytes
	decodeRawMessage
	decodeTime
	decodeUnmarshaler
	decodeTextUnmarshaler
	decodeAddress // of net/netip
	decodeAny
	decodeSlice
	decodeArray
	decodeMap
	decodeAnyMap    // map[string]any
	decodeStringMap // of strings by strings
	decodeStruct
	decodePointer
	decodeNull      // takes nothing but null
	decodeInterface // with methods: likewise, unless it holds a pointer
)

// A decodeNode says how a value of one type is stored. Nodes of a type form a graph, as types do.
type decodeNode struct {
	kind    decodeKind
	bare    bool // in arrays, without heads unless the array is loose
	user    bool // storing may call methods of the user's types, which may change what is there
	any     bool // interfaces may be in place, not in what is yet to be made
	nilable bool // null stores the zero value; else it leaves the value alone
	layout  layout
	typ     reflect.Type
	pointer unsafe.Pointer // type word of *typ
	size    uintptr
	elem    *decodeNode // of slices, arrays, maps and pointers
	length  int         // of arrays
	chunk   int         // of slices: the number of what they are cut from
	fields  []decodeField
	key     mapKey
	access  *mapAccess                               // of maps that need no reflection
	parse   func(p unsafe.Pointer, text string) bool // of addresses
}

// A decodeField is where a struct has the value of a member.
type decodeField struct {
	// The node's kind if it can be stored at once, without structs behind pointers, and is one of those that storeStruct
	// looks for; decodeFloat64 counts as decodeWord64. Else decodeNull.
	simple decodeKind
	node   *decodeNode
	// Offset within the struct, or within the last of the embedded structs behind pointers.
	offset uintptr
	hops   []decodeHop
	// The names that errors give for the way to the field.
	names []string
}

// A decodeHop leads to a struct that is embedded by pointer, which is allocated when needed.
type decodeHop struct {
	offset uintptr
	typ    reflect.Type
}

// A mapKey says how the keys of a map are made.
type mapKey struct {
	typ  reflect.Type
	text unsafe.Pointer // type word of *typ where that is a TextUnmarshaler
}

// A decodePlan is all there is to know for decoding into one type.
type decodePlan struct {
	shape  ffi.Shape
	root   *decodeNode
	chunks int // how many of its nodes are slices
	flags  uint32
	few    []decodeField // what storeFew is for: the root as a field, or the root's fields
	texts  bool          // there are strings in it
}

var (
	decodePlans       sync.Map                // reflect.Type → *decodePlan, nil for types that are left to encoding/json
	recentDecodePlans recentPlans[decodePlan] // by the word of a pointer to the type

	numberType     = reflect.TypeFor[json.Number]()
	rawMessageType = reflect.TypeFor[json.RawMessage]()
	anyMapType     = reflect.TypeFor[map[string]any]()
)

// decodePlanOf returns the plan for storing into what a pointer to t points to.
func decodePlanOf(t reflect.Type) *decodePlan {
	if plan, ok := decodePlans.Load(t); ok {
		return plan.(*decodePlan)
	}
	fresh := newDecodePlan(t)
	plan, late := decodePlans.LoadOrStore(t, fresh)
	if late && fresh != nil {
		fresh.shape.Free()
	}
	return plan.(*decodePlan)
}

func newDecodePlan(t reflect.Type) *decodePlan {
	p := decodePlanner{nodes: map[plannedType]plannedNode{}}
	root, _ := p.node(t, true, false)
	if p.foreign {
		return nil
	}
	p.mark()
	shape, err := p.shape.build()
	if err != nil {
		return nil // a type that is a pointer to itself
	}
	plan := &decodePlan{shape: shape, root: root, chunks: p.chunks}
	plan.few = root.few()
	plan.texts = slices.ContainsFunc(plan.few, func(f decodeField) bool { return f.simple == decodeString })
	for _, planned := range p.nodes {
		if planned.node.kind == decodeAny {
			plan.flags = ffi.DecodeCount
		}
	}
	return plan
}

// mark tells nodes what is below them. Types may contain each other, so that it takes as many rounds as the marks
// need to spread.
func (p *decodePlanner) mark() {
	for changed := true; changed; {
		changed = false
		for _, planned := range p.nodes {
			n := planned.node
			user, any := n.user, n.any || n.kind == decodeAny || n.kind == decodeInterface
			for _, below := range n.below() {
				user = user || below.user
				any = any || below.any && n.kind != decodeMap && n.kind != decodeAnyMap
			}
			changed = changed || user != n.user || any != n.any
			n.user, n.any = user, any
		}
	}
	for _, planned := range p.nodes {
		for i := range planned.node.fields {
			f := &planned.node.fields[i]
			f.simple = f.simpleKind()
		}
	}
}

func (f *decodeField) simpleKind() decodeKind {
	if len(f.hops) > 0 {
		return decodeNull
	}
	switch k := f.node.kind; k {
	case decodeBool, decodeString, decodeWord8, decodeWord16, decodeWord32, decodeWord64, decodeFloat32, decodeTime, decodeSlice, decodeStruct:
		return k
	case decodeFloat64:
		return decodeWord64
	default:
		return decodeNull
	}
}

// maxFew is how many fields are few: two words of a run each, between two others.
const maxFew = (fewWords - 2) / 2

// few returns a scalar or a string as a field, or the fields of a struct with few of these, nil for others.
func (n *decodeNode) few() []decodeField {
	fields := n.fields
	if n.kind != decodeStruct {
		root := decodeField{node: n}
		root.simple = root.simpleKind()
		fields = []decodeField{root}
	}
	if len(fields) > maxFew || slices.ContainsFunc(fields, func(f decodeField) bool { return f.simple > decodeString }) {
		return nil
	}
	return fields
}

// below returns the nodes of the values that a value contains.
func (n *decodeNode) below() []*decodeNode {
	var nodes []*decodeNode
	if n.elem != nil {
		nodes = append(nodes, n.elem)
	}
	for _, f := range n.fields {
		nodes = append(nodes, f.node)
	}
	return nodes
}

// pointee returns the node of what is left when all pointers are followed.
func (n *decodeNode) pointee() *decodeNode {
	for n.kind == decodePointer {
		n = n.elem
	}
	return n
}

// takesRaw reports whether values are stored from their JSON text, null included.
func (n *decodeNode) takesRaw() bool {
	return n.kind == decodeUnmarshaler || n.kind == decodeRawMessage || n.kind == decodeTime
}

// A decodePlanner builds the nodes for a type and those it contains, and the shape for Rust beside them.
type decodePlanner struct {
	shape shapeBuilder
	nodes map[plannedType]plannedNode
	// A type was met that only encoding/json decodes.
	foreign bool
	chunks  int // of the nodes so far
}

type plannedType struct {
	typ     reflect.Type
	methods bool // methods of the pointer to the value count
	quoted  bool
}

type plannedNode struct {
	node  *decodeNode
	shape int
}

// node plans a type. As in encoding/json, methods count where a value is reached through a pointer, unless the pointer's type
// has a name, and elsewhere if the value's type has one.
func (p *decodePlanner) node(t reflect.Type, methods, quoted bool) (*decodeNode, int) {
	planned := plannedType{t, methods, quoted}
	if done, ok := p.nodes[planned]; ok {
		return done.node, done.shape
	}
	n := &decodeNode{typ: t, pointer: typeWord(reflect.PointerTo(t)), size: t.Size(), layout: layoutOf(t)}
	shape := p.shape.add(shapeNode{})
	p.nodes[planned] = plannedNode{n, shape}
	described := p.describe(n, methods, quoted)
	if quoted && n.kind != decodePointer {
		described.flags = 1
	}
	p.shape.nodes[shape] = described
	return n, shape
}

// describe completes a node and returns its shape.
func (p *decodePlanner) describe(n *decodeNode, methods, quoted bool) shapeNode {
	t := n.typ
	switch k := t.Kind(); k {
	case reflect.Map, reflect.Slice, reflect.Interface:
		n.nilable = true
	case reflect.Pointer:
		n.kind, n.nilable = decodePointer, true
		var elem int
		n.elem, elem = p.node(t.Elem(), t.Name() == "", quoted)
		return shapeNode{kind: shapeOptional, a: uint32(elem)}
	}
	if methods {
		switch {
		case t == rawMessageType:
			n.kind = decodeRawMessage
			return shapeNode{kind: shapeRaw}
		case t == timeType && !quoted:
			n.kind = decodeTime
			return shapeNode{kind: shapeRaw}
		case reflect.PointerTo(t).Implements(unmarshalerType):
			p.foreign = p.foreign || quoted
			n.kind, n.user = decodeUnmarshaler, true
			return shapeNode{kind: shapeRaw}
		case reflect.PointerTo(t).Implements(textUnmarshalerType):
			p.foreign = p.foreign || quoted
			if n.parse = addressParser(t); n.parse != nil {
				n.kind = decodeAddress
			} else {
				n.kind, n.user = decodeTextUnmarshaler, true
			}
			return shapeNode{kind: shapeText}
		}
	}
	switch k := t.Kind(); k {
	case reflect.Bool:
		n.kind = decodeBool
		return shapeNode{kind: shapeBool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
		n.bare = !quoted
		switch {
		case k == reflect.Float32:
			n.kind = decodeFloat32
		case k == reflect.Float64:
			n.kind = decodeFloat64
		default:
			n.kind = map[uintptr]decodeKind{1: decodeWord8, 2: decodeWord16, 4: decodeWord32, 8: decodeWord64}[n.size]
		}
		return numberShape(k, n.size)
	case reflect.String:
		n.kind = decodeString
		if t == numberType {
			return shapeNode{kind: shapeNumber}
		}
		return shapeNode{kind: shapeString}
	case reflect.Interface:
		if t.NumMethod() > 0 {
			n.kind = decodeInterface
			return shapeNode{kind: shapeNull}
		}
		n.kind = decodeAny
		return shapeNode{kind: shapeAny}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			n.kind = decodeBytes
			return shapeNode{kind: shapeBytes}
		}
		n.kind, n.chunk = decodeSlice, p.chunks
		p.chunks++
		return p.container(n, shapeArray)
	case reflect.Array:
		n.kind, n.length = decodeArray, t.Len()
		return p.container(n, shapeArray)
	case reflect.Map:
		return p.describeMap(n)
	case reflect.Struct:
		return p.describeStruct(n)
	default:
		n.kind = decodeNull
		return shapeNode{kind: shapeNull}
	}
}

func (p *decodePlanner) container(n *decodeNode, kind uint32) shapeNode {
	var elem int
	n.elem, elem = p.node(n.typ.Elem(), n.typ.Elem().Name() != "", false)
	return shapeNode{kind: kind, a: uint32(elem)}
}

func (p *decodePlanner) describeMap(n *decodeNode) shapeNode {
	t := n.typ
	n.kind, n.access = decodeMap, accessOf(t)
	n.key.typ = t.Key()
	node := p.container(n, shapeMap)
	switch k := t.Key().Kind(); {
	case reflect.PointerTo(t.Key()).Implements(textUnmarshalerType):
		// A key that is an Unmarshaler too is given its raw text, which is not in the run.
		p.foreign = p.foreign || reflect.PointerTo(t.Key()).Implements(unmarshalerType)
		n.key.text, n.user = typeWord(reflect.PointerTo(t.Key())), true
	case k == reflect.String:
		switch {
		case t == anyMapType:
			n.kind = decodeAnyMap
		case isStringMap(t):
			n.kind = decodeStringMap
		}
	case k >= reflect.Int && k <= reflect.Int64:
		node.b = uint32(t.Key().Size() * 8)
	case k >= reflect.Uint && k <= reflect.Uintptr:
		node.b = 256 + uint32(t.Key().Size()*8)
	default:
		// Not a type that JSON can be stored into.
		n.kind = decodeNull
		return shapeNode{kind: shapeNull}
	}
	return node
}

func (p *decodePlanner) describeStruct(n *decodeNode) shapeNode {
	n.kind = decodeStruct
	var fields []shapeField
	for _, f := range structFields(n.typ) {
		field := decodeField{}
		for i, sf := range f.path {
			if i == len(f.path)-1 {
				field.offset += sf.Offset
				// encoding/json treats a named struct type in a field that is not exported in ways of its own.
				p.foreign = p.foreign || !sf.IsExported()
				break
			}
			field.names = append(field.names, sf.Name)
			if sf.Type.Kind() == reflect.Pointer {
				field.hops = append(field.hops, decodeHop{field.offset + sf.Offset, sf.Type.Elem()})
				field.offset = 0
				// Such a pointer can't be set, which is an error if it is needed.
				p.foreign = p.foreign || !sf.IsExported()
			} else {
				field.offset += sf.Offset
			}
		}
		field.names = append(field.names, f.name)
		var shape int
		field.node, shape = p.node(f.typ(), f.typ().Name() != "", f.quoted)
		n.fields = append(n.fields, field)
		fields = append(fields, shapeField{name: f.name, node: shape})
	}
	return shapeNode{kind: shapeStruct, fields: fields}
}
