package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tandem.example/go/cache"
)

// Metrics is what GET /metrics tells Prometheus.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	loads    prometheus.Counter
}

func newMetrics(store *store, products *cache.Cache[int64, []byte]) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time to answer requests.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route", "method", "code"}),
		loads: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cache_loads_total",
			Help: "Products loaded from the database for the cache.",
		}),
	}
	m.registry.MustRegister(m.requests, m.loads,
		collectors.NewDBStatsCollector(store.read, "read"), collectors.NewDBStatsCollector(store.write, "write"),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, s := range []struct {
		name, help string
		value      func(cache.Stats) uint64
	}{
		{"cache_hits_total", "Reads that the cache answered.", func(s cache.Stats) uint64 { return s.Hits }},
		{"cache_misses_total", "Reads that the cache could not answer.", func(s cache.Stats) uint64 { return s.Misses }},
		{"cache_sets_total", "Products put into the cache.", func(s cache.Stats) uint64 { return s.Sets }},
		{"cache_deletes_total", "Products taken out because they changed.", func(s cache.Stats) uint64 { return s.Deletes }},
		{"cache_evictions_total", "Products taken out to make room.", func(s cache.Stats) uint64 { return s.Evictions }},
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: s.name, Help: s.help},
			func() float64 { return float64(s.value(products.Stats())) }))
	}
	for _, s := range []struct {
		name, help string
		value      func(cache.Stats) int64
	}{
		{"cache_entries", "Products in the cache.", func(s cache.Stats) int64 { return int64(s.Entries) }},
		{"cache_bytes", "Memory of the cache, which is not on Go's heap.", func(s cache.Stats) int64 { return s.Bytes }},
		{"cache_max_bytes", "Limit of the memory of the cache.", func(s cache.Stats) int64 { return s.MaxBytes }},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: s.name, Help: s.help},
			func() float64 { return float64(s.value(products.Stats())) }))
	}
	return m
}

// observe measures the requests of a route. Labels come from the code, not from what clients send, so they are few.
func (m *metrics) observe(route string, h http.Handler) http.Handler {
	return promhttp.InstrumentHandlerDuration(m.requests.MustCurryWith(prometheus.Labels{"route": route}), h)
}
