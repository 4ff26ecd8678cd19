package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A source is what is imported.
type source struct {
	name       string // of the file; "" for examples
	collection string
	file       *os.File
	size       int64 // in bytes, if known
}

// openSource opens a file of documents, one a line; without one, examples are the source.
func openSource(path string) (*source, error) {
	if path == "" {
		return &source{collection: "orders"}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is a folder")}
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &source{path, collectionOf(path), file, info.Size()}, nil
}

var notInCollections = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// collectionOf makes the name of a collection out of that of a file: "var/My teas.ndjson" is "My-teas".
func collectionOf(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	name = strings.TrimLeft(notInCollections.ReplaceAllString(name, "-"), "._-")
	if name = name[:min(len(name), 64)]; name == "" {
		return "documents"
	}
	return name
}

func (s *source) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}

// fill imports the source. Examples are for a database without any orders: others are left as they are.
func fill(ctx context.Context, c client, s *source, stdout, stderr *os.File) error {
	body := &progress{from: s.file, size: s.size, out: stderr, collection: s.collection, terminal: isTerminal(stderr)}
	if s.file == nil {
		id, err := c.firstID(ctx, s.collection)
		if err != nil {
			return err
		}
		if id != "" {
			fmt.Fprintln(stdout, "Going on with the documents that are there (make run DATA=file.ndjson imports yours).")
			return nil
		}
		examples := exampleOrders()
		body.from, body.size = strings.NewReader(examples), int64(len(examples))
	}
	var report struct {
		Imported, Failed int
		Errors           []struct {
			Line   int
			Detail string
		}
	}
	begin := time.Now()
	err := c.do(ctx, http.MethodPost, "/v1/"+s.collection+"/_import", body, &report)
	body.clear()
	if err != nil {
		return err
	}
	for _, e := range report.Errors {
		fmt.Fprintf(stderr, "%s:%d: %s\n", s.name, e.Line, e.Detail)
	}
	fmt.Fprintf(stdout, "Imported %d documents into /v1/%s in %.1f s", report.Imported, s.collection, time.Since(begin).Seconds())
	if report.Failed > 0 {
		fmt.Fprintf(stdout, "; %d lines were refused", report.Failed)
	}
	fmt.Fprintln(stdout, ".")
	return nil
}

// A progress is a reader that shows on a terminal how much of it has been read.
type progress struct {
	from       io.Reader
	size, read int64
	lines      int
	shown      time.Time
	out        io.Writer
	terminal   bool
	collection string
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.read += int64(n)
	p.lines += bytes.Count(b[:n], []byte{'\n'})
	if p.terminal && p.size > 0 && time.Since(p.shown) > 100*time.Millisecond {
		p.shown = time.Now()
		fmt.Fprintf(p.out, "\rImporting %s: %d lines, %d %%", p.collection, p.lines, 100*p.read/p.size)
	}
	return n, err
}

// clear removes the progress from its line.
func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
