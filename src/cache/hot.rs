//! Which entries are read most, counted while somebody asks for it.
//!
//! Counting follows Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data
//! Streams" (2005): a read of what has no counter takes over the counter that is lowest, and what that had counted is
//! the error of the new count. What makes up more than its share of the reads is sure to keep its counter.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::cache::{Cache, Claim};
use super::error::Error;
use super::hash::Hash;
use super::sync::Mutex;

/// A key that is read often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotKey {
    /// The key.
    pub key: Vec<u8>,
    /// How often its entry was found since the watch began: so often at least, and exactly so if there were few keys.
    pub reads: u64,
}

/// Counters of reads.
pub(super) struct Watch {
    sketches: Box<[Mutex<Sketch>]>,
    /// What it takes of the cache's memory.
    bytes: u64,
}

/// The counters of some keys, which are told apart by their hashes.
struct Sketch {
    hashes: Box<[u64]>,
    counts: Box<[Count]>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    reads: u64,
    error: u64,
}

impl Watch {
    /// A watch from which the `count` most read keys can be told, of a cache with so many shards.
    fn new(count: usize, shards: usize, max_bytes: u64) -> Self {
        const COUNTER: usize = size_of::<u64>() + size_of::<Count>();
        let sketches = shards.min(16);
        let most = usize::try_from(max_bytes).unwrap_or(usize::MAX) / 32 / COUNTER / sketches;
        // More counters than keys, since what is not hot goes through some of them all the time.
        let counters = count.saturating_mul(4).div_ceil(sketches).clamp(16, most.max(16));
        let sketch = || Sketch {
            hashes: vec![0; counters].into(),
            counts: vec![Count::default(); counters].into(),
        };
        let sketches: Box<[_]> = (0..sketches).map(|_| Mutex::new(sketch())).collect();
        let bytes =
            size_of::<Self>() + size_of_val(&*sketches) + sketches.len() * counters * COUNTER;
        Watch { sketches, bytes: bytes as u64 }
    }

    fn read(&self, shard: usize, hash: Hash) {
        let sketch = &self.sketches[shard % self.sketches.len()];
        let mut sketch = sketch.lock().unwrap_or_else(PoisonError::into_inner);
        let Sketch { hashes, counts } = &mut *sketch;
        let place = hashes.iter().position(|&known| known == hash.0).unwrap_or_else(|| {
            let lowest = counts.iter().enumerate().min_by_key(|(_, count)| count.reads);
            let place = lowest.map_or(0, |(place, _)| place);
            hashes[place] = hash.0;
            counts[place].error = counts[place].reads;
            place
        });
        counts[place].reads += 1;
    }

    /// Hashes and how often they were seen at least, the highest first.
    fn counts(&self) -> Vec<(Hash, u64)> {
        let mut all = Vec::new();
        for sketch in &self.sketches {
            let sketch = sketch.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = sketch.counts.iter().map(|count| count.reads - count.error);
            all.extend(sketch.hashes.iter().copied().map(Hash).zip(counts));
        }
        all.retain(|&(_, reads)| reads > 0);
        all.sort_unstable_by_key(|&(hash, reads)| (std::cmp::Reverse(reads), hash.0));
        all
    }
}

impl Cache {
    /// Counts from now on which entries are found most, so that [`Self::hot_keys`] can tell the first `count`; 0 ends that. Each
    /// read takes a lock meanwhile that it shares with others. The counters are part of what the cache holds.
    pub fn watch_hot_keys(&self, count: usize) -> Result<(), Error> {
        let mut watch = self.watch.write().unwrap_or_else(PoisonError::into_inner);
        self.watched.store(0, Ordering::Relaxed);
        if let Some(old) = watch.take() {
            self.resources.bytes.release(old.bytes);
        }
        if count == 0 {
            return Ok(());
        }
        if self.is_closed() {
            return Err(Error::Closed);
        }
        let new = Watch::new(count, self.shards.len(), self.resources.bytes.limit());
        let mut claim = Claim::none(self);
        claim.raise(new.bytes, true)?;
        claim.credit.spend(new.bytes);
        self.watched.store(new.bytes, Ordering::Relaxed);
        *watch = Some(new);
        Ok(())
    }

    /// The keys whose entries were found most since [`Self::watch_hot_keys`] was called, the first one most, if they are
    /// still there: at most `count`, none without a watch.
    pub fn hot_keys(&self, count: usize) -> Vec<HotKey> {
        let watch = self.watch.read().unwrap_or_else(PoisonError::into_inner);
        let counts = watch.as_ref().map(Watch::counts).unwrap_or_default();
        let keys = counts.into_iter().filter_map(|(hash, reads)| {
            let shard = self.resources.index.shard(hash);
            let key = self.shard(shard).key_of(hash)?;
            Some(HotKey { key, reads })
        });
        keys.take(count).collect()
    }

    #[cold]
    pub(super) fn count_read(&self, hash: Hash) {
        let watch = self.watch.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = &*watch {
            watch.read(self.resources.index.shard(hash), hash);
        }
    }
}
