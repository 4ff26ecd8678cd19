//! The cache against a plain map, against its own books, and under threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::{Cache, Clock, Condition, Error, ManualClock, Options, Ttl};

fn cache(max_bytes: u64) -> Cache {
    Cache::new(Options { max_bytes, ..Options::default() }).unwrap()
}

/// Numbers that look random, the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }
}

/// A value that tells which key and version it is of, so that any mix-up shows.
fn value(key: u64, version: u64, length: usize) -> Vec<u8> {
    let mut value = [key.to_le_bytes(), version.to_le_bytes()].concat();
    value.resize(length.max(16), key.wrapping_mul(31).wrapping_add(version) as u8);
    value
}

fn version_of(key: u64, found: &[u8]) -> u64 {
    let version = u64::from_le_bytes(found[8..16].try_into().unwrap());
    assert_eq!(found, value(key, version, found.len()), "a value of another key, or a torn one");
    version
}

#[test]
fn options_are_checked() {
    for options in [
        Options { max_bytes: 0, ..Options::default() },
        Options { max_bytes: Options::MIN_BYTES - 1, ..Options::default() },
        Options { max_bytes: u64::MAX, ..Options::default() },
        Options { max_entries: 0, ..Options::default() },
    ] {
        assert!(matches!(Cache::new(options), Err(Error::Options(_))));
    }
    assert!(Cache::new(Options { max_bytes: Options::MIN_BYTES, ..Options::default() }).is_ok());
    assert!(Cache::new(Options { max_bytes: 1 << 40, ..Options::default() }).is_ok());
}

#[test]
fn touching_takes_no_memory() {
    let cache = cache(64 << 20);
    cache.set(b"key", &[1; 1000]).unwrap();
    let before = cache.stats().bytes;
    for _ in 0..10_000 {
        assert!(cache.touch(b"key", Some(Duration::from_secs(1000))).unwrap());
        assert!(cache.touch(b"key", None).unwrap());
    }
    // Memory comes in chunks of the size of a huge page.
    assert!(cache.stats().bytes <= before + (2 << 20), "{} after {before}", cache.stats().bytes);
    cache.audit();
}

#[test]
fn cleaning_up_leaves_nothing_that_has_expired() {
    let clock = ManualClock::default();
    let options = Options { clock: Clock::Manual(clock.clone()), ..Options::default() };
    let cache = Cache::new(options).unwrap();
    for ttl in 1..=30 {
        cache.set_with_ttl(&[ttl], b"value", Some(Duration::from_millis(ttl.into()))).unwrap();
    }
    for left in (0..30).rev() {
        clock.advance(Duration::from_millis(1));
        cache.clean_up();
        assert_eq!(cache.len(), left);
        cache.audit();
    }
}

#[test]
fn what_can_never_fit_evicts_nothing() {
    for max_bytes in [100_000, 1 << 20, 2_156_497, 10 << 20] {
        let cache = cache(max_bytes);
        cache.set(b"small", b"value").unwrap();
        let large = vec![1; max_bytes as usize];
        let length = (0..max_bytes as usize).step_by(509).rev().find(|&length| {
            let stored = cache.set(b"large", &large[..length]);
            let known = matches!(stored, Ok(_) | Err(Error::TooLarge));
            assert!(known, "{length} of {max_bytes}: {stored:?}");
            assert!(stored.is_ok() || cache.get(b"small").is_some(), "{length} of {max_bytes}");
            stored.is_ok()
        });
        assert!(length.is_some_and(|length| length as u64 > max_bytes / 2), "{length:?}");
        assert_eq!(cache.get(b"large").map(|value| value.len()), length);
        cache.audit();
    }
}

#[test]
fn a_clock_does_not_go_back() {
    let clock = ManualClock::default();
    let options = Options { clock: Clock::Manual(clock.clone()), ..Options::default() };
    let cache = Cache::new(options).unwrap();
    cache.set_with_ttl(b"key", b"value", Some(Duration::from_secs(1))).unwrap();
    for _ in 0..3 {
        clock.advance(Duration::MAX);
        assert_eq!(cache.get(b"key"), None);
        clock.advance(Duration::from_secs(1));
        assert_eq!(cache.get(b"key"), None);
    }
}

#[test]
fn sizes_from_nothing_to_the_limit() {
    let cache = cache(8 << 20);
    for length in [0, 1, 7, 8, 9, 4095, 4096, 65_535, 65_536, 1 << 20, 7 << 20] {
        for key in [vec![], vec![1], vec![2; 65_536]] {
            let value = vec![length as u8; length];
            cache.set(&key, &value).unwrap();
            assert_eq!(cache.get(&key), Some(value), "{length}");
            cache.audit();
        }
    }
    cache.set(&[1], b"old").unwrap();
    assert_eq!(cache.set(&[1], &vec![0; 8 << 20]), Err(Error::TooLarge));
    assert_eq!(
        cache.get(&[1]).as_deref(),
        Some(&b"old"[..]),
        "a refused entry must leave the old one"
    );
}

/// Of entries of some pages, whole pages are in a mapping, and the rest among other entries.
#[test]
fn entries_in_two_parts() {
    let options = Options { removal_bytes: 16 << 20, ..Options::default() };
    let cache = Cache::new(options).unwrap();
    let mut random = Random(1);
    for pages in [4, 5, 16, 63, 64, 65] {
        for beyond in [-4000, -9, -1, 0, 1, 9, 2000] {
            for key in [0, 1, 9, 100, 4095, 4096, 5000, 60_000] {
                let length = usize::try_from(pages * 4096 + beyond).unwrap();
                let key = vec![1; key];
                let mut value = value(random.below(1 << 30), 0, length);
                let case = format!("{length} bytes, a key of {}", key.len());
                cache.set(&key, &value).unwrap();
                cache.audit();
                assert!(cache.get(&key).as_ref() == Some(&value), "{case}");
                // There is no word for a deadline yet.
                assert!(cache.touch(&key, Some(Duration::from_secs(1000))).unwrap(), "{case}");
                let mut seen = 0;
                cache.scan(0, 1, |entry| {
                    seen += usize::from(entry.key == key && entry.value == value);
                });
                assert_eq!(seen, 1, "{case}");
                cache.append(&key, b"more").unwrap();
                value.extend(b"more");
                assert!(cache.get(&key).as_ref() == Some(&value), "{case}");
                cache.audit();
                cache.take_removals(|_| true);
                cache.delete(&key);
                cache.take_removals(|removed| {
                    assert!(removed.key == key && removed.value == value, "{case}");
                    true
                });
            }
        }
    }
    cache.audit();
}

