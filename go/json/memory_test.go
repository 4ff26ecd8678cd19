package json_test

import (
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem.example/go/json"
)

// What was decoded does not refer to the text, which can go while the value stays.
func TestUnmarshalKeepsNoInput(t *testing.T) {
	for _, test := range []struct {
		text   string
		target any
	}{
		{`{"A":["a string",{"a name":null}]}`, new(any)},
		{`{"a name":"a string"}`, new(map[string]string)},
		{`{"a name":1}`, new(map[valueText]int)},
		{`["a text","another"]`, new([]pointerText)},
		{`[1,2.5,123456789012345678901234567890]`, new([]json.Number)},
		{`[ { "A" : 1 } , null ]`, new([]json.RawMessage)},
		{`"YWJj"`, new([]byte)},
		{`{"A":"a string","B":"a text","C":{"a name":"a string"}}`, new(struct {
			A string
			B *valueText
			C map[string]any
		})},
	} {
		t.Run(fmt.Sprintf("%T", test.target), func(t *testing.T) {
			text := []byte(test.text + strings.Repeat(" ", 100))
			gone := make(chan struct{})
			runtime.AddCleanup(&text[0], func(gone chan struct{}) { close(gone) }, gone)
			if err := json.Unmarshal(text, test.target); err != nil {
				t.Fatal(err)
			}
			text = nil
			for range 100 {
				runtime.GC()
				select {
				case <-gone:
					runtime.KeepAlive(test.target)
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
			t.Error("the text is still there")
		})
	}
}

// A kept string keeps no more than the block that it was cut from.
func TestKeptStringsAreSmall(t *testing.T) {
	const count = 5000
	element := strings.Repeat("x", 997)
	for _, test := range []struct {
		name   string
		decode func() []string
	}{
		{"of a document", func() (all []string) {
			if err := json.Unmarshal([]byte(`["`+strings.Repeat(element+`","`, count)+`"]`), &all); err != nil {
				t.Fatal(err)
			}
			return all
		}},
		{"of many documents", func() []string {
			all := make([]string, count)
			for i := range all {
				if err := json.Unmarshal([]byte(`"`+element+`"`), &all[i]); err != nil {
					t.Fatal(err)
				}
			}
			return all
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := heap()
			kept := make([]string, 0, count/100)
			for i, s := range test.decode() {
				if i%100 == 0 {
					kept = append(kept, s)
				}
			}
			if growth, limit := heap()-before, int64(len(kept)*6144+64<<10); growth > limit {
				t.Errorf("%d strings keep %d bytes, more than %d", len(kept), growth, limit)
			}
			runtime.KeepAlive(kept)
		})
	}
}

// Small documents share the memory of their strings: those of one must stay as they are, whatever comes next, and whether or not it
// can be decoded.
func TestStringsOfSmallDocumentsStay(t *testing.T) {
	const count = 3000
	var goroutines sync.WaitGroup
	for g := range 4 {
		goroutines.Go(func() {
			values := make([]map[string]string, count)
			text := func(i int) string {
				return strings.Repeat(fmt.Sprintf(`%d\u00e4%d `, g, i), 1+i%90)
			}
			want := func(i int) string { return strings.ReplaceAll(text(i), `\u00e4`, "ä") }
			for i := range values {
				document := fmt.Appendf(nil, `{"name %d":"%s"}`, i, text(i))
				if err := json.Unmarshal(document, &values[i]); err != nil {
					t.Error(err)
					return
				}
				var other struct{ A string }
				for _, broken := range []string{
					`{"A":"text that is not closed`, `{"A":"text","A":1}`,
					// It becomes three times as long.
					`{"A":"` + strings.Repeat("\xFF", 1+i%900) + `"}`,
				} {
					_ = json.Unmarshal([]byte(broken), &other)
				}
				if len(other.A) != 3*(1+i%900) || strings.Trim(other.A, "\uFFFD") != "" {
					t.Errorf("got %q for bytes that are no characters", other.A)
				}
			}
			for i, value := range values {
				if got := value[fmt.Sprint("name ", i)]; len(value) != 1 || got != want(i) {
					t.Errorf("document %d became %q", i, value)
				}
			}
		})
	}
	goroutines.Wait()
}

// Small documents share memory for numbers, too, which begin as zero and belong to one value each.
func TestNumbersOfSmallDocumentsStay(t *testing.T) {
	type values struct {
		Ints   []int
		Bytes  [][3]uint8
		Floats []float32
		Pairs  []struct{ A, B int16 }
		Open   any
		Name   string
	}
	document := func(i int) []byte {
		few := 1 + i%9
		return fmt.Appendf(nil, `{"Name":"document %d","Ints":[%d,null%s],"Bytes":[[%d],[1,2,3]],"Floats":[0.5%s],"Pairs":[{"B":%d},{}%s],"Open":[%d,%d.5]}`,
			i, i, strings.Repeat(",7", few), i%256, strings.Repeat(",null", few), i%1000, strings.Repeat(`,{"A":3}`, few), i, i)
	}
	const count = 3000
	var goroutines sync.WaitGroup
	for range 4 {
		goroutines.Go(func() {
			all := make([]values, count)
			for i := range all {
				if err := json.Unmarshal(document(i), &all[i]); err != nil {
					t.Error(err)
					return
				}
				// What is appended goes elsewhere.
				_ = append(all[i].Ints, -1)
				_ = append(all[i].Bytes, [3]uint8{255, 255, 255})
				_ = append(all[i].Floats, -1)
				_ = append(all[i].Pairs, struct{ A, B int16 }{-1, -1})
			}
			for i := range all {
				var want values
				if err := stdjson.Unmarshal(document(i), &want); err != nil || !reflect.DeepEqual(all[i], want) {
					t.Errorf("document %d became %+v, want %+v", i, all[i], want)
					return
				}
			}
		})
	}
	goroutines.Wait()
}

// A kept slice of numbers keeps no more than the block that it was cut from, and a long one nothing else.
func TestKeptNumbersAreSmall(t *testing.T) {
	const count = 5000
	for _, length := range []int{3, 90, 1000} {
		text := []byte("[0" + strings.Repeat(",1", length-1) + "]")
		before := heap()
		kept := make([][]int64, 0, count/100)
		for i := range count {
			var numbers []int64
			if err := json.Unmarshal(text, &numbers); err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				kept = append(kept, numbers)
			}
		}
		if growth, limit := heap()-before, int64(len(kept)*max(6144, 9*length)+64<<10); growth > limit {
			t.Errorf("%d slices of %d numbers keep %d bytes, more than %d", len(kept), length, growth, limit)
		}
		runtime.KeepAlive(kept)
	}
}

// A kept list of open kind keeps short lists that were near, but nothing that is in maps or lists there.
func TestKeptListsAreSmall(t *testing.T) {
	const count = 5000
	element := `[{"list":[1,2],"mixed":[true,[],{"name":"` + strings.Repeat("x", 997) + `"}]},1],`
	text := []byte(`[` + strings.Repeat(element, count) + `null]`)
	before := heap()
	var kept []any
	var all []any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < count; i += 100 {
		list := all[i].([]any)[0].(map[string]any)["list"].([]any)
		if other := append(list, "more"); other[0] != 1.0 || all[i+1].([]any)[0].(map[string]any)["list"].([]any)[0] != 1.0 {
			t.Fatal("a list has another's elements")
		}
		kept = append(kept, list)
	}
	all = nil
	if growth, limit := heap()-before, int64(len(kept)*3*4096+64<<10); growth > limit {
		t.Errorf("%d lists keep %d bytes, more than %d", len(kept), growth, limit)
	}
	runtime.KeepAlive(kept)
	runtime.KeepAlive(text)
}

// Large documents leave nothing behind: neither in Go's heap, nor in buffers.
func TestLargeDocumentsAreForgotten(t *testing.T) {
	size := 30 << 20
	if testing.Short() {
		size = 3 << 20
	}
	before := heap()
	text, err := json.Marshal(strings.Repeat("<", size/6))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	if len(value.(string)) != size/6 {
		t.Errorf("%d bytes, want %d", len(value.(string)), size/6)
	}
	text, value = nil, nil
	if growth := heap() - before; growth > 1<<20 {
		t.Errorf("%d bytes are kept", growth)
	}
}

// Many goroutines meet a type for the first time at once.
func TestFirstUseIsConcurrent(t *testing.T) {
	for round := range 50 {
		fields := make([]reflect.StructField, 1+round%5)
		for i := range fields {
			fields[i] = reflect.StructField{Name: fmt.Sprintf("Concurrent%dx%d", round, i), Type: zoo[(round*11+i*7)%len(zoo)]}
		}
		typ := reflect.StructOf(append(fields, reflect.StructField{Name: "Self", Type: reflect.TypeFor[*tree]()}))
		want, wantErr := stdjson.Marshal(reflect.New(typ).Interface())
		text := fmt.Appendf(nil, `{%q:null,"Self":{"A":[{"D":"text"}]}}`, fields[0].Name)
		wantValue := reflect.New(typ).Interface()
		wantUnmarshalErr := stdjson.Unmarshal(text, wantValue)
		start := make(chan struct{})
		var goroutines sync.WaitGroup
		for range 8 {
			goroutines.Go(func() {
				<-start
				got, err := json.Marshal(reflect.New(typ).Interface())
				if string(got) != string(want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("%v: got %s, %v, want %s, %v", typ, got, err, want, wantErr)
				}
			})
			goroutines.Go(func() {
				<-start
				value := reflect.New(typ).Interface()
				err := json.Unmarshal(text, value)
				if where := difference(value, wantValue); where != "" || fmt.Sprint(err) != fmt.Sprint(wantUnmarshalErr) {
					t.Errorf("%v: differs at %s, error %v, want %v", typ, where, err, wantUnmarshalErr)
				}
			})
		}
		close(start)
		goroutines.Wait()
	}
}

// Goroutines share values that are encoded, and texts that are decoded.
func TestSharedValues(t *testing.T) {
	value := map[string]any{"list": []any{1.5, "two", nil, map[string]any{"three": true}}, "product": &product{Name: "Kettle"}, "text": valueText("text"), "json": &pointerJSON{A: 1}}
	want, err := stdjson.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var goroutines sync.WaitGroup
	for range 8 {
		goroutines.Go(func() {
			for range 200 {
				if got, err := json.Marshal(value); err != nil || string(got) != string(want) {
					t.Errorf("got %s, %v, want %s", got, err, want)
				}
				var decoded struct {
					List    []any
					Product product
				}
				if err := json.Unmarshal(want, &decoded); err != nil || len(decoded.List) != 4 || decoded.Product.Name != "Kettle" {
					t.Errorf("got %+v, %v", decoded, err)
				}
			}
		})
	}
	goroutines.Wait()
}
