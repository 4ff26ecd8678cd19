//! Entries written to a stream and read back, so that a cache goes on after a restart where it was.
//!
//! A snapshot is [`MAGIC`], [`VERSION`] and blocks, with numbers in the little-endian order. A block is a head of
//! [`HEAD`] bytes and a payload:
//!
//! ```text
//! length of the payload (8), entries in it (4), CRC-32 of the payload (4), CRC-32 of these 16 bytes and of the block's number (4)
//! ```
//!
//! The first block has the window's share of the limit (a float of 8 bytes), about how many entries come (8), and the tag. Then come
//! blocks with entries:
//!
//! ```text
//! length of the key (4), frequency (1), hits (1), log (1), 0 (1), length of the value (8), when it expires (8), key, value
//! ```
//!
//! An entry expires so many nanoseconds after 1970; never if that is 0. The last block has no entries, and the numbers of all entries
//! (8) and of the blocks before it (8): a snapshot without one was cut off.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use super::arena::Location;
use super::cache::Cache;
use super::clock::NEVER;
use super::entry::Bytes;
use super::error::Error;
use super::hash::Hash;
use super::policy::MAIN;
use super::shard::{Past, Shard};

const MAGIC: [u8; 8] = *b"TANDEMCS";
const VERSION: u32 = 2;
const PREFACE: usize = MAGIC.len() + 4;
const HEAD: usize = 20;
/// Bytes of an entry beside key and value.
const ITEM: usize = 24;

/// From this size on a block is written.
const BLOCK: usize = 256 << 10;
/// The golden section, whose multiples lie far from each other.
const GOLDEN: f64 = 0.618_033_988_749_895;
/// The lock of a shard is given up after so many bytes.
const STEP: usize = 16 << 10;

/// Why a snapshot could not be written or read.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It could not be written or read.
    Io(io::Error),
    /// It is no snapshot of a cache.
    NotSnapshot,
    /// It is of a version of the format that this one can't read.
    Version(u32),
    /// It has another tag: its keys and values mean something else.
    Tag,
    /// It is damaged. The blocks before that were loaded.
    Damaged,
    /// It was cut off. The blocks before that were loaded.
    Truncated,
    /// The cache was closed.
    Closed,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::Io(error) => error.fmt(formatter),
            SnapshotError::NotSnapshot => formatter.write_str("it is no snapshot of a cache"),
            SnapshotError::Version(version) => {
                write!(formatter, "the snapshot is of version {version}, not {VERSION}")
            }
            SnapshotError::Tag => formatter.write_str("the snapshot is of another kind of cache"),
            SnapshotError::Damaged => formatter.write_str("the snapshot is damaged"),
            SnapshotError::Truncated => formatter.write_str("the snapshot was cut off"),
            SnapshotError::Closed => Error::Closed.fmt(formatter),
        }
    }
}

impl std::error::Error for SnapshotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SnapshotError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for SnapshotError {
    fn from(error: io::Error) -> Self {
        SnapshotError::Io(error)
    }
}

/// How far [`Cache::save_block`] has come; the default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saving {
    /// Where the entries of the next block begin.
    pub cursor: u64,
    /// How many entries were saved.
    pub entries: u64,
    /// How many blocks were made.
    pub blocks: u64,
    /// 1 when all entries were saved, 2 when there is no other block.
    pub stage: u64,
}

/// How far [`Cache::load_block`] has come; the default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loading {
    /// How many bytes the next call takes, none at first; 0 after the last.
    pub next: u64,
    /// How many entries were read, with those that had expired or did not fit.
    pub entries: u64,
    /// How many blocks were read.
    pub blocks: u64,
    /// How many entries the snapshot is said to have.
    pub expected: u64,
    /// The entries in the next payload.
    pub count: u32,
    /// The checksum of the next payload.
    pub checksum: u32,
    /// What the next call takes.
    pub stage: u64,
}

impl Loading {
    const BEGIN: u64 = 0;
    const PREFACE: u64 = 1;
    const HEAD: u64 = 2;
    const PAYLOAD: u64 = 3;
    const END: u64 = 4;

