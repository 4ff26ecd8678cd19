//! One shard: its part of the index, and the two logs of its entries, which are queues of segments.
//!
//! New entries are added to the newest segment of a log. When there is no memory for another one, the policy judges the oldest
//! entries of one of the logs: they go, or they are copied to the newest segment of the main log, or stay where they are if that
//! has no room. What is left at the end of a segment slides to its start, and the segment becomes the newest of the main log.

use std::iter;
use std::mem::offset_of;
use std::ops::Range;
use std::sync::atomic::Ordering;

use super::arena::{Amount, Arena, Location, Mapping, NONE, PAGE, Segment};
use super::budget::{Budget, Credit};
use super::clock::{Clock, NEVER};
use super::entry::{self, Bytes, Entry, NewEntry, Times};
use super::hash::Hash;
use super::index::{Index, MOST_HITS, Pages, Slot, Table, Wanted};
use super::lock::{self, Lock, Reader, Writer};
use super::policy::{Contest, Levels, MAIN, Policy, Record, Standing, Step as Advice, WINDOW};
use super::removal::{Queue, Reason, Removals};
use super::stats::Stats;
use super::sync::AtomicU64;
use super::words::{load, prefetch, store};

/// What all shards take from.
pub(super) struct Resources {
    pub bytes: Budget,
    /// None: as many entries as there is memory for.
    pub entries: Option<Budget>,
    pub arena: Arena,
    pub index: Index,
    pub clock: Clock,
    /// What is kept of entries that go; None: nothing.
    pub removals: Option<Box<Removals>>,
}

impl Resources {
    fn try_reserve_entry(&self) -> bool {
        self.entries.as_ref().is_none_or(|entries| entries.try_reserve(1))
    }

    fn release_entries(&self, count: u64) {
        if let Some(entries) = &self.entries {
            entries.release(count);
        }
    }
}

/// A shard that is not locked; aligned so that two never share a line.
#[repr(C, align(128))]
pub(super) struct Unlocked {
    state: Lock<State>,
    held: Held,
}

/// What a shard holds, changed under its lock; others may look at it without.
struct Held {
    /// Of segments, policy and large entries.
    bytes: AtomicU64,
    entries: AtomicU64,
}

impl Held {
    fn add_entry(&self) {
        store(&self.entries, load(&self.entries) + 1);
    }

    fn remove_entries(&self, count: u64) {
        store(&self.entries, load(&self.entries) - count);
    }
}

/// What a writer in another language has to know of a shard: where its words are, from the lock on.
pub(super) const LAYOUT: [u64; 5] = {
    let state = Lock::<State>::VALUE;
    let sets = offset_of!(State, counts) + offset_of!(Counts, sets);
    [
        lock::LOCKED,
        offset_of!(Unlocked, state) as u64,
        (state + offset_of!(State, version)) as u64,
        (state + offset_of!(State, earliest)) as u64,
        (state + sets) as u64,
    ]
};

impl Unlocked {
    /// None if the system refuses the memory.
    pub(super) fn new(index: &Index, arena: &Arena) -> Option<Self> {
        let state = Lock::new(State::new(index, arena)?);
        let held = Held { bytes: AtomicU64::new(Self::own()), entries: AtomicU64::new(0) };
        Some(Unlocked { state, held })
    }

    /// What a shard holds that has no entry.
    pub(super) fn own() -> u64 {
        Policy::bytes(1) as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        load(&self.held.bytes)
    }

    pub(super) fn entries(&self) -> u64 {
        load(&self.held.entries)
    }

    /// Wakes one who waits for the lock, for a writer in another language who gave it up.
    pub(super) fn wake(&self) {
        self.state.wake();
    }

    /// Keeps writers off. Nobody may hold two locks.
    pub(super) fn read(&self) -> Reader<'_, State> {
        self.state.read()
    }

    /// Locks the shard with this number for writing. Nobody may hold two locks.
    pub(super) fn write<'a>(&'a self, number: usize, resources: &'a Resources) -> Shard<'a> {
        let state = self.state.write();
        Shard { state, held: &self.held, number, resources, expected: 0 }
    }
}

/// What each write changes comes first: it is in one line with the lock. A writer in another language knows these, too.
#[repr(C)]
pub(super) struct State {
    /// That of the entry stored last.
    version: u64,
    /// Nothing expires before that.
    earliest: u64,
    counts: Counts,
    logs: [Log; 2],
    segments: usize,
    /// A segment of no log, emptied ahead of need.
    emptied: Option<u32>,
    /// Whether there was no memory for another segment lately.
    full: bool,
    /// Whether `earliest` is later than the truth, so that more expires by then.
    waits: bool,
    /// What came since as much was evicted.
    owed: Amount,
    pages: Pages,
    /// The entries that the policy is for.
    policy_entries: usize,
    policy: Policy,
    queue: Queue,
}

/// What happened in a shard.
#[derive(Default)]
#[repr(C)]
struct Counts {
    sets: u64,
    /// By reason.
    removals: [u64; 4],
    /// Entries that do not live for ever.
    expiring: u64,
}

impl State {
    fn new(index: &Index, arena: &Arena) -> Option<Self> {
        Some(State {
            logs: [Log::new(arena), Log::new(arena)],
            segments: 0,
            emptied: None,
            full: false,
            waits: false,
            owed: Amount::default(),
            pages: index.pages(),
            policy: Policy::new(1)?,
            policy_entries: 1,
            version: 0,
            earliest: NEVER,
            counts: Counts::default(),
            queue: Queue::default(),
        })
    }

    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.sets += self.counts.sets;
        stats.deletes += self.counts.removals[Reason::Deleted as usize];
        stats.evictions += self.counts.removals[Reason::Size as usize];
        stats.expirations += self.counts.removals[Reason::Expired as usize];
        stats.expiring += self.counts.expiring;
        stats.removals_dropped += self.queue.dropped();
    }
}

/// A queue of segments.
struct Log {
    oldest: u32,
    newest: u32,
    /// What begins before this word of the oldest segment is dead, or was judged and stays.
    hand: usize,
    /// What was judged and stays; of the window, it has a place in the main log.
    kept: Amount,
    /// What entries in the index take.
    live: Amount,
    /// Those from the hand on.
    ahead: Ahead,
}

/// Where some entries are that are judged next, and their hashes: these are found at once, so that the processor can be asked for
/// what is known of them, and not each of them is waited for.
struct Ahead {
    entries: [(Location, Hash); AHEAD],
    /// Which of them are left.
    left: Range<usize>,
}

impl Log {
    fn new(arena: &Arena) -> Self {
        let (hand, none) = (arena.first_entry(), Amount::default());
        let ahead = Ahead { entries: [(Location(0), Hash::default()); AHEAD], left: 0..0 };
        Log { oldest: NONE, newest: NONE, hand, kept: none, live: none, ahead }
    }
}

