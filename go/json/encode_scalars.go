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
		dst, p := r.end(), unsafe.Add(p, uintptr(from)*elem.size)
		switch elem.kind {
		case encodeBool:
			for i := range n {
				*(*byte)(dst) = ','
				dst = unsafe.Add(dst, 1+putBool(unsafe.Add(dst, 1), unsafe.Add(p, i)))
			}
		case encodeInt8:
			dst = putInts[int8](dst, p, n)
		case encodeInt16:
			dst = putInts[int16](dst, p, n)
		case encodeInt32:
			dst = putInts[int32](dst, p, n)
		case encodeInt64:
			dst = putInts[int64](dst, p, n)
		case encodeUint8:
			dst = putUints[uint8](dst, p, n)
		case encodeUint16:
			dst = putUints[uint16](dst, p, n)
		case encodeUint32:
			dst = putUints[uint32](dst, p, n)
		case encodeUint64:
			dst = putUints[uint64](dst, p, n)
		case encodeFloat32:
			dst = putFloats[float32](dst, p, n, true)
		case encodeFloat64:
			dst = putFloats[float64](dst, p, n, false)
		}
		if dst == nil {
			return false
		}
		r.upTo(dst)
	}
	return true
}

// putInts, putUints and putFloats write n numbers that lie one behind the other from p on, each behind a comma. They return where the
// text goes on; nil if a number has no JSON form.
func putInts[T int8 | int16 | int32 | int64](dst, p unsafe.Pointer, n int) unsafe.Pointer {
	for _, v := range unsafe.Slice((*T)(p), n) {
		*(*byte)(dst) = ','
		dst = unsafe.Add(dst, 1+putInt(unsafe.Add(dst, 1), int64(v)))
	}
	return dst
}

func putUints[T uint8 | uint16 | uint32 | uint64](dst, p unsafe.Pointer, n int) unsafe.Pointer {
	for _, v := range unsafe.Slice((*T)(p), n) {
		*(*byte)(dst) = ','
		dst = unsafe.Add(dst, 1+putUint(unsafe.Add(dst, 1), uint64(v)))
	}
	return dst
}

func putFloats[T float32 | float64](dst, p unsafe.Pointer, n int, single bool) unsafe.Pointer {
	for _, f := range unsafe.Slice((*T)(p), n) {
		if !isFinite(float64(f)) {
			return nil
		}
		*(*byte)(dst) = ','
		dst = unsafe.Add(dst, 1+putFloat(unsafe.Add(dst, 1), float64(f), single))
	}
	return dst
}

// putBool writes the boolean at p to dst and returns its length, without a branch, as nobody can tell which it is.
func putBool(dst, p unsafe.Pointer) int {
	set := uint64(*(*byte)(p))
	store64(dst, 0, textFalse^(textFalse^textTrue)&-set)
	return 5 - int(set)
}
