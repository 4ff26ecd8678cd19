package json_test

import (
	"fmt"
	"testing"
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
