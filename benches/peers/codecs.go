package main

import (
	"bytes"
	std "encoding/json"

	"github.com/bytedance/sonic"
	experiment "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	gojson "github.com/goccy/go-json"
	segmentio "github.com/segmentio/encoding/json"

	tandem "tandem.example/go/json"
)

// codec is a JSON library, used as its users do. Functions that it lacks, or takes from encoding/json, are nil.
type codec struct {
	name      string
	unmarshal func(data []byte, v any) error
	marshal   func(v any) ([]byte, error)
	valid     func(data []byte) bool
	compact   func(dst *bytes.Buffer, src []byte) error
	indent    func(dst *bytes.Buffer, src []byte, prefix, indent string) error
}

// The first is the reference: its results are the right ones.
var codecs = []codec{
	{"encoding/json", std.Unmarshal, std.Marshal, std.Valid, std.Compact, std.Indent},
	{own, tandem.Unmarshal, tandem.Marshal, tandem.Valid, tandem.Compact, tandem.Indent},
	{"experiment", experimentUnmarshal, experimentMarshal, experimentValid, experimentCompact, experimentIndent},
	{"sonic", sonic.ConfigDefault.Unmarshal, sonic.ConfigDefault.Marshal, sonic.ConfigDefault.Valid, nil, nil},
	{"sonic-std", sonic.ConfigStd.Unmarshal, sonic.ConfigStd.Marshal, sonic.ConfigStd.Valid, nil, nil},
	{"go-json", gojson.Unmarshal, gojson.Marshal, gojson.Valid, gojson.Compact, gojson.Indent},
	{"segmentio", segmentio.Unmarshal, segmentio.Marshal, segmentio.Valid, nil, nil},
}

// go-json-experiment is measured as what it is to become, encoding/json/v2, save that maps are sorted and nil slices
// are null, so that it writes the same texts as the others.
var likeTheOthers = experiment.JoinOptions(
	experiment.Deterministic(true), experiment.FormatNilSliceAsNull(true), experiment.FormatNilMapAsNull(true))

func experimentUnmarshal(data []byte, v any) error { return experiment.Unmarshal(data, v) }

func experimentMarshal(v any) ([]byte, error) { return experiment.Marshal(v, likeTheOthers) }

func experimentValid(data []byte) bool {
	return jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func experimentCompact(dst *bytes.Buffer, src []byte) error {
	return experimentFormat(dst, src)
}

func experimentIndent(dst *bytes.Buffer, src []byte, prefix, indent string) error {
	return experimentFormat(dst, src,
		jsontext.Multiline(true), jsontext.WithIndentPrefix(prefix), jsontext.WithIndent(indent))
}

func experimentFormat(dst *bytes.Buffer, src []byte, options ...jsontext.Options) error {
	options = append(options,
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
	text, err := jsontext.AppendFormat(dst.AvailableBuffer(), src, options...)
	if err != nil {
		return err
	}
	_, err = dst.Write(text)
	return err
}
