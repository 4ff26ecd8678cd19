//! The cache core by itself: one thread, a million entries of 12-byte keys and 128-byte values, read and written
//! in random order. Beside it a map from keys to values, which neither evicts nor keeps a limit.

use std::hash::RandomState;
use std::hint::black_box;
use std::mem::MaybeUninit;

use criterion::{Criterion, criterion_group, criterion_main};
use dashmap::DashMap;
use tandem::cache::{Cache, Options};

const ENTRIES: u64 = 1_000_000;

fn cache(max_bytes: u64) -> Cache {
    Cache::new(Options { max_bytes, ..Options::default() }).unwrap()
}

fn key(number: u64) -> [u8; 12] {
    let mut key = *b"key-00000000";
    key[4..].copy_from_slice(&number.to_be_bytes());
    key
}

/// Numbers in an order that looks random, each as often as the others.
fn order() -> impl Iterator<Item = u64> {
    let mut state = 0_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % ENTRIES
    })
}

fn operations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cache");
    let full = cache(512 << 20);
    let value = [7; 128];
    for number in 0..ENTRIES {
        full.set(&key(number), &value).unwrap();
    }
    assert_eq!(full.len(), ENTRIES);

    let mut output = [MaybeUninit::uninit(); 128];
    let mut numbers = order();
    group.bench_function("get", |bencher| {
        bencher.iter(|| {
            let number = numbers.next().unwrap_or_default();
            assert_eq!(full.copy_to(&mut output, black_box(&key(number))), Some(128));
        });
    });
    group.bench_function("get, missing", |bencher| {
        bencher.iter(|| {
            let number = numbers.next().unwrap_or_default() + ENTRIES;
            assert_eq!(full.copy_to(&mut output, black_box(&key(number))), None);
        });
    });
    group.bench_function("set, replacing", |bencher| {
        bencher.iter(|| {
            full.set(black_box(&key(numbers.next().unwrap_or_default())), &value).unwrap();
        });
    });
    let small = cache(64 << 20);
    group.bench_function("set, evicting", |bencher| {
        bencher.iter(|| {
            small.set(black_box(&key(numbers.next().unwrap_or_default())), &value).unwrap();
        });
    });
    assert!(small.stats().evictions > 0);
    drop((full, small));

    let map = DashMap::with_capacity_and_hasher_and_shard_amount(
        ENTRIES as usize,
        RandomState::new(),
        1024,
    );
    for number in 0..ENTRIES {
        map.insert(Box::<[u8]>::from(key(number)), Box::<[u8]>::from(value));
    }
    let mut output = [0; 128];
    group.bench_function("get, dashmap", |bencher| {
        bencher.iter(|| {
            let key = key(numbers.next().unwrap_or_default());
            output.copy_from_slice(&map.get(black_box(&key[..])).unwrap());
        });
    });
    group.bench_function("set, replacing, dashmap", |bencher| {
        bencher.iter(|| {
            let key = key(numbers.next().unwrap_or_default());
            map.insert(black_box(key).into(), value.into());
        });
    });
    group.finish();
}

criterion_group!(benches, operations);
criterion_main!(benches);
