package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tandem.example/go/cache"
)

// newMetrics lists what GET /metrics tells Prometheus.
func newMetrics(s *server) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		commandCounts{s})
	for _, m := range []struct {
		name, help string
		value      func(cache.Stats) uint64
	}{
		{"cache_hits_total", "Reads that found their entry.", func(s cache.Stats) uint64 { return s.Hits }},
		{"cache_misses_total", "Reads that found none.", func(s cache.Stats) uint64 { return s.Misses }},
		{"cache_sets_total", "Entries stored.", func(s cache.Stats) uint64 { return s.Sets }},
		{"cache_deletes_total", "Entries deleted.", func(s cache.Stats) uint64 { return s.Deletes }},
		{"cache_evictions_total", "Entries taken out to make room.", func(s cache.Stats) uint64 { return s.Evictions }},
		{"cache_expirations_total", "Entries taken out because their time was over.",
			func(s cache.Stats) uint64 { return s.Expirations }},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.name, Help: m.help},
			func() float64 { return float64(m.value(s.store.Stats())) }))
	}
	for _, m := range []struct {
		name, help string
		value      func(cache.Stats) int64
	}{
		{"cache_entries", "Entries in the cache.", func(s cache.Stats) int64 { return int64(s.Entries) }},
		{"cache_bytes", "Memory of the cache, which is not on Go's heap.", func(s cache.Stats) int64 { return s.Bytes }},
		{"cache_max_bytes", "Limit of the memory of the cache.", func(s cache.Stats) int64 { return s.MaxBytes }},
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.name, Help: m.help},
			func() float64 { return float64(m.value(s.store.Stats())) }))
	}
	for _, m := range []struct {
		name, help string
		value      func() uint64
	}{
		{"clients_accepted_total", "Clients that have connected.", s.accepted.Load},
		{"clients_refused_total", "Clients refused because there were too many.", s.refused.Load},
		{"clients_evicted_total", "Clients whose connection was ended because they were idle or slow.", s.evicted.Load},
		{"received_bytes_total", "Bytes of requests.", s.received.Load},
		{"sent_bytes_total", "Bytes of replies.", s.sent.Load},
		{"command_errors_total", "Commands answered with an error.", s.failures.Load},
		{"commands_unknown_total", "Commands that there are not.", s.unknown.Load},
	} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.name, Help: m.help},
			func() float64 { return float64(m.value()) }))
	}
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "clients", Help: "Clients connected."},
		func() float64 { return float64(s.connected()) }))
	return registry
}

// commandCounts collects how often each command was carried out. Commands count in fields of their own, without
// looking a label up.
type commandCounts struct{ *server }

var commandsTotal = prometheus.NewDesc("commands_total", "Commands carried out.", []string{"command"}, nil)

func (commandCounts) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- commandsTotal }

func (c commandCounts) Collect(metrics chan<- prometheus.Metric) {
	for _, command := range c.commands {
		command.each(func(name string, calls uint64) {
			metrics <- prometheus.MustNewConstMetric(commandsTotal, prometheus.CounterValue, float64(calls), name)
		})
	}
}

func metricsHandler(s *server) http.Handler {
	return promhttp.HandlerFor(newMetrics(s), promhttp.HandlerOpts{})
}
