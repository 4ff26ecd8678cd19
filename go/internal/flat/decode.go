package flat

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"
)

// A decoder fills a value from bytes that may be anything.
type decoder struct {
	data  []byte
	at    int
	depth int
}

// fill sets the pieces of the value at p. It does not keep p, which may point to the stack.
func (d *decoder) fill(ops []op, p unsafe.Pointer) bool {
	for i := range ops {
		o := &ops[i]
		to := unsafe.Add(p, o.offset)
		switch o.kind {
		case opCopy:
			if uintptr(len(d.data)-d.at) < o.size {
				return false
			}
			d.at += copy(unsafe.Slice((*byte)(to), o.size), d.data[d.at:])
		case opCopy1:
			if len(d.data)-d.at < 1 {
				return false
			}
			*(*byte)(to) = d.data[d.at]
			d.at++
		case opCopy2:
			if len(d.data)-d.at < 2 {
				return false
			}
			*(*uint16)(to) = binary.NativeEndian.Uint16(d.data[d.at:])
			d.at += 2
		case opCopy4:
			if len(d.data)-d.at < 4 {
				return false
			}
			*(*uint32)(to) = binary.NativeEndian.Uint32(d.data[d.at:])
			d.at += 4
		case opCopy8:
			if len(d.data)-d.at < 8 {
				return false
			}
			*(*uint64)(to) = binary.NativeEndian.Uint64(d.data[d.at:])
			d.at += 8
		case opBool:
			is, ok := d.bool()
			if !ok {
				return false
			}
			*(*bool)(to) = is
		case opString:
			text, ok := d.text()
			if !ok {
				return false
			}
			*(*string)(to) = text
		case opPlainSlice:
			if !d.plainSlice(o.node.elem, (*sliceHeader)(to)) {
				return false
			}
		case opStrings:
			if !d.strings((*[]string)(to)) {
				return false
			}
		case opPlainPointer:
			there, ok := d.bool()
			if !ok {
				return false
			}
			var target unsafe.Pointer
			if there {
				if target, ok = d.take(o.node.elem.align, o.node.elem.size); !ok {
					return false
				}
			}
			*(*unsafe.Pointer)(to) = target
		case opTime:
			if !d.time(to) {
				return false
			}
		case opArray:
			elem := o.node.elem
			for i := range uintptr(o.node.typ.Len()) {
				if !d.fill(elem.ops, unsafe.Add(to, i*elem.size)) {
					return false
				}
			}
		default:
			if !d.deep(o, to) {
				return false
			}
		}
	}
	return true
}

// deep sets a piece that may contain others of its kind.
func (d *decoder) deep(o *op, to unsafe.Pointer) bool {
	if d.depth++; d.depth > maxDepth {
		return false
	}
	ok := false
	switch n := o.node; o.kind {
	case opSlice:
		ok = d.slice(n, (*sliceHeader)(to))
	case opPointer:
		ok = d.pointer(n.elem, (*unsafe.Pointer)(to))
	case opMap:
		ok = d.anyMap(n, (*unsafe.Pointer)(to))
	case opStringMap:
		ok = d.stringMap((*map[string]string)(to))
	case opAnyMap:
		ok = d.mapOfAny((*map[string]any)(to))
	case opAny:
		*(*any)(to), ok = d.any()
	case opMethods:
		ok = d.methods(n, to)
	}
	d.depth--
	return ok
}

func (d *decoder) bool() (is, ok bool) {
	if d.at >= len(d.data) || d.data[d.at] > 1 {
		return false, false
	}
	is = d.data[d.at] == 1
	d.at++
	return is, true
}

func (d *decoder) number() (uint64, bool) {
	if d.at < len(d.data) && d.data[d.at] < 0x80 {
		d.at++
		return uint64(d.data[d.at-1]), true
	}
	number, size := binary.Uvarint(d.data[d.at:])
	if size <= 0 {
		return 0, false
	}
	d.at += size
	return number, true
}

func (d *decoder) text() (string, bool) {
	length, ok := d.number()
	if !ok || length > uint64(len(d.data)-d.at) {
		return "", false
	}
	if length == 0 {
		return "", true
	}
	text := unsafe.String(&d.data[d.at], length)
	d.at += int(length)
	return text, true
}

