package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A server answers clients that speak Redis's protocol from one store.
type server struct {
	config   config
	store    *store
	commands map[string]*command
	log      *slog.Logger
	started  time.Time

	loops   []*loop
	mu      sync.Mutex
	clients map[*client]struct{}
	stopped bool
	running sync.WaitGroup // clients

	warm     atomic.Bool // the snapshot is loaded
	ready    atomic.Bool // clients are taken
	lastID   atomic.Int64
	ticks    atomic.Int64 // a clock for the watch
	accepted atomic.Uint64
	refused  atomic.Uint64
	evicted  atomic.Uint64 // clients that were idle or slow
	received atomic.Uint64 // bytes
	sent     atomic.Uint64
	failures atomic.Uint64 // commands answered with an error
	unknown  atomic.Uint64 // commands that there are not
}

func newServer(c config, s *store, log *slog.Logger) *server {
	server := &server{
		config:   c,
		store:    s,
		commands: make(map[string]*command),
		log:      log,
		started:  time.Now(),
		clients:  make(map[*client]struct{}),
	}
	for _, command := range newCommands() {
		server.commands[command.name] = command
	}
	server.ticks.Store(1)
	return server
}

// tick is how often the watch looks.
const tick = time.Second

// serve takes clients, now that the snapshot is loaded, until ctx ends, and answers the requests that it has read by then.
func (s *server) serve(ctx context.Context, listener net.Listener) error {
	var running sync.WaitGroup
	defer func() {
		for _, l := range s.loops {
			l.end()
		}
		running.Wait()
	}()
	for range s.config.Threads {
		l, err := newLoop(s)
		if err != nil {
			return err
		}
		s.loops = append(s.loops, l)
		running.Go(l.run)
	}
	watched, stopWatch := context.WithCancel(context.Background())
	defer stopWatch()
	go s.watch(watched)
	stopListening := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stopListening()
	s.warm.Store(true)
	s.ready.Store(true)
	for {
		conn, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			s.stop()
			return nil
		case errors.Is(err, net.ErrClosed):
			s.stop()
			return err
		case err != nil: // too many open files, for example, which passes
			s.log.Warn("a client could not be accepted", "error", err)
			time.Sleep(acceptPause)
		default:
			s.accept(conn.(*net.TCPConn))
		}
	}
}

const acceptPause = 50 * time.Millisecond

func (s *server) accept(conn *net.TCPConn) {
	socket, err := takeOver(conn)
	if err != nil {
		s.log.Warn("a client could not be accepted", "error", err)
		return
	}
	id := s.lastID.Add(1)
	c := &client{
		server:        s,
		loop:          s.loops[int(id)%len(s.loops)],
		socket:        socket,
		peer:          conn.RemoteAddr(),
		local:         conn.LocalAddr(),
		id:            id,
		since:         time.Now(),
		authenticated: s.config.Password == "",
	}
	c.requests.max = int(s.config.MaxRequest)
	c.requests.anonymous = !c.authenticated
	c.lastUsed.Store(s.ticks.Load())
	if !s.add(c) {
		s.refused.Add(1)
		_, _ = send(socket, []byte("-ERR max number of clients reached\r\n"))
		_ = unix.Close(socket)
		return
	}
	s.accepted.Add(1)
	c.loop.post(func() { c.loop.add(c) })
}

func (s *server) add(c *client) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || len(s.clients) >= s.config.MaxClients {
		return false
	}
	s.clients[c] = struct{}{}
	s.running.Add(1)
	return true
}

func (s *server) remove(c *client) {
	s.mu.Lock()
	delete(s.clients, c)
	s.mu.Unlock()
	s.running.Done()
}

func (s *server) connected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// watch ends the connections of clients that are idle for too long, or take too long to send a request.
func (s *server) watch(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.look(s.ticks.Add(1))
		}
	}
}

func (s *server) look(now int64) {
	idle, slow := int64(s.config.IdleTimeout/tick), int64(s.config.RequestTimeout/tick)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.clients {
		var reason string
		switch half := c.halfSince.Load(); {
		case slow > 0 && half != 0 && now-half > slow:
			reason = "its request did not arrive within --request-timeout"
		case idle > 0 && now-c.lastUsed.Load() > idle:
			reason = "it was idle for --idle-timeout"
		default:
			continue
		}
		s.evicted.Add(1)
		s.log.Info("a client's connection was ended", "client", c.id, "address", c.peer, "reason", reason)
		c.loop.post(func() { c.loop.close(c, nil) })
	}
}

// stop lets clients have the replies to what was read, and ends their connections.
func (s *server) stop() {
	s.ready.Store(false)
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	for _, l := range s.loops {
		l.post(l.finishAll)
	}
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return
	case <-time.After(s.config.ShutdownTimeout):
	}
	s.log.Warn(fmt.Sprintf("%d clients did not take their replies in time", s.connected()))
	for _, l := range s.loops {
		l.post(l.closeAll)
	}
	<-done
}
