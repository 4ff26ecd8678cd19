package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// What a client may send, from Redis where it does not depend on --max-request.
const (
	inputSize        = 16 << 10 // of the smallest buffer
	maxLine          = 64 << 10 // of inline requests and of the numbers in front of arguments
	maxArguments     = 1<<31 - 1
	anonymousLength  = 16 << 10 // of an argument, before AUTH
	anonymousOfThese = 10       // arguments, before AUTH
)

// A protocolError ends a connection. Its text is Redis's.
type protocolError string

func (e protocolError) Error() string { return "ERR Protocol error: " + string(e) }

// A parser cuts requests out of the bytes that a client sends. It takes each argument once, however small the pieces
// are that arrive, and believes no length until what it announces is there.
type parser struct {
	buffer []byte // what was read
	start  int    // of the request at hand
	at     int    // where parsing goes on, counted from start
	left   int    // arguments of the request that are still to come
	length int    // of the next one, or -1 if that is still to come too
	marks  []mark // of the arguments that are there
	args   [][]byte

	// shared is a buffer that many parsers use in turn, each from room to settle. Without one, a parser has its own.
	shared    []byte
	max       int  // length of a request
	anonymous bool // clients that are not authenticated may send little
}

// A mark is where an argument lies, counted from the start of its request.
type mark struct{ start, end int }

// room returns where to read to.
func (p *parser) room() []byte {
	rest := p.buffer[p.start:]
	if len(rest) == 0 && cap(p.marks) > marksKept {
		p.marks, p.args = nil, nil
	}
	switch need := p.need(); {
	case p.shared != nil && (need <= len(p.shared)/2 || len(rest) <= len(p.shared)/believed):
		p.moveTo(p.shared[:0]) // with what comes behind
	case need > cap(p.buffer):
		p.moveTo(newBuffer(p.size()))
	case p.start+need > cap(p.buffer) || len(rest) == 0:
		p.moveTo(p.buffer[:0])
	}
	return p.buffer[len(p.buffer):cap(p.buffer)]
}

// marksKept is how many arguments there is room for while no request is there.
const marksKept = 64

// believed is how many times as long as what is there of a request its announced length may be for memory to be made for it.
const believed = 8

// need is the length of the request that is not there as a whole, as far as it is known.
func (p *parser) need() int {
	rest := len(p.buffer) - p.start
	if p.left > 0 && p.length >= 0 {
		return max(rest+1, p.at+p.length+2)
	}
	return rest + 1
}

// size is the size of the buffer that a request gets which is not there as a whole.
func (p *parser) size() int {
	rest := len(p.buffer) - p.start
	return max(rest+1, min(p.need(), believed*rest))
}

// moveTo moves what is left to a buffer.
func (p *parser) moveTo(buffer []byte) {
	old := p.buffer
	p.buffer, p.start = append(buffer, old[p.start:]...), 0
	if unsafe.SliceData(old) != unsafe.SliceData(p.buffer) && !p.isShared(old) {
		freeBuffer(old)
	}
}

func (p *parser) isShared(buffer []byte) bool {
	return p.shared != nil && unsafe.SliceData(buffer) == unsafe.SliceData(p.shared)
}

// settle takes what is left of a request out of the shared buffer.
func (p *parser) settle() {
	switch {
	case p.shared == nil:
	case p.start == len(p.buffer):
		p.moveTo(nil)
	case p.isShared(p.buffer):
		p.moveTo(newBuffer(p.size()))
	}
}

// read tells how much was read to room.
func (p *parser) read(n int) { p.buffer = p.buffer[:len(p.buffer)+n] }

// isHalf tells whether a request has begun to arrive.
func (p *parser) isHalf() bool { return p.start < len(p.buffer) }

// next returns the arguments of the next request, or none if it is not there as a whole. They are the caller's until
// the next call of room. One byte may be appended to an argument in place.
func (p *parser) next() ([][]byte, error) {
	for p.start < len(p.buffer) {
		if p.left == 0 {
			if p.buffer[p.start] != '*' {
				args, err := p.inline()
				if len(args) > 0 || err != nil || p.at == 0 {
					return args, err
				}
				p.skip()
				continue
			}
			count, there, err := p.number('*', "mbulk count")
			switch {
			case err != nil:
				return nil, err
			case !there:
				return nil, p.check(0)
			case count > maxArguments || count == invalid:
				return nil, protocolError("invalid multibulk length")
			case count > anonymousOfThese && p.anonymous:
				return nil, protocolError("unauthenticated multibulk length")
			case count <= 0:
				p.skip()
				continue
			}
			p.left, p.length, p.marks = int(count), -1, p.marks[:0]
		}
		if there, err := p.arguments(); err != nil || !there {
			return nil, err
		}
		p.args = p.args[:0]
		for _, m := range p.marks {
			p.args = append(p.args, p.buffer[p.start+m.start:p.start+m.end])
		}
		p.skip()
		return p.args, nil
	}
	return nil, nil
}

