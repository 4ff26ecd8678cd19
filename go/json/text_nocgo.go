//go:build !cgo

package json

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Valid reports whether data is a valid JSON encoding.
func Valid(data []byte) bool { return json.Valid(data) }

// Compact appends to dst the JSON-encoded src with insignificant space characters elided.
func Compact(dst *bytes.Buffer, src []byte) error { return json.Compact(dst, src) }

// Indent appends to dst an indented form of the JSON-encoded src.
func Indent(dst *bytes.Buffer, src []byte, prefix, indent string) error {
	return json.Indent(dst, src, prefix, indent)
}

// HTMLEscape appends to dst the JSON-encoded src with <, >, &, U+2028 and U+2029 inside string literals
// escaped, so that the JSON will be safe to embed inside HTML <script> tags.
func HTMLEscape(dst *bytes.Buffer, src []byte) { json.HTMLEscape(dst, src) }

// fault returns the first fault of a text that is JSON, and its offset.
func (c Config) fault(text []byte, maxDepth int) (int, error) {
	if !Valid(text) {
		return 0, nil
	}
	var objects []map[string]bool
	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '{', '[':
			if len(objects) >= maxDepth {
				return at, ErrTooDeep
			}
			objects = append(objects, map[string]bool{})
		case '}', ']':
			objects = objects[:len(objects)-1]
		case '"':
			end := at + 1
			for ; text[end] != '"'; end++ {
				if text[end] == '\\' {
					end++
				}
			}
			if wrong := noCharacter(text[at:end]); c.RejectInvalidUTF8 && wrong > 0 {
				return at + wrong, ErrInvalidUTF8
			}
			isName := bytes.HasPrefix(bytes.TrimLeft(text[end+1:], " \t\r\n"), []byte{':'})
			if isName && c.RejectDuplicateNames {
				var name string
				_ = json.Unmarshal(text[at:end+1], &name) // which is valid
				names := objects[len(objects)-1]
				if names[name] {
					return at, ErrDuplicateName
				}
				names[name] = true
			}
			at = end
		}
	}
	return 0, nil
}

// noCharacter returns where a string has what is no character, or 0.
func noCharacter(text []byte) int {
	for at := 0; at < len(text); {
		if text[at] != '\\' {
			r, size := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && size == 1 {
				return at
			}
			at += size
			continue
		}
		unit := codeUnit(text[at:])
		switch {
		case text[at+1] != 'u':
			at += 2
		case !utf16.IsSurrogate(unit):
			at += 6
		case at+6 < len(text) && utf16.DecodeRune(unit, codeUnit(text[at+6:])) != utf8.RuneError:
			at += 12
		default:
			return at
		}
	}
	return 0
}

// codeUnit returns that of the escape \uXXXX that text begins with, or -1.
func codeUnit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

// Kinds of words in a tape.
const (
	tapeNull   = 0
	tapeBool   = 1
	tapeNumber = 2
	tapeString = 3
	tapeArray  = 4
	tapeObject = 5
	tapeEnd    = 6
)

// appendTape parses a text into a tape, which docs/run.md describes.
func appendTape(dst []uint64, text []byte) ([]uint64, error) {
	if len(text) > tapeOffset {
		return dst, errDocumentTooLarge
	}
	// What is valid can be taken apart without looking for errors.
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return dst, err
	}
	word := func(kind, payload, offset int) uint64 {
		return uint64(kind)<<tapeKindShift | uint64(payload)<<tapePayloadShift | uint64(offset)
	}
	scalar := func(kind, length, offset int) {
		if length < tapePayload {
			dst = append(dst, word(kind, length, offset))
		} else {
			dst = append(dst, word(kind, tapePayload, offset), uint64(length))
		}
	}
	type container struct{ place, separators int }
	var open []container
	for at := 0; at < len(text); at++ {
		switch c := text[at]; c {
		case ' ', '\t', '\r', '\n', ':':
		case ',':
			open[len(open)-1].separators++
		case '{', '[':
			kind := tapeArray
			if c == '{' {
				kind = tapeObject
			}
			open = append(open, container{place: len(dst)})
			dst = append(dst, word(kind, 0, at), 0)
		case '}', ']':
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if len(dst) > last.place+2 {
				dst[last.place] |= word(0, last.separators+1, 0)
			}
			dst = append(dst, word(tapeEnd, 0, at))
			dst[last.place+1] = uint64(len(dst))
		case '"':
			end := at + 1
			for ; text[end] != '"'; end++ {
				if text[end] == '\\' {
					end++
				}
			}
			scalar(tapeString, end-at-1, at)
			at = end
		case 'n':
			dst = append(dst, word(tapeNull, 0, at))
			at += len("null") - 1
		case 't':
			dst = append(dst, word(tapeBool, 1, at))
			at += len("true") - 1
		case 'f':
			dst = append(dst, word(tapeBool, 0, at))
			at += len("false") - 1
		default:
			end := at
			for end < len(text) && strings.IndexByte("+-.0123456789Ee", text[end]) >= 0 {
				end++
			}
			scalar(tapeNumber, end-at, at)
			at = end - 1
		}
	}
	return dst, nil
}

func appendCompact(dst, src []byte) []byte {
	out := bytes.NewBuffer(dst)
	_ = json.Compact(out, src) // which can't fail, as the text was checked
	return out.Bytes()
}

func appendIndent(dst, src []byte, prefix, indent string) []byte {
	out := bytes.NewBuffer(dst)
	_ = json.Indent(out, src, prefix, indent) // likewise
	return out.Bytes()
}
