//go:build cgo

package json

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// Marshal returns the JSON encoding of v, as [json.Marshal] of encoding/json does.
func Marshal(v any) ([]byte, error) {
	b, err := marshal(v, ffi.EncodeEscapeHTML, 0)
	if isForeign(err) {
		return json.Marshal(v)
	}
	if err != nil {
		return nil, err
	}
	text := append(make([]byte, 0, len(b.out)), b.out...)
	b.release()
	return text, nil
}

// MarshalIndent is like [Marshal] but indents the output, as [json.MarshalIndent] of encoding/json does.
func MarshalIndent(v any, prefix, indent string) ([]byte, error) {
	text, err := Marshal(v)
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	if err := Indent(&indented, text, prefix, indent); err != nil {
		return nil, err
	}
	return indented.Bytes(), nil
}

// marshal encodes v, which lies that deep within a document, and returns buffers whose out is the text. The error is
// foreign or that of a method of the user's.
func marshal(v any, flags uint32, depth int) (*buffers, error) {
	t := reflect.TypeOf(v)
	if t == nil {
		b := takeBuffers(0)
		b.out = append(b.out[:0], "null"...)
		return b, nil
	}
	plan := encodePlanOf(t)
	if plan == nil || plan.handOver.Load() > 0 && plan.handOver.Add(-1) >= 0 {
		return nil, errForeign
	}
	e := (*eface)(unsafe.Pointer(&v))
	p := e.data
	if plan.direct {
		p = unsafe.Pointer(&e.data)
	}
	b := takeBuffers(int(plan.size.Load()))
	g := gatherer{words: b.words[:0], text: b.text[:0], raw: b.raw[:0], flags: flags, depth: depth}
	err := g.gather(plan.root, p)
	runtime.KeepAlive(v)
	// If a method of the user's panics, the buffers are lost to the pool, and that is all.
	b.words, b.text, b.raw = g.words[:cap(g.words)], g.text[:cap(g.text)], g.raw[:cap(g.raw)]
	switch {
	case err == nil && len(g.text) > math.MaxUint32:
		// Lengths in heads have 32 bits.
		err = errForeign
	case err == nil:
		err = b.render(plan, g.words, g.text, flags)
	case !isForeign(err) && !g.rawIsValid():
		// A fault before the one that was found.
		err = errForeign
	}
	if err == errDeep && g.called {
		plan.handOver.Store(handOver)
	}
	if err != nil {
		b.release()
		return nil, err
	}
	plan.size.Store(int64(len(b.out)))
	return b, nil
}

// render has Rust write the text of a run into b.out.
func (b *buffers) render(plan *encodePlan, words []uint64, text []byte, flags uint32) error {
	// Names and punctuation are not in the run: a guess, doubled until it is enough.
	for size := max(cap(b.out), 16*len(words)+2*len(text)+64); ; size *= 2 {
		if cap(b.out) < size {
			b.out = make([]byte, size)
		}
		length, status := plan.shape.Encode(words, text, flags, b.out)
		switch status {
		case ffi.OK:
			b.out = b.out[:length]
			return nil
		case ffi.BufferTooSmall:
		default:
			return errForeign
		}
	}
}

// Either ends gathering: encoding/json takes over, which gives the error or the value.
var (
	errForeign = errors.New("left to encoding/json")
	errDeep    = errors.New("left to encoding/json for its depth")
)

func isForeign(err error) bool { return err == errForeign || err == errDeep }

// handOver is how many values of a type are left to encoding/json at once after one was, for its depth, when methods
// had been called for it already. They are called again then, and if they encode what is below them, twice as often with
// each level; but not if the levels below are handed over at once.
const handOver = 1000

// maxDepth bounds the nesting of values that are gathered here. Deeper ones may be cycles, which encoding/json finds.
const maxDepth = 256

// A gatherer collects the values of a document in the order of their shape.
type gatherer struct {
	words []uint64
	text  []byte
	// Where in text each result of MarshalJSON begins and ends: until rendering, nobody knows whether it is JSON.
	raw    []int
	called bool // methods of the user's may have been called
	flags  uint32
	depth  int
}

