//go:build cgo

package json

import (
	"bytes"
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"tandem.example/go/internal/ffi"
)

// A Decoder reads JSON values and tokens from an input stream, as [json.Decoder] of encoding/json does, and may read
// beyond them. It may be used by one goroutine at a time.
//
// It holds what it has read of the value at hand, and up to 64 KiB beyond it. A value is checked and decoded in one pass, a
// long one as its parts arrive, and stored when it is complete. Values of one type that follow each other are decoded
// several at a time, so strings of different values may share a block of at most 6 KiB.
type Decoder struct {
	r       io.Reader
	err     error // ends the stream
	buf     []byte
	box     *[]byte // all of the memory that buf is the start of, if that goes to idle decoders as it came from them
	inside  bool    // a value is being decoded from buf
	storing bool    // and stored, whose methods may use the decoder meanwhile
	shown   bool    // a reader that Buffered returned may read from buf
	next    int     // where in buf unread data begins
	before  int64   // bytes of the stream before buf
	scanned int64   // bytes of the values that were read, which is what the offsets of syntax errors count
	flags   uint32
	strict  *strictDecoding // nil if nothing is refused that encoding/json accepts

	filled bool // the last read filled the buffer: a larger one makes fewer reads
	roomy  int  // reads for which a large buffer was nearly empty

	state tokenState
	stack []tokenState // of the arrays and objects around

	ahead   ahead
	scanner *ffi.JSONScanner // made for the first value that needs it
	tokens  *tokenMaker      // made for the first token
	work    int64            // bytes that were looked at before they could be decoded
}

const (
	minRead  = 512
	readSize = 64 << 10
	// maxBuffer is the size from which on a buffer is given up when values are small again.
	maxBuffer = 1 << 20
	// maxAhead bounds how much text is decoded ahead: runs should stay in the processor's caches.
	maxAhead = 32 << 10
	// maxRetry bounds what is decoded again from its beginning, rather than in parts.
	maxRetry = 16 << 10
	// minParts is what must be there to be decoded in parts, each of which costs as much as decoding partCost bytes. Shorter ones are
	// searched for their end.
	minParts = 1 << 10
	partCost = 256
)

// ahead are values that were decoded into runs, but not stored yet. They lie in the decoder's buffer behind each other, so
// that nothing is read as long as there are any.
type ahead struct {
	count   int
	buffers *buffers // and the filler that is within the runs
	base    int      // where in the decoder's buffer the filler's input begins

	typ  unsafe.Pointer // type word of the pointer that was decoded into last
	plan *decodePlan    // for it
	// limit is how much text to decode ahead: more the longer the type stays the same.
	limit int
}

// NewDecoder returns a decoder that reads from r.
func NewDecoder(r io.Reader) *Decoder { return &Decoder{r: r} }

// UseNumber causes the Decoder to unmarshal a number into an interface value as a [Number] instead of as a float64.
func (d *Decoder) UseNumber() { d.setFlag(ffi.DecodeUseNumber) }

// DisallowUnknownFields causes the Decoder to return an error when the destination is a struct and the input contains
// object keys which do not match any non-ignored, exported fields in the destination.
func (d *Decoder) DisallowUnknownFields() { d.setFlag(ffi.DecodeDisallowUnknown) }

func (d *Decoder) setFlag(flag uint32) {
	if d.flags&flag == 0 {
		d.forget()
		d.flags |= flag
	}
}

// Buffered returns a reader of the data remaining in the Decoder's buffer. The reader is valid until the next call to
// [Decoder.Decode].
func (d *Decoder) Buffered() io.Reader {
	d.shown = true
	return bytes.NewReader(d.buf[d.next:])
}

// InputOffset returns the input stream byte offset of the current decoder position. The offset gives the location of the
// end of the most recently returned token and the beginning of the next token.
func (d *Decoder) InputOffset() int64 { return d.before + int64(d.next) }

