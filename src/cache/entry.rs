//! How an entry lies in the arena: a word with sizes, its version, deadlines if it has them, the key, and the value. Of an entry
//! too large to lie among others, the value's whole pages are in a mapping, and the arena has a reference to it, the rest
//! of the value, and the key.
//!
//! Everything is accessed a word at a time and atomically, since readers without a lock may look at an entry while it is
//! changed, or at something else in its place. They find out afterwards, so whatever they see must do no harm.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use super::arena::{Amount, Mapping, PAGE, page_size};
use super::clock::NEVER;
use super::policy::Record;
use super::sync::AtomicU64;
use super::words::{self, Text, WORD, load, store, words_of};

/// Not in the index any more.
const DEAD: u64 = 1 << 48;
/// There is a mapping with a part of it, or all.
const MAPPED: u64 = 1 << 49;
/// There is a word with the time at which the entry expires.
const EXPIRES: u64 = 1 << 50;
/// There is a word with the time at which the entry expires unless it is used before.
const IDLES: u64 = 1 << 51;
/// The record of the policy, which readers do not look at.
const RECORD: u32 = 52;
/// The number of the slot that it has in a bucket of the index.
const SLOT: u32 = 60;
const FLAGS: u64 = DEAD | MAPPED | EXPIRES | IDLES;

/// Sizes and version.
const FIXED: usize = 2;
/// Address and length of the mapping, length of the key, length of the value.
const REFERENCE: usize = 4;

/// The largest entry of which only whole pages are mapped. In a larger one, what the last page leaves unused is little beside the rest,
/// and it would take a long copy to have the value in one piece.
const MOST_SPLIT: usize = 256 << 10;

/// The largest mapping that is written to under the lock of a shard: others wait no longer for that than for one to be unmapped.
const MOST_REUSED: usize = 1 << 20;

/// What a reader has to know of all that.
pub(super) const LAYOUT: [u64; 5] = [MAPPED, EXPIRES, IDLES, FIXED as u64, WORD as u64];

/// What is to be stored.
#[derive(Clone, Copy)]
pub(super) struct NewEntry<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub times: Times,
}

/// When an entry expires; NEVER if not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub deadline: u64,
    /// The same, but put off by each use.
    pub idle: u64,
}

impl Times {
    pub(super) const NEVER: Times = Times { deadline: NEVER, idle: NEVER };

    /// The earlier one.
    pub(super) fn first(self) -> u64 {
        self.deadline.min(self.idle)
    }

    fn flags(self) -> u64 {
        let mut flags = 0;
        if self.deadline != NEVER {
            flags |= EXPIRES;
        }
        if self.idle != NEVER {
            flags |= IDLES;
        }
        flags
    }
}

impl NewEntry<'_> {
    /// Bytes of key and value.
    pub(super) fn payload(&self) -> usize {
        self.key.len() + self.value.len()
    }

    /// Words of the entry with key and value inside.
    pub(super) fn inline_words(&self) -> usize {
        body(self.times.flags()) + words_of(self.payload())
    }

    /// Words of the entry with so many bytes in a mapping.
    pub(super) fn mapped_words(&self, mapped: usize) -> usize {
        let rest = self.payload().saturating_sub(mapped);
        body(self.times.flags()) + REFERENCE + words_of(rest)
    }

    /// How many bytes a mapping for the entry has, where the arena has `most` words for the rest: all of the entry's, or its whole pages
    /// if the key is in the rest.
    pub(super) fn mapped_bytes(&self, most: usize) -> usize {
        let all = Mapping::size(self.payload());
        let pages = self.payload() / page_size() * page_size();
        let splits = self.payload() <= MOST_SPLIT && pages <= self.value.len();
        if splits && self.mapped_words(pages) <= most { pages } else { all }
    }

    /// A mapping of that length, with as much of value and key as it takes; None if the system refuses.
    pub(super) fn map(&self, length: usize) -> Option<Mapping> {
        let mut mapping = Mapping::new(length)?;
        mapping.populate();
        self.fill(&mut mapping);
        Some(mapping)
    }

    /// Writes as much of value and key to a mapping as it takes.
    pub(super) fn fill(&self, mapping: &mut Mapping) {
        let mut start = mapping.start();
        let mut room = mapping.length();
        for part in [self.value, self.key] {
            let part = &part[..part.len().min(room)];
            // SAFETY: the mapping has room for the part, and is the caller's alone.
            unsafe {
                start.copy_from_nonoverlapping(NonNull::from(part).cast(), part.len());
                start = start.add(part.len());
            }
            room -= part.len();
        }
    }

    /// Writes the entry, which takes all of `words`, but for what the mapping has.
    #[inline]
    pub(super) fn write(
        &self,
        words: &[AtomicU64],
        mapping: Option<Mapping>,
        version: u64,
        record: Record,
        slot: usize,
    ) {
        let known = u64::from(record.0) << RECORD | (slot as u64) << SLOT;
        let mut head = words.len() as u64 | self.times.flags() | known;
        let body = &words[body(head)..];
        match mapping {
            Some(mapping) => {
                head |= MAPPED;
                let length = mapping.length();
                let lengths = [length, self.key.len(), self.value.len()];
                store(&body[0], mapping.into_address() as u64);
                body[1..].iter().zip(lengths).for_each(|(word, length)| store(word, length as u64));
                if length < self.payload() {
                    words::write(&body[REFERENCE..], [&self.value[length..], self.key]);
                }
            }
            None => {
                head |= (self.key.len() as u64) << 16 | (self.value.len() as u64) << 32;
                words::write(body, [self.key, self.value]);
            }
        }
        store(&words[1], version);
        write_times(words, self.times);
        store(&words[0], head);
    }
}

