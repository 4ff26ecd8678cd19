package json

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// A structField is a field that takes part in a struct's JSON form, found by the rules of encoding/json: it
// may lie in embedded structs, of which path leads to it.
type structField struct {
	name   string
	tagged bool // name comes from the tag
	path   []reflect.StructField
	index  []int

	omitEmpty bool
	omitZero  bool
	quoted    bool // the `string` option, where it applies
}

// typ is the field's own type.
func (f *structField) typ() reflect.Type { return f.path[len(f.path)-1].Type }

// structFields returns the fields of struct type t in the order of their declaration.
//
// A name belongs to its shallowest field; among those of one depth to the one that is tagged; otherwise to none.
func structFields(t reflect.Type) []structField {
	var found []structField
	visited := map[reflect.Type]bool{}
	type embedded struct {
		typ  reflect.Type
		path []reflect.StructField
		idx  []int
		// Embedded more than once at its depth: then its fields hide each other.
		repeated bool
	}
	for level := []embedded{{typ: t}}; len(level) > 0; {
		var next []embedded
		for _, e := range level {
			if visited[e.typ] {
				continue
			}
			visited[e.typ] = true
			for i := range e.typ.NumField() {
				sf := e.typ.Field(i)
				if !takesPart(sf) {
					continue
				}
				tag := sf.Tag.Get("json")
				if tag == "-" {
					continue
				}
				name, options, _ := strings.Cut(tag, ",")
				if !isValidName(name) {
					name = ""
				}
				f := structField{
					name:      name,
					tagged:    name != "",
					path:      append(slices.Clone(e.path), sf),
					index:     append(slices.Clone(e.idx), i),
					omitEmpty: hasOption(options, "omitempty"),
					omitZero:  hasOption(options, "omitzero"),
				}
				target := sf.Type
				if target.Name() == "" && target.Kind() == reflect.Pointer {
					target = target.Elem()
				}
				if sf.Anonymous && name == "" && target.Kind() == reflect.Struct {
					at := slices.IndexFunc(next, func(other embedded) bool { return other.typ == target })
					if at >= 0 {
						next[at].repeated = true
					} else {
						next = append(next, embedded{typ: target, path: f.path, idx: f.index})
					}
					continue
				}
				if name == "" {
					f.name = sf.Name
				}
				f.quoted = hasOption(options, "string") && isScalar(target.Kind())
				found = append(found, f)
				if e.repeated {
					found = append(found, f)
				}
			}
		}
		level = next
	}
	return dominant(found)
}

// dominant drops the fields that others of the same name hide.
func dominant(fields []structField) []structField {
	slices.SortStableFunc(fields, func(a, b structField) int {
		if a.tagged != b.tagged && a.name == b.name && len(a.index) == len(b.index) {
			if a.tagged {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(len(a.index), len(b.index)))
	})
	var kept []structField
	for len(fields) > 0 {
		n := 1
		for n < len(fields) && fields[n].name == fields[0].name {
			n++
		}
		first := &fields[0]
		if n == 1 || len(fields[1].index) > len(first.index) || fields[1].tagged != first.tagged {
			kept = append(kept, *first)
		}
		fields = fields[n:]
	}
	slices.SortFunc(kept, func(a, b structField) int { return slices.Compare(a.index, b.index) })
	return kept
}

// takesPart reports whether a field is looked at: exported ones, and embedded structs for the sake of their fields.
func takesPart(sf reflect.StructField) bool {
	if !sf.Anonymous {
		return sf.IsExported()
	}
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return sf.IsExported() || t.Kind() == reflect.Struct
}

func hasOption(options, name string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == name {
			return true
		}
	}
	return false
}

// isValidName reports whether a tag may name a field so; otherwise encoding/json ignores the name.
func isValidName(name string) bool {
	for _, r := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return name != ""
}

// isScalar reports whether the `string` option applies to a kind.
func isScalar(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Float64 || k == reflect.String
}
