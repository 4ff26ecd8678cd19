//go:build cgo

package json_test

import (
	"math"
	"testing"
	"unsafe"

	"tandem.example/go/json"
)

// lies reports whether a string is in the memory of a text.
func lies(s string, text []byte) bool {
	start := uintptr(unsafe.Pointer(unsafe.StringData(s)))
	from := uintptr(unsafe.Pointer(unsafe.SliceData(text)))
	return start >= from && start+uintptr(len(s)) <= from+uintptr(len(text))
}

// Which strings are in the text's memory, and which can't be.
func TestConfigSharesStrings(t *testing.T) {
	var v struct {
		Plain, Escaped, Invalid, Empty string
		Number                         json.Number
		Any                            any
		Map                            map[string]string
		Texts                          []string
		Bytes                          []byte
		Quoted                         string `json:",string"`
	}
	text := []byte(`{"Plain":"plain ä","Escaped":"a\nb","Invalid":"` + "\xff" + `","Empty":"","Number":-1.50,"Any":{"name":"any","more":"\u0041"},` +
		`"Map":{"key":"value","":"x"},"Texts":["one","","t\\wo"],"Bytes":"YWJj","Quoted":"\"quoted\"","unknown":"\""}`)
	shared := json.Config{ShareStrings: true}
	if err := shared.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	object := v.Any.(map[string]any)
	for _, test := range []struct {
		got, want string
		shared    bool
	}{
		{v.Plain, "plain ä", true}, {v.Escaped, "a\nb", false}, {v.Empty, "", false}, {string(v.Number), "-1.50", true},
		{object["name"].(string), "any", true}, {object["more"].(string), "A", false}, {v.Map["key"], "value", true}, {v.Map[""], "x", true},
		{v.Texts[0], "one", true}, {v.Texts[1], "", false}, {v.Texts[2], `t\wo`, false}, {v.Quoted, "quoted", false}, {string(v.Bytes), "abc", false},
	} {
		if test.got != test.want || lies(test.got, text) != test.shared {
			t.Errorf("%q, want %q; in the text: %t", test.got, test.want, lies(test.got, text))
		}
	}
	for name := range v.Map {
		if name != "" && !lies(name, text) {
			t.Errorf("%q is a copy", name)
		}
	}
	// Without names and values that are copies, nothing is allocated but the value.
	var names []string
	plain := []byte(`["a string that is not short","another one"]`)
	if err := shared.Unmarshal(plain, &names); err != nil {
		t.Fatal(err)
	}
	fewest := math.Inf(1)
	for range 20 { // with the race detector, pools forget at random
		fewest = min(fewest, testing.AllocsPerRun(1, func() {
			if err := shared.Unmarshal(plain, &names); err != nil {
				t.Error(err)
			}
		}))
	}
	if fewest > 0 {
		t.Errorf("%v allocations", fewest)
	}
}