// rawIsValid reports whether all results of MarshalJSON are JSON.
func (g *gatherer) rawIsValid() bool {
	for i := 0; i < len(g.raw); i += 2 {
		if !ffi.JSONValid(g.text[g.raw[i]:g.raw[i+1]]) {
			return false
		}
	}
	return true
}

func (g *gatherer) word(w uint64) { g.words = append(g.words, w) }

// head begins a value whose kind the shape leaves open.
func (g *gatherer) head(payload int, tag uint64) { g.word(uint64(payload)<<32 | tag<<1) }

func (g *gatherer) string(s string) {
	g.word(uint64(len(s)))
	g.text = append(g.text, s...)
}

// enter counts the nesting; leave undoes it.
func (g *gatherer) enter() error {
	if g.depth++; g.depth > maxDepth {
		return errDeep
	}
	return nil
}

func (g *gatherer) leave() { g.depth-- }

// gather collects the value at p.
func (g *gatherer) gather(n *encodeNode, p unsafe.Pointer) error {
	switch n.kind {
	case encodeBool, encodeWord8:
		g.word(uint64(*(*uint8)(p)))
	case encodeInt8:
		g.word(uint64(*(*int8)(p)))
	case encodeInt16:
		g.word(uint64(*(*int16)(p)))
	case encodeInt32:
		g.word(uint64(*(*int32)(p)))
	case encodeWord16:
		g.word(uint64(*(*uint16)(p)))
	case encodeWord32:
		g.word(uint64(*(*uint32)(p)))
	case encodeWord64:
		g.word(*(*uint64)(p))
	case encodeFloat32:
		return g.float(float64(*(*float32)(p)))
	case encodeFloat64:
		return g.float(*(*float64)(p))
	case encodeString:
		g.string(*(*string)(p))
	case encodeNumber:
		number, err := validNumber(*(*string)(p))
		g.string(number)
		return err
	case encodeBytes:
		if b := *(*[]byte)(p); b == nil {
			g.word(0)
		} else {
			g.word(uint64(len(b)) + 1)
			g.text = append(g.text, b...)
		}
	case encodeTime:
		before := len(g.text)
		if err := g.time(*(*time.Time)(p)); err != nil {
			return err
		}
		g.word(uint64(len(g.text) - before))
	case encodeMarshaler:
		return g.marshalJSON(n, p)
	case encodeTextMarshaler:
		return g.marshalText(n, p)
	case encodeInterface:
		return g.gatherInterface(n, p)
	case encodePointer:
		target := *(*unsafe.Pointer)(p)
		if target == nil {
			g.word(0)
			return nil
		}
		g.word(1)
		if err := g.enter(); err != nil {
			return err
		}
		err := g.gather(n.elem, target)
		g.leave()
		return err
	case encodeSlice:
		s := (*sliceHeader)(p)
		if s.data == nil {
			g.word(0)
			return nil
		}
		return g.gatherElements(n.elem, s.data, s.len)
	case encodeArray:
		return g.gatherElements(n.elem, p, n.length)
	case encodeMap:
		return g.gatherMap(n, p)
	case encodeStringMap:
		return g.gatherStringMap(*(*map[string]string)(p))
	case encodeStruct:
		return g.gatherStruct(n, p)
	default:
		return errForeign
	}
	return nil
}

func (g *gatherer) float(f float64) error {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return errForeign
	}
	g.word(math.Float64bits(f))
	return nil
}

func (g *gatherer) gatherElements(elem *encodeNode, p unsafe.Pointer, count int) error {
	g.word(uint64(count) + 1)
	if err := g.enter(); err != nil {
		return err
	}
	for i := range count {
		if err := g.gather(elem, unsafe.Add(p, uintptr(i)*elem.size)); err != nil {
			return err
		}
	}
	g.leave()
	return nil
}

func (g *gatherer) gatherStruct(n *encodeNode, p unsafe.Pointer) error {
fields:
	for i := range n.fields {
		f := &n.fields[i]
		at := p
		for _, hop := range f.hops {
			at = *(*unsafe.Pointer)(unsafe.Add(at, hop))
			if at == nil {
				g.word(0)
				continue fields
			}
		}
		at = unsafe.Add(at, f.offset)
		if f.optional {
			if f.omit != nil && f.omit(at) {
				g.word(0)
				continue
			}
			g.word(1)
		}
		if err := g.gather(f.node, at); err != nil {
			return err
		}
	}
	return nil
}

