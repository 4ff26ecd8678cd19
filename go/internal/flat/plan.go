package flat

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// An opKind says how a piece of a value's memory becomes bytes.
type opKind uint8

const (
	opCopy opKind = iota // as it is
	opCopy1
	opCopy2
	opCopy4
	opCopy8
	opBool
	opString       // length, bytes
	opSlice        // length + 1 or 0 for nil, elements
	opStrings      // likewise, the elements being strings
	opPlainSlice   // likewise, the elements being copied in one piece
	opArray        // elements
	opPointer      // 0 for nil or 1, the value
	opPlainPointer // likewise, the value being copied
	opMap          // length + 1 or 0 for nil; keys and values in turn
	opStringMap    // likewise, of strings by strings
	opAnyMap       // likewise, of anything by strings
	opAny          // number of the type + 1 or 0 for nil, the value
	opTime
	opMethods // length in 4 bytes, what the type's own methods make of the value
)

// An op is a piece of a value.
type op struct {
	kind   opKind
	offset uintptr // in the value
	size   uintptr // of what is copied
	node   *node   // of the piece's type, unless that is a scalar, a string or any
}

// A node is what is known of a type. Nodes refer to each other, as types do.
type node struct {
	typ   reflect.Type
	size  uintptr
	align uintptr
	ops   []op // those of structs and arrays only when all types are planned
	least int  // bytes that a value has at least
	plain bool
	elem  *node   // of slices, arrays, pointers and maps
	key   *node   // of maps
	parts []field // of structs
	// Whether ops and least are complete.
	laidOut bool
	// What the type does by itself, since it has parts that can't be stored.
	methods *methods
	err     error
}

// A field is one of a struct that has bytes.
type field struct {
	node   *node
	offset uintptr
}

// isPlain tells whether values are copied in one piece.
func (n *node) isPlain() bool {
	return len(n.ops) == 1 && n.ops[0].kind == opCopy && n.ops[0].size == n.size
}

// add appends an op, or makes the last one longer.
func (n *node) add(o op) {
	if last := len(n.ops) - 1; last >= 0 && o.kind == opCopy {
		if before := &n.ops[last]; before.kind == opCopy && before.offset+before.size == o.offset {
			before.size += o.size
			return
		}
	}
	n.ops = append(n.ops, o)
}

// addAll adds what is at an offset.
func (n *node) addAll(part *node, offset uintptr) {
	for _, o := range part.ops {
		o.offset += offset
		n.add(o)
	}
}

type planner struct {
	nodes  map[reflect.Type]*node
	shares bool
}

// An unstorable is the reason why a type has no plan, and the way to the part that it is about.
type unstorable struct{ path, reason string }

func (e *unstorable) Error() string {
	if path := strings.TrimPrefix(e.path, "."); path != "" {
		return path + " is " + e.reason
	}
	return "it is " + e.reason
}

// within returns the error for what contains the part.
func within(step string, err error) error {
	inner := err.(*unstorable)
	return &unstorable{step + inner.path, inner.reason}
}

// node plans a type, save what structs and arrays take over from their parts. While it does, the node is there already
// for types that contain themselves.
func (p *planner) node(t reflect.Type) (*node, error) {
	if n := p.nodes[t]; n != nil {
		return n, n.err
	}
	n := &node{typ: t, size: t.Size(), align: uintptr(t.Align())}
	p.nodes[t] = n
	if err := p.plan(n); err != nil {
		if n.methods = methodsOf(t); n.methods == nil {
			n.err = err
			return n, err
		}
		n.elem, n.key, n.parts = nil, nil, nil
		n.ops = []op{{kind: opMethods, node: n}}
	}
	return n, nil
}

// layOut completes the ops of a node. No type has itself as a part, only behind slices, pointers and maps.
func (n *node) layOut() {
	if n.laidOut {
		return
	}
	n.laidOut = true
	for _, part := range n.parts {
		part.node.layOut()
		n.addAll(part.node, part.offset)
	}
	if n.typ.Kind() == reflect.Array && n.elem != nil {
		n.elem.layOut()
		n.layOutArray()
	}
	for _, o := range n.ops {
		n.least += o.least()
	}
}

