package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"tandem.example/go/json"
)

// A record is what one place of a file holds: a product, or why it is none.
type record struct {
	product Product
	err     error
	line    int   // where it begins
	read    int64 // bytes of the file so far
}

// maxRecord bounds what is read for one record, and so the memory that a file takes.
const maxRecord = 4 << 20

// readRecords yields the records of a JSON array, or of a text with one object a line. A bad record is passed over if it
// is clear where the next one begins.
func readRecords(file io.Reader) iter.Seq[record] {
	return func(yield func(record) bool) {
		in := bufio.NewReader(file)
		if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
			_, _ = in.Discard(len(mark))
		}
		head, _ := in.Peek(in.Size())
		if bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")) {
			readArray(in, yield)
		} else {
			readLines(in, yield)
		}
	}
}

func readLines(in io.Reader, yield func(record) bool) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxRecord)
	r := record{line: 1}
	for ; lines.Scan(); r.line++ {
		text := lines.Bytes()
		r.read += int64(len(text)) + 1
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if r.product, r.err = decodeRecord(text); !yield(r) {
			return
		}
	}
	if err := lines.Err(); err != nil {
		r.err = restLost(err)
		yield(r)
	}
}

func readArray(in io.Reader, yield func(record) bool) {
	lines := &lineReader{reader: in, limit: maxRecord}
	d := json.NewDecoder(lines)
	_, err := d.Token() // the bracket
	for err == nil && d.More() {
		lines.limit = d.InputOffset() + maxRecord
		var text json.RawMessage
		if err = d.Decode(&text); err != nil {
			break
		}
		r := record{line: lines.at(d.InputOffset() - int64(len(text))), read: d.InputOffset()}
		if r.product, r.err = decodeRecord(text); !yield(r) {
			return
		}
	}
	if err == nil {
		err = readEnd(d)
	}
	if err != nil {
		yield(record{line: lines.at(d.InputOffset()), read: d.InputOffset(), err: restLost(err)})
	}
}

// readEnd reads the end of an array, behind which must be nothing.
func readEnd(d *json.Decoder) error {
	_, err := d.Token()
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	if _, err = d.Token(); err != io.EOF {
		return errors.New("there is more behind the array")
	}
	return nil
}

func restLost(err error) error { return fmt.Errorf("the rest of the file is left out: %w", err) }

// decodeRecord returns the product in a text, which may be told less strictly than in requests: members that are not
// a product's are ignored, ids and SKUs may be strings or numbers, and one stands in for the other.
func decodeRecord(text []byte) (Product, error) {
	var r struct {
		Product
		ID      identifier      `json:"id"`
		SKU     identifier      `json:"sku"`
		Title   string          `json:"title"` // a name
		Updated json.RawMessage `json:"updated"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return Product{}, errors.New(jsonFault(text, err).String())
	}
	p := r.Product
	if id, err := strconv.ParseInt(string(r.ID), 10, 64); err == nil {
		p.ID = id
	}
	p.SKU = string(cmp.Or(r.SKU, r.ID))
	p.Name = strings.TrimSpace(cmp.Or(p.Name, r.Title))
	p.Category = strings.TrimSpace(p.Category)
	p.Description = strings.TrimSpace(p.Description)
	if faults := p.faults(); len(faults) > 0 {
		reasons := make([]string, len(faults))
		for i, f := range faults {
			reasons[i] = f.String()
		}
		return Product{}, errors.New(strings.Join(reasons, "; "))
	}
	return p, nil
}

// An identifier is a string or a number.
type identifier string

func (i *identifier) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		return json.Unmarshal(text, (*string)(i))
	}
	return json.Unmarshal(text, (*json.Number)(i))
}

// A lineReader knows on which line the bytes stand that were read through it.
type lineReader struct {
	reader   io.Reader
	limit    int64 // bytes that may be read
	read     int64
	newlines []int64 // offsets of those that at has not passed
	passed   int
}

func (l *lineReader) Read(p []byte) (int, error) {
	if l.read > l.limit {
		return 0, errors.New("a record is too long")
	}
	n, err := l.reader.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.newlines = append(l.newlines, l.read+int64(i))
		}
	}
	l.read += int64(n)
	return n, err
}

// at returns the line of an offset, which must not be less than that before.
func (l *lineReader) at(offset int64) int {
	n, _ := slices.BinarySearch(l.newlines, offset)
	l.newlines = l.newlines[n:]
	l.passed += n
	return l.passed + 1
}
