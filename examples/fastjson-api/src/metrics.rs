//! What Prometheus can ask for.

use std::array;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix_web::http::StatusCode;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder,
};
use tandem::cache::Stats;

/// What requests ask for. Paths are no labels: there are as many as documents.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Get,
    Put,
    Patch,
    Delete,
    Insert,
    List,
    Import,
    Export,
    Other,
}

impl Operation {
    const NAMES: [&str; 9] =
        ["get", "put", "patch", "delete", "insert", "list", "import", "export", "other"];
}

/// The answers that the service gives; others are counted as the last.
const CODES: [u16; 16] =
    [200, 201, 204, 304, 400, 401, 404, 405, 408, 412, 413, 415, 503, 504, 507, 500];

pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    /// The counters of `requests`, so that the busiest requests need no search by labels.
    counters: [[OnceLock<IntCounter>; CODES.len()]; Operation::NAMES.len()],
    durations: [Histogram; Operation::NAMES.len()],
    /// Changes that shared a transaction.
    pub group_size: Histogram,
    /// Documents that had to be looked for outside of memory.
    pub loads: IntCounter,
    pub level2_hits: IntCounter,
    pub level2_misses: IntCounter,
    pub level2_failures: IntCounter,
    /// What other parts know themselves, asked when metrics are.
    counts: Mutex<[IntCounter; COUNTS.len()]>,
    gauges: [IntGauge; GAUGES.len()],
}

const COUNTS: [(&str, &str); 3] = [
    ("fastjson_cache_hits_total", "Documents found in memory"),
    ("fastjson_cache_misses_total", "Documents not found in memory"),
    ("fastjson_cache_evictions_total", "Documents that made room for others in memory"),
];

const GAUGES: [(&str, &str); 6] = [
    ("fastjson_cache_entries", "Documents in memory"),
    ("fastjson_cache_bytes", "Memory that the cache holds"),
    ("fastjson_cache_max_bytes", "Memory that the cache may hold"),
    ("fastjson_reads_waiting", "Jobs that wait for a reading thread"),
    ("fastjson_writes_waiting", "Jobs that wait for the writing thread"),
    ("fastjson_body_bytes", "Memory that bodies of requests hold"),
];

impl Metrics {
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| -> prometheus::Result<IntCounter> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let requests = IntCounterVec::new(
            Opts::new("fastjson_requests_total", "Requests by what they ask for and what they got"),
            &["operation", "code"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "fastjson_request_seconds",
                "Time from the head of a request to its answer",
            )
            .buckets(prometheus::exponential_buckets(50e-6, 4.0, 9)?),
            &["operation"],
        )?;
        registry.register(Box::new(durations.clone()))?;
        let group_size = Histogram::with_opts(
            HistogramOpts::new("fastjson_write_group_size", "Changes that shared a transaction")
                .buckets(prometheus::exponential_buckets(1.0, 2.0, 9)?),
        )?;
        registry.register(Box::new(group_size.clone()))?;
        let counts = COUNTS.map(|(name, help)| counter(name, help));
        let counts = counts.into_iter().collect::<prometheus::Result<Vec<_>>>()?;
        let gauges = GAUGES.map(|(name, help)| IntGauge::new(name, help));
        let gauges = gauges.into_iter().collect::<prometheus::Result<Vec<_>>>()?;
        for gauge in &gauges {
            registry.register(Box::new(gauge.clone()))?;
        }
        Ok(Metrics {
            requests,
            counters: Default::default(),
            durations: array::from_fn(|it| durations.with_label_values(&[Operation::NAMES[it]])),
            group_size,
            loads: counter("fastjson_loads_total", "Documents looked for outside of memory")?,
            level2_hits: counter(
                "fastjson_level2_hits_total",
                "Documents found in the second level",
            )?,
            level2_misses: counter(
                "fastjson_level2_misses_total",
                "Documents not found in the second level",
            )?,
            level2_failures: counter(
                "fastjson_level2_failures_total",
                "Commands that the second level did not carry out",
            )?,
            counts: Mutex::new(array::from_fn(|it| counts[it].clone())),
            gauges: array::from_fn(|it| gauges[it].clone()),
            registry,
        })
    }

    pub fn count(&self, operation: Operation, status: StatusCode, time: Duration) {
        let place = CODES.iter().position(|&code| code == status.as_u16());
        let place = place.unwrap_or(CODES.len() - 1);
        let counter = self.counters[operation as usize][place].get_or_init(|| {
            let code = CODES[place].to_string();
            self.requests.with_label_values(&[Operation::NAMES[operation as usize], &code])
        });
        counter.inc();
        self.durations[operation as usize].observe(time.as_secs_f64());
    }

    /// All metrics in Prometheus' text format.
    pub fn text(&self, cache: Stats, reads: usize, writes: usize, bodies: usize) -> Vec<u8> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (counter, now) in counts.iter().zip([cache.hits, cache.misses, cache.evictions]) {
            // Who asked at the same time may know more.
            counter.inc_by(now.saturating_sub(counter.get()));
        }
        drop(counts);
        let values = [
            cache.entries,
            cache.bytes,
            cache.max_bytes,
            reads as u64,
            writes as u64,
            bodies as u64,
        ];
        for (gauge, value) in self.gauges.iter().zip(values) {
            gauge.set(value.try_into().unwrap_or(i64::MAX));
        }
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        encoded.expect("metrics have consistent names and labels");
        text
    }
}