/// Writes times to an entry that has words for them.
fn write_times(words: &[AtomicU64], times: Times) {
    let mut place = FIXED;
    for time in [times.deadline, times.idle] {
        if time != NEVER {
            store(&words[place], time);
            place += 1;
        }
    }
}

/// Words before key and value or the reference to them.
fn body(head: u64) -> usize {
    FIXED + usize::from(head & EXPIRES != 0) + usize::from(head & IDLES != 0)
}

/// A value, which may change while it is looked at if it is in words.
#[derive(Clone, Copy)]
pub(super) enum Bytes<'a> {
    Words(Text<'a>),
    /// One behind the other.
    Parts([&'a [u8]; 2]),
}

impl Bytes<'_> {
    pub(super) fn len(self) -> usize {
        match self {
            Bytes::Words(text) => text.len(),
            Bytes::Parts([first, second]) => first.len() + second.len(),
        }
    }

    /// Copies them to the start of `output`, which has room for them.
    #[inline(always)]
    pub(super) fn copy_to(self, output: &mut [MaybeUninit<u8>]) {
        match self {
            Bytes::Words(text) => text.copy_to(output),
            Bytes::Parts([first, second]) => {
                let (start, rest) = output.split_at_mut(first.len());
                for (output, part) in [(start, first), (&mut rest[..second.len()], second)] {
                    // SAFETY: both have this length, and the output is borrowed for writing.
                    unsafe {
                        output
                            .as_mut_ptr()
                            .cast::<u8>()
                            .copy_from_nonoverlapping(part.as_ptr(), part.len());
                    }
                }
            }
        }
    }

    pub(super) fn append_to(self, output: &mut Vec<u8>) {
        output.reserve(self.len());
        self.copy_to(output.spare_capacity_mut());
        // SAFETY: so many were initialised.
        unsafe { output.set_len(output.len() + self.len()) };
    }

    pub(super) fn to_vec(self) -> Vec<u8> {
        let mut output = Vec::new();
        self.append_to(&mut output);
        output
    }
}

/// Where the mapping of an entry is, and the lengths of the mapping, of the key, and of the value.
struct Reference {
    address: usize,
    mapped: usize,
    key: usize,
    value: usize,
}

/// An entry in the arena, or what a reader without a lock takes for one.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    words: &'a [AtomicU64],
    head: u64,
}

impl<'a> Entry<'a> {
    /// The entry at the start of `words`; None if there can't be one, which only a reader without a lock sees.
    #[inline(always)]
    pub(super) fn at(words: &'a [AtomicU64]) -> Option<Self> {
        let head = load(words.first()?);
        let words = words.get(..head as u16 as usize)?;
        (words.len() >= body(head)).then_some(Entry { words, head })
    }

    /// The entry at the start of `words`, where the lock is held and there is one.
    #[inline(always)]
    pub(super) fn in_log(words: &'a [AtomicU64]) -> Self {
        let head = load(&words[0]);
        Entry { words: &words[..head as u16 as usize], head }
    }

    /// Asks the processor for the lines that are not looked at yet.
    pub(super) fn prefetch(self) {
        const LINE: usize = 64 / WORD;
        const MOST: usize = 16 * LINE;
        let lines = self.words.iter().take(MOST).step_by(LINE);
        lines.skip(1).for_each(|word| words::prefetch(word));
    }

