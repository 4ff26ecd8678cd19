package json_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tandem.example/go/json"
)

// Bytes of all lengths, and their texts with all that encoding/json ignores or refuses in them.
func TestBytesMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	type target struct {
		A []byte
		B [1][]byte
		C []word8
	}
	for length := range 1000 {
		if length > 300 && testing.Short() {
			break
		}
		value := make([]byte, length)
		for i := range value {
			value[i] = byte(random.Uint32())
		}
		sameEncode(t, value)
		sameEncode(t, map[string]any{"A": value, "B": [][]byte{value, nil}})
		text := base64.StdEncoding.EncodeToString(value)
		at := random.IntN(len(text) + 1)
		for _, text := range []string{
			text, strings.TrimRight(text, "="), text + "=", text[:at] + `\n` + text[at:], text[:at] + `\r\n` + text[at:], text[:at] + " " + text[at:],
			strings.ReplaceAll(text, "/", `\/`), strings.ReplaceAll(text, "+", `\u002B`), text[:at] + "-" + text[min(at+1, len(text)):], text[:at] + "\xff" + text[at:], text[:at] + "é" + text[at:],
			strings.Replace(text, "A==", "B==", 1), text[:at] + "=" + text[at:], text[:at], text[:at] + `\` + text[at:],
		} {
			for _, form := range []string{`{"A":"%s"}`, `{"A":"%[1]s","B":["%[1]s"],"C":"%[1]s","a":"QQ=="}`, `{"B":["",1,"%s"]}`, `{"B":["QUI=","%s"],"A":"QUJD"}`} {
				sameDecode(t, fmt.Appendf(nil, form, text), func() any { return new(target) })
			}
		}
	}
}

type word8 byte

// Bytes that share memory with others have no room there to grow into, and can be changed.
func TestBytesAreTheCallers(t *testing.T) {
	type pair struct {
		A []byte
		B string
		C []byte
	}
	for _, spaces := range []int{0, 4 << 10} { // those of small documents lie elsewhere
		text := []byte(strings.Repeat(" ", spaces) + `{"A":"YWJj","B":"def","C":"Z2hp"}`)
		before := slices.Clone(text)
		for _, config := range []json.Config{{}, {ShareStrings: true}} {
			var first, second pair
			for _, p := range []*pair{&first, &second} {
				if err := config.Unmarshal(text, p); err != nil {
					t.Fatal(err)
				}
			}
			_ = append(first.A, "XYZ"...)
			_ = append(first.C, "XYZ"...)
			for i := range first.A {
				first.A[i], first.C[i] = '-', '+'
			}
			if got := fmt.Sprintf("%s %s %s, %s %s %s", first.A, first.B, first.C, second.A, second.B, second.C); got != "--- def +++, abc def ghi" {
				t.Error(got)
			}
			if !slices.Equal(text, before) {
				t.Errorf("the text became %s", text)
			}
		}
	}
}
