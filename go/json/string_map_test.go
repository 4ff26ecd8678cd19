package json_test

import (
	stdjson "encoding/json"
	"fmt"
	"testing"
	"time"
)

// Maps of strings by strings are stored and written in a way of their own, alone and within others.
func TestStringMaps(t *testing.T) {
	type (
		named map[string]string
		word  string
		inner struct {
			M map[string]string `json:",omitempty"`
			N named
			W map[word]string
		}
		short struct {
			A [1]map[string]string
			Z string
		}
	)
	for _, text := range []string{
		`null`, `{}`, `{"a":"1"}`, `{"a":null}`, `{"a":"1","a":null}`, `{"a":"1","b":"2","a":"3"}`,
		`{"old":null}`, `{"old":"new"}`, `{"":"","\u00e4\n":"\ud800"}`, "{\"\xff\":\"\xff\"}", `{"a":1}`, `{"a":"1","b":{}}`,
		`[{"a":"1"}]`, `{"a":"1"`,
	} {
		sameDecode(t, []byte(text), func() any { return new(map[string]string) })
		sameDecode(t, []byte(text), func() any { return &map[string]string{"old": "kept"} })
		sameDecode(t, []byte(text), func() any { return &named{"old": "kept"} })
		sameDecode(t, []byte(`{"M":`+text+`,"N":`+text+`,"W":`+text+`}`), func() any { return new(inner) })
		sameDecode(t, []byte(`[`+text+`,`+text+`]`), func() any { return new([2]map[string]string) })
		sameDecode(t, []byte(`{"A":[{},`+text+`],"Z":"end"}`), func() any { return new(short) })
	}
	for count := range 40 {
		m := map[string]string{}
		for i := range count {
			m[fmt.Sprintf("%d<\xff\u2028", i*7919%1000)] = fmt.Sprintf("value %d \"&\"", i)
		}
		sameEncodeAnywhere(t, m)
		sameEncodeAnywhere(t, named(m))
		sameEncodeAnywhere(t, inner{M: m, N: m})
	}
	sameEncodeAnywhere(t, map[string]string(nil))
}

// So are maps of numbers of 64 bits by strings, of whatever type.
func TestNumberMaps(t *testing.T) {
	type (
		named  map[string]int64
		word   string
		number float64
		short  struct {
			A [1]map[string]float64
			Z string
		}
	)
	for _, text := range []string{
		`null`, `{}`, `{"a":1}`, `{"a":null}`, `{"a":1,"a":null}`, `{"a":1,"b":2.5,"a":3}`, `{"old":null}`, `{"old":2}`, `{"":-0,"\u00e4\n":-7}`,
		`{"a":18446744073709551615}`, `{"a":1e300}`, `{"a":1e999}`, `{"a":"1"}`, `{"a":1,"b":{}}`, `[{"a":1}]`, `{"a":1`,
		`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10}`,
	} {
		for _, fresh := range []func() any{
			func() any { return new(map[string]int) },
			func() any { return &map[string]int{"old": 1} },
			func() any { return &named{"old": 1} },
			func() any { return new(map[string]uint64) },
			func() any { return &map[string]float64{"old": 1} },
			func() any { return new(map[string]number) },
			func() any { return new(map[string]time.Duration) },
			func() any { return new(map[word]int64) },
			func() any { return new(map[string]int32) },
			func() any { return new(map[string]*int64) },
			func() any { return new(map[string]stdjson.Number) },
			func() any { return new(map[string]valueText) },
		} {
			sameDecode(t, []byte(text), fresh)
		}
		sameDecode(t, []byte(`[`+text+`,`+text+`]`), func() any { return new([2]map[string]float64) })
		sameDecode(t, []byte(`{"A":[{},`+text+`],"Z":"end"}`), func() any { return new(short) })
	}
}
