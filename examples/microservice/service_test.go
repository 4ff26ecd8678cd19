package main

import (
	"bytes"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tandem.example/go/cache"
	"tandem.example/go/json"
)

// TestMain lets the test binary be the service, for tests that need a process of it.
func TestMain(m *testing.M) {
	if os.Getenv("MICROSERVICE_TEST_PROCESS") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func newTestStore(t testing.TB) *store {
	t.Helper()
	s, err := openStore(t.Context(), filepath.Join(t.TempDir(), "test?.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func load(t testing.TB, s *store, records iter.Seq[record]) importer {
	t.Helper()
	i := importer{store: s, stderr: t.Output(), source: "test"}
	if err := i.run(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return i
}

// A testService is a service with the sample products.
type testService struct {
	*httptest.Server
	*server
}

func newTestService(t testing.TB) testService {
	t.Helper()
	s := newTestStore(t)
	load(t, s, samples)
	c, err := cache.New(cache.Options[int64, []byte]{MaxBytes: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	service := newServer(s, c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	web := httptest.NewServer(service.routes())
	t.Cleanup(func() {
		web.Close()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return testService{web, service}
}

// An answer is a response that was read to its end.
type answer struct {
	*http.Response
	body []byte
}

// do sends a request; header is pairs of names and values.
func (s testService) do(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for pair := range slices.Chunk(header, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	response, err := s.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response, text}
}

func (s testService) get(t *testing.T, path string, header ...string) answer {
	t.Helper()
	return s.do(t, http.MethodGet, path, "", header...)
}

// decode reads the body into a T.
func decode[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return v
}

// checkProblem fails the test unless a refusal is a complete problem document.
func checkProblem(t *testing.T, a answer) problem {
	t.Helper()
	p := decode[problem](t, a)
	if a.Header.Get("Content-Type") != "application/problem+json" || p.Status != a.StatusCode ||
		p.Title != http.StatusText(p.Status) || p.Type != "about:blank" || p.Detail == "" {
		t.Errorf("not a problem document: %v %s", a.Header, a.body)
	}
	return p
}