    /// Words that the entry takes.
    pub(super) fn size(self) -> usize {
        self.words.len()
    }

    /// What the entry takes.
    pub(super) fn amount(self) -> Amount {
        Amount { words: self.size(), entries: 1, pages: self.mapped_bytes() / PAGE }
    }

    pub(super) fn is_dead(self) -> bool {
        self.head & DEAD != 0
    }

    pub(super) fn is_mapped(self) -> bool {
        self.head & MAPPED != 0
    }

    /// Whether a use of the entry has to be written down in it.
    pub(super) fn idles(self) -> bool {
        self.head & IDLES != 0
    }

    pub(super) fn record(self) -> Record {
        Record((self.head >> RECORD) as u8)
    }

    /// Sets the record, under the lock for writing.
    pub(super) fn set_record(self, record: Record) {
        let head = load(&self.words[0]) & !(0xFF << RECORD);
        store(&self.words[0], head | u64::from(record.0) << RECORD);
    }

    /// The number of the slot that it has in a bucket.
    pub(super) fn slot(self) -> usize {
        (self.head >> SLOT) as usize
    }

    pub(super) fn version(self) -> u64 {
        self.words.get(1).map_or(0, load)
    }

    #[inline]
    pub(super) fn times(self) -> Times {
        if self.head & (EXPIRES | IDLES) == 0 {
            return Times::NEVER;
        }
        let mut times = self.words[FIXED..].iter().map(load);
        let mut next =
            |flag| if self.head & flag != 0 { times.next().unwrap_or(NEVER) } else { NEVER };
        Times { deadline: next(EXPIRES), idle: next(IDLES) }
    }

    /// Whether there are words for just these times.
    pub(super) fn can_expire(self, times: Times) -> bool {
        times.flags() == self.head & (EXPIRES | IDLES)
    }

    /// Sets the times, for which there are words.
    pub(super) fn set_times(self, times: Times) {
        write_times(self.words, times);
    }

    /// Words that the entry would take with other times, before rounding.
    pub(super) fn words_with(self, times: Times) -> usize {
        self.needed_words() - body(self.head) + body(times.flags())
    }

    /// Writes the entry with other times, to words that are all for it.
    pub(super) fn copy_with(self, times: Times, words: &[AtomicU64]) {
        let head = self.head & !0xFFFF & !(EXPIRES | IDLES) | words.len() as u64 | times.flags();
        let rest = &self.words[body(self.head)..self.needed_words()];
        words[body(head)..].iter().zip(rest).for_each(|(to, from)| store(to, load(from)));
        store(&words[1], self.version());
        write_times(words, times);
        store(&words[0], head);
    }

    /// Key and value of an entry among others, as far as they are where the entry says.
    fn inline(self) -> Option<(Text<'a>, Text<'a>)> {
        let key = (self.head >> 16) as u16 as usize;
        let value = (self.head >> 32) as u16 as usize;
        let body = &self.words[body(self.head)..];
        Some((Text::new(body, 0, key)?, Text::new(body, key, value)?))
    }

