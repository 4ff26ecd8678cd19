package flat

import (
	"encoding"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"unsafe"
)

// methods are those by which values of a type that can't be stored as they are turn themselves into bytes and back.
// They are called with pointers to values.
type methods struct {
	name   string
	append func(value any, dst []byte) ([]byte, error)
	set    func(value any, data []byte) error
}

// methodsHead is the size of the length of what they make.
const methodsHead = 4

// methodsOf returns the methods of a type, if it has some: binary ones before those for text, and these before JSON.
func methodsOf(t reflect.Type) *methods {
	pointer := reflect.PointerTo(t)
	has := func(interfaces ...reflect.Type) bool {
		for _, i := range interfaces {
			if !pointer.Implements(i) {
				return false
			}
		}
		return true
	}
	switch {
	case has(reflect.TypeFor[encoding.BinaryAppender](), reflect.TypeFor[encoding.BinaryUnmarshaler]()):
		return &methods{"binary", appendBinary, setBinary}
	case has(reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler]()):
		return &methods{"binary", marshalBinary, setBinary}
	case has(reflect.TypeFor[encoding.TextAppender](), reflect.TypeFor[encoding.TextUnmarshaler]()):
		return &methods{"text", appendText, setText}
	case has(reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()):
		return &methods{"text", marshalText, setText}
	case has(reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler]()):
		return &methods{"json", marshalJSON, setJSON}
	}
	return nil
}

func appendBinary(value any, dst []byte) ([]byte, error) {
	return value.(encoding.BinaryAppender).AppendBinary(dst)
}

func marshalBinary(value any, dst []byte) ([]byte, error) {
	data, err := value.(encoding.BinaryMarshaler).MarshalBinary()
	return append(dst, data...), err
}

func setBinary(value any, data []byte) error {
	return value.(encoding.BinaryUnmarshaler).UnmarshalBinary(data)
}

func appendText(value any, dst []byte) ([]byte, error) {
	return value.(encoding.TextAppender).AppendText(dst)
}

func marshalText(value any, dst []byte) ([]byte, error) {
	data, err := value.(encoding.TextMarshaler).MarshalText()
	return append(dst, data...), err
}

func setText(value any, data []byte) error {
	return value.(encoding.TextUnmarshaler).UnmarshalText(data)
}

func marshalJSON(value any, dst []byte) ([]byte, error) {
	data, err := value.(json.Marshaler).MarshalJSON()
	return append(dst, data...), err
}

func setJSON(value any, data []byte) error { return value.(json.Unmarshaler).UnmarshalJSON(data) }

// methods appends what the methods of its type make of a value.
func (e *encoder) methods(n *node, from unsafe.Pointer) error {
	// They get a copy, as from may point to the stack.
	value := reflect.New(n.typ)
	value.Elem().Set(reflect.NewAt(n.typ, hidden(from)).Elem())
	start := len(e.dst) + methodsHead
	dst, err := n.methods.append(value.Interface(), append(e.dst, make([]byte, methodsHead)...))
	if err != nil {
		return fmt.Errorf("the %s form of a %v: %w", n.methods.name, n.typ, err)
	}
	if len(dst) < start || len(dst)-start > math.MaxUint32 {
		return errors.New("a " + n.typ.String() + " appends what is no " + n.methods.name + " form")
	}
	binary.LittleEndian.PutUint32(dst[start-methodsHead:], uint32(len(dst)-start))
	e.dst = dst
	return nil
}

func (d *decoder) methods(n *node, to unsafe.Pointer) bool {
	if len(d.data)-d.at < methodsHead {
		return false
	}
	length := uint64(binary.LittleEndian.Uint32(d.data[d.at:]))
	d.at += methodsHead
	if length > uint64(len(d.data)-d.at) {
		return false
	}
	end := d.at + int(length)
	value := reflect.New(n.typ)
	if n.methods.set(value.Interface(), d.data[d.at:end:end]) != nil {
		return false
	}
	d.at = end
	reflect.NewAt(n.typ, hidden(to)).Elem().Set(value.Elem())
	return true
}