/// A large value takes the memory of one before it that has as many pages, so nothing has to go for it. Who reads
/// meanwhile finds the one or the other.
#[test]
fn large_values_are_replaced_where_they_lie() {
    for (max_bytes, most) in [(8 << 20, 202_000), (32 << 20, 702_000)] {
        large_values_are_replaced(&cache(max_bytes), most);
    }
}

fn large_values_are_replaced(cache: &Cache, most: usize) {
    let of = |length: usize, fill: u8| vec![fill; length];
    for key in 0..100_u64 {
        cache.set(&key.to_le_bytes(), &of(most, 0)).unwrap();
    }
    let key = &99_u64.to_le_bytes();
    let before = cache.stats();
    assert!(before.evictions > 0 && cache.get(key).is_some());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let found = cache.get(key).unwrap();
                assert!(found.iter().all(|&byte| byte == found[0]));
            }
        });
        let mut version = 0;
        for round in 0..400 {
            let value = of([most, most - 100, most - 200, most - 1][round % 4], round as u8);
            let next = cache.set(key, &value).unwrap();
            assert!(next > version && cache.get(key).as_ref() == Some(&value), "{round}");
            version = next;
        }
        done.store(true, Ordering::Relaxed);
    });
    let after = cache.stats();
    assert_eq!((after.evictions, after.bytes), (before.evictions, before.bytes));
    cache.audit();
    // Neither of these is as large.
    for length in [most + 4096, most, 10, most] {
        cache.set(key, &of(length, 7)).unwrap();
        assert_eq!(cache.get(key), Some(of(length, 7)));
        cache.audit();
    }
}

/// The system allows a process 65,530 pieces of mapped memory: entries that go from between others must not make one each.
#[test]
#[cfg(not(miri))]
fn large_entries_leave_no_holes() {
    let pieces = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let cache = cache(256 << 20);
    let value = vec![1; 20_000];
    for key in 0..6_000_u64 {
        cache.set(&key.to_le_bytes(), &value).unwrap();
    }
    let before = pieces();
    for key in (0..6_000_u64).step_by(2) {
        assert!(cache.delete(&key.to_le_bytes()));
    }
    let after = pieces();
    assert!(after < before + 1_000, "{before} and then {after} pieces"); // of other tests, too
    for key in (0..6_000_u64).step_by(2) {
        cache.set(&key.to_le_bytes(), &value[1..]).unwrap();
    }
    cache.audit();
}

#[test]
fn large_entries_take_no_more_than_they_need() {
    let cache = cache(64 << 20);
    let before = cache.stats().bytes;
    for key in 0..2000_u64 {
        cache.set(&key.to_le_bytes(), &vec![0; 20_500]).unwrap();
    }
    let (taken, needed) = (cache.stats().bytes - before, 2000 * 20_508);
    assert!(taken < needed + (6 << 20), "{taken} bytes for {needed}");
}

/// Where memory is short, the same entries stay as where it is their number.
#[test]
fn memory_is_as_well_used_as_places() {
    let hits = |options: Options| {
        let cache = Cache::new(options).unwrap();
        let mut random = Random(7);
        let mut hits = 0;
        for _ in 0..200_000 {
            // By Zipf's law with exponent 1.
            let key = (random.below(1 << 30) as f64 / f64::from(1 << 30) * 50_000_f64.ln()).exp();
            let key = (key as u64).to_le_bytes();
            match cache.get(&key) {
                Some(_) => hits += 1,
                None => cache.set(&key, &[0; 1000]).map(drop).unwrap(),
            }
        }
        (hits, cache.len())
    };
    let (by_memory, entries) = hits(Options { max_bytes: 8 << 20, ..Options::default() });
    let (by_entries, _) = hits(Options { max_entries: entries, ..Options::default() });
    assert!(by_memory + 1000 > by_entries, "{by_memory} hits of {by_entries}, {entries} entries");
}

#[test]
fn smallest_cache_works() {
    let cache = cache(Options::MIN_BYTES);
    for key in 0..10_000_u64 {
        let value = value(key, 0, (key % 900) as usize);
        cache.set(&key.to_le_bytes(), &value).unwrap();
        assert_eq!(cache.get(&key.to_le_bytes()), Some(value), "the newest entry must be there");
        assert!(cache.stats().bytes <= Options::MIN_BYTES);
    }
    assert!(cache.stats().evictions > 1000);
    cache.audit();
}

#[test]
fn entries_expire() {
    let clock = ManualClock::default();
    let options = Options {
        ttl: Some(Duration::from_secs(10)),
        clock: Clock::Manual(clock.clone()),
        ..Options::default()
    };
    let cache = Cache::new(options).unwrap();
    cache.set(b"default", b"1").unwrap();
    cache.set_with_ttl(b"short", b"2", Some(Duration::from_secs(5))).unwrap();
    cache.set_with_ttl(b"ever", b"3", None).unwrap();
    cache.set_with_ttl(b"none", b"4", Some(Duration::ZERO)).unwrap();
    cache.set_with_ttl(b"longest", b"5", Some(Duration::MAX)).unwrap();
    let there = || {
        ["default", "short", "ever", "none", "longest"]
            .map(|key| cache.get(key.as_bytes()).is_some())
    };
    assert_eq!(there(), [true, true, true, false, true]);
    clock.advance(Duration::from_secs(5) - Duration::from_nanos(1));
    assert_eq!(there(), [true, true, true, false, true]);
    clock.advance(Duration::from_nanos(1));
    assert_eq!(there(), [true, false, true, false, true]);
    assert!(!cache.delete(b"short"), "an expired entry is not there to delete");
    clock.advance(Duration::from_secs(5));
    assert_eq!(there(), [false, false, true, false, true]);
    cache.set(b"default", b"6").unwrap();
    assert_eq!(cache.get(b"default").as_deref(), Some(&b"6"[..]));
    cache.audit();
}

