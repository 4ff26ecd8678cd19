//! Entries that went, kept until somebody asks for them.
//!
//! Each shard has a queue, to which it adds under its lock what it removes: so the removals of a key are in order. Whoever takes
//! them empties the queues one after the other, and looks at what was in them when no shard is locked.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::budget::Budget;
use super::cache::Cache;
use super::entry::Bytes;
use super::sync::{AtomicU64, Mutex};

/// Why an entry went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// To make room, of memory or of entries.
    Size,
    /// Its time was over.
    Expired,
    /// A value was stored for its key.
    Replaced,
    /// It was removed by name, by its prefix, by a function, or with all others.
    Deleted,
}

/// An entry that went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// The value that it had.
    pub value: &'a [u8],
    /// Why it went.
    pub reason: Reason,
}

/// What the queues of a cache have in common.
pub(super) struct Removals {
    /// What their chunks may take.
    room: Budget,
    /// Bytes of a chunk, unless one removal takes more.
    chunk: usize,
    /// 1 if a queue may have something.
    pending: AtomicU64,
    /// By shard: 1 if its queue may have something.
    queued: Box<[AtomicU64]>,
    taken: Mutex<Taken>,
}

/// The removals of a shard that nobody has taken.
#[derive(Default)]
pub(super) struct Queue {
    chunks: Chunks,
    dropped: u64,
}

/// Memory with removals one after another, each a head, a key and a value.
type Chunks = VecDeque<Vec<u8>>;

/// What was taken from queues, but not looked at.
#[derive(Default)]
struct Taken {
    chunks: Chunks,
    /// Of the first chunk, what was looked at.
    offset: usize,
    /// The shard whose queue comes next.
    next: usize,
}

/// Reason, length of the key, length of the value.
const HEAD: usize = 1 + 8 + 8;
/// What a chunk takes beside its bytes: its place in a queue, which may be growing, and what the allocator adds.
const CHUNK: usize = 4 * size_of::<Vec<u8>>();

impl Removals {
    /// Queues of so many shards that take so many bytes together.
    pub(super) fn new(bytes: u64, shards: usize) -> Self {
        let share = usize::try_from(bytes).unwrap_or(usize::MAX) / shards;
        Removals {
            room: Budget::new(bytes),
            chunk: (share / 8).clamp(256, 16 << 10),
            pending: AtomicU64::new(0),
            queued: (0..shards).map(|_| AtomicU64::new(0)).collect(),
            taken: Mutex::default(),
        }
    }

    /// What they take without anything in them.
    pub(super) fn overhead(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.queued)
    }

    /// A word that is not 0 if there may be something to take.
    pub(super) fn pending(&self) -> *const u64 {
        self.pending.as_ptr()
    }

    fn release(&self, chunk: Vec<u8>) {
        let bytes = chunk.capacity() + CHUNK;
        drop(chunk);
        self.room.release(bytes as u64);
    }
}

impl Queue {
    /// Removals that there was no room for.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Adds what the shard with this number removes, which is locked.
    #[cold]
    pub(super) fn push(
        &mut self,
        shard: usize,
        removals: &Removals,
        key: &[u8],
        value: Bytes,
        reason: Reason,
    ) {
        let length = HEAD + key.len() + value.len();
        let has_room = |chunk: &Vec<u8>| chunk.capacity() - chunk.len() >= length;
        if !self.chunks.back().is_some_and(has_room) {
            let bytes = length.max(removals.chunk);
            let charge = (bytes + CHUNK) as u64;
            if !removals.room.try_reserve(charge) {
                self.dropped += 1;
                return;
            }
            let mut chunk = Vec::new();
            if chunk.try_reserve_exact(bytes).is_err() {
                removals.room.release(charge);
                self.dropped += 1;
                return;
            }
            self.chunks.push_back(chunk);
        }
        let Some(chunk) = self.chunks.back_mut() else { return };
        chunk.push(reason as u8);
        chunk.extend_from_slice(&key.len().to_le_bytes());
        chunk.extend_from_slice(&value.len().to_le_bytes());
        chunk.extend_from_slice(key);
        value.append_to(chunk);
        // Whoever takes clears `pending` first, then looks at `queued`: either that is seen there, or the cleared word is here.
        if removals.queued[shard].swap(1, Ordering::SeqCst) == 0
            && removals.pending.load(Ordering::SeqCst) == 0
        {
            removals.pending.store(1, Ordering::SeqCst);
        }
    }

