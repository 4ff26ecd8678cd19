//! What happened in a cache.

use std::sync::atomic::{AtomicU64, Ordering};

use super::clock::NEVER;

/// Counts since the cache was made, and what it holds. The counts of one snapshot may be a few operations
/// apart while other threads are at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Reads that found their entry.
    pub hits: u64,
    /// Reads that found none, or an expired one.
    pub misses: u64,
    /// Entries stored, new and replaced.
    pub sets: u64,
    /// Entries removed by [`super::Cache::delete`].
    pub deletes: u64,
    /// Entries removed to make room.
    pub evictions: u64,
    /// Entries removed because their time was over.
    pub expirations: u64,
    /// Entries held, with those expired that are not removed yet.
    pub entries: u64,
    /// Bytes held from the system, everything counted.
    pub bytes: u64,
    /// The limit of `bytes`.
    pub max_bytes: u64,
    /// Of `entries`, those that do not live for ever.
    pub expiring: u64,
}

/// The counters of one shard.
#[derive(Default)]
pub(super) struct Counters {
    /// Bytes of the shard's segments and large entries, which others may look at without its lock.
    pub bytes: AtomicU64,
    pub hits: AtomicU64,
    pub misses: AtomicU64,
    pub sets: AtomicU64,
    pub deletes: AtomicU64,
    pub evictions: AtomicU64,
    pub expirations: AtomicU64,
    /// Entries that do not live for ever. Changed under the shard's lock.
    pub expiring: AtomicU64,
}

impl Counters {
    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.hits += self.hits.load(Ordering::Relaxed);
        stats.misses += self.misses.load(Ordering::Relaxed);
        stats.sets += self.sets.load(Ordering::Relaxed);
        stats.deletes += self.deletes.load(Ordering::Relaxed);
        stats.evictions += self.evictions.load(Ordering::Relaxed);
        stats.expirations += self.expirations.load(Ordering::Relaxed);
        stats.expiring += self.expiring.load(Ordering::Relaxed);
    }

    /// The deadline of an entry changes, of one that begins from [`NEVER`], and of one that ends to that.
    pub(super) fn reschedule(&self, old: u64, new: u64) {
        match (old == NEVER, new == NEVER) {
            (true, false) => self.expiring.fetch_add(1, Ordering::Relaxed),
            (false, true) => self.expiring.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
