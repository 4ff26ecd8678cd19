package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"tandem.example/go/json"
)

// A problem tells a client what is wrong with its request (RFC 9457). Handlers return it as their error.
type problem struct {
	Type   string  `json:"type"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Errors []fault `json:"errors,omitempty"`
}

// A fault is one thing that is wrong, and where: in a member of the body, in the text of the body or in a parameter.
type fault struct {
	Detail    string    `json:"detail"`
	Pointer   string    `json:"pointer,omitempty"` // RFC 6901
	Parameter string    `json:"parameter,omitempty"`
	Position  *position `json:"position,omitempty"`
}

// A position in a text: bytes from its start, and the line and the character there, both from 1.
type position struct {
	Offset int64 `json:"offset"`
	Line   int   `json:"line"`
	Column int   `json:"column"`
}

func newProblem(status int, detail string, faults ...fault) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Errors: faults}
}

func (p *problem) Error() string { return p.Detail }

func (f fault) String() string {
	if f.Pointer == "" {
		return f.Detail
	}
	return f.Pointer[1:] + " " + f.Detail
}

func positionAt(text []byte, offset int64) *position {
	before := text[:min(max(offset, 0), int64(len(text)))]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return &position{int64(len(before)), bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(line) + 1}
}

// jsonFault says why a text is not what it should be, given the error of decoding it.
func jsonFault(text []byte, err error) fault {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset := syntax.Offset
		if !strings.HasPrefix(syntax.Error(), "unexpected end") {
			offset-- // it counts the byte that is wrong
		}
		return fault{Detail: syntax.Error(), Position: positionAt(text, offset)}
	case errors.As(err, &mismatch):
		// Members that a struct embeds have its name in front.
		member := mismatch.Field[strings.LastIndexByte(mismatch.Field, '.')+1:]
		detail := fmt.Sprintf("must be %s, is %s", typeNames[mismatch.Type.Kind()], valueName(mismatch.Value))
		if member == "" {
			return fault{Detail: detail, Position: positionAt(text, 0)}
		}
		return fault{Detail: detail, Pointer: "/" + member}
	default:
		return fault{Detail: err.Error()}
	}
}

// typeNames are what JSON calls the values of Go's types.
var typeNames = map[reflect.Kind]string{
	reflect.String:  "a string",
	reflect.Float64: "a number",
	reflect.Int64:   "an integer of 64 bits",
	reflect.Slice:   "an array",
	reflect.Struct:  "an object",
}

// valueName is what a value is, given what encoding/json calls it: "string", "object", "number 1.5" and the like.
func valueName(value string) string {
	if number, ok := strings.CutPrefix(value, "number "); ok {
		return number
	}
	if value == "array" || value == "object" {
		return "an " + value
	}
	return "a " + strings.Replace(value, "bool", "boolean", 1)
}

// statusGone is what nginx calls the answer to a client that has closed its connection.
const statusGone = 499

// fail answers with the problem that an error stands for. What the client is not to blame for is logged.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	switch {
	case errors.As(err, &p):
	case errors.Is(err, errNotFound):
		p = newProblem(http.StatusNotFound, "there is no product with this id")
	case errors.Is(err, errSKUTaken):
		p = newProblem(http.StatusConflict, err.Error(), fault{Pointer: "/sku", Detail: "is in use"})
	case r.Context().Err() != nil:
		w.WriteHeader(statusGone) // for the metrics: nobody reads it
		return
	case isBusy(err):
		s.log.Warn("busy", "method", r.Method, "path", r.URL.Path, "error", err)
		w.Header().Set("Retry-After", "1")
		p = newProblem(http.StatusServiceUnavailable, "the database is busy: try again")
	default:
		s.log.Error("failed", "method", r.Method, "path", r.URL.Path, "error", err)
		p = newProblem(http.StatusInternalServerError, "the service failed, and has logged why")
	}
	var body bytes.Buffer
	if err := encode(&body, p); err != nil {
		s.log.Error("a problem has no JSON", "error", err)
	}
	writeBody(w, p.Status, "application/problem+json", body.Bytes())
}
