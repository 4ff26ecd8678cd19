package json_test

import (
	stdjson "encoding/json"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"tandem.example/go/json"
)

// The collector finds all that slices and pointers lead to, whatever their elements are made of.
func TestMemoryOfAllLayouts(t *testing.T) {
	type text string
	type pair struct {
		A int
		B *string
	}
	for _, test := range []struct {
		target  any
		element string
	}{
		{new([]string), `"element #"`},
		{new([]text), `"element #"`},
		{new([]json.Number), `#`},
		{new([]*int), `#`},
		{new([]*bool), `true`},
		{new([]*[3]float32), `[#,1]`},
		{new([]*struct{ A, B, C uint64 }), `{"B":#}`},
		{new([]**string), `"element #"`},
		{new([]any), `["element #",{"a":#}]`},
		{new([]*any), `["element #"]`},
		{new([][]string), `["element #","b"]`},
		{new([]*[]string), `["element #","b"]`},
		{new([][]byte), `"ZWxlbWVudA=="`},
		{new([]map[string]int), `{"element":#}`},
		{new([]*map[string]string), `{"a":"element #"}`},
		{new([]time.Time), `"2026-11-30T00:00:00.#Z"`},
		{new([]*time.Time), `"2026-11-30T00:00:00.#+02:00"`},
		{new([]pair), `{"A":#,"B":"element #"}`},
		{new([]*pair), `{"A":#,"B":"element #"}`},
		{new([][2]pair), `[{"A":#,"B":"element #"},{"B":"x"}]`},
		{new([]struct{}), `{}`},
		{new([]*struct{}), `{}`},
		{new([]struct{ A, B uint8 }), `{"B":1}`},
		{new([][0]string), `["element #"]`},
		{new([]json.RawMessage), `["element #"]`},
		{new([]*json.RawMessage), `["element #"]`},
		{new([]netip.Addr), `"10.0.0.1"`},
		{new([]net.IP), `"10.0.0.1"`},
	} {
		t.Run(fmt.Sprintf("%T", test.target), func(t *testing.T) {
			typ := reflect.TypeOf(test.target).Elem()
			for _, count := range []int{1, 2, 3, 10, 300} {
				parts := make([]string, count)
				for i := range parts {
					parts[i] = strings.ReplaceAll(test.element, "#", fmt.Sprint(i))
					if i%7 == 2 {
						parts[i] = "null"
					}
				}
				document := []byte("[" + strings.Join(parts, ",") + "]")
				var got []reflect.Value
				for i := range 100 {
					v := reflect.New(typ)
					if err := json.Unmarshal(document, v.Interface()); err != nil {
						t.Fatal(err)
					}
					if got = append(got, v); i%20 == 0 {
						runtime.GC()
					}
				}
				want := reflect.New(typ)
				if err := stdjson.Unmarshal(document, want.Interface()); err != nil {
					t.Fatal(err)
				}
				for _, v := range got {
					if where := difference(v.Interface(), want.Interface()); where != "" {
						t.Fatalf("%d elements: differs at %s", count, where)
					}
				}
			}
		})
	}
}
