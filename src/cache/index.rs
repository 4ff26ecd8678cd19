//! Finds entries by key: a table of buckets, each in one line of the processor's cache, which readers look at without
//! a lock.
//!
//! The upper bits of a key's hash choose a page of buckets in the directory, others a bucket of the page. A bucket has ten
//! slots, with a tag of twelve bits of the hash and the location of the entry each. An entry whose bucket is full is in one of the
//! next ones of the page; a bucket counts the entries that passed it by. A page that is full is split
//! into two (extendible hashing), so that no operation waits for more than one page.
//!
//! Writers have the lock of the shard. They mark a bucket while they change it or the entries that it
//! has; a reader takes what it found for true only if the bucket was not marked meanwhile, and has not changed
//! (a sequence lock). Hits are counted in the bucket as well, so that they cost no other line.

use std::sync::atomic::{Ordering, fence};
use std::{hint, iter};

use super::arena::{Arena, Location, NONE};
use super::entry;
use super::hash::{Hash, Secret};
use super::sync::AtomicU64;
use super::words::{load, prefetch, store};

const SLOTS: usize = 10;
/// Words of a bucket: one that says what state it is in, two with five tags each, five with two locations each.
const BUCKET: usize = 8;
const TAG_BITS: u32 = 12;
/// A one in each of five tags.
const ONES: u64 = 0x0001_0010_0100_1001;
/// Multiplied by that, bits so far apart lie side by side, from [`GATHERED`] on.
const GATHER: u64 = 1 << 50 | 1 << 39 | 1 << 28 | 1 << 17 | 1 << 6;
const GATHERED: u32 = 50;

/// How many hits of an entry are counted.
pub(super) const MOST_HITS: u64 = 3;
/// Two bits for each slot.
const HITS: u64 = (1 << (2 * SLOTS)) - 1;
/// Eight bits for the entries that passed the bucket by; at the most it stays, as it is not known any more.
const PASSED: u64 = 1 << (2 * SLOTS);
const MOST_PASSED: u64 = 255;
const WRITING: u64 = PASSED << 8;
/// The rest counts changes.
const CHANGE: u64 = WRITING << 1;

/// What a reader has to know of all that.
pub(super) const LAYOUT: [u64; 5] = [SLOTS as u64, BUCKET as u64, TAG_BITS as u64, PASSED, WRITING];

/// How often a reader looks whether a writer is done, before it waits for the lock.
const PATIENCE: u32 = 100;

/// A bucket, at the words that it is made of.
#[derive(Clone, Copy)]
struct Bucket<'a>(&'a [AtomicU64; BUCKET]);

impl<'a> Bucket<'a> {
    fn state(self) -> u64 {
        load(&self.0[0])
    }

    /// The slots that have a tag, maybe with others that are free.
    #[inline]
    fn matches(self, tag: u64) -> Matches {
        const LOW: u64 = ONES * 0x7FF;
        let half = |word: &AtomicU64| {
            let difference = load(word) ^ (tag * ONES);
            // The uppermost bit of a tag is set where the tag differs.
            let differs = ((difference & LOW) + LOW) | difference;
            (!differs >> (TAG_BITS - 1)) & ONES
        };
        let both = half(&self.0[1]) | half(&self.0[2]) << (SLOTS / 2);
        Matches((both.wrapping_mul(GATHER) >> GATHERED) & ((1 << SLOTS) - 1))
    }

    /// The slots that have a tag and an entry.
    #[inline(always)]
    fn entries(self, tag: u64) -> impl Iterator<Item = (usize, Location)> + use<'a> {
        let all = self.matches(tag).map(move |slot| (slot, self.location(slot)));
        all.filter(|&(_, location)| location != FREE)
    }

    #[inline]
    fn location(self, slot: usize) -> Location {
        Location((load(&self.0[3 + slot / 2]) >> (slot % 2 * 32)) as u32)
    }

    fn set_location(self, slot: usize, location: Location) {
        put(&self.0[3 + slot / 2], slot % 2 * 32, u32::MAX.into(), location.0.into());
    }

    fn set_tag(self, slot: usize, tag: u64) {
        put(&self.0[1 + slot / 5], slot % 5 * TAG_BITS as usize, (1 << TAG_BITS) - 1, tag);
    }

    fn free(self) -> Option<usize> {
        (0..SLOTS).find(|&slot| self.location(slot) == FREE)
    }

    /// Changes the bucket, or entries that it has. `change` gets and returns the counts of hits and passers-by.
    fn write<R>(self, change: impl FnOnce(&mut u64) -> R) -> R {
        // There was no mark, and a sum takes one instruction.
        let before = self.0[0].fetch_add(WRITING, Ordering::Acquire);
        // Who sees anything of the change sees the mark.
        fence(Ordering::Release);
        let mut counts = before & (WRITING - 1);
        let result = change(&mut counts);
        let changes = (before & !(CHANGE - 1)).wrapping_add(CHANGE);
        self.0[0].store(changes | counts, Ordering::Release);
        // Who sees what is done later, with the memory of an entry that went, sees the change.
        fence(Ordering::Release);
        result
    }
}

