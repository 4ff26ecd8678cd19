//! Small scenarios in which a model checker (shuttle) chooses at each access of a shared word and at each lock which thread goes
//! on: `make model`. What processors reorder is not seen here, which Miri is for.

use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, Runner, thread};

use super::lock::Lock;
use super::sync::alone;
use super::{Cache, Error, Options};

/// Runs a scenario in about so many orders of each kind: with a random thread going on each time, where all are at work at once; with a
/// thread that is stopped once, until the others have done all they can; and with few changes at random moments (Burckhardt and
/// others, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", 2010).
fn explore(orders: usize, scenario: fn()) {
    const SEED: u64 = 1;
    fn run(scheduler: impl Scheduler + 'static, scenario: fn()) {
        let mut config = Config::new();
        config.stack_size = 256 << 10;
        Runner::new(scheduler, config).run(scenario);
    }
    run(RandomScheduler::new_from_seed(SEED, orders), scenario);
    run(Stop::new(orders, true), scenario);
    run(Stop::new(orders, false), scenario);
    run(PctScheduler::new_from_seed(SEED, 2, orders), scenario);
    run(PctScheduler::new_from_seed(SEED, 3, orders), scenario);
}

/// Stops one thread once, at each of the moments at which another one could go on, or at every so many of them.
struct Stop {
    orders: usize,
    /// Whether the first thread is stopped, or the last one.
    first: bool,
    runs: usize,
    at: usize,
    stride: usize,
    moment: usize,
    stopped: Option<TaskId>,
}

impl Stop {
    fn new(orders: usize, first: bool) -> Self {
        Stop { orders, first, runs: 0, at: usize::MAX, stride: 0, moment: 0, stopped: None }
    }
}

