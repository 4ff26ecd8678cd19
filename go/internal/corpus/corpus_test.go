package corpus_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"tandem.example/go/internal/corpus"
)

// Each document decodes into its type, which keeps most of it: decoding would tell little if the members were unknown.
func TestDocumentsFitTheirTypes(t *testing.T) {
	files, err := corpus.Files()
	if err != nil {
		t.Fatal(err)
	}
	documents := append(append(corpus.Samples(), corpus.Documents()...), files...)
	for _, document := range documents {
		value := document.New()
		if err := json.Unmarshal(document.Data, value); err != nil {
			t.Errorf("%s: %v", document.Name, err)
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Errorf("%s: %v", document.Name, err)
			continue
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, document.Data); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d compact, %d as encoding/json writes its value", document.Name, len(document.Data), compact.Len(), len(text))
		if len(text) < compact.Len()/3 {
			t.Errorf("%s: of %d bytes, the type keeps %d", document.Name, compact.Len(), len(text))
		}
	}
}

func TestDocumentsAreTheSameEachTime(t *testing.T) {
	first, second := corpus.Samples(), corpus.Samples()
	for i := range first {
		if !bytes.Equal(first[i].Data, second[i].Data) {
			t.Errorf("%s differs from one call to the next", first[i].Name)
		}
	}
}

func TestLinesHoldOneValueEach(t *testing.T) {
	for _, document := range corpus.Lines(100_000) {
		if length := len(document.Data); length < 70_000 || length > 150_000 {
			t.Errorf("%s: %d bytes, want about 100000", document.Name, length)
		}
		for line := range bytes.Lines(document.Data) {
			value := document.New()
			if err := json.Unmarshal(line, value); err != nil {
				t.Errorf("%s: %v in %s", document.Name, err, line)
			}
			if text, err := json.Marshal(value); err != nil || len(text) < len(line)/3 {
				t.Errorf("%s: %v, %d bytes are left of %s", document.Name, err, len(text), line)
			}
		}
	}
}