/// The bucket with this place in the arena.
#[inline]
fn bucket(arena: &Arena, number: usize) -> Bucket<'_> {
    let (buckets, _) = arena.words().as_chunks();
    Bucket(&buckets[number])
}

/// Slots of a bucket, a bit for each.
struct Matches(u64);

impl Iterator for Matches {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let slot = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (slot < SLOTS as u32).then_some(slot as usize)
    }
}

/// Replaces the bits of a word that `mask`, shifted, has.
fn put(word: &AtomicU64, shift: usize, mask: u64, value: u64) {
    store(word, load(word) & !(mask << shift) | value << shift);
}

/// The location in a free slot.
const FREE: Location = Location(0);

/// Where the index has an entry, as long as the shard's lock is held and nothing is removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    /// The bucket's place in the arena.
    bucket: usize,
    /// Which one it is in the bucket.
    pub number: usize,
}

fn slots_of(bucket: usize) -> impl Iterator<Item = Slot> {
    (0..SLOTS).map(move |number| Slot { bucket, number })
}

/// What is known of a page at a place in the directory.
#[derive(Clone, Copy, Default)]
pub(super) struct Page {
    /// At the first of the page's places only.
    entries: u32,
    /// How many bits of the shard's part of the directory choose the page.
    depth: u32,
}

/// The pages of a shard; accessed with its lock held.
#[derive(Default)]
pub(super) struct Pages(Box<[Page]>);

/// What a page for another entry is wanted for.
pub(super) enum Wanted {
    Nothing,
    Page,
    /// It is not needed yet, but will be if as many entries come as are expected.
    EarlyPage,
    /// As many pages as there can be are full: an entry has to go first.
    Removal,
}

pub(super) struct Index {
    /// Numbers of segments with a page each in the lower halves, NONE if there is none, and generations in the upper ones: a segment that
    /// is a page again after it was something else is another page.
    directory: Box<[AtomicU64]>,
    generation: AtomicU64,
    /// How many places of the directory each shard has, as a power of two.
    shard_shift: u32,
    secret: Secret,
    buckets: usize,
}

impl Index {
    /// `shards` is a power of two; `per_shard` the most pages of a shard.
    pub(super) fn new(shards: usize, per_shard: usize, arena: &Arena) -> Self {
        let per_shard = per_shard.next_power_of_two();
        Index {
            directory: (0..shards * per_shard).map(|_| AtomicU64::new(NONE.into())).collect(),
            generation: AtomicU64::new(0),
            shard_shift: per_shard.ilog2(),
            secret: Secret::new(),
            buckets: arena.segment_words() / BUCKET,
        }
    }

    /// What the index takes before it holds any entry.
    pub(super) fn overhead(&self) -> usize {
        self.directory.len() * (size_of::<AtomicU64>() + size_of::<Page>())
    }

    pub(super) fn pages(&self) -> Pages {
        Pages(vec![Page::default(); 1 << self.shard_shift].into_boxed_slice())
    }

    /// Directory and hash.
    pub(super) fn parts(&self) -> (&[AtomicU64], Secret) {
        (&self.directory, self.secret)
    }

    #[inline]
    pub(super) fn hash(&self, key: &[u8]) -> Hash {
        self.secret.hash(key)
    }

    /// The number of the shard that has the entries of a hash.
    pub(super) fn shard(&self, hash: Hash) -> usize {
        self.place(hash) >> self.shard_shift
    }

    pub(super) fn shard_shift(&self) -> u32 {
        self.shard_shift
    }

    /// The place in the directory.
    fn place(&self, hash: Hash) -> usize {
        ((u128::from(hash.0) * self.directory.len() as u128) >> 64) as usize
    }

