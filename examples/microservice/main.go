// Microservice is a product catalogue over HTTP: requests and responses go through tandem.example/go/json,
// reads through tandem.example/go/cache, and products live in an embedded SQLite file.
//
//	microservice [-addr 127.0.0.1:8080] [-db FILE] [-data FILE] [-cache BYTES]
//
// The interface:
//
//	GET    /products?category=&q=&limit=&cursor=   a page of products, and next_cursor if there are more
//	POST   /products                               adds a product, which is given its id
//	GET    /products/{id}                          with ETag, and 304 for If-None-Match
//	PUT    /products/{id}                          replaces a product; If-Match guards against lost updates
//	DELETE /products/{id}                          likewise
//	GET    /healthz, /metrics
//
// It is there to be copied from. Start reading at server.go, which lists the routes; products.go reads through the
// cache, store.go is the database, problem.go what clients are told when something is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"tandem.example/go/cache"
)

type config struct {
	addr, db, data string
	cacheBytes     int64
}

func main() {
	var c config
	flag.StringVar(&c.addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	flag.StringVar(&c.db, "db", "var/microservice.db", "SQLite `file`, made if it is not there")
	flag.StringVar(&c.data, "data", "", "JSON array or NDJSON `file` of products to import first")
	flag.Int64Var(&c.cacheBytes, "cache", 64<<20, "limit of the cache in `bytes`")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, c, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "microservice:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and then until the requests in flight are answered.
func run(ctx context.Context, c config, stdout, stderr *os.File) error {
	// First of all, so that a port in use is told before anything is changed.
	listener, err := net.Listen("tcp", c.addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use: end what runs there, or choose another address with -addr "+
			"(make run-microservice ADDR=127.0.0.1:8081)", c.addr)
	}
	if err != nil {
		return err
	}
	defer listener.Close()

	if err := os.MkdirAll(filepath.Dir(c.db), 0o755); err != nil {
		return err
	}
	store, err := openStore(ctx, c.db)
	if err != nil {
		return err
	}
	defer store.close()
	if err := fill(ctx, store, c, stdout, stderr); err != nil {
		return err
	}

	products, err := cache.New(cache.Options[int64, []byte]{MaxBytes: c.cacheBytes})
	if err != nil {
		return err
	}
	defer products.Close()
	log := slog.New(slog.NewTextHandler(stderr, nil))
	server := newServer(store, products, log)
	if err := greet(ctx, stdout, store, "http://"+listener.Addr().String()); err != nil {
		return err
	}
	return serve(ctx, listener, server.routes(), log)
}

// greet prints where the service is and requests to try.
func greet(ctx context.Context, w io.Writer, store *store, base string) error {
	first, err := store.list(ctx, filter{limit: 1})
	if err != nil {
		return err
	}
	sample := Product{ID: 1, Category: "tea"}
	if len(first) > 0 {
		sample = first[0]
	}
	fmt.Fprintf(w, `
Listening on %[1]s (Ctrl-C stops it, /metrics is for Prometheus). Try:

  curl -i %[1]s/products/%[2]d
  curl '%[1]s/products?category=%[3]s&limit=3'
  curl %[1]s/products -H 'Content-Type: application/json' \
    -d '{"sku":"DEMO-%[4]s","name":"Sencha","category":"tea","price":7.9}'

`, base, sample.ID, url.QueryEscape(sample.Category), time.Now().Format("150405"))
	return nil
}
