//! The cache: what its users see.

use std::mem::MaybeUninit;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::arena::{Arena, Location, Mapping};
use super::budget::{Budget, Credit};
use super::entry::{Bytes, Entry, NewEntry, Times};
use super::error::Error;
use super::hash::Hash;
use super::hot::Watch;
use super::index::{Index, Path, Sight};
use super::options::Options;
use super::removal::{Reason, Removals};
use super::shard::{Need, Resources, Shard, Unlocked};
use super::snapshot::Item;
use super::stats::{Reads, Stats, Tally};
use super::sync::{Condvar, Mutex, RwLock};
use super::words::prefetch;

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
    pub(super) resources: Resources,
    pub(super) shards: Box<[Unlocked]>,
    pub(super) reads: Reads,
    overhead: u64,
    ttl: Option<Duration>,
    idle: Option<Duration>,
    closed: AtomicBool,
    /// What `watch` takes of the memory, 0 if there is none.
    pub(super) watched: AtomicU64,
    pub(super) watch: RwLock<Option<Watch>>,
    /// How many claims there are, and whose turn it is to make one: two threads at once could each take half of
    /// what either needs.
    claims: Mutex<usize>,
    /// A claim was settled.
    settled: Condvar,
}

/// What is known of an entry besides its key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Differs for each value that was ever stored for the key, until the cache is closed.
    pub version: u64,
    /// How long the entry will live yet if it is not used; None: for ever.
    pub ttl: Option<Duration>,
}

/// What [`Cache::update`] is to do with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Keep,
    /// Remove the entry, if there is one.
    Delete,
    /// Store a value that lives so long, or for ever with None.
    Set(Vec<u8>, Option<Duration>),
    /// Store a value that lives as long as the one before it would have; as by [`Cache::set`] if there is none.
    Replace(Vec<u8>),
}

/// How long what is stored lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ttl {
    /// As long as [`Options::ttl`] says.
    #[default]
    Default,
    /// For ever, until it is evicted.
    Forever,
    /// So long.
    For(Duration),
    /// As long as the value before it would have, or as [`Options::ttl`] says if there is none.
    Keep,
}

impl From<Option<Duration>> for Ttl {
    fn from(ttl: Option<Duration>) -> Self {
        ttl.map_or(Ttl::Forever, Ttl::For)
    }
}

/// What must be so for [`Cache::store`] to store a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    Always,
    /// The key has no entry.
    Absent,
    /// The key has an entry.
    Present,
    /// The key has an entry of this version.
    Version(u64),
}

impl Condition {
    fn holds(self, found: Option<u64>) -> bool {
        match self {
            Condition::Always => true,
            Condition::Absent => found.is_none(),
            Condition::Present => found.is_some(),
            Condition::Version(version) => found == Some(version),
        }
    }
}

/// What a look at an entry came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Hit,
    /// It is no hit, though the entry is the key's.
    Found,
    Expired,
    /// It can be looked at only under the lock.
    Locked,
}

impl Cache {
    /// Makes a cache. Fails if an option is out of range, or if the system refuses the addresses.
    pub fn new(options: Options) -> Result<Self, Error> {
        options.check()?;
        let limit = options.max_bytes;
        let arena = Arena::new(limit, options.reserve()).ok_or(Error::OutOfMemory)?;
        let shards = Self::shards_for(&options, &arena);
        // A page finds entries that take more than what it takes itself.
        let pages = options.reserve() / shards as u64 / (2 * arena.segment_bytes());
        let index = Index::new(shards, usize::try_from(pages).unwrap_or(1).max(1), &arena);
        let unlocked: Option<Box<[_]>> =
            (0..shards).map(|_| Unlocked::new(&index, &arena)).collect();
        let unlocked = unlocked.ok_or(Error::OutOfMemory)?;

        let removals = (options.removal_bytes > 0)
            .then(|| Box::new(Removals::new(options.removal_bytes, shards)));
        let reads = Reads::new(shards);
        let overhead = size_of::<Self>()
            + reads.overhead()
            + arena.overhead()
            + index.overhead()
            + size_of_val(&*unlocked)
            + removals.as_ref().map_or(0, |removals| removals.overhead());
        // Removals are paid for ahead: most come when there is no memory left.
        let overhead = overhead as u64 + options.removal_bytes;
        let bytes = Budget::new(limit);
        if !bytes.try_reserve(overhead + shards as u64 * Unlocked::own()) {
            return Err(Error::Options("max_bytes is below what an empty cache takes"));
        }
        let limit = Some(options.max_entries).filter(|&most| most < u64::MAX);
        let entries = limit.map(Budget::new);
        let clock = options.clock;
        let resources = Resources { bytes, entries, arena, index, clock, removals };
        Ok(Cache {
            resources,
            shards: unlocked,
            reads,
            overhead,
            ttl: options.ttl,
            idle: options.idle,
            closed: AtomicBool::new(false),
            watched: AtomicU64::new(0),
            watch: RwLock::new(None),
            claims: Mutex::new(0),
            settled: Condvar::new(),
        })
    }