#[test]
fn times_to_live_are_told_and_changed() {
    let clock = ManualClock::default();
    let options = Options { clock: Clock::Manual(clock.clone()), ..Options::default() };
    let cache = Cache::new(options).unwrap();
    let seconds = |count| Some(Duration::from_secs(count));
    cache.set(b"ever", b"1").unwrap();
    cache.set_with_ttl(b"short", b"2", seconds(5)).unwrap();
    assert_eq!(cache.ttl(b"none"), None);
    assert_eq!(cache.ttl(b"ever"), Some(None));
    assert_eq!(cache.ttl(b"short"), Some(seconds(5)));
    assert_eq!(cache.stats().expiring, 1);
    clock.advance(Duration::from_secs(2));
    assert_eq!(cache.ttl(b"short"), Some(seconds(3)));
    assert!(cache.touch(b"short", seconds(10)).unwrap());
    assert!(cache.touch(b"ever", seconds(10)).unwrap());
    assert!(!cache.touch(b"none", None).unwrap());
    assert_eq!(cache.stats().expiring, 2);
    clock.advance(Duration::from_secs(9));
    assert_eq!(cache.ttl(b"ever"), Some(seconds(1)));
    assert!(cache.touch(b"ever", None).unwrap());
    clock.advance(Duration::from_secs(1));
    assert_eq!(cache.ttl(b"short"), None);
    assert!(!cache.touch(b"short", None).unwrap(), "an expired entry must not come back");
    assert_eq!(cache.get(b"ever").as_deref(), Some(&b"1"[..]));
    assert_eq!(cache.stats().hits, 1, "asking for times is no use of an entry");
    assert_eq!(cache.stats().expiring, 0, "the expired one was removed when it was looked at");
    cache.set(b"short", b"3").unwrap();
    assert_eq!(cache.stats().expiring, 0);
    cache.audit();
}

/// All keys of a cache, in steps of `count`.
fn scan(cache: &Cache, count: usize, mut between: impl FnMut()) -> Vec<u64> {
    let (mut keys, mut cursor) = (Vec::new(), 0);
    loop {
        let before = keys.len();
        cursor = cache.scan(cursor, count, |entry| {
            keys.push(u64::from_le_bytes(entry.key.try_into().unwrap()));
        });
        // Those of a bucket go together.
        assert!(
            keys.len() - before < count.saturating_add(20),
            "{} in a step",
            keys.len() - before
        );
        if cursor == 0 {
            return keys;
        }
        between();
    }
}

#[test]
fn scans_visit_each_entry_once() {
    for (entries, count) in [(0, 1), (1, 1), (100, 1), (5_000, 7), (5_000, 1_000), (5_000, 1 << 40)]
    {
        let cache = cache(4 << 20);
        for key in 0..entries {
            cache.set(&u64::to_le_bytes(key), b"value").unwrap();
        }
        let mut keys = scan(&cache, count, || {});
        keys.sort_unstable();
        assert_eq!(keys, (0..entries).collect::<Vec<_>>(), "by {count}");
    }
}

#[test]
fn scans_miss_nothing_that_stays() {
    let cache = cache(64 << 20);
    let stays = |key: u64| key.is_multiple_of(2);
    for key in 0..5_000_u64 {
        cache.set(&key.to_le_bytes(), b"value").unwrap();
    }
    let mut next = 5_000_u64;
    let mut keys = scan(&cache, 100, || {
        // Tables grow, entries move and go.
        for _ in 0..100 {
            next += 1;
            cache.set(&next.to_le_bytes(), b"value").unwrap();
            cache.delete(&(next % 2_500 * 2 + 1).to_le_bytes());
            cache.set(&(next % 2_500 * 2).to_le_bytes(), &vec![1; next as usize % 100]).unwrap();
        }
    });
    keys.retain(|&key| key < 5_000 && stays(key));
    keys.sort_unstable();
    assert_eq!(keys, (0..5_000).filter(|&key| stays(key)).collect::<Vec<_>>());
}

#[test]
fn expired_entries_make_room_first() {
    let clock = ManualClock::default();
    let options =
        Options { max_bytes: 1 << 20, clock: Clock::Manual(clock.clone()), ..Options::default() };
    let cache = Cache::new(options).unwrap();
    for key in 0..20_000_u64 {
        cache.set_with_ttl(&key.to_le_bytes(), &[7; 64], Some(Duration::from_secs(1))).unwrap();
        clock.advance(Duration::from_millis(1));
    }
    let stats = cache.stats();
    assert_eq!(stats.evictions, 0, "{stats:?}");
    assert!(stats.expirations > 10_000, "{stats:?}");
}

#[test]
fn entries_are_limited() {
    let options = Options { max_entries: 100, ..Options::default() };
    let cache = Cache::new(options).unwrap();
    for key in 0..10_000_u64 {
        cache.set(&key.to_le_bytes(), b"value").unwrap();
        assert!(cache.len() <= 100);
        assert!(cache.get(&key.to_le_bytes()).is_some());
    }
    assert_eq!(cache.len(), 100);
    assert_eq!(cache.stats().evictions, 9_900);
    cache.audit();
}

/// What is read often stays, what is not goes; what was lost is loaded again, as users do.
#[test]
fn reading_gives_a_second_chance() {
    let cache = cache(1 << 20);
    let hot = |key: u64| [b"hot".as_slice(), &key.to_le_bytes()].concat();
    let mut loads = 0;
    for key in 0..100_000_u64 {
        cache.set(&key.to_le_bytes(), &[2; 100]).unwrap();
        if cache.get(&hot(key % 500)).is_none() {
            loads += 1;
            cache.set(&hot(key % 500), &[1; 100]).unwrap();
        }
    }
    // Without a second chance each would be lost and loaded some fifteen times.
    assert!(loads < 1_500, "500 entries were loaded {loads} times");
}