/// What the policy knew of an entry in a cache before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Past {
    /// The log in which it was.
    pub log: usize,
    pub frequency: u8,
    pub hits: u8,
}

/// What an entry could not be stored for; whoever gets it for the shard may try again.
#[derive(Debug)]
pub(super) enum Need {
    /// This much of the byte budget.
    Bytes(u64),
    /// One of the entries that the cache may hold.
    Entry,
    /// A mapping, as it is too large to lie among others.
    Mapping,
}

/// What a step towards free memory came to.
enum Step {
    /// An entry was removed, which gave this much back to the byte budget.
    Removed(u64),
    /// A segment is empty now, and in no log.
    Free(u32),
    /// Neither yet.
    Progress,
    /// There is nothing in the logs.
    Nothing,
}

/// An entry that lives in a log.
#[derive(Clone, Copy)]
struct Known<'a> {
    hash: Hash,
    location: Location,
    entry: Entry<'a>,
}

/// What a step is taken for.
#[derive(Clone, Copy)]
enum Purpose {
    Memory,
    Entry,
}

impl Purpose {
    /// What is short.
    fn measure(self, amount: Amount) -> u64 {
        match self {
            Purpose::Memory => amount.memory() as u64,
            Purpose::Entry => amount.entries as u64,
        }
    }
}

/// A shard that is locked for writing.
pub(super) struct Shard<'a> {
    state: Writer<'a, State>,
    held: &'a Held,
    number: usize,
    resources: &'a Resources,
    /// How many entries there may soon be; 0 if nobody knows.
    expected: usize,
}

