package json_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"tandem.example/go/json"
)

// Strict is for texts that come from outside, which shall not be read in two ways.
var strict = json.Config{
	RejectDuplicateNames:  true,
	RejectInvalidUTF8:     true,
	RejectTrailingData:    true,
	CaseSensitive:         true,
	DisallowUnknownFields: true,
	MaxDepth:              20,
	MaxBytes:              1 << 20,
}

func ExampleConfig() {
	for _, text := range []string{
		`{"name":"Kettle","price":39.9}`,
		`{"name":"Kettle","name":"Pan"}`,
		`{"name":"Kettle","Price":39.9}`,
		`{"name":"` + "\xff" + `"}`,
	} {
		var p product
		fmt.Println(strict.Unmarshal([]byte(text), &p), p)
	}
	// Output:
	// <nil> {Kettle 39.9 []}
	// json: two members of an object have the same name (byte 17) { 0 []}
	// json: unknown field "Price" {Kettle 0 []}
	// json: a string is not UTF-8 (byte 9) { 0 []}
}

func ExampleRefusedError() {
	err := json.Config{MaxDepth: 2}.Unmarshal([]byte(`[[[]]]`), new(any))
	var refused *json.RefusedError
	fmt.Println(errors.Is(err, json.ErrTooDeep), errors.As(err, &refused) && refused.Offset == 2)
	// Output: true true
}

// A body of a request is one value, and nothing else.
func ExampleConfig_NewDecoder() {
	body := strings.NewReader(`{"name":"Kettle"} {"name":"Pan"}`)
	var p product
	err := strict.NewDecoder(body).Decode(&p)
	fmt.Println(err)
	// Output: invalid character '{' after top-level value
}

func ExampleConfig_Marshal() {
	text, err := json.Config{NoEscapeHTML: true}.Marshal(product{Name: "Kettle & lid"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output: {"name":"Kettle & lid","price":0}
}

// Strings that share the memory of their text are cheap, as long as the text is kept anyway and does not change.
func ExampleConfig_Unmarshal() {
	text := []byte(`{"name":"Kettle","price":39.9}`)
	var p product
	if err := (json.Config{ShareStrings: true}).Unmarshal(text, &p); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Name)
	// Output: Kettle
}

func ExampleConfig_NewEncoder() {
	if err := (json.Config{UnsortedMaps: true}).NewEncoder(os.Stdout).Encode(map[string]int{"one": 1}); err != nil {
		log.Fatal(err)
	}
	// Output: {"one":1}
}

func ExampleConfig_Valid() {
	fmt.Println(strict.Valid([]byte(`{"a":1}`)), strict.Valid([]byte(`{"a":1,"\u0061":2}`)))
	// Output: true false
}