func (n *node) layOutArray() {
	switch length := n.typ.Len(); {
	case n.elem.isPlain():
		n.add(op{kind: opCopy, size: n.size})
	case length*len(n.elem.ops) <= maxUnrolled:
		for i := range length {
			n.addAll(n.elem, uintptr(i)*n.elem.size)
		}
	default:
		n.add(op{kind: opArray, node: n})
	}
}

func (o *op) least() int {
	switch o.kind {
	case opCopy:
		return int(o.size)
	case opArray:
		return o.node.typ.Len() * o.node.elem.least
	case opTime:
		return leastTime
	case opMethods:
		return methodsHead
	}
	return 1
}

// An array of few pieces is no loop.
const maxUnrolled = 16

var (
	timeType   = reflect.TypeFor[time.Time]()
	stringType = reflect.TypeFor[string]()
	anyType    = reflect.TypeFor[any]()
)

func isTime(t reflect.Type) bool { return t.Kind() == reflect.Struct && t.ConvertibleTo(timeType) }

func (p *planner) plan(n *node) (err error) {
	t := n.typ
	switch k := t.Kind(); k {
	case reflect.Bool:
		n.add(op{kind: opBool})
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		n.add(op{kind: opCopy, size: n.size})
	case reflect.String:
		n.add(op{kind: opString})
	case reflect.Slice:
		n.add(op{kind: opSlice, node: n})
		if n.elem, err = p.node(t.Elem()); err != nil {
			return within("[]", err)
		}
	case reflect.Pointer:
		n.add(op{kind: opPointer, node: n})
		if n.elem, err = p.node(t.Elem()); err != nil {
			return within("", err)
		}
	case reflect.Array:
		if n.size == 0 {
			return nil
		}
		if n.elem, err = p.node(t.Elem()); err != nil {
			return within("[]", err)
		}
	case reflect.Map:
		return p.planMap(n)
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return &unstorable{"", fmt.Sprintf("an interface with methods (%v), which could hold values of any type", t)}
		}
		n.add(op{kind: opAny})
	case reflect.Struct:
		if isTime(t) {
			n.add(op{kind: opTime})
			return nil
		}
		if t.PkgPath() == "sync" {
			return &unstorable{"", fmt.Sprintf("a %v, which must not be copied", t)}
		}
		return p.planStruct(n)
	default: // channels, functions, unsafe.Pointer
		return &unstorable{"", fmt.Sprintf("a %v", t)}
	}
	return nil
}

func (p *planner) planMap(n *node) (err error) {
	t := n.typ
	kind := opMap
	switch {
	case t.Key() == stringType && t.Elem() == stringType:
		kind = opStringMap
	case t.Key() == stringType && t.Elem() == anyType:
		kind = opAnyMap
	}
	n.add(op{kind: kind, node: n})
	if n.key, err = p.node(t.Key()); err != nil {
		return within("[key]", err)
	}
	if n.elem, err = p.node(t.Elem()); err != nil {
		return within("[]", err)
	}
	if p.isIdentity(t.Key()) {
		return &unstorable{"[key]", "equal to nothing that is read later, as it has pointers or interfaces"}
	}
	return nil
}

