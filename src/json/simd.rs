//! Searches over bytes, sixteen at a time where the processor's baseline allows it: SSE2 is part of
//! every x86-64, NEON of every aarch64. Elsewhere a portable block of sixteen bytes takes their place.

use std::mem::MaybeUninit;

/// Offset of the first byte at or after `from` that is no white space, or the text's length.
#[inline]
pub(crate) fn skip_whitespace(text: &[u8], from: usize) -> usize {
    let space = |block: Native| {
        block.is(b' ').or(block.is(b'\n')).or(block.is(b'\t')).or(block.is(b'\r')).not()
    };
    find(text, from, |block| space(block).bits()).0
}

/// Offset of the first byte at or after `from` that ends or interrupts a string (a quote, a
/// backslash or a control character), or the text's length; and whether all bytes before it are ASCII.
#[inline(always)]
pub(crate) fn find_string_special(text: &[u8], from: usize) -> (usize, bool) {
    find(text, from, |block: Native| string_special(block).bits())
}

/// As [`find_string_special`], and stops at U+2028 and U+2029, too, and if `HTML` at `<`, `>` and `&`: what
/// Go escapes.
#[inline(always)]
pub(crate) fn find_escape<const HTML: bool>(text: &[u8], from: usize) -> (usize, bool) {
    find_or_separator(text, from, |block: Native| {
        let special = string_special(block);
        if HTML { special.or(html(block)) } else { special }
    })
}

/// Offset of the first `<`, `>`, `&`, U+2028 or U+2029 at or after `from`, or the text's length.
#[inline]
pub(crate) fn find_html(text: &[u8], from: usize) -> usize {
    find_or_separator(text, from, |block: Native| html(block)).0
}

/// Offset of the first backslash at or after `from`, or the text's length; and whether all bytes
/// before it are ASCII.
#[inline]
pub(crate) fn find_backslash(text: &[u8], from: usize) -> (usize, bool) {
    find(text, from, |block: Native| block.is(b'\\').bits())
}

/// Copies the first `length` bytes of `text` to the front of `room`, if they are few and there is room on both sides to copy
/// a fixed number in their place; tells whether it did.
#[inline(always)]
pub(crate) fn copy_short(text: &[u8], length: usize, room: &mut [MaybeUninit<u8>]) -> bool {
    const FEW: usize = 32;
    match (text.first_chunk::<FEW>(), room.first_chunk_mut::<FEW>()) {
        (Some(source), Some(target)) if length <= FEW => {
            *target = source.map(MaybeUninit::new);
            true
        }
        _ => false,
    }
}

/// Copies what stands before the next quote, backslash or control character at or after `from`, and if `ASCII` byte beyond that, to the front
/// of `room`, if there is room for whole blocks; returns its length.
#[inline(always)]
pub(crate) fn copy_to_special<const ASCII: bool>(
    text: &[u8],
    from: usize,
    room: &mut [MaybeUninit<u8>],
) -> Option<usize> {
    let mut length = 0;
    loop {
        let bytes = match text.get(from + length..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => *bytes,
            None => last_block(text, from + length).to_le_bytes(), // with zeros, which end it
        };
        *room.get_mut(length..)?.first_chunk_mut()? = bytes.map(MaybeUninit::new);
        let block = Native::load(&bytes);
        let special = string_special(block);
        let found = if ASCII { special.or(block).high() } else { special.bits() };
        if found != 0 {
            return Some(length + (found.trailing_zeros() / Native::STRIDE) as usize);
        }
        length += bytes.len();
    }
}

/// Copies `text` to the front of `room`, up to the first byte that has to be escaped in a string, or until there is no room for
/// whole blocks; returns how many bytes that were.
#[inline(always)]
pub(crate) fn copy_plain(text: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
    let mut at = 0;
    while at < text.len() {
        let bytes = match (text[at..].first_chunk(), text.last_chunk()) {
            (Some(bytes), _) => *bytes,
            (None, Some(last)) => {
                at = text.len() - last.len();
                *last
            }
            (None, None) => padded(text), // with zeros, which end it
        };
        let Some(place) = room.get_mut(at..).and_then(<[_]>::first_chunk_mut) else { return at };
        *place = bytes.map(MaybeUninit::new);
        let special = string_special(Native::load(&bytes)).bits();
        if special != 0 {
            return at + (special.trailing_zeros() / Native::STRIDE) as usize;
        }
        at += bytes.len();
    }
    at
}

/// The eight bytes of `text` at `at`, the first lowest; zeros stand for what is behind its end.
#[inline(always)]
pub(crate) fn word(text: &[u8], at: usize) -> u64 {
    match text.get(at..at + 8) {
        // SAFETY: eight bytes, of eight.
        Some(bytes) => u64::from_le_bytes(unsafe { *bytes.as_ptr().cast() }),
        None => last_block(text, at) as u64,
    }
}