#[test]
fn large_entries_and_small_ones_make_room_for_each_other() {
    let cache = cache(4 << 20);
    let mut random = Random(5);
    for round in 0..6_u64 {
        let small = round % 2 == 0;
        for key in 0..if small { 50_000 } else { 60 } {
            let length = if small { random.below(300) } else { (random.below(3) << 20) + 500_000 };
            let value = value(key, round, length as usize);
            cache.set(&key.to_le_bytes(), &value).unwrap();
            assert_eq!(cache.get(&key.to_le_bytes()).as_ref(), Some(&value));
            assert!(cache.stats().bytes <= 4 << 20);
        }
        cache.audit();
    }
}

/// A full table must not stand in the way of an entry that fits the cache.
#[test]
fn memory_of_tables_is_given_back_for_a_large_entry() {
    let cache = cache(16 << 20);
    for key in 0..400_000_u64 {
        cache.set(&key.to_le_bytes(), b"").unwrap();
    }
    let large = vec![1; 15 << 20];
    cache.set(b"large", &large).unwrap();
    assert_eq!(cache.get(b"large"), Some(large));
    cache.audit();
}

#[test]
fn clear_and_close_give_everything_back() {
    let cache = cache(16 << 20);
    let empty = cache.stats().bytes;
    for round in 0..3 {
        for key in 0..50_000_u64 {
            cache.set(&key.to_le_bytes(), &value(key, round, 100)).unwrap();
        }
        cache.set(b"large", &[0; 4 << 20]).unwrap();
        cache.clear();
        cache.audit();
        assert_eq!((cache.stats().bytes, cache.len()), (empty, 0));
    }
    cache.set(b"key", b"value").unwrap();
    cache.close();
    assert!(cache.is_closed());
    assert_eq!(cache.get(b"key"), None);
    assert_eq!(cache.set(b"key", b"value"), Err(Error::Closed));
    assert!(!cache.delete(b"key"));
    assert_eq!((cache.stats().bytes, cache.len()), (empty, 0));
}

#[test]
fn outputs() {
    let cache = cache(1 << 20);
    cache.set(b"key", b"value").unwrap();
    let mut output = b"the ".to_vec();
    assert!(cache.append_get(&mut output, b"key"));
    assert!(!cache.append_get(&mut output, b"other"));
    assert_eq!(output, b"the value");
    let mut buffer = [std::mem::MaybeUninit::new(b'-'); 6];
    assert_eq!(
        cache.copy_to(&mut buffer[..4], b"key"),
        Some(5),
        "the length is told if it does not fit"
    );
    assert_eq!(cache.copy_to(&mut buffer, b"key"), Some(5));
    assert_eq!(cache.copy_to(&mut buffer, b"other"), None);
    // SAFETY: all bytes were initialised.
    assert_eq!(&buffer.map(|byte| unsafe { byte.assume_init() }), b"value-");
}

#[test]
fn changes_depend_on_what_is_there() {
    let cache = cache(4 << 20);
    assert_eq!(cache.replace(b"key", b"0", None), Ok(None));
    let first = cache.set_if_absent(b"key", b"1", None).unwrap().unwrap();
    assert_eq!(cache.set_if_absent(b"key", b"2", None), Ok(None));
    let second = cache.replace(b"key", b"3", None).unwrap().unwrap();
    assert_ne!(first, second);
    assert_eq!(cache.compare_and_set(b"key", b"4", None, first), Ok(None));
    assert_eq!(
        cache.get_with_meta(b"key").map(|(value, meta)| (value, meta.version)),
        Some((b"3".to_vec(), second))
    );
    let third = cache.compare_and_set(b"key", b"4", None, second).unwrap().unwrap();
    assert_eq!(cache.compare_and_delete(b"key", second), Ok(false));
    assert_eq!(cache.compare_and_delete(b"key", third), Ok(true));
    assert_eq!(cache.compare_and_set(b"key", b"5", None, third), Ok(None));
    assert_eq!(cache.get(b"key"), None);

    assert_eq!(cache.increment(b"number", 5), Ok(5));
    assert_eq!(cache.increment(b"number", -7), Ok(-2));
    assert_eq!(cache.increment(b"number", i64::MIN), Err(Error::Overflow));
    assert_eq!(cache.increment(b"number", 1), Ok(-1));
    cache.set(b"text", b"text").unwrap();
    assert_eq!(cache.increment(b"text", 1), Err(Error::NotNumber));
    assert_eq!(cache.get(b"text").as_deref(), Some(&b"text"[..]));
    cache.audit();
}