// count returns the length of what may be nil, whose elements have so many bytes at least.
func (d *decoder) count(least int) (length int, isNil, ok bool) {
	number, ok := d.number()
	switch {
	case !ok || number == 0:
		return 0, true, ok
	case least == 0:
		return int(number - 1), false, number-1 <= math.MaxInt
	}
	return int(number - 1), false, number-1 <= uint64(len(d.data)-d.at)/uint64(least)
}

// take returns a pointer to the next bytes, of which there is one at least.
func (d *decoder) take(align, size uintptr) (unsafe.Pointer, bool) {
	padding := -uintptr(d.at) & (align - 1)
	if left := uintptr(len(d.data) - d.at); left < padding || left-padding < size {
		return nil, false
	}
	d.at += int(padding)
	p := unsafe.Pointer(&d.data[d.at])
	d.at += int(size)
	return p, true
}

func (d *decoder) plainSlice(elem *node, to *sliceHeader) bool {
	length, isNil, ok := d.count(int(elem.size))
	switch {
	case !ok:
		return false
	case isNil:
		*to = sliceHeader{}
		return true
	case length == 0:
		*to = sliceHeader{data: unsafe.Pointer(&nothing)}
		return true
	}
	data, ok := d.take(elem.align, uintptr(length)*elem.size)
	if ok {
		*to = sliceHeader{data, length, length}
	}
	return ok
}

func (d *decoder) strings(to *[]string) bool {
	length, isNil, ok := d.count(1)
	if !ok || isNil {
		*to = nil
		return ok
	}
	texts := make([]string, length)
	*to = texts
	for i := range texts {
		if texts[i], ok = d.text(); !ok {
			return false
		}
	}
	return true
}

func (d *decoder) slice(n *node, to *sliceHeader) bool {
	elem := n.elem
	length, isNil, ok := d.count(elem.least)
	switch {
	case !ok:
		return false
	case isNil:
		*to = sliceHeader{}
		return true
	case elem.size == 0 || length == 0:
		*to = sliceHeader{unsafe.Pointer(&nothing), length, length}
		return true
	}
	data := reflect.MakeSlice(n.typ, length, length).UnsafePointer()
	*to = sliceHeader{data, length, length}
	for i := range uintptr(length) {
		if !d.fill(elem.ops, unsafe.Add(data, i*elem.size)) {
			return false
		}
	}
	return true
}

func (d *decoder) pointer(elem *node, to *unsafe.Pointer) bool {
	there, ok := d.bool()
	if !ok || !there {
		*to = nil
		return ok
	}
	if len(d.data)-d.at < elem.least {
		return false
	}
	target := reflect.New(elem.typ).UnsafePointer()
	*to = target
	return d.fill(elem.ops, target)
}

// anyMap sets a map of any type.
func (d *decoder) anyMap(n *node, to *unsafe.Pointer) bool {
	least := n.key.least + n.elem.least
	length, isNil, ok := d.count(least)
	if !ok || isNil {
		*to = nil
		return ok
	}
	if least == 0 && length > 1 { // there is but one key without bytes
		return false
	}
	m := reflect.MakeMapWithSize(n.typ, length)
	*to = m.UnsafePointer()
	if length == 0 {
		return true
	}
	key, value := reflect.New(n.key.typ), reflect.New(n.elem.typ)
	for range length {
		if !d.fill(n.key.ops, key.UnsafePointer()) || !d.fill(n.elem.ops, value.UnsafePointer()) {
			return false
		}
		m.SetMapIndex(key.Elem(), value.Elem())
	}
	return true
}

func (d *decoder) stringMap(to *map[string]string) bool {
	length, isNil, ok := d.count(2)
	if !ok || isNil {
		*to = nil
		return ok
	}
	m := make(map[string]string, length)
	*to = m
	for range length {
		key, ok := d.text()
		if !ok {
			return false
		}
		value, ok := d.text()
		if !ok {
			return false
		}
		m[key] = value
	}
	return true
}

func (d *decoder) mapOfAny(to *map[string]any) bool {
	length, isNil, ok := d.count(2)
	if !ok || isNil {
		*to = nil
		return ok
	}
	m := make(map[string]any, length)
	*to = m
	for range length {
		key, ok := d.text()
		if !ok {
			return false
		}
		if m[key], ok = d.any(); !ok {
			return false
		}
	}
	return true
}
