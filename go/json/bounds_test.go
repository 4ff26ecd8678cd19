package json_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/internal/guard"
	"tandem.example/go/json"
)

// guarded is memory between two pages that end the process when they are touched.
type guarded []byte

// places returns copies of a text, which is at most half as long as the memory: where that ends and where it begins.
func (g guarded) places(text []byte) [2][]byte {
	end, start := g[len(g)-len(text):], g[:len(text):len(text)]
	copy(end, text)
	copy(start, text)
	return [2][]byte{end, start}
}

// Nothing is read beyond a text, nor beyond a string that is encoded, whatever is in it and wherever it ends: the library as
// it is built for programs, and Go's own share. src/json/bounds.rs does the same for the core.
func TestNothingIsReadBeyondTexts(t *testing.T) {
	texts := [][]byte{{}, []byte(`[`), []byte(`"\u12`), []byte(`"\ud834\u`), []byte(`-`), []byte(`1.`), []byte(`1e`), []byte(`tru`), []byte("\"\xe2\x80")}
	samples := corpus.Samples()
	for _, sample := range samples {
		size := min(len(sample.Data), 700)
		step := 1
		if testing.Short() {
			step = 13
		}
		for length := 1; length < size; length += step {
			texts = append(texts, sample.Data[:length])
		}
		texts = append(texts, sample.Data)
	}
	longest := slices.MaxFunc(texts, func(a, b []byte) int { return len(a) - len(b) })
	memory := guarded(guard.Memory(t, 2*len(longest)))
	for _, text := range texts {
		want := everything(text, samples)
		for _, place := range memory.places(text) {
			if got := everything(place, samples); got != want {
				t.Fatalf("%q gave %s, elsewhere %s", text, got, want)
			}
		}
	}
}

// everything returns what all operations make of a text, as a text.
func everything(text []byte, samples []corpus.Document) string {
	var out bytes.Buffer
	fmt.Fprintln(&out, json.Valid(text), json.Compact(&out, text), json.Indent(&out, text, "", "\t"))
	json.HTMLEscape(&out, text)
	var anything any
	fmt.Fprintln(&out, json.Unmarshal(text, &anything), anything)
	var members map[string]json.RawMessage
	fmt.Fprintln(&out, json.Unmarshal(text, &members), members)
	for _, sample := range samples {
		fmt.Fprintln(&out, json.Unmarshal(text, sample.New()))
	}
	document, err := json.ParseDocument(text)
	if fmt.Fprintln(&out, err); err == nil {
		root := document.Root()
		fmt.Fprintln(&out, root.Kind(), string(root.Raw()))
	}
	encoded, err := json.Marshal([]any{json.RawMessage(text), unsafe.String(unsafe.SliceData(text), len(text)), text})
	fmt.Fprintln(&out, string(encoded), err)
	encoded, err = json.Marshal(unsafe.String(unsafe.SliceData(text), len(text)))
	fmt.Fprintln(&out, string(encoded), err)
	return out.String()
}
