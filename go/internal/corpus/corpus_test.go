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

func TestLogsHoldOneValueALine(t *testing.T) {
	logs := corpus.Logs(100)
	lines := bytes.Split(bytes.TrimSuffix(logs.Data, []byte("\n")), []byte("\n"))
	if len(lines) != 100 {
		t.Fatalf("%d lines, want 100", len(lines))
	}
	for _, line := range lines {
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(logs.New()); err != nil {
			t.Errorf("%v in %s", err, line)
		}
	}
}
