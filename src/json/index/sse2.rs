//! The kernel for every x86-64 processor.

use std::arch::x86_64::*;

use super::{BLOCK, Block, Carry, Classes, Found, Places, scan};

pub(super) fn kernel(
    text: &[u8],
    from: usize,
    to: usize,
    carry: &mut Carry,
    places: &mut Places,
) -> Found {
    scan::<Sse2>(text, from, to, carry, places)
}

struct Sse2;

impl Block for Sse2 {
    #[inline(always)]
    fn classify(bytes: &[u8; BLOCK]) -> Classes {
        // SAFETY: SSE2 is part of every x86-64; 64 bytes are read, of 64.
        unsafe {
            let vectors: [__m128i; 4] =
                std::array::from_fn(|part| _mm_loadu_si128(bytes.as_ptr().add(16 * part).cast()));
            let bits = |class: &dyn Fn(__m128i) -> __m128i| {
                let part = |number: usize| {
                    u64::from(_mm_movemask_epi8(class(vectors[number])) as u32) << (16 * number)
                };
                part(0) | part(1) | part(2) | part(3)
            };
            let is = |bytes, byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
            Classes {
                quotes: bits(&|bytes| is(bytes, b'"')),
                backslashes: bits(&|bytes| is(bytes, b'\\')),
                operators: bits(&|bytes| {
                    // `[` and `{` differ in one bit, as do `]` and `}`.
                    let curly = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
                    let brackets = _mm_or_si128(is(curly, b'{'), is(curly, b'}'));
                    _mm_or_si128(brackets, _mm_or_si128(is(bytes, b','), is(bytes, b':')))
                }),
                white_space: bits(&|bytes| {
                    let lines = _mm_or_si128(is(bytes, b'\n'), is(bytes, b'\r'));
                    _mm_or_si128(lines, _mm_or_si128(is(bytes, b' '), is(bytes, b'\t')))
                }),
                control: bits(&|bytes| {
                    _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes)
                }),
                non_ascii: bits(&|bytes| bytes) != 0,
            }
        }
    }
}
