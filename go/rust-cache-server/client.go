package main

import (
	"errors"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A client is a connection that speaks Redis's protocol, and what its commands have set for it. It belongs to its loop.
type client struct {
	reply
	server   *server
	loop     *loop
	socket   int // or -1, after its end
	peer     net.Addr
	local    net.Addr
	requests parser
	scratch  []byte // for a value that a command looks at

	transaction *transaction      // since MULTI
	executes    bool              // EXEC, which has the locks
	watched     map[string]uint64 // versions of values
	overflowed  bool

	id            int64
	since         time.Time
	name          string
	library       string
	version       string // of the library
	authenticated bool
	quit          bool // after the reply

	events   uint32 // that the loop waits for
	long     func() // a command that is carried out aside
	held     bool   // its next requests are left for a later turn
	ended    bool   // no more requests are taken
	gone     bool   // it sends nothing more
	lingers  bool   // all is written, and it has a moment to close too
	lingered int    // bytes that it sent meanwhile
	reason   error  // of the end

	backlog []byte    // replies that it has not taken
	written int       // of the backlog
	due     time.Time // when it must have taken some more of it, or closed
	piece   int       // how much more
	drained bool      // it has taken some lately

	// For the server's watch, in its ticks.
	lastUsed  atomic.Int64
	halfSince atomic.Int64 // when a request began to arrive that is not there yet, or 0
}

const (
	flushSize = 64 << 10  // of replies that are written together
	turnSize  = 1 << 20   // of replies that a client gets before others have their turn
	drainSize = 256 << 10 // of replies that have to be taken within --write-timeout
)

var (
	errSlowReader = errors.New("the client leaves more replies unread than --max-backlog")
	errSlowWrite  = errors.New("the client does not take its replies within --write-timeout")
)

// turn is the size of replies that a client gets before others have their turn.
func (c *client) turn() int { return min(turnSize, int(c.server.config.MaxBacklog)/4) }

// answer carries out requests that are there as a whole: as many as are a turn, and up to a command that would take long, which
// it leaves to be carried out aside. Replies that it has not written are in out.
func (c *client) answer() error {
	now := c.server.ticks.Load()
	c.lastUsed.Store(now)
	answered, sent := false, 0
	for !c.quit && c.long == nil {
		args, err := c.requests.next()
		if err != nil {
			c.error(err.Error())
			c.reason = err
			return nil
		}
		if args == nil {
			break
		}
		answered = true
		switch command := c.server.find(c, args); {
		case command == nil:
			c.breakTransaction()
		case c.transaction != nil && !command.atOnce:
			c.queue(command, args)
		case command.takesLong(c, args):
			c.leave(command, args)
		default:
			command.run(c, args)
		}
		if len(c.out) >= flushSize {
			sent += len(c.out)
			if err := c.flush(); err != nil {
				return err
			}
			if sent >= c.turn() {
				c.held = true
				break
			}
		}
	}
	switch {
	case !c.requests.isHalf() || c.held || c.long != nil:
		c.halfSince.Store(0)
	case answered || c.halfSince.Load() == 0:
		c.halfSince.Store(now)
	}
	return nil
}

// overflows tells whether a client can't have the replies that are there, as they are more than it may leave unread. It is given up
// then; what its command makes beyond them would take memory for nothing.
func (c *client) overflows() bool {
	c.overflowed = c.overflowed || len(c.out) > int(c.server.config.MaxBacklog)
	return c.overflowed
}

// leave has a command be carried out aside, with what it needs of a buffer that is needed for others.
func (c *client) leave(command *command, args [][]byte) {
	kept := keep(args)
	c.long = func() { command.run(c, kept) }
}

// flush writes replies as far as the client takes them at once, and keeps the others. Clients may send a long pipeline before
// they read the first reply.
func (c *client) flush() error {
	if c.overflowed {
		return errSlowReader
	}
	replies := c.out
	if len(replies) == 0 {
		return nil
	}
	c.out = c.out[:0]
	c.server.sent.Add(uint64(len(replies)))
	if len(c.backlog) == 0 {
		n, err := send(c.socket, replies)
		if err != 0 && err != unix.EAGAIN {
			return err
		}
		if err == 0 {
			replies = replies[n:]
		}
		if len(replies) == 0 {
			return nil
		}
		c.expect()
		c.loop.timed[c] = struct{}{}
	}
	if c.unread()+len(replies) > int(c.server.config.MaxBacklog) {
		return errSlowReader
	}
	if c.written > len(c.backlog)/2 {
		c.backlog = append(c.backlog[:0], c.backlog[c.written:]...)
		c.written = 0
	}
	if c.backlog == nil {
		c.backlog = newBuffer(len(replies))
	}
	c.backlog = append(c.backlog, replies...)
	return nil
}

// unread is how many bytes of replies the client has not taken.
func (c *client) unread() int { return len(c.backlog) - c.written }

// expect gives the client time to take the next piece of the backlog.
func (c *client) expect() {
	c.piece = drainSize
	c.due = time.Now().Add(c.server.config.WriteTimeout)
}

// drain writes of the backlog what the client takes.
func (c *client) drain() error {
	for c.unread() > 0 {
		n, err := send(c.socket, c.backlog[c.written:])
		if err == unix.EAGAIN {
			return nil
		}
		if err != 0 {
			return err
		}
		c.written += n
		c.drained = true
		if c.piece -= n; c.piece <= 0 {
			c.expect()
		}
	}
	freeBuffer(c.backlog)
	c.backlog, c.written = nil, 0
	return nil
}

// locksOf returns the locks of every step-th of keys that a command has to take.
func (c *client) locksOf(step int, keys ...[]byte) lockSet {
	if c.executes {
		return lockSet{}
	}
	return c.server.store.locksOf(step, keys...)
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