// Decode reads the next JSON-encoded value from its input and stores it in the value pointed to by v, as
// [Unmarshal] does. An error in the value's syntax, or of the reader, ends the stream: io.EOF where no value begins.
func (d *Decoder) Decode(v any) error {
	if d.err != nil {
		return d.err
	}
	if err := d.prepareForDecode(); err != nil {
		return err
	}
	if !d.state.takesValue() {
		return d.stateError(' ')
	}
	if !d.inside { // else a method decodes from the decoder that called it
		d.inside, d.shown = true, false
		defer d.lend()
	}
	if d.strict != nil {
		return d.decodeStrictly(v)
	}
	return d.decode(v)
}

// decode decodes the next value, where one may be.
func (d *Decoder) decode(v any) error {
	done, err := d.decodeBuffered(v)
	if done {
		return err
	}
	length, err := d.find(err)
	if err != nil {
		d.err = err
		return err
	}
	if d.strict != nil && d.strict.whole {
		if err := d.end(length); err != nil {
			return err
		}
	}
	value := d.buf[d.next : d.next+length]
	if err := d.refuse(value); err != nil {
		return err
	}
	d.take(length)
	d.storing = true
	done, err = unmarshal(value, v, d.flags)
	if !done {
		err = d.config().unmarshalForeign(value, v)
	}
	d.storing = false
	d.state.endValue()
	return err
}

// take passes over the next bytes, which are a value's.
func (d *Decoder) take(length int) {
	d.next += length
	d.scanned += int64(length)
}

// decodeBuffered decodes the next value in one pass, if it is in the buffer, or after one read. If it is not done, an error
// of the reader is returned that counts once the data in the buffer was looked at.
func (d *Decoder) decodeBuffered(v any) (done bool, err error) {
	if typ := (*eface)(unsafe.Pointer(&v)).typ; typ != d.ahead.typ {
		d.forget()
		d.ahead.typ = typ
		d.ahead.plan = planFor(v)
	}
	plan, target := d.ahead.plan, (*eface)(unsafe.Pointer(&v)).data
	if plan == nil || target == nil || plan.root.any && !plan.takes(target) {
		d.forget()
		return false, nil
	}
	if d.strict != nil && d.strict.whole {
		return false, nil // nothing is stored before all of the stream was read
	}
	for d.ahead.count == 0 {
		status := d.lookAhead()
		if status == ffi.OK {
			break
		}
		if status != ffi.Incomplete || err != nil {
			return false, err
		}
		// All there is may begin a value. With four times as much it is worth to begin anew: then the vain tries look at
		// no more than a third again. If what was read filled the buffer, a larger one is likely to get all of it.
		had, full := len(d.buf)-d.next, d.filled
		err = d.refill()
		has := len(d.buf) - d.next
		if had > maxRetry || has < 4*had && !full || has > maxRetry && d.filled && d.scanned == 0 {
			err = d.lookAtParts(err) // there is likely to be more of the first value
			if d.ahead.count == 0 {
				return false, err
			}
		}
	}
	if err := d.refuse(d.buf[d.next:d.ahead.end()]); err != nil {
		return true, err
	}
	err = d.store(target)
	runtime.KeepAlive(v)
	return true, err
}

// lookAhead decodes values that the buffer has into runs.
func (d *Decoder) lookAhead() ffi.Status {
	text := d.buf[d.next:]
	if len(text) == 0 {
		return ffi.Incomplete
	}
	flags := d.flags
	limit := d.ahead.limit
	switch d.state {
	case tokenArrayStart, tokenArrayValue:
		flags |= ffi.DecodeCommas
	case tokenObjectValue:
		limit = 0
	}
	d.ahead.limit = min(max(2*d.ahead.limit, minRead), maxAhead)
	status := d.ahead.look(text, d.next, flags, limit)
	if status == ffi.Incomplete {
		d.work += int64(len(text))
	}
	return status
}

