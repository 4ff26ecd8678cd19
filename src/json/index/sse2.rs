//! The kernel for every x86-64 processor.

use std::arch::x86_64::*;

use super::{BLOCK, Between, Block, Kernel, Strings, scan};

pub(super) static KERNEL: Kernel = Kernel { scan: scan::<Sse2>, texts: None };

struct Sse2;

impl Block for Sse2 {
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
