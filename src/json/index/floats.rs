//! Lists of floats, and lists of such lists, with AVX2. A number is read from the block that ends where it ends: its whole part
//! moves to where the point is, and all digits are joined at once.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::super::walk::FloatsRead;
use super::super::{decode, number};
use super::Floats;

/// For processors with AVX2, BMI1 and LZCNT.
pub(super) const FLOATS: Floats = |text, places, room, nested, single| {
    // SAFETY: the processor has these instructions.
    unsafe {
        match (nested, single) {
            (false, false) => one::<false>(text, places, room),
            (false, true) => one::<true>(text, places, room),
            (true, false) => lists::<false>(text, places, room),
            (true, true) => lists::<true>(text, places, room),
        }
    }
};

/// How many bytes are read for a number.
const BLOCK: usize = 32;

/// How long a number may be without its sign: three words of eight digits, the first of which has few.
const LONGEST: usize = 24;

/// From `n` on, a block of which the last `n` bytes are ones.
static LAST: [u8; BLOCK + LONGEST] = {
    let mut bytes = [0; BLOCK + LONGEST];
    let mut at = BLOCK;
    while at < bytes.len() {
        bytes[at] = 0xFF;
        at += 1;
    }
    bytes
};

#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn one<const SINGLE: bool>(
    text: &[u8],
    places: &[u32],
    room: &mut [MaybeUninit<u64>],
) -> FloatsRead {
    let count = list::<SINGLE>(text, places, room);
    FloatsRead { tokens: (2 * count).saturating_sub(1), words: count, lists: 0, open: count }
}

#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn lists<const SINGLE: bool>(
    text: &[u8],
    places: &[u32],
    mut room: &mut [MaybeUninit<u64>],
) -> FloatsRead {
    let is = |token: usize, byte| {
        places.get(token).is_some_and(|&place| text.get(place as usize) == Some(&byte))
    };
    let mut read = FloatsRead::default();
    let mut open = 0;
    while is(open, b'[') {
        let Some((head, numbers)) = room.split_first_mut() else { break };
        let count = list::<SINGLE>(text, &places[open + 1..], numbers);
        if count == 0 {
            break;
        }
        head.write(decode::head(count, 0));
        room = &mut numbers[count..];
        read.words += 1 + count;
        read.tokens = open + 2 * count;
        if !is(read.tokens, b']') {
            read.open = count;
            break;
        }
        read.tokens += 1;
        read.lists += 1;
        if !is(read.tokens, b',') {
            break;
        }
        open = read.tokens + 1;
    }
    read
}

/// Reads numbers from the first of `places` on; returns how many. The commas between them are passed, but not what follows the last.
#[inline]
#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn list<const SINGLE: bool>(text: &[u8], places: &[u32], room: &mut [MaybeUninit<u64>]) -> usize {
    let mut count = 0;
    for (&[start, end], room) in places.as_chunks().0.iter().zip(room) {
        let (start, end) = (start as usize, end as usize);
        let Some(value) = float::<SINGLE>(text, start, end) else { break };
        room.write(value.to_bits());
        count += 1;
        if text.get(end) != Some(&b',') {
            break;
        }
    }
    count
}

/// The number that is `text[start..end]`, if it has no exponent, and no more digits than a word can hold for sure. In single
/// precision, also if it is a normal one and not close to the middle between two.
#[inline]
#[target_feature(enable = "avx2,bmi1,lzcnt")]
fn float<const SINGLE: bool>(text: &[u8], start: usize, end: usize) -> Option<f64> {
    // One byte more stands before the block, for the one that has the whole part; one more behind, as lists do not end a text.
    if end <= BLOCK || end >= text.len() || start >= end {
        return None;
    }
    let negative = text[start] == b'-';
    let first = start + usize::from(negative);
    let length = end - first;
    if length.wrapping_sub(1) >= LONGEST {
        return None;
    }
    // SAFETY: `count` is at most `LONGEST`.
    let last = |count: usize| unsafe { _mm256_loadu_si256(LAST.as_ptr().add(count).cast()) };
    // SAFETY: there are as many bytes before `end`, and one more, which is in the text, too.
    let (block, before) = unsafe {
        let block = text.as_ptr().add(end - BLOCK);
        (_mm256_loadu_si256(block.cast()), _mm256_loadu_si256(block.sub(1).cast()))
    };
    let zeros = _mm256_set1_epi8(b'0' as i8);
    let mut digits = _mm256_and_si256(_mm256_xor_si256(block, zeros), last(length));
    let small = _mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits);
    let others = !_mm256_movemask_epi8(small) as u32;
    let fraction = others.leading_zeros() as usize % BLOCK;
    let whole = if others == 0 {
        length
    } else {
        let whole = length - 1 - fraction;
        let point = end - 1 - fraction;
        if !others.is_power_of_two() || fraction == 0 || whole == 0 || text[point] != b'.' {
            return None;
        }
        let before = _mm256_and_si256(_mm256_xor_si256(before, zeros), last(length - 1));
        digits = _mm256_blendv_epi8(before, digits, last(fraction));
        whole
    };
    if whole > 1 && text[first] == b'0' {
        return None;
    }
    // The sums of neighbours, the first of which counts for more.
    const fn bytes(first: i16) -> i16 {
        1 << 8 | first
    }
    const fn words(first: i32) -> i32 {
        1 << 16 | first
    }
    // Neighbours are joined to pairs, these to fours, these to eights, of which each lane has two.
    let pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(bytes(10)));
    let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(words(100)));
    let fours = _mm256_packus_epi32(fours, fours);
    let eights = _mm256_madd_epi16(fours, _mm256_set1_epi32(words(10_000)));
    let upper = _mm_cvtsi128_si64(_mm256_castsi256_si128(eights)) as u64 >> 32;
    let lower = _mm_cvtsi128_si64(_mm256_extracti128_si256::<1>(eights)) as u64;
    if upper > 999 {
        return None;
    }
    let mantissa = (upper * 100_000_000 + (lower & 0xFFFF_FFFF)) * 100_000_000 + (lower >> 32);
    let value = number::nearest(mantissa, -(fraction as i64))?;
    let value = if SINGLE { number::nearest_float(value)?.into() } else { value };
    Some(f64::from_bits(value.to_bits() | u64::from(negative) << 63))
}
