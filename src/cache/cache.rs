//! The cache: what its users see.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::arena::{Arena, Budget, Credit, Mapping};
use super::entry::{Entry, Hash, NewEntry};
use super::error::Error;
use super::index::Index;
use super::options::Options;
use super::shard::{Need, Resources, Shard};
use super::stats::{Counters, Stats, count};

/// A concurrent cache of byte strings. All methods may be called from many threads at once.
///
/// ```
/// use tandem::cache::{Cache, Options};
///
/// let cache = Cache::new(Options { max_bytes: 1 << 20, ..Options::default() })?;
/// cache.set(b"greeting", b"hello")?;
/// assert_eq!(cache.get(b"greeting").as_deref(), Some(&b"hello"[..]));
/// # Ok::<(), tandem::cache::Error>(())
/// ```
pub struct Cache {
    index: Index,
    resources: Resources,
    ttl: Option<Duration>,
    /// The longest key and value together that a set may bring.
    max_payload: u64,
    closed: AtomicBool,
    /// How many claims there are, and whose turn it is to make one: two threads at once could each take half of
    /// what either needs.
    claims: Mutex<usize>,
    /// A claim was settled.
    settled: Condvar,
}

impl Cache {
    /// Makes a cache. Fails if an option is out of range, or if the system refuses the addresses.
    pub fn new(options: Options) -> Result<Self, Error> {
        options.check()?;
        let arena = Arena::new(options.max_bytes).ok_or(Error::OutOfMemory)?;
        // A shard needs some segments for its entries to grow old in.
        let segments = options.max_bytes / arena.segment_size() as u64;
        let index = Index::new(1 << (segments / 8).clamp(2, 1024).ilog2());

        let bytes = Budget::new(options.max_bytes);
        let overhead = Self::overhead(&arena, &index);
        if !bytes.try_reserve(overhead) {
            return Err(Error::Options("max_bytes is below what an empty cache takes"));
        }
        // A large entry has a segment, a table and the rest of a page beside it.
        let reserve = overhead + 3 * arena.segment_size() as u64;
        let max_payload = options.max_bytes.saturating_sub(reserve).min(u32::MAX.into());
        let entries = Budget::new(options.max_entries);
        let resources = Resources { bytes, entries, arena, clock: options.clock };
        Ok(Cache {
            index,
            resources,
            ttl: options.ttl,
            max_payload,
            closed: AtomicBool::new(false),
            claims: Mutex::new(0),
            settled: Condvar::new(),
        })
    }

    /// What an empty cache takes.
    fn overhead(arena: &Arena, index: &Index) -> u64 {
        (size_of::<Self>() + arena.overhead() + index.overhead()) as u64
    }

