package json_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// mapKinds are types of maps of which some are read and filled without reflection, depending on the types of keys and values.
func mapKinds() (kinds []reflect.Type) {
	type (
		word   string
		number int
		inner  struct {
			A *int
			B string
		}
	)
	keys := []any{
		"", word(""), 0, int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0), uintptr(0), number(0),
		valueText(""), json.Number(""),
	}
	values := []any{
		false, 0, int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint32(0), uint64(0), float32(0), float64(0), "", number(0), word(""),
		[]byte{}, []string{}, []int{}, []int64{}, []float64{}, []any{}, []map[string]any{}, map[string]any{}, map[string]string{}, map[string]int{},
		map[int][]string{}, json.RawMessage{}, json.Number(""), time.Duration(0), time.Time{}, inner{}, &inner{}, [2]bool{}, new(string), valueText(""), pointerText(""),
	}
	for _, key := range keys {
		for _, value := range values {
			kinds = append(kinds, reflect.MapOf(reflect.TypeOf(key), reflect.TypeOf(value)))
		}
		kinds = append(kinds, reflect.MapOf(reflect.TypeOf(key), reflect.TypeFor[any]()))
	}
	return kinds
}

func TestMapsOfAllKinds(t *testing.T) {
	values := []string{
		`null`, `true`, `-1`, `200`, `1.5`, `70000`, `5000000000`, `"1"`, `"aGk="`, `"2026-11-30T00:00:00Z"`, `[]`, `[1,2]`, `["a","b"]`, `[true]`, `[{"1":"a"}]`,
		`{}`, `{"A":1}`, `{"B":"b"}`, `{"1":"c","2":"d"}`, `{"1":2,"3":4}`, `{"1":["e"]}`,
	}
	for _, kind := range mapKinds() {
		for _, value := range values {
			// Some that are there already, some twice, and null behind a value.
			before := fmt.Sprintf(`{"1":%s,"-7":%[1]s,"9":%[1]s}`, value)
			fresh := func() any {
				m := reflect.New(kind)
				_ = json.Unmarshal([]byte(before), m.Interface())
				return m.Interface()
			}
			for _, text := range []string{
				fmt.Sprintf(`{"1":%s}`, value),
				fmt.Sprintf(`{"1":%s,"2":null,"12345678901":%[1]s,"3":%[1]s,"1":null,"2":%[1]s}`, value),
				fmt.Sprintf(`{"x":%s}`, value),
			} {
				if sameDecode(t, []byte(text), zero(kind)) {
					sameDecode(t, []byte(text), fresh)
				}
			}
			many := "{"
			for i := range 30 {
				many += fmt.Sprintf(`"%d":%s,`, i*i*i, value)
				m := reflect.New(kind)
				if err := json.Unmarshal([]byte(many[:len(many)-1]+"}"), m.Interface()); err != nil {
					break
				}
				if i < 3 || i == 8 || i == 29 {
					sameEncodeAnywhere(t, m.Elem().Interface())
				}
			}
		}
	}
}