    /// Goes past the next piece if that has entries: with what is returned, any thread can load it at any time.
    pub fn later(&mut self) -> Option<Loading> {
        if self.stage != Self::PAYLOAD || self.blocks == 0 || self.count == 0 {
            return None;
        }
        let later = *self;
        self.pass();
        Some(later)
    }

    /// Goes on behind a block.
    fn pass(&mut self) {
        self.entries += u64::from(self.count);
        self.blocks += 1;
        (self.next, self.stage) = (HEAD as u64, Self::HEAD);
    }
}

/// An entry of a payload.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub deadline: u64,
    pub past: Past,
}

/// Nanoseconds since 1970.
fn wall_clock() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// An instant by the wall clock and by that of the cache. One of them is read before the other: which one is chosen so that
/// no entry lives longer for that.
pub(super) struct Moment {
    pub wall: u64,
    pub clock: u64,
}

fn head_checksum(head: &[u8], number: u64) -> u32 {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(head);
    checksum.update(&number.to_le_bytes());
    checksum.finalize()
}

/// Takes a number of bytes from the start of `input`.
fn take<'a>(input: &mut &'a [u8], length: u64) -> Result<&'a [u8], SnapshotError> {
    let length = usize::try_from(length).map_err(|_| SnapshotError::Damaged)?;
    let (taken, rest) = input.split_at_checked(length).ok_or(SnapshotError::Damaged)?;
    *input = rest;
    Ok(taken)
}

fn take_u64(input: &mut &[u8]) -> Result<u64, SnapshotError> {
    let bytes = take(input, 8)?;
    Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| SnapshotError::Damaged)?))
}

fn take_u32(input: &mut &[u8]) -> Result<u32, SnapshotError> {
    let bytes = take(input, 4)?;
    Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| SnapshotError::Damaged)?))
}

impl<'a> Item<'a> {
    /// Takes an entry from the start of `input`; None if it has expired.
    fn take(input: &mut &'a [u8], now: &Moment) -> Result<Option<Self>, SnapshotError> {
        let key = take_u32(input)?;
        let &[frequency, hits, log, 0] = take(input, 4)? else {
            return Err(SnapshotError::Damaged);
        };
        let value = take_u64(input)?;
        let expires = take_u64(input)?;
        let key = take(input, key.into())?;
        let value = take(input, value)?;
        let log = usize::from(log);
        if log > MAIN {
            return Err(SnapshotError::Damaged);
        }
        let left = if expires == 0 { NEVER } else { expires.saturating_sub(now.wall) };
        let deadline = now.clock.saturating_add(left);
        let past = Past { log, frequency, hits };
        Ok((left != 0).then_some(Item { key, value, deadline, past }))
    }
}

