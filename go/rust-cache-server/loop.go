package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A loop serves many clients on one goroutine, which waits for all of their connections at once. A small request costs little
// beside its system calls then: no goroutine has to be woken for it. What would keep others waiting is carried out aside, by
// a goroutine of its own.
//
// All that a client has is the loop's alone, but for what says otherwise; others ask for changes through post.
type loop struct {
	server *server
	poller int // of epoll
	waker  int // an eventfd in the poller: there is something in the inbox

	clients []*client // by socket
	ready   []*client // that had their turn and may have more requests
	timed   map[*client]struct{}
	checked time.Time // when timed was looked at
	input   []byte    // where requests are read to, of which most are there as a whole
	output  []byte    // where replies are put together
	replied []*client // whose replies are there

	mu     sync.Mutex
	inbox  []func()
	freed  bool // nothing comes to the inbox any more
	ending bool
}

const (
	readSize   = 64 << 10
	outputSize = 3 * flushSize // for those to others, to a client, and one that is long
	keptBytes  = 1 << 20       // of the buffer for replies, if one needed more
	timedEvery = 20 * time.Millisecond
	eventsMost = 256
)

func newLoop(s *server) (*loop, error) {
	l := &loop{server: s, timed: make(map[*client]struct{}), input: make([]byte, readSize),
		output: make([]byte, 0, outputSize)}
	var err error
	if l.poller, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if l.waker, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		_ = unix.Close(l.poller)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	if err := l.control(unix.EPOLL_CTL_ADD, l.waker, unix.EPOLLIN); err != nil {
		l.free()
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return l, nil
}

func (l *loop) free() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freed = true
	_ = unix.Close(l.poller)
	_ = unix.Close(l.waker)
}

