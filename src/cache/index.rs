//! Finds entries by key: a dashmap of locations, each of whose shards has the log of its entries beside it.

use std::cell::UnsafeCell;
use std::hash::{BuildHasher, RandomState};

use dashmap::{DashMap, RwLockReadGuard, SharedValue};
use hashbrown::raw::RawTable;

use super::arena::Location;
use super::entry::Hash;
use super::shard::{Log, Resources, Shard};
use super::stats::Counters;

/// One shard of the dashmap.
pub(super) type Table = RawTable<(Location, SharedValue<()>)>;

/// Keys are hashed with SipHash under a random key, so that nobody can choose keys that meet in one shard.
pub(super) struct Index {
    map: DashMap<Location, (), RandomState>,
    extras: Box<[Extra]>,
}

/// What a shard has beside its table; aligned so that two shards never share a line.
#[repr(align(128))]
#[derive(Default)]
struct Extra {
    /// Accessed under the lock of the shard's table.
    log: UnsafeCell<Log>,
    counters: Counters,
}

// SAFETY: `log` is accessed under the shard's lock, counters are atomic.
unsafe impl Sync for Extra {}

impl Index {
    /// `shards` is a power of two above 1.
    pub(super) fn new(shards: usize) -> Self {
        Index {
            map: DashMap::with_hasher_and_shard_amount(RandomState::new(), shards),
            extras: (0..shards).map(|_| Extra::default()).collect(),
        }
    }

    /// What the index takes before it holds any entry.
    pub(super) fn overhead(&self) -> usize {
        size_of_val(self.map.shards()) + size_of_val(&*self.extras)
    }

    pub(super) fn shards(&self) -> usize {
        self.extras.len()
    }

    pub(super) fn hash(&self, key: &[u8]) -> Hash {
        Hash(self.map.hasher().hash_one(key) as u32)
    }

    /// The number of the shard that has the entries of a hash.
    pub(super) fn shard(&self, hash: Hash) -> usize {
        self.map.determine_shard(hash.spread() as usize)
    }

    pub(super) fn counters(&self, shard: usize) -> &Counters {
        &self.extras[shard].counters
    }

    /// Locks a shard for reading. Nobody may hold two locks.
    pub(super) fn read(&self, shard: usize) -> RwLockReadGuard<'_, Table> {
        self.map.shards()[shard].read()
    }

    /// Locks a shard for writing. Nobody may hold two locks.
    pub(super) fn write<'a>(&'a self, shard: usize, resources: &'a Resources) -> Shard<'a> {
        let table = self.map.shards()[shard].write();
        let extra = &self.extras[shard];
        // SAFETY: the log is accessed under the table's lock only; the shard holds the lock as long as the
        // reference.
        let log = unsafe { &mut *extra.log.get() };
        Shard::new(table, log, &extra.counters, resources)
    }
}
