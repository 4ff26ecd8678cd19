//! The kernel for every x86-64 processor.

use std::arch::x86_64::*;

use super::{BEFORE, BLOCK, Between, Block, Kernel, Strings, WINDOW, scan};

pub(super) static KERNEL: Kernel = Kernel { scan: scan::<Sse2>, passes: None, floats: None };

struct Sse2;

impl Block for Sse2 {
    type Faults = __m128i;

    #[inline(always)]
    fn no_faults() -> __m128i {
        // SAFETY: SSE2 is part of every x86-64.
        unsafe { _mm_setzero_si128() }
    }

    /// Without lookups: what follows is compared with what may follow.
    #[inline(always)]
    fn find_faults(faults: &mut __m128i, window: &[u8; WINDOW]) {
        // SAFETY: SSE2; what is read is in the window, beginning up to three bytes before each part of the block.
        unsafe {
            for start in (BEFORE..WINDOW).step_by(16) {
                let before = |count| _mm_loadu_si128(window.as_ptr().add(start - count).cast());
                let (bytes, first) = (before(0), before(1));
                // Bytes beyond ASCII are below zero.
                let below = |byte: u8| _mm_cmplt_epi8(bytes, _mm_set1_epi8(byte as i8));
                let due = either(
                    at_least(first, 0xC0),
                    either(at_least(before(2), 0xE0), at_least(before(3), 0xF0)),
                );
                let overlong_2 = is(_mm_and_si128(first, _mm_set1_epi8(!1)), 0xC0);
                let overlong_3 = _mm_and_si128(is(first, 0xE0), below(0xA0));
                let surrogate = _mm_andnot_si128(below(0xA0), is(first, 0xED));
                let overlong_4 = _mm_and_si128(is(first, 0xF0), below(0x90));
                let too_large = _mm_andnot_si128(below(0x90), is(first, 0xF4));
                let found = either(
                    either(_mm_xor_si128(below(0xC0), due), at_least(first, 0xF5)),
                    either(
                        either(overlong_2, overlong_3),
                        either(surrogate, either(overlong_4, too_large)),
                    ),
                );
                *faults = either(*faults, found);
            }
        }
    }

    #[inline(always)]
    fn is_any(faults: __m128i) -> bool {
        // SAFETY: SSE2.
        unsafe { _mm_movemask_epi8(faults) != 0 }
    }

    #[inline(always)]
    fn strings(bytes: &[u8; BLOCK]) -> Strings {
        Strings {
            quotes: bits(bytes, |bytes| is(bytes, b'"')),
            backslashes: bits(bytes, |bytes| is(bytes, b'\\')),
            control: bits(bytes, |bytes| {
                // SAFETY: SSE2.
                unsafe { _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes) }
            }),
            non_ascii: bits(bytes, |bytes| bytes) != 0,
        }
    }

    #[inline(always)]
    fn between(bytes: &[u8; BLOCK]) -> Between {
        Between {
            operators: bits(bytes, |bytes| {
                // `[` and `{` differ in one bit, as do `]` and `}`.
                // SAFETY: SSE2.
                let curly = unsafe { _mm_or_si128(bytes, _mm_set1_epi8(0x20)) };
                either(
                    either(is(curly, b'{'), is(curly, b'}')),
                    either(is(bytes, b','), is(bytes, b':')),
                )
            }),
            white_space: bits(bytes, |bytes| {
                either(
                    either(is(bytes, b'\n'), is(bytes, b'\r')),
                    either(is(bytes, b' '), is(bytes, b'\t')),
                )
            }),
        }
    }
}

#[inline(always)]
fn is(bytes: __m128i, byte: u8) -> __m128i {
    // SAFETY: SSE2 is part of every x86-64.
    unsafe { _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8)) }
}

#[inline(always)]
fn at_least(bytes: __m128i, byte: u8) -> __m128i {
    // SAFETY: SSE2.
    unsafe { _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(byte as i8)), bytes) }
}

#[inline(always)]
fn either(first: __m128i, second: __m128i) -> __m128i {
    // SAFETY: SSE2.
    unsafe { _mm_or_si128(first, second) }
}

/// One bit for each byte of which `class` makes all ones.
#[inline(always)]
fn bits(bytes: &[u8; BLOCK], class: impl Fn(__m128i) -> __m128i) -> u64 {
    let part = |number: usize| {
        // SAFETY: SSE2; sixteen bytes are read, of the 64.
        unsafe {
            let part = _mm_loadu_si128(bytes.as_ptr().add(16 * number).cast());
            u64::from(_mm_movemask_epi8(class(part)) as u32) << (16 * number)
        }
    };
    part(0) | part(1) | part(2) | part(3)
}