/// Each condition and time to live, with an entry and without one, small and with a mapping of its own.
#[test]
fn storing() {
    let clock = ManualClock::default();
    let seconds = Duration::from_secs;
    let options = Options {
        max_bytes: 4 << 20,
        ttl: Some(seconds(100)),
        clock: Clock::Manual(clock.clone()),
        ..Options::default()
    };
    let cache = Cache::new(options).unwrap();
    let ttls = [
        (Ttl::Default, Some(seconds(100))),
        (Ttl::Forever, None),
        (Ttl::For(seconds(7)), Some(seconds(7))),
        (Ttl::Keep, Some(seconds(30))),
    ];
    for length in [0, 10, 500_000] {
        let value = vec![1; length];
        for (ttl, left) in ttls {
            let stores = |condition| cache.store(b"key", &value, ttl, condition).unwrap();
            for old in [None, Some(10), Some(500_000)] {
                for condition in [Condition::Always, Condition::Absent, Condition::Present] {
                    cache.delete(b"key");
                    if let Some(length) = old {
                        cache.set_with_ttl(b"key", &vec![2; length], Some(seconds(40))).unwrap();
                        clock.advance(seconds(10));
                    }
                    let expected = match condition {
                        Condition::Absent => old.is_none(),
                        Condition::Present => old.is_some(),
                        _ => true,
                    };
                    assert_eq!(stores(condition).is_some(), expected, "{old:?} {condition:?}");
                    if expected {
                        let left = if ttl == Ttl::Keep && old.is_none() { ttls[0].1 } else { left };
                        assert_eq!(cache.get(b"key").as_ref(), Some(&value));
                        assert_eq!(cache.ttl(b"key"), Some(left), "{ttl:?} {old:?}");
                    }
                    cache.audit();
                }
            }
            let version = stores(Condition::Always).unwrap();
            assert_eq!(stores(Condition::Version(version + 1)), None);
            let next = stores(Condition::Version(version)).unwrap();
            assert_eq!(stores(Condition::Version(version)), None);
            cache.set_with_ttl(b"key", b"", Some(seconds(1))).unwrap();
            clock.advance(seconds(1));
            assert_eq!(stores(Condition::Version(next)), None);
            assert_eq!(stores(Condition::Present), None, "what expired is not there");
        }
    }
    let refused = cache.store(b"key", &vec![0; 4 << 20], Ttl::Keep, Condition::Absent);
    assert_eq!(refused, Err(Error::TooLarge));
    cache.set_with_ttl(b"key", b"1", Some(seconds(7))).unwrap();
    cache.set_keep_ttl(b"key", b"2").unwrap();
    assert_eq!(cache.ttl(b"key"), Some(Some(seconds(7))));
    assert_eq!(cache.get(b"key").as_deref(), Some(&b"2"[..]));
}

/// A value grows from nothing to one with a mapping of its own.
#[test]
fn appending() {
    let cache = cache(4 << 20);
    let mut expected = Vec::new();
    for round in 0..40 {
        let suffix = vec![round; usize::from(round) * 37];
        expected.extend_from_slice(&suffix);
        assert_eq!(cache.append(b"key", &suffix), Ok(expected.len()));
        assert_eq!(cache.get(b"key").as_ref(), Some(&expected));
        cache.audit();
    }
    assert_eq!(cache.append(b"key", &vec![0; 4 << 20]), Err(Error::TooLarge));
    assert_eq!(cache.get(b"key"), Some(expected));
}

#[test]
fn changes_keep_the_time_to_live() {
    let clock = ManualClock::default();
    let options = Options { clock: Clock::Manual(clock.clone()), ..Options::default() };
    let cache = Cache::new(options).unwrap();
    let seconds = |count| Some(Duration::from_secs(count));
    cache.set_with_ttl(b"key", b"a", seconds(10)).unwrap();
    clock.advance(Duration::from_secs(4));
    cache.append(b"key", b"b").unwrap();
    assert_eq!(cache.ttl(b"key"), Some(seconds(6)));
    cache.replace(b"key", b"c", seconds(10)).unwrap();
    assert_eq!(cache.ttl(b"key"), Some(seconds(10)));
    clock.advance(Duration::from_secs(10));
    assert_eq!(cache.append(b"key", b"d"), Ok(1), "what expired is not appended to");
    assert_eq!(cache.ttl(b"key"), Some(None));
    cache.audit();
}

#[test]
fn idle_entries_expire() {
    let clock = ManualClock::default();
    let options = Options {
        idle: Some(Duration::from_secs(10)),
        clock: Clock::Manual(clock.clone()),
        ..Options::default()
    };
    let cache = Cache::new(options).unwrap();
    for key in [b"used", b"seen", b"idle", b"ends"] {
        let ttl = (key == b"ends").then_some(Duration::from_secs(15));
        cache.set_with_ttl(key, b"value", ttl).unwrap();
    }
    clock.advance(Duration::from_secs(9));
    assert!(cache.get(b"used").is_some() && cache.get(b"ends").is_some());
    assert!(
        cache.peek(b"seen").is_some() && cache.ttl(b"seen") == Some(Some(Duration::from_secs(1)))
    );
    clock.advance(Duration::from_secs(9));
    let there = [b"used", b"seen", b"idle", b"ends"].map(|key| cache.peek(key).is_some());
    assert_eq!(there, [true, false, false, false]);
    cache.audit();
}

/// Memory of what expired comes back without another set.
#[test]
fn cleaning_up_frees_what_expired() {
    let clock = ManualClock::default();
    let options = Options { clock: Clock::Manual(clock.clone()), ..Options::default() };
    let cache = Cache::new(options).unwrap();
    for key in 0..200_000_u64 {
        let ttl = Duration::from_secs(if key.is_multiple_of(100) { 1000 } else { 1 + key % 7 });
        cache.set_with_ttl(&key.to_le_bytes(), &[7; 100], Some(ttl)).unwrap();
    }
    let full = cache.stats().bytes;
    for _ in 0..8 {
        clock.advance(Duration::from_secs(1));
        cache.clean_up();
    }
    cache.audit();
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.expirations), (2_000, 198_000));
    assert!(stats.bytes < full / 3, "{} of {full} bytes are held", stats.bytes);
}

#[test]
fn deletes_give_memory_back() {
    let cache = cache(64 << 20);
    for key in 0..200_000_u64 {
        cache.set(&key.to_le_bytes(), &[7; 100]).unwrap();
    }
    let full = cache.stats().bytes;
    for key in (0..200_000_u64).filter(|key| !key.is_multiple_of(20)) {
        assert!(cache.delete(&key.to_le_bytes()));
    }
    cache.audit();
    assert!(cache.stats().bytes < full / 3, "{} of {full} bytes are held", cache.stats().bytes);
    for key in (0..200_000_u64).step_by(20) {
        assert_eq!(cache.get(&key.to_le_bytes()).as_deref(), Some(&[7; 100][..]));
    }
}

