package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// The generators build documents of these: objects keep the order of their members, and may leave some out.
type (
	object []member
	member struct {
		name  string
		value any
	}
	array []any
	// escaped is a string of which each character is written as \uXXXX, or as two of them.
	escaped string
)

// render writes a generated value as JSON text, indented by indent if that is not empty.
func render(value any, indent string) []byte {
	text := appendValue(nil, value)
	if indent == "" {
		return text
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", indent); err != nil {
		panic(err) // appendValue wrote something that is not JSON
	}
	return indented.Bytes()
}

func appendValue(dst []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	case string:
		return appendString(dst, v)
	case escaped:
		return appendEscaped(dst, v)
	case array:
		dst = append(dst, '[')
		for i, element := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, element)
		}
		return append(dst, ']')
	case object:
		dst = append(dst, '{')
		for i, member := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, member.name)
			dst = append(dst, ':')
			dst = appendValue(dst, member.value)
		}
		return append(dst, '}')
	default:
		panic(fmt.Sprintf("corpus: a %T in a document", value))
	}
}

// appendString quotes s with no more escapes than JSON asks for.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

func appendEscaped(dst []byte, s escaped) []byte {
	dst = append(dst, '"')
	for _, unit := range utf16.Encode([]rune(s)) {
		dst = fmt.Appendf(dst, `\u%04x`, unit)
	}
	return append(dst, '"')
}
