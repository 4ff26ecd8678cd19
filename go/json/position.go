package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// A Position says where in a text something is.
type Position struct {
	Offset int64 // bytes before it
	Line   int   // from 1; lines end with LF
	Column int   // within the line in bytes, from 1
	// Pointer is the JSON Pointer (RFC 6901) to the innermost value that it is in, or to the member whose name it is in.
	Pointer string
}

// Locate returns where in data an error is that [Unmarshal] returned for it, or another function that was given it as a whole. That
// is the first byte that is wrong of a [*SyntaxError], where nothing more may be missing; the beginning of the value, or of the
// name, that does not fit its type of an [*UnmarshalTypeError]; and what is refused of a [*RefusedError]. Other errors have no
// position. Offsets of errors of a [Decoder] may count from elsewhere.
func Locate(data []byte, err error) (Position, bool) {
	var syntax *SyntaxError
	var mismatch *UnmarshalTypeError
	var refused *RefusedError
	switch {
	case errors.As(err, &syntax):
		if syntax.Offset == 0 { // encoding/json does not count when it compacts or indents
			errors.As(json.Unmarshal(data, new(RawMessage)), &syntax)
		}
		at := min(max(int(syntax.Offset), 0), len(data))
		if at > 0 && (at < len(data) || !isIncomplete(data)) {
			at-- // encoding/json has read the byte that is wrong
		}
		_, pointer := place(data[:at], at)
		return position(data, at, pointer), true
	case errors.As(err, &mismatch):
		start, pointer := place(data, int(mismatch.Offset)-1)
		return position(data, start, pointer), true
	case errors.As(err, &refused):
		_, pointer := place(data, int(refused.Offset))
		return position(data, int(refused.Offset), pointer), true
	}
	return Position{}, false
}

// isIncomplete reports whether a text may be the beginning of a value.
func isIncomplete(text []byte) bool {
	err := json.NewDecoder(bytes.NewReader(text)).Decode(new(RawMessage))
	return err == io.ErrUnexpectedEOF || err == io.EOF
}

func position(data []byte, at int, pointer string) Position {
	at = min(max(at, 0), len(data))
	before := data[:at]
	return Position{
		Offset:  int64(at),
		Line:    1 + bytes.Count(before, []byte{'\n'}),
		Column:  at - bytes.LastIndexByte(before, '\n'),
		Pointer: pointer,
	}
}

// around is an array or object around a place.
type around struct {
	array bool
	index int    // of the element
	name  string // of the member, as it stands in the text, if there is one
	named bool
}

// place returns where the token begins that the byte at a place is in, and the pointer to the value. Up to there, the text is
// valid.
func place(text []byte, at int) (start int, pointer string) {
	var open []around
	next := 0
	for start = next; start <= at && start < len(text); start = next {
		next = start + 1
		switch c := text[start]; c {
		case ' ', '\t', '\r', '\n', ':':
			continue
		case '"':
			for ; next < len(text) && text[next] != '"'; next++ {
				if text[next] == '\\' {
					next++
				}
			}
			next++
			if n := len(open); n > 0 && !open[n-1].array && !open[n-1].named && next <= len(text) {
				open[n-1].name, open[n-1].named = string(text[start:next]), true
			}
		case '{', '[', '}', ']', ',':
			if start == at {
				break
			}
			switch n := len(open); {
			case c == '{' || c == '[':
				open = append(open, around{array: c == '['})
			case n == 0:
			case c != ',':
				open = open[:n-1]
			case open[n-1].array:
				open[n-1].index++
			default:
				open[n-1].named = false
			}
		default:
			for next < len(text) && !strings.ContainsRune(" \t\r\n,:]}", rune(text[next])) {
				next++
			}
		}
		if at < next {
			break
		}
	}
	var b strings.Builder
	for _, o := range open {
		var name string
		switch {
		case o.array:
			b.WriteString("/" + strconv.Itoa(o.index))
		case o.named && json.Unmarshal([]byte(o.name), &name) == nil:
			b.WriteString("/" + escapePointer.Replace(name))
		}
	}
	return start, b.String()
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")