#[test]
fn the_limit_can_be_changed() {
    let cache = cache(8 << 20);
    let fill = |keys: std::ops::Range<u64>| {
        for key in keys {
            cache.set(&key.to_le_bytes(), &[7; 200]).unwrap();
        }
        cache.audit();
    };
    fill(0..100_000);
    let entries = cache.len();
    cache.resize(32 << 20).unwrap();
    fill(0..100_000);
    assert_eq!(cache.len(), 100_000);
    cache.resize(2 << 20).unwrap();
    assert!(cache.stats().bytes <= 2 << 20, "{} bytes", cache.stats().bytes);
    assert!(cache.len() > entries / 6);
    fill(0..10_000);
    assert!(cache.stats().bytes <= 2 << 20);
    assert!(matches!(cache.resize(33 << 20), Err(Error::Options(_))));
    assert!(matches!(cache.resize(0), Err(Error::Options(_))));
    assert_eq!(cache.stats().max_bytes, 2 << 20);
}

#[test]
fn many_at_once() {
    let cache = cache(4 << 20);
    let keys: Vec<_> = (0..100_u64).map(u64::to_le_bytes).collect();
    for key in keys.iter().step_by(3) {
        cache.set(key, key).unwrap();
    }
    let mut found = Vec::new();
    cache.get_many(keys.iter().map(|key| &key[..]), |lookup| found.push(lookup.get()));
    let expected =
        keys.iter().enumerate().map(|(index, key)| (index % 3 == 0).then(|| key.to_vec()));
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!((cache.stats().hits, cache.stats().misses), (34, 66));
}

/// What is seen of all keys before the first one has its turn is not what is told.
#[test]
fn many_see_what_changed_meanwhile() {
    let cache = cache(4 << 20);
    let keys = [b"first", b"other", b"going", b"comes", b"moves"];
    for key in [keys[0], keys[1], keys[2], keys[4]] {
        cache.set(key, b"old value").unwrap();
    }
    let mut found = Vec::new();
    cache.get_many(keys.map(|key| &key[..]), |lookup| {
        found.push(lookup.get());
        if found.len() == 1 {
            cache.set(keys[1], b"new value").unwrap();
            assert!(cache.delete(keys[2]));
            cache.set(keys[3], b"new value").unwrap();
            cache.set(keys[4], &[1; 100]).unwrap();
        }
    });
    let found: Vec<_> = found.iter().map(Option::as_deref).collect();
    let (old, new) = (Some(&b"old value"[..]), Some(&b"new value"[..]));
    assert_eq!(found, [old, new, None, new, Some(&[1; 100])]);
    assert_eq!((cache.stats().hits, cache.stats().misses), (4, 1));
}

#[test]
fn many_are_stored_and_deleted() {
    let cache = cache(4 << 20);
    let large = vec![0; 4 << 20];
    let keys: Vec<_> = (0..100_u64).map(u64::to_le_bytes).collect();
    let value = |index: usize| if index == 40 { &large[..] } else { &keys[index][..] };
    let entries = keys.iter().enumerate().map(|(index, key)| (&key[..], value(index)));
    let mut stored = Vec::new();
    cache.set_many(entries, Ttl::For(Duration::from_secs(60)), |result| stored.push(result));
    assert_eq!(stored.iter().filter(|result| result.is_ok()).count(), 99);
    assert_eq!(stored[40], Err(Error::TooLarge));
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(cache.get(key).as_deref(), (index != 40).then_some(&key[..]));
    }
    assert_eq!(cache.stats().expiring, 99);
    assert_eq!(cache.delete_many(keys.iter().map(|key| &key[..]).take(50)), 49);
    assert_eq!((cache.len(), cache.stats().deletes), (50, 49));
    cache.audit();
}

/// Pages of the index merge while they are scanned.
#[test]
fn scans_miss_nothing_while_most_is_deleted() {
    let cache = cache(64 << 20);
    for key in 0..200_000_u64 {
        cache.set(&key.to_le_bytes(), b"value").unwrap();
    }
    let stays = |key: u64| key.is_multiple_of(20);
    let mut going = (0..200_000_u64).filter(|&key| !stays(key));
    let mut keys = scan(&cache, 50, || {
        for key in going.by_ref().take(1000) {
            cache.delete(&key.to_le_bytes());
        }
    });
    keys.retain(|&key| stays(key));
    keys.sort_unstable();
    assert!(keys.iter().copied().eq((0..200_000).step_by(20)), "{} of 10000", keys.len());
}

#[test]
fn what_a_function_says_is_deleted() {
    for entries in [0, 10, 1_000, 100_000_u64] {
        let cache = cache(64 << 20);
        for key in 0..entries {
            let prefix = if key.is_multiple_of(3) { "user:" } else { "page:" };
            cache.set(format!("{prefix}{key}").as_bytes(), &key.to_le_bytes()).unwrap();
        }
        let even = |value: &[u8]| value[0].is_multiple_of(2);
        let (mut seen, deleted) = (0, (0..entries).filter(|key| key % 2 == 0).count() as u64);
        let removed = cache.delete_if(|entry| {
            seen += 1;
            even(entry.value)
        });
        assert_eq!((seen, removed, cache.len()), (entries, deleted, entries - deleted));
        let users = (0..entries).filter(|key| key % 2 != 0 && key % 3 == 0).count() as u64;
        assert_eq!(cache.delete_prefix(b"user:"), users);
        assert_eq!(cache.delete_prefix(b"user:"), 0);
        cache.scan(0, usize::MAX, |entry| {
            assert!(entry.key.starts_with(b"page:") && !even(entry.value));
        });
        assert_eq!(cache.delete_prefix(b""), entries - deleted - users);
        assert_eq!((cache.len(), cache.stats().deletes), (0, entries));
        cache.audit();
    }
}

