package cachemetrics_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tandem.example/go/cache"
	"tandem.example/go/cachemetrics"
)

type fixed cache.Stats

func (f fixed) Stats() cache.Stats { return cache.Stats(f) }

// lines returns what a registry tells about caches, as OpenMetrics, without comments.
func lines(t *testing.T, registry *prometheus.Registry) (lines []string) {
	t.Helper()
	reply := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(reply, request)
	if kind := reply.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/openmetrics-text") {
		t.Errorf("the reply is %q", kind)
	}
	for line := range strings.Lines(reply.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestCollector(t *testing.T) {
	registry := prometheus.NewRegistry()
	want := map[string]string{}
	for i, name := range []string{"a", "b"} {
		n := 100 * (i + 1)
		u := uint64(n)
		registry.MustRegister(cachemetrics.NewCollector(name, fixed{
			Hits: u + 1, Misses: u + 2, Sets: u + 3, Deletes: u + 4, Evictions: u + 5, Expirations: u + 6,
			Entries: n + 7, Bytes: int64(n) + 8, MaxBytes: int64(n) + 9, Expiring: n + 10,
			LoadSuccesses: u + 11, LoadFailures: u + 12, TotalLoadTime: time.Duration(n+13) * time.Second,
			NegativeHits: u + 14, RemovalsDropped: u + 15,
		}))
		for j, metric := range []string{
			"hits_total", "misses_total", "sets_total", "deletes_total", "evictions_total", "expirations_total",
			"entries", "bytes", "max_bytes", "expiring_entries", "", "", "load_seconds_total", "negative_hits_total",
			"removals_dropped_total",
		} {
			if metric != "" {
				want[fmt.Sprintf(`tandem_cache_%s{cache=%q}`, metric, name)] = fmt.Sprintf("%d.0", n+j+1)
			}
		}
		want[fmt.Sprintf(`tandem_cache_loads_total{cache=%q,result="success"}`, name)] = fmt.Sprintf("%d.0", n+11)
		want[fmt.Sprintf(`tandem_cache_loads_total{cache=%q,result="failure"}`, name)] = fmt.Sprintf("%d.0", n+12)
	}
	got := map[string]string{}
	for _, line := range lines(t, registry) {
		metric, value, _ := strings.Cut(line, " ")
		got[metric] = value
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestLatencies: what is recorded is told as histograms, whose buckets add up.
func TestLatencies(t *testing.T) {
	recorded, err := cache.New(cache.Options[string, string]{RecordLatencies: true})
	if err != nil {
		t.Fatal(err)
	}
	defer recorded.Close()
	silent, err := cache.New(cache.Options[string, string]{})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for range 10 {
		recorded.Set("key", "value")
		recorded.Get("key")
		recorded.Get("key")
		silent.Get("key")
	}
	recorded.GetMany([]string{"key", "other"})
	registry := prometheus.NewRegistry()
	registry.MustRegister(cachemetrics.NewCollector("a", recorded), cachemetrics.NewCollector("b", silent))
	got := map[string]string{}
	for _, line := range lines(t, registry) {
		metric, value, _ := strings.Cut(line, " ")
		if strings.HasPrefix(metric, "tandem_cache_operation_seconds") {
			got[metric] = value
		}
	}
	const prefix = "tandem_cache_operation_seconds"
	counts := map[string]int{"get": 20, "set": 10, "update": 0, "delete": 0, "load": 0, "get_many": 1, "set_many": 0, "delete_many": 0}
	for operation, count := range counts {
		for _, metric := range []string{
			fmt.Sprintf(`%s_count{cache="a",operation=%q}`, prefix, operation),
			fmt.Sprintf(`%s_bucket{cache="a",operation=%q,le="+Inf"}`, prefix, operation),
			fmt.Sprintf(`%s_bucket{cache="a",operation=%q,le="17.179869184"}`, prefix, operation),
		} {
			if got[metric] != fmt.Sprint(count) {
				t.Errorf("%s is %q", metric, got[metric])
			}
		}
	}
	if series := len(counts) * (2 + 15 + 1); len(got) != series { // count and sum, the limits and +Inf
		t.Errorf("%d series of %d: %v", len(got), series, slices.Sorted(maps.Keys(got)))
	}
}

func TestSameNameTwice(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(cachemetrics.NewCollector("a", fixed{}), cachemetrics.NewCollector("a", fixed{}))
	if _, err := registry.Gather(); err == nil {
		t.Error("two caches have one name")
	}
}

func ExampleNewCollector() {
	sessions, err := cache.New(cache.Options[string, string]{})
	if err != nil {
		panic(err)
	}
	defer sessions.Close()
	registry := prometheus.NewRegistry()
	registry.MustRegister(cachemetrics.NewCollector("sessions", sessions))
	http.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))

	sessions.Set("alice", "1")
	sessions.Get("alice")
	families, err := registry.Gather()
	if err != nil {
		panic(err)
	}
	for _, family := range families {
		if slices.Contains([]string{"tandem_cache_hits_total", "tandem_cache_entries"}, family.GetName()) {
			fmt.Println(family.GetName(), family.GetMetric()[0].GetGauge().GetValue()+family.GetMetric()[0].GetCounter().GetValue())
		}
	}
	// Output:
	// tandem_cache_entries 1
	// tandem_cache_hits_total 1
}
