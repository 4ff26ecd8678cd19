package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// Errors that are not the client's are told apart, logged, and not shown.
func TestFailures(t *testing.T) {
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for _, c := range []struct {
		ctx    context.Context
		err    error
		status int
		logged bool
	}{
		{t.Context(), newProblem(http.StatusTeapot, "short and stout"), http.StatusTeapot, false},
		{t.Context(), fmt.Errorf("wrapped: %w", errNotFound), http.StatusNotFound, false},
		{t.Context(), errSKUTaken, http.StatusConflict, false},
		{t.Context(), context.DeadlineExceeded, http.StatusServiceUnavailable, true},
		{t.Context(), sqlite3.Error{Code: sqlite3.ErrBusy}, http.StatusServiceUnavailable, true},
		{t.Context(), errors.New("secret"), http.StatusInternalServerError, true},
		{gone, context.Canceled, statusGone, false},
	} {
		var log strings.Builder
		s := &server{log: slog.New(slog.NewTextHandler(&log, nil))}
		w := httptest.NewRecorder()
		s.fail(w, httptest.NewRequestWithContext(c.ctx, "GET", "/products/1", nil), c.err)
		if w.Code != c.status || (log.Len() > 0) != c.logged || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v: %d %s, logged %q", c.err, w.Code, w.Body, log.String())
		}
		if (w.Header().Get("Retry-After") != "") != (c.status == http.StatusServiceUnavailable) {
			t.Errorf("%v: Retry-After %q", c.err, w.Header().Get("Retry-After"))
		}
	}
}

// Without its database the service still has what is in the cache, and says that it is not well.
func TestDatabaseGone(t *testing.T) {
	s := newTestService(t)
	s.get(t, "/products/1")
	if err := s.store.read.Close(); err != nil {
		t.Fatal(err)
	}
	for path, status := range map[string]int{"/products/1": 200, "/products/2": 500, "/products": 500, "/healthz": 503} {
		a := s.get(t, path)
		if a.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, a.StatusCode, status)
		}
		if status != http.StatusOK {
			checkProblem(t, a)
		}
	}
}
