package main

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	flushSize   = 64 << 10  // of replies that are written together
	drainSize   = 256 << 10 // of a write that has writeTimeout to be done
	pooledBytes = 128 << 10 // of buffers for replies that are used again
)

var errSlowReader = errors.New("the client leaves more replies unread than --max-backlog")

// An output writes replies as far as the client takes them at once. What it leaves is written by a goroutine that
// lives as long as there is any, while requests are still read: clients may send a long pipeline before they read
// the first reply.
type output struct {
	conn    *net.TCPConn
	raw     syscall.RawConn
	max     int // bytes left unread
	timeout time.Duration

	rest  []byte // for write
	err   error  // of write
	write func(fd uintptr) bool

	mu       sync.Mutex
	drained  sync.Cond
	backlog  []byte
	writing  int // bytes that drain took from the backlog
	draining bool
	failed   error // of drain
}

func newOutput(conn *net.TCPConn, max int, timeout time.Duration) (*output, error) {
	raw, err := conn.SyscallConn()
	o := &output{conn: conn, raw: raw, max: max, timeout: timeout}
	o.drained.L = &o.mu
	o.write = func(fd uintptr) bool {
		for {
			var n int
			n, o.err = syscall.Write(int(fd), o.rest)
			if o.err == nil {
				o.rest = o.rest[n:]
			}
			if o.err != syscall.EINTR {
				return true // which means: do not wait until more can be written
			}
		}
	}
	return o, err
}

// send takes replies, which stay the caller's.
func (o *output) send(replies []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil {
		return o.failed
	}
	if !o.draining {
		o.rest = replies
		for len(o.rest) > 0 {
			if err := o.raw.Write(o.write); err != nil {
				return err
			}
			if o.err == syscall.EAGAIN {
				break
			}
			if o.err != nil {
				return o.err
			}
		}
		replies, o.rest = o.rest, nil
		if len(replies) == 0 {
			return nil
		}
	}
	if len(o.backlog)+o.writing+len(replies) > o.max {
		return errSlowReader
	}
	o.backlog = append(o.backlog, replies...)
	if !o.draining {
		o.draining = true
		go o.drain()
	}
	return nil
}

// drain writes the backlog until there is none.
func (o *output) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.backlog) > 0 && o.failed == nil {
		batch := o.backlog
		o.backlog, o.writing = nil, len(batch)
		o.mu.Unlock()
		err := o.writeSlowly(batch)
		o.mu.Lock()
		o.writing, o.failed = 0, err
	}
	o.draining = false
	o.drained.Broadcast()
}

// writeSlowly writes in pieces, so that the timeout is that of a piece, however much there is.
func (o *output) writeSlowly(data []byte) error {
	for len(data) > 0 {
		piece := data[:min(len(data), drainSize)]
		if err := o.conn.SetWriteDeadline(time.Now().Add(o.timeout)); err != nil {
			return err
		}
		if _, err := o.conn.Write(piece); err != nil {
			_ = o.conn.Close() // which ends the reading too
			return err
		}
		data = data[len(piece):]
	}
	return o.conn.SetWriteDeadline(time.Time{})
}

// close closes the connection when all replies are written, or can't be.
func (o *output) close() {
	o.mu.Lock()
	for o.draining {
		o.drained.Wait()
	}
	o.mu.Unlock()
	// A close with requests unread would take replies away from the client that are on their way. Some more of them are
	// read, therefore, until the client closes too; but for no longer than a moment.
	if o.conn.CloseWrite() == nil && o.conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, o.conn, lingerSize)
	}
	_ = o.conn.Close()
}

const (
	lingerTime = 100 * time.Millisecond
	lingerSize = 1 << 20
)

// replyBuffers are lent to connections for as long as they have replies to write, so that idle ones have none.
var replyBuffers = sync.Pool{New: func() any { return new([]byte) }}