#[test]
fn hot_keys_are_told() {
    for (max_bytes, entries) in [(Options::MIN_BYTES, 200), (64 << 20, 50_000_u64)] {
        let cache = cache(max_bytes);
        for key in 0..entries {
            cache.set(&key.to_le_bytes(), b"value").unwrap();
        }
        cache.get(&1_u64.to_le_bytes());
        assert_eq!(cache.hot_keys(10), [], "nobody watches");
        let before = cache.stats().bytes;
        cache.watch_hot_keys(10).unwrap();
        cache.audit();
        // Key 100 + n is read 2000 * (n + 1) times, among others that are read once in a while.
        let mut random = Random(7);
        for round in 0..110_000_u64 {
            let turn = round % 55;
            let hot = (0..10).find(|hot| turn < (hot + 1) * (hot + 2) / 2).unwrap();
            assert!(cache.get(&(100 + hot).to_le_bytes()).is_some());
            if round % 5 == 0 {
                cache.get(&random.below(entries).to_le_bytes());
            }
        }
        assert!(cache.peek(&1_u64.to_le_bytes()).is_some() && cache.get(b"none").is_none());
        let hot = cache.hot_keys(10);
        let keys: Vec<_> = hot.iter().map(|hot| hot.key.clone()).collect();
        let expected: Vec<_> = (100..110_u64).rev().map(|key| key.to_le_bytes().to_vec()).collect();
        assert_eq!(keys, expected, "{max_bytes}: {hot:?}");
        for (hot, turns) in hot.iter().zip((1..=10).rev()) {
            let (reads, others) = (2000 * turns, 110_000 / entries * 2 + 50);
            assert!((reads * 9 / 10..=reads + others).contains(&hot.reads), "{hot:?}, {reads}");
        }
        cache.delete(&109_u64.to_le_bytes());
        assert_eq!(cache.hot_keys(1)[0].key, 108_u64.to_le_bytes(), "what is gone is not told");
        cache.watch_hot_keys(10).unwrap();
        assert_eq!(cache.hot_keys(10), [], "a new watch begins with nothing");
        cache.watch_hot_keys(0).unwrap();
        assert!(cache.stats().bytes <= before);
        cache.audit();
        cache.watch_hot_keys(1000).unwrap();
        cache.close();
        cache.audit();
        assert_eq!(cache.watch_hot_keys(1), Err(Error::Closed));
    }
}

/// An entry that finds no room beside the counters evicts nothing, and what finds some is stored.
#[test]
fn hot_keys_take_room() {
    let cache = cache(4 << 20);
    let fits = |length| cache.set(b"large", &vec![0; length]).is_ok();
    let (mut fitting, mut refused) = (1_usize << 20, 4 << 20);
    while refused - fitting > 1 {
        let length = fitting.midpoint(refused);
        *if fits(length) { &mut fitting } else { &mut refused } = length;
    }
    assert!(fits(fitting));
    cache.clear();
    cache.set(b"small", b"value").unwrap();
    cache.watch_hot_keys(1000).unwrap();
    assert_eq!(cache.set(b"large", &vec![0; fitting]), Err(Error::OutOfMemory));
    assert_eq!(cache.get(b"small").as_deref(), Some(&b"value"[..]));
    assert!(fits(fitting - (256 << 10)));
    cache.watch_hot_keys(0).unwrap();
    assert!(fits(fitting));
    cache.audit();
}

/// What an entry costs beside its key and value, everything counted.
#[test]
fn overhead_of_entries() {
    let cache = cache(256 << 20);
    for key in 0..1_000_000_u128 {
        cache.set(&key.to_le_bytes(), &[7; 32]).unwrap();
    }
    assert_eq!(cache.len(), 1_000_000);
    let overhead = cache.stats().bytes as f64 / 1e6 - 48.0;
    assert!(overhead <= 32.0, "{overhead} bytes");
}

#[derive(Clone, Debug)]
enum Operation {
    Get(u8),
    Set(u8, usize),
    Expiring(u8, usize, u8),
    Delete(u8),
    Advance(u8),
    Clear,
}

fn operation() -> impl Strategy<Value = Operation> {
    let length = prop_oneof![8 => 0..200_usize, 2 => 200..5000_usize, 1 => 5000..200_000_usize];
    prop_oneof![
        6 => any::<u8>().prop_map(Operation::Get),
        6 => (any::<u8>(), length.clone()).prop_map(|(key, length)| Operation::Set(key, length)),
        2 => (any::<u8>(), length, any::<u8>())
            .prop_map(|(key, length, ttl)| Operation::Expiring(key, length, ttl)),
        3 => any::<u8>().prop_map(Operation::Delete),
        2 => any::<u8>().prop_map(Operation::Advance),
        1 => Just(Operation::Clear),
    ]
}

/// Runs the operations on a cache and on a map. A cache may forget, unless it has room for all; what it
/// has must be right.
fn compare(max_bytes: u64, operations: Vec<Operation>) {
    let clock = ManualClock::default();
    let options = Options { max_bytes, clock: Clock::Manual(clock.clone()), ..Options::default() };
    let cache = Cache::new(options).unwrap();
    let forgets = max_bytes < 64 << 20;
    let mut model: HashMap<u8, (Vec<u8>, Option<u64>)> = HashMap::new();
    let mut now = 0;
    let mut versions = 0;
    for operation in operations {
        match operation {
            Operation::Get(key) => {
                let expected = model
                    .get(&key)
                    .filter(|(_, deadline)| deadline.is_none_or(|deadline| now < deadline))
                    .map(|(value, _)| value);
                let found = cache.get(&[key]);
                if !(forgets && found.is_none()) {
                    assert_eq!(found.as_ref(), expected);
                }
            }
            Operation::Set(key, length) => {
                versions += 1;
                let value = value(key.into(), versions, length);
                cache.set(&[key], &value).unwrap();
                model.insert(key, (value, None));
            }
            Operation::Expiring(key, length, ttl) => {
                versions += 1;
                let value = value(key.into(), versions, length);
                let ttl = u64::from(ttl);
                cache.set_with_ttl(&[key], &value, Some(Duration::from_nanos(ttl))).unwrap();
                model.insert(key, (value, Some(now + ttl)));
            }
            Operation::Delete(key) => {
                let expected = model
                    .remove(&key)
                    .is_some_and(|(_, deadline)| deadline.is_none_or(|deadline| now < deadline));
                let deleted = cache.delete(&[key]);
                assert!(deleted == expected || (forgets && !deleted));
            }
            Operation::Advance(time) => {
                now += u64::from(time);
                clock.advance(Duration::from_nanos(time.into()));
            }
            Operation::Clear => {
                cache.clear();
                model.clear();
            }
        }
        assert!(cache.stats().bytes <= max_bytes);
    }
    cache.audit();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn same_as_a_map(operations in prop::collection::vec(operation(), 0..1000)) {
        compare(256 << 20, operations);
    }

    #[test]
    fn same_as_a_map_that_forgets(operations in prop::collection::vec(operation(), 0..1000)) {
        compare(1 << 20, operations);
    }
}