// look decodes the values that text begins with, of which none but the first begins at limit or later, into runs. The text lies
// at base in its buffer.
func (a *ahead) look(text []byte, base int, flags uint32, limit int) ffi.Status {
	flags |= a.plan.flags
	size := min(len(text), max(limit, minRead))
	b := takeBuffers(size)
	b.growWords(size/4+64, 0)
	b.growText(size, 0)
	for {
		count, words, strings, status := a.plan.shape.DecodeValues(text, flags, limit, b.filler.words, b.text)
		switch {
		case status == ffi.OK:
			a.count, a.buffers, a.base = count, b, base
			b.fill(a.plan, words, b.text[:strings], text, flags)
			return ffi.OK
		case status == ffi.BufferTooSmall && b.growFor(text, 0, 0):
		default:
			b.release()
			return status
		}
	}
}

// lookAtParts decodes the next value, of which only a part was there, while the others arrive. It is given, and returns, the error of the
// last read. It gives up where too much of what arrives would be decoded again.
func (d *Decoder) lookAtParts(err error) error {
	if len(d.buf)-d.next < minParts || d.flags&ffi.DecodeBorrow != 0 {
		return err
	}
	a, flags := &d.ahead, d.flags|d.ahead.plan.flags
	b := takeBuffers(len(d.buf))
	b.growWords(len(d.buf)/4, 0)
	b.growText(len(d.buf), 0)
	if b.progress == nil {
		b.progress = new(ffi.DecodeProgress)
	}
	*b.progress = ffi.DecodeProgress{}
	for vain := 0; ; {
		text := d.buf[d.next:]
		status := a.plan.shape.DecodePart(text, flags, b.progress, b.filler.words, b.text)
		words, strings := b.progress.Lengths()
		switch {
		case status == ffi.OK:
			a.count, a.buffers, a.base = 1, b, d.next
			b.fill(a.plan, words, b.text[:strings], text, flags)
			return err
		case status == ffi.BufferTooSmall && b.growFor(text, words, strings):
			continue
		case status == ffi.Incomplete:
			again := len(text) - b.progress.Position()
			d.work += int64(again)
			if vain += again + partCost; err == nil && vain <= len(text)/2 {
				err = d.refill()
				continue
			}
		}
		b.release()
		return err
	}
}

// end returns where the first of the values ends, in the buffer that they lie in.
func (a *ahead) end() int { return a.base + int(a.buffers.filler.words[a.buffers.filler.word]) }

// store stores the first of the values.
func (a *ahead) store(target unsafe.Pointer) error {
	f := &a.buffers.filler
	f.next() // its end
	f.begin(a.plan)
	f.located = false
	if err := f.store(a.plan.root, target, f.next()); err != nil {
		a.drop() // its run was not walked to the end
		return err
	}
	if a.count--; a.count == 0 {
		a.drop()
	}
	return nil
}

// drop gives up the values.
func (a *ahead) drop() {
	if a.buffers != nil {
		a.buffers.release()
	}
	a.count, a.buffers = 0, nil
}

// store stores the first of the values ahead.
func (d *Decoder) store(target unsafe.Pointer) error {
	// The methods of the value may use the decoder, or panic: meanwhile, nothing is ahead.
	now := d.ahead
	d.ahead.count, d.ahead.buffers = 0, nil
	d.take(now.end() - d.next)
	offset, flags := d.InputOffset(), d.flags
	d.storing = true
	err := now.store(target)
	d.storing = false
	d.state.endValue()
	if now.typ != d.ahead.typ || offset != d.InputOffset() || flags != d.flags {
		now.drop()
	} else if now.count > 0 {
		d.ahead = now
	}
	return err
}

// forget discards the values ahead. They are decoded again when it is their turn.
func (d *Decoder) forget() {
	d.ahead.limit = 0
	if d.ahead.count > 0 {
		d.ahead.drop()
	}
}

