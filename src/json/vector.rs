//! Blocks of bytes, for loops that copy what they look at. Each loop is compiled for all kinds of blocks that the kind of
//! processor may have, and tested with them; [`has_avx2`] chooses.

use std::mem::MaybeUninit;

/// Whether the processor has what functions for AVX2 are compiled for: virtual ones may lack a part.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn has_avx2() -> bool {
    #[cfg(test)]
    if super::bounds::baseline() {
        return false;
    }
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
}

/// The bits of the first `length` bytes of a block, or all.
#[inline(always)]
pub(super) fn first<V: Vector>(length: usize) -> u64 {
    if length < V::WIDTH { !(u64::MAX << (length as u32 * V::STRIDE)) } else { u64::MAX }
}

/// The bytes of the longest block, and of what loops look at behind it.
const TAIL: usize = 34;

/// Where `length` bytes can be read that begin with those of `rest`: there, or if they are fewer, in `tail`, with zeros behind
/// them. `length` is at most that of `tail`.
#[inline(always)]
pub(super) fn at_least(
    rest: &[u8],
    length: usize,
    tail: &mut MaybeUninit<[u8; TAIL]>,
) -> *const u8 {
    if rest.len() >= length {
        return rest.as_ptr();
    }
    let tail = tail.write([0; TAIL]);
    tail[..rest.len()].copy_from_slice(rest);
    tail.as_ptr()
}

/// A block of bytes, and comparisons whose results have bits for each of them.
///
/// The functions that are unsafe read or write a block at a pointer. All may use the instructions that
/// their implementation is named after.
pub(super) trait Vector: Copy {
    /// How many bytes a block has.
    const WIDTH: usize;
    /// How many bits of a result stand for a byte.
    const STRIDE: u32;

    unsafe fn load(from: *const u8) -> Self;
    unsafe fn store(self, to: *mut u8);
    /// Bytes of ASCII that have to be escaped.
    fn special<const HTML: bool>(self) -> u64;
    fn is(self, byte: u8) -> u64;
    fn and(self, byte: u8) -> Self;
    /// Bytes beyond ASCII.
    fn high(self) -> u64;

    /// Writes the characters of four escapes `\uXXXX` in a row, whose digits were checked, and returns how many bytes they
    /// are; 0 if there is something else, or halves of surrogate pairs, or nothing is gained so. Reads 28 bytes and
    /// writes 16.
    #[inline(always)]
    unsafe fn unescape_four(_from: *const u8, _to: *mut u8) -> usize {
        0
    }
}

