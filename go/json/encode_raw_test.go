package json_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"tandem.example/go/json"
)

// Texts that methods return are right, nearly right or cut off, in all lengths up to what is looked at in Go, and beyond.
func TestRawMessagesMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	texts := []string{
		`{"id":1,"name":"a b","tags":["x",{}],"ok":true,"no":false,"none":null,"f":-1.5e+10}`, `[[],{},[{}],[[[]]],"",0,-0,0.0,1E5,1e-5,123456789]`, `"a \"quoted\" \\ \/ \b\f\n\r\t text"`,
		`"12345678"`, `"1234567"`, `"é\u00e9<>&\u2028"`, `{"":{"":{"":[]}}}`, `true`, `false`, `null`, `0`, `-12.5E+3`, `[true,false,null]`, `{"a":[{"b":[{"c":[1,2]}]}],"d":{"e":"f"}}`,
		strings.Repeat("[", 62) + strings.Repeat("]", 62), strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), strings.Repeat("[", 100) + strings.Repeat("]", 100),
		`["` + strings.Repeat("x", 507) + `"]`, `["` + strings.Repeat("x", 508) + `"]`, `["` + strings.Repeat("x", 509) + `"]`, `01`, `1.`, `.5`, `1e`, `--1`, `{"a":1,}`, `[1,]`, `{,}`, `{"a"}`, `{1:2}`, `[1 ]`, `1 `, `tru`, `nulll`, `[}`, `{]`, "\"\x00\"", `"\x"`, `"\"`,
	}
	const letters = "0123456789{}[]\":,\\ -+.eEtrufalsn\x00\n\x80<"
	for _, text := range texts {
		sameEncode(t, json.RawMessage(text))
		for i := range text {
			sameEncode(t, []json.RawMessage{json.RawMessage(text[:i])})
		}
		rounds := 2000
		if testing.Short() {
			rounds = 100
		}
		for range rounds {
			damaged := []byte(text)
			damaged[random.IntN(len(damaged))] = letters[random.IntN(len(letters))]
			sameEncode(t, []json.RawMessage{damaged, damaged})
		}
	}
}
