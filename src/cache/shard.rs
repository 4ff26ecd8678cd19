//! One shard: its part of the index, and the log of its entries, a queue of segments.
//!
//! New entries are added to the newest segment. When there is no memory for another one, the oldest is swept:
//! entries that were read since the last sweep get a second chance, the others go; what is left slides to the
//! segment's start, and the segment becomes the newest. (CLOCK, Corbató 1968, a segment at a time.)

use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use dashmap::{RwLockWriteGuard, SharedValue};

use super::arena::{Arena, Budget, Credit, Location, Mapping, NONE, Segment};
use super::clock::{Clock, NEVER};
use super::entry::{Entry, Hash, MAPPED_SIZE, NewEntry};
use super::index::Table;
use super::stats::{Counters, count};

/// What all shards take from.
pub(super) struct Resources {
    pub bytes: Budget,
    pub entries: Budget,
    pub arena: Arena,
    pub clock: Clock,
}

impl Resources {
    /// The entry at a location.
    ///
    /// # Safety
    /// The location comes from the table of a shard whose lock is held as long as the result lives.
    pub(super) unsafe fn entry(&self, location: Location) -> Entry {
        // SAFETY: the index has only locations at which entries were written.
        unsafe { Entry::at(self.arena.pointer(location)) }
    }
}

/// The queue of a shard's segments.
pub(super) struct Log {
    oldest: u32,
    newest: u32,
    /// How far the sweep got in the oldest segment, and how many bytes before that stay.
    hand: u32,
    kept: u32,
    /// What the table takes from the system.
    table_bytes: u64,
}

impl Default for Log {
    fn default() -> Self {
        Log { oldest: NONE, newest: NONE, hand: 0, kept: 0, table_bytes: 0 }
    }
}

/// What an entry could not be stored for; whoever gets it for the shard may try again.
#[derive(Debug)]
pub(super) enum Need {
    /// This much of the byte budget.
    Bytes(u64),
    /// One of the entries that the cache may hold.
    Entry,
    /// The system refused memory.
    System,
}

/// Why an entry goes.
#[derive(Clone, Copy)]
enum Removal {
    Deleted,
    Evicted,
    Expired,
}

/// What became of the entry that a sweep came to.
enum Swept {
    /// It was removed, which gave this much back to the byte budget.
    Removed(u64),
    /// The entry there was read since the last sweep.
    Kept(Location),
    /// There was none: the segment is at its end.
    End,
}

/// A shard that is locked for writing.
pub(super) struct Shard<'a> {
    table: RwLockWriteGuard<'a, Table>,
    log: &'a mut Log,
    counters: &'a Counters,
    resources: &'a Resources,
}

impl<'a> Shard<'a> {
    pub(super) fn new(
        table: RwLockWriteGuard<'a, Table>,
        log: &'a mut Log,
        counters: &'a Counters,
        resources: &'a Resources,
    ) -> Self {
        Shard { table, log, counters, resources }
    }