func (l *loop) control(operation, fd int, events uint32) error {
	return unix.EpollCtl(l.poller, operation, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// post has the loop's goroutine call a function. After the end, which does not wait for commands that are carried out aside, it does
// nothing: the waker's number may be another file's by then.
func (l *loop) post(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.freed {
		return
	}
	l.inbox = append(l.inbox, f)
	if len(l.inbox) == 1 {
		one := [8]byte{1}
		_, _ = unix.Write(l.waker, one[:])
	}
}

// end lets run return, when there is no client any more.
func (l *loop) end() {
	l.post(func() { l.ending = true })
}

func (l *loop) run() {
	defer l.free()
	events := make([]unix.EpollEvent, eventsMost)
	for !l.ending {
		timeout := -1
		if len(l.timed) > 0 {
			timeout = int(timedEvery / time.Millisecond)
		}
		if len(l.ready) > 0 {
			timeout = 0
		}
		n, err := unix.EpollWait(l.poller, events, timeout)
		if err != nil && !errors.Is(err, unix.EINTR) {
			panic("epoll: " + err.Error()) // it can only be misused
		}
		for _, event := range events[:max(n, 0)] {
			l.handle(int(event.Fd), event.Events)
		}
		l.write()
		if len(l.ready) > 0 {
			l.goOn()
			l.write()
		}
		if len(l.timed) > 0 {
			l.checkTimes(time.Now())
		}
	}
}

func (l *loop) handle(fd int, events uint32) {
	if fd == l.waker {
		l.write() // before anything ends a connection
		l.takeInbox()
		return
	}
	c := l.clients[fd]
	if c == nil { // it was closed since this was waited for
		return
	}
	if events&unix.EPOLLOUT != 0 {
		l.drain(c)
	}
	switch {
	case c.socket < 0:
	case c.events&unix.EPOLLIN != 0 && events&^unix.EPOLLOUT != 0:
		l.read(c)
	case events&(unix.EPOLLERR|unix.EPOLLHUP) != 0: // nobody is there any more to write to
		l.close(c, unix.ECONNRESET)
	}
}

func (l *loop) takeInbox() {
	var count [8]byte
	_, _ = unix.Read(l.waker, count[:])
	l.mu.Lock()
	inbox := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	for _, f := range inbox {
		f()
	}
}

// add begins to serve a client.
func (l *loop) add(c *client) {
	c.requests.shared = l.input
	for len(l.clients) <= c.socket {
		l.clients = append(l.clients, make([]*client, 1+len(l.clients))...)
	}
	l.clients[c.socket] = c
	c.events = unix.EPOLLIN
	if err := l.control(unix.EPOLL_CTL_ADD, c.socket, c.events); err != nil {
		l.close(c, err)
	}
}

// wait has the poller tell what there is to do for a client.
func (l *loop) wait(c *client) {
	var events uint32
	if c.lingers || !c.ended && c.long == nil && !c.held {
		events = unix.EPOLLIN
	}
	if len(c.backlog) > 0 {
		events |= unix.EPOLLOUT
	}
	if events == c.events {
		return
	}
	c.events = events
	if err := l.control(unix.EPOLL_CTL_MOD, c.socket, events); err != nil {
		l.close(c, err)
	}
}

// read takes what a client has sent.
func (l *loop) read(c *client) {
	if c.lingers {
		l.discard(c)
		return
	}
	n, err := receive(c.socket, c.requests.room())
	switch {
	case err == unix.EAGAIN:
		c.requests.settle()
	case err != 0:
		l.close(c, err)
	case n == 0:
		c.requests.settle()
		c.gone = true
		l.finish(c)
	default:
		l.server.received.Add(uint64(n))
		c.requests.read(n)
		l.answer(c)
	}
}

// answer carries out requests of a client that are there as a whole. The replies are written when the other clients that were
// waited for have theirs, too: while they are put together, those who read them have nothing to do but to be woken once for each.
func (l *loop) answer(c *client) {
	if len(c.out) > 0 || len(l.output) >= flushSize {
		l.write()
	}
	used := len(l.output)
	c.out = l.output[used:]
	room := cap(c.out)
	err := c.answer()
	c.requests.settle()
	if err == nil && cap(c.out) == room && c.reason == nil && !c.quit && c.long == nil && !c.held {
		if len(c.out) > 0 {
			l.output = l.output[:used+len(c.out)]
			l.replied = append(l.replied, c)
		}
		l.wait(c)
		return
	}
	if err == nil {
		err = c.flush()
	}
	if cap(l.output) < cap(c.out) && cap(c.out) <= keptBytes { // it was too small
		l.write()
		l.output = c.out[:0]
	}
	c.out = nil
	switch {
	case err != nil:
		l.close(c, err)
	case c.reason != nil || c.quit:
		l.finish(c)
	case c.long != nil:
		go func() {
			c.long()
			l.post(func() { l.resume(c) })
		}()
		l.wait(c)
	case c.held && len(c.backlog) == 0:
		l.release(c)
	default:
		l.wait(c)
	}
}

// write writes the replies to those who have not had them yet.
func (l *loop) write() {
	for i, c := range l.replied {
		l.replied[i] = nil
		if c.socket < 0 {
			continue
		}
		err := c.flush()
		c.out = nil
		if err != nil {
			l.close(c, err)
		} else if len(c.backlog) > 0 {
			l.wait(c)
		}
	}
	l.replied, l.output = l.replied[:0], l.output[:0]
}

// resume goes on with a client one of whose commands was carried out aside.
func (l *loop) resume(c *client) {
	if c.socket < 0 {
		return
	}
	c.long = nil
	err := c.flush()
	c.out = nil
	switch {
	case err != nil:
		l.close(c, err)
	case c.ended:
		l.finish(c)
	default:
		l.answer(c)
	}
}

// release gives a client another turn, when the others have had theirs.
func (l *loop) release(c *client) {
	c.held = false
	l.ready = append(l.ready, c)
}

// goOn gives clients the next turn that have had one and may have more requests.
func (l *loop) goOn() {
	ready := l.ready
	l.ready = nil
	for _, c := range ready {
		if c.socket >= 0 && !c.ended && c.long == nil && !c.held {
			l.answer(c)
		}
	}
}

// drain writes of the backlog what the client takes.
func (l *loop) drain(c *client) {
	if err := c.drain(); err != nil {
		l.close(c, err)
		return
	}
	switch {
	case len(c.backlog) == 0 && c.ended:
		l.finish(c)
		return
	case c.held && c.unread() < c.turn():
		l.release(c)
	}
	l.wait(c)
}

// finish takes no more requests of a client, and ends the connection when all replies are written.
func (l *loop) finish(c *client) {
	c.ended = true
	switch {
	case c.long != nil || len(c.backlog) > 0:
		l.wait(c)
	case c.gone || unix.Shutdown(c.socket, unix.SHUT_WR) != nil:
		l.close(c, c.reason)
	case !c.lingers:
		// A close with requests unread would take replies away from the client that are on their way. Some more of them
		// are read, therefore, until the client closes too; but for no longer than a moment.
		c.lingers = true
		c.due = time.Now().Add(lingerTime)
		l.timed[c] = struct{}{}
		l.wait(c)
	}
}

const (
	lingerTime = 100 * time.Millisecond
	lingerSize = 1 << 20
)

func (l *loop) discard(c *client) {
	n, err := receive(c.socket, l.input)
	if err == unix.EAGAIN {
		return
	}
	c.lingered += n
	if err != 0 || n == 0 || c.lingered > lingerSize {
		l.close(c, c.reason)
	}
}

// checkTimes looks at clients that have replies unread, or linger.
func (l *loop) checkTimes(now time.Time) {
	if now.Sub(l.checked) < timedEvery {
		return
	}
	l.checked = now
	for c := range l.timed {
		switch {
		case len(c.backlog) == 0 && !c.lingers:
			delete(l.timed, c)
		case now.Before(c.due):
			// One that reads is given time to; one that does not may be sending all its requests first. It has to read
			// before its backlog comes near the limit, though.
			if c.held && !c.drained && c.unread() <= int(l.server.config.MaxBacklog)/2 {
				l.release(c)
			}
			c.drained = false
		case c.lingers:
			l.close(c, c.reason)
		default:
			l.close(c, errSlowWrite)
		}
	}
}

// close ends a connection.
func (l *loop) close(c *client, reason error) {
	if c.socket < 0 {
		return
	}
	s := l.server
	if errors.Is(reason, errSlowReader) || errors.Is(reason, errSlowWrite) {
		s.evicted.Add(1)
	}
	if reason != nil {
		s.log.Debug("a client's connection was ended", "client", c.id, "address", c.peer, "reason", reason)
	}
	l.clients[c.socket] = nil
	delete(l.timed, c)
	socket := c.socket
	c.socket = -1
	c.backlog = nil
	s.remove(c)
	_ = unix.Close(socket)
}

// finishAll ends all connections when the replies are written to what was read.
func (l *loop) finishAll() {
	for _, c := range l.clients {
		if c != nil && !c.ended {
			l.finish(c)
		}
	}
}

func (l *loop) closeAll() {
	for _, c := range l.clients {
		if c != nil {
			l.close(c, errSlowWrite)
		}
	}
}