#[cfg(target_arch = "aarch64")]
pub(super) use neon::Neon as Native;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) use portable::Portable as Native;
#[cfg(target_arch = "x86_64")]
pub(super) use sse2::Sse2 as Native;

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub(in super::super) struct Sse2(__m128i);

    // SAFETY of all: SSE2 is part of every x86-64; pointers are the caller's promise.
    impl super::Vector for Sse2 {
        const WIDTH: usize = 16;
        const STRIDE: u32 = 1;

        #[inline(always)]
        unsafe fn load(from: *const u8) -> Self {
            // SAFETY: the caller's promise.
            Sse2(unsafe { _mm_loadu_si128(from.cast()) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut u8) {
            // SAFETY: the caller's promise.
            unsafe { _mm_storeu_si128(to.cast(), self.0) }
        }

        #[inline(always)]
        fn special<const HTML: bool>(self) -> u64 {
            // SAFETY: SSE2.
            unsafe {
                let is = |bytes, byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
                let control = _mm_cmpeq_epi8(_mm_min_epu8(self.0, _mm_set1_epi8(0x1F)), self.0);
                let mut found =
                    _mm_or_si128(control, _mm_or_si128(is(self.0, b'"'), is(self.0, b'\\')));
                if HTML {
                    // '<' is 0x3C, '>' is 0x3E.
                    let angle = is(_mm_and_si128(self.0, _mm_set1_epi8(!2)), b'<');
                    found = _mm_or_si128(found, _mm_or_si128(angle, is(self.0, b'&')));
                }
                _mm_movemask_epi8(found) as u64
            }
        }

        #[inline(always)]
        fn is(self, byte: u8) -> u64 {
            // SAFETY: SSE2.
            unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte as i8))) as u64 }
        }

        #[inline(always)]
        fn and(self, byte: u8) -> Self {
            // SAFETY: SSE2.
            Sse2(unsafe { _mm_and_si128(self.0, _mm_set1_epi8(byte as i8)) })
        }

        #[inline(always)]
        fn high(self) -> u64 {
            // SAFETY: SSE2.
            unsafe { _mm_movemask_epi8(self.0) as u64 }
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2 {
    use std::arch::x86_64::*;

    /// The beginning of an escape.
    const U: i16 = i16::from_le_bytes(*b"\\u");

    /// Which bytes of four forms are those of four characters: bit n is set if character n has more than one byte, bit 4 + n
    /// if it has three.
    static CHARACTERS: [[u8; 16]; 256] = {
        let mut all = [[0; 16]; 256];
        let mut lengths = 0;
        while lengths < 256 {
            let (mut character, mut to) = (0, 0);
            while character < 4 {
                let (begin, end) = match (lengths >> character & 1, lengths >> (4 + character) & 1)
                {
                    (0, _) => (3, 4),
                    (_, 0) => (1, 3),
                    _ => (0, 3),
                };
                let mut byte = begin;
                while byte < end {
                    all[lengths][to] = 4 * character as u8 + byte;
                    to += 1;
                    byte += 1;
                }
                character += 1;
            }
            lengths += 1;
        }
        all
    };

    /// Made within functions that have AVX2 only.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(__m256i);

    impl super::Vector for Avx2 {
        const WIDTH: usize = 32;
        const STRIDE: u32 = 1;

        #[inline(always)]
        unsafe fn load(from: *const u8) -> Self {
            // SAFETY: the caller's promise.
            Avx2(unsafe { _mm256_loadu_si256(from.cast()) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut u8) {
            // SAFETY: the caller's promise.
            unsafe { _mm256_storeu_si256(to.cast(), self.0) }
        }

        #[inline(always)]
        fn special<const HTML: bool>(self) -> u64 {
            // SAFETY: AVX2.
            unsafe {
                let is = |byte: u8| _mm256_cmpeq_epi8(self.0, _mm256_set1_epi8(byte as i8));
                let largest = _mm256_set1_epi8(0x1F);
                let control = _mm256_cmpeq_epi8(_mm256_min_epu8(self.0, largest), self.0);
                let mut found = _mm256_or_si256(control, is(b'\\'));
                if HTML {
                    // By the low half of a byte, the only other special character that has it. A byte beyond ASCII gets 0.
                    let by_half = _mm256_setr_epi8(
                        -1, -1, 0x22, -1, -1, -1, 0x26, -1, -1, -1, -1, -1, 0x3C, -1, 0x3E,
                        -1, //
                        -1, -1, 0x22, -1, -1, -1, 0x26, -1, -1, -1, -1, -1, 0x3C, -1, 0x3E, -1,
                    );
                    let like = _mm256_shuffle_epi8(by_half, self.0);
                    found = _mm256_or_si256(found, _mm256_cmpeq_epi8(like, self.0));
                } else {
                    found = _mm256_or_si256(found, is(b'"'));
                }
                u64::from(_mm256_movemask_epi8(found) as u32)
            }
        }

        #[inline(always)]
        fn is(self, byte: u8) -> u64 {
            // SAFETY: AVX2.
            unsafe {
                let found = _mm256_cmpeq_epi8(self.0, _mm256_set1_epi8(byte as i8));
                u64::from(_mm256_movemask_epi8(found) as u32)
            }
        }

        #[inline(always)]
        fn and(self, byte: u8) -> Self {
            // SAFETY: AVX2.
            Avx2(unsafe { _mm256_and_si256(self.0, _mm256_set1_epi8(byte as i8)) })
        }

        #[inline(always)]
        fn high(self) -> u64 {
            // SAFETY: AVX2.
            unsafe { u64::from(_mm256_movemask_epi8(self.0) as u32) }
        }

        #[inline(always)]
        unsafe fn unescape_four(from: *const u8, to: *mut u8) -> usize {
            // SAFETY: AVX2, which has all before it; 28 bytes are read and 16 written, as the caller promises.
            unsafe {
                let (first, last) =
                    (_mm_loadu_si128(from.cast()), _mm_loadu_si128(from.add(12).cast()));
                let begins = _mm_setr_epi16(U, 0, 0, U, 0, 0, 0, 0);
                let alike = |two| _mm_movemask_epi8(_mm_cmpeq_epi16(two, begins));
                if alike(first) & alike(last) & 0xC3 != 0xC3 {
                    return 0;
                }
                let places = _mm_setr_epi8(2, 3, 4, 5, 8, 9, 10, 11, 0, 0, 0, 0, 0, 0, 0, 0);
                let digits = _mm_unpacklo_epi64(
                    _mm_shuffle_epi8(first, places),
                    _mm_shuffle_epi8(last, places),
                );
                // The low half of a letter is 9 less than its value.
                let letters = _mm_cmpgt_epi8(digits, _mm_set1_epi8(b'9' as i8));
                let values = _mm_add_epi8(
                    _mm_and_si128(digits, _mm_set1_epi8(0xF)),
                    _mm_and_si128(letters, _mm_set1_epi8(9)),
                );
                let bytes = _mm_maddubs_epi16(values, _mm_set1_epi16(0x0110));
                let units = _mm_madd_epi16(bytes, _mm_set1_epi32(0x0001_0100));
                let halves = _mm_cmpeq_epi32(
                    _mm_and_si128(units, _mm_set1_epi32(0xF800)),
                    _mm_set1_epi32(0xD800),
                );
                let two = _mm_cmpgt_epi32(units, _mm_set1_epi32(0x7F));
                let three = _mm_cmpgt_epi32(units, _mm_set1_epi32(0x7FF));
                if _mm_movemask_epi8(halves) != 0 {
                    return 0;
                }
                // The bytes of three-byte forms, of which two-byte ones have the last two, then those of ASCII.
                let part = |moved, bits, mark| {
                    let bits = _mm_and_si128(moved, _mm_set1_epi32(bits));
                    _mm_or_si128(bits, _mm_set1_epi32(mark))
                };
                let lead = _mm_or_si128(_mm_srli_epi32::<12>(units), _mm_set1_epi32(0xE0));
                let middle = part(_mm_slli_epi32::<2>(units), 0x3F00, 0x8000);
                let middle = _mm_or_si128(middle, _mm_andnot_si128(three, _mm_set1_epi32(0x4000)));
                let end = part(_mm_slli_epi32::<16>(units), 0x3F_0000, 0x80_0000);
                let forms = _mm_or_si128(
                    _mm_or_si128(lead, middle),
                    _mm_or_si128(end, _mm_slli_epi32::<24>(units)),
                );
                let mask = |longer| _mm_movemask_ps(_mm_castsi128_ps(longer)) as usize;
                let lengths = mask(two) | mask(three) << 4;
                let order = _mm_loadu_si128(CHARACTERS[lengths].as_ptr().cast());
                _mm_storeu_si128(to.cast(), _mm_shuffle_epi8(forms, order));
                4 + lengths.count_ones() as usize
            }
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;

    #[derive(Clone, Copy)]
    pub(in super::super) struct Neon(uint8x16_t);

    /// Four bits of each byte, as NEON has no movemask.
    #[inline(always)]
    fn bits(found: uint8x16_t) -> u64 {
        // SAFETY: NEON is part of every aarch64.
        unsafe {
            let nibbles = vshrn_n_u16::<4>(vreinterpretq_u16_u8(found));
            vget_lane_u64::<0>(vreinterpret_u64_u8(nibbles))
        }
    }

    impl super::Vector for Neon {
        const WIDTH: usize = 16;
        const STRIDE: u32 = 4;

        #[inline(always)]
        unsafe fn load(from: *const u8) -> Self {
            // SAFETY: the caller's promise.
            Neon(unsafe { vld1q_u8(from) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut u8) {
            // SAFETY: the caller's promise.
            unsafe { vst1q_u8(to, self.0) }
        }

        #[inline(always)]
        fn special<const HTML: bool>(self) -> u64 {
            // SAFETY: NEON.
            unsafe {
                let is = |bytes, byte: u8| vceqq_u8(bytes, vdupq_n_u8(byte));
                let control = vcltq_u8(self.0, vdupq_n_u8(0x20));
                let mut found = vorrq_u8(control, vorrq_u8(is(self.0, b'"'), is(self.0, b'\\')));
                if HTML {
                    // '<' is 0x3C, '>' is 0x3E.
                    let angle = is(vandq_u8(self.0, vdupq_n_u8(!2)), b'<');
                    found = vorrq_u8(found, vorrq_u8(angle, is(self.0, b'&')));
                }
                bits(found)
            }
        }

        #[inline(always)]
        fn is(self, byte: u8) -> u64 {
            // SAFETY: NEON.
            bits(unsafe { vceqq_u8(self.0, vdupq_n_u8(byte)) })
        }

        #[inline(always)]
        fn and(self, byte: u8) -> Self {
            // SAFETY: NEON.
            Neon(unsafe { vandq_u8(self.0, vdupq_n_u8(byte)) })
        }

        #[inline(always)]
        fn high(self) -> u64 {
            // SAFETY: NEON.
            bits(unsafe { vcgeq_u8(self.0, vdupq_n_u8(0x80)) })
        }
    }
}

#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub(super) mod portable {
    #[derive(Clone, Copy)]
    pub(in super::super) struct Portable([u8; 16]);

    impl Portable {
        fn bits(self, found: impl Fn(u8) -> bool) -> u64 {
            self.0.iter().rev().fold(0, |bits, &byte| bits << 1 | u64::from(found(byte)))
        }
    }

    impl super::Vector for Portable {
        const WIDTH: usize = 16;
        const STRIDE: u32 = 1;

        unsafe fn load(from: *const u8) -> Self {
            // SAFETY: the caller's promise.
            Portable(unsafe { from.cast::<[u8; 16]>().read() })
        }

        unsafe fn store(self, to: *mut u8) {
            // SAFETY: the caller's promise.
            unsafe { to.cast::<[u8; 16]>().write(self.0) }
        }

        fn special<const HTML: bool>(self) -> u64 {
            self.bits(|byte| match byte {
                ..0x20 | b'"' | b'\\' => true,
                b'<' | b'>' | b'&' => HTML,
                _ => false,
            })
        }

        fn is(self, byte: u8) -> u64 {
            self.bits(|own| own == byte)
        }

        fn and(self, byte: u8) -> Self {
            Portable(self.0.map(|own| own & byte))
        }

        fn high(self) -> u64 {
            self.bits(|byte| byte >= 0x80)
        }
    }
}