    fn arena(&self) -> &'a Arena {
        &self.resources.arena
    }

    fn entry(&self, location: Location) -> Entry {
        // SAFETY: locations come from this shard's table or log, and `self` holds its lock.
        unsafe { self.resources.entry(location) }
    }

    fn find(&self, hash: Hash, key: &[u8]) -> Option<Location> {
        let matches = |slot: &(Location, _)| self.entry(slot.0).key() == key;
        self.table.get(hash.spread(), matches).map(|slot| slot.0)
    }

    /// Points the index to where an entry is now; false if the index lacks it.
    fn relocate(&mut self, hash: Hash, old: Location, new: Location) -> bool {
        let slot = self.table.get_mut(hash.spread(), |slot| slot.0 == old);
        slot.map(|slot| slot.0 = new).is_some()
    }

    /// Stores an entry; one too large to lie among others comes in a `mapping`, which is taken on success. On failure
    /// an older entry of the key is still there, unless it was evicted.
    pub(super) fn set(
        &mut self,
        new: &NewEntry,
        mapping: &mut Option<Mapping>,
        credit: &mut Credit,
    ) -> Result<(), Need> {
        let old = self.find(new.hash, new.key);
        if let (Some(old), None) = (old, &mapping) {
            let deadline = self.entry(old).deadline();
            if self.entry(old).overwrite(new) {
                self.counters.reschedule(deadline, new.deadline);
                self.entry(old).mark_used();
                count(&self.counters.sets);
                return Ok(());
            }
        }
        self.grow_table(credit)?;
        let fresh = old.is_none();
        if fresh {
            self.reserve_entry()?;
        }
        let stored = self.append(new, old.is_some(), mapping, credit);
        if stored.is_err() && fresh {
            self.resources.entries.release(1);
        }
        if stored.is_ok() {
            count(&self.counters.sets);
            self.trim();
        }
        stored
    }

    /// Adds an entry to the log and to the index, whose table has room for it.
    fn append(
        &mut self,
        new: &NewEntry,
        replaces: bool,
        mapping: &mut Option<Mapping>,
        credit: &mut Credit,
    ) -> Result<(), Need> {
        let needed = if mapping.is_some() { MAPPED_SIZE } else { new.inline_size() };
        let size = self.arena().round(needed) as u32;
        let segment = self.room(size, credit)?;
        // Making room may have moved the old entry, or evicted it.
        let old = if replaces { self.find(new.hash, new.key) } else { None };
        if replaces && old.is_none() && !self.resources.entries.try_reserve(1) {
            return Err(Need::Entry);
        }
        if let Some(mapping) = &mapping {
            self.counters.bytes.fetch_add(mapping.length() as u64, Ordering::Relaxed);
        }
        // SAFETY: `room` found `size` unused bytes there.
        let write = |target| unsafe { Entry::write(target, new, size, mapping.take()) };
        let location = self.place(segment, size, write);
        self.counters.reschedule(NEVER, new.deadline);
        match old {
            Some(old) => {
                self.relocate(new.hash, old, location);
                self.bury(old);
            }
            None => {
                let resources = self.resources;
                self.table.insert(
                    new.hash.spread(),
                    (location, SharedValue::new(())),
                    // SAFETY: as in `Self::entry`.
                    |slot| unsafe { resources.entry(slot.0) }.hash().spread(),
                );
            }
        }
        Ok(())
    }

    /// Adds `size` bytes at the end of a segment that has room for them, written by `write`.
    fn place(&self, segment: u32, size: u32, write: impl FnOnce(NonNull<u8>)) -> Location {
        let Segment { filled, live, .. } = self.arena().segment(segment);
        let location = self.arena().location(segment, filled.get());
        // Locations are aligned to units, which are of 8 bytes at least.
        write(self.arena().pointer(location));
        filled.set(filled.get() + size);
        live.set(live.get() + size);
        location
    }

    /// Takes one of the entries that the cache may hold, an older one's if need be.
    fn reserve_entry(&mut self) -> Result<(), Need> {
        loop {
            if self.resources.entries.try_reserve(1) {
                return Ok(());
            }
            if !self.evict_entry() {
                return Err(Need::Entry);
            }
        }
    }

    /// Makes sure that one more entry can be added to the table without an allocation that was not paid for.
    fn grow_table(&mut self, credit: &mut Credit) -> Result<(), Need> {
        if self.table.len() < self.table.capacity() {
            return Ok(());
        }
        // The old table lives until its entries are in the new one. A table full of tombstones is
        // rehashed in place; then the price is given back.
        let price = table_bytes((self.table.buckets() * 2).max(8));
        if !credit.spend(price) {
            return Err(Need::Bytes(price));
        }
        let resources = self.resources;
        // SAFETY: as in `Self::entry`.
        let hash = |slot: &(Location, _)| unsafe { resources.entry(slot.0) }.hash().spread();
        let grown = self.table.try_reserve(1, hash);
        let bytes = self.table_size();
        // What is held now was paid for: by `price`, and by what the old table cost.
        resources.bytes.release(price + self.log.table_bytes - bytes);
        self.log.table_bytes = bytes;
        grown.map_err(|_| Need::System)
    }

    fn table_size(&self) -> u64 {
        self.table.allocation_info().1.size() as u64
    }

    /// Gives the table of a shard without entries back.
    pub(super) fn drop_empty_table(&mut self) {
        if self.table.is_empty() {
            self.drop_table();
        }
    }

    fn drop_table(&mut self) {
        *self.table = Table::new();
        self.resources.bytes.release(std::mem::take(&mut self.log.table_bytes));
    }

    /// Removes the entry of a key; true if there was one that had not expired.
    pub(super) fn delete(&mut self, hash: Hash, key: &[u8]) -> bool {
        let Some(location) = self.find(hash, key) else { return false };
        let expired = self.resources.clock.has_passed(self.entry(location).deadline());
        self.remove(location, if expired { Removal::Expired } else { Removal::Deleted });
        self.trim();
        !expired
    }

    /// Sets the deadline of a key's entry; false if there is none that has not expired.
    pub(super) fn touch(&mut self, hash: Hash, key: &[u8], deadline: u64) -> bool {
        let Some(location) = self.find(hash, key) else { return false };
        let mut entry = self.entry(location);
        let expired = self.resources.clock.has_passed(entry.deadline());
        if !expired {
            self.counters.reschedule(entry.deadline(), deadline);
            entry.set_deadline(deadline);
        }
        !expired
    }

    /// Takes an entry out of the index and ends its life. Returns what that gave back to the byte budget.
    fn remove(&mut self, location: Location, why: Removal) -> u64 {
        let hash = self.entry(location).hash().spread();
        self.table.remove_entry(hash, |slot| slot.0 == location);
        let freed = self.bury(location);
        self.resources.entries.release(1);
        count(match why {
            Removal::Deleted => &self.counters.deletes,
            Removal::Evicted => &self.counters.evictions,
            Removal::Expired => &self.counters.expirations,
        });
        freed
    }

    /// Ends the life of an entry that the index does not have any more. Returns what that gave back to the
    /// byte budget.
    fn bury(&mut self, location: Location) -> u64 {
        self.forget(location);
        self.counters.reschedule(self.entry(location).deadline(), NEVER);
        let freed = self.entry(location).kill().map_or(0, |mapping| mapping.length() as u64);
        self.release(freed);
        freed
    }

    /// Takes an entry that moves or dies out of the books of its segment.
    fn forget(&mut self, location: Location) {
        let size = self.entry(location).size();
        let segment = self.arena().segment_of(location);
        let live = &self.arena().segment(segment).live;
        live.set(live.get() - size);
        let swept = self.arena().location(self.log.oldest, 0).0
            ..self.arena().location(self.log.oldest, self.log.hand).0;
        if swept.contains(&location.0) {
            self.log.kept -= size;
        }
    }

    /// Gives bytes of segments and large entries back.
    fn release(&self, bytes: u64) {
        self.counters.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.resources.bytes.release(bytes);
    }

    /// A segment with `size` bytes unused at its end.
    fn room(&mut self, size: u32, credit: &mut Credit) -> Result<u32, Need> {
        if self.has_room(size) {
            return Ok(self.log.newest);
        }
        // A segment that is mostly dead is cheap to use again and costs no entry.
        if self.log.oldest != NONE {
            let oldest = self.arena().segment(self.log.oldest);
            if oldest.live.get() <= oldest.filled.get() / 2 {
                self.compact();
                if self.has_room(size) {
                    return Ok(self.log.newest);
                }
            }
        }
        let price = self.arena().segment_size() as u64;
        if credit.spend(price) {
            let Some(segment) = self.arena().take() else {
                self.resources.bytes.release(price);
                return Err(Need::System);
            };
            self.counters.bytes.fetch_add(price, Ordering::Relaxed);
            // A huge page is zeroed as a whole when it is touched. The first entries of a shard need not wait for that, of which
            // there are hundreds, nor a cache of few entries take that memory.
            if self.log.newest != NONE {
                self.arena().advise_huge_page(self.log.newest);
                self.arena().advise_huge_page(segment);
            }
            self.push(segment);
            return Ok(segment);
        }
        if self.log.oldest == NONE {
            return Err(Need::Bytes(price));
        }
        while !matches!(self.sweep(), Swept::End) {}
        self.compact();
        // A sweep leaves a quarter of the segment free, and no entry is larger than that.
        if self.has_room(size) { Ok(self.log.newest) } else { Err(Need::Bytes(price)) }
    }

    fn has_room(&self, size: u32) -> bool {
        self.log.newest != NONE && {
            let filled = self.arena().segment(self.log.newest).filled.get();
            filled as usize + size as usize <= self.arena().segment_size()
        }
    }

    fn push(&mut self, segment: u32) {
        if self.log.newest == NONE {
            self.log.oldest = segment;
        } else {
            self.arena().segment(self.log.newest).next.set(segment);
        }
        self.log.newest = segment;
    }

    /// Takes the oldest segment out of the queue.
    fn pop(&mut self) -> u32 {
        let segment = self.log.oldest;
        self.log.oldest = self.arena().segment(segment).next.replace(NONE);
        if self.log.oldest == NONE {
            self.log.newest = NONE;
        }
        self.log.hand = 0;
        self.log.kept = 0;
        segment
    }

    /// Judges the next entry of the oldest segment.
    fn sweep(&mut self) -> Swept {
        loop {
            let location = self.arena().location(self.log.oldest, self.log.hand);
            if self.log.hand == self.arena().segment(self.log.oldest).filled.get() {
                return Swept::End;
            }
            let entry = self.entry(location);
            let size = entry.size();
            if entry.is_dead() {
                self.log.hand += size;
                continue;
            }
            let most = self.arena().segment_size() as u32 / 4 * 3;
            let expired = self.resources.clock.has_passed(entry.deadline());
            if !expired && entry.take_used() && self.log.kept + size <= most {
                self.log.kept += size;
                self.log.hand += size;
                return Swept::Kept(location);
            }
            let why = if expired { Removal::Expired } else { Removal::Evicted };
            let freed = self.remove(location, why);
            self.log.hand += size;
            return Swept::Removed(freed);
        }
    }

    /// Slides the living entries of the oldest segment to its start, and makes it the newest.
    fn compact(&mut self) {
        let segment = self.pop();
        let filled = &self.arena().segment(segment).filled;
        let (mut from, mut to) = (0, 0);
        while from < filled.get() {
            let old = self.arena().location(segment, from);
            let entry = self.entry(old);
            from += entry.size();
            if entry.is_dead() {
                continue;
            }
            let size = self.arena().round(entry.needed_size()) as u32;
            let new = self.arena().location(segment, to);
            let hash = entry.hash();
            // SAFETY: all before `from` was moved or is dead, and an entry takes no less than it needs.
            unsafe { entry.move_to(self.arena().pointer(new), size) };
            self.relocate(hash, old, new);
            to += size;
        }
        filled.set(to);
        self.arena().segment(segment).live.set(to);
        self.push(segment);
    }

    /// Removes one entry, not read lately if possible; false if there is none.
    pub(super) fn evict_entry(&mut self) -> bool {
        while !self.table.is_empty() {
            match self.sweep() {
                Swept::Removed(_) => {
                    self.trim();
                    return true;
                }
                Swept::Kept(_) => {}
                Swept::End => self.compact(),
            }
        }
        false
    }

    /// Gives memory of old entries back to the byte budget: of a large one, or a whole segment.
    pub(super) fn evict_memory(&mut self) {
        while self.log.oldest != NONE {
            match self.sweep() {
                Swept::Removed(0) => {}
                Swept::Removed(_) => return,
                Swept::Kept(location) => {
                    if !self.move_to_newest(location) {
                        self.remove(location, Removal::Evicted);
                    }
                }
                Swept::End if self.arena().segment(self.log.oldest).live.get() > 0 => {
                    // An earlier sweep left entries there; they have had their chance.
                    self.log.hand = 0;
                    self.log.kept = 0;
                }
                Swept::End => return self.release_oldest(),
            }
        }
    }

    /// Moves an entry of the oldest segment to the newest, if there is room.
    fn move_to_newest(&mut self, location: Location) -> bool {
        let entry = self.entry(location);
        let size = self.arena().round(entry.needed_size()) as u32;
        if self.log.oldest == self.log.newest || !self.has_room(size) {
            return false;
        }
        let hash = entry.hash();
        // SAFETY: the two segments are different, and `size` is no less than the entry needs.
        let new =
            self.place(self.log.newest, size, |target| unsafe { entry.move_to(target, size) });
        self.relocate(hash, location, new);
        self.forget(location);
        entry.mark_dead();
        true
    }

    /// Gives segments at the old end of the queue back that have nothing alive in them, but never the last
    /// one: it is needed again at once.
    fn trim(&mut self) {
        while self.arena().segment(self.log.oldest).live.get() == 0 {
            if self.log.oldest == self.log.newest {
                self.arena().segment(self.log.oldest).filled.set(0);
                self.log.hand = 0;
                return;
            }
            self.release_oldest();
        }
    }

    fn release_oldest(&mut self) {
        let segment = self.pop();
        // SAFETY: the segment is in no queue, and nothing in it is alive.
        unsafe { self.arena().give(segment) };
        self.release(self.arena().segment_size() as u64);
    }

    /// Removes all entries and gives all memory back.
    pub(super) fn clear(&mut self) {
        while self.log.oldest != NONE {
            let filled = self.arena().segment(self.log.oldest).filled.get();
            let mut offset = 0;
            while offset < filled {
                let location = self.arena().location(self.log.oldest, offset);
                let entry = self.entry(location);
                offset += entry.size();
                if !entry.is_dead() {
                    self.bury(location);
                    self.resources.entries.release(1);
                }
            }
            self.release_oldest();
        }
        self.drop_table();
    }
}