    fn take(&mut self, shard: usize, removals: &Removals) -> Chunks {
        removals.queued[shard].store(0, Ordering::SeqCst);
        std::mem::take(&mut self.chunks)
    }
}

impl Taken {
    fn first(&self) -> Option<(Removed<'_>, usize)> {
        let chunk = self.chunks.front()?;
        let mut rest = &chunk[self.offset..];
        let mut part = |length: usize| {
            let (part, after) = rest.split_at(length);
            rest = after;
            part
        };
        let reason = match part(1)[0] {
            0 => Reason::Size,
            1 => Reason::Expired,
            2 => Reason::Replaced,
            _ => Reason::Deleted,
        };
        let [key, value] = [part(8), part(8)]
            .map(|length| length.iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte)));
        let removed = Removed { key: part(key), value: part(value), reason };
        Some((removed, self.offset + HEAD + key + value))
    }
}

/// Tells at its end that there may be something to take yet, unless it is known that there is not.
struct Unfinished<'a>(&'a AtomicU64);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.store(1, Ordering::SeqCst);
    }
}

impl Cache {
    /// Calls `visit` with the entries that went since they were asked for last, in a cache with [`super::Options::removal_bytes`],
    /// until it returns false: that entry comes again. Those of a key come in the order in which they went. Other threads that ask
    /// wait meanwhile; `visit` may use the cache, but must not call this method.
    ///
    /// ```
    /// use tandem::cache::{Cache, Options, Reason};
    ///
    /// let cache = Cache::new(Options { removal_bytes: 1 << 20, ..Options::default() })?;
    /// cache.set(b"greeting", b"hello")?;
    /// cache.set(b"greeting", b"good day")?;
    /// cache.delete(b"greeting");
    ///
    /// let mut gone = Vec::new();
    /// cache.take_removals(|removed| {
    ///     gone.push((removed.value.to_vec(), removed.reason));
    ///     true
    /// });
    /// assert_eq!(gone, [(b"hello".to_vec(), Reason::Replaced), (b"good day".to_vec(), Reason::Deleted)]);
    /// # Ok::<(), tandem::cache::Error>(())
    /// ```
    pub fn take_removals(&self, mut visit: impl FnMut(&Removed) -> bool) {
        let Some(removals) = &self.resources.removals else { return };
        let mut taken = removals.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if removals.pending.swap(0, Ordering::SeqCst) == 0 {
            return;
        }
        let unfinished = Unfinished(&removals.pending);
        // Once around, and no further: `visit` may remove something each time.
        for turn in 0..=self.shards.len() {
            while let Some((removed, end)) = taken.first() {
                if !visit(&removed) {
                    return;
                }
                taken.offset = end;
                if taken.chunks.front().is_some_and(|chunk| chunk.len() == end) {
                    taken.offset = 0;
                    taken.chunks.pop_front().into_iter().for_each(|chunk| removals.release(chunk));
                }
            }
            if turn == self.shards.len() {
                break;
            }
            let shard = taken.next;
            taken.next = (shard + 1) % self.shards.len();
            if removals.queued[shard].load(Ordering::SeqCst) != 0 {
                taken.chunks = self.shard(shard).queue().take(shard, removals);
            }
        }
        std::mem::forget(unfinished);
    }

