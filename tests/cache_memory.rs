//! The limit of a cache against what the system says that the process holds. Alone in its process, so that nothing else
//! allocates meanwhile.
#![cfg(target_os = "linux")]

use tandem::cache::{Cache, Options};

/// Memory of the process that has no file behind it, in bytes.
fn held() -> u64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find(|line| line.starts_with("Anonymous:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn the_system_agrees_with_the_limit() {
    // The test itself, and what the allocator keeps beside what is in use.
    const SLACK: u64 = 1 << 20;
    let value = vec![7; 3 << 20];
    let before = held();
    let max_bytes = 64 << 20;
    let cache = Cache::new(Options { max_bytes, ..Options::default() }).unwrap();
    for round in 0_u64..20 {
        let (count, length) = match round % 4 {
            0 => (500_000, 20),
            1 => (1_000, 30_000),
            2 => (100, 3 << 20),
            _ => (50_000, 1_000),
        };
        for key in 0..count {
            let length = length - (key as usize * 7919) % (length / 2);
            cache.set(&(key + round).to_le_bytes(), &value[..length]).unwrap();
        }
        let held = held() - before;
        assert!(held <= max_bytes + SLACK, "round {round}: {held} bytes held");
        let charged = cache.stats().bytes;
        assert!(held >= charged / 4 * 3, "round {round}: {charged} bytes charged for {held}");
    }
    cache.clear();
    assert!(held() - before <= SLACK, "{} bytes held after clear", held() - before);
}