impl<'a> Shard<'a> {
    fn arena(&self) -> &'a Arena {
        &self.resources.arena
    }

    fn table(&mut self) -> Table<'_> {
        let Resources { index, arena, .. } = self.resources;
        Table { index, arena, shard: self.number, pages: &mut self.state.pages }
    }

    /// The entry at a location in one of the logs.
    pub(super) fn entry(&self, location: Location) -> Entry<'a> {
        Entry::in_log(&self.arena().words()[self.arena().word(location)..])
    }

    /// The key and value of an entry, which is in two parts.
    pub(super) fn both(&self, location: Location) -> (&[u8], [&[u8]; 2]) {
        // SAFETY: `self` holds the lock, and is borrowed as long as the result lives.
        unsafe { self.entry(location).both() }
    }

    #[inline]
    fn hash(&self, entry: Entry) -> Hash {
        // SAFETY: `self` holds the lock.
        self.resources.index.hash(unsafe { entry.key() })
    }

    /// The entries of a segment that live, from a word of it on, each with its first word.
    fn entries(
        &self,
        number: u32,
        mut from: usize,
    ) -> impl Iterator<Item = (usize, Entry<'a>)> + use<'a> {
        let segment = self.arena().segment(number);
        let (words, filled) = (self.arena().segment_at(number), segment.filled());
        let all = iter::from_fn(move || {
            let (first, words) = (from, words.get(from..filled).filter(|words| !words.is_empty())?);
            let entry = Entry::in_log(words);
            from += entry.size();
            Some((first, entry))
        });
        all.filter(|(_, entry)| !entry.is_dead())
    }

    #[inline(always)]
    pub(super) fn find(&mut self, hash: Hash, key: &[u8]) -> Option<Slot> {
        let arena = self.arena();
        self.table().find(hash, |location| {
            let entry = Entry::in_log(&arena.words()[arena.word(location)..]);
            // SAFETY: the lock is held.
            unsafe { entry.key() == key }
        })
    }

    /// The key that has a hash, if there is an entry of it that has not expired.
    pub(super) fn key_of(&mut self, hash: Hash) -> Option<Vec<u8>> {
        let mut locations = Vec::new();
        self.table().find(hash, |location| {
            locations.push(location);
            false
        });
        let mut locations = locations.into_iter();
        let location =
            locations.find(|&at| self.hash(self.entry(at)) == hash && !self.has_expired(at))?;
        Some(self.both(location).0.to_vec())
    }

    /// The entry of a key, unless it expired: then it is removed.
    pub(super) fn find_live(&mut self, hash: Hash, key: &[u8]) -> Option<(Slot, Location)> {
        let slot = self.find(hash, key)?;
        let location = self.table().location(slot);
        if self.has_expired(location) {
            self.remove_and_trim(hash, slot, Reason::Expired);
            return None;
        }
        Some((slot, location))
    }

    #[inline(always)]
    fn has_expired(&self, location: Location) -> bool {
        self.state.counts.expiring > 0
            && self.resources.clock.has_passed(self.entry(location).times().first())
    }

    #[inline(always)]
    fn slot_of(&mut self, known: &Known) -> Slot {
        let slot = self.table().slot_of(known.hash, known.location, known.entry.slot());
        slot.unwrap_or_else(|| unreachable!("an entry that lives is in the index"))
    }

    /// Stores an entry; one too large to lie among others comes in a `mapping`, which is taken on success, unless it replaces one of
    /// the same size. On failure an older entry of the key is still there, unless it was evicted. Returns the entry's version.
    #[inline(always)]
    pub(super) fn set(
        &mut self,
        hash: Hash,
        new: &NewEntry,
        mapping: &mut Option<Mapping>,
        credit: &mut Credit,
    ) -> Result<u64, Need> {
        self.expire_due();
        let old = self.find(hash, new.key);
        if !old.is_some_and(|slot| mapping.is_none() && self.overwrite(slot, new)) {
            self.append(hash, new, old, None, mapping, credit)?;
            self.trim();
        }
        self.state.counts.sets += 1;
        Ok(self.state.version)
    }

    /// Stores an entry of a cache before, unless its key has one. That is no set of this cache.
    pub(super) fn restore(
        &mut self,
        hash: Hash,
        new: &NewEntry,
        past: Past,
        mapping: &mut Option<Mapping>,
        credit: &mut Credit,
    ) -> Result<(), Need> {
        self.expire_due();
        if self.find_live(hash, new.key).is_some() {
            return Ok(());
        }
        self.append(hash, new, None, Some(past), mapping, credit)?;
        self.trim();
        Ok(())
    }

    /// Expects so many entries, until the lock is given up. What holds them is made as large at once, as far as there is memory.
    pub(super) fn expect(&mut self, entries: usize) {
        self.expected = entries;
    }

    /// What the policy knows of an entry.
    pub(super) fn past(&mut self, hash: Hash, location: Location) -> Past {
        let (standing, _) = self.standing(&Known { hash, location, entry: self.entry(location) });
        Past {
            log: self.segment_of(location).log(),
            frequency: self.state.policy.frequency_before_hits(&standing),
            hits: standing.hits,
        }
    }

    /// The window's share of the limit.
    pub(super) fn share(&self) -> f64 {
        self.state.policy.share()
    }

    /// Sets the window's share, as it was in a cache before, unless the shard has learned one from entries of its own.
    pub(super) fn restore_share(&mut self, share: f64) {
        if self.live().entries == 0 {
            self.state.policy.set_share(share);
        }
    }

    fn next_version(&mut self) -> u64 {
        self.state.version += 1;
        self.state.version
    }

    fn overwrite(&mut self, slot: Slot, new: &NewEntry) -> bool {
        let location = self.table().location(slot);
        let entry = self.entry(location);
        let old = entry.times();
        if !entry.takes(new) && !entry.mapping_takes(new, self.arena().most_entry_words()) {
            return false;
        }
        self.report(location, Reason::Replaced);
        let version = self.next_version();
        // SAFETY: `self` holds the lock, and the mapping goes back to the entry.
        let mut mapping = unsafe { entry.mapping() };
        // Who reads without the lock looks into no mapping, and need not wait for this.
        if let Some(mapping) = &mut mapping {
            new.fill(mapping);
        }
        self.table().change(slot, |location, hits| {
            entry.overwrite(new, mapping, version);
            *hits += 1;
            location
        });
        self.reschedule(location, old, new.times);
        true
    }

    /// Adds an entry to a log and to the index.
    fn append(
        &mut self,
        hash: Hash,
        new: &NewEntry,
        old: Option<Slot>,
        past: Option<Past>,
        mapping: &mut Option<Mapping>,
        credit: &mut Credit,
    ) -> Result<(), Need> {
        let words = match &mapping {
            Some(mapping) => new.mapped_words(mapping.length()),
            None => new.inline_words(),
        };
        if mapping.is_none() && words > self.arena().most_entry_words() {
            return Err(Need::Mapping);
        }
        let words = self.arena().round(words);
        let log = match old {
            Some(slot) => {
                let location = self.table().location(slot);
                self.segment_of(location).log()
            }
            None => {
                self.state.policy.approach(hash);
                self.reserve_entry()?;
                past.map_or(WINDOW, |past| past.log)
            }
        };
        let mut reserved = old.is_none();
        let made = self.make_room(hash, log, words, credit);
        // Making room may have moved the old entry, or evicted it.
        let old = if old.is_some() { self.find(hash, new.key) } else { None };
        if made.is_ok() && old.is_none() && !reserved {
            if !self.resources.try_reserve_entry() {
                return Err(Need::Entry);
            }
            reserved = true;
        }
        if let Err(need) = made {
            if reserved {
                self.resources.release_entries(1);
            }
            return Err(need);
        }
        if let Some(mapping) = &mapping {
            self.held.bytes.fetch_add(mapping.length() as u64, Ordering::Relaxed);
        }
        let record = match old {
            Some(slot) => {
                let old = self.table().location(slot);
                self.entry(old).record()
            }
            None => match past {
                Some(past) => self.state.policy.restore(hash, past.frequency),
                None => self.state.policy.enter(hash),
            },
        };
        let version = self.next_version();
        let pages = mapping.as_ref().map_or(0, Mapping::pages);
        let amount = Amount { words, entries: 1, pages };
        let slot = old.map_or(0, |slot| slot.number);
        let location = self.place(log, amount, |words| {
            new.write(words, mapping.take(), version, record, slot);
        });
        self.reschedule(location, Times::NEVER, new.times);
        match old {
            Some(slot) => {
                let old = self.table().location(slot);
                self.table().change(slot, |_, hits| {
                    *hits += 1;
                    location
                });
                self.bury(old, Some(Reason::Replaced));
            }
            None => {
                // A snapshot may say anything.
                let hits = past.map_or(0, |past| u64::from(past.hits).min(MOST_HITS));
                self.table().insert(hash, location, hits);
                self.held.add_entry();
            }
        }
        self.fit_policy();
        Ok(())
    }

    /// Makes room for an entry in a log and in the index.
    #[inline(always)]
    fn make_room(
        &mut self,
        hash: Hash,
        log: usize,
        words: usize,
        credit: &mut Credit,
    ) -> Result<(), Need> {
        self.keep_pace(words);
        loop {
            let expected = self.expected;
            match self.table().wanted(hash, expected) {
                Wanted::Nothing => break,
                Wanted::EarlyPage => match self.new_segment(credit) {
                    Some(segment) => {
                        self.rehash(|table, hash_of| table.add_page(hash, segment, hash_of));
                    }
                    None => self.expected = 0,
                },
                Wanted::Page => {
                    let segment = self.take_segment(credit)?;
                    self.rehash(|table, hash_of| table.add_page(hash, segment, hash_of));
                }
                Wanted::Removal => {
                    if !self.evict_entry() {
                        return Err(Need::Entry);
                    }
                }
            }
        }
        let mut more = true;
        while !self.has_room(log, words) {
            if let Some(segment) = self.segment_step(credit, &mut more)? {
                self.push(log, segment);
                if more && log == WINDOW {
                    self.hand_over();
                }
            }
        }
        // Steps may have removed entries only, so a page that had a free slot has one still.
        Ok(())
    }

    /// Evicts as much as comes, ahead of need: else somebody has to empty a whole segment, while others wait. Several
    /// at once, since the processor then waits for the memory of some of them at the same time.
    #[inline]
    fn keep_pace(&mut self, words: usize) {
        let State { full, emptied, segments, ref mut owed, .. } = *self.state;
        if !full || emptied.is_some() || segments < LEAST_PACED {
            return;
        }
        *owed += Amount { words, entries: 1, pages: 0 };
        if owed.entries < PACE {
            return;
        }
        let goal = self.live().words.saturating_sub(std::mem::take(&mut self.state.owed).words);
        for _ in 0..4 * PACE {
            let enough = (self.live().words - goal) as u64;
            match self.step(Purpose::Memory, enough) {
                Step::Free(segment) => self.state.emptied = Some(segment),
                Step::Removed(_) | Step::Progress if self.live().words > goal => continue,
                Step::Removed(_) | Step::Progress | Step::Nothing => {}
            }
            return;
        }
    }

    /// Calls `change` with the index and what tells it the hashes of entries.
    fn rehash<R>(&mut self, change: impl FnOnce(&mut Table, &dyn Fn(Location) -> Hash) -> R) -> R {
        // The hashes need the shard's entries, but not its pages.
        let mut pages = std::mem::take(&mut self.state.pages);
        let Resources { index, arena, .. } = self.resources;
        let mut table = Table { index, arena, shard: self.number, pages: &mut pages };
        let result = change(&mut table, &|location| self.hash(self.entry(location)));
        self.state.pages = pages;
        result
    }

    /// A segment for whatever it is needed, from the budget or by evictions.
    fn take_segment(&mut self, credit: &mut Credit) -> Result<u32, Need> {
        let mut more = true;
        loop {
            if let Some(segment) = self.segment_step(credit, &mut more)? {
                return Ok(segment);
            }
        }
    }

    /// A step towards a segment. `more` says whether there may be memory for a new one, and afterwards whether it is one.
    fn segment_step(&mut self, credit: &mut Credit, more: &mut bool) -> Result<Option<u32>, Need> {
        if *more && let Some(segment) = self.new_segment(credit) {
            return Ok(Some(segment));
        }
        *more = false;
        match self.memory_step() {
            Step::Free(segment) => return Ok(Some(segment)),
            Step::Nothing => return Err(Need::Bytes(self.arena().segment_bytes())),
            Step::Removed(freed) => *more = freed > 0,
            Step::Progress => {}
        }
        Ok(None)
    }

    /// A step towards free memory, or the segment that was emptied before.
    fn memory_step(&mut self) -> Step {
        match self.state.emptied.take() {
            Some(segment) => Step::Free(segment),
            None => self.step(Purpose::Memory, 0),
        }
    }

    fn new_segment(&mut self, credit: &mut Credit) -> Option<u32> {
        let segment = self.arena().take(&self.resources.bytes, credit);
        self.state.full = segment.is_none();
        let segment = segment?;
        self.held.bytes.fetch_add(self.arena().segment_bytes(), Ordering::Relaxed);
        Some(segment)
    }

    /// Gives a segment back that is in no log.
    fn give(&mut self, segment: u32) {
        self.held.bytes.fetch_sub(self.arena().segment_bytes(), Ordering::Relaxed);
        self.arena().give(segment, &self.resources.bytes);
    }

    fn give_emptied(&mut self) {
        if let Some(segment) = self.state.emptied.take() {
            self.give(segment);
        }
    }

    fn reserve_entry(&mut self) -> Result<(), Need> {
        while !self.resources.try_reserve_entry() {
            if !self.evict_entry() {
                return Err(Need::Entry);
            }
        }
        Ok(())
    }

    /// Counts entries out that are gone.
    fn release_entries(&self, count: u64) {
        self.resources.release_entries(count);
        self.held.remove_entries(count);
    }

    fn segment_of(&self, location: Location) -> Segment<'a> {
        self.arena().segment(self.arena().segment_of(location))
    }

    #[inline]
    fn has_room(&self, log: usize, words: usize) -> bool {
        let newest = self.state.logs[log].newest;
        newest != NONE && self.arena().segment(newest).room() >= words
    }

    /// Adds an entry of this size at the end of a log that has room for it, written by `write`.
    fn place(&mut self, log: usize, amount: Amount, write: impl FnOnce(&[AtomicU64])) -> Location {
        let words = amount.words;
        let number = self.state.logs[log].newest;
        let segment = self.arena().segment(number);
        let filled = segment.filled();
        write(&self.arena().segment_at(number)[filled..filled + words]);
        segment.set_filled(filled + words);
        segment.add_live(amount);
        self.state.logs[log].live += amount;
        self.arena().location(number, filled)
    }

    /// Makes an empty segment the newest of a log.
    fn push(&mut self, log: usize, segment: u32) {
        self.arena().segment(segment).reset(self.arena().first_entry());
        self.link(log, segment);
    }

    /// Lets the main log have the window's oldest segments as they are, as long as nothing has to go: one after the other their entries
    /// would be promoted.
    fn hand_over(&mut self) {
        loop {
            let [window, main] = &self.state.logs;
            let (window_memory, main_memory) = (window.live.memory(), main.live.memory());
            let all = window_memory + main_memory;
            let least = (all as f64 * self.state.policy.share()) as usize;
            let first = self.arena().first_entry();
            if window.oldest == window.newest || window.hand != first || main.hand != first {
                return;
            }
            let number = window.oldest;
            if window_memory < least + self.arena().segment(number).live().memory() {
                return;
            }
            self.unlink(number, NONE);
            self.link(MAIN, number);
        }
    }

    /// Makes a segment of no log the newest of one.
    fn link(&mut self, log: usize, number: u32) {
        let segment = self.arena().segment(number);
        segment.set_log(log);
        segment.set_next(NONE);
        self.state.segments += 1;
        self.state.logs[log].live += segment.live();
        let newest = std::mem::replace(&mut self.state.logs[log].newest, number);
        if newest == NONE {
            self.state.logs[log].oldest = number;
        } else {
            self.arena().segment(newest).set_next(number);
        }
    }

    /// Takes a segment out of its log; `before` is the one before it.
    fn unlink(&mut self, number: u32, before: u32) {
        let segment = self.arena().segment(number);
        let next = segment.next();
        self.state.segments -= 1;
        let log = &mut self.state.logs[segment.log()];
        log.live -= segment.live();
        if log.oldest == number {
            log.oldest = next;
            log.hand = self.resources.arena.first_entry();
            log.kept = Amount::default();
            log.ahead.left = 0..0;
        }
        if log.newest == number {
            log.newest = before;
        }
        if before != NONE {
            self.arena().segment(before).set_next(next);
        }
    }

    /// Sets books right about an entry whose times were changed.
    #[inline(always)]
    fn reschedule(&mut self, location: Location, old: Times, new: Times) {
        let (was, is) = (old != Times::NEVER, new != Times::NEVER);
        self.state.counts.expiring += u64::from(is);
        self.state.counts.expiring -= u64::from(was);
        if is {
            let first = new.first();
            let segment = self.segment_of(location);
            segment.set_earliest(segment.earliest().min(first));
            self.state.earliest = self.state.earliest.min(first);
        }
    }

    /// Removes the entry of a key; true if there was one that had not expired.
    pub(super) fn delete(&mut self, hash: Hash, key: &[u8]) -> bool {
        let Some((slot, _)) = self.find_live(hash, key) else { return false };
        self.remove_and_trim(hash, slot, Reason::Deleted);
        true
    }

    /// Sets the times of a key's entry; false if there is none that has not expired.
    pub(super) fn touch(
        &mut self,
        hash: Hash,
        key: &[u8],
        times: Times,
        credit: &mut Credit,
    ) -> Result<bool, Need> {
        let Some((slot, location)) = self.find_live(hash, key) else { return Ok(false) };
        let entry = self.entry(location);
        let old = entry.times();
        if entry.can_expire(times) {
            self.table().change(slot, |location, _| {
                entry.set_times(times);
                location
            });
            self.reschedule(location, old, times);
            return Ok(true);
        }
        // There is no word for a deadline, or a word too much: the entry is written anew.
        self.rewrite(hash, key, slot, times, credit)?;
        self.trim();
        Ok(true)
    }

    fn rewrite(
        &mut self,
        hash: Hash,
        key: &[u8],
        slot: Slot,
        times: Times,
        credit: &mut Credit,
    ) -> Result<(), Need> {
        let location = self.table().location(slot);
        let (entry, log) = (self.entry(location), self.segment_of(location).log());
        let words = self.arena().round(entry.words_with(times));
        self.make_room(hash, log, words, credit)?;
        // Making room may have moved the entry, or evicted it.
        let Some(slot) = self.find(hash, key) else { return Ok(()) };
        let old = self.table().location(slot);
        let entry = self.entry(old);
        let amount = Amount { words, ..entry.amount() };
        let new = self.place(log, amount, |words| entry.copy_with(times, words));
        self.reschedule(new, Times::NEVER, times);
        self.table().change(slot, |_, _| new);
        self.reschedule(old, entry.times(), Times::NEVER);
        self.forget(old, entry.amount());
        entry.mark_dead();
        Ok(())
    }

    /// Takes an entry out of the index and ends its life. Returns what that gave back to the byte budget.
    pub(super) fn remove(&mut self, hash: Hash, slot: Slot, why: Reason) -> u64 {
        let location = self.table().location(slot);
        let known = Known { hash, location, entry: self.entry(location) };
        let amount = self.end(&known, slot, why);
        self.forget(location, amount);
        self.write_off(hash, amount, why)
    }

    /// Takes an entry out of the index and ends its life, which is to be written down in the books yet: what it took.
    #[inline(always)]
    fn end(&mut self, known: &Known, slot: Slot, why: Reason) -> Amount {
        self.table().remove(known.hash, slot);
        self.kill(known.location, known.entry, Some(why));
        known.entry.amount()
    }

    /// Writes down that entries have ended, the last one with this hash. Returns what that gave back to the byte budget.
    fn write_off(&mut self, last: Hash, amount: Amount, why: Reason) -> u64 {
        if self.table().is_sparse(last) {
            let page = self.rehash(|table, hash_of| table.merge(last, hash_of));
            self.give(page);
        }
        self.release_entries(amount.entries as u64);
        self.state.counts.removals[why as usize] += amount.entries as u64;
        self.release_pages(amount)
    }

    /// Ends the life of an entry that the index does not have any more. Returns what that gave back to the byte budget.
    fn bury(&mut self, location: Location, why: Option<Reason>) -> u64 {
        let entry = self.entry(location);
        let amount = entry.amount();
        self.kill(location, entry, why);
        self.forget(location, amount);
        self.release_pages(amount)
    }

    /// Ends the life of an entry that the index does not have any more, for a reason if others are to know.
    #[inline(always)]
    fn kill(&mut self, location: Location, entry: Entry, why: Option<Reason>) {
        if let Some(why) = why {
            self.report(location, why);
        }
        self.reschedule(location, entry.times(), Times::NEVER);
        // SAFETY: `self` holds the lock, and the index does not have the entry.
        drop(unsafe { entry.kill() });
    }

    /// Gives the memory of mappings back to the byte budget that are gone, and returns how much it is.
    #[inline(always)]
    fn release_pages(&self, amount: Amount) -> u64 {
        let freed = (amount.pages * PAGE) as u64;
        if freed > 0 {
            self.held.bytes.fetch_sub(freed, Ordering::Relaxed);
            self.resources.bytes.release(freed);
        }
        freed
    }

    /// Adds an entry that is about to go to the queue of removals, if there is one.
    #[inline]
    fn report(&mut self, location: Location, why: Reason) {
        let Some(removals) = &self.resources.removals else { return };
        // SAFETY: the lock is held, and the entry is there yet.
        let (key, value) = unsafe { self.entry(location).both() };
        // What has expired went by that, whatever takes it away.
        let reason = if self.has_expired(location) { Reason::Expired } else { why };
        self.state.queue.push(self.number, removals, key, Bytes::Parts(value), reason);
    }

    /// The removals that nobody has taken.
    pub(super) fn queue(&mut self) -> &mut Queue {
        &mut self.state.queue
    }

    /// Takes an entry that moves or dies out of the books of its segment.
    #[inline(always)]
    fn forget(&mut self, location: Location, entry: Amount) {
        let number = self.arena().segment_of(location);
        let segment = self.arena().segment(number);
        segment.remove_live(entry);
        let log = &mut self.state.logs[segment.log()];
        log.live -= entry;
        let judged = self.resources.arena.location(number, log.hand);
        if log.oldest == number && location.0 < judged.0 {
            log.kept -= entry;
        }
    }

    /// One step towards free memory or one entry less: what is dead is given up first, then what the policy does not keep.
    /// `enough` is as much of what is short as may go at once.
    fn step(&mut self, purpose: Purpose, enough: u64) -> Step {
        let words = self.arena().segment_words();
        let waste = self.state.segments * words - self.live().words;
        // The newest segments have room that is of use yet, others are full to three quarters
        // at least when they are left.
        if waste > self.state.segments * words / 3 + 2 * words {
            return self.compact();
        }
        let window = match self.oldest(WINDOW) {
            Ok(known) => known,
            Err(step) => return step,
        };
        let main = match self.oldest(MAIN) {
            Ok(known) => known,
            Err(step) => return step,
        };
        // With two segments, one of them has to become empty.
        let last = matches!(purpose, Purpose::Memory) && self.state.segments <= 2;
        match (self.advice(window.as_ref(), purpose), window, main) {
            (_, None, None) => Step::Nothing,
            (Advice::Promote, Some(window), _) if !last => self.promote(&window),
            (Advice::Contest, Some(window), Some(main)) if !last => {
                self.contest(window, &main, purpose, enough)
            }
            (Advice::Sweep, _, Some(main)) if !last => {
                let (standing, slot) = self.standing(&main);
                if self.spare(&main, &standing) {
                    Step::Progress
                } else {
                    Step::Removed(self.evict(MAIN, &main, &standing, slot))
                }
            }
            (_, _, Some(main)) => {
                let (standing, slot) = self.standing(&main);
                Step::Removed(self.evict(MAIN, &main, &standing, slot))
            }
            (_, Some(window), None) => {
                let (standing, slot) = self.standing(&window);
                Step::Removed(self.evict(WINDOW, &window, &standing, slot))
            }
        }
    }

    /// What the policy says is to be done so that the shard holds less than it does.
    #[inline(always)]
    fn advice(&self, window: Option<&Known>, purpose: Purpose) -> Advice {
        let [new, old] = &self.state.logs;
        let kept = purpose.measure(new.kept);
        let (new, old) = (purpose.measure(new.live) - kept, purpose.measure(old.live) + kept);
        let wanted = match purpose {
            Purpose::Memory => self.arena().segment_words() as u64,
            Purpose::Entry => 1,
        };
        let limit = (new + old).saturating_sub(wanted);
        let oldest = window.map(|window| purpose.measure(window.entry.amount()));
        let levels = Levels { limit, window: new, main: old, wanted, oldest };
        self.state.policy.next(&levels).unwrap_or(Advice::Drop)
    }

    /// The oldest entry of a log that was not judged yet. Err if there is something else to be done first.
    #[inline(always)]
    fn oldest(&mut self, which: usize) -> Result<Option<Known<'a>>, Step> {
        loop {
            if let Some(known) = self.next_ahead(which) {
                if !self.has_expired(known.location) {
                    return Ok(Some(known));
                }
                let freed = self.remove_at(known.hash, known.location, Reason::Expired);
                return Err(Step::Removed(freed));
            }
            let number = self.state.logs[which].oldest;
            if number == NONE {
                return Ok(None);
            }
            if !self.look_ahead(which) {
                // All of the segment was judged.
                self.unlink(number, NONE);
                return Err(self.empty(number, MAIN));
            }
        }
    }

    /// The oldest entry of a log, if it is known.
    #[inline(always)]
    fn next_ahead(&mut self, which: usize) -> Option<Known<'a>> {
        loop {
            let Ahead { entries, left } = &self.state.logs[which].ahead;
            let &(location, hash) = entries[left.clone()].first()?;
            let entry = self.entry(location);
            if !entry.is_dead() {
                return Some(Known { hash, location, entry });
            }
            self.pass(which, location, entry.size());
        }
    }

    /// Moves the hand of a log past its oldest entry.
    fn pass(&mut self, which: usize, location: Location, size: usize) {
        let arena = self.arena();
        let log = &mut self.state.logs[which];
        log.hand = (arena.word(location) & (arena.segment_words() - 1)) + size;
        log.ahead.left.start += 1;
    }

    /// Finds the next entries of a log; false if there are none in its oldest segment.
    fn look_ahead(&mut self, which: usize) -> bool {
        let Resources { index, arena, .. } = self.resources;
        let Log { oldest, hand, .. } = self.state.logs[which];
        let mut count = 0;
        for (first, entry) in self.entries(oldest, hand).take(AHEAD) {
            let hash = self.hash(entry);
            _ = index.approach(arena, hash);
            self.state.policy.approach(hash);
            let ahead = &mut self.state.logs[which].ahead;
            ahead.entries[count] = (arena.location(oldest, first), hash);
            count += 1;
        }
        self.state.logs[which].ahead.left = 0..count;
        count > 0
    }

    #[inline(always)]
    fn standing(&mut self, known: &Known) -> (Standing, Slot) {
        let slot = self.slot_of(known);
        let hits = self.table().hits(slot) as u8;
        (Standing { hash: known.hash, record: known.entry.record(), hits }, slot)
    }

    /// The oldest entries of both logs meet, and as long as those of the window lose, they go all at once.
    #[inline(always)]
    fn contest(
        &mut self,
        mut window: Known<'a>,
        main: &Known,
        purpose: Purpose,
        enough: u64,
    ) -> Step {
        let room = purpose.measure(main.entry.amount());
        let (victim, main_slot) = self.standing(main);
        let (mut gone, mut last) = (Amount::default(), window.hash);
        let outcome = loop {
            let size = purpose.measure(window.entry.amount());
            let (candidate, slot) = self.standing(&window);
            let outcome = self.state.policy.contest((&candidate, size), (&victim, room));
            if outcome != Contest::Lost {
                break outcome;
            }
            self.state.policy.evict(&candidate, WINDOW);
            gone += self.end(&window, slot, Reason::Size);
            last = window.hash;
            self.pass(WINDOW, window.location, window.entry.size());
            if victim.hits > 0 || purpose.measure(gone) >= enough {
                break outcome;
            }
            match self.next_ahead(WINDOW) {
                Some(next) if !self.has_expired(next.location) => window = next,
                _ => break outcome,
            }
        };
        // Its slot is known until pages are merged.
        let mut freed = match outcome {
            Contest::Lost => 0,
            Contest::Won | Contest::Promoted => self.evict(MAIN, main, &victim, main_slot),
        };
        if gone.entries > 0 {
            let log = &mut self.state.logs[WINDOW];
            log.live -= gone;
            self.resources.arena.segment(log.oldest).remove_live(gone);
            freed += self.write_off(last, gone, Reason::Size);
        }
        match outcome {
            Contest::Lost => _ = self.spare(main, &victim),
            Contest::Won => {}
            Contest::Promoted => _ = self.promote(&window),
        }
        Step::Removed(freed)
    }

    /// Lets the oldest entry of the window have a place in the main log.
    fn promote(&mut self, known: &Known) -> Step {
        let (standing, slot) = self.standing(known);
        let record = self.state.policy.settle(&standing);
        self.stay(known.location, slot, record, 0);
        Step::Progress
    }

    /// Lets the oldest entry of the main log stay, if the policy does.
    #[inline(always)]
    fn spare(&mut self, known: &Known, standing: &Standing) -> bool {
        let Some(record) = self.state.policy.spares(standing) else { return false };
        let slot = self.slot_of(known);
        self.stay(known.location, slot, record, u64::from(standing.hits) - 1);
        true
    }

    /// Moves the oldest entry of a log to the new end of the main log, or leaves it where it is, if that has no room, until the end
    /// of the segment is reached.
    fn stay(&mut self, location: Location, slot: Slot, record: Record, left: u64) {
        self.table().change(slot, |location, hits| {
            *hits = left;
            location
        });
        self.entry(location).set_record(record);
        let amount = self.entry(location).amount();
        let size = amount.words;
        if !self.has_room(MAIN, size) && self.resources.bytes.has(self.arena().segment_bytes()) {
            let credit = &mut Credit::none(&self.resources.bytes);
            if let Some(segment) = self.new_segment(credit) {
                self.push(MAIN, segment);
            }
        }
        if self.has_room(MAIN, size) {
            return self.copy(slot, location, MAIN);
        }
        let log = self.segment_of(location).log();
        self.state.logs[log].kept += amount;
        self.pass(log, location, size);
    }

    fn evict(&mut self, log: usize, known: &Known, standing: &Standing, slot: Slot) -> u64 {
        self.state.policy.evict(standing, log);
        let freed = self.remove(known.hash, slot, Reason::Size);
        self.pass(log, known.location, known.entry.size());
        freed
    }

    /// Removes an entry that lives; the caller trims. Returns what that gave back to the byte budget.
    pub(super) fn remove_at(&mut self, hash: Hash, location: Location, why: Reason) -> u64 {
        let slot = self.slot_of(&Known { hash, location, entry: self.entry(location) });
        self.remove(hash, slot, why)
    }

    fn live(&self) -> Amount {
        let mut live = self.state.logs[WINDOW].live;
        live += self.state.logs[MAIN].live;
        live
    }

    /// Moves an entry to the newest segment of a log, which has room for it.
    fn copy(&mut self, slot: Slot, from: Location, log: usize) {
        let (arena, entry) = (self.arena(), self.entry(from));
        let size = arena.round(entry.needed_words());
        let to = self.place(log, Amount { words: size, ..entry.amount() }, |_| {});
        entry::relocate(arena.words(), arena.word(from), arena.word(to), size);
        self.table().change(slot, |_, _| to);
        let segment = self.segment_of(to);
        segment.set_earliest(segment.earliest().min(entry.times().first()));
        self.forget(from, entry.amount());
        entry.mark_dead();
    }

    /// Empties a segment of no log: its entries go to the newest segment of a log, as far as that has room, then the segment
    /// becomes the newest with what is left.
    fn empty(&mut self, number: u32, log: usize) -> Step {
        let segment = self.arena().segment(number);
        if segment.live().entries == 0 {
            return Step::Free(number);
        }
        // While it is worked upon it is in no log, but has one to be counted in.
        segment.set_log(log);
        self.state.logs[log].live += segment.live();
        let first = self.arena().first_entry();
        let (mut to, mut earliest) = (first, NEVER);
        for (from, entry) in self.entries(number, first) {
            let location = self.arena().location(number, from);
            let slot = self.slot_of(&Known { hash: self.hash(entry), location, entry });
            let size = self.arena().round(entry.needed_words());
            if to == first && self.has_room(log, size) {
                self.copy(slot, location, log);
                continue;
            }
            earliest = earliest.min(entry.times().first());
            let target = self.arena().location(number, to);
            let arena = self.arena();
            let saved = Amount { words: entry.size() - size, ..Amount::default() };
            self.table().change(slot, |location, _| {
                entry::relocate(arena.words(), arena.word(location), arena.word(target), size);
                target
            });
            segment.remove_live(saved);
            self.state.logs[log].live -= saved;
            to += size;
        }
        self.state.logs[log].live -= segment.live();
        if to == first {
            return Step::Free(number);
        }
        segment.set_filled(to);
        segment.set_earliest(earliest);
        self.link(log, number);
        Step::Progress
    }

    /// Empties the segment that has most unused.
    fn compact(&mut self) -> Step {
        let mut worst = None;
        for log in [WINDOW, MAIN] {
            let (mut before, mut number) = (NONE, self.state.logs[log].oldest);
            while number != NONE {
                let segment = self.arena().segment(number);
                let live = segment.live().words;
                let better = |&(least, ..): &(usize, u32, u32)| live < least;
                if number != self.state.logs[log].newest && worst.as_ref().is_none_or(better) {
                    worst = Some((live, number, before));
                }
                (before, number) = (number, segment.next());
            }
        }
        let Some((_, number, before)) = worst else { return Step::Nothing };
        let log = self.arena().segment(number).log();
        self.unlink(number, before);
        self.empty(number, log)
    }

    /// Removes one entry that the policy does not keep; false if there is none.
    pub(super) fn evict_entry(&mut self) -> bool {
        loop {
            match self.step(Purpose::Entry, 0) {
                Step::Removed(_) => return true,
                Step::Free(segment) => self.give(segment),
                Step::Progress => {}
                Step::Nothing => return false,
            }
        }
    }

    /// Gives memory of old entries back to the byte budget: of a large one, or a whole segment. With nothing left, the
    /// index goes too.
    pub(super) fn evict_memory(&mut self) {
        loop {
            match self.memory_step() {
                Step::Removed(0) | Step::Progress => {}
                Step::Removed(_) => return,
                Step::Free(segment) => return self.give(segment),
                Step::Nothing => {
                    self.drop_pages();
                    return self.fit_policy();
                }
            }
        }
    }

    pub(super) fn remove_and_trim(&mut self, hash: Hash, slot: Slot, why: Reason) {
        self.remove(hash, slot, why);
        self.trim();
    }

    /// How many home buckets there are in each page.
    pub(super) fn homes(&mut self) -> usize {
        self.table().homes()
    }

    /// Finds the entries of a home bucket in the first page from a place in the directory on, save those that belong before it,
    /// as in a page that was merged with the one before. Returns the place of the next page; None behind the last one.
    pub(super) fn at_home(
        &mut self,
        home: usize,
        place: usize,
        entries: &mut Vec<(Hash, Location)>,
    ) -> Option<usize> {
        entries.clear();
        let (arena, index) = (self.arena(), &self.resources.index);
        let next = {
            let table = self.table();
            let mut pages = table.pages_from(place);
            let (_, page) = pages.next()?;
            // All at once, since most are somewhere that nobody looked at lately.
            entries.extend(table.of_home(page, home).map(|slot| {
                let location = table.location(slot);
                prefetch(arena.words().as_ptr().wrapping_add(arena.word(location)));
                (Hash::default(), location)
            }));
            let next = pages.next();
            if let Some((_, page)) = next {
                table.prefetch(page, home);
            }
            next.map_or(table.places(), |(place, _)| place)
        };
        entries.retain_mut(|(hash, location)| {
            self.entry(*location).prefetch();
            *hash = self.hash(self.entry(*location));
            !self.has_expired(*location)
                && index.home(*hash) == home
                && self.table().place(*hash) >= place
        });
        Some(next)
    }

    /// Gives memory back that is not used for anything.
    #[inline(always)]
    pub(super) fn trim(&mut self) {
        if self.wastes_memory() {
            self.trim_waste();
        }
    }

    fn wastes_memory(&self) -> bool {
        let words = self.arena().segment_words();
        self.state.segments * words > self.live().words * 2 + 3 * words
    }

    #[inline(never)]
    fn trim_waste(&mut self) {
        while self.wastes_memory() {
            self.give_emptied();
            match self.compact() {
                Step::Free(segment) => self.give(segment),
                Step::Removed(_) | Step::Progress => {}
                Step::Nothing => return,
            }
        }
    }

    #[inline(always)]
    pub(super) fn expire_due(&mut self) {
        if self.state.earliest != NEVER {
            self.expire();
        }
    }

    /// Removes what has expired, if enough may have.
    #[inline(never)]
    fn expire(&mut self) {
        let now = self.resources.clock.now();
        if now >= self.state.earliest {
            self.expire_by(now);
        }
    }

    /// Removes all that has expired.
    pub(super) fn clean_up(&mut self) {
        let now = self.resources.clock.now();
        if now >= self.state.earliest || self.state.waits {
            self.expire_by(now);
        }
    }

    fn expire_by(&mut self, now: u64) {
        let mut next = NEVER;
        for log in [WINDOW, MAIN] {
            let mut number = self.state.logs[log].oldest;
            while number != NONE {
                let segment = self.arena().segment(number);
                if segment.earliest() <= now {
                    let earliest = self.expire_segment(number, now);
                    segment.set_earliest(earliest);
                }
                next = next.min(segment.earliest());
                number = segment.next();
            }
        }
        // Where entries expire all the time, they wait for each other a little.
        let pause = now.saturating_add(EXPIRY_PAUSE);
        self.state.waits = next < pause;
        self.state.earliest = if next == NEVER { next } else { next.max(pause) };
        self.trim();
    }

    fn expire_segment(&mut self, number: u32, now: u64) -> u64 {
        let mut earliest = NEVER;
        for (first, entry) in self.entries(number, self.arena().first_entry()) {
            let end = entry.times().first();
            if end > now {
                earliest = earliest.min(end);
                continue;
            }
            let location = self.arena().location(number, first);
            self.remove_at(self.hash(entry), location, Reason::Expired);
        }
        earliest
    }

    /// Removes all entries and gives all memory back. Without a reason, nobody is told.
    pub(super) fn clear(&mut self, why: Option<Reason>) {
        self.drop_pages();
        self.give_emptied();
        for log in [WINDOW, MAIN] {
            while self.state.logs[log].oldest != NONE {
                let number = self.state.logs[log].oldest;
                for (first, _) in self.entries(number, self.arena().first_entry()) {
                    self.bury(self.arena().location(number, first), why);
                    self.release_entries(1);
                }
                self.unlink(number, NONE);
                self.give(number);
            }
        }
        self.fit_policy();
    }

    /// Makes the index empty and gives its memory back.
    fn drop_pages(&mut self) {
        for page in self.table().clear() {
            self.give(page);
        }
    }

    /// Makes the policy one for about as many entries as there are, if it can be paid for.
    #[inline(always)]
    fn fit_policy(&mut self) {
        let entries = self.live().entries.max(1);
        let known = self.state.policy_entries;
        if entries > known || entries * 2 < known {
            self.resize_policy(entries, known);
        }
    }

    #[inline(never)]
    fn resize_policy(&mut self, entries: usize, known: usize) {
        let grows = entries > known;
        // Entries come one at a time, and may go all at once.
        let expected = self.expected.min(2 * entries);
        let entries = if grows { (entries + entries / 4).max(expected) } else { entries };
        let (old, new) = (Policy::bytes(known) as u64, Policy::bytes(entries) as u64);
        let (more, less) = (new.saturating_sub(old), old.saturating_sub(new));
        let bytes = &self.resources.bytes;
        if grows && !bytes.try_reserve(more) {
            return;
        }
        if !self.state.policy.resize(entries) {
            bytes.release(more);
            return;
        }
        self.state.policy_entries = entries;
        bytes.release(less);
        self.held.bytes.fetch_add(more, Ordering::Relaxed);
        self.held.bytes.fetch_sub(less, Ordering::Relaxed);
    }
}

