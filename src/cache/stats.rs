//! What happened in a cache.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

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
    /// Removals that there was no room for in [`super::Options::removal_bytes`].
    pub removals_dropped: u64,
}

/// What is counted without a lock: each thread has a line that it shares with few others.
pub(super) struct Reads(Box<[Line]>);

#[derive(Default)]
#[repr(C, align(128))]
struct Line {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Reads {
    /// As many lines as a cache of so many shards, a power of two, has threads at work, but a few for a small one.
    pub(super) fn new(shards: usize) -> Self {
        Reads((0..shards.max(16)).map(|_| Line::default()).collect())
    }

    /// Bytes of the lines.
    pub(super) fn overhead(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// The hits of the first line.
    pub(super) fn start(&self) -> *mut u64 {
        self.0.as_ptr().cast_mut().cast()
    }

    pub(super) fn lines(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn line(&self) -> &Line {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static THREAD: Cell<usize> = const { Cell::new(usize::MAX) };
        }
        // A thread that is at its end counts where the first one does.
        let thread = THREAD.try_with(|number| {
            if number.get() == usize::MAX {
                number.set(THREADS.fetch_add(1, Ordering::Relaxed));
            }
            number.get()
        });
        &self.0[thread.unwrap_or(0) & (self.0.len() - 1)]
    }

    /// Counts so many hits and misses.
    #[inline]
    pub(super) fn count(&self, hits: u64, misses: u64) {
        let line = self.line();
        if hits > 0 {
            line.hits.fetch_add(hits, Ordering::Relaxed);
        }
        if misses > 0 {
            line.misses.fetch_add(misses, Ordering::Relaxed);
        }
    }

    pub(super) fn add_to(&self, stats: &mut Stats) {
        for line in &*self.0 {
            stats.hits += line.hits.load(Ordering::Relaxed);
            stats.misses += line.misses.load(Ordering::Relaxed);
        }
    }
}

/// Reads that are counted all at once.
pub(super) struct Tally<'a> {
    reads: &'a Reads,
    hits: Cell<u64>,
    misses: Cell<u64>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(reads: &'a Reads) -> Self {
        Tally { reads, hits: Cell::new(0), misses: Cell::new(0) }
    }

    #[inline]
    pub(super) fn hit(&self) {
        self.hits.set(self.hits.get() + 1);
    }

    #[inline]
    pub(super) fn miss(&self) {
        self.misses.set(self.misses.get() + 1);
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        self.reads.count(self.hits.get(), self.misses.get());
    }
}