    /// The value of an entry among others if this is its key.
    #[inline(always)]
    pub(super) fn value_of(self, key: &[u8]) -> Option<Text<'a>> {
        let body = &self.words[body(self.head)..];
        let value = (self.head >> 32) as u16 as usize;
        let same = (self.head >> 16) as u16 as usize == key.len() && words::begin_with(body, key);
        if same { Text::new(body, key.len(), value) } else { None }
    }

    /// Key and value, which is in two parts.
    ///
    /// # Safety
    /// The lock of the entry's shard is held as long as the result lives, and the entry is in a log.
    pub(super) unsafe fn both(self) -> (&'a [u8], [&'a [u8]; 2]) {
        // SAFETY: the caller has the lock without which nobody changes them.
        let slices =
            |(key, value): (Text<'a>, Text<'a>)| unsafe { (key.as_slice(), value.as_slice()) };
        if !self.is_mapped() {
            let (key, value) = self.inline().map_or((&[][..], &[][..]), slices);
            return (key, [value, &[]]);
        }
        let Reference { address, mapped, key, value } = self.reference();
        let start = std::ptr::with_exposed_provenance::<u8>(address);
        // SAFETY: the mapping is so long, and stays while the entry does.
        let mapping = unsafe { slice::from_raw_parts(start, mapped) };
        if key + value <= mapped {
            let (value, rest) = mapping.split_at(value);
            return (&rest[..key], [value, &[]]);
        }
        let rest = &self.words[body(self.head) + REFERENCE..];
        let texts = Text::new(rest, value - mapped, key).zip(Text::new(rest, 0, value - mapped));
        let (key, rest) = texts.map_or((&[][..], &[][..]), slices);
        (key, [mapping, rest])
    }

    /// The key.
    ///
    /// # Safety
    /// As for [`Self::both`].
    #[inline]
    pub(super) unsafe fn key(self) -> &'a [u8] {
        match self.inline() {
            // SAFETY: the caller has the lock without which nobody changes it.
            Some((key, _)) if !self.is_mapped() => unsafe { key.as_slice() },
            // SAFETY: as the caller says.
            _ => unsafe { self.both() }.0,
        }
    }

    fn reference(self) -> Reference {
        let words = &self.words[body(self.head)..];
        let number = |index: usize| load(&words[index]) as usize;
        Reference { address: number(0), mapped: number(1), key: number(2), value: number(3) }
    }

    /// Bytes of the mapping.
    pub(super) fn mapped_bytes(self) -> usize {
        if self.is_mapped() { self.reference().mapped } else { 0 }
    }

    /// Ends the entry's life: its size stays readable for those who walk the segment. The mapping, if it has one,
    /// is returned.
    ///
    /// # Safety
    /// The lock of the entry's shard is held for writing, and this is the only place where the entry is.
    pub(super) unsafe fn kill(self) -> Option<Mapping> {
        self.mark_dead();
        // SAFETY: the caller's promises, and DEAD says that the mapping is gone.
        unsafe { self.mapping() }
    }

    /// The mapping of the entry, if it has one, which is to have another one or none afterwards.
    ///
    /// # Safety
    /// The lock of the entry's shard is held for writing.
    pub(super) unsafe fn mapping(self) -> Option<Mapping> {
        if !self.is_mapped() {
            return None;
        }
        let Reference { address, mapped, .. } = self.reference();
        // SAFETY: the mapping was made by `NewEntry::map`, of this size.
        unsafe { Mapping::from_address(address, mapped) }
    }

    /// Notes that the entry is no more, or has been moved away.
    pub(super) fn mark_dead(self) {
        store(&self.words[0], self.head & !FLAGS | DEAD);
    }

    /// Words that the entry would take were it written anew, before rounding.
    pub(super) fn needed_words(self) -> usize {
        if self.is_mapped() {
            let Reference { mapped, key, value, .. } = self.reference();
            return body(self.head) + REFERENCE + words_of((key + value).saturating_sub(mapped));
        }
        let key = (self.head >> 16) as u16 as usize;
        let value = (self.head >> 32) as u16 as usize;
        body(self.head) + words_of(key + value)
    }

    /// Whether an entry of the same key can take the place of this one: it fits, is not much smaller, and expires alike.
    pub(super) fn takes(self, new: &NewEntry) -> bool {
        !self.is_mapped() && self.fits(new.inline_words(), new.times)
    }

    /// The same if this one has a mapping: it is as large as one for the other would be, where `most` words may lie among others.
    pub(super) fn mapping_takes(self, new: &NewEntry, most: usize) -> bool {
        if !self.is_mapped() || new.inline_words() <= most {
            return false;
        }
        let length = self.mapped_bytes();
        let same = length <= MOST_REUSED && length == new.mapped_bytes(most);
        same && self.fits(new.mapped_words(length), new.times)
    }

    fn fits(self, words: usize, times: Times) -> bool {
        let fits = words <= self.size() && words + (self.size() / 4).max(1) >= self.size();
        fits && self.can_expire(times)
    }

    /// Replaces the entry by one that it takes, with a mapping if it has one.
    pub(super) fn overwrite(self, new: &NewEntry, mapping: Option<Mapping>, version: u64) {
        new.write(self.words, mapping, version, self.record(), self.slot());
    }
}

/// Notes in the head of an entry which slot of a bucket it is in, under the lock for writing.
pub(super) fn note_slot(head: &AtomicU64, slot: usize) {
    store(head, load(head) & (u64::MAX >> (64 - SLOT)) | (slot as u64) << SLOT);
}

/// Moves an entry of `arena` to where it takes `size` words, no less than it needs; it may overlap that if it lies behind.
pub(super) fn relocate(arena: &[AtomicU64], from: usize, to: usize, size: usize) {
    let entry = Entry::in_log(&arena[from..]);
    words::copy_down(arena, from, to, entry.needed_words().min(size));
    store(&arena[to], entry.head & !0xFFFF | size as u64);
}

const _: () = assert!(WORD == 8, "sizes are packed into one word");
