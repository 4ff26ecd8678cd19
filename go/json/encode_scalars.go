//go:build cgo

package json

import "unsafe"

// scalarsAtOnce is how many scalars are written between two looks at the room: few, since most of the room is not needed.
const scalarsAtOnce = 8

// scalars writes count booleans or numbers, which lie one behind the other from p on, each behind a comma. It reports whether all of
// them have a JSON form.
func (r *renderer) scalars(elem *encodeNode, p unsafe.Pointer, count int) bool {
	for from := 0; from < count; from += scalarsAtOnce {
		n := min(count-from, scalarsAtOnce)
		r.reserve(n * numberRoom)
		dst := putScalars(r.end(), elem.kind, unsafe.Add(p, uintptr(from)*elem.size), n)
		if dst == nil {
			return false
		}
		r.upTo(dst)
	}
	return true
}

// listOfScalars writes a list of them.
func (r *renderer) listOfScalars(elem *encodeNode, p unsafe.Pointer, count int) error {
	start := r.length
	if !r.scalars(elem, p, count) {
		return refusedScalar(elem, p, count)
	}
	*(*byte)(unsafe.Add(r.base, start)) = '['
	r.byte(']')
	r.reserve(0)
	return nil
}

// listsOfScalars writes count slices of booleans or numbers, which lie one behind the other from p on, each behind a comma.
func (r *renderer) listsOfScalars(elem *encodeNode, p unsafe.Pointer, count int) error {
	for i := range count {
		s := (*sliceHeader)(unsafe.Add(p, uintptr(i)*unsafe.Sizeof(sliceHeader{})))
		r.byte(',')
		switch {
		case s.data == nil:
			r.null()
		case s.len == 0:
			r.short(textEmpty, 2)
		case s.len > scalarsAtOnce:
			if err := r.listOfScalars(elem, s.data, s.len); err != nil {
				return err
			}
		default:
			// As listOfScalars does, but that it takes no calls.
			r.reserve(s.len*numberRoom + 1)
			start := r.end()
			dst := putScalars(start, elem.kind, s.data, s.len)
			if dst == nil {
				return refusedScalar(elem, s.data, s.len)
			}
			*(*byte)(start) = '['
			*(*byte)(dst) = ']'
			r.upTo(unsafe.Add(dst, 1))
		}
	}
	return nil
}

// putScalars writes n booleans or numbers, each behind a comma. It returns where the text goes on; nil if one has no JSON form.
func putScalars(dst unsafe.Pointer, kind encodeKind, p unsafe.Pointer, n int) unsafe.Pointer {
	switch kind {
	case encodeBool:
		for i := range n {
			*(*byte)(dst) = ','
			dst = unsafe.Add(dst, 1+putBool(unsafe.Add(dst, 1), unsafe.Add(p, i)))
		}
		return dst
	case encodeInt8:
		return putIntegers[int8](dst, p, n)
	case encodeInt16:
		return putIntegers[int16](dst, p, n)
	case encodeInt32:
		return putIntegers[int32](dst, p, n)
	case encodeInt64:
		return putIntegers[int64](dst, p, n)
	case encodeUint8:
		return putIntegers[uint8](dst, p, n)
	case encodeUint16:
		return putIntegers[uint16](dst, p, n)
	case encodeUint32:
		return putIntegers[uint32](dst, p, n)
	case encodeUint64:
		return putIntegers[uint64](dst, p, n)
	case encodeFloat32:
		return putSingles(dst, p, n)
	case encodeFloat64:
		return putFloats(dst, p, n)
	default:
		return nil
	}
}

func putIntegers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](dst, p unsafe.Pointer, n int) unsafe.Pointer {
	for _, v := range unsafe.Slice((*T)(p), n) {
		*(*byte)(dst) = ','
		dst = unsafe.Add(dst, 1)
		switch {
		case uint64(v) < uint64(len(smallNumbers)):
			dst = unsafe.Add(dst, putSmall(dst, uint64(v)))
		case v < 0:
			dst = unsafe.Add(dst, putInt(dst, int64(v)))
		default:
			dst = unsafe.Add(dst, putUint(dst, uint64(v)))
		}
	}
	return dst
}

func putFloats(dst, p unsafe.Pointer, n int) unsafe.Pointer {
	for _, f := range unsafe.Slice((*float64)(p), n) {
		if !isFinite(f) {
			return nil
		}
		*(*byte)(dst) = ','
		dst = unsafe.Add(dst, 1+putFloat(unsafe.Add(dst, 1), f))
	}
	return dst
}

func putSingles(dst, p unsafe.Pointer, n int) unsafe.Pointer {
	for _, f := range unsafe.Slice((*float32)(p), n) {
		if !isFiniteSingle(f) {
			return nil
		}
		*(*byte)(dst) = ','
		dst = unsafe.Add(dst, 1+putSingle(unsafe.Add(dst, 1), f))
	}
	return dst
}

// putBool writes the boolean at p to dst and returns its length, without a branch, as nobody can tell which it is.
func putBool(dst, p unsafe.Pointer) int {
	set := uint64(*(*byte)(p))
	store64(dst, 0, textFalse^(textFalse^textTrue)&-set)
	return 5 - int(set)
}