impl Cache {
    /// Writes all entries, while the cache is in use. What is in the cache all the while is written, and once; other
    /// entries may be.
    ///
    /// ```
    /// use tandem::cache::{Cache, Options};
    ///
    /// let cache = Cache::new(Options::default())?;
    /// cache.set(b"greeting", b"hello")?;
    /// let mut snapshot = Vec::new();
    /// cache.save_to(&mut snapshot)?;
    ///
    /// let next = Cache::new(Options::default())?;
    /// next.load_from(&snapshot[..])?;
    /// assert_eq!(next.get(b"greeting").as_deref(), Some(&b"hello"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save_to(&self, mut writer: impl Write) -> Result<(), SnapshotError> {
        let (mut saving, mut block) = (Saving::default(), Vec::new());
        while self.save_block(&mut saving, &[], &mut block)? {
            writer.write_all(&block)?;
        }
        Ok(writer.flush()?)
    }

    /// Loads what [`Self::save_to`] wrote. Entries that have expired are left out, and those that the cache has already, which were
    /// stored since, or that are too large for it. A cache that is smaller than the one before evicts as usual. An entry that
    /// expires when it is not used has all of that time anew.
    ///
    /// A block of entries is loaded when all of it is proven to be what was written: an error may come after some.
    pub fn load_from(&self, mut reader: impl Read) -> Result<(), SnapshotError> {
        let (mut loading, mut input) = (Loading::default(), Vec::new());
        while self.load_block(&mut loading, &[], &input)? {
            input.clear();
            // Memory grows with what is there, not with what the snapshot says.
            let read = reader.by_ref().take(loading.next).read_to_end(&mut input)?;
            if (read as u64) < loading.next {
                return Err(SnapshotError::Truncated);
            }
        }
        Ok(())
    }

    /// Replaces `output` by the next block of a snapshot; false, and none, if that was the last. All blocks one after the
    /// other are what [`Self::save_to`] writes. The tag says what keys and values mean; only who has the same can load them.
    pub fn save_block(
        &self,
        saving: &mut Saving,
        tag: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<bool, SnapshotError> {
        let wall = wall_clock();
        let now = Moment { wall, clock: self.resources.clock.now() };
        self.save_block_at(&now, saving, tag, output)
    }

    pub(super) fn save_block_at(
        &self,
        now: &Moment,
        saving: &mut Saving,
        tag: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<bool, SnapshotError> {
        if self.is_closed() {
            return Err(SnapshotError::Closed);
        }
        output.clear();
        if saving.stage > 1 {
            return Ok(false);
        }
        let mut entries = 0;
        if saving.blocks == 0 {
            output.extend(MAGIC);
            output.extend(VERSION.to_le_bytes());
        }
        let head = output.len();
        output.extend([0; HEAD]);
        let start = output.len();
        if saving.blocks == 0 {
            output.extend(self.mean_share().to_le_bytes());
            output.extend(self.len().to_le_bytes());
            output.extend(tag);
        } else if saving.stage == 0 {
            output.reserve(BLOCK + BLOCK / 4);
            while saving.stage == 0 && output.len() < BLOCK {
                let enough = output.len() + STEP;
                saving.cursor = self.walk(saving.cursor, |shard, hash, location| {
                    self.save_entry(now, shard, hash, location, output);
                    entries += 1;
                    output.len() < enough
                });
                saving.stage = u64::from(saving.cursor == 0);
            }
            saving.entries += u64::from(entries);
        }
        if start == output.len() {
            output.extend(saving.entries.to_le_bytes());
            output.extend(saving.blocks.to_le_bytes());
            saving.stage = 2;
        }
        let length = output.len() - start;
        let checksum = crc32fast::hash(&output[start..]);
        output[head..head + 8].copy_from_slice(&(length as u64).to_le_bytes());
        output[head + 8..head + 12].copy_from_slice(&u32::to_le_bytes(entries));
        output[head + 12..head + 16].copy_from_slice(&checksum.to_le_bytes());
        let checksum = head_checksum(&output[head..head + 16], saving.blocks);
        output[head + 16..start].copy_from_slice(&checksum.to_le_bytes());
        saving.blocks += 1;
        Ok(true)
    }

    /// Appends an entry that has not expired.
    fn save_entry(
        &self,
        now: &Moment,
        shard: &mut Shard,
        hash: Hash,
        location: Location,
        output: &mut Vec<u8>,
    ) {
        let Past { log, frequency, hits } = shard.past(hash, location);
        let deadline = shard.entry(location).times().deadline;
        let expires = match deadline {
            NEVER => 0,
            _ => now.wall.saturating_add(deadline.saturating_sub(now.clock)).max(1),
        };
        let (key, value) = shard.both(location);
        let value = Bytes::Parts(value);
        output.reserve(ITEM + key.len() + value.len());
        output.extend((key.len() as u32).to_le_bytes());
        output.extend([frequency, hits, log as u8, 0]);
        output.extend((value.len() as u64).to_le_bytes());
        output.extend(expires.to_le_bytes());
        output.extend_from_slice(key);
        value.append_to(output);
    }

    fn mean_share(&self) -> f64 {
        let shards = self.shards.len();
        (0..shards).map(|shard| self.shard(shard).share()).sum::<f64>() / shards as f64
    }

    /// Loads the next piece of a snapshot, which must have [`Loading::next`] bytes. Returns whether there is another one. The tag must be
    /// that with which the snapshot was made.
    pub fn load_block(
        &self,
        loading: &mut Loading,
        tag: &[u8],
        input: &[u8],
    ) -> Result<bool, SnapshotError> {
        let clock = self.resources.clock.now();
        let now = Moment { clock, wall: wall_clock() };
        self.load_block_at(&now, loading, tag, input)
    }

    pub(super) fn load_block_at(
        &self,
        now: &Moment,
        loading: &mut Loading,
        tag: &[u8],
        mut input: &[u8],
    ) -> Result<bool, SnapshotError> {
        if self.is_closed() {
            return Err(SnapshotError::Closed);
        }
        if input.len() as u64 != loading.next {
            return Err(SnapshotError::Truncated);
        }
        let (next, stage) = match loading.stage {
            Loading::BEGIN => (PREFACE as u64, Loading::PREFACE),
            Loading::PREFACE => {
                if take(&mut input, MAGIC.len() as u64)? != MAGIC {
                    return Err(SnapshotError::NotSnapshot);
                }
                match take_u32(&mut input)? {
                    VERSION => (HEAD as u64, Loading::HEAD),
                    version => return Err(SnapshotError::Version(version)),
                }
            }
            Loading::HEAD => {
                let head = input;
                let length = take_u64(&mut input)?;
                loading.count = take_u32(&mut input)?;
                loading.checksum = take_u32(&mut input)?;
                let checksum = head_checksum(&head[..16], loading.blocks);
                if take_u32(&mut input)? != checksum || length > isize::MAX as u64 {
                    return Err(SnapshotError::Damaged);
                }
                (length, Loading::PAYLOAD)
            }
            Loading::PAYLOAD => {
                if crc32fast::hash(input) != loading.checksum {
                    return Err(SnapshotError::Damaged);
                }
                let last = self.load_payload(now, loading, tag, input)?;
                loading.pass();
                if last { (0, Loading::END) } else { (loading.next, loading.stage) }
            }
            _ => (0, Loading::END),
        };
        (loading.next, loading.stage) = (next, stage);
        Ok(stage != Loading::END)
    }

    /// Loads a payload that is what was written. Returns whether it is the last.
    fn load_payload(
        &self,
        now: &Moment,
        loading: &mut Loading,
        tag: &[u8],
        mut input: &[u8],
    ) -> Result<bool, SnapshotError> {
        if loading.blocks == 0 {
            let share = f64::from_bits(take_u64(&mut input)?);
            loading.expected = take_u64(&mut input)?;
            if input != tag {
                return Err(SnapshotError::Tag);
            }
            if !share.is_finite() {
                return Err(SnapshotError::Damaged);
            }
            (0..self.shards.len()).for_each(|shard| self.shard(shard).restore_share(share));
            return Ok(false);
        }
        if loading.count == 0 {
            let totals = (take_u64(&mut input)?, take_u64(&mut input)?);
            let right = totals == (loading.entries, loading.blocks) && input.is_empty();
            return if right { Ok(true) } else { Err(SnapshotError::Damaged) };
        }
        let mut items = Vec::new();
        for _ in 0..loading.count {
            items.extend(Item::take(&mut input, now)?);
        }
        if !input.is_empty() {
            return Err(SnapshotError::Damaged);
        }
        let part = loading.blocks as f64 * GOLDEN % 1.0;
        self.restore(&items, part, loading.expected).map_err(|_| SnapshotError::Closed)?;
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cache::{Clock, ManualClock, Options};

    fn cache() -> Cache {
        Cache::new(Options { max_bytes: 64 << 20, ..Options::default() }).unwrap()
    }

    fn saved(cache: &Cache) -> Vec<u8> {
        let mut snapshot = Vec::new();
        cache.save_to(&mut snapshot).unwrap();
        snapshot
    }

    #[test]
    fn all_entries_come_back_with_what_the_policy_knew() {
        let before = cache();
        for key in 0..20_000_u32 {
            let value = vec![key as u8; if key == 7 { 1 << 20 } else { key as usize % 300 }];
            before.set(&key.to_le_bytes(), &value).unwrap();
            (0..key % 5).for_each(|_| {
                before.get(&key.to_le_bytes());
            });
        }
        before.set(b"", b"").unwrap();
        let after = cache();
        after.load_from(&saved(&before)[..]).unwrap();
        after.audit();
        assert_eq!(after.len(), 20_001);
        let pasts = |cache: &Cache| {
            let mut pasts = Vec::new();
            cache.walk(0, |shard, hash, location| {
                let Past { frequency, hits, .. } = shard.past(hash, location);
                let (key, value) = shard.both(location);
                pasts.push((key.to_vec(), value.concat(), frequency, hits));
                true
            });
            pasts.sort_unstable();
            pasts
        };
        assert!(pasts(&before) == pasts(&after));
    }

    #[test]
    fn deadlines_are_those_of_the_wall_clock() {
        let clock = ManualClock::default();
        let options = Options { clock: Clock::Manual(clock.clone()), ..Options::default() };
        let before = Cache::new(options).unwrap();
        let seconds = |count| Some(Duration::from_secs(count));
        for (key, ttl) in [(b"ten", seconds(10)), (b"six", seconds(6)), (b"all", None)] {
            before.set_with_ttl(key, b"value", ttl).unwrap();
        }
        clock.advance(Duration::from_secs(5));
        let second = 1_000_000_000;
        let (mut saving, mut block, mut snapshot) = (Saving::default(), Vec::new(), Vec::new());
        let now = Moment { wall: 1000 * second, clock: 5 * second };
        while before.save_block_at(&now, &mut saving, b"", &mut block).unwrap() {
            snapshot.append(&mut block);
        }
        let clock = ManualClock::default();
        let options = Options { clock: Clock::Manual(clock.clone()), ..Options::default() };
        let after = Cache::new(options).unwrap();
        let now = Moment { wall: 1001 * second, clock: 0 };
        clock.advance(Duration::from_secs(1)); // loading takes a second, in which entries get older
        let (mut loading, mut input) = (Loading::default(), &snapshot[..]);
        loop {
            let piece = take(&mut input, loading.next).unwrap();
            if !after.load_block_at(&now, &mut loading, b"", piece).unwrap() {
                break;
            }
        }
        assert_eq!(after.ttl(b"ten"), Some(seconds(3)));
        assert_eq!(after.ttl(b"six"), None);
        assert_eq!(after.ttl(b"all"), Some(None));
        after.audit();
    }

    #[test]
    fn what_a_snapshot_says_of_the_policy_may_be_anything() {
        let after = cache();
        let keys: Vec<_> = (0..10_000_u32).map(u32::to_le_bytes).collect();
        let past = |key: &[u8]| Past { log: MAIN, frequency: 255, hits: key[0] % 2 * 255 };
        let item = |key| Item { key, value: b"value", deadline: NEVER, past: past(key) };
        let items: Vec<_> = keys.iter().map(|key| item(&key[..])).collect();
        after.restore(&items, 0.0, 0).unwrap();
        after.audit();
        let mut count = 0;
        after.walk(0, |shard, hash, location| {
            let Past { frequency, hits, .. } = shard.past(hash, location);
            assert_eq!((frequency, hits), (15, past(shard.both(location).0).hits.min(3)));
            count += 1;
            true
        });
        assert_eq!(count, keys.len());
    }

    #[test]
    fn what_was_stored_since_stays() {
        let before = cache();
        before.set(b"key", b"old").unwrap();
        let after = cache();
        after.set(b"key", b"new").unwrap();
        after.load_from(&saved(&before)[..]).unwrap();
        assert_eq!(after.get(b"key").as_deref(), Some(&b"new"[..]));
    }

    #[test]
    fn a_smaller_cache_keeps_its_limit() {
        let before = cache();
        (0..50_000_u32).for_each(|key| {
            before.set(&key.to_le_bytes(), &[1; 100]).unwrap();
        });
        let after = Cache::new(Options { max_bytes: 1 << 20, ..Options::default() }).unwrap();
        after.load_from(&saved(&before)[..]).unwrap();
        assert!(after.stats().bytes <= 1 << 20 && after.len() > 3000);
        after.audit();
    }

    #[test]
    fn an_expectation_takes_memory_only_as_entries_come() {
        let bytes = |entries: u32, expected: u64| {
            let before = cache();
            (0..entries).for_each(|key| {
                before.set(&key.to_le_bytes(), &[1; 20]).unwrap();
            });
            let mut snapshot = saved(&before);
            let head = PREFACE + HEAD;
            snapshot[head + 8..head + 16].copy_from_slice(&expected.to_le_bytes());
            let checksum = crc32fast::hash(&snapshot[head..head + 16]);
            snapshot[head - 8..head - 4].copy_from_slice(&checksum.to_le_bytes());
            let checksum = head_checksum(&snapshot[PREFACE..head - 4], 0);
            snapshot[head - 4..head].copy_from_slice(&checksum.to_le_bytes());
            let after = cache();
            after.load_from(&snapshot[..]).unwrap();
            assert_eq!(after.len(), u64::from(entries));
            after.audit();
            after.resources.arena.release_spare(&after.resources.bytes);
            after.stats().bytes
        };
        // Where entries go is drawn anew for each cache, so a few segments more or less say nothing.
        let (forged, unknown) = (bytes(100, u64::MAX), bytes(100, 0));
        assert!(forged < 2 * unknown, "{forged} for {unknown}");
        let (expected, unknown) = (bytes(100_000, u64::MAX), bytes(100_000, 0));
        assert!(expected < 2 * unknown, "{expected} for {unknown}");
        assert!(bytes(100_000, 100_000) < unknown + unknown / 8);
    }

    #[test]
    fn blocks_with_entries_can_wait() {
        let before = cache();
        (0..20_000_u32).for_each(|key| {
            before.set(&key.to_le_bytes(), &[key as u8; 100]).unwrap();
        });
        let (snapshot, after) = (saved(&before), cache());
        let (mut loading, mut input) = (Loading::default(), &snapshot[..]);
        let mut waiting = Vec::new();
        loop {
            let piece = take(&mut input, loading.next).unwrap();
            if let Some(later) = loading.later() {
                waiting.push((later, piece));
            } else if !after.load_block(&mut loading, b"", piece).unwrap() {
                break;
            }
        }
        assert!(waiting.len() > 5 && input.is_empty() && after.is_empty());
        std::thread::scope(|scope| {
            for (mut later, piece) in waiting.into_iter().rev() {
                let after = &after;
                scope.spawn(move || assert!(after.load_block(&mut later, b"", piece).unwrap()));
            }
        });
        assert_eq!(after.len(), 20_000);
        after.audit();
    }

    #[test]
    fn cut_off_or_damaged_anywhere() {
        let before = cache();
        (0..10_u32).for_each(|key| {
            before.set(&key.to_le_bytes(), b"value").unwrap();
        });
        let mut snapshot = saved(&before);
        let after = Cache::new(Options { max_bytes: 1 << 20, ..Options::default() }).unwrap();
        for length in 0..snapshot.len() {
            let error = after.load_from(&snapshot[..length]).unwrap_err();
            assert!(matches!(error, SnapshotError::Truncated), "{length}: {error:?}");
            let whole = after.is_empty() || after.len() == 10;
            assert!(whole, "{length}: part of a block");
            after.clear();
        }
        for place in 0..snapshot.len() {
            snapshot[place] ^= 0x10;
            let error = after.load_from(&snapshot[..]).unwrap_err();
            let expected = match place {
                0..8 => matches!(error, SnapshotError::NotSnapshot),
                8..12 => matches!(error, SnapshotError::Version(_)),
                _ => matches!(error, SnapshotError::Damaged),
            };
            assert!(expected, "{place}: {error:?}");
            snapshot[place] ^= 0x10;
        }
        assert!(after.load_from(&snapshot[..]).is_ok());
    }
}
