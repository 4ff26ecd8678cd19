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

func ExampleAppendMarshal() {
	type Point struct{ X, Y int }
	line := []byte("point: ")
	line, err := json.AppendMarshal(line, Point{1, 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
	// Output: point: {"X":1,"Y":2}
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

// A large array is read element by element: brackets as tokens, elements as values.
func ExampleDecoder_More() {
	stream := json.NewDecoder(strings.NewReader(`[{"name":"Kettle"}, {"name":"Pan"}]`))
	if _, err := stream.Token(); err != nil {
		log.Fatal(err)
	}
	for stream.More() {
		var p product
		if err := stream.Decode(&p); err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Name)
	}
	if _, err := stream.Token(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Kettle
	// Pan
}

func ExampleDecoder_Token() {
	stream := json.NewDecoder(strings.NewReader(`{"price": 39.9, "tags": [null, true]}`))
	for {
		token, err := stream.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%T %v, up to byte %d\n", token, token, stream.InputOffset())
	}
	// Output:
	// json.Delim {, up to byte 1
	// string price, up to byte 8
	// float64 39.9, up to byte 14
	// string tags, up to byte 22
	// json.Delim [, up to byte 25
	// <nil> <nil>, up to byte 29
	// bool true, up to byte 35
	// json.Delim ], up to byte 36
	// json.Delim }, up to byte 37
}

func ExampleDecoder_Buffered() {
	stream := json.NewDecoder(strings.NewReader(`{"length":5} hello`))
	var header struct{ Length int }
	if err := stream.Decode(&header); err != nil {
		log.Fatal(err)
	}
	rest, err := io.ReadAll(stream.Buffered())
	fmt.Printf("%d %q %v\n", header.Length, rest, err)
	// Output: 5 " hello" <nil>
}

func ExampleDecoder_UseNumber() {
	stream := json.NewDecoder(strings.NewReader(`12345678901234567890`))
	stream.UseNumber()
	var value any
	if err := stream.Decode(&value); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%T %v\n", value, value)
	// Output: json.Number 12345678901234567890
}

func ExampleDecoder_DisallowUnknownFields() {
	stream := json.NewDecoder(strings.NewReader(`{"nmae":"Kettle"}`))
	stream.DisallowUnknownFields()
	fmt.Println(stream.Decode(new(product)))
	// Output: json: unknown field "nmae"
}

func ExampleLines() {
	log := strings.NewReader(`{"name":"Kettle","price":39.9}
{"name":"Pan","price":"?"}

{"name":"Lid","price":7}
`)
	for p, err := range json.Lines[product](log, json.LinesOptions{}) {
		if err != nil {
			fmt.Println(err)
			continue // with the next line
		}
		fmt.Println(p.Name, p.Price)
	}
	// Output:
	// Kettle 39.9
	// line 2 (byte 31): json: cannot unmarshal string into Go struct field product.price of type float64
	// Lid 7
}

// Several goroutines decode, and values still come in the order of their lines.
func ExampleLinesOptions() {
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, `{"name":"product %d","price":1}`+"\n", i)
	}
	sum, last := 0.0, ""
	for p, err := range json.Lines[product](strings.NewReader(text.String()), json.LinesOptions{Workers: 4, MaxLine: 1 << 20}) {
		if err != nil {
			log.Fatal(err)
		}
		sum, last = sum+p.Price, p.Name
	}
	fmt.Println(sum, last)
	// Output: 100000 product 99999
}

func ExampleLineError() {
	for _, err := range json.Lines[any](strings.NewReader("[1]\n[2\n"), json.LinesOptions{MaxLine: 100}) {
		var line *json.LineError
		if errors.As(err, &line) {
			fmt.Println(line.Line, line.Offset, line.Err, errors.Is(err, json.ErrLineTooLong))
		}
	}
	// Output: 2 4 unexpected end of JSON input false
}