// isIdentity tells whether values of a type, which can be stored, are not equal to what they were when they are read.
func (p *planner) isIdentity(t reflect.Type) bool {
	if n := p.nodes[t]; n != nil && n.methods != nil || isTime(t) || t.Size() == 0 {
		return false
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		return true
	case reflect.Array:
		return p.isIdentity(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if p.isIdentity(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

func (p *planner) planStruct(n *node) error {
	for i := range n.typ.NumField() {
		f := n.typ.Field(i)
		if f.Type.Size() == 0 {
			continue
		}
		if f.Type.Kind() == reflect.Pointer && !f.IsExported() && !f.Anonymous {
			return &unstorable{"." + f.Name, "a pointer in an unexported field, which may be there to be shared"}
		}
		part, err := p.node(f.Type)
		if err != nil {
			return within("."+f.Name, err)
		}
		n.parts = append(n.parts, field{part, f.Offset})
	}
	return nil
}

// finish completes what depends on all types that a type contains, now that they are planned.
func (p *planner) finish(root *node) error {
	reached := map[*node]bool{}
	if err := reach(root, reached); err != nil {
		return err
	}
	for n := range reached {
		n.layOut()
	}
	for n := range reached {
		n.plain = n.isPlain()
	}
	for n := range reached {
		for i := range n.ops {
			o := &n.ops[i]
			o.specialise()
			switch o.kind {
			case opString, opStrings, opPlainSlice, opPlainPointer, opStringMap, opAnyMap, opAny, opMethods:
				p.shares = true
			}
		}
	}
	return nil
}

// reach collects a node and those behind it.
func reach(n *node, reached map[*node]bool) error {
	if n == nil || reached[n] {
		return nil
	}
	reached[n] = true
	if n.err != nil { // it was taken to be storable when a type was planned that it contains
		return within(n.typ.String(), n.err)
	}
	for _, behind := range []*node{n.elem, n.key} {
		if err := reach(behind, reached); err != nil {
			return err
		}
	}
	for _, part := range n.parts {
		if err := reach(part.node, reached); err != nil {
			return err
		}
	}
	return nil
}

// specialise chooses the fastest kind.
func (o *op) specialise() {
	switch o.kind {
	case opCopy:
		switch o.size {
		case 1:
			o.kind = opCopy1
		case 2:
			o.kind = opCopy2
		case 4:
			o.kind = opCopy4
		case 8:
			o.kind = opCopy8
		}
	case opSlice:
		switch elem := o.node.elem; {
		case elem.plain:
			o.kind = opPlainSlice
		case elem.typ.Kind() == reflect.String:
			o.kind = opStrings
		}
	case opPointer:
		if o.node.elem.plain {
			o.kind = opPlainPointer
		}
	}
}

// shape describes a type as far as its values' bytes and their meaning depend on it.
func (p *planner) shape(t reflect.Type) string {
	s := shaper{nodes: p.nodes, seen: map[reflect.Type]int{}}
	s.write(t)
	return s.String()
}

type shaper struct {
	strings.Builder
	nodes map[reflect.Type]*node
	seen  map[reflect.Type]int // the types whose descriptions have begun, by number
}

func (s *shaper) write(t reflect.Type) {
	n := s.nodes[t]
	switch {
	case n != nil && n.methods != nil:
		s.WriteString(n.methods.name + " of " + t.PkgPath() + "." + t.Name())
		return
	case isTime(t):
		s.WriteString("time")
		return
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer, reflect.Array, reflect.Map, reflect.Struct:
		if number, ok := s.seen[t]; ok {
			s.WriteString("^" + strconv.Itoa(number))
			return
		}
		s.seen[t] = len(s.seen)
	}
	switch t.Kind() {
	case reflect.Slice:
		s.WriteString("[]")
		s.write(t.Elem())
	case reflect.Pointer:
		s.WriteString("*")
		s.write(t.Elem())
	case reflect.Array:
		s.WriteString("[" + strconv.Itoa(t.Len()) + "]")
		if t.Size() > 0 {
			s.write(t.Elem())
		}
	case reflect.Map:
		s.WriteString("map[")
		s.write(t.Key())
		s.WriteString("]")
		s.write(t.Elem())
	case reflect.Struct:
		s.WriteString("{")
		for i := range t.NumField() {
			field := t.Field(i)
			s.WriteString(field.Name + " ")
			if field.Type.Size() > 0 {
				s.write(field.Type)
			}
			s.WriteString(";")
		}
		s.WriteString("}")
	default:
		s.WriteString(t.Kind().String())
		if size := t.Size(); t.Kind() != reflect.String && t.Kind() != reflect.Interface {
			s.WriteString(strconv.Itoa(int(size)))
		}
	}
}
