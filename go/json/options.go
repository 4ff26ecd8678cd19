//go:build go1.27 && goexperiment.jsonv2

package json

import "encoding/json"

// Options are those of encoding/json, for encoding/json/v2: see [json.Options].
type Options = json.Options

// DefaultOptionsV1 is [json.DefaultOptionsV1] of encoding/json.
func DefaultOptionsV1() Options { return json.DefaultOptionsV1() }

// CallMethodsWithLegacySemantics is [json.CallMethodsWithLegacySemantics] of encoding/json.
func CallMethodsWithLegacySemantics(v bool) Options { return json.CallMethodsWithLegacySemantics(v) }

// FormatByteArrayAsArray is [json.FormatByteArrayAsArray] of encoding/json.
func FormatByteArrayAsArray(v bool) Options { return json.FormatByteArrayAsArray(v) }

// FormatBytesWithLegacySemantics is [json.FormatBytesWithLegacySemantics] of encoding/json.
func FormatBytesWithLegacySemantics(v bool) Options { return json.FormatBytesWithLegacySemantics(v) }

// FormatDurationAsNano is [json.FormatDurationAsNano] of encoding/json.
func FormatDurationAsNano(v bool) Options { return json.FormatDurationAsNano(v) }

// MatchCaseSensitiveDelimiter is [json.MatchCaseSensitiveDelimiter] of encoding/json.
func MatchCaseSensitiveDelimiter(v bool) Options { return json.MatchCaseSensitiveDelimiter(v) }

// MergeWithLegacySemantics is [json.MergeWithLegacySemantics] of encoding/json.
func MergeWithLegacySemantics(v bool) Options { return json.MergeWithLegacySemantics(v) }

// OmitEmptyWithLegacySemantics is [json.OmitEmptyWithLegacySemantics] of encoding/json.
func OmitEmptyWithLegacySemantics(v bool) Options { return json.OmitEmptyWithLegacySemantics(v) }

// ParseBytesWithLooseRFC4648 is [json.ParseBytesWithLooseRFC4648] of encoding/json.
func ParseBytesWithLooseRFC4648(v bool) Options { return json.ParseBytesWithLooseRFC4648(v) }

// ParseTimeWithLooseRFC3339 is [json.ParseTimeWithLooseRFC3339] of encoding/json.
func ParseTimeWithLooseRFC3339(v bool) Options { return json.ParseTimeWithLooseRFC3339(v) }

// ReportErrorsWithLegacySemantics is [json.ReportErrorsWithLegacySemantics] of encoding/json.
func ReportErrorsWithLegacySemantics(v bool) Options { return json.ReportErrorsWithLegacySemantics(v) }

// StringifyWithLegacySemantics is [json.StringifyWithLegacySemantics] of encoding/json.
func StringifyWithLegacySemantics(v bool) Options { return json.StringifyWithLegacySemantics(v) }

// UnmarshalArrayFromAnyLength is [json.UnmarshalArrayFromAnyLength] of encoding/json.
func UnmarshalArrayFromAnyLength(v bool) Options { return json.UnmarshalArrayFromAnyLength(v) }