    pub(super) fn home(&self, hash: Hash) -> usize {
        (hash.0 >> TAG_BITS) as usize & (self.buckets - 1)
    }

    /// The first bucket of a page, which is as long as the buckets that it has.
    fn first_bucket(&self, page: u32) -> usize {
        page as usize * self.buckets
    }

    /// The buckets of a page with this first one, from a home on.
    fn chain(&self, first: usize, home: usize) -> impl Iterator<Item = usize> + use<> {
        let mask = self.buckets - 1;
        (home..home + self.buckets).map(move |number| first + (number & mask))
    }

    fn page(&self, hash: Hash) -> u32 {
        load(&self.directory[self.place(hash)]) as u32
    }

    /// The word in the directory that makes a segment a page that never was before.
    fn new_page(&self, segment: u32) -> u64 {
        let generation = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        generation << 32 | u64::from(segment)
    }

    /// The first bucket for a hash, which the processor is asked for; None if there is none.
    #[inline(always)]
    pub(super) fn approach<'a>(&'a self, arena: &'a Arena, hash: Hash) -> Option<Path<'a>> {
        let place = &self.directory[self.place(hash)];
        let word = place.load(Ordering::Acquire);
        let page = word as u32;
        let number = (page != NONE).then(|| self.first_bucket(page) + self.home(hash))?;
        let bucket = bucket(arena, number);
        prefetch(bucket.0.as_ptr());
        Some(Path { place, word, bucket })
    }

    /// Looks for an entry without a lock. `visit` gets locations, in which there may be anything, and returns whether it was
    /// a hit if it recognised the entry. True if it did and that can be relied upon, false if there is no such entry. Err if a writer
    /// keeps the reader waiting: then the lock is to be taken.
    #[inline]
    pub(super) fn read(
        &self,
        arena: &Arena,
        hash: Hash,
        mut visit: impl FnMut(Location) -> Option<bool>,
    ) -> Result<bool, Contended> {
        let place = &self.directory[self.place(hash)];
        let tag = tag(hash);
        let mut patience = PATIENCE;
        'again: loop {
            let word = place.load(Ordering::Acquire);
            let page = word as u32;
            if page == NONE {
                return Ok(false);
            }
            for number in self.chain(self.first_bucket(page), self.home(hash)) {
                let bucket = bucket(arena, number);
                let look = Path { place, word, bucket }.look();
                let state = look.state;
                let mut found = None;
                if state & WRITING == 0 {
                    found = bucket
                        .entries(tag)
                        .find_map(|(slot, location)| Some((slot, visit(location)?)));
                }
                if state & WRITING != 0 || !look.holds() {
                    patience = patience.checked_sub(1).ok_or(Contended)?;
                    hint::spin_loop();
                    continue 'again;
                }
                if let Some((slot, hit)) = found {
                    if hit {
                        look.count_hit(slot);
                    }
                    return Ok(true);
                }
                if state & (WRITING - PASSED) == 0 {
                    break;
                }
            }
            return Ok(false);
        }
    }
}

/// A bucket in a page that the directory had.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    place: &'a AtomicU64,
    word: u64,
    bucket: Bucket<'a>,
}

impl<'a> Path<'a> {
    #[inline(always)]
    fn look(self) -> Look<'a> {
        Look { path: self, state: self.bucket.0[0].load(Ordering::Acquire) }
    }

    /// The first entry for a hash in the bucket that `visit` says yes to.
    #[inline(always)]
    pub(super) fn sight(
        self,
        hash: Hash,
        mut visit: impl FnMut(Location) -> bool,
    ) -> Option<Sight<'a>> {
        let look = self.look();
        if look.state & WRITING != 0 {
            return None;
        }
        let mut entries = self.bucket.entries(tag(hash));
        let (slot, location) = entries.find(|&(_, location)| visit(location))?;
        Some(Sight { look, slot, location })
    }
}

/// A look into a bucket.
#[derive(Clone, Copy)]
struct Look<'a> {
    path: Path<'a>,
    state: u64,
}

impl Look<'_> {
    /// Whether all is what it was, and so what was read since then.
    #[inline]
    fn holds(self) -> bool {
        fence(Ordering::Acquire);
        // The entry, or all of the page, may have gone elsewhere meanwhile.
        let Path { place, word, bucket } = self.path;
        (bucket.state() ^ self.state) & !HITS == 0 && load(place) == word
    }

    #[inline]
    fn count_hit(self, slot: usize) {
        let one = 1 << (2 * slot);
        if (self.state >> (2 * slot)) & MOST_HITS != MOST_HITS {
            // If another thread counts or changes something at this moment, so be it.
            let counted = (self.state + one, Ordering::Relaxed);
            let word = &self.path.bucket.0[0];
            let _ = word.compare_exchange(self.state, counted.0, counted.1, counted.1);
        }
    }
}

