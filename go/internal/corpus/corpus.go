// Package corpus holds the JSON documents that tests and benchmarks read: texts of the kinds that services exchange,
// each with the Go type that it fills.
//
// The documents are generated, so that the repository carries no data: the same bytes on every machine, in the form and
// about the size of the documents that the JSON field compares on. [Files] reads those themselves where a developer has them.
package corpus

import (
	"os"
	"path/filepath"
)

// Document is a JSON text and the Go type that it fills.
type Document struct {
	// Name is the kind of the document, usable as the name of a subtest.
	Name string
	// Data is one JSON value, save for [Lines], where it is one value a line.
	Data []byte
	// New returns a pointer to a new zero value of the document's type.
	New func() any
}

// document renders a generated value, indented by indent if that is not empty.
func document[T any](name string, value any, indent string) Document {
	return Document{Name: name, Data: render(value, indent), New: func() any { return new(T) }}
}

// documentLines renders generated values, each on a line of its own.
func documentLines[T any](name string, lines int, value func() any) Document {
	var data []byte
	for range lines {
		data = append(appendValue(data, value()), '\n')
	}
	return Document{Name: name, Data: data, New: func() any { return new(T) }}
}

// Lines returns newline-delimited JSON of each kind, of about the given number of bytes: small values, large ones, and those of
// a log.
func Lines(bytes int) []Document {
	return []Document{Orders(bytes / 500), Tweets(bytes / 3000), Logs(bytes / 200)}
}

// kinds are the generators, each with the number of items of a sample and of a document of the usual size.
var kinds = []struct {
	generate    func(items int) Document
	few, common int
}{
	{Order, 2, 2},
	{Twitter, 3, 150},
	{Citm, 6, 500},
	{Canada, 4, 480},
	{Golang, 30, 9000},
	{Synthea, 20, 1000},
	{StringUnicode, 10, 110},
	{StringEscaped, 10, 110},
}

// Samples returns one document of each kind, cut to a few kilobytes: for tests that visit each document many times.
func Samples() []Document {
	documents := make([]Document, len(kinds))
	for i, kind := range kinds {
		documents[i] = kind.generate(kind.few)
	}
	return documents
}

// Documents returns one document of each kind at its usual size, from half a kilobyte to two megabytes.
func Documents() []Document {
	documents := make([]Document, len(kinds))
	for i, kind := range kinds {
		documents[i] = kind.generate(kind.common)
	}
	return documents
}

// Files returns the documents that the generated ones are modelled on, from the folder json in the folder that the
// environment variable TANDEM_DATA names, and none if that is not set.
func Files() ([]Document, error) {
	folder := os.Getenv("TANDEM_DATA")
	if folder == "" {
		return nil, nil
	}
	documents := []Document{
		{Name: "twitter_status", New: func() any { return new(TwitterSearch) }},
		{Name: "citm_catalog", New: func() any { return new(CitmCatalog) }},
		{Name: "canada_geometry", New: func() any { return new(CanadaGeometry) }},
		{Name: "golang_source", New: func() any { return new(GolangSource) }},
		{Name: "synthea_fhir", New: func() any { return new(SyntheaBundle) }},
		{Name: "string_unicode", New: func() any { return new(StringBlocks) }},
		{Name: "string_escaped", New: func() any { return new(StringBlocks) }},
	}
	for i := range documents {
		data, err := os.ReadFile(filepath.Join(folder, "json", documents[i].Name+".json"))
		if err != nil {
			return nil, err
		}
		documents[i].Data = data
	}
	return documents, nil
}
