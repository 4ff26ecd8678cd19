package json_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem.example/go/internal/corpus"
	"tandem.example/go/json"
)

// documents are those of the corpus, and those in TANDEM_DATA if that is set.
func documents(t testing.TB) []corpus.Document {
	files, err := corpus.Files()
	if err != nil {
		t.Fatal(err)
	}
	return append(append(corpus.Samples(), corpus.Documents()...), files...)
}

func TestDocumentsMatchStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, document := range documents(t) {
		t.Run(document.Name, func(t *testing.T) {
			for _, fresh := range []func() any{document.New, func() any { return new(any) }} {
				if testing.Short() && len(document.Data) > 100_000 {
					t.Skip("large")
				}
				if !sameDecode(t, document.Data, fresh) {
					t.Fatal("the document does not fit its type")
				}
				value := fresh()
				if err := json.Unmarshal(document.Data, value); err != nil {
					t.Fatal(err)
				}
				// What is there is used again.
				sameDecode(t, document.Data, func() any {
					used := fresh()
					if err := json.Unmarshal(document.Data, used); err != nil {
						t.Fatal(err)
					}
					return used
				})
				sameEncode(t, value)
			}
		})
	}
}

func TestLogsMatchStandardLibrary(t *testing.T) {
	logs := corpus.Logs(1000)
	for line := range bytes.Lines(logs.Data) {
		sameDecode(t, line, logs.New)
		sameDecode(t, line, func() any { return new(any) })
	}
}

// The documents of JSONTestSuite, whose names say whether parsers accept (y) or refuse (n) them, or may do either (i).
func TestSuiteMatchesStandardLibrary(t *testing.T) {
	folder := os.Getenv("TANDEM_DATA")
	if folder == "" {
		t.Skip("TANDEM_DATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(folder, "suite", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no documents", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		accepted := sameDecode(t, text, func() any { return new(any) })
		if name := filepath.Base(file); strings.HasPrefix(name, "y_") && !accepted || strings.HasPrefix(name, "n_") && accepted {
			t.Errorf("%s: accepted: %t", file, accepted)
		}
		for _, fresh := range []func() any{
			func() any { return new(json.RawMessage) },
			func() any { return new([]string) },
			func() any { return new([]float64) },
			func() any { return new(map[string]json.Number) },
			func() any { return new(struct{ A, B any }) },
		} {
			sameDecode(t, text, fresh)
		}
	}
}