/// Threads read, write and delete, with values of changing sizes. Each has keys of its own that it alone
/// writes, so it knows what may be found: its last value or none.
fn churn(cache: &Cache, threads: u64, rounds: u64, clears: bool) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut random = Random(thread + 1);
                    let mut versions = HashMap::new();
                    for round in 1..=rounds {
                        let key = random.below(20_000) * threads + thread;
                        let bytes = key.to_le_bytes();
                        if clears && round.is_multiple_of(1000) {
                            cache.clear();
                        }
                        match random.below(10) {
                            0 => {
                                cache.delete(&bytes);
                                versions.remove(&key);
                            }
                            1..5 => {
                                let length = match random.below(1000) {
                                    0 => random.below(300_000),
                                    1..50 => random.below(10_000),
                                    _ => random.below(200),
                                };
                                cache.set(&bytes, &value(key, round, length as usize)).unwrap();
                                versions.insert(key, round);
                            }
                            _ => {
                                if let Some(found) = cache.get(&bytes) {
                                    assert_eq!(versions.get(&key), Some(&version_of(key, &found)));
                                }
                                // Keys of others: any version, but a whole one.
                                let other = random.below(20_000 * threads);
                                if let Some(found) = cache.get(&other.to_le_bytes()) {
                                    version_of(other, &found);
                                }
                            }
                        }
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let stats = cache.stats();
                assert!(stats.bytes <= stats.max_bytes, "the limit was exceeded");
                thread::yield_now();
            }
        });
        let ends: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        done.store(true, Ordering::Relaxed);
        ends.into_iter().for_each(|end| end.unwrap());
    });
    cache.audit();
}

#[test]
fn threads_find_what_they_stored() {
    for max_bytes in [Options::MIN_BYTES * 16, 32 << 20] {
        let cache = cache(max_bytes);
        churn(&cache, 4, 60_000, false);
        assert!(cache.stats().evictions > 0);
    }
}

/// Where entries may begin is further apart than the head of a segment is long.
#[test]
fn addresses_for_a_large_cache() {
    for reserve in [64 << 30, 128 << 30, 256 << 30] {
        let cache = Cache::new(Options { reserve, ..Options::default() }).unwrap();
        churn(&cache, 2, 60_000, false);
        cache.set(b"key", b"value").unwrap();
        assert_eq!(cache.get(b"key").as_deref(), Some(&b"value"[..]));
    }
}

/// Segments are now pages of the index, now segments of logs, while others look at them.
#[test]
fn threads_find_what_they_stored_beside_clear() {
    churn(&cache(4 << 20), 4, 40_000, true);
}

/// So few operations that Miri is through with them in seconds, which lets readers see words in other orders than they were
/// written in, as processors may.
#[test]
fn reader_beside_a_writer() {
    let cache = cache(Options::MIN_BYTES);
    thread::scope(|scope| {
        scope.spawn(|| {
            for version in 1..=20 {
                match version % 10 {
                    0 => cache.clear(),
                    5 => assert!(cache.delete(b"key")),
                    _ => _ = cache.set(b"key", &value(7, version, 16 + version as usize)).unwrap(),
                }
            }
        });
        let mut newest = 0;
        for _ in 0..40 {
            if let Some(found) = cache.get(b"key") {
                let version = version_of(7, &found);
                assert!(version >= newest, "an old value came back");
                newest = version;
            }
        }
    });
    cache.audit();
}

/// As the one before, for values that are replaced where they lie by who does not wait for the lock.
#[test]
fn reader_beside_a_writer_outside() {
    let cache = cache(Options::MIN_BYTES);
    let length = |version: u64| 16 + version as usize / 6 * 16;
    let set = |version| cache.set(b"key", &value(7, version, length(version))).unwrap();
    set(0);
    thread::scope(|scope| {
        scope.spawn(|| (2..=20).step_by(2).for_each(|version| _ = set(version)));
        scope.spawn(|| {
            for version in (1..=19).step_by(2) {
                cache.set_outside(b"key", &value(7, version, length(version))).unwrap();
            }
        });
        let mut newest = [0; 2];
        for _ in 0..40 {
            let version = version_of(7, &cache.get(b"key").unwrap());
            let newest = &mut newest[version as usize % 2];
            assert!(version >= *newest, "an old value came back");
            *newest = version;
        }
    });
    assert_eq!(cache.get_with_meta(b"key").unwrap().1.version, 21);
    cache.audit();
}

#[test]
fn close_races_with_use() {
    for _ in 0..20 {
        let cache = cache(4 << 20);
        thread::scope(|scope| {
            for thread in 0..3_u64 {
                let cache = &cache;
                scope.spawn(move || {
                    for key in thread.. {
                        if cache.set(&key.to_le_bytes(), &[1; 500]) == Err(Error::Closed) {
                            return;
                        }
                        cache.get(&key.to_le_bytes());
                    }
                });
            }
            thread::sleep(Duration::from_millis(2));
            cache.close();
        });
        assert_eq!(cache.len(), 0);
        cache.audit();
    }
}

/// Threads that all need most of the cache at once must neither deadlock nor starve.
#[test]
fn large_entries_compete() {
    let cache = cache(8 << 20);
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let cache = &cache;
            scope.spawn(move || {
                let value = vec![thread as u8; 5 << 20];
                for _ in 0..20 {
                    cache.set(&thread.to_le_bytes(), &value).unwrap();
                    if let Some(found) = cache.get(&thread.to_le_bytes()) {
                        assert_eq!(found, value);
                    }
                }
            });
        }
    });
    cache.audit();
}