/// The sixteen bytes of `text` at `at`, where there are fewer; zeros stand for what is behind its end.
#[cold]
#[inline(never)]
pub(crate) fn last_block(text: &[u8], at: usize) -> u128 {
    let rest = text.get(at..).unwrap_or_default();
    match text.last_chunk() {
        Some(last) if !rest.is_empty() => u128::from_le_bytes(*last) >> (8 * (16 - rest.len())),
        _ => u128::from_le_bytes(padded(rest)),
    }
}

#[inline(always)]
fn string_special(block: Native) -> Native {
    block.is(b'"').or(block.is(b'\\')).or(block.below(0x20))
}

#[inline(always)]
fn html(block: Native) -> Native {
    // '<' is 0x3C, '>' is 0x3E.
    block.is(b'&').or(block.and(!2).is(b'<'))
}

/// As [`find`], but stops at U+2028 and U+2029, too, which are E2 80 A8 and E2 80 A9 in UTF-8.
#[inline(always)]
fn find_or_separator<B: Block>(
    text: &[u8],
    from: usize,
    special: impl Fn(B) -> B,
) -> (usize, bool) {
    let (end, ascii) = find(text, from, |block| special(block).or(block.is(0xE2)).bits());
    match text.get(end..) {
        Some([0xE2, after @ ..]) if !matches!(after, [0x80, 0xA8 | 0xA9, ..]) => {
            (find_past_others(text, end + 1, special), false)
        }
        _ => (end, ascii),
    }
}

/// As [`find_or_separator`], for texts with other characters that begin with E2: it is slower to begin, but
/// does not stop at each of them.
#[inline(never)]
fn find_past_others<B: Block>(text: &[u8], mut from: usize, special: impl Fn(B) -> B) -> usize {
    loop {
        let (end, _) = find(text, from, |block| special(block).bits() | separators(block));
        match text[end..] {
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => return end,
            [0xE2, ..] => from = end + 1, // at the end of a block
            _ => return end,
        }
    }
}

/// Where U+2028 and U+2029 begin in a block, or may begin. Their first byte is that of many others.
#[inline(always)]
fn separators<B: Block>(block: B) -> u64 {
    let first = block.is(0xE2).bits();
    // What the next block begins with is not known: the last places may be those of a separator.
    let unknown = |places: u32| u64::MAX << ((16 - places) * B::STRIDE);
    let second = block.is(0x80).bits() >> B::STRIDE | unknown(1);
    let third = block.and(!1).is(0xA8).bits() >> (2 * B::STRIDE) | unknown(2);
    first & second & third
}

/// Offset of the first byte at or after `from` that `special` marks, or the text's length; and whether
/// all bytes before it are ASCII.
#[inline(always)]
fn find<B: Block>(text: &[u8], mut from: usize, special: impl Fn(B) -> u64) -> (usize, bool) {
    let mut rest = text.get(from..).unwrap_or_default();
    let mut high = 0;
    while let Some((bytes, after)) = rest.split_first_chunk() {
        let block = B::load(bytes);
        let (found, non_ascii) = (special(block), block.high());
        if found != 0 {
            high |= non_ascii & (found - 1) & !found;
            return (from + (found.trailing_zeros() / B::STRIDE) as usize, high == 0);
        }
        high |= non_ascii;
        from += 16;
        rest = after;
    }
    if !rest.is_empty() {
        let block = B::load(&padded(rest));
        // The text's end stops the search, if nothing before it does.
        let found = special(block) | 1 << (rest.len() as u32 * B::STRIDE);
        high |= block.high() & (found - 1) & !found;
        from += (found.trailing_zeros() / B::STRIDE) as usize;
    }
    (from, high == 0)
}

/// Up to fifteen bytes with zeros behind them, gathered by overlapping reads of fixed sizes.
#[inline(always)]
fn padded(bytes: &[u8]) -> [u8; 16] {
    let length = bytes.len();
    let gathered = if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        u128::from(first) | u128::from(last) << (8 * (length - 8))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        u128::from(first) | u128::from(last) << (8 * (length - 4))
    } else if let [first, .., last] = bytes {
        let middle = bytes[length / 2];
        u128::from(*first)
            | u128::from(middle) << (8 * (length / 2))
            | u128::from(*last) << (8 * (length - 1))
    } else {
        u128::from(bytes.first().copied().unwrap_or(0))
    };
    gathered.to_le_bytes()
}

/// Sixteen bytes, and comparisons that make each of them all ones or all zeros.
trait Block: Copy {
    /// How many bits stand for a byte in `bits` and `high`.
    const STRIDE: u32;

    fn load(bytes: &[u8; 16]) -> Self;
    fn is(self, byte: u8) -> Self;
    /// `byte` is above zero.
    fn below(self, byte: u8) -> Self;
    fn and(self, byte: u8) -> Self;
    fn or(self, other: Self) -> Self;
    fn not(self) -> Self;

