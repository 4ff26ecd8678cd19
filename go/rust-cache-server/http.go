package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/net/netutil"

	"tandem.example/go/cache"
	"tandem.example/go/json"
)

// A handler answers a request, or returns a problem before it has written anything.
type handler func(http.ResponseWriter, *http.Request) error

// routes lists what is there over HTTP.
func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h handler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				s.writeProblem(w, r, err)
			}
		})
	}
	handle("GET /v1/cache/{key}", s.authorized(s.loaded(s.getEntry)))
	handle("PUT /v1/cache/{key}", s.authorized(s.loaded(s.putEntry)))
	handle("DELETE /v1/cache/{key}", s.authorized(s.loaded(s.deleteEntry)))
	handle("GET /v1/stats", s.authorized(s.stats))
	metrics := metricsHandler(s)
	handle("GET /metrics", s.authorized(func(w http.ResponseWriter, r *http.Request) error {
		metrics.ServeHTTP(w, r)
		return nil
	}))
	handle("GET /healthz", func(w http.ResponseWriter, _ *http.Request) error {
		return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	handle("GET /readyz", s.readiness)
	handle("GET /{$}", func(w http.ResponseWriter, _ *http.Request) error {
		return writeJSON(w, http.StatusOK, map[string]string{"entry": "/v1/cache/{key}{?pointer}", "stats": "/v1/stats",
			"metrics": "/metrics", "health": "/healthz", "readiness": "/readyz"})
	})
	return mux
}

// authorized lets requests through that bring the password, if there is one.
func (s *server) authorized(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !s.config.isPassword([]byte(token)) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="rust-cache-server"`)
			return problem{http.StatusUnauthorized, "the password is needed: Authorization: Bearer ..."}
		}
		return h(w, r)
	}
}

// loaded lets requests for entries through when the snapshot is loaded, which would take the place of what they store.
func (s *server) loaded(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !s.warm.Load() {
			w.Header().Set("Retry-After", "1")
			return problem{http.StatusServiceUnavailable, "the server is starting"}
		}
		return h(w, r)
	}
}

// readiness tells whether the server takes clients, which it does between a warm start and a stop.
func (s *server) readiness(w http.ResponseWriter, _ *http.Request) error {
	if !s.ready.Load() {
		return problem{http.StatusServiceUnavailable, "the server is starting or stopping"}
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// An entry as it goes over HTTP.
type entry struct {
	value       []byte
	contentType string
	ttl         time.Duration // 0 for ever
}

func (s *server) entry(key []byte) (e entry, found bool) {
	value, contentType, found := s.store.appendEntry(nil, key)
	ttl, still := s.store.TTL(key)
	return entry{value, string(contentType), ttl}, found && still
}

// etag is a hash of the value and its type.
func (e *entry) etag() string {
	var hash xxhash.Digest
	hash.Reset()
	_, _ = hash.WriteString(e.contentType + "\x00")
	_, _ = hash.Write(e.value)
	return fmt.Sprintf(`"%016x"`, hash.Sum64())
}

func (s *server) getEntry(w http.ResponseWriter, r *http.Request) error {
	e, found := s.entry([]byte(r.PathValue("key")))
	if !found {
		return errNoEntry
	}
	if query := r.URL.Query(); query.Has("pointer") {
		part, err := resolve(e.value, query.Get("pointer"))
		if err != nil {
			return err
		}
		e.value, e.contentType = part, "application/json"
	}
	header := w.Header()
	header.Set("Content-Type", e.contentType)
	if e.contentType == "" {
		header.Set("Content-Type", "application/octet-stream")
	}
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("ETag", e.etag())
	if e.ttl > 0 {
		header.Set("TTL", strconv.FormatInt(int64((e.ttl+time.Second-1)/time.Second), 10))
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(e.value)) // HEAD, ranges and conditions
	return nil
}

func (s *server) putEntry(w http.ResponseWriter, r *http.Request) error {
	ttl := time.Duration(0)
	if text := r.Header.Get("TTL"); text != "" {
		seconds, ok := parseInt([]byte(text))
		if !ok || seconds < 1 {
			return problem{http.StatusBadRequest, "TTL must be a number of seconds, 1 or more"}
		}
		ttl = time.Duration(min(seconds, int64(maxTTL/time.Second))) * time.Second
	}
	contentType := r.Header.Get("Content-Type")
	if len(contentType) > 255 {
		return problem{http.StatusBadRequest, "Content-Type must have at most 255 bytes"}
	}
	limit := int64(s.config.MaxRequest)
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // or the rest would be read
		return problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("a value may have %d bytes (--max-request)", limit)}
	}
	value, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooMany := (*http.MaxBytesError)(nil); errors.As(err, &tooMany) {
		return problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("a value may have %d bytes (--max-request)", limit)}
	}
	if err != nil {
		return problem{http.StatusBadRequest, "the body could not be read: " + err.Error()}
	}

	key := []byte(r.PathValue("key"))
	locks := s.store.locksOf(1, key)
	s.store.lock(locks)
	defer s.store.unlock(locks)
	old, found := s.entry(key)
	if err := precondition(r, old, found); err != nil {
		return err
	}
	stored := append(append(value, contentType...), byte(len(contentType)))
	switch err := s.store.SetTTL(key, stored, ttl); {
	case errors.Is(err, cache.ErrTooLarge):
		return problem{http.StatusRequestEntityTooLarge, "the value is larger than the cache may hold (--max-bytes)"}
	case err != nil:
		w.Header().Set("Retry-After", "1")
		return problem{http.StatusServiceUnavailable, err.Error()}
	}
	e := entry{value: value, contentType: contentType}
	w.Header().Set("ETag", e.etag())
	if found {
		w.WriteHeader(http.StatusNoContent)
	} else {
		w.WriteHeader(http.StatusCreated)
	}
	return nil
}

// maxTTL is the longest that the cache can tell from forever.
const maxTTL = time.Duration(1<<63 - 1)

func (s *server) deleteEntry(w http.ResponseWriter, r *http.Request) error {
	key := []byte(r.PathValue("key"))
	locks := s.store.locksOf(1, key)
	s.store.lock(locks)
	defer s.store.unlock(locks)
	if r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != "" {
		old, found := s.entry(key)
		if !found { // conditions count where something could be done (RFC 9110, section 13.2.1)
			return errNoEntry
		}
		if err := precondition(r, old, found); err != nil {
			return err
		}
	}
	if !s.store.Delete(key) {
		return errNoEntry
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// precondition checks If-Match and If-None-Match of a request that changes an entry (RFC 9110, section 13.1).
func precondition(r *http.Request, old entry, found bool) error {
	lists := func(header string) bool {
		list := strings.Join(r.Header.Values(header), ",")
		return found && (strings.TrimSpace(list) == "*" || slices.ContainsFunc(strings.Split(list, ","), func(tag string) bool {
			tag = strings.TrimSpace(tag)
			if header == "If-None-Match" { // a proxy that compresses makes tags weak, which count here only
				tag = strings.TrimPrefix(tag, "W/")
			}
			return tag == old.etag()
		}))
	}
	if r.Header.Get("If-Match") != "" && !lists("If-Match") {
		return problem{http.StatusPreconditionFailed, "the entry is not the one of If-Match"}
	}
	if r.Header.Get("If-None-Match") != "" && lists("If-None-Match") {
		return problem{http.StatusPreconditionFailed, "the entry is one of If-None-Match"}
	}
	return nil
}

func (s *server) stats(w http.ResponseWriter, _ *http.Request) error {
	stats := s.store.Stats()
	commands := make(map[string]uint64)
	for _, command := range s.commands {
		command.each(func(name string, calls uint64) {
			if calls > 0 {
				commands[name] = calls
			}
		})
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"version":        version(),
		"uptime_seconds": int(time.Since(s.started).Seconds()),
		"cache": map[string]any{
			"hits": stats.Hits, "misses": stats.Misses, "sets": stats.Sets, "deletes": stats.Deletes,
			"evictions": stats.Evictions, "expirations": stats.Expirations,
			"entries": stats.Entries, "bytes": stats.Bytes, "max_bytes": stats.MaxBytes,
		},
		"clients": map[string]any{
			"connected": s.connected(), "max": s.config.MaxClients,
			"accepted": s.accepted.Load(), "refused": s.refused.Load(), "evicted": s.evicted.Load(),
			"received_bytes": s.received.Load(), "sent_bytes": s.sent.Load(),
		},
		"commands": commands,
		"errors":   s.failures.Load(),
		"unknown":  s.unknown.Load(),
	})
}

// A problem tells a client what is wrong (RFC 9457).
type problem struct {
	status int
	detail string
}

func (p problem) Error() string { return p.detail }

var errNoEntry = problem{http.StatusNotFound, "there is no entry with this key"}

func (s *server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	var p problem
	if !errors.As(err, &p) {
		s.log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		p = problem{http.StatusInternalServerError, "the server failed, and has logged why"}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	_ = writeJSON(w, p.status, map[string]any{
		"type": "about:blank", "title": http.StatusText(p.status), "status": p.status, "detail": p.detail,
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	header := w.Header()
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	header.Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // an error here is the client's, who has gone
	return nil
}

// serveHTTP answers requests until ctx ends, and then those in flight.
func (s *server) serveHTTP(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       s.config.RequestTimeout,
		WriteTimeout:      s.config.RequestTimeout,
		IdleTimeout:       s.config.IdleTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // of what clients send, mostly
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		deadline, cancel := context.WithTimeout(context.Background(), s.config.ShutdownTimeout)
		defer cancel()
		if err := server.Shutdown(deadline); err != nil {
			s.log.Warn("HTTP requests were cut off", "error", err)
			_ = server.Close()
		}
	})
	err := server.Serve(netutil.LimitListener(listener, s.config.MaxClients))
	if !stop() { // it has begun
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