    /// Enough for threads to seldom meet, few enough for each to have entries to choose from and segments to put them in.
    fn shards_for(options: &Options, arena: &Arena) -> usize {
        let threads = thread::available_parallelism().map_or(1, |count| count.get()) as u64;
        let most = (32 * threads).max(options.max_bytes >> 26).min(1024);
        let least_bytes = (64 * arena.segment_bytes()).max(1 << 20);
        let shards = most.min(options.max_bytes / least_bytes).min(options.max_entries >> 12);
        1 << shards.max(1).ilog2()
    }

    /// The value of a key: None if the cache has none, or it expired.
    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.read(key, |value, _| (value.to_vec(), true))
    }

    /// The value of a key, and what else is known of the entry.
    pub fn get_with_meta(&self, key: &[u8]) -> Option<(Vec<u8>, Meta)> {
        self.read(key, |value, entry| ((value.to_vec(), self.meta(entry)), true))
    }

    /// The value of a key, without a use of the entry: that counts as neither hit nor miss, and does not put off its end.
    pub fn peek(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.look_up(self.resources.index.hash(key), key, false, |value, _| (value.to_vec(), false))
    }

    /// As [`Self::copy_with_meta`], without a use of the entry.
    pub fn peek_to(&self, output: &mut [MaybeUninit<u8>], key: &[u8]) -> Option<(usize, Meta)> {
        self.look_up(self.resources.index.hash(key), key, false, |value, entry| {
            ((copy(value, output).0, self.meta(entry)), false)
        })
    }

    /// Appends the value of a key to `output`: false if the cache has none, or it expired.
    pub fn append_get(&self, output: &mut Vec<u8>, key: &[u8]) -> bool {
        let start = output.len();
        let found = self.read(key, |value, _| {
            output.truncate(start);
            (value.append_to(output), true)
        });
        if found.is_none() {
            output.truncate(start);
        }
        found.is_some()
    }

    /// Copies the value of a key to the start of `output`, if it fits, and returns its length in any case:
    /// None if the cache has none, or it expired. A value that does not fit counts as neither hit nor miss. On a miss,
    /// `output` may have been written to.
    pub fn copy_to(&self, output: &mut [MaybeUninit<u8>], key: &[u8]) -> Option<usize> {
        self.read(key, |value, _| copy(value, output))
    }

    /// As [`Self::copy_to`], with what else is known of the entry.
    pub fn copy_with_meta(
        &self,
        output: &mut [MaybeUninit<u8>],
        key: &[u8],
    ) -> Option<(usize, Meta)> {
        self.read(key, |value, entry| {
            let (length, fits) = copy(value, output);
            ((length, self.meta(entry)), fits)
        })
    }

    fn meta(&self, entry: Entry) -> Meta {
        let ttl = self.resources.clock.remaining(entry.times().first());
        Meta { version: entry.version(), ttl }
    }

    /// What is likely to be the entry of a hash, whose memory is asked for.
    #[inline(always)]
    fn first_sight(&self, hash: Hash) -> Option<Sight<'_>> {
        let Resources { arena, index, .. } = &self.resources;
        self.sight(hash, index.approach(arena, hash)?)
    }

    #[inline(always)]
    fn sight<'a>(&'a self, hash: Hash, path: Path<'a>) -> Option<Sight<'a>> {
        let sight = path.sight(hash, |_| true)?;
        self.prefetch_entry(sight.location);
        Some(sight)
    }

    /// Asks for the lines in which key and value of most entries are.
    #[inline]
    fn prefetch_entry(&self, location: Location) {
        let arena = &self.resources.arena;
        let start = arena.words().as_ptr().wrapping_add(arena.word(location));
        (0..4).for_each(|line| prefetch(start.wrapping_add(8 * line)));
    }

    /// Calls `take` with an entry; it tells with its result whether it was a hit. It may be called more than once, also with what
    /// turns out not to be the value.
    #[inline]
    fn read<R>(&self, key: &[u8], take: impl FnMut(Bytes, Entry) -> (R, bool)) -> Option<R> {
        let hash = self.resources.index.hash(key);
        self.read_hashed(hash, key, &Tally::new(&self.reads), take)
    }

    #[inline]
    fn read_hashed<R>(
        &self,
        hash: Hash,
        key: &[u8],
        reads: &Tally,
        mut take: impl FnMut(Bytes, Entry) -> (R, bool),
    ) -> Option<R> {
        let mut is_hit = false;
        let result = self.look_up(hash, key, true, |value, entry| {
            let (result, hit) = take(value, entry);
            is_hit = hit;
            (result, hit)
        });
        match result {
            None => reads.miss(),
            Some(_) if is_hit => self.count_hit(hash, reads),
            Some(_) => {}
        }
        result
    }

    #[inline]
    fn count_hit(&self, hash: Hash, reads: &Tally) {
        reads.hit();
        if self.watched.load(Ordering::Relaxed) > 0 {
            self.count_read(hash);
        }
    }

    /// Calls `take` with the entry of a key, unless it expired.
    #[inline]
    fn look_up<R>(
        &self,
        hash: Hash,
        key: &[u8],
        uses: bool,
        mut take: impl FnMut(Bytes, Entry) -> (R, bool),
    ) -> Option<R> {
        let Resources { arena, index, .. } = &self.resources;
        let (mut look, mut result) = (Look::Expired, None);
        let found = index.read(arena, hash, |location| {
            self.prefetch_entry(location);
            look = self.look_at(location, key, &mut result, &mut take)?;
            Some(look == Look::Hit)
        });
        match found {
            Ok(found) if !found || look != Look::Locked => result.filter(|_| found),
            _ => self.look_up_locked(hash, key, uses, take),
        }
    }

    /// Looks at what is at a location, which may be anything. None if it is no entry of the key.
    #[inline(always)]
    fn look_at<R>(
        &self,
        location: Location,
        key: &[u8],
        result: &mut Option<R>,
        take: &mut impl FnMut(Bytes, Entry) -> (R, bool),
    ) -> Option<Look> {
        let Resources { arena, clock, .. } = &self.resources;
        let entry = Entry::at(arena.words().get(arena.word(location)..)?)?;
        if entry.is_mapped() || entry.idles() {
            return Some(Look::Locked);
        }
        let value = entry.value_of(key)?;
        *result = None;
        if clock.has_passed(entry.times().first()) {
            return Some(Look::Expired);
        }
        let (taken, hit) = take(Bytes::Words(value), entry);
        *result = Some(taken);
        Some(if hit { Look::Hit } else { Look::Found })
    }

    #[cold]
    fn look_up_locked<R>(
        &self,
        hash: Hash,
        key: &[u8],
        uses: bool,
        mut take: impl FnMut(Bytes, Entry) -> (R, bool),
    ) -> Option<R> {
        let Resources { arena, index, clock, .. } = &self.resources;
        let _lock = self.shards[index.shard(hash)].read();
        let mut result = None;
        let found = index.read(arena, hash, |location| {
            let entry = Entry::at(&arena.words()[arena.word(location)..])?;
            // SAFETY: the lock is held.
            let (found, value) = unsafe { entry.both() };
            if found != key {
                return None;
            }
            result = None;
            let times = entry.times();
            if clock.has_passed(times.first()) {
                return Some(false);
            }
            if uses && entry.idles() {
                entry.set_times(Times { idle: clock.deadline(self.idle), ..times });
            }
            let (taken, hit) = take(Bytes::Parts(value), entry);
            result = Some(taken);
            Some(hit)
        });
        // With the lock held, nobody writes.
        result.filter(|_| matches!(found, Ok(true)))
    }

    /// How long the entry of a key will live, or None if for ever; None outside if there is no such entry.
    pub fn ttl(&self, key: &[u8]) -> Option<Option<Duration>> {
        self.look_up(self.resources.index.hash(key), key, false, |_, entry| {
            (self.meta(entry).ttl, false)
        })
    }

    /// [`Options::ttl`] of this cache.
    pub fn default_ttl(&self) -> Option<Duration> {
        self.ttl
    }

    fn times(&self, ttl: Option<Duration>) -> Times {
        let clock = &self.resources.clock;
        Times { deadline: clock.deadline(ttl), idle: clock.deadline(self.idle) }
    }

    /// Lets the entry of a key live for `ttl` from now on, or for ever with None; false if there is none.
    pub fn touch(&self, key: &[u8], ttl: Option<Duration>) -> Result<bool, Error> {
        let hash = self.resources.index.hash(key);
        let times = self.times(ttl);
        let mut claim = Claim::none(self);
        self.with_room(hash, &mut claim, |shard, credit| shard.touch(hash, key, times, credit))
    }

    /// Stores a value for a key, in place of an older one. It lives as long as [`Options::ttl`] says. Returns its version.
    pub fn set(&self, key: &[u8], value: &[u8]) -> Result<u64, Error> {
        self.set_with_ttl(key, value, self.ttl)
    }

    /// [`Self::store`] without a condition, for a reader in another language, which has hashed the key and asked for its memory.
    pub(crate) fn set_hashed(
        &self,
        hash: u64,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
    ) -> Result<u64, Error> {
        debug_assert_eq!(Hash(hash), self.resources.index.hash(key));
        self.store_hashed(Hash(hash), key, value, ttl, Condition::Always).map(always_stored)
    }

    /// Stores a value that lives for `ttl`, or for ever with None.
    pub fn set_with_ttl(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<u64, Error> {
        self.store(key, value, ttl.into(), Condition::Always).map(always_stored)
    }

    /// Stores a value that lives as long as the one before it would have; as by [`Self::set`] if there is none.
    pub fn set_keep_ttl(&self, key: &[u8], value: &[u8]) -> Result<u64, Error> {
        self.store(key, value, Ttl::Keep, Condition::Always).map(always_stored)
    }

    /// Stores a value if a condition holds; nobody else changes the entry between the look and that. Returns the version of what was
    /// stored, or None if the condition does not hold.
    #[inline]
    pub fn store(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
        condition: Condition,
    ) -> Result<Option<u64>, Error> {
        let hash = self.resources.index.hash(key);
        // So that nobody waits for memory who holds the lock.
        self.first_sight(hash);
        self.store_hashed(hash, key, value, ttl, condition)
    }

    #[inline]
    fn store_hashed(
        &self,
        hash: Hash,
        key: &[u8],
        value: &[u8],
        ttl: Ttl,
        condition: Condition,
    ) -> Result<Option<u64>, Error> {
        let times = self.times(match ttl {
            Ttl::Default | Ttl::Keep => self.ttl,
            Ttl::Forever => None,
            Ttl::For(ttl) => Some(ttl),
        });
        let new = NewEntry { key, value, times };
        // What is kept may be a deadline, which takes a word.
        let largest =
            Times { deadline: if ttl == Ttl::Keep { 0 } else { times.deadline }, ..times };
        let largest = NewEntry { times: largest, ..new };
        self.with_memory(hash, &largest, &mut Claim::none(self), |shard, mapping, credit| {
            let mut new = new;
            if condition != Condition::Always || ttl == Ttl::Keep {
                let found = shard.find_live(hash, key);
                let found = found.map(|(_, location)| shard.entry(location));
                if !condition.holds(found.map(|entry| entry.version())) {
                    return Ok(None);
                }
                if let (Ttl::Keep, Some(entry)) = (ttl, found) {
                    new.times.deadline = entry.times().deadline;
                }
            }
            shard.set(hash, &new, mapping, credit).map(Some)
        })
    }

    /// Stores entries of a cache before, each unless there is one; those that find no room are left out. Shards have their turn one after the
    /// other, and what their entries change stays near the processor meanwhile. `part` says where to begin, from 0 to 1: threads that
    /// do this at once are not to meet. `expected` is how many entries are said to come in all; that is believed as far as many came.
    pub(super) fn restore(&self, items: &[Item], part: f64, expected: u64) -> Result<(), Error> {
        const AHEAD: usize = 16;
        let Resources { bytes, arena, index, .. } = &self.resources;
        let expected = expected.min(4 * (self.len() + items.len() as u64)) as usize;
        let lock = |hash| {
            let mut shard = self.lock(hash)?;
            shard.expect(expected / self.shards.len());
            Ok(shard)
        };
        let mut order: Vec<_> = items.iter().map(|item| (index.hash(item.key), item)).collect();
        order.sort_unstable_by_key(|(hash, _)| hash.0);
        let start = (order.len() as f64 * part) as usize;
        order.rotate_left(start);
        let mut ahead = order.iter();
        let mut prefetch = |count| {
            ahead.by_ref().take(count).for_each(|&(hash, _)| _ = index.approach(arena, hash));
        };
        prefetch(AHEAD);
        let by_shard = order.chunk_by(|a, b| index.shard(a.0) == index.shard(b.0));
        for some in by_shard.flat_map(|of_shard| of_shard.chunks(2 * AHEAD)) {
            let mut shard = lock(some[0].0)?;
            for &(hash, item) in some {
                prefetch(1);
                let times = Times { deadline: item.deadline, ..self.times(None) };
                let Item { key, value, past, .. } = *item;
                let new = NewEntry { key, value, times };
                let small = new.inline_words() <= arena.most_entry_words();
                let mut credit = Credit::none(bytes);
                if small && shard.restore(hash, &new, past, &mut None, &mut credit).is_ok() {
                    continue;
                }
                // Room has to be made without the lock; if there is none, the entry is left out.
                drop(shard);
                let mut claim = Claim::none(self);
                _ = self.with_memory(hash, &new, &mut claim, |shard, mapping, credit| {
                    shard.restore(hash, &new, past, mapping, credit)
                });
                drop(claim);
                shard = lock(hash)?;
            }
        }
        Ok(())
    }

    /// The mapping of a large entry, paid for.
    #[cold]
    fn map(&self, new: &NewEntry, claim: &mut Claim) -> Result<Mapping, Error> {
        let arena = &self.resources.arena;
        let length = new.mapped_bytes(arena.most_entry_words());
        let size = length as u64;
        // With room for the segments that the entry may need: nobody waits who holds memory.
        let needed = size + 3 * arena.segment_bytes();
        let empty = self.overhead + self.shards.len() as u64 * Unlocked::own();
        // Who can't get that must not evict all others first.
        let most = self.resources.bytes.limit().saturating_sub(empty);
        if needed > most {
            return Err(Error::TooLarge);
        }
        if needed > most.saturating_sub(self.watched.load(Ordering::Relaxed)) {
            return Err(Error::OutOfMemory);
        }
        claim.raise(needed, true)?;
        let mapping = new.map(length).ok_or(Error::OutOfMemory)?;
        claim.credit.spend(size);
        claim.holds = true;
        Ok(mapping)
    }

    /// Calls `change` with a shard locked, again after room was made in other shards, or with a mapping for the new entry, which goes back
    /// if it is not taken.
    fn with_memory<R>(
        &self,
        hash: Hash,
        new: &NewEntry,
        claim: &mut Claim,
        mut change: impl FnMut(&mut Shard, &mut Option<Mapping>, &mut Credit) -> Result<R, Need>,
    ) -> Result<R, Error> {
        let mut mapping = None;
        let result = loop {
            let need = match self.lock(hash) {
                Ok(mut shard) => match change(&mut shard, &mut mapping, &mut claim.credit) {
                    Ok(result) => break Ok(result),
                    Err(need) => need,
                },
                Err(error) => break Err(error),
            };
            let met = match need {
                Need::Bytes(amount) => claim.raise(amount, !claim.holds),
                Need::Entry => {
                    (0..self.shards.len()).any(|shard| self.shard(shard).evict_entry());
                    Ok(())
                }
                Need::Mapping => self.map(new, claim).map(|made| mapping = Some(made)),
            };
            if let Err(error) = met {
                break Err(error);
            }
        };
        if let Some(unused) = mapping {
            self.resources.bytes.release(unused.length() as u64);
            claim.holds = false;
        }
        result
    }

    /// As [`Self::with_memory`], where no large entry is stored.
    fn with_room<R>(
        &self,
        hash: Hash,
        claim: &mut Claim,
        mut change: impl FnMut(&mut Shard, &mut Credit) -> Result<R, Need>,
    ) -> Result<R, Error> {
        let none = NewEntry { key: &[], value: &[], times: Times::NEVER };
        self.with_memory(hash, &none, claim, |shard, _, credit| change(shard, credit))
    }

    /// Changes the entry of a key in one piece: nobody else changes it between the look and the change. `change` gets the
    /// value, if there is one, and what else is known of it. It is called under the lock of a shard, so it must not use the cache,
    /// and again if room has to be made. Returns the version of what was stored.
    pub fn update(
        &self,
        key: &[u8],
        mut change: impl FnMut(Option<(&[u8], Meta)>) -> Change,
    ) -> Result<Option<u64>, Error> {
        let hash = self.resources.index.hash(key);
        let mut claim = Claim::none(self);
        let mut current = Vec::new();
        loop {
            let outcome = self.with_room(hash, &mut claim, |shard, credit| {
                let found = shard.find_live(hash, key);
                let before = found.map(|(_, location)| {
                    current.clear();
                    Bytes::Parts(shard.both(location).1).append_to(&mut current);
                    shard.entry(location)
                });
                let wanted = change(before.map(|entry| (&*current, self.meta(entry))));
                let (value, times) = match wanted {
                    Change::Keep => return Ok(Outcome::Done(None)),
                    Change::Delete => {
                        if let Some((slot, _)) = found {
                            shard.remove_and_trim(hash, slot, Reason::Deleted);
                        }
                        return Ok(Outcome::Done(None));
                    }
                    Change::Set(value, ttl) => (value, self.times(ttl)),
                    Change::Replace(value) => {
                        let idle = self.resources.clock.deadline(self.idle);
                        let kept = before.map(|entry| Times { idle, ..entry.times() });
                        (value, kept.unwrap_or_else(|| self.times(self.ttl)))
                    }
                };
                let new = NewEntry { key, value: &value, times };
                if new.inline_words() <= self.resources.arena.most_entry_words() {
                    return shard
                        .set(hash, &new, &mut None, credit)
                        .map(|version| Outcome::Done(Some(version)));
                }
                let version = before.map(|entry| entry.version());
                Ok(Outcome::Large(value, times, version))
            })?;
            // Memory for a large entry is made without the lock: if another thread is faster, all begins anew.
            let (value, times, version) = match outcome {
                Outcome::Done(version) => return Ok(version),
                Outcome::Large(value, times, version) => (value, times, version),
            };
            let new = NewEntry { key, value: &value, times };
            let stored = self.with_memory(hash, &new, &mut claim, |shard, mapping, credit| {
                let found =
                    shard.find_live(hash, key).map(|(_, location)| shard.entry(location).version());
                if found != version {
                    return Ok(None);
                }
                shard.set(hash, &new, mapping, credit).map(Some)
            })?;
            if stored.is_some() {
                return Ok(stored);
            }
        }
    }

    /// Stores a value if there is none. Returns its version, or None if there is one.
    pub fn set_if_absent(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<Option<u64>, Error> {
        self.store(key, value, ttl.into(), Condition::Absent)
    }

    /// Stores a value if there is one. Returns its version, or None if there is none.
    pub fn replace(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<Option<u64>, Error> {
        self.store(key, value, ttl.into(), Condition::Present)
    }

    /// Stores a value if there is one of this version. Returns the new version, or None if there is none, or another one.
    pub fn compare_and_set(
        &self,
        key: &[u8],
        value: &[u8],
        ttl: Option<Duration>,
        version: u64,
    ) -> Result<Option<u64>, Error> {
        self.store(key, value, ttl.into(), Condition::Version(version))
    }

    /// Removes the entry of a key if it has this version; true if it did.
    pub fn compare_and_delete(&self, key: &[u8], version: u64) -> Result<bool, Error> {
        let hash = self.resources.index.hash(key);
        let mut shard = self.lock(hash)?;
        let found = shard.find_live(hash, key);
        let found = found.filter(|&(_, location)| shard.entry(location).version() == version);
        if let Some((slot, _)) = found {
            shard.remove_and_trim(hash, slot, Reason::Deleted);
        }
        Ok(found.is_some())
    }

    /// Adds `delta` to a number of 64 bits in the processor's order, 0 if there is none, and returns the sum. The entry lives as long as
    /// it would have. Fails with [`Error::NotNumber`] if there is something else, and with [`Error::Overflow`].
    pub fn increment(&self, key: &[u8], delta: i64) -> Result<i64, Error> {
        let mut sum = Ok(0);
        self.update(key, |found| {
            let number = match found {
                None => Ok(0),
                Some((value, _)) => {
                    value.try_into().map(i64::from_ne_bytes).map_err(|_| Error::NotNumber)
                }
            };
            sum = number.and_then(|number| number.checked_add(delta).ok_or(Error::Overflow));
            match sum {
                Ok(sum) => Change::Replace(sum.to_ne_bytes().to_vec()),
                Err(_) => Change::Keep,
            }
        })?;
        sum
    }

    /// Appends to the value of a key, an empty one if there is none, and returns its length then. The entry lives as long as it would
    /// have.
    pub fn append(&self, key: &[u8], suffix: &[u8]) -> Result<usize, Error> {
        let mut length = 0;
        self.update(key, |found| {
            let value = [found.map_or(&[][..], |(value, _)| value), suffix].concat();
            length = value.len();
            Change::Replace(value)
        })?;
        Ok(length)
    }

    /// Removes the entry of a key; true if there was one that had not expired.
    pub fn delete(&self, key: &[u8]) -> bool {
        self.delete_hashed(self.resources.index.hash(key), key)
    }

    fn delete_hashed(&self, hash: Hash, key: &[u8]) -> bool {
        self.lock(hash).is_ok_and(|mut shard| shard.delete(hash, key))
    }

    /// Calls `each` for each of the keys, in their order, with something that looks for it. That is faster than one at a time, since the
    /// memory in which they may be found is asked for ahead.
    pub fn get_many<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k [u8]>,
        mut each: impl FnMut(Lookup<'_, 'k>),
    ) {
        let reads = Tally::new(&self.reads);
        self.in_passes(
            keys,
            |key| key,
            |hash, key, sight| each(Lookup { cache: self, hash, key, sight, reads: &reads }),
        );
    }

    /// Stores values for keys, in their order, and calls `each` with what [`Self::set_with_ttl`] would have returned.
    pub fn set_many<'k>(
        &self,
        entries: impl IntoIterator<Item = (&'k [u8], &'k [u8])>,
        ttl: Ttl,
        mut each: impl FnMut(Result<u64, Error>),
    ) {
        self.in_passes(
            entries,
            |(key, _)| key,
            |hash, (key, value), _| {
                let stored = self.store_hashed(hash, key, value, ttl, Condition::Always);
                each(stored.map(always_stored));
            },
        );
    }

    /// Removes the entries of keys. Returns how many there were that had not expired.
    pub fn delete_many<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) -> usize {
        let mut deleted = 0;
        self.in_passes(
            keys,
            |key| key,
            |hash, key, _| deleted += usize::from(self.delete_hashed(hash, key)),
        );
        deleted
    }

    /// Calls `each` with the hashes of items and with what may be their entries. The memory of these was asked for ahead, for some items
    /// at a time: first that of their buckets, then that of entries.
    #[inline]
    fn in_passes<'k, T: Copy>(
        &self,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(T) -> &'k [u8],
        mut each: impl FnMut(Hash, T, Option<&Sight>),
    ) {
        const AHEAD: usize = 32;
        let Resources { arena, index, .. } = &self.resources;
        let mut items = items.into_iter();
        loop {
            let (mut ahead, mut sights, mut count) = ([None; AHEAD], [None; AHEAD], 0);
            for (ahead, item) in ahead.iter_mut().zip(&mut items) {
                let hash = index.hash(key(item));
                *ahead = Some((hash, item, index.approach(arena, hash)));
                count += 1;
            }
            for (sight, ahead) in sights.iter_mut().zip(&ahead[..count]) {
                *sight = ahead.and_then(|(hash, _, path)| self.sight(hash, path?));
            }
            for (ahead, sight) in ahead[..count].iter().zip(&sights) {
                if let &Some((hash, item, _)) = ahead {
                    each(hash, item, sight.as_ref());
                }
            }
            if count < AHEAD {
                return;
            }
        }
    }

    /// Calls `visit` with the keys and values of some `count` entries and returns where to go on: 0 if these were the last. `cursor`
    /// is 0 at first, and then what the last call returned.
    ///
    /// What is in the cache all the while is visited, and once; other entries may be. `visit` is called under the lock
    /// of a shard: it must not use the cache.
    pub fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&Visited)) -> u64 {
        self.scan_and_remove(cursor, count, |entry| {
            visit(entry);
            false
        })
    }

    /// As [`Self::scan`], removing the entries for which `visit` returns true.
    fn scan_and_remove(
        &self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(&Visited) -> bool,
    ) -> u64 {
        let mut left = count.max(1);
        let mut whole = Vec::new();
        self.walk(cursor, |shard, hash, location| {
            let (key, parts) = shard.both(location);
            let value = match parts {
                [value, []] => value,
                _ => {
                    whole.clear();
                    Bytes::Parts(parts).append_to(&mut whole);
                    &whole
                }
            };
            let meta = self.meta(shard.entry(location));
            if visit(&Visited { key, value, meta }) {
                shard.remove_at(hash, location, Reason::Deleted);
            }
            left = left.saturating_sub(1);
            left > 0
        })
    }

    /// Visits entries until `visit`, which may remove them, returns false, and then the rest of their bucket. Returns where to go on,
    /// as [`Self::scan`] does.
    pub(super) fn walk(
        &self,
        cursor: u64,
        mut visit: impl FnMut(&mut Shard, Hash, Location) -> bool,
    ) -> u64 {
        // Entries are visited by shard, then by home bucket, then by page: that outlasts all moves.
        let mut cursor = Cursor::from(cursor);
        let mut entries = Vec::new();
        while cursor.shard < self.shards.len() {
            let mut shard = self.shard(cursor.shard);
            let homes = if self.shards[cursor.shard].entries() > 0 { shard.homes() } else { 0 };
            while cursor.home < homes {
                while let Some(next) = shard.at_home(cursor.home, cursor.place, &mut entries) {
                    cursor.place = next;
                    let mut more = true;
                    for &(hash, location) in &entries {
                        more = visit(&mut shard, hash, location);
                    }
                    if !more {
                        shard.trim();
                        return cursor.into();
                    }
                }
                cursor = Cursor { home: cursor.home + 1, place: 0, ..cursor };
            }
            shard.trim();
            cursor = Cursor { shard: cursor.shard + 1, home: 0, place: 0 };
        }
        0
    }

    /// Removes the entries for which `remove` returns true, and returns how many these were. It sees what is in the cache all the while,
    /// once; other entries it may. It is called under the lock of a shard, which is given up between a few hundred entries: it must not use
    /// the cache.
    pub fn delete_if(&self, mut remove: impl FnMut(&Visited) -> bool) -> u64 {
        const STEP: usize = 256;
        let (mut cursor, mut deleted) = (0, 0);
        loop {
            cursor = self.scan_and_remove(cursor, STEP, |entry| {
                let goes = remove(entry);
                deleted += u64::from(goes);
                goes
            });
            if cursor == 0 {
                return deleted;
            }
        }
    }

    /// Removes the entries whose keys begin with `prefix`, and returns how many these were; as by [`Self::delete_if`].
    pub fn delete_prefix(&self, prefix: &[u8]) -> u64 {
        self.delete_if(|entry| entry.key.starts_with(prefix))
    }

    /// The number of entries, with those expired that are not removed yet.
    pub fn len(&self) -> u64 {
        self.shards.iter().map(Unlocked::entries).sum()
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
        self.reads.add_to(&mut stats);
        self.shards.iter().for_each(|shard| shard.read().add_to(&mut stats));
        stats
    }

    /// Changes [`Options::max_bytes`]. With a lower limit, entries go and memory is given back before this returns. Fails if the limit
    /// is out of range: below what an empty cache takes, or above [`Options::reserve`](field@Options::reserve).
    pub fn resize(&self, max_bytes: u64) -> Result<(), Error> {
        if max_bytes
            < Options::MIN_BYTES.max(self.overhead + 8 * self.resources.arena.segment_bytes())
        {
            return Err(Error::Options("max_bytes is below what the cache needs"));
        }
        if max_bytes > self.resources.arena.bytes() {
            return Err(Error::Options("max_bytes is above the addresses that were set aside"));
        }
        let bytes = &self.resources.bytes;
        bytes.set_limit(max_bytes);
        while bytes.excess() > 0 {
            self.resources.arena.release_spare(bytes);
            if bytes.excess() > 0 && !self.evict_from_fullest() {
                break;
            }
        }
        Ok(())
    }

    /// Removes what has expired, which else waits for other entries to be stored. To be called from time to time if the
    /// memory of expired entries matters; does little if there are none.
    pub fn clean_up(&self) {
        (0..self.shards.len()).for_each(|shard| self.shard(shard).clean_up());
    }

    /// Removes all entries and gives their memory back. Entries that are stored meanwhile may stay.
    pub fn clear(&self) {
        self.clear_for(Some(Reason::Deleted));
    }

    fn clear_for(&self, why: Option<Reason>) {
        (0..self.shards.len()).for_each(|shard| self.shard(shard).clear(why));
        self.resources.arena.release_spare(&self.resources.bytes);
    }

    /// Empties the cache for good: from here on nothing is found, and [`Self::set`] fails. What it had is no removal; those before can
    /// be taken yet.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        // Those who got a lock before saw the cache open, those who get one later see it closed.
        self.clear_for(None);
        // Only a watch that is begun can fail.
        _ = self.watch_hot_keys(0);
    }

    /// Whether [`Self::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(super) fn shard(&self, number: usize) -> Shard<'_> {
        self.shards[number].write(number, &self.resources)
    }

    /// Locks the shard of a hash, unless the cache is closed.
    fn lock(&self, hash: Hash) -> Result<Shard<'_>, Error> {
        let shard = self.shard(self.resources.index.shard(hash));
        if self.is_closed() { Err(Error::Closed) } else { Ok(shard) }
    }

    /// Evicts until the credit is `amount`, or until nothing is left to evict. The caller has the lock of `claims`: it is its turn to
    /// evict for others.
    fn evict(&self, credit: &mut Credit, amount: u64) -> bool {
        loop {
            if credit.raise(amount) {
                return true;
            }
            self.resources.arena.release_spare(&self.resources.bytes);
            if credit.raise(amount) {
                return true;
            }
            if !self.evict_from_fullest() {
                return credit.raise(amount);
            }
        }
    }

    /// Evicts from the shard that holds most, so that their shares stay even; false if none holds anything.
    fn evict_from_fullest(&self) -> bool {
        let fullest = (0..self.shards.len()).max_by_key(|&shard| self.shards[shard].bytes());
        let fullest = fullest.filter(|&shard| self.shards[shard].bytes() > Unlocked::own());
        fullest.is_some_and(|shard| {
            self.shard(shard).evict_memory();
            true
        })
    }
}