    /// The value of a key: None if the cache has none, or it expired.
    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.read(key, |value| (value.to_vec(), true))
    }

    /// Appends the value of a key to `output`: false if the cache has none, or it expired.
    pub fn append_get(&self, output: &mut Vec<u8>, key: &[u8]) -> bool {
        self.read(key, |value| (output.extend_from_slice(value), true)).is_some()
    }

    /// Copies the value of a key to the start of `output`, if it fits, and returns its length in any case:
    /// None if the cache has none, or it expired. A value that does not fit counts as neither hit nor miss.
    pub fn copy_to(&self, output: &mut [MaybeUninit<u8>], key: &[u8]) -> Option<usize> {
        self.read(key, |value| {
            let output = output.get_mut(..value.len());
            let fits = output.is_some();
            if let Some(output) = output {
                // SAFETY: both have this length, and the output is borrowed for writing.
                unsafe { output.as_mut_ptr().cast::<u8>().copy_from(value.as_ptr(), value.len()) };
            }
            (value.len(), fits)
        })
    }

    /// Calls `read` with the value of a key, under the lock of its shard: `read` must not use the cache. Tells
    /// with its result whether it was a hit.
    fn read<R>(&self, key: &[u8], read: impl FnOnce(&[u8]) -> (R, bool)) -> Option<R> {
        self.look_up(key, |entry, counters| {
            let Some(entry) = entry else {
                count(&counters.misses);
                return None;
            };
            let (result, hit) = read(entry.value());
            if hit {
                entry.mark_used();
                count(&counters.hits);
            }
            Some(result)
        })
    }

    /// Calls `with` with the entry of a key, unless it expired, under the lock of its shard.
    fn look_up<R>(&self, key: &[u8], with: impl FnOnce(Option<Entry>, &Counters) -> R) -> R {
        let hash = self.index.hash(key);
        let shard = self.index.shard(hash);
        let counters = self.index.counters(shard);
        let table = self.index.read(shard);
        // SAFETY: the location comes from this table, which is locked until the function returns.
        let entry = |slot: &(_, _)| unsafe { self.resources.entry(slot.0) };
        let found = table.get(hash.spread(), |slot| entry(slot).key() == key).map(entry);
        with(found.filter(|entry| !self.resources.clock.has_passed(entry.deadline())), counters)
    }

    /// How long the entry of a key will live, or None if for ever; None outside if there is no such entry.
    pub fn ttl(&self, key: &[u8]) -> Option<Option<Duration>> {
        self.look_up(key, |entry, _| Some(self.resources.clock.remaining(entry?.deadline())))
    }

    /// [`Options::ttl`] of this cache.
    pub fn default_ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// Lets the entry of a key live for `ttl` from now on, or for ever with None; false if there is none.
    pub fn touch(&self, key: &[u8], ttl: Option<Duration>) -> bool {
        let hash = self.index.hash(key);
        let deadline = self.resources.clock.deadline(ttl);
        self.lock(hash).is_ok_and(|mut shard| shard.touch(hash, key, deadline))
    }

    /// Calls `visit` with some `count` keys and returns where to go on: 0 if these were the last. `cursor` is 0 at first, and then
    /// what the last call returned.
    ///
    /// What is in the cache all the while is visited, and once; other entries may be. `visit` is called under the lock
    /// of a shard: it must not use the cache. A call looks at all the entries of a shard.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&[u8])) -> u64 {
        // Entries are visited by shard, and then by hash, which outlasts all moves. Those of one hash go together.
        let (mut shard, mut start) = ((cursor >> 32) as usize, cursor as u32);
        let mut left = count.max(1);
        while shard < self.index.shards() {
            let table = self.index.read(shard);
            // SAFETY: the table has valid buckets while it is locked, and locations of entries in this cache.
            let entries = unsafe { table.iter() }
                .map(|bucket| unsafe { self.resources.entry(bucket.as_ref().0) });
            let live = |entry: &Entry| !self.resources.clock.has_passed(entry.deadline());
            let mut entries: Vec<_> =
                entries.filter(|entry| entry.hash().0 >= start).filter(live).collect();
            if entries.len() <= left {
                entries.iter().for_each(|entry| visit(entry.key()));
                left -= entries.len();
                (shard, start) = (shard + 1, 0);
                if left == 0 {
                    break;
                }
                continue;
            }
            let (_, last, _) = entries.select_nth_unstable_by_key(left - 1, |entry| entry.hash().0);
            let last = last.hash().0;
            let chosen = entries.iter().filter(|entry| entry.hash().0 <= last);
            chosen.for_each(|entry| visit(entry.key()));
            return match last.checked_add(1) {
                Some(next) => (shard as u64) << 32 | u64::from(next),
                None => self.cursor_of(shard + 1),
            };
        }
        self.cursor_of(shard)
    }

    fn cursor_of(&self, shard: usize) -> u64 {
        if shard < self.index.shards() { (shard as u64) << 32 } else { 0 }
    }

    /// Stores a value for a key, in place of an older one. It lives as long as [`Options::ttl`] says.
    pub fn set(&self, key: &[u8], value: &[u8]) -> Result<(), Error> {
        self.set_with_ttl(key, value, self.ttl)
    }

    /// Stores a value that lives for `ttl`, or for ever with None.
    pub fn set_with_ttl(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<(), Error> {
        let hash = self.index.hash(key);
        let deadline = self.resources.clock.deadline(ttl);
        let new = NewEntry { hash, key, value, deadline };
        if new.payload() as u64 > self.max_payload {
            return Err(Error::TooLarge);
        }
        let mut claim = Claim::none(self);
        // An entry of more than a quarter of a segment would leave too much of segments unused.
        if new.inline_size() <= self.resources.arena.segment_size() / 4 {
            return self.store(&new, &mut None, &mut claim);
        }
        let size = Mapping::size(new.payload()) as u64;
        // With room for the segment that the entry may need: nobody waits who holds memory.
        claim.raise(size + self.resources.arena.segment_size() as u64, true)?;
        let mut mapping = Some(Entry::map(&new).ok_or(Error::OutOfMemory)?);
        claim.credit.spend(size);
        let stored = self.store(&new, &mut mapping, &mut claim);
        if let Some(unused) = mapping {
            self.resources.bytes.release(unused.length() as u64);
        }
        stored
    }

    /// Stores an entry, and makes room in other shards if its own can't.
    fn store(
        &self,
        new: &NewEntry,
        mapping: &mut Option<Mapping>,
        claim: &mut Claim,
    ) -> Result<(), Error> {
        loop {
            let need = {
                let mut shard = self.lock(new.hash)?;
                match shard.set(new, mapping, &mut claim.credit) {
                    Ok(()) => return Ok(()),
                    Err(need) => need,
                }
            };
            match need {
                Need::Bytes(amount) => claim.raise(amount, mapping.is_none())?,
                Need::Entry => {
                    (0..self.index.shards()).any(|shard| self.shard(shard).evict_entry());
                }
                Need::System => return Err(Error::OutOfMemory),
            }
        }
    }

    /// Removes the entry of a key; true if there was one that had not expired.
    pub fn delete(&self, key: &[u8]) -> bool {
        let hash = self.index.hash(key);
        self.lock(hash).is_ok_and(|mut shard| shard.delete(hash, key))
    }

    /// The number of entries, with those expired that are not removed yet.
    pub fn len(&self) -> u64 {
        self.resources.entries.used()
    }

    /// Whether the cache has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What happened since the cache was made, and what it holds.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats {
            entries: self.len(),
            bytes: self.resources.bytes.used(),
            max_bytes: self.resources.bytes.limit(),
            ..Stats::default()
        };
        for shard in 0..self.index.shards() {
            self.index.counters(shard).add_to(&mut stats);
        }
        stats
    }

    /// Removes all entries and gives their memory back. Entries that are stored meanwhile may stay.
    pub fn clear(&self) {
        (0..self.index.shards()).for_each(|shard| self.shard(shard).clear());
    }

    /// Empties the cache for good: from here on nothing is found, and [`Self::set`] fails.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        // Those who got a lock before saw the cache open, those who get one later see it closed.
        self.clear();
    }

    /// Whether [`Self::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn shard(&self, number: usize) -> Shard<'_> {
        self.index.write(number, &self.resources)
    }

    /// Locks the shard of a hash, unless the cache is closed.
    fn lock(&self, hash: Hash) -> Result<Shard<'_>, Error> {
        let shard = self.shard(self.index.shard(hash));
        if self.is_closed() { Err(Error::Closed) } else { Ok(shard) }
    }

    /// Evicts until the credit is `amount`, or until nothing is left to evict: from the shard that holds most, so
    /// that their shares stay even. The caller has the lock of `claims`: it is its turn to evict for others.
    fn evict(&self, credit: &mut Credit, amount: u64) -> bool {
        let shards = 0..self.index.shards();
        let held = |shard: &usize| self.index.counters(*shard).bytes.load(Ordering::Relaxed);
        while !credit.raise(amount) {
            let fullest = shards.clone().max_by_key(held).filter(|shard| held(shard) > 0);
            if let Some(fullest) = fullest {
                self.shard(fullest).evict_memory();
                continue;
            }
            shards.clone().for_each(|shard| self.shard(shard).drop_empty_table());
            // Each shard was locked: what was being stored can be seen by now.
            if shards.clone().all(|shard| held(&shard) == 0) {
                return credit.raise(amount);
            }
        }
        true
    }
}