impl Scheduler for Stop {
    fn new_execution(&mut self) -> Option<Schedule> {
        match self.runs {
            0 => {}
            // Nobody was stopped yet, which tells how many moments there are.
            1 => (self.at, self.stride) = (0, self.moment.div_ceil(self.orders)),
            _ => {
                self.stopped.take()?;
                self.at += self.stride;
            }
        }
        self.runs += 1;
        self.moment = 0;
        Some(Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        _: bool,
    ) -> Option<TaskId> {
        let others =
            runnable.iter().map(|task| task.id()).filter(|&task| self.stopped != Some(task));
        let next = if self.first { others.min() } else { others.max() };
        if runnable.len() > 1 && self.stopped.is_none() && next == current {
            if self.moment == self.at {
                self.stopped = current;
                return self.next_task(runnable, current, false);
            }
            self.moment += 1;
        }
        next.or(self.stopped)
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}

/// A small cache, in which `fill` has put something.
fn cache(fill: impl FnOnce(&Cache)) -> Arc<Cache> {
    cache_with(Options::default(), fill)
}

fn cache_with(options: Options, fill: impl FnOnce(&Cache)) -> Arc<Cache> {
    alone(|| {
        let max_bytes = Options::MIN_BYTES + options.removal_bytes;
        let cache = Arc::new(Cache::new(Options { max_bytes, ..options }).unwrap());
        fill(&cache);
        cache
    })
}

/// Runs `body` in another thread.
fn spawn<R: Send + 'static>(
    cache: &Arc<Cache>,
    body: impl FnOnce(&Cache) -> R + Send + 'static,
) -> thread::JoinHandle<R> {
    let cache = Arc::clone(cache);
    thread::spawn(move || body(&cache))
}

/// A value that tells what it is of.
fn value(key: u8, round: u8, length: usize) -> Vec<u8> {
    let mut value = vec![key, round];
    value.resize(length.max(2), key ^ round);
    value
}

fn store(cache: &Cache, key: u8, round: u8, length: usize) {
    cache.set(&[key], &value(key, round, length)).unwrap();
}

/// The same as another language does it, which does not wait for the lock.
fn store_outside(cache: &Cache, key: u8, round: u8, length: usize) {
    cache.set_outside(&[key], &value(key, round, length)).unwrap();
}

/// The round of the value that a key has, if any.
fn round_of(cache: &Cache, key: u8) -> Option<u8> {
    let found = cache.get(&[key])?;
    assert_eq!(found, value(key, found[1], found.len()), "torn, or of another key");
    Some(found[1])
}

fn fill(cache: &Cache, keys: std::ops::Range<u16>) {
    keys.for_each(|key| _ = cache.set(&key.to_le_bytes(), &[]).unwrap());
}

fn delete(cache: &Cache, keys: std::ops::Range<u16>) {
    keys.for_each(|key| assert!(cache.delete(&key.to_le_bytes())));
}

#[test]
fn reader_beside_writer_of_its_key() {
    explore(2000, || {
        let cache = cache(|cache| store(cache, 1, 1, 24));
        let writer = spawn(&cache, |cache| {
            store(cache, 1, 2, 24); // in place
            store(cache, 1, 3, 60); // elsewhere
        });
        let mut newest = 1;
        for _ in 0..3 {
            let round = round_of(&cache, 1).expect("it was never removed");
            assert!(round >= newest, "an old value came back");
            newest = round;
        }
        writer.join().unwrap();
        assert_eq!(round_of(&cache, 1), Some(3));
        alone(|| cache.audit());
    });
}

#[test]
fn writer_outside_beside_others() {
    explore(2000, || {
        let cache = cache(|cache| store(cache, 1, 1, 24));
        let outside = spawn(&cache, |cache| {
            for round in [2, 4] {
                store_outside(cache, 1, round, 24);
                let found = round_of(cache, 1).expect("it was never removed");
                assert!(found == round || found % 2 == 1, "what was stored went without a trace");
            }
        });
        let writer = spawn(&cache, |cache| {
            store(cache, 1, 3, 24); // in place
            store(cache, 1, 5, 60); // elsewhere
        });
        let mut seen = Vec::new();
        for _ in 0..3 {
            let round = round_of(&cache, 1).expect("it was never removed");
            if seen.last() != Some(&round) {
                assert!(!seen.contains(&round), "an old value came back");
                seen.push(round);
            }
        }
        [outside, writer].into_iter().for_each(|thread| thread.join().unwrap());
        assert!(matches!(round_of(&cache, 1), Some(4 | 5)));
        alone(|| {
            assert_eq!(cache.stats().sets, 5);
            assert_eq!(cache.get_with_meta(&[1]).unwrap().1.version, 5);
            cache.audit();
        });
    });
}

#[test]
fn writer_outside_beside_removal_and_use_of_the_memory() {
    explore(2000, || {
        let cache = cache(|cache| store(cache, 1, 1, 24));
        let outside = spawn(&cache, |cache| {
            (2..4).for_each(|round| store_outside(cache, 1, round, 24));
        });
        cache.clear();
        store(&cache, 2, 1, 24); // to where the other one was, or its page
        store(&cache, 3, 1, 24);
        assert!(cache.delete(&[2]));
        store(&cache, 4, 1, 24);
        outside.join().unwrap();
        assert!(matches!(round_of(&cache, 1), None | Some(2 | 3)));
        assert_eq!([2, 3, 4].map(|key| round_of(&cache, key)), [None, Some(1), Some(1)]);
        alone(|| cache.audit());
    });
}

#[test]
fn writer_outside_beside_moves() {
    explore(500, || {
        let stays = |key| key % 5 == 0;
        let cache = cache(|cache| {
            (0..40).for_each(|key| store(cache, key, 1, 700));
            (0..30).filter(|&key| !stays(key)).for_each(|key| assert!(cache.delete(&[key])));
        });
        let writer = spawn(&cache, move |cache| {
            (30..40).filter(|&key| !stays(key)).for_each(|key| assert!(cache.delete(&[key])));
        });
        (0..40).filter(|&key| stays(key)).for_each(|key| store_outside(&cache, key, 2, 700));
        writer.join().unwrap();
        for key in (0..40).filter(|&key| stays(key)) {
            assert_eq!(round_of(&cache, key), Some(2), "{key} was lost");
        }
        alone(|| cache.audit());
    });
}

#[test]
fn writer_outside_beside_a_split() {
    explore(300, || {
        let cache = cache(|cache| fill(cache, 0..FULL));
        let writer = spawn(&cache, |cache| fill(cache, FULL..FULL + 1));
        let keys = || (0..FULL).step_by(90).map(u16::to_le_bytes);
        keys().for_each(|key| _ = cache.set_outside(&key, &[1]).unwrap());
        writer.join().unwrap();
        keys().for_each(|key| assert_eq!(cache.get(&key).as_deref(), Some(&[1][..])));
        alone(|| cache.audit());
    });
}

#[test]
fn writer_outside_beside_a_merge() {
    explore(300, || {
        let keys = || (0..SPARSE - 1).step_by(40).map(u16::to_le_bytes);
        let cache = cache(|cache| {
            fill(cache, 0..FULL + 1);
            delete(cache, SPARSE..FULL + 1);
        });
        let writer = spawn(&cache, move |cache| {
            delete(cache, SPARSE - 1..SPARSE);
            keys().for_each(|key| _ = cache.delete(&key));
        });
        keys().for_each(|key| _ = cache.set_outside(&key, &[1]).unwrap());
        writer.join().unwrap();
        alone(|| cache.audit());
    });
}

#[test]
fn reader_beside_removal_and_use_of_the_memory() {
    explore(2000, || {
        let cache = cache(|cache| store(cache, 1, 1, 24));
        let writer = spawn(&cache, |cache| {
            assert!(cache.delete(&[1]));
            cache.clear();
            store(cache, 2, 1, 24); // to where the other one was
            store(cache, 3, 1, 24);
        });
        let mut gone = false;
        for _ in 0..3 {
            let round = round_of(&cache, 1);
            assert!(!gone || round.is_none(), "what was deleted came back");
            gone = round.is_none();
            round_of(&cache, 2);
        }
        writer.join().unwrap();
        assert_eq!([1, 2, 3].map(|key| round_of(&cache, key)), [None, Some(1), Some(1)]);
        alone(|| cache.audit());
    });
}

#[test]
fn reader_of_many_beside_removal_and_use_of_the_memory() {
    explore(2000, || {
        let cache = cache(|cache| store(cache, 1, 1, 24));
        let writer = spawn(&cache, |cache| {
            assert!(cache.delete(&[1]));
            cache.clear();
            store(cache, 2, 1, 24); // to where the other one was
            store(cache, 1, 2, 24);
        });
        let mut newest = 1;
        for _ in 0..3 {
            let mut keys = [1, 2].into_iter();
            cache.get_many([&[1][..], &[2]], |lookup| {
                let (key, found) = (keys.next().unwrap(), lookup.get());
                let Some(found) = found else { return };
                assert_eq!(found, value(key, found[1], 24), "torn, or of another key");
                assert!(key != 1 || found[1] >= newest, "an old value came back");
                newest = if key == 1 { found[1] } else { newest };
            });
        }
        writer.join().unwrap();
        assert_eq!([1, 2].map(|key| round_of(&cache, key)), [Some(2), Some(1)]);
        alone(|| cache.audit());
    });
}

#[test]
fn reader_beside_clear() {
    explore(2000, || {
        let cache = cache(|cache| store(cache, 1, 1, 24));
        let writer = spawn(&cache, |cache| {
            for round in 2..4 {
                cache.clear();
                // In another page of the index, which lies where the last one did, and so does the entry.
                store(cache, 1, round, 24);
            }
        });
        let mut newest = 1;
        for _ in 0..3 {
            if let Some(round) = round_of(&cache, 1) {
                assert!(round >= newest, "an old value came back");
                newest = round;
            }
        }
        writer.join().unwrap();
        assert_eq!(round_of(&cache, 1), Some(3));
        alone(|| cache.audit());
    });
}

#[test]
fn reader_beside_eviction() {
    explore(300, || {
        let cache = cache(|cache| {
            let evicts = |&key: &u8| {
                store(cache, key, 1, 900);
                cache.stats().evictions > 0
            };
            (1..60).find(evicts).unwrap();
        });
        let writer = spawn(&cache, |cache| {
            for key in 60..66 {
                store(cache, key, 1, 900);
            }
        });
        for key in 1..20 {
            round_of(&cache, key);
        }
        writer.join().unwrap();
        assert!(cache.stats().evictions > 1);
        alone(|| cache.audit());
    });
}

#[test]
fn reader_beside_moves() {
    explore(500, || {
        let stays = |key| key % 5 == 0;
        let goes = move |keys: std::ops::Range<u8>| keys.filter(move |&key| !stays(key));
        let cache = cache(|cache| {
            (0..40).for_each(|key| store(cache, key, 1, 700));
            goes(0..30).for_each(|key| assert!(cache.delete(&[key])));
        });
        let writer = spawn(&cache, move |cache| {
            goes(30..40).for_each(|key| assert!(cache.delete(&[key])));
        });
        for key in (0..40).filter(|&key| stays(key)) {
            assert_eq!(round_of(&cache, key), Some(1), "{key} was lost");
        }
        writer.join().unwrap();
        alone(|| cache.audit());
    });
}

/// Entries that fill a page of the index as far as they may.
const FULL: u16 = 64 * 10 / 8 * 7;
/// With one entry less, two pages become one.
const SPARSE: u16 = 64 * 10 / 8 * 3;

#[test]
fn reader_beside_a_split() {
    explore(300, || {
        let cache = cache(|cache| fill(cache, 0..FULL));
        let writer = spawn(&cache, |cache| fill(cache, FULL..FULL + 1));
        for key in (0..FULL).step_by(90) {
            assert!(cache.get(&key.to_le_bytes()).is_some(), "{key} was lost");
        }
        writer.join().unwrap();
        alone(|| cache.audit());
    });
}

#[test]
fn reader_beside_a_merge() {
    explore(300, || {
        let cache = cache(|cache| {
            fill(cache, 0..FULL + 1);
            delete(cache, SPARSE..FULL + 1);
        });
        let writer = spawn(&cache, move |cache| {
            delete(cache, SPARSE - 1..SPARSE);
            // To where the page was, maybe.
            fill(cache, 1000..1100);
        });
        for key in (0..SPARSE - 1).step_by(40) {
            assert!(cache.get(&key.to_le_bytes()).is_some(), "{key} was lost");
        }
        writer.join().unwrap();
        alone(|| cache.audit());
    });
}

#[test]
fn writers_of_one_key() {
    explore(1000, || {
        let cache = cache(|_| ());
        let add = |cache: &Cache| {
            cache.increment(b"sum", 1).unwrap();
            for _ in 0..2 {
                cache.append(b"text", &[b'x'; 800]).unwrap(); // the second one makes it large
            }
            cache.set_if_absent(b"first", &[], None).unwrap().is_some()
        };
        let other = spawn(&cache, add);
        let first = add(&cache);
        assert_ne!(first, other.join().unwrap(), "one of them is first");
        assert_eq!(cache.increment(b"sum", 0), Ok(2));
        assert_eq!(cache.get(b"text").map(|text| text.len()), Some(3200));
        alone(|| cache.audit());
    });
}

#[test]
fn writers_that_compare() {
    explore(1000, || {
        let mut version = 0;
        let cache = cache(|cache| version = cache.set(b"key", b"old").unwrap());
        let other = spawn(&cache, move |cache| {
            cache.compare_and_set(b"key", b"other", None, version).unwrap()
        });
        let mine = cache.compare_and_set(b"key", b"mine", None, version).unwrap();
        let others = other.join().unwrap();
        assert!(mine.is_some() != others.is_some(), "one of them is first");
        let (value, meta) = cache.get_with_meta(b"key").unwrap();
        let (wanted, version) = if mine.is_some() { ("mine", mine) } else { ("other", others) };
        assert_eq!((&*value, Some(meta.version)), (wanted.as_bytes(), version));
        alone(|| cache.audit());
    });
}

#[test]
fn large_entries_compete() {
    explore(500, || {
        let cache = cache(|_| ());
        let half = Options::MIN_BYTES as usize / 3;
        let set = move |key: u8| move |cache: &Cache| _ = cache.set(&[key], &value(key, 1, half));
        let others = [1, 2].map(|key| spawn(&cache, set(key)));
        store(&cache, 3, 1, half);
        others.into_iter().for_each(|other| other.join().unwrap());
        (1..=3).for_each(|key| _ = round_of(&cache, key));
        assert!(cache.stats().bytes <= Options::MIN_BYTES);
        alone(|| cache.audit());
    });
}

#[test]
fn snapshot_beside_writers() {
    explore(300, || {
        let cache = cache(|cache| {
            (1..=4).for_each(|key| store(cache, key, 1, 30));
        });
        let writer = spawn(&cache, |cache| {
            store(cache, 1, 2, 200);
            assert!(cache.delete(&[2]));
            store(cache, 5, 1, 30);
        });
        let mut snapshot = Vec::new();
        cache.save_to(&mut snapshot).unwrap();
        writer.join().unwrap();
        let loaded = self::cache(|cache| cache.load_from(&snapshot[..]).unwrap());
        assert_eq!([3, 4].map(|key| round_of(&loaded, key)), [Some(1); 2]);
        assert!(round_of(&loaded, 1).is_some());
        [2, 5].iter().for_each(|&key| _ = round_of(&loaded, key));
        alone(|| loaded.audit());
    });
}

#[test]
fn taker_of_removals_beside_writer() {
    explore(1000, || {
        let options = Options { removal_bytes: 16 << 10, ..Options::default() };
        let cache = cache_with(options, |cache| store(cache, 1, 1, 24));
        let writer = spawn(&cache, |cache| {
            store(cache, 1, 2, 24); // in place
            store(cache, 1, 3, 60); // elsewhere
            assert!(cache.delete(&[1]));
        });
        let mut rounds = Vec::new();
        let mut take = |cache: &Cache| {
            cache.take_removals(|removed| {
                rounds.push(removed.value[1]);
                true
            });
        };
        (0..3).for_each(|_| take(&cache));
        writer.join().unwrap();
        take(&cache);
        assert_eq!(rounds, [1, 2, 3]);
        alone(|| cache.audit());
    });
}

#[test]
fn close_beside_use() {
    explore(1000, || {
        let cache = cache(|cache| store(cache, 1, 1, 30));
        let writer = spawn(&cache, |cache| {
            let stored = [1, 2].map(|key| cache.set(&[key], &value(key, 2, 30)));
            assert!(stored.iter().all(|stored| matches!(stored, Ok(_) | Err(Error::Closed))));
            assert!(stored[0].is_ok() || stored[1].is_err(), "closed for good");
        });
        let reader = spawn(&cache, |cache| _ = round_of(cache, 1));
        let outside = spawn(&cache, |cache| {
            let stored = [3, 4].map(|round| cache.set_outside(&[1], &value(1, round, 30)));
            assert!(stored.iter().all(|stored| matches!(stored, Ok(_) | Err(Error::Closed))));
            assert!(stored[0].is_ok() || stored[1].is_err(), "closed for good");
        });
        cache.close();
        assert_eq!(cache.get(&[1]), None);
        [writer, reader, outside].into_iter().for_each(|thread| thread.join().unwrap());
        assert!(cache.is_empty());
        alone(|| cache.audit());
    });
}

#[test]
fn those_who_wait_for_a_lock() {
    explore(5000, || {
        let lock = Arc::new(Lock::new([0; 2]));
        let write = |lock: &Lock<[u32; 2]>| {
            let mut numbers = lock.write();
            numbers[0] += 1;
            thread::yield_now();
            numbers[1] += 1;
        };
        let read = |lock: &Lock<[u32; 2]>| {
            let numbers = lock.read();
            thread::yield_now();
            assert_eq!(numbers[0], numbers[1]);
        };
        let others: Vec<_> = [write, read, write, read]
            .into_iter()
            .map(|body: fn(&Lock<[u32; 2]>)| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || body(&lock))
            })
            .collect();
        let outside = lock.try_write().map(|mut numbers| {
            numbers[0] += 1;
            thread::yield_now();
            numbers[1] += 1;
        });
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(*lock.read(), [2 + u32::from(outside.is_some()); 2]);
    });
}