/// An entry that was found in the first bucket for its hash.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    look: Look<'a>,
    slot: usize,
    pub location: Location,
}

impl Sight<'_> {
    /// Whether what was read there since can be relied upon.
    #[inline]
    pub(super) fn holds(&self) -> bool {
        self.look.holds()
    }

    #[inline]
    pub(super) fn count_hit(&self) {
        self.look.count_hit(self.slot);
    }

    #[cfg(test)]
    pub(super) fn slot(&self, index: &Index, hash: Hash) -> Slot {
        let bucket = index.first_bucket(self.look.path.word as u32) + index.home(hash);
        Slot { bucket, number: self.slot }
    }
}

/// A writer keeps a reader waiting.
pub(super) struct Contended;

fn tag(hash: Hash) -> u64 {
    hash.0 & ((1 << TAG_BITS) - 1)
}

/// The part of the index that belongs to a shard whose lock is held.
pub(super) struct Table<'a> {
    pub index: &'a Index,
    pub arena: &'a Arena,
    pub shard: usize,
    pub pages: &'a mut Pages,
}

impl<'a> Table<'a> {
    fn bucket(&self, number: usize) -> Bucket<'a> {
        bucket(self.arena, number)
    }

    /// The buckets of a page from the home of a hash on.
    fn chain(&self, page: u32, hash: Hash) -> impl Iterator<Item = usize> + use<> {
        self.index.chain(self.index.first_bucket(page), self.index.home(hash))
    }

    /// The first place of a hash's page in the shard's part of the directory, and how many it has.
    fn span(&self, hash: Hash) -> (usize, usize) {
        let place = self.place(hash);
        let count = self.pages.0.len() >> self.pages.0[place].depth;
        (place & !(count - 1), count)
    }

    fn first_place(&self) -> usize {
        self.shard << self.index.shard_shift
    }

    /// The slot of an entry that `visit` recognises.
    pub(super) fn find(&self, hash: Hash, mut visit: impl FnMut(Location) -> bool) -> Option<Slot> {
        let page = self.index.page(hash);
        if page == NONE {
            return None;
        }
        for number in self.chain(page, hash) {
            let bucket = self.bucket(number);
            let mut entries = bucket.entries(tag(hash));
            if let Some((slot, _)) = entries.find(|&(_, location)| visit(location)) {
                return Some(Slot { bucket: number, number: slot });
            }
            if bucket.state() & (WRITING - PASSED) == 0 {
                return None;
            }
        }
        None
    }

    /// The slot of the entry at a location, which is likely to be this one of its first bucket.
    #[inline(always)]
    pub(super) fn slot_of(&self, hash: Hash, location: Location, number: usize) -> Option<Slot> {
        let bucket = self.index.first_bucket(self.index.page(hash)) + self.index.home(hash);
        if number < SLOTS && self.bucket(bucket).location(number) == location {
            return Some(Slot { bucket, number });
        }
        self.find(hash, |found| found == location)
    }

    /// The slots of a page that have entries.
    fn slots(&self, page: u32) -> impl Iterator<Item = Slot> + '_ {
        let all = self.index.chain(self.index.first_bucket(page), 0).flat_map(slots_of);
        all.filter(|&slot| self.location(slot) != FREE)
    }

    pub(super) fn location(&self, slot: Slot) -> Location {
        self.bucket(slot.bucket).location(slot.number)
    }

    /// Hits since the entry was stored, or since they were last set.
    #[inline]
    pub(super) fn hits(&self, slot: Slot) -> u64 {
        (self.bucket(slot.bucket).state() >> (2 * slot.number)) & MOST_HITS
    }

    /// Changes an entry, its hits or where it is while readers keep off; `change` returns where it is then.
    pub(super) fn change(&self, slot: Slot, change: impl FnOnce(Location, &mut u64) -> Location) {
        let bucket = self.bucket(slot.bucket);
        let shift = 2 * slot.number;
        bucket.write(|counts| {
            let mut hits = (*counts >> shift) & MOST_HITS;
            let location = change(bucket.location(slot.number), &mut hits);
            *counts = *counts & !(MOST_HITS << shift) | hits.min(MOST_HITS) << shift;
            bucket.set_location(slot.number, location);
        });
    }

    /// What an insertion needs first, where so many entries of the shard are expected.
    #[inline]
    pub(super) fn wanted(&self, hash: Hash, expected: usize) -> Wanted {
        if self.index.page(hash) == NONE {
            return Wanted::Page;
        }
        let slots = self.index.buckets * SLOTS;
        let (first, count) = self.span(hash);
        let Page { entries, depth } = self.pages.0[first];
        let entries = entries as usize;
        if entries < slots / 8 * 7 {
            let share = expected >> depth;
            if share >= slots / 8 * 7 && count > 1 { Wanted::EarlyPage } else { Wanted::Nothing }
        } else if count > 1 {
            Wanted::Page
        } else if entries < slots {
            Wanted::Nothing
        } else {
            Wanted::Removal
        }
    }

    /// Adds an entry to a page that has a free slot.
    pub(super) fn insert(&mut self, hash: Hash, location: Location, hits: u64) {
        let (first, _) = self.span(hash);
        self.pages.0[first].entries += 1;
        self.put(self.index.page(hash), hash, location, hits);
    }

    fn put(&self, page: u32, hash: Hash, location: Location, hits: u64) {
        for number in self.chain(page, hash) {
            let bucket = self.bucket(number);
            if let Some(slot) = bucket.free() {
                entry::note_slot(&self.arena.words()[self.arena.word(location)], slot);
                return bucket.write(|counts| {
                    bucket.set_tag(slot, tag(hash));
                    bucket.set_location(slot, location);
                    *counts |= hits << (2 * slot);
                });
            }
            bucket.write(|counts| {
                if *counts / PASSED < MOST_PASSED {
                    *counts += PASSED;
                }
            });
        }
        unreachable!("the page has a free slot");
    }

    /// Removes an entry.
    pub(super) fn remove(&mut self, hash: Hash, slot: Slot) {
        let (first, _) = self.span(hash);
        self.pages.0[first].entries -= 1;
        self.take(hash, slot);
    }

    fn take(&self, hash: Hash, slot: Slot) {
        let bucket = self.bucket(slot.bucket);
        bucket.write(|counts| {
            bucket.set_location(slot.number, FREE);
            *counts &= !(MOST_HITS << (2 * slot.number));
        });
        let first = slot.bucket & !(self.index.buckets - 1);
        let chain = self.index.chain(first, self.index.home(hash));
        for number in chain.take_while(|&number| number != slot.bucket) {
            self.bucket(number).write(|counts| {
                if *counts / PASSED < MOST_PASSED {
                    *counts -= PASSED;
                }
            });
        }
    }

    /// Makes a segment a page: the first one, or one that half of the entries of a hash's page go to. `hash_of` gives
    /// the hash of the entry at a location.
    pub(super) fn add_page(
        &mut self,
        hash: Hash,
        segment: u32,
        hash_of: impl Fn(Location) -> Hash,
    ) {
        let word = self.index.new_page(segment);
        for bucket in self.arena.segment_at(segment).chunks(BUCKET) {
            bucket.iter().for_each(|word| store(word, 0));
            // Nor does a bucket count its changes from where another one did that was there before.
            store(&bucket[0], (word >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15) & !(CHANGE - 1));
        }
        let directory = &self.index.directory[self.first_place()..][..self.pages.0.len()];
        let old = self.index.page(hash);
        if old == NONE {
            // Who finds the page finds it empty.
            directory.iter().for_each(|place| place.store(word, Ordering::Release));
            return;
        }
        let (first, count) = self.span(hash);
        let half = first + count / 2;
        let goes = |hash| self.place(hash) >= half;
        let slots: Vec<_> = self.slots(old).collect();
        let mut moved = Vec::new();
        for slots in slots.chunks(SLOTS) {
            for &slot in slots {
                prefetch(&self.arena.words()[self.arena.word(self.location(slot))]);
            }
            for &slot in slots {
                let location = self.location(slot);
                let hash = hash_of(location);
                if goes(hash) {
                    self.put(segment, hash, location, self.hits(slot));
                    moved.push((hash, slot));
                }
            }
        }
        directory[half..first + count]
            .iter()
            .for_each(|place| place.store(word, Ordering::Release));
        // Who misses what is removed from here looks into the directory again.
        moved.iter().for_each(|&(hash, slot)| self.take(hash, slot));
        let moved = moved.len() as u32;
        let pages = &mut self.pages.0;
        pages[first..first + count].iter_mut().for_each(|page| page.depth += 1);
        pages[first].entries -= moved;
        pages[half].entries = moved;
    }

    /// Whether a hash's page and the one that it was split from would fit one page easily.
    pub(super) fn is_sparse(&self, hash: Hash) -> bool {
        let (first, count) = self.span(hash);
        let pages = &self.pages.0;
        if count == pages.len() {
            return false;
        }
        let (page, other) = (pages[first], pages[first ^ count]);
        let slots = self.index.buckets * SLOTS;
        page.depth == other.depth && ((page.entries + other.entries) as usize) < slots / 8 * 3
    }

    /// Makes one page of two that are sparse, and returns the segment of the other. `hash_of` gives the hash of the entry at a
    /// location.
    pub(super) fn merge(&mut self, hash: Hash, hash_of: impl Fn(Location) -> Hash) -> u32 {
        let (first, count) = self.span(hash);
        let (stays, goes) = (first & !count, first | count);
        let directory = &self.index.directory[self.first_place()..][..self.places()];
        let (word, other) = (load(&directory[stays]), load(&directory[goes]) as u32);
        let page = word as u32;
        for slot in self.slots(other) {
            let location = self.location(slot);
            self.put(page, hash_of(location), location, self.hits(slot));
        }
        directory[goes..goes + count].iter().for_each(|place| place.store(word, Ordering::Release));
        // Who sees what is done with the page's memory sees that it is none any more.
        fence(Ordering::Release);
        let pages = &mut self.pages.0;
        pages[stays].entries += std::mem::take(&mut pages[goes].entries);
        pages[stays..goes + count].iter_mut().for_each(|page| page.depth -= 1);
        other
    }

    /// How many places the shard has in the directory.
    pub(super) fn places(&self) -> usize {
        self.pages.0.len()
    }

    pub(super) fn homes(&self) -> usize {
        self.index.buckets
    }

    /// The place of a hash in the shard's part of the directory.
    pub(super) fn place(&self, hash: Hash) -> usize {
        self.index.place(hash) & (self.pages.0.len() - 1)
    }

    /// The pages from a place in the directory on, with the first place of each that is not before it.
    pub(super) fn pages_from(&self, place: usize) -> impl Iterator<Item = (usize, u32)> + '_ {
        let directory = &self.index.directory[self.first_place()..][..self.places()];
        let mut place = place;
        iter::from_fn(move || {
            let first = place;
            let page = load(directory.get(first)?) as u32;
            let places = self.places() >> self.pages.0[first].depth;
            place = (first | (places - 1)) + 1;
            (page != NONE).then_some((first, page))
        })
    }

    /// Asks the processor for a bucket of a page.
    pub(super) fn prefetch(&self, page: u32, bucket: usize) {
        prefetch(self.bucket(self.index.first_bucket(page) + bucket).0.as_ptr());
    }

    /// The entries of a page whose home is a bucket, maybe among others of which it is not.
    pub(super) fn of_home(&self, page: u32, home: usize) -> impl Iterator<Item = Slot> + '_ {
        let mut more = true;
        let chain =
            self.index.chain(self.index.first_bucket(page), home).take_while(move |&number| {
                std::mem::replace(&mut more, self.bucket(number).state() & (WRITING - PASSED) != 0)
            });
        let slots = chain.flat_map(slots_of);
        slots.filter(|&slot| self.location(slot) != FREE)
    }

    /// Makes the index of the shard empty, and returns the segments that it had.
    pub(super) fn clear(&mut self) -> Vec<u32> {
        let pages = self.pages_from(0).map(|(_, page)| page).collect();
        let directory = &self.index.directory[self.first_place()..][..self.pages.0.len()];
        directory.iter().for_each(|place| store(place, NONE.into()));
        fence(Ordering::Release);
        self.pages.0.fill(Page::default());
        pages
    }
}

#[cfg(test)]
impl Table<'_> {
    /// Checks the books of the pages. Returns how many pages and entries there are.
    pub(super) fn audit(&self) -> (usize, usize) {
        let (mut pages, mut entries) = (0, 0);
        for (place, page) in self.pages_from(0) {
            let taken = self.slots(page).count();
            assert_eq!(taken, self.pages.0[place].entries as usize);
            pages += 1;
            entries += taken;
        }
        (pages, entries)
    }
}
