//go:build cgo

package json

import (
	"encoding/binary"
	"reflect"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Kinds of the nodes of a shape; docs/run.md says what each means.
const (
	shapeBool = iota
	shapeInt
	shapeUint
	shapeFloat
	shapeString
	shapeBytes
	shapeNumber
	shapeRaw
	shapeText
	shapeAny
	shapeArray
	shapeMap
	shapeStruct
	shapeOptional
	shapeNull
)

// Tags of values whose kind the shape leaves open.
const (
	tagBool = iota + 1
	tagFloat
	tagNumber
	tagString
	tagArray
	tagObject
)

// A shapeBuilder collects the nodes of a shape and writes its description.
type shapeBuilder struct{ nodes []shapeNode }

type shapeNode struct {
	kind, flags, a, b uint32
	fields            []shapeField
}

type shapeField struct {
	name     string
	node     int
	optional bool
}

// add reserves a node, so that recursive types can refer to it before it is complete.
func (b *shapeBuilder) add(node shapeNode) int {
	b.nodes = append(b.nodes, node)
	return len(b.nodes) - 1
}

func (b *shapeBuilder) build() (ffi.Shape, error) {
	put := binary.LittleEndian.AppendUint32
	description := put(nil, uint32(len(b.nodes)))
	for _, n := range b.nodes {
		description = put(put(put(description, n.kind), n.flags), n.a)
		if n.kind != shapeStruct {
			description = put(description, n.b)
			continue
		}
		description = put(description, uint32(len(n.fields)))
		for _, f := range n.fields {
			optional := uint32(0)
			if f.optional {
				optional = 1
			}
			description = put(put(put(description, uint32(f.node)), optional), uint32(len(f.name)))
			description = append(description, f.name...)
		}
	}
	return ffi.NewShape(description)
}

// numberShape is the node of an integer or float kind.
func numberShape(k reflect.Kind, size uintptr) shapeNode {
	node := shapeNode{kind: shapeFloat, a: uint32(size * 8)}
	switch {
	case k >= reflect.Int && k <= reflect.Int64:
		node.kind = shapeInt
	case k >= reflect.Uint && k <= reflect.Uintptr:
		node.kind = shapeUint
	}
	return node
}

// An eface is how an empty interface lies in memory: this is what makes it possible to view the memory of a
// field as a value of its type without copying it, by nothing but conversions that package unsafe documents
// and the fact, as old as Go 1.4, that an interface of a pointer type holds just that pointer.
type eface struct {
	typ  unsafe.Pointer
	data unsafe.Pointer
}

// typeWord returns what an interface that holds a t has for its type.
func typeWord(t reflect.Type) unsafe.Pointer {
	v := reflect.Zero(t).Interface()
	return (*eface)(unsafe.Pointer(&v)).typ
}

// pointerTo returns p as an interface of the pointer type whose word is given.
func pointerTo(word, p unsafe.Pointer) any {
	var v any
	*(*eface)(unsafe.Pointer(&v)) = eface{word, p}
	return v
}

// valueAt returns the value at p, addressable, given the word of its pointer type.
func valueAt(word, p unsafe.Pointer) reflect.Value { return reflect.ValueOf(pointerTo(word, p)).Elem() }

var stringType = reflect.TypeFor[string]()

// isStringMap reports whether a type lies in memory as map[string]string, which needs no reflection.
func isStringMap(t reflect.Type) bool { return t.Key() == stringType && t.Elem() == stringType }

// A stringHeader is how a string lies in memory.
type stringHeader struct {
	data unsafe.Pointer
	len  int
}

// A sliceHeader is how a slice lies in memory.
type sliceHeader struct {
	data unsafe.Pointer
	len  int
	cap  int
}
