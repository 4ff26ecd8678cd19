package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A running server is one that a test has started.
type running struct {
	*server
	listener net.Listener
	stop     func() // and wait
}

func (r running) addr() string { return r.listener.Addr().String() }

// start starts a server with the defaults of all limits that c leaves at zero.
func start(t testing.TB, c config) running {
	t.Helper()
	defaults, err := parseConfig(nil, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	or(&c.MaxBytes, 64<<20)
	or(&c.Threads, 2)
	or(&c.MaxClients, defaults.MaxClients)
	or(&c.MaxRequest, defaults.MaxRequest)
	or(&c.MaxBacklog, defaults.MaxBacklog)
	or(&c.WriteTimeout, defaults.WriteTimeout)
	or(&c.ShutdownTimeout, defaults.ShutdownTimeout)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Addr = listener.Addr().String()
	store, err := newStore(int64(c.MaxBytes))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := newServer(c, store, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- server.serve(ctx, listener) }()
	stop := func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			done <- nil
		case <-time.After(time.Minute):
			t.Error("the server does not stop")
		}
	}
	t.Cleanup(func() {
		stop()
		store.Close()
	})
	for !server.ready.Load() {
		time.Sleep(time.Millisecond)
	}
	return running{server, listener, stop}
}

func or[T comparable](setting *T, otherwise T) {
	var zero T
	if *setting == zero {
		*setting = otherwise
	}
}

// TestLateCommands has a command end behind the end of its loop: what would wake the loop must not be written to another file that has
// got the number meanwhile, such as the snapshot.
func TestLateCommands(t *testing.T) {
	server := start(t, config{Threads: 1})
	server.stop()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	loop := server.loops[0]
	loop.waker = int(writer.Fd())
	loop.post(func() {})
	writer.Close()
	if data, err := io.ReadAll(reader); len(data) > 0 || err != nil {
		t.Errorf("another file has got %q, %v", data, err)
	}
}

func TestAStartWarnsOfTooFewFiles(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	for _, clients := range []uint64{limit.Cur / 2, limit.Cur} {
		var log strings.Builder
		warnOfFiles(int(clients), slog.New(slog.NewTextHandler(&log, nil)))
		if got, want := log.String() != "", clients == limit.Cur; got != want {
			t.Errorf("with %d files for %d clients: %q", limit.Cur, clients, log.String())
		}
	}
}