    /// What the queues and what was taken hold.
    #[cfg(test)]
    fn removal_room(&self) -> u64 {
        self.resources.removals.as_ref().map_or(0, |removals| removals.room.used())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::cache::{Change, Clock, Error, ManualClock, Options};

    fn cache(max_bytes: u64, removal_bytes: u64) -> Cache {
        Cache::new(Options { max_bytes, removal_bytes, ..Options::default() }).unwrap()
    }

    type Owned = (Vec<u8>, Vec<u8>, Reason);

    fn taken(cache: &Cache) -> Vec<Owned> {
        let mut all = Vec::new();
        cache.take_removals(|removed| {
            all.push((removed.key.to_vec(), removed.value.to_vec(), removed.reason));
            true
        });
        all
    }

    #[test]
    fn each_way_to_go_has_a_reason() {
        use Reason::{Deleted, Expired, Replaced, Size};
        let second = Some(Duration::from_secs(1));
        type Case = (&'static str, fn(&Cache), &'static [Reason]);
        let cases: [Case; _] = [
            ("nothing", |_| (), &[]),
            (
                "touch",
                |cache| assert!(cache.touch(b"key", Some(Duration::from_secs(1))).unwrap()),
                &[],
            ),
            ("delete", |cache| assert!(cache.delete(b"key")), &[Deleted]),
            (
                "delete_many",
                |cache| assert_eq!(cache.delete_many([&b"key"[..], b"?"]), 1),
                &[Deleted],
            ),
            ("delete_prefix", |cache| assert_eq!(cache.delete_prefix(b"k"), 1), &[Deleted]),
            ("clear", Cache::clear, &[Deleted]),
            ("close", Cache::close, &[]),
            ("update", |cache| _ = cache.update(b"key", |_| Change::Delete).unwrap(), &[Deleted]),
            ("set in place", |cache| _ = cache.set(b"key", b"VALUE").unwrap(), &[Replaced]),
            ("set longer", |cache| _ = cache.set(b"key", &[1; 100]).unwrap(), &[Replaced]),
            ("set large", |cache| _ = cache.set(b"key", &[1; 200_000]).unwrap(), &[Replaced]),
            ("append", |cache| _ = cache.append(b"key", b"!").unwrap(), &[Replaced]),
            ("not stored", |cache| _ = cache.set_if_absent(b"key", b"other", None).unwrap(), &[]),
            (
                "resize",
                |cache| {
                    cache.set(b"large", &[0; 1 << 20]).unwrap();
                    cache.delete(b"large");
                    cache.resize(300_000).unwrap();
                    for key in 0..5_000_u32 {
                        cache.set(&key.to_le_bytes(), &[0; 60]).unwrap();
                        // Else the older entry would be as good as this one.
                        cache.get(&key.to_le_bytes());
                    }
                },
                &[Size],
            ),
        ];
        for (name, change, reasons) in cases {
            let cache = cache(4 << 20, 64 << 10);
            let old = if name == "append" { &b"value"[..] } else { b"value" };
            cache.set(b"key", old).unwrap();
            change(&cache);
            let of_key = taken(&cache).into_iter().filter(|(key, ..)| key == b"key");
            let expected: Vec<_> =
                reasons.iter().map(|&reason| (b"key".to_vec(), old.to_vec(), reason)).collect();
            assert_eq!(of_key.collect::<Vec<_>>(), expected, "{name}");
            if !cache.is_closed() {
                cache.audit();
            }
        }
        for (name, change) in [
            ("clean_up", Cache::clean_up as fn(&Cache)),
            ("clear", Cache::clear),
            ("delete", |cache| assert!(!cache.delete(b"key"))),
            ("set in place", |cache| {
                _ = cache.set_with_ttl(b"key", b"VALUE", Some(Duration::MAX)).unwrap()
            }),
            ("set longer", |cache| _ = cache.set(b"key", &[1; 100]).unwrap()),
        ] {
            let clock = ManualClock::default();
            let options = Options { removal_bytes: 64 << 10, ..Options::default() };
            let cache =
                Cache::new(Options { clock: Clock::Manual(clock.clone()), ..options }).unwrap();
            cache.set_with_ttl(b"key", b"value", second).unwrap();
            clock.advance(Duration::from_secs(2));
            change(&cache);
            assert_eq!(taken(&cache), [(b"key".to_vec(), b"value".to_vec(), Expired)], "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let cache = cache(1 << 20, 64 << 10);
        let room = 64 << 10;
        for key in 0..10_000_u32 {
            cache.set(&key.to_le_bytes(), &[3; 100]).unwrap();
            cache.delete(&key.to_le_bytes());
            assert!(cache.removal_room() <= room);
        }
        cache.set(b"large", &[4; 64 << 10]).unwrap();
        cache.delete(b"large");
        let kept = taken(&cache);
        assert_eq!(kept.len() as u64 + cache.stats().removals_dropped, 10_001);
        assert!(kept.len() > 64 * 1024 / 140, "{}", kept.len());
        assert!(kept.iter().zip(0_u32..).all(|((key, ..), number)| *key == number.to_le_bytes()));
        assert_eq!(cache.removal_room(), 0);
        // There is room again, also for a large one.
        cache.set(b"large", &[5; 60_000]).unwrap();
        cache.delete(b"large");
        assert_eq!(taken(&cache), [(b"large".to_vec(), vec![5; 60_000], Reason::Deleted)]);
        cache.audit();
    }

    #[test]
    fn who_stops_goes_on_there() {
        let cache = cache(64 << 20, 1 << 20);
        for key in 0..100_u32 {
            cache.set(&key.to_le_bytes(), b"value").unwrap();
            cache.delete(&key.to_le_bytes());
        }
        let mut keys = Vec::new();
        for _ in 0..101 {
            let mut first = true;
            cache.take_removals(|removed| {
                let goes_on = std::mem::take(&mut first);
                if goes_on {
                    keys.push(u32::from_le_bytes(removed.key.try_into().unwrap()));
                }
                goes_on
            });
        }
        keys.sort_unstable();
        assert_eq!(keys, (0..100).collect::<Vec<_>>());
        assert_eq!(taken(&cache), []);
    }

    #[test]
    fn a_visit_may_use_the_cache_and_panic() {
        let cache = cache(1 << 20, 64 << 10);
        cache.set(b"key", b"value").unwrap();
        cache.delete(b"key");
        let visit = || cache.take_removals(|_| panic!());
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(visit)).is_err());
        let mut visited = 0;
        cache.take_removals(|removed| {
            visited += 1;
            if visited == 1 {
                assert_eq!(removed.value, b"value");
                cache.set(removed.key, b"again").unwrap();
                cache.delete(removed.key);
            }
            true
        });
        assert_eq!(visited + taken(&cache).len(), 2);
    }

    #[test]
    fn what_is_left_of_a_closed_cache() {
        let cache = cache(1 << 20, 64 << 10);
        cache.set(b"gone", b"before").unwrap();
        cache.set(b"here", b"yet").unwrap();
        cache.delete(b"gone");
        cache.close();
        assert_eq!(taken(&cache), [(b"gone".to_vec(), b"before".to_vec(), Reason::Deleted)]);
        assert_eq!(taken(&cache), []);
    }

    #[test]
    fn queues_are_within_the_limit() {
        let options = Options { max_bytes: 1 << 20, ..Options::default() };
        for (removal_bytes, fits) in [(512 << 10, true), ((512 << 10) + 1, false)] {
            let made = Cache::new(Options { removal_bytes, ..options.clone() });
            assert_eq!(made.is_ok(), fits);
            assert!(fits || matches!(made, Err(Error::Options(_))));
        }
        let without = Cache::new(options).unwrap();
        without.set(b"key", b"value").unwrap();
        without.delete(b"key");
        assert_eq!((taken(&without), without.stats().removals_dropped), (vec![], 0));
    }

    /// Each value that was stored is there, or has gone once, and those of a key in order.
    #[test]
    fn nothing_is_missed_while_threads_change_all() {
        const THREADS: u64 = 4;
        let cache = cache(8 << 20, 4 << 20);
        let (stored, removed) =
            (Mutex::new(HashMap::new()), Mutex::new(HashMap::<_, Vec<_>>::new()));
        let take = || {
            cache.take_removals(|entry| {
                let version = u64::from_le_bytes(entry.value[..8].try_into().unwrap());
                removed.lock().unwrap().entry(entry.key.to_vec()).or_default().push(version);
                true
            });
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (cache, stored, take) = (&cache, &stored, &take);
                    scope.spawn(move || {
                        let mut last = HashMap::new();
                        let mut number = thread + 1;
                        for version in 1..=20_000_u64 {
                            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                            let key = ((number >> 33) % 2_000 * THREADS + thread).to_le_bytes();
                            let mut value = version.to_le_bytes().to_vec();
                            value.resize(8 + (number >> 40) as usize % 3_000, 0);
                            cache.set(&key, &value).unwrap();
                            last.insert(key.to_vec(), version);
                            if number >> 60 == 0 {
                                cache.delete(&key);
                            }
                            // So that nothing is dropped.
                            if version % 100 == 0 {
                                take();
                            }
                        }
                        stored.lock().unwrap().extend(last);
                    })
                })
                .collect();
            workers.into_iter().for_each(|worker| worker.join().unwrap());
        });
        take();
        assert_eq!(cache.stats().removals_dropped, 0);
        let removed = removed.into_inner().unwrap();
        let total: usize = removed.values().map(Vec::len).sum();
        assert_eq!(total as u64 + cache.len(), THREADS * 20_000);
        for (key, last) in stored.into_inner().unwrap() {
            let mut versions = removed.get(&key).cloned().unwrap_or_default();
            let left =
                cache.peek(&key).map(|value| u64::from_le_bytes(value[..8].try_into().unwrap()));
            versions.extend(left);
            assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
            assert_eq!(versions.last(), Some(&last));
        }
        assert!(cache.stats().evictions > 1_000);
        cache.audit();
    }
}
