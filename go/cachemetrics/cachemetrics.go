// Package cachemetrics tells Prometheus, and whoever else reads OpenMetrics, about caches.
//
// It is a module of its own, so that the cache does not depend on a client of Prometheus.
package cachemetrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tandem.example/go/cache"
)

// NewCollector returns what collects the statistics of a cache, and its latencies if they are recorded. The name is the
// value of the label "cache", by which the caches of a program are told apart.
//
// A collector keeps its cache alive as long as it is registered.
func NewCollector(name string, c interface{ Stats() cache.Stats }) prometheus.Collector {
	return collector{name, c}
}

type collector struct {
	name  string
	cache interface{ Stats() cache.Stats }
}

// A metric is a number of the statistics. A result is the value of a label, if there is one.
type metric struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	result      string
	value       func(cache.Stats) float64
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("tandem_cache_"+name, help, append([]string{"cache"}, labels...), nil)
}

var loads = describe("loads_total", "Calls of loaders, by whether they returned an error or panicked.", "result")

var metrics = []metric{
	{describe("hits_total", "Reads that found their entry."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return float64(s.Hits) }},
	{describe("misses_total", "Reads that found no entry, or an expired one."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return float64(s.Misses) }},
	{describe("sets_total", "Entries stored, new and replaced."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return float64(s.Sets) }},
	{describe("deletes_total", "Entries removed by name."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return float64(s.Deletes) }},
	{describe("evictions_total", "Entries removed to make room."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return float64(s.Evictions) }},
	{describe("expirations_total", "Entries removed because their time was over."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return float64(s.Expirations) }},
	{loads, prometheus.CounterValue, "success",
		func(s cache.Stats) float64 { return float64(s.LoadSuccesses) }},
	{loads, prometheus.CounterValue, "failure",
		func(s cache.Stats) float64 { return float64(s.LoadFailures) }},
	{describe("load_seconds_total", "Time that calls of loaders took together."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return s.TotalLoadTime.Seconds() }},
	{describe("negative_hits_total", "Loads spared because a loader had not found the key."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return float64(s.NegativeHits) }},
	{describe("removals_dropped_total", "Entries that went of which the listener was not told."), prometheus.CounterValue, "",
		func(s cache.Stats) float64 { return float64(s.RemovalsDropped) }},
	{describe("entries", "Entries held, with those expired that are not removed yet."), prometheus.GaugeValue, "",
		func(s cache.Stats) float64 { return float64(s.Entries) }},
	{describe("expiring_entries", "Entries held that do not live until they are evicted."), prometheus.GaugeValue, "",
		func(s cache.Stats) float64 { return float64(s.Expiring) }},
	{describe("bytes", "Memory held from the system, which is not on Go's heap."), prometheus.GaugeValue, "",
		func(s cache.Stats) float64 { return float64(s.Bytes) }},
	{describe("max_bytes", "Limit of the memory held."), prometheus.GaugeValue, "",
		func(s cache.Stats) float64 { return float64(s.MaxBytes) }},
}

var latencies = describe("operation_seconds", "How long operations took, by which they were.", "operation")

// limits are the buckets of latencies, at powers of two: those of the histograms of the cache are exact there.
var limits = func() (limits []time.Duration) {
	for shift := 6; shift <= 34; shift += 2 { // from 64 ns to 17 s
		limits = append(limits, 1<<shift)
	}
	return limits
}()

func histogram(name, operation string, h cache.Histogram) prometheus.Metric {
	within := make(map[float64]uint64, len(limits))
	for _, limit := range limits {
		within[limit.Seconds()] = h.Within(limit)
	}
	return prometheus.MustNewConstHistogram(latencies, h.Count(), h.Sum().Seconds(), within, name, operation)
}

// Describe sends nothing: several caches share descriptions, which a registry would take for the same collector.
func (collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends all metrics, of one look at the statistics.
func (c collector) Collect(sent chan<- prometheus.Metric) {
	stats := c.cache.Stats()
	for _, m := range metrics {
		labels := []string{c.name}
		if m.result != "" {
			labels = append(labels, m.result)
		}
		sent <- prometheus.MustNewConstMetric(m.description, m.kind, m.value(stats), labels...)
	}
	recorder, ok := c.cache.(interface {
		Latencies() (cache.Latencies, bool)
	})
	if !ok {
		return
	}
	if l, recorded := recorder.Latencies(); recorded {
		sent <- histogram(c.name, "get", l.Get)
		sent <- histogram(c.name, "set", l.Set)
		sent <- histogram(c.name, "update", l.Update)
		sent <- histogram(c.name, "delete", l.Delete)
		sent <- histogram(c.name, "load", l.Load)
		sent <- histogram(c.name, "get_many", l.GetMany)
		sent <- histogram(c.name, "set_many", l.SetMany)
		sent <- histogram(c.name, "delete_many", l.DeleteMany)
	}
}
