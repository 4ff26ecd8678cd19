package json

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
)

// hiddenName is a name that no field has: tags can't have it, and identifiers neither.
func hiddenName(length int) []byte { return bytes.Repeat([]byte{'\''}, length) }

// A nameHider replaces the names of members that are not exactly those of fields, since encoding/json would find fields for
// some of them. Nothing changes its place.
type nameHider struct {
	text  []byte
	at    int
	first string // the first that was replaced, as it stands in the text
}

// hide returns the text as it is to be decoded into v. It is valid.
func (h *nameHider) hide(text []byte, v any) []byte {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return text
	}
	h.text = slices.Clone(text)
	h.value(target.Type(), target, true)
	return h.text
}

func (h *nameHider) space() byte {
	for h.text[h.at] <= ' ' {
		h.at++
	}
	return h.text[h.at]
}

// value passes the value that is next, which is decoded into a value of type t, or into nothing if that is nil. There may be one
// already, v. Methods of the pointer to it may count.
func (h *nameHider) value(t reflect.Type, v reflect.Value, methods bool) {
	for t != nil {
		if methods && (reflect.PointerTo(t).Implements(unmarshalerType) || reflect.PointerTo(t).Implements(textUnmarshalerType)) {
			t = nil
			break
		}
		switch {
		case t.Kind() == reflect.Pointer:
			methods = t.Name() == ""
			t = t.Elem()
			if v.IsValid() {
				v = v.Elem() // not valid if the pointer is nil
			}
			continue
		case t.Kind() == reflect.Interface && v.IsValid() && v.Elem().Kind() == reflect.Pointer && !v.Elem().IsNil():
			v = v.Elem()
			t, methods = v.Type(), false
			continue
		}
		break
	}
	switch c := h.space(); c {
	case '{':
		h.object(t, v)
	case '[':
		h.array(t, v)
	case '"':
		h.string()
	default:
		for h.at < len(h.text) && h.text[h.at] > ' ' && bytes.IndexByte([]byte(",]}"), h.text[h.at]) < 0 {
			h.at++
		}
	}
}

// string passes the string that is next, and returns where it is between its quotes.
func (h *nameHider) string() (start, end int) {
	start = h.at + 1
	for end = start; h.text[end] != '"'; end++ {
		if h.text[end] == '\\' {
			end++
		}
	}
	h.at = end + 1
	return start, end
}

func (h *nameHider) object(t reflect.Type, v reflect.Value) {
	var fields []structField
	isStruct := t != nil && t.Kind() == reflect.Struct
	if isStruct {
		fields = structFields(t)
	}
	h.at++
	for h.space() != '}' {
		start, end := h.string()
		raw := h.text[start:end]
		var elem reflect.Type
		var at reflect.Value
		switch {
		case isStruct:
			var name string
			if json.Unmarshal(h.text[start-1:end+1], &name) != nil {
				break
			}
			i := slices.IndexFunc(fields, func(f structField) bool { return f.name == name })
			if i >= 0 {
				elem, at = fields[i].typ(), fields[i].of(v)
				break
			}
			if h.first == "" {
				h.first = string(raw)
			}
			copy(raw, hiddenName(len(raw)))
		case t != nil && t.Kind() == reflect.Map:
			elem = t.Elem()
		}
		h.space()
		h.at++ // the colon
		h.value(elem, at, elem != nil && elem.Name() != "")
		if h.space() == ',' {
			h.at++
		}
	}
	h.at++
}

// of returns the field of a struct, not valid if that is not there.
func (f *structField) of(v reflect.Value) reflect.Value {
	for i, index := range f.index {
		if i > 0 && v.IsValid() && v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if !v.IsValid() {
			break
		}
		v = v.Field(index)
	}
	return v
}

func (h *nameHider) array(t reflect.Type, v reflect.Value) {
	var elem reflect.Type
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		elem = t.Elem()
	}
	count := 0
	if elem != nil && v.IsValid() {
		if t.Kind() == reflect.Slice {
			v = v.Slice(0, v.Cap()) // elements beyond the length are used again, too
		}
		count = v.Len()
	}
	h.at++
	for i := 0; h.space() != ']'; i++ {
		var at reflect.Value
		if i < count {
			at = v.Index(i)
		}
		if elem != nil && t.Kind() == reflect.Array && i >= t.Len() {
			elem = nil // more than there is room for
		}
		h.value(elem, at, elem != nil && elem.Name() != "")
		if h.space() == ',' {
			h.at++
		}
	}
	h.at++
}

var (
	unmarshalerType     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)