#[cfg(test)]
impl Unlocked {
    /// Replaces a value where it lies as `go/cache/write.go` does; false if nothing was done.
    pub(super) fn overwrite(
        &self,
        number: usize,
        resources: &Resources,
        hash: Hash,
        new: &NewEntry,
    ) -> bool {
        let Resources { arena, index, .. } = resources;
        let entry = |location| Entry::at(arena.words().get(arena.word(location)..)?);
        let sight = index.approach(arena, hash).and_then(|path| {
            path.sight(hash, |location| {
                entry(location).is_some_and(|entry| entry.value_of(new.key).is_some())
            })
        });
        let Some(sight) = sight else { return false };
        let Some(mut state) = self.state.try_write() else { return false };
        if !sight.holds() {
            return false;
        }
        let State { version, counts, pages, .. } = &mut *state;
        let table = Table { index, arena, shard: number, pages };
        let found = entry(sight.location).filter(|entry| entry.takes(new));
        let Some(entry) = found else { return false };
        *version += 1;
        counts.sets += 1;
        table.change(sight.slot(index, hash), |location, hits| {
            entry.overwrite(new, None, *version);
            *hits += 1;
            location
        });
        true
    }
}

/// In a shard of fewer segments, one is too much to be kept empty.
const LEAST_PACED: usize = 16;

