//! The kernel for processors of other kinds: eight bytes of a word at a time.

use super::{BEFORE, BLOCK, Between, Block, Kernel, Strings, WINDOW, scan};

pub(super) static KERNEL: Kernel = Kernel { scan: scan::<Portable>, passes: None, floats: None };

struct Portable;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// The highest bit of each byte that is `byte`.
fn is(word: u64, byte: u8) -> u64 {
    let difference = word ^ (u64::from(byte) * ONES);
    // No sum leaves its byte.
    !(((difference & !HIGH) + !HIGH) | difference) & HIGH
}

/// Gathers the highest bits of the bytes.
fn gather(word: u64) -> u64 {
    // Each bit is moved to a place of its own in the highest byte.
    ((word & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// One bit for each byte of which `class` marks the highest bit.
fn bits(bytes: &[u8; BLOCK], class: impl Fn(u64) -> u64) -> u64 {
    let mut all = 0;
    for (number, bytes) in bytes.chunks_exact(8).enumerate() {
        let word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        all |= gather(class(word)) << (8 * number);
    }
    all
}

impl Block for Portable {
    type Faults = bool;

    fn no_faults() -> bool {
        false
    }

    fn find_faults(faults: &mut bool, window: &[u8; WINDOW]) {
        // A character that goes on in the block begins among the three bytes before it.
        let (before, _) = window[BEFORE - 3..].split_at(3);
        let length = |byte: u8| byte.leading_ones() as usize;
        let start =
            (0..3).find(|&at| before[at] >= 0xC0 && length(before[at]) > 3 - at).unwrap_or(3);
        // One that does not end there is for the next block.
        *faults |= std::str::from_utf8(&window[BEFORE - 3 + start..])
            .is_err_and(|error| error.error_len().is_some());
    }

    fn is_any(faults: bool) -> bool {
        faults
    }

    fn strings(bytes: &[u8; BLOCK]) -> Strings {
        Strings {
            quotes: bits(bytes, |word| is(word, b'"')),
            backslashes: bits(bytes, |word| is(word, b'\\')),
            control: bits(bytes, |word| is(word & (0xE0 * ONES), 0)),
            non_ascii: bits(bytes, |word| word) != 0,
        }
    }

    fn between(bytes: &[u8; BLOCK]) -> Between {
        Between {
            operators: bits(bytes, |word| {
                // `[` and `{` differ in one bit, as do `]` and `}`.
                let curly = word | (0x20 * ONES);
                is(curly, b'{') | is(curly, b'}') | is(word, b',') | is(word, b':')
            }),
            white_space: bits(bytes, |word| {
                is(word, b' ') | is(word, b'\n') | is(word, b'\r') | is(word, b'\t')
            }),
        }
    }
}
