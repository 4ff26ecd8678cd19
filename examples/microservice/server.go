package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tandem.example/go/cache"
	"tandem.example/go/json"
)

type server struct {
	store    *store
	products *cache.Cache[int64, []byte] // rendered products by id: see render
	metrics  *metrics
	log      *slog.Logger
}

func newServer(store *store, products *cache.Cache[int64, []byte], log *slog.Logger) *server {
	return &server{store: store, products: products, metrics: newMetrics(store, products), log: log}
}

// loadTimeout bounds a load. It goes on without the request that began it, since others may wait for it.
const loadTimeout = 5 * time.Second

func (s *server) loadProduct(ctx context.Context, id int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	p, err := s.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return render(p)
}

// A handler answers a request, or returns an error before it has written anything: see fail.
type handler func(http.ResponseWriter, *http.Request) error

// routes lists what the service offers. A pattern without a method takes the methods that the others leave.
func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h handler) {
		route := pattern[strings.IndexByte(pattern, '/'):]
		mux.Handle(pattern, s.metrics.observe(route, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				s.fail(w, r, err)
			}
		})))
	}
	handle("GET /{$}", s.index)
	handle("/{$}", allow("GET, HEAD"))
	handle("GET /products", s.listProducts)
	handle("POST /products", s.createProduct)
	handle("/products", allow("GET, HEAD, POST"))
	handle("GET /products/{id}", s.getProduct)
	handle("PUT /products/{id}", s.replaceProduct)
	handle("DELETE /products/{id}", s.deleteProduct)
	handle("/products/{id}", allow("GET, HEAD, PUT, DELETE"))
	handle("GET /healthz", s.health)
	handle("/healthz", allow("GET, HEAD"))
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	handle("/metrics", allow("GET, HEAD"))
	handle("/", func(http.ResponseWriter, *http.Request) error {
		return newProblem(http.StatusNotFound, "nothing is here: see /products, /healthz and /metrics")
	})
	return mux
}

// allow refuses the methods that a resource does not have.
func allow(methods string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", methods)
		return newProblem(http.StatusMethodNotAllowed, "the methods of this resource are "+methods)
	}
}

func (s *server) index(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{
		"products": "/products", "health": "/healthz", "metrics": "/metrics",
	})
}

// health says that the service can answer, which is so if the database does.
func (s *server) health(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.store.list(r.Context(), filter{limit: 1}); err != nil {
		s.log.Error("the database does not answer", "error", err)
		return newProblem(http.StatusServiceUnavailable, "the database does not answer")
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// encode writes a value and a newline. What HTML would escape stays as it is.
func encode(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	var body bytes.Buffer
	if err := encode(&body, v); err != nil {
		return err
	}
	writeBody(w, status, "application/json", body.Bytes())
	return nil
}

func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error here is the client's, who has gone
}

// serve answers requests until ctx ends, then finishes those in flight. The limits keep slow and idle clients from
// holding connections for ever.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping: finishing the requests in flight")
	deadline, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		return fmt.Errorf("requests were cut off: %w", err)
	}
	log.Info("stopped")
	return nil
}