#[cfg(test)]
impl Shard<'_> {
    /// Checks that log, index and counters agree. Returns the bytes that the shard holds, and its entries.
    pub(super) fn audit(&mut self) -> (u64, u64) {
        let (mut held, mut entries, mut mapped, mut expiring) = (0, 0, 0, 0);
        let mut segment = self.log.oldest;
        while segment != NONE {
            let information = self.arena().segment(segment);
            let (mut offset, mut live, mut kept) = (0, 0, 0);
            while offset < information.filled.get() {
                let location = self.arena().location(segment, offset);
                let entry = self.entry(location);
                offset += entry.size();
                if entry.is_dead() {
                    continue;
                }
                live += entry.size();
                if segment == self.log.oldest && offset <= self.log.hand {
                    kept += entry.size();
                }
                if entry.is_mapped() {
                    mapped += Mapping::size(entry.key().len() + entry.value().len()) as u64;
                }
                entries += 1;
                expiring += u64::from(entry.deadline() != NEVER);
                assert!(self.find(entry.hash(), entry.key()) == Some(location), "not in the index");
            }
            assert_eq!(offset, information.filled.get());
            assert_eq!(live, information.live.get());
            if segment == self.log.oldest {
                assert_eq!(kept, self.log.kept);
            }
            if information.next.get() == NONE {
                assert_eq!(segment, self.log.newest);
            }
            held += self.arena().segment_size() as u64;
            segment = information.next.get();
        }
        assert_eq!(self.table.len() as u64, entries);
        assert_eq!(self.table_size(), self.log.table_bytes);
        assert_eq!(self.counters.bytes.load(Ordering::Relaxed), held + mapped);
        assert_eq!(self.counters.expiring.load(Ordering::Relaxed), expiring);
        (held + mapped + self.log.table_bytes, entries)
    }
}

/// What a table of `buckets` takes: as hashbrown lays it out, slots and then control bytes, with a group of
/// these to spare.
fn table_bytes(buckets: usize) -> u64 {
    const GROUP: usize = 16;
    let slots = (buckets * size_of::<(Location, SharedValue<()>)>()).next_multiple_of(GROUP);
    (slots + buckets + GROUP) as u64
}
