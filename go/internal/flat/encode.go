package flat

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// An encoder appends the bytes of a value.
type encoder struct {
	dst   []byte
	base  int // where the value's bytes begin
	depth int
}

// append appends the pieces of the value at p. It does not keep p, which may point to the stack.
func (e *encoder) append(ops []op, p unsafe.Pointer) error {
	for i := range ops {
		o := &ops[i]
		from := unsafe.Add(p, o.offset)
		switch o.kind {
		case opCopy:
			e.dst = append(e.dst, unsafe.Slice((*byte)(from), o.size)...)
		case opCopy1, opBool:
			e.dst = append(e.dst, *(*byte)(from))
		case opCopy2:
			e.dst = binary.NativeEndian.AppendUint16(e.dst, *(*uint16)(from))
		case opCopy4:
			e.dst = binary.NativeEndian.AppendUint32(e.dst, *(*uint32)(from))
		case opCopy8:
			e.dst = binary.NativeEndian.AppendUint64(e.dst, *(*uint64)(from))
		case opString:
			e.text(*(*string)(from))
		case opPlainSlice:
			s := (*sliceHeader)(from)
			if e.count(s.data == nil, s.len); s.len > 0 {
				e.align(o.node.elem.align)
				e.dst = append(e.dst, unsafe.Slice((*byte)(s.data), uintptr(s.len)*o.node.elem.size)...)
			}
		case opStrings:
			s := *(*[]string)(from)
			e.count(s == nil, len(s))
			for _, text := range s {
				e.text(text)
			}
		case opPlainPointer:
			if target := *(*unsafe.Pointer)(from); e.isThere(target) {
				e.align(o.node.elem.align)
				e.dst = append(e.dst, unsafe.Slice((*byte)(target), o.node.elem.size)...)
			}
		case opTime:
			e.time(from)
		case opArray:
			elem := o.node.elem
			for i := range uintptr(o.node.typ.Len()) {
				if err := e.append(elem.ops, unsafe.Add(from, i*elem.size)); err != nil {
					return err
				}
			}
		default:
			if err := e.deep(o, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// deep appends a piece that may contain others of its kind.
func (e *encoder) deep(o *op, from unsafe.Pointer) error {
	if e.depth++; e.depth > maxDepth {
		return errDeep
	}
	defer func() { e.depth-- }()
	switch o.kind {
	case opSlice:
		s, elem := (*sliceHeader)(from), o.node.elem
		e.count(s.data == nil, s.len)
		if elem.size == 0 {
			return nil
		}
		for i := range uintptr(s.len) {
			if err := e.append(elem.ops, unsafe.Add(s.data, i*elem.size)); err != nil {
				return err
			}
		}
	case opPointer:
		if target := *(*unsafe.Pointer)(from); e.isThere(target) {
			return e.append(o.node.elem.ops, target)
		}
	case opMap:
		return e.anyMap(o.node, from)
	case opStringMap:
		m := *(*map[string]string)(from)
		e.count(m == nil, len(m))
		for key, value := range m {
			e.text(key)
			e.text(value)
		}
	case opAnyMap:
		m := *(*map[string]any)(from)
		e.count(m == nil, len(m))
		for key, value := range m {
			e.text(key)
			if err := e.any(value); err != nil {
				return underKey(key, err)
			}
		}
	case opAny:
		return e.any(*(*any)(from))
	case opMethods:
		return e.methods(o.node, from)
	}
	return nil
}

// A keysError is the error of a value in maps. Only its text is long where these are deep, not that of each map.
type keysError struct {
	keys []string // that lead to the value, the last one first
	err  error
}

func (e *keysError) Error() string {
	var text []byte
	for _, key := range slices.Backward(e.keys) {
		text = fmt.Appendf(text, "[%q]: ", key)
	}
	return string(text) + e.err.Error()
}

func (e *keysError) Unwrap() error { return e.err }

// underKey returns the error for the map in which the value has a key.
func underKey(key string, err error) error {
	inner, ok := err.(*keysError)
	switch {
	case err == errDeep: // the way there is as long
		return err
	case !ok:
		inner = &keysError{err: err}
	}
	inner.keys = append(inner.keys, key)
	return inner
}

func (e *encoder) text(s string) {
	e.dst = append(binary.AppendUvarint(e.dst, uint64(len(s))), s...)
}

// count appends the length of what may be nil.
func (e *encoder) count(isNil bool, length int) {
	if isNil {
		e.dst = append(e.dst, 0)
		return
	}
	e.dst = binary.AppendUvarint(e.dst, uint64(length)+1)
}

// isThere appends whether a pointer points to something.
func (e *encoder) isThere(p unsafe.Pointer) bool {
	if p == nil {
		e.dst = append(e.dst, 0)
		return false
	}
	e.dst = append(e.dst, 1)
	return true
}

// align appends what is missing to a multiple of align.
func (e *encoder) align(align uintptr) {
	for uintptr(len(e.dst)-e.base)&(align-1) != 0 {
		e.dst = append(e.dst, 0)
	}
}

// anyMap appends a map of any type.
func (e *encoder) anyMap(n *node, from unsafe.Pointer) error {
	// A variable of its own, since the iterator is on the heap, and from may be not.
	variable := reflect.New(n.typ)
	*(*unsafe.Pointer)(variable.UnsafePointer()) = *(*unsafe.Pointer)(from)
	m := variable.Elem()
	e.count(m.IsNil(), m.Len())
	if m.Len() == 0 {
		return nil
	}
	key, value := reflect.New(n.key.typ), reflect.New(n.elem.typ)
	for entries := m.MapRange(); entries.Next(); {
		key.Elem().SetIterKey(entries)
		value.Elem().SetIterValue(entries)
		if err := e.append(n.key.ops, key.UnsafePointer()); err != nil {
			return err
		}
		if err := e.append(n.elem.ops, value.UnsafePointer()); err != nil {
			return err
		}
	}
	return nil
}