/// Credit that a thread got by evicting for it. Claims are counted, so that others who find nothing left to
/// evict know that there is something to wait for.
struct Claim<'a> {
    cache: &'a Cache,
    credit: Credit<'a>,
    counted: bool,
}

impl<'a> Claim<'a> {
    fn none(cache: &'a Cache) -> Self {
        Claim { cache, credit: Credit::none(&cache.resources.bytes), counted: false }
    }

    /// Makes the credit at least `amount`. A thread that holds memory for an entry must not `wait` for others,
    /// who may be waiting for it.
    fn raise(&mut self, amount: u64, wait: bool) -> Result<(), Error> {
        let mut claims = self.cache.claims.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.cache.evict(&mut self.credit, amount) {
            self.give_back(&mut claims);
            if !wait || *claims == 0 {
                return Err(Error::OutOfMemory);
            }
            claims = self.cache.settled.wait(claims).unwrap_or_else(PoisonError::into_inner);
        }
        *claims += usize::from(!std::mem::replace(&mut self.counted, true));
        Ok(())
    }

    fn give_back(&mut self, claims: &mut usize) {
        self.credit.give_back();
        if std::mem::take(&mut self.counted) {
            *claims -= 1;
            self.cache.settled.notify_all();
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.counted {
            let cache = self.cache;
            self.give_back(&mut cache.claims.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
impl Cache {
    /// Checks that all parts agree; nobody else uses the cache meanwhile.
    pub(super) fn audit(&self) {
        let (mut bytes, mut entries) = (Self::overhead(&self.resources.arena, &self.index), 0);
        for shard in 0..self.index.shards() {
            let (shard_bytes, shard_entries) = self.shard(shard).audit();
            bytes += shard_bytes;
            entries += shard_entries;
        }
        assert_eq!(self.stats().bytes, bytes);
        assert_eq!(self.len(), entries);
    }
}
