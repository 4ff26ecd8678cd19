package json_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"tandem.example/go/json"
)

type product struct {
	Name  string   `json:"name"`
	Price float64  `json:"price"`
	Tags  []string `json:"tags,omitempty"`
}

func ExampleMarshal() {
	text, err := json.Marshal(product{Name: "Kettle & lid", Price: 39.9, Tags: []string{"kitchen"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output: {"name":"Kettle \u0026 lid","price":39.9,"tags":["kitchen"]}
}

func ExampleMarshalIndent() {
	text, err := json.MarshalIndent(product{Name: "Kettle", Price: 39.9}, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
	// Output:
	// {
	//   "name": "Kettle",
	//   "price": 39.9
	// }
}

func ExampleUnmarshal() {
	var products []product
	err := json.Unmarshal([]byte(`[{"name":"Kettle","price":39.9},{"Name":"Pan","tags":["kitchen","steel"]}]`), &products)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", products)
	// Output: [{Name:Kettle Price:39.9 Tags:[]} {Name:Pan Price:0 Tags:[kitchen steel]}]
}

// Errors are those of encoding/json.
func ExampleUnmarshal_errors() {
	var p product
	err := json.Unmarshal([]byte(`{"name":"Kettle","price":"free"}`), &p)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		fmt.Printf("%s at byte %d is a %s\n", mismatch.Field, mismatch.Offset, mismatch.Value)
	}
	err = json.Unmarshal([]byte(`{"name":}`), &p)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Printf("byte %d: %v\n", syntax.Offset, syntax)
	}
	// Output:
	// price at byte 31 is a string
	// byte 9: invalid character '}' looking for beginning of value
}

func ExampleValid() {
	fmt.Println(json.Valid([]byte(`{"name":"Kettle"}`)), json.Valid([]byte(`{"name":"Kettle",}`)))
	// Output: true false
}

func ExampleCompact() {
	var text bytes.Buffer
	if err := json.Compact(&text, []byte(`{ "name" : "Kettle" , "tags" : [ ] }`)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(&text)
	// Output: {"name":"Kettle","tags":[]}
}

func ExampleIndent() {
	var text bytes.Buffer
	if err := json.Indent(&text, []byte(`{"name":"Kettle","tags":[]}`), "> ", "\t"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(&text)
	// Output:
	// {
	// > 	"name": "Kettle",
	// > 	"tags": []
	// > }
}

func ExampleHTMLEscape() {
	var text bytes.Buffer
	json.HTMLEscape(&text, []byte(`{"name":"<b>Kettle</b>"}`))
	fmt.Println(&text)
	// Output: {"name":"\u003cb\u003eKettle\u003c/b\u003e"}
}

func ExampleNewEncoder() {
	stream := json.NewEncoder(os.Stdout)
	for _, p := range []product{{Name: "Kettle", Price: 39.9}, {Name: "Pan", Price: 25}} {
		if err := stream.Encode(p); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// {"name":"Kettle","price":39.9}
	// {"name":"Pan","price":25}
}

func ExampleEncoder_Encode() {
	stream := json.NewEncoder(os.Stdout)
	if err := stream.Encode(map[string]any{"b": nil, "a": []int{1, 2}}); err != nil {
		log.Fatal(err)
	}
	// A value without a JSON form is an error, and leaves nothing in the stream.
	fmt.Println(stream.Encode(func() {}))
	// Output:
	// {"a":[1,2],"b":null}
	// json: unsupported type: func()
}

func ExampleEncoder_SetIndent() {
	stream := json.NewEncoder(os.Stdout)
	stream.SetIndent("", "  ")
	if err := stream.Encode(product{Name: "Kettle", Price: 39.9}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {
	//   "name": "Kettle",
	//   "price": 39.9
	// }
}

func ExampleEncoder_SetEscapeHTML() {
	stream := json.NewEncoder(os.Stdout)
	stream.SetEscapeHTML(false)
	if err := stream.Encode(product{Name: "Kettle & lid", Price: 39.9}); err != nil {
		log.Fatal(err)
	}
	// Output: {"name":"Kettle & lid","price":39.9}
}

func ExampleNewDecoder() {
	stream := json.NewDecoder(strings.NewReader(`{"name":"Kettle"} {"name":"Pan"}`))
	for {
		var p product
		if err := stream.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Name)
	}
	// Output:
	// Kettle
	// Pan
}
