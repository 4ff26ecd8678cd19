//! What another language needs to look for entries as [`Index::read`](super::index::Index::read) does, and to replace values where
//! they lie.

use super::arena::Segment;
use super::cache::Cache;
use super::clock::NEVER;
use super::entry;
use super::hash::{self, Hash};
use super::index;
use super::shard::{self, Resources, Unlocked};

/// Where the memory of a cache is, which stays there as long as the cache.
///
/// All but the shards may be read at any time, word by word and atomically; `docs/design.md` has the protocol, and `layout` says
/// whether who uses it knows the layout that this library has.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct View {
    /// A number made of all that readers have to know of the layout.
    pub layout: u64,
    /// The directory of the index: words with the number of a segment that has a page of buckets, or 2^32 - 1, in the lower half.
    pub directory: *const u64,
    /// How many places it has.
    pub places: u64,
    /// The arena.
    pub words: *const u64,
    /// How many words it has.
    pub length: u64,
    /// Lines of 128 bytes with two counters each, of hits and of misses.
    pub reads: *mut u64,
    /// How many lines there are.
    pub lines: u64,
    /// The point at which the hash evaluates the polynomial of a key, and what it adds.
    pub point: u64,
    /// What the hash combines the polynomial with.
    pub offset: u64,
    /// The words of a segment are 2 to the power of this.
    pub segment_shift: u32,
    /// The words of a granule, the unit of locations, are 2 to the power of this.
    pub granule_shift: u32,
    /// The time of the cache's clock, in nanoseconds; 0 if the clock is one that is moved by hand.
    pub now: u64,
    /// A word that is not 0 if there may be removals to take; NULL if none are kept.
    pub pending: *const u64,
    /// The first shard. Who changes a word in it other than the lock, or in what it has, holds its lock.
    pub shards: *mut u64,
    /// How many bytes behind it the next one is.
    pub shard_bytes: u32,
    /// How many places of the directory each shard has, 2 to the power of this.
    pub shard_shift: u32,
}

impl Cache {
    /// What another language needs to look for entries itself.
    pub fn view(&self) -> View {
        let Resources { arena, index, clock, removals, .. } = &self.resources;
        let (directory, secret) = index.parts();
        View {
            layout: LAYOUT,
            directory: directory.as_ptr().cast(),
            places: directory.len() as u64,
            words: arena.words().as_ptr().cast(),
            length: arena.words().len() as u64,
            reads: self.reads.start(),
            lines: self.reads.lines() as u64,
            point: secret.point,
            offset: secret.offset,
            segment_shift: arena.segment_words().ilog2(),
            granule_shift: arena.granule_shift(),
            now: clock.system_now().unwrap_or(0),
            pending: removals.as_ref().map_or(std::ptr::null(), |removals| removals.pending()),
            shards: self.shards.as_ptr().cast_mut().cast(),
            shard_bytes: size_of::<Unlocked>() as u32,
            shard_shift: index.shard_shift(),
        }
    }

    /// Wakes one who waits for the shard of a hash, for a writer in another language who gave up its lock and saw that there are any.
    pub(crate) fn wake(&self, hash: u64) {
        self.shards[self.resources.index.shard(Hash(hash))].wake();
    }
}

/// What else a reader has to know.
const READER: [u64; 5] =
    [Segment::HEADER as u64, size_of::<View>() as u64, hash::PRIME, hash::LEAST_POINT, NEVER];

/// The numbers that the layout consists of, each multiplied into the sum.
const LAYOUT: u64 = {
    let numbers = [index::LAYOUT, entry::LAYOUT, shard::LAYOUT, READER];
    let (mut sum, mut place) = (0_u64, 0);
    while place < numbers.len() * numbers[0].len() {
        sum = sum.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(numbers[place / 5][place % 5]);
        place += 1;
    }
    sum
};