    /// The highest bit of each byte; the first byte's lowest.
    fn high(self) -> u64;

    /// As `high`, of a comparison's result.
    fn bits(self) -> u64 {
        self.high()
    }
}

#[cfg(target_arch = "aarch64")]
use neon::Neon as Native;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use portable::Portable as Native;
#[cfg(target_arch = "x86_64")]
use sse2::Sse2 as Native;

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub(super) struct Sse2(__m128i);

    // SSE2 is part of every x86-64.
    impl super::Block for Sse2 {
        const STRIDE: u32 = 1;

        #[inline(always)]
        fn load(bytes: &[u8; 16]) -> Self {
            // SAFETY: sixteen bytes are read, of sixteen.
            Sse2(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
        }

        #[inline(always)]
        fn is(self, byte: u8) -> Self {
            // SAFETY: SSE2.
            Sse2(unsafe { _mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte as i8)) })
        }

        #[inline(always)]
        fn below(self, byte: u8) -> Self {
            // SAFETY: SSE2.
            Sse2(unsafe {
                let largest = _mm_set1_epi8(byte.wrapping_sub(1) as i8);
                _mm_cmpeq_epi8(_mm_min_epu8(self.0, largest), self.0)
            })
        }

        #[inline(always)]
        fn and(self, byte: u8) -> Self {
            // SAFETY: SSE2.
            Sse2(unsafe { _mm_and_si128(self.0, _mm_set1_epi8(byte as i8)) })
        }

        #[inline(always)]
        fn or(self, other: Self) -> Self {
            // SAFETY: SSE2.
            Sse2(unsafe { _mm_or_si128(self.0, other.0) })
        }

        #[inline(always)]
        fn not(self) -> Self {
            // SAFETY: SSE2.
            Sse2(unsafe { _mm_xor_si128(self.0, _mm_set1_epi8(-1)) })
        }

        #[inline(always)]
        fn high(self) -> u64 {
            // SAFETY: SSE2.
            unsafe { _mm_movemask_epi8(self.0) as u64 }
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;

    #[derive(Clone, Copy)]
    pub(super) struct Neon(uint8x16_t);

    // NEON is part of every aarch64.
    impl super::Block for Neon {
        const STRIDE: u32 = 4;

        #[inline(always)]
        fn load(bytes: &[u8; 16]) -> Self {
            // SAFETY: sixteen bytes are read, of sixteen.
            Neon(unsafe { vld1q_u8(bytes.as_ptr()) })
        }

        #[inline(always)]
        fn is(self, byte: u8) -> Self {
            // SAFETY: NEON.
            Neon(unsafe { vceqq_u8(self.0, vdupq_n_u8(byte)) })
        }

        #[inline(always)]
        fn below(self, byte: u8) -> Self {
            // SAFETY: NEON.
            Neon(unsafe { vcltq_u8(self.0, vdupq_n_u8(byte)) })
        }

        #[inline(always)]
        fn and(self, byte: u8) -> Self {
            // SAFETY: NEON.
            Neon(unsafe { vandq_u8(self.0, vdupq_n_u8(byte)) })
        }

        #[inline(always)]
        fn or(self, other: Self) -> Self {
            // SAFETY: NEON.
            Neon(unsafe { vorrq_u8(self.0, other.0) })
        }

        #[inline(always)]
        fn not(self) -> Self {
            // SAFETY: NEON.
            Neon(unsafe { vmvnq_u8(self.0) })
        }

        #[inline(always)]
        fn high(self) -> u64 {
            // SAFETY: NEON.
            Neon(unsafe { vcgeq_u8(self.0, vdupq_n_u8(0x80)) }).bits()
        }

        /// Four bits of each byte, as NEON has no movemask.
        #[inline(always)]
        fn bits(self) -> u64 {
            // SAFETY: NEON.
            unsafe {
                let nibbles = vshrn_n_u16::<4>(vreinterpretq_u16_u8(self.0));
                vget_lane_u64::<0>(vreinterpret_u64_u8(nibbles))
            }
        }
    }
}

