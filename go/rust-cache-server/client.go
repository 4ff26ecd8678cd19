package main

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A client is a connection that speaks Redis's protocol, and what its commands have set for it.
type client struct {
	reply
	server   *server
	conn     *net.TCPConn
	requests parser
	output   *output
	scratch  []byte // for a value that a command looks at

	id            int64
	since         time.Time
	name          string
	library       string
	version       string // of the library
	authenticated bool
	quit          bool // after the reply

	// For the server's watch, in its ticks.
	lastUsed  atomic.Int64
	halfSince atomic.Int64 // when a request began to arrive that is not there yet, or 0
}

// serve answers requests until the client closes the connection, or breaks a rule. All requests that are there are
// answered before the replies are written.
func (c *client) serve() error {
	for {
		n, err := c.conn.Read(c.requests.room())
		if n > 0 {
			c.server.received.Add(uint64(n))
			c.requests.read(n)
			if err := c.answer(); err != nil || c.quit {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// answer carries out the requests that are there as a whole.
func (c *client) answer() error {
	now := c.server.ticks.Load()
	c.lastUsed.Store(now)
	buffer := replyBuffers.Get().(*[]byte)
	c.out = (*buffer)[:0]
	defer func() {
		if cap(c.out) <= pooledBytes {
			*buffer = c.out
			replyBuffers.Put(buffer)
		}
		c.out = nil
	}()
	answered := false
	for !c.quit {
		args, err := c.requests.next()
		if err != nil {
			c.error(err.Error())
			return errors.Join(err, c.flush())
		}
		if args == nil {
			break
		}
		c.server.execute(c, args)
		answered = true
		if len(c.out) >= flushSize {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	switch {
	case !c.requests.isHalf():
		c.halfSince.Store(0)
	case answered || c.halfSince.Load() == 0:
		c.halfSince.Store(now)
	}
	return c.flush()
}

func (c *client) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	c.server.sent.Add(uint64(len(c.out)))
	err := c.output.send(c.out)
	c.out = c.out[:0]
	return err
}

// look returns the value of a key until the next look.
func (c *client) look(key []byte) ([]byte, bool) {
	value, found := c.server.store.appendValue(c.scratch[:0], key)
	if cap(value) <= inputSize {
		c.scratch = value
	} else {
		c.scratch = nil
	}
	return value, found
}