/// Credit that a thread got by evicting for it. Claims are counted, so that others who find nothing left to
/// evict know that there is something to wait for.
pub(super) struct Claim<'a> {
    cache: &'a Cache,
    pub(super) credit: Credit<'a>,
    counted: bool,
    /// Whether the thread has memory for an entry: then it must not wait for others, who may be waiting for it.
    holds: bool,
}

impl<'a> Claim<'a> {
    pub(super) fn none(cache: &'a Cache) -> Self {
        Claim { cache, credit: Credit::none(&cache.resources.bytes), counted: false, holds: false }
    }

    /// Makes the credit at least `amount`.
    pub(super) fn raise(&mut self, amount: u64, wait: bool) -> Result<(), Error> {
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
    #[inline]
    fn drop(&mut self) {
        if self.counted {
            let cache = self.cache;
            self.give_back(&mut cache.claims.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.clear_for(None);
    }
}

/// The version of what was stored without a condition.
fn always_stored(version: Option<u64>) -> u64 {
    version.unwrap_or_else(|| unreachable!("there was no condition"))
}

/// Copies a value, if it fits. Returns its length in any case, and whether it did.
#[inline(always)]
fn copy(value: Bytes, output: &mut [MaybeUninit<u8>]) -> (usize, bool) {
    let fits = value.len() <= output.len();
    if fits {
        value.copy_to(output);
    }
    (value.len(), fits)
}

/// One of the keys of [`Cache::get_many`].
pub struct Lookup<'a, 'k> {
    cache: &'a Cache,
    hash: Hash,
    key: &'k [u8],
    sight: Option<&'a Sight<'a>>,
    reads: &'a Tally<'a>,
}

impl Lookup<'_, '_> {
    /// As [`Cache::get`].
    pub fn get(&self) -> Option<Vec<u8>> {
        self.read(|value, _| (value.to_vec(), true))
    }

    /// As [`Cache::copy_to`].
    #[inline(always)]
    pub fn copy_to(&self, output: &mut [MaybeUninit<u8>]) -> Option<usize> {
        self.read(|value, _| copy(value, output))
    }

    #[inline(always)]
    fn read<R>(&self, mut take: impl FnMut(Bytes, Entry) -> (R, bool)) -> Option<R> {
        let Lookup { cache, hash, key, sight, reads } = *self;
        let mut result = None;
        // Most entries are what was seen first.
        if let Some(sight) = sight
            && let Some(look) = cache.look_at(sight.location, key, &mut result, &mut take)
            && look != Look::Locked
            && sight.holds()
        {
            match look {
                Look::Hit => {
                    sight.count_hit();
                    cache.count_hit(hash, reads);
                }
                Look::Expired => reads.miss(),
                _ => {}
            }
            return result;
        }
        self.read_anew(take)
    }

    #[inline(never)]
    fn read_anew<R>(&self, take: impl FnMut(Bytes, Entry) -> (R, bool)) -> Option<R> {
        self.cache.read_hashed(self.hash, self.key, self.reads, take)
    }
}

/// What the first look of an update came to.
enum Outcome {
    Done(Option<u64>),
    /// A value that needs memory first, and the version that it replaces.
    Large(Vec<u8>, Times, Option<u64>),
}

/// An entry that [`Cache::scan`] came to.
#[derive(Clone, Copy, Debug)]
pub struct Visited<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// What else is known of it.
    pub meta: Meta,
}

/// Where a scan goes on.
#[derive(Clone, Copy)]
struct Cursor {
    shard: usize,
    home: usize,
    place: usize,
}

impl From<u64> for Cursor {
    fn from(cursor: u64) -> Self {
        let part = |shift: u32, bits: u32| (cursor >> shift) as usize & ((1_usize << bits) - 1);
        Cursor { shard: part(48, 16), home: part(32, 16), place: part(0, 32) }
    }
}

impl From<Cursor> for u64 {
    fn from(cursor: Cursor) -> Self {
        (cursor.shard as u64) << 48 | (cursor.home as u64) << 32 | cursor.place as u64
    }
}

#[cfg(test)]
impl Cache {
    /// Sets a value as another language does it: where it lies, or with [`Self::set`]. True if it was where it lies.
    pub(super) fn set_outside(&self, key: &[u8], value: &[u8]) -> Result<bool, Error> {
        let hash = self.resources.index.hash(key);
        let number = self.resources.index.shard(hash);
        let times = self.times(self.ttl);
        let new = NewEntry { key, value, times };
        // Who was told once that the cache is closed is told so each time.
        if !self.is_closed() && self.shards[number].overwrite(number, &self.resources, hash, &new) {
            return Ok(true);
        }
        self.set(key, value).map(|_| false)
    }

    /// Checks that all parts agree; nobody else uses the cache meanwhile.
    pub(super) fn audit(&self) {
        let (mut bytes, mut entries) = (self.overhead + self.watched.load(Ordering::Relaxed), 0);
        for shard in 0..self.shards.len() {
            let (shard_bytes, shard_entries) = self.shard(shard).audit();
            assert_eq!(shard_bytes, self.shards[shard].bytes());
            bytes += shard_bytes;
            entries += shard_entries;
        }
        self.resources.arena.release_spare(&self.resources.bytes);
        assert_eq!(self.stats().bytes, bytes);
        assert_eq!(self.len(), entries);
    }
}
