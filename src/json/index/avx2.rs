//! The kernel for x86-64 processors since 2013: AVX2, and carry-less multiplication.

use std::arch::x86_64::*;

use super::{BLOCK, Block, Carry, Classes, Found, Kernel, Places, scan};

/// The kernel, if this processor has what it needs.
pub(super) fn kernel() -> Option<Kernel> {
    let able = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    able.then_some(|text, from, to, carry, places| {
        // SAFETY: the processor has these instructions.
        unsafe { vectors(text, from, to, carry, places) }
    })
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,lzcnt,popcnt")]
unsafe fn vectors(
    text: &[u8],
    from: usize,
    to: usize,
    carry: &mut Carry,
    places: &mut Places,
) -> Found {
    scan::<Avx2>(text, from, to, carry, places)
}

/// Only for use in [`vectors`].
struct Avx2;

impl Block for Avx2 {
    #[inline(always)]
    fn classify(bytes: &[u8; BLOCK]) -> Classes {
        // SAFETY: `vectors`, which this is inlined into, has the instructions; 64 bytes are read, of 64.
        unsafe {
            let low = _mm256_loadu_si256(bytes.as_ptr().cast());
            let high = _mm256_loadu_si256(bytes.as_ptr().add(32).cast());
            let bits = |low, high| {
                u64::from(_mm256_movemask_epi8(low) as u32)
                    | u64::from(_mm256_movemask_epi8(high) as u32) << 32
            };
            let is = |byte: u8| {
                let byte = _mm256_set1_epi8(byte as i8);
                bits(_mm256_cmpeq_epi8(low, byte), _mm256_cmpeq_epi8(high, byte))
            };
            // Each table has, in the place of a byte's low half, the byte of the class with that low half, or else one that
            // has another low half. Bytes beyond ASCII select zero.
            let white_space = _mm256_broadcastsi128_si256(_mm_setr_epi8(
                b' ' as i8,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                b'\t' as i8,
                b'\n' as i8,
                0,
                0,
                b'\r' as i8,
                0,
                0,
            ));
            let is_space =
                |bytes| _mm256_cmpeq_epi8(bytes, _mm256_shuffle_epi8(white_space, bytes));
            // With one bit set that tells `[` from `{`, and `]` from `}`.
            let operators = _mm256_broadcastsi128_si256(_mm_setr_epi8(
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b':' as i8, b'{' as i8, b',' as i8, b'}' as i8, 0, 0,
            ));
            let is_operator = |bytes| {
                let curly = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
                _mm256_cmpeq_epi8(curly, _mm256_shuffle_epi8(operators, bytes))
            };
            let control = |bytes| {
                let largest = _mm256_set1_epi8(0x1F);
                _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, largest), bytes)
            };
            Classes {
                quotes: is(b'"'),
                backslashes: is(b'\\'),
                operators: bits(is_operator(low), is_operator(high)),
                white_space: bits(is_space(low), is_space(high)),
                control: bits(control(low), control(high)),
                non_ascii: _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0,
            }
        }
    }

    #[inline(always)]
    fn prefix_xor(bits: u64) -> u64 {
        // SAFETY: as in `classify`.
        unsafe {
            let bits = _mm_set_epi64x(0, bits as i64);
            _mm_cvtsi128_si64(_mm_clmulepi64_si128::<0>(bits, _mm_set1_epi8(-1))) as u64
        }
    }
}