// A mapEntry is a member of a map on its way to its place in order.
type mapEntry struct {
	name  string
	value reflect.Value
}

func (g *gatherer) gatherMap(n *encodeNode, p unsafe.Pointer) error {
	m := valueAt(n.pointer, p)
	if m.IsNil() {
		g.word(0)
		return nil
	}
	if err := g.enter(); err != nil {
		return err
	}
	entries := make([]mapEntry, 0, m.Len())
	for members := m.MapRange(); members.Next(); {
		g.called = g.called || n.textKey
		name, err := mapName(n, members.Key())
		if err != nil {
			return err
		}
		entries = append(entries, mapEntry{name, members.Value()})
	}
	slices.SortFunc(entries, func(a, b mapEntry) int { return strings.Compare(a.name, b.name) })
	g.word(uint64(len(entries)) + 1)
	// Values of maps have no address: each is copied to where it has one.
	elem := reflect.New(n.elem.typ)
	for _, entry := range entries {
		g.string(entry.name)
		elem.Elem().Set(entry.value)
		if err := g.gather(n.elem, elem.UnsafePointer()); err != nil {
			return err
		}
	}
	g.leave()
	return nil
}

// gatherStringMap is gatherMap without reflection, and for small maps without allocations.
func (g *gatherer) gatherStringMap(m map[string]string) error {
	if m == nil {
		g.word(0)
		return nil
	}
	if err := g.enter(); err != nil {
		return err
	}
	type member struct{ name, value string }
	var few [16]member
	members := few[:0]
	if len(m) > len(few) {
		members = make([]member, 0, len(m))
	}
	for name, value := range m {
		members = append(members, member{name, value})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	g.word(uint64(len(members)) + 1)
	for _, member := range members {
		g.string(member.name)
		g.string(member.value)
	}
	g.leave()
	return nil
}

// mapName is the member name of a map's key.
func mapName(n *encodeNode, key reflect.Value) (string, error) {
	switch k := key.Kind(); {
	case k == reflect.String:
		return key.String(), nil
	case n.textKey:
		if k == reflect.Pointer && key.IsNil() {
			return "", nil
		}
		marshaler, ok := key.Interface().(encoding.TextMarshaler)
		if !ok {
			return "", errForeign
		}
		text, err := marshaler.MarshalText()
		if err != nil {
			return "", errForeign
		}
		return string(text), nil
	case key.CanInt():
		return strconv.FormatInt(key.Int(), 10), nil
	default:
		return strconv.FormatUint(key.Uint(), 10), nil
	}
}

// validNumber checks what a Number holds, which is written as it is; none is 0.
func validNumber(n string) (string, error) {
	if n == "" {
		return "0", nil
	}
	rest := strings.TrimPrefix(n, "-")
	whole := trimDigits(rest)
	valid := len(whole) < len(rest) && (rest[0] != '0' || len(whole) == len(rest)-1)
	if fraction, ok := strings.CutPrefix(whole, "."); ok {
		whole = trimDigits(fraction)
		valid = valid && len(whole) < len(fraction)
	}
	if whole != "" && whole[0]|0x20 == 'e' {
		exponent := whole[1:]
		if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
			exponent = exponent[1:]
		}
		whole = trimDigits(exponent)
		valid = valid && len(whole) < len(exponent)
	}
	if !valid || whole != "" {
		return "", errForeign
	}
	return n, nil
}

func trimDigits(s string) string { return strings.TrimLeft(s, "0123456789") }

// time appends a time in its JSON form, without quotes, unless it has none.
func (g *gatherer) time(t time.Time) error {
	text, err := t.AppendText(g.text)
	if err != nil {
		return errForeign
	}
	g.text = text
	return nil
}

