//! The kernel for processors of other kinds: eight bytes of a word at a time.

use super::{BLOCK, Block, Carry, Classes, Found, Places, scan};

pub(super) fn kernel(
    text: &[u8],
    from: usize,
    to: usize,
    carry: &mut Carry,
    places: &mut Places,
) -> Found {
    scan::<Portable>(text, from, to, carry, places)
}

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

impl Block for Portable {
    fn classify(bytes: &[u8; BLOCK]) -> Classes {
        let mut classes = Classes {
            quotes: 0,
            backslashes: 0,
            operators: 0,
            white_space: 0,
            control: 0,
            non_ascii: false,
        };
        for (number, bytes) in bytes.chunks_exact(8).enumerate() {
            let word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
            let part = |bits| gather(bits) << (8 * number);
            // `[` and `{` differ in one bit, as do `]` and `}`.
            let curly = word | (0x20 * ONES);
            classes.quotes |= part(is(word, b'"'));
            classes.backslashes |= part(is(word, b'\\'));
            classes.operators |=
                part(is(curly, b'{') | is(curly, b'}') | is(word, b',') | is(word, b':'));
            classes.white_space |=
                part(is(word, b' ') | is(word, b'\n') | is(word, b'\r') | is(word, b'\t'));
            classes.control |= part(is(word & (0xE0 * ONES), 0));
            classes.non_ascii |= word & HIGH != 0;
        }
        classes
    }
}
