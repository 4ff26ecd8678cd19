//go:build cgo

package cache

import (
	"reflect"
	"unsafe"
)

// kind is how the bytes of a type are reached.
type kind uint8

const (
	encoded   kind = iota // through a codec
	flattened             // through a plan
	text                  // those of a string
	slice                 // those of a byte slice
	fixed                 // those of the value itself
)

// layout says how a type's values are turned into bytes.
type layout struct {
	kind kind
	size int // of a fixed value
}

func layoutOf(t reflect.Type) layout {
	switch t.Kind() {
	case reflect.String:
		return layout{kind: text}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return layout{kind: slice}
		}
	case reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return layout{kind: fixed, size: t.Len()}
		}
	case reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return layout{kind: fixed, size: int(t.Size())}
	}
	return layout{kind: flattened}
}

// isDirect tells whether values have their bytes without being encoded.
func (l layout) isDirect() bool { return l.kind != encoded && l.kind != flattened }

// flatCapacity is the capacity of memory for a flattened value of that many bytes. Smaller pieces are not aligned.
func flatCapacity(length int) int { return max(length, 16) }

// bytes returns the bytes of the value at p, which has the layout's type and must stay where it is while they
// are used.
func (l layout) bytes(p unsafe.Pointer) (*byte, int) {
	switch l.kind {
	case text:
		s := *(*string)(p)
		return unsafe.StringData(s), len(s)
	case slice:
		b := *(*[]byte)(p)
		return unsafe.SliceData(b), len(b)
	}
	return (*byte)(p), l.size
}

// copyOf returns the key or value, of a type that is direct, that has a copy of data as its bytes.
func copyOf[T any](l layout, data []byte) (value T) {
	if l.kind == fixed {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&value)), l.size), data)
		return value
	}
	return owner[T](l, append(make([]byte, 0, len(data)), data...))
}

// owner returns the string or byte slice that data becomes the bytes of.
func owner[T any](l layout, data []byte) (value T) {
	if l.kind == text {
		*(*string)(unsafe.Pointer(&value)) = unsafe.String(unsafe.SliceData(data), len(data))
	} else {
		*(*[]byte)(unsafe.Pointer(&value)) = data
	}
	return value
}