// find returns the length of the next value and the white space before it, and has all of it in the buffer. The error that it is
// given is that of the last read.
func (d *Decoder) find(err error) (int, error) {
	length := 0
	for {
		if piece := d.buf[d.next+length:]; len(piece) > 0 {
			n, status := d.scan(piece, length == 0)
			switch status {
			case ffi.OK:
				return length + n, nil
			case ffi.Incomplete:
				length += len(piece)
			default:
				return 0, d.syntaxError()
			}
		}
		if err == io.EOF && skipSpace(d.buf, d.next) < len(d.buf) {
			if _, status := d.scan([]byte{' '}, false); status == ffi.OK {
				return length, nil
			}
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		err = d.refill()
	}
}

// scan looks at the next piece of a value for the value's end.
func (d *Decoder) scan(piece []byte, first bool) (int, ffi.Status) {
	if first {
		if d.scanner == nil {
			d.scanner = new(ffi.JSONScanner)
		}
		d.scanner.Reset()
	}
	d.work += int64(len(piece))
	return d.scanner.Scan(piece)
}

// syntaxError returns what encoding/json finds wrong with the next value.
func (d *Decoder) syntaxError() error {
	var text json.RawMessage
	err := json.NewDecoder(bytes.NewReader(d.buf[d.next:])).Decode(&text)
	if syntax, ok := err.(*SyntaxError); ok {
		syntax.Offset += d.scanned
	}
	return err
}

// refill reads more data into the buffer, behind what was not used yet.
func (d *Decoder) refill() error {
	unread := d.buf[d.next:]
	if d.strict != nil && d.strict.isTooLong(len(unread)) {
		return d.strict.tooLong(d.InputOffset())
	}
	if cap(d.buf) < minRead {
		d.borrow()
		unread = d.buf[d.next:]
	}
	switch size := cap(d.buf); {
	case size-len(unread) < minRead:
		d.larger()
	case d.filled && size < readSize:
		d.move(make([]byte, 0, min(4*size, readSize)), nil)
	case size > maxBuffer && len(unread) < readSize/2:
		if d.roomy++; d.roomy > 4 {
			d.move(make([]byte, 0, readSize), nil)
		}
	default:
		d.roomy = 0
	}
	if d.next > 0 {
		if d.flags&ffi.DecodeBorrow != 0 { // strings that share the buffer's memory are in what was used
			d.move(make([]byte, 0, cap(d.buf)), nil)
		} else {
			d.move(d.buf[:0], d.box)
		}
	}
	room := d.buf[len(d.buf):cap(d.buf)]
	room = room[:min(len(room), max(len(d.buf), readSize))]
	n, err := d.r.Read(room)
	d.buf = d.buf[:len(d.buf)+n]
	d.filled = n == len(room)
	return err
}

// move moves what is unread to another buffer, or to the start of this one.
func (d *Decoder) move(to []byte, box *[]byte) {
	d.before += int64(d.next)
	d.buf, d.box, d.next = append(to, d.buf[d.next:]...), box, 0
}

// idle are the buffers of decoders that have next to nothing left to decode. Most decode a single value: the body of a request.
// Large ones are for those alone that have read a part of a large value: who waits for the next one holds little.
var idle, idleLarge sync.Pool

const (
	smallBuffer = 16 * minRead     // the most that a buffer in idle has
	maxIdle     = 4<<20 + readSize // and one in idleLarge, which is doubled from readSize; the collector takes what is not used for a while
)

// lend gives the buffer to other decoders if hardly anything is left in it, as the end of a line, nobody shares its memory, and the last
// read did not fill it, as those of a stream of many values do. What is large for the sake of these is kept, too.
func (d *Decoder) lend() {
	const little = 8
	d.inside, d.storing = false, false
	box, unread := d.box, d.buf[d.next:]
	if len(unread) > little || d.filled || d.shown || d.ahead.count > 0 || d.flags&ffi.DecodeBorrow != 0 || cap(d.buf) < minRead {
		return
	}
	if box == nil {
		if cap(d.buf) > smallBuffer {
			return
		}
		buf := d.buf[:0]
		box = &buf
	}
	d.move(nil, nil)
	giveAway(box)
}

// giveAway lets other decoders have a buffer that is not in use.
func giveAway(box *[]byte) {
	switch size := cap(*box); {
	case size <= smallBuffer:
		idle.Put(box)
	case size <= maxIdle:
		idleLarge.Put(box)
	}
}

// borrow takes a small buffer that is idle, if there is one.
func (d *Decoder) borrow() {
	if box, ok := idle.Get().(*[]byte); ok {
		d.move(*box, box)
	}
}

// larger makes the buffer, which a value fills, at least twice as large: in its box if that has room, else in an idle one, or in new
// memory. It is as large in any case, so that what is read does not depend on what is idle.
func (d *Decoder) larger() {
	size := 2*cap(d.buf) + minRead
	switch {
	case !d.filled || size > readSize:
	case size <= smallBuffer:
		size = smallBuffer
	default:
		size = readSize
	}
	box, shared := d.box, d.flags&ffi.DecodeBorrow != 0
	if box != nil && cap(*box) >= size && !shared {
		d.move((*box)[:0:size], box)
		return
	}
	var other *[]byte
	if size > smallBuffer && size <= maxIdle {
		other, _ = idleLarge.Get().(*[]byte)
	}
	if other == nil || cap(*other) < size {
		buf := make([]byte, 0, size)
		other = &buf
	}
	d.move((*other)[:0:size], other)
	// What is smaller would come back to those that have to leave it again.
	if box != nil && cap(*box) == smallBuffer && !shared && !d.storing && !d.shown {
		giveAway(box)
	}
}

// A tokenState says where in the grammar the stream is.
type tokenState uint8

const (
	tokenTopValue tokenState = iota
	tokenArrayStart
	tokenArrayValue
	tokenArrayComma
	tokenObjectStart
	tokenObjectKey
	tokenObjectColon
	tokenObjectValue
	tokenObjectComma
)

func (s tokenState) takesValue() bool {
	switch s {
	case tokenTopValue, tokenArrayStart, tokenArrayValue, tokenObjectValue:
		return true
	}
	return false
}

// endValue moves on behind a value.
func (s *tokenState) endValue() {
	switch *s {
	case tokenArrayStart, tokenArrayValue:
		*s = tokenArrayComma
	case tokenObjectValue:
		*s = tokenObjectComma
	}
}

// prepareForDecode passes over what stands between the last token and a value.
func (d *Decoder) prepareForDecode() error {
	var separator byte
	var after tokenState
	switch d.state {
	case tokenArrayComma:
		separator, after = ',', tokenArrayValue
	case tokenObjectColon:
		separator, after = ':', tokenObjectValue
	default:
		return nil
	}
	c, err := d.peek()
	if err != nil {
		return err
	}
	if c != separator {
		return d.stateError(c)
	}
	d.next++
	d.state = after
	return nil
}

// stateError returns the error of encoding/json for a value that is decoded where none may be.
func (d *Decoder) stateError(c byte) error {
	foreign := d.state.standard(c)
	var value json.RawMessage
	return d.here(foreign.Decode(&value))
}

// tokenError returns the error of encoding/json for a byte that may not come next.
func (d *Decoder) tokenError(c byte) error {
	_, err := d.state.standard(c).Token()
	return d.here(err)
}

// standard returns a decoder of encoding/json in the same state, of a stream that goes on with c.
func (s tokenState) standard(c byte) *json.Decoder {
	tokens := [...][]string{
		tokenTopValue:    {},
		tokenArrayStart:  {"["},
		tokenArrayValue:  {"[", `""`, ","},
		tokenArrayComma:  {"[", `""`},
		tokenObjectStart: {"{"},
		tokenObjectKey:   {"{", `""`, ":", `""`, ","},
		tokenObjectColon: {"{", `""`},
		tokenObjectValue: {"{", `""`, ":"},
		tokenObjectComma: {"{", `""`, ":", `""`},
	}[s]
	foreign := json.NewDecoder(strings.NewReader(strings.Join(tokens, "") + string([]byte{c})))
	for _, token := range tokens {
		// Commas and colons are not tokens: they are passed over with the next one.
		if token != "," && token != ":" {
			_, _ = foreign.Token()
		}
	}
	return foreign
}

// here gives an error the offset of the current position.
func (d *Decoder) here(err error) error {
	if syntax, ok := err.(*SyntaxError); ok {
		syntax.Offset = d.InputOffset()
	}
	return err
}

// More reports whether there is another element in the current array or object being parsed.
func (d *Decoder) More() bool {
	c, err := d.peek()
	return err == nil && c != ']' && c != '}'
}

// peek returns the next byte that is no white space, and passes over what is before it.
func (d *Decoder) peek() (byte, error) {
	spaces := 0
	var err error
	for {
		at := skipSpace(d.buf, d.next+spaces)
		if at < len(d.buf) {
			d.next = at
			return d.buf[at], nil
		}
		if err != nil {
			return 0, err
		}
		spaces = at - d.next
		err = d.refill()
	}
}

// Token returns the next JSON token in the input stream. At the end of the input stream, Token returns nil, [io.EOF].
//
// Token guarantees that the delimiters [ ] { } it returns are properly nested and matched: if Token encounters an unexpected
// delimiter in the input, it will return an error.
//
// The input stream consists of basic JSON values—bool, string, number, and null—along with delimiters [ ] { } of type
// [Delim] to mark the start and end of arrays and objects. Commas and colons are elided.
func (d *Decoder) Token() (Token, error) {
	d.forget()
	if d.strict != nil {
		return d.tokenStrictly()
	}
	return d.token()
}

func (d *Decoder) token() (Token, error) {
	for {
		c, err := d.peek()
		if err != nil {
			return nil, err
		}
		switch c {
		case '[', '{':
			if !d.state.takesValue() {
				return nil, d.tokenError(c)
			}
			d.next++
			d.stack = append(d.stack, d.state)
			if c == '[' {
				d.state = tokenArrayStart
				return Delim('['), nil
			}
			d.state = tokenObjectStart
			return Delim('{'), nil
		case ']':
			if d.state != tokenArrayStart && d.state != tokenArrayComma {
				return nil, d.tokenError(c)
			}
			d.close()
			return Delim(']'), nil
		case '}':
			if d.state != tokenObjectStart && d.state != tokenObjectComma {
				return nil, d.tokenError(c)
			}
			d.close()
			return Delim('}'), nil
		case ':':
			if d.state != tokenObjectColon {
				return nil, d.tokenError(c)
			}
			d.next++
			d.state = tokenObjectValue
		case ',':
			switch d.state {
			case tokenArrayComma:
				d.state = tokenArrayValue
			case tokenObjectComma:
				d.state = tokenObjectKey
			default:
				return nil, d.tokenError(c)
			}
			d.next++
		default:
			if c == '"' && (d.state == tokenObjectStart || d.state == tokenObjectKey) {
				return d.name()
			}
			if !d.state.takesValue() {
				return nil, d.tokenError(c)
			}
			return d.scalar()
		}
	}
}

// close passes over a closing bracket.
func (d *Decoder) close() {
	d.next++
	d.state = d.stack[len(d.stack)-1]
	d.stack = d.stack[:len(d.stack)-1]
	d.state.endValue()
}

// name returns the member name that is next.
func (d *Decoder) name() (Token, error) {
	if d.err != nil {
		return nil, d.err
	}
	start := d.InputOffset()
	var token Token
	length := 0
	if d.strict == nil {
		token, length = d.maker().name(d.buf[d.next:], start)
	}
	if length == 0 {
		old := d.state
		d.state = tokenTopValue
		var name string
		err := d.decode(&name)
		d.state = old
		if err != nil {
			return nil, err
		}
		if d.strict != nil {
			if d.err = d.strict.name(name, start); d.err != nil {
				return nil, d.err
			}
		}
		token = name
	}
	d.take(length)
	d.state = tokenObjectColon
	return token, nil
}

// scalar returns the value that is next, which has no brackets.
func (d *Decoder) scalar() (Token, error) {
	if d.err != nil {
		return nil, d.err
	}
	var token Token
	length := 0
	if d.strict == nil {
		token, length = d.maker().scalar(d.buf[d.next:], d.InputOffset(), d.flags&ffi.DecodeUseNumber != 0)
	}
	if length == 0 {
		var value any
		if err := d.decode(&value); err != nil {
			return nil, err
		}
		return value, nil
	}
	d.take(length)
	d.state.endValue()
	return token, nil
}

func (d *Decoder) maker() *tokenMaker {
	if d.tokens == nil {
		d.tokens = new(tokenMaker)
	}
	return d.tokens
}
