package json

import "encoding/json"

// A strictDecoding is what a [Decoder] checks besides what encoding/json does.
type strictDecoding struct {
	config Config
	whole  bool // the value at hand is to be all that is left of the stream
	done   bool // the stream's value was read
	// The names of the objects that were opened by tokens; nil for arrays.
	names []map[string]bool
}

func (s *strictDecoding) isTooLong(length int) bool {
	return s.config.MaxBytes > 0 && length > s.config.MaxBytes
}

// tooLong is the error for a value that begins at the offset.
func (s *strictDecoding) tooLong(offset int64) error {
	return &RefusedError{offset + int64(s.config.MaxBytes), ErrTooLong}
}

// enter is told of brackets that were passed as tokens: the last one, at the offset, if depth of them are open.
func (s *strictDecoding) enter(bracket Delim, depth int, offset int64) error {
	if bracket == ']' || bracket == '}' {
		s.names = s.names[:len(s.names)-1]
		return nil
	}
	if s.config.MaxDepth > 0 && depth > s.config.MaxDepth {
		return &RefusedError{offset, ErrTooDeep}
	}
	var names map[string]bool
	if bracket == '{' && s.config.RejectDuplicateNames {
		names = map[string]bool{}
	}
	s.names = append(s.names, names)
	return nil
}

// name is told of a name that was passed as a token.
func (s *strictDecoding) name(name string, offset int64) error {
	names := s.names[len(s.names)-1]
	if names == nil {
		return nil
	}
	if names[name] {
		return &RefusedError{offset, ErrDuplicateName}
	}
	names[name] = true
	return nil
}

// trailing is the error of encoding/json for a byte behind a value, at the offset.
func trailing(c byte, offset int64) error {
	err := json.Unmarshal([]byte{'{', '}', c}, new(RawMessage))
	if syntax, ok := err.(*SyntaxError); ok {
		syntax.Offset = offset + 1
	}
	return err
}
