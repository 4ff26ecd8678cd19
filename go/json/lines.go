package json

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// LinesOptions says how [Lines] reads. Its zero value is ready for use.
type LinesOptions struct {
	// Workers is how many goroutines decode at the same time. With less than two there is none: the loop decodes, and has each
	// value as soon as its line was read. With more, values still come in the order of their lines, but up to
	// Workers + 1 blocks of lines are read ahead: for files, not for streams whose lines are awaited.
	Workers int
	// MaxLine is the length in bytes, without the line's end, beyond which a line is an error, [ErrLineTooLong], and
	// passed over. 0 stands for 64 MiB; less is no limit.
	MaxLine int
	// Config is what each line is decoded by. Strings do not share the memory of their lines, whatever it says.
	Config Config
}

const (
	defaultMaxLine = 64 << 20
	// blockOfLines is how much is read at a time.
	blockOfLines = 64 << 10
)

// ErrLineTooLong is the error of a line that is longer than [LinesOptions] allow.
var ErrLineTooLong = errors.New("json: line too long")

// A LineError says in which line of a stream an error is. It wraps the error.
type LineError struct {
	Line   int64 // from 1
	Offset int64 // bytes of the stream before the line
	Err    error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("line %d (byte %d): %v", e.Line, e.Offset, e.Err)
}

// Unwrap returns what is wrong with the line.
func (e *LineError) Unwrap() error { return e.Err }

// Lines returns the values of newline-delimited JSON (NDJSON, JSON Lines), of any length, one for each line that is not
// blank. It holds a block of lines at a time for each worker.
//
// All errors are a [*LineError]. A line that is not exactly one JSON value, or does not fit T, is an error of its own, beside
// which stands what [Unmarshal] makes of the line; the loop may go on to the next one. Offsets within [SyntaxError],
// [UnmarshalTypeError] and [RefusedError] count from the beginning of their line. An error of r other than io.EOF is the last.
//
// When the loop ends, in whatever way, all workers have ended. A panic of a method of T is passed on to the loop. What
// was read from r beyond the last value is lost.
func Lines[T any](r io.Reader, options LinesOptions) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		lines := &lineReader{r: r, line: 1, options: options}
		if options.Workers > 1 {
			linesByWorkers(lines, yield)
			return
		}
		decoder := newLinesDecoder[T](options)
		defer decoder.values.drop()
		block := new(lineBlock)
		value, none := new(T), *new(T)
		slot := func() *T {
			*value = none
			return value
		}
		each := func(err error) bool { return yield(*value, err) }
		for lines.next(block, 1) {
			if !decoder.decode(block, slot, each) {
				return
			}
		}
	}
}

// A lineBlock is some lines of a stream.
type lineBlock struct {
	text   []byte // whole lines
	line   int64  // the number of the first
	offset int64  // bytes of the stream before it
	err    error  // in place of lines
}

func (b *lineBlock) error(line int64, offset int, err error) error {
	return &LineError{Line: line, Offset: b.offset + int64(offset), Err: err}
}

// A lineReader cuts a stream into blocks of lines.
type lineReader struct {
	r       io.Reader
	options LinesOptions
	rest    []byte // what was read beyond the last block
	line    int64  // the number of the line that it begins with
	offset  int64  // bytes of the stream before it
	err     error  // of the last read
	ended   bool
}

func (r *lineReader) tooLong(length int) bool { return isTooLong(length, r.options.MaxLine) }

func isTooLong(length, limit int) bool {
	if limit == 0 {
		limit = defaultMaxLine
	}
	return limit > 0 && length > limit
}

// next reads the next block, of at least the given length unless the stream ends, into the memory of an old one.
func (r *lineReader) next(b *lineBlock, length int) bool {
	if r.ended {
		return false
	}
	text := b.text[:0]
	if cap(text) > 16*blockOfLines && len(r.rest) < blockOfLines || cap(text) == 0 {
		text = make([]byte, 0, blockOfLines) // a long line is no reason to keep so much
	}
	text = append(text, r.rest...)
	*b = lineBlock{line: r.line, offset: r.offset}
	end := bytes.LastIndexByte(text, '\n') + 1 // of the last whole line
	for r.err == nil && (end == 0 || end < length) {
		if end == 0 && r.tooLong(len(text)-1) { // the last byte may be the CR of the line's end
			return r.pass(b, text)
		}
		if len(text) == cap(text) {
			if end > 0 {
				break
			}
			text = slices.Grow(text, len(text))
		}
		start := len(text)
		text = text[:start+r.read(text[start:cap(text)])]
		if i := bytes.LastIndexByte(text[start:], '\n'); i >= 0 {
			end = start + i + 1
		}
	}
	switch {
	case r.err == io.EOF:
		r.ended = true
		end = len(text)
	case r.err != nil && end == 0:
		r.ended = true
		b.err = b.error(b.line, 0, r.err)
	}
	b.text = text[:end]
	r.rest = append(r.rest[:0], text[end:]...)
	r.line += int64(bytes.Count(b.text, []byte{'\n'}))
	r.offset += int64(end)
	return true
}

