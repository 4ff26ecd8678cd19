// Package flat turns Go values into bytes and back by plans that are made once for a type.
//
// The bytes of a value are a tag of its shape and then what its memory holds, in order, without names: scalars as they
// are, adjacent ones in one piece; counts before strings and elements. Elements that are nothing but scalars stand at
// their alignment, so that a value that is read can use them, and strings, where they are.
//
// Nothing that is read is trusted: bytes that no value has are refused, at the latest where they end.
package flat

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// A Plan says how values of one type become bytes. It may be used by many goroutines at once.
type Plan struct {
	root   *node
	tag    uint32
	shape  string
	shares bool
}

// format is the version of what values of a shape look like.
const format = "tandem flat 2 "

const tagSize = 4

// Of returns the plan of a type, or an error that says which part of it has no bytes.
func Of(t reflect.Type) (*Plan, error) {
	p := planner{nodes: map[reflect.Type]*node{}}
	root, err := p.node(t)
	if err == nil {
		err = p.finish(root)
	}
	if err != nil {
		return nil, fmt.Errorf("%v can't be stored: %w", t, err)
	}
	hash := sha256.Sum256([]byte(format + p.shape(t)))
	return &Plan{
		root:   root,
		tag:    binary.LittleEndian.Uint32(hash[:]),
		shape:  hex.EncodeToString(hash[:8]),
		shares: p.shares,
	}, nil
}

// Shape is the same for types that have their values' bytes in common, and else most likely another.
func (p *Plan) Shape() string { return p.shape }

// Shares tells whether values use the bytes that they are read from.
func (p *Plan) Shares() bool { return p.shares }

// errDeep is of a value that goes on for ever, too.
var errDeep = errors.New("it contains itself, or is nested more than 10000 levels deep")

const maxDepth = 10_000

// Append appends the bytes of a value of the plan's type to dst. On an error, it returns dst as it was.
func (p *Plan) Append(dst []byte, value unsafe.Pointer) ([]byte, error) {
	e := encoder{dst: binary.LittleEndian.AppendUint32(dst, p.tag), base: len(dst)}
	if err := e.append(p.root.ops, value); err != nil {
		return dst, err
	}
	return e.dst, nil
}

// Fill sets the value of the plan's type to what data are the bytes of, or returns false and leaves something in it. If
// the plan shares, data must begin where 8 divides the address, and belong to the value alone from then on.
func (p *Plan) Fill(data []byte, value unsafe.Pointer) bool {
	if len(data) < tagSize || binary.LittleEndian.Uint32(data) != p.tag {
		return false
	}
	d := decoder{data: data, at: tagSize}
	return d.fill(p.root.ops, value) && d.at == len(data)
}

// FillFromStack is Fill for data that may be on the stack. The plan must not share.
func (p *Plan) FillFromStack(data []byte, value unsafe.Pointer) bool {
	start := hidden(unsafe.Pointer(unsafe.SliceData(data)))
	return p.Fill(unsafe.Slice((*byte)(start), len(data)), value)
}

// hidden returns p without the compiler seeing that it is p, so that what p points to may be on the stack. Whoever uses
// it must neither keep it nor store it on the heap, where it would not follow a stack that moves; what lies behind the
// pointers there is on the heap, as the compiler sees that anyMap keeps such.
//
//go:nosplit
func hidden(p unsafe.Pointer) unsafe.Pointer {
	address := uintptr(p)
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

// A sliceHeader is how a slice lies in memory.
type sliceHeader struct {
	data unsafe.Pointer
	len  int
	cap  int
}

// nothing is where slices and pointers point to that have nothing behind them.
var nothing struct{}
