package flat

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"time"
	"unsafe"
)

// anyTypes are those of which a value of type any may be. Their order is part of the format: new ones go to the end.
var anyTypes = []reflect.Type{
	stringType,
	reflect.TypeFor[bool](),
	reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](),
	reflect.TypeFor[int32](), reflect.TypeFor[int64](),
	reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](),
	reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[complex64](), reflect.TypeFor[complex128](),
	timeType, reflect.TypeFor[time.Duration](), reflect.TypeFor[json.Number](),
	reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any](),
	reflect.TypeFor[[]byte](), reflect.TypeFor[[]string](), reflect.TypeFor[[]bool](),
	reflect.TypeFor[[]int](), reflect.TypeFor[[]int64](), reflect.TypeFor[[]float64](),
	reflect.TypeFor[[]map[string]any](),
	reflect.TypeFor[map[string]string](), reflect.TypeFor[map[string]int](),
	reflect.TypeFor[map[string]bool](), reflect.TypeFor[map[string]float64](),
	reflect.TypeFor[map[string][]string](),
}

// What is known of these types. They are planned when the first value asks, as that takes some time.
type anyNodes struct {
	nodes   []*node
	numbers map[reflect.Type]int // plus 1
}

var anyPlans = sync.OnceValue(func() anyNodes {
	p := planner{nodes: map[reflect.Type]*node{}}
	plans := anyNodes{numbers: map[reflect.Type]int{}}
	// One root, so that what the types have in common is completed once.
	root := &node{typ: anyType}
	for i, t := range anyTypes {
		n, _ := p.node(t) // all of them can be stored
		plans.nodes = append(plans.nodes, n)
		plans.numbers[t] = i + 1
		root.parts = append(root.parts, field{node: n})
	}
	_ = p.finish(root)
	return plans
})

// any appends a value of a type that only it knows.
func (e *encoder) any(value any) error {
	if value == nil {
		e.dst = append(e.dst, 0)
		return nil
	}
	plans := anyPlans()
	t := reflect.TypeOf(value)
	number := plans.numbers[t]
	if number == 0 {
		return fmt.Errorf("a value of type any is a %v, which it can't be when it is stored", t)
	}
	e.dst = append(e.dst, byte(number))
	ops := plans.nodes[number-1].ops
	switch value := value.(type) {
	case string:
		e.text(value)
	case float64:
		return e.append(ops, unsafe.Pointer(&value))
	case []any:
		return e.append(ops, unsafe.Pointer(&value))
	case map[string]any:
		return e.append(ops, unsafe.Pointer(&value))
	default:
		stored := reflect.New(t)
		stored.Elem().Set(reflect.ValueOf(value))
		return e.append(ops, stored.UnsafePointer())
	}
	return nil
}

func (d *decoder) any() (any, bool) {
	if d.at >= len(d.data) || int(d.data[d.at]) > len(anyTypes) {
		return nil, false
	}
	number := int(d.data[d.at])
	d.at++
	if number == 0 {
		return nil, true
	}
	if anyTypes[number-1] == stringType {
		return box(d.text())
	}
	n := anyPlans().nodes[number-1]
	stored := reflect.New(n.typ)
	if !d.fill(n.ops, stored.UnsafePointer()) {
		return nil, false
	}
	return stored.Elem().Interface(), true
}

func box(text string, ok bool) (any, bool) { return text, ok }