// read reads into some memory, and gives up a reader that has returned nothing, and no error, a hundred times.
func (r *lineReader) read(into []byte) int {
	n := 0
	for tries := 0; n == 0 && r.err == nil; tries++ {
		if tries == 100 {
			r.err = io.ErrNoProgress
			break
		}
		n, r.err = r.r.Read(into)
	}
	return n
}

// pass passes over the line that text is the beginning of, which is too long.
func (r *lineReader) pass(b *lineBlock, text []byte) bool {
	b.err = b.error(b.line, 0, ErrLineTooLong)
	r.line++
	for {
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			r.offset += int64(i) + 1
			r.rest = append(r.rest[:0], text[i+1:]...)
			break
		}
		r.offset += int64(len(text))
		if r.err != nil {
			r.rest = r.rest[:0]
			break
		}
		text = text[:r.read(text[:cap(text)])]
	}
	b.text = text[:0]
	return true
}

// A linesDecoder decodes lines, one after the other.
type linesDecoder[T any] struct {
	options LinesOptions
	values  lineValues
}

func newLinesDecoder[T any](options LinesOptions) *linesDecoder[T] {
	options.Config.ShareStrings = false // the memory of lines is used again
	d := &linesDecoder[T]{options: options}
	d.values.prepare((*T)(nil), options)
	return d
}

// decode decodes the lines of a block, each into the zero value that slot returns a pointer to, and calls each for it,
// until that has enough.
func (d *linesDecoder[T]) decode(b *lineBlock, slot func() *T, each func(error) bool) bool {
	if b.err != nil {
		slot()
		return each(b.err)
	}
	line := b.line
	for start := 0; start < len(b.text); line++ {
		end, next := len(b.text), len(b.text)
		if i := bytes.IndexByte(b.text[start:], '\n'); i >= 0 {
			end, next = start+i, start+i+1
		}
		content := end
		if content > start && b.text[content-1] == '\r' {
			content--
		}
		var err error
		switch {
		case isTooLong(content-start, d.options.MaxLine):
			d.values.drop()
			slot()
			err = ErrLineTooLong
		case len(bytes.TrimLeft(b.text[start:end], " \t\r")) == 0: // blank
			start = next
			continue
		default:
			target := slot()
			if err = d.options.Config.check(b.text[start:end], 0); err != nil {
				d.values.fail()
				break
			}
			var done bool
			if done, err = d.values.decode(b.text, start, end, target); !done {
				err = d.options.Config.unmarshal(b.text[start:end], target)
			}
		}
		if err != nil {
			err = b.error(line, start, err)
		}
		if !each(err) {
			return false
		}
		start = next
	}
	d.values.drop()
	return true
}

// A linesJob is a block on its way through a worker.
type linesJob[T any] struct {
	block    lineBlock
	results  []lineResult[T]
	panicked any
	done     chan struct{}
}

type lineResult[T any] struct {
	value T
	err   error
}

// linesByWorkers reads and yields in the loop's goroutine, so that none waits for r when the loop ends, and has workers decode.
func linesByWorkers[T any](lines *lineReader, yield func(T, error) bool) {
	var (
		workers sync.WaitGroup
		stop    atomic.Bool
		ahead   = lines.options.Workers + 1
		jobs    = make(chan *linesJob[T], ahead)
		free    []*linesJob[T]
		waiting []*linesJob[T]
	)
	for range lines.options.Workers {
		workers.Go(func() {
			decoder := newLinesDecoder[T](lines.options)
			for job := range jobs {
				decoder.run(job, &stop)
			}
		})
	}
	defer func() {
		stop.Store(true)
		close(jobs)
		workers.Wait()
	}()
	for {
		for len(waiting) < ahead {
			job := &linesJob[T]{done: make(chan struct{}, 1)}
			if n := len(free); n > 0 {
				job, free = free[n-1], free[:n-1]
			}
			if !lines.next(&job.block, blockOfLines/2) {
				break
			}
			waiting = append(waiting, job)
			jobs <- job
		}
		if len(waiting) == 0 {
			return
		}
		job := waiting[0]
		waiting = slices.Delete(waiting, 0, 1)
		<-job.done
		for _, result := range job.results {
			if !yield(result.value, result.err) {
				return
			}
		}
		if job.panicked != nil {
			panic(job.panicked)
		}
		clear(job.results)
		free = append(free, job)
	}
}

// run decodes the lines of a job.
func (d *linesDecoder[T]) run(job *linesJob[T], stop *atomic.Bool) {
	job.results = job.results[:0]
	finished := 0
	defer func() {
		if job.panicked = recover(); job.panicked != nil {
			job.results = job.results[:finished]
			*d = *newLinesDecoder[T](d.options)
		}
		job.done <- struct{}{}
	}()
	d.decode(&job.block, func() *T {
		job.results = append(job.results, lineResult[T]{})
		return &job.results[finished].value
	}, func(err error) bool {
		job.results[finished].err = err
		finished++
		return !stop.Load()
	})
}