// receiver returns the value at p as an interface that has the methods of its pointer, or nil for what encoding/json
// writes as null: nil pointers and interfaces.
func receiver(n *encodeNode, p unsafe.Pointer) any {
	switch n.typ.Kind() {
	case reflect.Pointer:
		v := valueAt(n.pointer, p)
		if v.IsNil() {
			return nil
		}
		return v.Interface()
	case reflect.Interface:
		return valueAt(n.pointer, p).Interface()
	default:
		return pointerTo(n.pointer, p)
	}
}

func (g *gatherer) marshalJSON(n *encodeNode, p unsafe.Pointer) error {
	v := receiver(n, p)
	if v == nil {
		g.string("null")
		return nil
	}
	g.called = true
	text, err := v.(json.Marshaler).MarshalJSON()
	if err != nil {
		return methodError(n, failedJSON{err})
	}
	g.raw = append(g.raw, len(g.text), len(g.text)+len(text))
	g.word(uint64(len(text)))
	g.text = append(g.text, text...)
	return nil
}

func (g *gatherer) marshalText(n *encodeNode, p unsafe.Pointer) error {
	v := receiver(n, p)
	if v == nil {
		g.word(0)
		return nil
	}
	g.called = true
	text, err := v.(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return methodError(n, failedText{err})
	}
	g.word(uint64(len(text)) + 1)
	g.text = append(g.text, text...)
	return nil
}

// methodError is the error of encoding/json for a method that failed. The method is not called again for it: methods
// that encode what is below them would be called twice as often with each level.
func methodError(n *encodeNode, failed any) error {
	_, err := json.Marshal(failed)
	if wrapped, ok := err.(*json.MarshalerError); ok {
		wrapped.Type = n.typ
	}
	return err
}

// Both fail with the error that they hold.
type (
	failedJSON struct{ err error }
	failedText struct{ err error }
)

func (f failedJSON) MarshalJSON() ([]byte, error) { return nil, f.err }
func (f failedText) MarshalText() ([]byte, error) { return nil, f.err }

func (g *gatherer) gatherInterface(n *encodeNode, p unsafe.Pointer) error {
	if n.typ.NumMethod() == 0 {
		return g.any(*(*any)(p))
	}
	return g.any(valueAt(n.pointer, p).Interface())
}

// any collects a value of whatever type.
func (g *gatherer) any(v any) error {
	switch v := v.(type) {
	case nil:
		g.word(1)
	case bool:
		n := 0
		if v {
			n = 1
		}
		g.head(n, tagBool)
	case string:
		g.tagged(v, tagString)
	case float64:
		g.head(0, tagFloat)
		return g.float(v)
	case int:
		g.head(0, tagInt)
		g.word(uint64(v))
	case int64:
		g.head(0, tagInt)
		g.word(uint64(v))
	case json.Number:
		number, err := validNumber(string(v))
		g.tagged(number, tagNumber)
		return err
	case time.Time:
		before := len(g.text)
		err := g.time(v)
		g.head(len(g.text)-before, tagString)
		return err
	case []any:
		return g.anySlice(v)
	case map[string]any:
		return g.anyMap(v)
	default:
		return g.document(v)
	}
	return nil
}

// document collects a value as a document within the document.
func (g *gatherer) document(v any) error {
	if err := g.enter(); err != nil {
		return err
	}
	g.called = true
	b, err := marshal(v, g.flags, g.depth)
	if err != nil {
		return err
	}
	g.leave()
	g.head(len(b.out), tagRendered)
	g.text = append(g.text, b.out...)
	b.release()
	return nil
}

func (g *gatherer) tagged(s string, tag uint64) {
	g.head(len(s), tag)
	g.text = append(g.text, s...)
}

func (g *gatherer) anySlice(a []any) error {
	if a == nil {
		g.word(1)
		return nil
	}
	if err := g.enter(); err != nil {
		return err
	}
	g.head(len(a), tagArray)
	for _, v := range a {
		if err := g.any(v); err != nil {
			return err
		}
	}
	g.leave()
	return nil
}

func (g *gatherer) anyMap(m map[string]any) error {
	if m == nil {
		g.word(1)
		return nil
	}
	if err := g.enter(); err != nil {
		return err
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	g.head(len(names), tagObject)
	for _, name := range names {
		g.string(name)
		if err := g.any(m[name]); err != nil {
			return err
		}
	}
	g.leave()
	return nil
}