/// How many entries come before others are evicted for them.
const PACE: usize = 16;

/// Of how many entries the hashes are found at once.
const AHEAD: usize = 16;

/// The least time between two searches for expired entries, in nanoseconds.
const EXPIRY_PAUSE: u64 = 20_000_000;

#[cfg(test)]
impl Shard<'_> {
    /// Checks that logs, index and counters agree. Returns the bytes that the shard holds, and its entries.
    pub(super) fn audit(&mut self) -> (u64, u64) {
        let (mut segments, mut entries, mut mapped, mut expiring) = (0, 0, 0, 0);
        for log in [WINDOW, MAIN] {
            let mut number = self.state.logs[log].oldest;
            let (mut last, mut all_live) = (NONE, Amount::default());
            while number != NONE {
                let segment = self.arena().segment(number);
                assert_eq!(segment.log(), log);
                let (mut offset, mut live, mut kept) =
                    (self.arena().first_entry(), Amount::default(), Amount::default());
                while offset < segment.filled() {
                    let location = self.arena().location(number, offset);
                    let entry = self.entry(location);
                    if !entry.is_dead() {
                        live += entry.amount();
                        if offset < self.state.logs[log].hand {
                            kept += entry.amount();
                        }
                        mapped += entry.mapped_bytes() as u64;
                        entries += 1;
                        expiring += u64::from(entry.times() != Times::NEVER);
                        assert!(segment.earliest() <= entry.times().first());
                        let latest = entry.times().first().saturating_add(EXPIRY_PAUSE);
                        assert!(self.state.earliest <= latest);
                        let hash = self.hash(entry);
                        let slot = self.slot_of(&Known { hash, location, entry });
                        assert_eq!(slot.number, entry.slot());
                        let Ahead { entries, left } = &self.state.logs[log].ahead;
                        let known = entries[left.clone()].iter().find(|known| known.0 == location);
                        assert!(last != NONE || known.is_none_or(|known| known.1 == hash));
                    }
                    offset += entry.size();
                }
                assert_eq!(offset, segment.filled());
                assert_eq!(live, segment.live());
                if last == NONE {
                    assert_eq!(kept, self.state.logs[log].kept);
                }
                all_live += live;
                segments += 1;
                (last, number) = (number, segment.next());
            }
            assert_eq!(last, self.state.logs[log].newest);
            assert_eq!(all_live, self.state.logs[log].live);
        }
        assert_eq!(segments, self.state.segments);
        assert_eq!(expiring, self.state.counts.expiring);
        let pages = self.table().audit();
        assert_eq!(pages.1, entries);
        let policy = Policy::bytes(self.state.policy_entries) as u64;
        let emptied = usize::from(self.state.emptied.is_some());
        let bytes =
            (segments + emptied + pages.0) as u64 * self.arena().segment_bytes() + mapped + policy;
        (bytes, entries as u64)
    }
}
