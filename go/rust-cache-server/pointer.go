package main

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"tandem.example/go/json"
)

// resolve returns the part of a JSON text that a pointer (RFC 6901) leads to.
func resolve(text []byte, pointer string) ([]byte, error) {
	if pointer != "" && pointer[0] != '/' {
		return nil, problem{http.StatusBadRequest, "a pointer is empty or begins with /"}
	}
	if !json.Valid(text) {
		return nil, problem{http.StatusUnprocessableEntity, "the value is not JSON, which a pointer is for"}
	}
	part := bytes.TrimSpace(text)
	if pointer == "" {
		return part, nil
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		if strings.HasSuffix(token, "~") || strings.Count(token, "~") != strings.Count(token, "~0")+strings.Count(token, "~1") {
			return nil, problem{http.StatusBadRequest, "in a pointer, ~ is followed by 0 or 1"}
		}
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		var found bool
		switch part[0] {
		case '{':
			var members map[string]json.RawMessage
			if err := json.Unmarshal(part, &members); err != nil {
				return nil, err
			}
			part, found = members[token]
		case '[':
			var elements []json.RawMessage
			if err := json.Unmarshal(part, &elements); err != nil {
				return nil, err
			}
			index, err := strconv.Atoi(token)
			if found = err == nil && strconv.Itoa(index) == token && 0 <= index && index < len(elements); found {
				part = elements[index]
			}
		}
		if !found {
			return nil, problem{http.StatusNotFound, "the value has nothing at this pointer"}
		}
	}
	return part, nil
}
