//go:build cgo

package json

import (
	"encoding/json"
	"reflect"
	"unsafe"
)

// A mapAccess reads and fills the maps of one type, as reflection does for those of any type in three times the time. There is one for
// common types; that others lie in memory alike is nothing that Go promises.
type mapAccess struct {
	elem reflect.Type
	// read copies the members of the map at m to keys and values, which have room for count of them, and returns how many there were.
	// Only if the map changes meanwhile, these are not count.
	read func(m unsafe.Pointer, keys mapKeys, values unsafe.Pointer, count int) int
	// few writes the map at m, which has at most fewMembers, whose values are strings or scalars.
	few func(r *renderer, n *encodeNode, m unsafe.Pointer) error
	// make stores a map for count members at m.
	make func(m unsafe.Pointer, count int)
	// set stores the value at elem under a key, which is a string or a word, in the map at m, and clears elem.
	set func(m unsafe.Pointer, text string, word uint64, elem unsafe.Pointer)
	// fill stores the next members of a run in the map at m, where both key and value are known for what they are here: nil for others.
	fill func(f *filler, m unsafe.Pointer, count int)
}

// mapKeys are the keys of a map, as strings or as words.
type mapKeys struct {
	texts []string
	words []uint64
}

// accessOf returns how a type's maps are accessed without reflection, or nil.
func accessOf(t reflect.Type) *mapAccess {
	switch t.Key() {
	case stringType:
		return find(t.Elem(), textAccess[bool], textAccess[int], textAccess[int32], textAccess[int64], textAccess[uint], textAccess[uint32],
			textAccess[uint64], textAccess[float32], textAccess[float64], textAccess[[]byte], textAccess[[]string], textAccess[[]int],
			textAccess[[]int64], textAccess[[]float64], textAccess[[]any], textAccess[[]map[string]any], textAccess[map[string]any],
			textAccess[map[string]string], textAccess[json.RawMessage], textAccess[json.Number])
	case reflect.TypeFor[int]():
		return byWord[int](t.Elem())
	case reflect.TypeFor[int32]():
		return byWord[int32](t.Elem())
	case reflect.TypeFor[int64]():
		return byWord[int64](t.Elem())
	case reflect.TypeFor[uint]():
		return byWord[uint](t.Elem())
	case reflect.TypeFor[uint32]():
		return byWord[uint32](t.Elem())
	case reflect.TypeFor[uint64]():
		return byWord[uint64](t.Elem())
	}
	return nil
}

func byWord[K wordKey](elem reflect.Type) *mapAccess {
	return find(elem, wordAccess[K, bool], wordAccess[K, int], wordAccess[K, int64], wordAccess[K, float64], wordAccess[K, string],
		wordAccess[K, []string], wordAccess[K, any])
}

func find(elem reflect.Type, accesses ...func() *mapAccess) *mapAccess {
	for _, access := range accesses {
		if a := access(); a.elem == elem {
			return a
		}
	}
	return nil
}

func textAccess[V any]() *mapAccess {
	return &mapAccess{
		elem: reflect.TypeFor[V](),
		read: func(m unsafe.Pointer, keys mapKeys, values unsafe.Pointer, count int) int {
			texts, elems, i := keys.texts[:count], unsafe.Slice((*V)(values), count), 0
			for key, value := range *(*map[string]V)(m) {
				if i < len(texts) && i < len(elems) {
					texts[i], elems[i] = key, value
				}
				i++
			}
			return i
		},
		few: func(r *renderer, n *encodeNode, m unsafe.Pointer) error {
			return writeFewPlain(r, *(*map[string]V)(m), n.elem)
		},
		make: func(m unsafe.Pointer, count int) { *(*map[string]V)(m) = make(map[string]V, count) },
		set: func(m unsafe.Pointer, text string, _ uint64, elem unsafe.Pointer) {
			var none V
			(*(*map[string]V)(m))[text] = *(*V)(elem)
			*(*V)(elem) = none
		},
		fill: fillByText[V](),
	}
}

func fillByText[V any]() func(*filler, unsafe.Pointer, int) {
	switch t := reflect.TypeFor[V](); {
	case isWord(t):
		return func(f *filler, p unsafe.Pointer, count int) {
			m := *(*map[string]V)(p)
			for range count {
				key := f.string(int(f.next()))
				word := f.wordOrNull()
				m[key] = *(*V)(unsafe.Pointer(&word))
			}
		}
	case t.Kind() == reflect.Bool:
		return func(f *filler, p unsafe.Pointer, count int) {
			m := *(*map[string]bool)(p)
			for range count {
				key := f.string(int(f.next()))
				m[key] = payload(f.next()) != 0 // null has none
			}
		}
	}
	return nil
}

func fillByWord[K wordKey, V any]() func(*filler, unsafe.Pointer, int) {
	switch t := reflect.TypeFor[V](); {
	case isWord(t):
		return func(f *filler, p unsafe.Pointer, count int) {
			m := *(*map[K]V)(p)
			for range count {
				key := K(f.next())
				word := f.wordOrNull()
				m[key] = *(*V)(unsafe.Pointer(&word))
			}
		}
	case t == stringType:
		return func(f *filler, p unsafe.Pointer, count int) {
			m := *(*map[K]string)(p)
			for range count {
				key := K(f.next())
				m[key] = f.string(payload(f.next())) // null has none
			}
		}
	}
	return nil
}

// isWord reports whether a value of a type lies in memory as the first bytes of its word do, the lowest ones.
func isWord(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64, reflect.Float64:
		return true
	}
	return false
}

// wordOrNull returns the word of the number that is next, 0 if that is null.
func (f *filler) wordOrNull() uint64 {
	if isNull(f.next()) {
		return 0
	}
	return f.next()
}

type wordKey interface {
	int | int32 | int64 | uint | uint32 | uint64
}

func wordAccess[K wordKey, V any]() *mapAccess {
	return &mapAccess{
		elem: reflect.TypeFor[V](),
		read: func(m unsafe.Pointer, keys mapKeys, values unsafe.Pointer, count int) int {
			words, elems, i := keys.words[:count], unsafe.Slice((*V)(values), count), 0
			for key, value := range *(*map[K]V)(m) {
				if i < len(words) && i < len(elems) {
					words[i], elems[i] = uint64(key), value
				}
				i++
			}
			return i
		},
		few: func(r *renderer, n *encodeNode, m unsafe.Pointer) error {
			var few fewNames
			var values [fewMembers]V
			count := 0
			for key, value := range *(*map[K]V)(m) {
				if count == fewMembers {
					return errForeign // it changes meanwhile
				}
				few.names[count] = n.keys.nameOf(uint64(key), unsafe.Pointer(&r.digits[count]))
				values[count] = value
				count++
			}
			return r.plainMembers(&few, count, n.elem, unsafe.Pointer(&values))
		},
		make: func(m unsafe.Pointer, count int) { *(*map[K]V)(m) = make(map[K]V, count) },
		set: func(m unsafe.Pointer, _ string, word uint64, elem unsafe.Pointer) {
			var none V
			(*(*map[K]V)(m))[K(word)] = *(*V)(elem)
			*(*V)(elem) = none
		},
		fill: fillByWord[K, V](),
	}
}
