package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tandem.example/go/json"
)

// maxBody is more than any valid product takes.
const maxBody = 128 << 10

// readBody returns the body of a request, which must say that it is JSON. One that is too long is refused unread if
// its length is known, else once it turns out.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, newProblem(http.StatusUnsupportedMediaType, "the body must have Content-Type: application/json")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, newProblem(http.StatusUnsupportedMediaType, "the body must not have a Content-Encoding")
	}
	tooLong := newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body must have at most %d bytes", maxBody))
	if r.ContentLength > maxBody {
		w.Header().Set("Connection", "close") // or the server would read the rest
		return nil, tooLong
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooMany := (*http.MaxBytesError)(nil); errors.As(err, &tooMany) {
		return nil, tooLong
	}
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "the body could not be read: "+err.Error())
	}
	// encoding/json would put U+FFFD in the place of such bytes.
	if offset, ok := invalidUTF8(body); ok {
		return nil, newProblem(http.StatusBadRequest, "the body is not valid JSON",
			fault{Detail: "invalid UTF-8", Position: positionAt(body, offset)})
	}
	return body, nil
}

func invalidUTF8(text []byte) (offset int64, ok bool) {
	for rest := text; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			return int64(len(text) - len(rest)), true
		}
		rest = rest[size:]
	}
	return 0, false
}

// readProduct returns the product that a request brings, every rule for products kept.
func readProduct(w http.ResponseWriter, r *http.Request) (Product, error) {
	body, err := readBody(w, r)
	if err != nil {
		return Product{}, err
	}
	var p struct {
		Product
		Updated json.RawMessage `json:"updated"` // clients may send back what they were given: it is ignored
	}
	if err := json.Unmarshal(body, &p); err != nil {
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			return Product{}, newProblem(http.StatusBadRequest, "the body is not valid JSON", jsonFault(body, err))
		}
		return Product{}, newProblem(http.StatusUnprocessableEntity, "the body is not a product", jsonFault(body, err))
	}
	faults := memberFaults(body)
	if len(faults) == 0 {
		faults = p.faults()
	}
	if len(faults) > 0 {
		return Product{}, newProblem(http.StatusUnprocessableEntity, "the body is not a product", faults...)
	}
	return p.Product, nil
}

// memberFaults says which members a product lacks and which it should not have. Decoding into a struct leaves both be.
func memberFaults(body []byte) []fault {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return []fault{{Detail: "must be an object, is null", Position: positionAt(body, 0)}}
	}
	var faults []fault
	for _, name := range requiredMembers {
		if _, ok := members[name]; !ok {
			faults = append(faults, fault{Pointer: "/" + name, Detail: "is missing"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch {
		case !slices.Contains(requiredMembers, name) && !slices.Contains(optionalMembers, name):
			faults = append(faults, fault{Pointer: "/" + pointerEscape.Replace(name), Detail: "is not a member of products"})
		case bytes.Equal(members[name], []byte("null")):
			faults = append(faults, fault{Pointer: "/" + name, Detail: "must not be null"})
		}
	}
	return faults
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

const (
	commonLimit = 20
	maxLimit    = 100
	maxWords    = 10
)

// readFilter returns what the parameters ask for. Empty ones ask for nothing.
func readFilter(r *http.Request) (filter, error) {
	const detail = "the parameters are not valid"
	f := filter{limit: commonLimit}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return f, newProblem(http.StatusBadRequest, detail, fault{Detail: err.Error()})
	}
	var faults []fault
	for _, name := range slices.Sorted(maps.Keys(query)) {
		check := func(ok bool, detail string) {
			if !ok {
				faults = append(faults, fault{Parameter: name, Detail: detail})
			}
		}
		check(len(query[name]) == 1, "must be given once")
		value := query.Get(name)
		switch {
		case !slices.Contains([]string{"category", "q", "limit", "cursor"}, name):
			check(false, "is not among category, q, limit and cursor")
		case value == "":
		case name == "category":
			f.category = value
		case name == "q":
			f.words = words(value)
			check(len(f.words) > 0 && len(f.words) <= maxWords, fmt.Sprintf("must have 1 to %d words", maxWords))
		case name == "limit":
			f.limit, err = strconv.Atoi(value)
			check(err == nil && f.limit > 0 && f.limit <= maxLimit, fmt.Sprintf("must be from 1 to %d", maxLimit))
		case name == "cursor":
			f.after, err = strconv.ParseInt(value, 10, 64)
			check(err == nil && f.after > 0, "must be the next_cursor of another page")
		}
	}
	if len(faults) > 0 {
		return f, newProblem(http.StatusBadRequest, detail, faults...)
	}
	return f, nil
}