#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod portable {
    /// Written so that a compiler can make vector instructions of it.
    #[derive(Clone, Copy)]
    pub(super) struct Portable([u8; 16]);

    fn ones(condition: bool) -> u8 {
        0u8.wrapping_sub(u8::from(condition))
    }

    impl super::Block for Portable {
        const STRIDE: u32 = 1;

        fn load(bytes: &[u8; 16]) -> Self {
            Portable(*bytes)
        }

        fn is(self, byte: u8) -> Self {
            Portable(self.0.map(|own| ones(own == byte)))
        }

        fn below(self, byte: u8) -> Self {
            Portable(self.0.map(|own| ones(own < byte)))
        }

        fn and(self, byte: u8) -> Self {
            Portable(self.0.map(|own| own & byte))
        }

        fn or(self, other: Self) -> Self {
            Portable(std::array::from_fn(|place| self.0[place] | other.0[place]))
        }

        fn not(self) -> Self {
            Portable(self.0.map(|own| !own))
        }

        fn high(self) -> u64 {
            (0..16).fold(0, |bits, place| bits | u64::from(self.0[place] >> 7) << place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search one byte at a time.
    fn slow(text: &[u8], from: usize, special: impl Fn(u8) -> bool) -> (usize, bool) {
        let rest = &text[from.min(text.len())..];
        let end = rest.iter().position(|&byte| special(byte)).unwrap_or(rest.len());
        (from + end, rest[..end].is_ascii())
    }

    /// Every byte at every distance from the start and the end of a block.
    #[test]
    fn searches_find_the_first_of_their_bytes() {
        let string = |byte| matches!(byte, b'"' | b'\\' | 0..0x20);
        let html = |byte| matches!(byte, b'<' | b'>' | b'&');
        for byte in 0..=255u8 {
            for filler in [b'a', b' ', 0xC3] {
                for length in 0..36 {
                    for (place, from) in
                        (0..length).flat_map(|place| [(place, 0), (place, 3), (place, 37)])
                    {
                        let mut text = vec![filler; length];
                        text[place] = byte;
                        let found = (
                            skip_whitespace(&text, from),
                            find_string_special(&text, from),
                            find_escape::<false>(&text, from),
                            find_escape::<true>(&text, from),
                            find_html(&text, from),
                            find_backslash(&text, from),
                        );
                        let expected = (
                            slow(&text, from, |byte| !b" \n\t\r".contains(&byte)).0,
                            slow(&text, from, string),
                            slow(&text, from, string),
                            slow(&text, from, |byte| string(byte) || html(byte)),
                            slow(&text, from, html).0,
                            slow(&text, from, |byte| byte == b'\\'),
                        );
                        assert_eq!(found, expected, "{text:?} from {from}");
                    }
                }
            }
        }
    }

    /// Separators, and what begins like them, at every distance from the start and the end of a block.
    #[test]
    fn searches_find_separators() {
        let pieces = [
            "\u{2028}",
            "\u{2029}",
            "\u{2027}",
            "\u{202A}",
            "\u{20A8}",
            "\u{2068}",
            "\u{30A8}",
            "\u{2028}\"",
            "<\u{2029}",
            "\u{2203}\u{2028}",
        ];
        for piece in
            pieces.map(str::as_bytes).into_iter().chain([&b"\xE2"[..], b"\xE2\x80", b"\x80\xA8"])
        {
            for (before, after) in
                (0..36).flat_map(|before| [(before, 0), (before, 1), (before, 20)])
            {
                let text = [&vec![b'a'; before], piece, &vec![b'a'; after]].concat();
                let separator = |at: usize| {
                    text[at..].starts_with("\u{2028}".as_bytes())
                        || text[at..].starts_with("\u{2029}".as_bytes())
                };
                let first = |stops: &[u8]| {
                    let stop = |&at: &usize| separator(at) || stops.contains(&text[at]);
                    (0..text.len()).find(stop).unwrap_or(text.len())
                };
                let (plain, html) = (first(b"\""), first(b"\"<>&"));
                assert_eq!(find_escape::<false>(&text, 0), (plain, text[..plain].is_ascii()));
                assert_eq!(find_escape::<true>(&text, 0), (html, text[..html].is_ascii()));
                assert_eq!(find_html(&text, 0), first(b"<>&"));
            }
        }
    }

    #[test]
    fn native_blocks_agree_with_portable_ones() {
        fn outcomes<B: Block>(text: &[u8], byte: u8) -> [(usize, bool); 6] {
            [
                find(text, 0, |block: B| block.is(byte).bits()),
                find(text, 0, |block: B| block.is(byte).not().bits()),
                find(text, 0, |block: B| block.below(byte | 1).bits()),
                find(text, 0, |block: B| block.and(!2).is(byte).bits()),
                find(text, 0, |block: B| block.is(byte).or(block.is(0xE2)).bits()),
                find(text, 0, |block: B| separators(block)),
            ]
        }
        for byte in 0..=255u8 {
            for length in 0..40u8 {
                let text: Vec<u8> = (0..length)
                    .map(|place| byte.wrapping_mul(31).wrapping_add(7u8.wrapping_mul(place)))
                    .collect();
                for byte in [byte, text.last().copied().unwrap_or(byte)] {
                    assert_eq!(
                        outcomes::<Native>(&text, byte),
                        outcomes::<portable::Portable>(&text, byte),
                        "{byte} in {text:?}"
                    );
                }
            }
        }
    }
}
