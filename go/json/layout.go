//go:build cgo

package json

import (
	"reflect"
	"time"
	"unsafe"
)

// A layout says where the pointers are in values of a type, as far as memory for them is made without reflection, which takes as long
// as the allocator does.
type layout uint8

const (
	layoutOther layout = iota
	layoutPlain        // no pointers
	layoutPointer
	layoutString
	layoutSlice
	layoutInterface
	layoutTime
)

func layoutOf(t reflect.Type) layout {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map:
		return layoutPointer
	case reflect.String:
		return layoutString
	case reflect.Slice:
		return layoutSlice
	case reflect.Interface:
		return layoutInterface
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return layoutTime
	case !holdsPointers(t):
		return layoutPlain
	}
	return layoutOther
}

// holdsPointers reports whether there may be pointers in values of a type.
func holdsPointers(t reflect.Type) bool {
	switch k := t.Kind(); k {
	case reflect.Array:
		return holdsPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	default:
		return k < reflect.Bool || k > reflect.Complex128
	}
}

// new makes memory for a zero value of the node's type.
func (n *decodeNode) new() unsafe.Pointer {
	switch n.layout {
	case layoutPlain:
		if n.size <= 8 {
			return unsafe.Pointer(new(uint64))
		}
	case layoutPointer:
		return unsafe.Pointer(new(unsafe.Pointer))
	case layoutString:
		return unsafe.Pointer(new(string))
	case layoutSlice:
		return unsafe.Pointer(new([]byte))
	case layoutInterface:
		return unsafe.Pointer(new(any))
	case layoutTime:
		return unsafe.Pointer(new(time.Time))
	}
	return reflect.New(n.typ).UnsafePointer()
}

// grow gives the slice at p, which has no memory, a capacity of at least that many elements, which are zero.
func (n *decodeNode) grow(p unsafe.Pointer, count int) {
	switch n.elem.layout {
	case layoutPointer:
		*(*[]unsafe.Pointer)(p) = make([]unsafe.Pointer, count)
	case layoutString:
		*(*[]string)(p) = make([]string, count)
	case layoutSlice:
		*(*[][]byte)(p) = make([][]byte, count)
	case layoutInterface:
		*(*[]any)(p) = make([]any, count)
	case layoutTime:
		*(*[]time.Time)(p) = make([]time.Time, count)
	default:
		valueAt(n.pointer, p).Grow(count)
	}
}
