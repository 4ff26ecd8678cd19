// Together starts fastjson-api with rust-cache-server as the second level of its cache, gives it something to serve, and
// says what to try. It is what `make run` runs.
//
//	together [-data FILE] [-bin DIR] [-var DIR]
//
// Both services take their settings from the environment as ever (FASTJSON_ADDR, RUST_CACHE_SERVER_MAX_BYTES and so on; their
// --help lists them). What they keep is below -var: the next start goes on with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

type config struct {
	data, bin, dir        string
	api, cache, cacheHTTP string // addresses
	apiKey, cachePassword string
	startTimeout          time.Duration
}

func main() {
	// The services are told when the thread that started them ends, which must be when the process does.
	runtime.LockOSThread()
	c := config{
		api:           setting("FASTJSON_ADDR", "127.0.0.1:8080"),
		cache:         setting("RUST_CACHE_SERVER_ADDR", "127.0.0.1:7379"),
		cacheHTTP:     setting("RUST_CACHE_SERVER_HTTP", "127.0.0.1:7380"),
		apiKey:        os.Getenv("FASTJSON_API_KEY"),
		cachePassword: os.Getenv("RUST_CACHE_SERVER_PASSWORD"),
		startTimeout:  time.Minute, // a large snapshot takes its time
	}
	flag.StringVar(&c.data, "data", "", "NDJSON `file` to import, into a collection of its name (examples, if there are no documents yet)")
	flag.StringVar(&c.bin, "bin", "bin", "`folder` with the two programs")
	flag.StringVar(&c.dir, "var", "var", "`folder` for what they keep")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, c, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "together:", err)
		os.Exit(1)
	}
}

func setting(name, fallback string) string {
	if value, set := os.LookupEnv(name); set {
		return value
	}
	return fallback
}

// run has both services run until ctx ends. Fastjson-api stops first, so that the other's snapshot has all of its writes.
func run(ctx context.Context, c config, stdout, stderr *os.File) (err error) {
	// Before anything is started, so that there is one line and not the half of a start.
	for _, use := range []struct{ addr, change string }{
		{c.api, "ADDR=127.0.0.1:8081"},
		{c.cache, "CACHE_ADDR=127.0.0.1:7381"},
		{c.cacheHTTP, "CACHE_HTTP=127.0.0.1:7382"},
	} {
		if err := checkFree(use.addr); err != nil {
			return fmt.Errorf("%w: end what runs there, or choose another address (make run %s)", err, use.change)
		}
	}
	source, err := openSource(c.data)
	if err != nil {
		return err
	}
	defer source.close()

	level2, err := start(stderr, filepath.Join(c.bin, "rust-cache-server"),
		"--addr", c.cache, "--http", c.cacheHTTP, "--snapshot", filepath.Join(c.dir, "cache.snapshot"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, level2.stop()) }()
	if err := level2.wait(ctx, c.startTimeout, func() error { return ping(c.cache) }); err != nil {
		return ignoreStop(ctx, err)
	}

	db := filepath.Join(c.dir, "fastjson.db")
	api, err := start(stderr, filepath.Join(c.bin, "fastjson-api"),
		"--addr", c.api, "--db", "sqlite://"+db, "--l2", level2URL(c))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.stop()) }()
	client := client{base: baseURL(c.api), key: c.apiKey}
	if err := api.wait(ctx, c.startTimeout, client.ready); err != nil {
		return ignoreStop(ctx, err)
	}

	if err := fill(ctx, client, source, stdout, stderr); err != nil {
		return ignoreStop(ctx, err)
	}
	if err := greet(ctx, stdout, c, client, source.collection, db); err != nil {
		return ignoreStop(ctx, err)
	}
	level2Ended := level2.ended
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(stdout, "\nStopping.")
			return nil
		case <-api.ended:
			return api.failure()
		case <-level2Ended:
			// Fastjson-api can do without, as it would in production.
			fmt.Fprintf(stderr, "together: %v; fastjson-api goes on without it\n", level2.failure())
			level2Ended = nil
		}
	}
}

// ignoreStop leaves out an error that comes of being told to stop.
func ignoreStop(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// checkFree tells whether an address can be listened on.
func checkFree(addr string) error {
	if addr == "off" {
		return nil
	}
	listener, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use", addr)
	}
	if err != nil {
		return err
	}
	return listener.Close()
}

// baseURL is where a service that listens on an address can be reached from here.
func baseURL(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func level2URL(c config) string {
	u, _ := url.Parse(baseURL(c.cache))
	u.Scheme = "redis"
	if c.cachePassword != "" {
		u.User = url.UserPassword("", c.cachePassword)
	}
	return u.String()
}

// ping waits for an answer in Redis's protocol, which comes once the snapshot is loaded.
func ping(addr string) error {
	u, err := url.Parse(baseURL(addr))
	if err != nil {
		return err
	}
	conn, err := net.DialTimeout("tcp", u.Host, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// greet prints where the services are, and requests to try.
func greet(ctx context.Context, w io.Writer, c config, client client, collection, db string) error {
	id, err := client.firstID(ctx, collection)
	if err != nil {
		return err
	}
	base, auth := client.base+"/v1/"+collection, ""
	if c.apiKey != "" {
		auth = ` -H "X-API-Key: $FASTJSON_API_KEY"`
	}
	_, port, _ := net.SplitHostPort(c.cache)
	fmt.Fprintf(w, `
fastjson-api        %s  keeps JSON documents, in %s (/metrics is for Prometheus)
rust-cache-server   %s  the second level of its cache, and one for your programs: Redis's protocol, port %s

Try (Ctrl-C stops both):

  curl%s '%s?limit=2'
  curl%s %s/%s
  curl%s -X PATCH %s/%s -d '{"checked":true}'
`, client.base, db, baseURL(c.cache)[len("http://"):], port, auth, base, auth, base, id, auth, base, id)
	switch _, err := exec.LookPath("redis-cli"); {
	case err == nil:
		if c.cachePassword != "" {
			port += ` --pass "$RUST_CACHE_SERVER_PASSWORD"`
		}
		fmt.Fprintf(w, "  redis-cli -p %[1]s set greeting hello ex 60\n  redis-cli -p %[1]s get greeting\n\n", port)
	case c.cacheHTTP != "off":
		if auth = ""; c.cachePassword != "" {
			auth = ` -H "Authorization: Bearer $RUST_CACHE_SERVER_PASSWORD"`
		}
		fmt.Fprintf(w, "  curl%[2]s -X PUT %[1]s/v1/cache/greeting -d hello\n  curl%[2]s %[1]s/v1/cache/greeting\n\n",
			baseURL(c.cacheHTTP), auth)
	}
	return nil
}