// skip goes on behind what was parsed.
func (p *parser) skip() {
	p.start += p.at
	p.at = 0
}

// arguments takes those that are there, and tells whether they are all.
func (p *parser) arguments() (bool, error) {
	for p.left > 0 {
		if p.length < 0 {
			length, there, err := p.number('$', "bulk count")
			switch {
			case err != nil:
				return false, err
			case !there:
				return false, p.check(0)
			case length < 0 || length > int64(p.max):
				return false, protocolError("invalid bulk length")
			case length > anonymousLength && p.anonymous:
				return false, protocolError("unauthenticated bulk length")
			}
			p.length = int(length)
		}
		if err := p.check(p.length); err != nil {
			return false, err
		}
		if len(p.buffer)-p.start-p.at < p.length+2 {
			return false, nil
		}
		p.marks = append(p.marks, mark{p.at, p.at + p.length})
		p.at += p.length + 2
		p.left--
		p.length = -1
	}
	return true, nil
}

// check refuses a request that will be too long with that many bytes more.
func (p *parser) check(more int) error {
	if p.at+more > p.max {
		return protocolError("the request is larger than --max-request")
	}
	return nil
}

// invalid is the number of a line that has none.
const invalid = -1 << 63

// number takes a line such as "*3" of a kind, and tells whether it is there.
func (p *parser) number(kind byte, what string) (n int64, there bool, err error) {
	rest := p.buffer[p.start+p.at:]
	end := bytes.IndexByte(rest, '\r')
	if end < 0 || end+1 == len(rest) {
		if len(rest) > maxLine {
			return 0, false, protocolError("too big " + what + " string")
		}
		return 0, false, nil
	}
	if rest[0] != kind {
		return 0, false, protocolError(fmt.Sprintf("expected '%c', got '%s'", kind, rest[:1]))
	}
	p.at += end + 2
	n, ok := parseInt(rest[1:end])
	if !ok {
		n = invalid
	}
	return n, true, nil
}

// inline takes a request that is a line of words, as people type it. If there is no line yet, it leaves at as it was.
func (p *parser) inline() ([][]byte, error) {
	rest := p.buffer[p.start:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		if len(rest) > maxLine {
			return nil, protocolError("too big inline request")
		}
		return nil, nil
	}
	args, ok := splitWords(bytes.TrimSuffix(rest[:end], []byte("\r")))
	if !ok {
		return nil, protocolError("unbalanced quotes in request")
	}
	p.at = end + 1
	if len(args) > 0 {
		p.skip()
	}
	return args, nil
}

// splitWords splits a line at its spaces, but for those in quotes: "…" with the escapes of C and \xHH, '…' with \'.
func splitWords(line []byte) (words [][]byte, ok bool) {
	line = cString(line)
	for {
		line = bytes.TrimLeft(line, " \t\n\v\f\r")
		if len(line) == 0 {
			return words, true
		}
		var word []byte
		word, line, ok = nextWord(line)
		if !ok {
			return nil, false
		}
		words = append(words, slices.Clip(word))
	}
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'a': '\a'}

func nextWord(line []byte) (word, rest []byte, ok bool) {
	word = []byte{}
	var quote byte
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
		case quote == 0 && isSpace(b):
			return word, line[i:], true
		case quote != 0 && b == quote:
			rest = line[i+1:]
			return word, rest, len(rest) == 0 || isSpace(rest[0])
		case quote == '\'' && b == '\\' && i+1 < len(line) && line[i+1] == '\'':
			i++
			word = append(word, '\'')
		case quote == '"' && b == '\\' && i+1 < len(line):
			i++
			if line[i] == 'x' && i+2 < len(line) {
				if n, err := strconv.ParseUint(string(line[i+1:i+3]), 16, 8); err == nil {
					word = append(word, byte(n))
					i += 2
					continue
				}
			}
			if escape, ok := escapes[line[i]]; ok {
				word = append(word, escape)
			} else {
				word = append(word, line[i])
			}
		default:
			word = append(word, b)
		}
	}
	return word, nil, quote == 0
}

