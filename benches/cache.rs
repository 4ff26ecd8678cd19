//! The cache core by itself: one thread, a million entries of 12-byte keys and 128-byte values, read and written
//! in random order.

use std::hint::black_box;
use std::mem::MaybeUninit;

use criterion::{Criterion, criterion_group, criterion_main};
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
    group.finish();
}

criterion_group!(benches, operations);
criterion_main!(benches);
