// Rust-cache-server shares a Tandem cache with programs in any language: it speaks Redis's protocol, pipelined, with the
// replies of Redis 7, and HTTP.
//
//	rust-cache-server [--addr 127.0.0.1:7379] [--http 127.0.0.1:7380] [--max-bytes 2GB] [--password TEXT] [--snapshot FILE]
//
// --help lists all settings. Start reading at server.go, which has the clients, and commands.go, which lists what they
// can ask for; resp.go is the protocol, store.go the cache.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

func main() {
	config, err := parseConfig(os.Args[1:], os.Stdout, os.Stderr)
	if err == nil {
		signal.Ignore(syscall.SIGPIPE) // or the first line of a log that nobody reads any more would end the process
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(ctx, stop) // a second signal ends the process at once
		log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: config.LogLevel}))
		err = run(ctx, config, log)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rust-cache-server:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, c config, log *slog.Logger) error {
	// First of all, so that a port in use is told before anything is changed.
	listener, err := listen("--addr", c.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	store, err := newStore(int64(c.MaxBytes))
	if err != nil {
		return fmt.Errorf("a cache of --max-bytes (%d) can't be made: %w", c.MaxBytes, err)
	}
	defer store.Close()
	server := newServer(c, store, log)
	warnOfFiles(c.MaxClients, log)
	// When one of the two servers ends, so does the other.
	group, ctx := errgroup.WithContext(ctx)
	if c.HTTP != "" {
		listener, err := listen("--http", c.HTTP)
		if err != nil {
			return err
		}
		log.Info("listening for HTTP", "address", listener.Addr())
		group.Go(func() error { return server.serveHTTP(ctx, listener) })
	}
	group.Go(func() error {
		if err := warmStart(store, c.Snapshot, log); err != nil {
			_ = listener.Close()
			return err
		}
		log.Info("listening for Redis's protocol", "address", listener.Addr(), "max_bytes", int64(c.MaxBytes))
		return server.serve(ctx, listener)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if c.Snapshot != "" {
		started := time.Now()
		entries, err := store.save(c.Snapshot)
		if err != nil {
			return fmt.Errorf("the snapshot could not be written: %w", err)
		}
		log.Info("wrote the snapshot", "file", c.Snapshot, "entries", entries, "took", time.Since(started).Round(time.Millisecond))
	}
	log.Info("stopped")
	return nil
}

// warmStart loads the snapshot, if there is one, and takes it away: after a crash its values would be older than those
// that clients have stored since.
func warmStart(store *store, path string, log *slog.Logger) error {
	if path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := tryToSave(path); err != nil { // when all entries are at stake it is too late to tell
		return fmt.Errorf("--snapshot %s can't be written: %w", path, err)
	}
	started := time.Now()
	entries, err := store.load(path)
	switch {
	case errors.Is(err, errDamaged), errors.Is(err, errVersion):
		log.Warn("not all of the snapshot was loaded", "file", path, "entries", entries, "reason", err)
	case err != nil:
		return fmt.Errorf("--snapshot %s: %w", path, err)
	case entries > 0:
		log.Info("loaded the snapshot", "file", path, "entries", entries, "took", time.Since(started).Round(time.Millisecond))
	}
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncFolder(path)
}

// warnOfFiles tells if the process may not have so many files open that there is one for each client. Go has raised the limit as far as
// it may.
func warnOfFiles(clients int, log *slog.Logger) {
	const others = 64
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < uint64(clients)+others {
		log.Warn("too few files may be open for so many clients: clients beyond that will not be served", "limit", limit.Cur,
			"max_clients", clients)
	}
}

func listen(flag, addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: end what runs there, or choose another address with %s", addr, flag)
	}
	return listener, err
}