func isSpace(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' }

// parseInt parses an integer in the one form that Redis accepts: no spaces, no plus, no leading zeros.
func parseInt(text []byte) (int64, bool) {
	if len(text) == 1 && text[0] == '0' {
		return 0, true
	}
	digits := bytes.TrimPrefix(text, []byte("-"))
	if len(digits) == 0 || digits[0] < '1' || digits[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil
}

// A reply is what a request is answered with, in version 2 or 3 of the protocol.
type reply struct {
	out   []byte
	resp3 bool
}

func (r *reply) line(kind byte, n int64) {
	r.out = append(r.out, kind)
	r.out = strconv.AppendInt(r.out, n, 10)
	r.out = append(r.out, "\r\n"...)
}

func (r *reply) integer(n int64) { r.line(':', n) }

// boolean is 1 or 0.
func (r *reply) boolean(b bool) {
	if b {
		r.out = append(r.out, ":1\r\n"...)
	} else {
		r.out = append(r.out, ":0\r\n"...)
	}
}

// simple replies with a text that has no line ends.
func (r *reply) simple(text string) {
	r.out = append(r.out, '+')
	r.out = append(r.out, text...)
	r.out = append(r.out, "\r\n"...)
}

func (r *reply) ok() { r.out = append(r.out, "+OK\r\n"...) }

// error replies with a text that begins with its code, such as ERR. Line ends, which a client can have sent, are cut off at
// the end, and become spaces elsewhere.
func (r *reply) error(text string) {
	r.out = append(r.out, '-')
	start := len(r.out)
	r.out = append(r.out, strings.TrimRight(text, "\r\n")...)
	for i, b := range r.out[start:] {
		if b == '\r' || b == '\n' {
			r.out[start+i] = ' '
		}
	}
	r.out = append(r.out, "\r\n"...)
}

func (r *reply) null() {
	if r.resp3 {
		r.out = append(r.out, "_\r\n"...)
	} else {
		r.out = append(r.out, "$-1\r\n"...)
	}
}

func (r *reply) nullArray() {
	if r.resp3 {
		r.null()
	} else {
		r.out = append(r.out, "*-1\r\n"...)
	}
}

func (r *reply) bulk(value []byte) {
	r.line('$', int64(len(value)))
	r.out = append(r.out, value...)
	r.out = append(r.out, "\r\n"...)
}

func (r *reply) text(value string) {
	r.line('$', int64(len(value)))
	r.out = append(r.out, value...)
	r.out = append(r.out, "\r\n"...)
}

// verbatim replies with a text that is to be shown to people.
func (r *reply) verbatim(text string) {
	if !r.resp3 {
		r.text(text)
		return
	}
	r.line('=', int64(len(text)+len("txt:")))
	r.out = append(r.out, "txt:"...)
	r.out = append(r.out, text...)
	r.out = append(r.out, "\r\n"...)
}

// array begins an array of n replies.
func (r *reply) array(n int) { r.line('*', int64(n)) }

// set begins a set, which in version 2 is an array.
func (r *reply) set(n int) {
	if r.resp3 {
		r.line('~', int64(n))
	} else {
		r.array(n)
	}
}

// pairs begins a map of n keys and values, which in version 2 is an array.
func (r *reply) pairs(n int) {
	if r.resp3 {
		r.line('%', int64(n))
	} else {
		r.array(2 * n)
	}
}

// headerSize is the room that "$", a length and a line end may take.
const headerSize = 16

// begin leaves room for the length of a value that is to be appended, which is not known before. More room than that
// is enough for most values: the cache makes what they need beyond it exactly, and the next value would have all copied again.
func (r *reply) begin() {
	start := len(r.out)
	r.out = slices.Grow(r.out, 1<<10)[:start+headerSize]
}

// end replies with the value that was appended since begin, which came when start bytes were there; with null if none was.
func (r *reply) end(start int, out []byte, found bool) {
	if !found {
		r.out = r.out[:start]
		r.null()
		return
	}
	value := out[start+headerSize:]
	header := strconv.AppendInt(append(out[:start], '$'), int64(len(value)), 10)
	header = append(header, "\r\n"...)
	r.out = append(append(header, value...), "\r\n"...)
}
