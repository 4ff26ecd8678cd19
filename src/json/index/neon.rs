//! The kernel for every aarch64 processor.

use std::arch::aarch64::*;

use super::{BLOCK, Between, Block, Kernel, Strings, scan};

pub(super) static KERNEL: Kernel = Kernel { scan: scan::<Neon>, texts: None };

struct Neon;

impl Block for Neon {
    #[inline(always)]
    fn strings(bytes: &[u8; BLOCK]) -> Strings {
        // SAFETY: NEON is part of every aarch64; 64 bytes are read, of 64.
        unsafe {
            let vectors = vld1q_u8_x4(bytes.as_ptr());
            Strings {
                quotes: bits(vectors, |bytes| is(bytes, b'"')),
                backslashes: bits(vectors, |bytes| is(bytes, b'\\')),
                control: bits(vectors, |bytes| vcltq_u8(bytes, vdupq_n_u8(0x20))),
                non_ascii: {
                    let low = vorrq_u8(vectors.0, vectors.1);
                    vmaxvq_u8(vorrq_u8(low, vorrq_u8(vectors.2, vectors.3))) >= 0x80
                },
            }
        }
    }

    #[inline(always)]
    fn between(bytes: &[u8; BLOCK]) -> Between {
        // SAFETY: as in `strings`.
        unsafe {
            let vectors = vld1q_u8_x4(bytes.as_ptr());
            Between {
                operators: bits(vectors, |bytes| {
                    // `[` and `{` differ in one bit, as do `]` and `}`.
                    let curly = vorrq_u8(bytes, vdupq_n_u8(0x20));
                    let brackets = vorrq_u8(is(curly, b'{'), is(curly, b'}'));
                    vorrq_u8(brackets, vorrq_u8(is(bytes, b','), is(bytes, b':')))
                }),
                white_space: bits(vectors, |bytes| {
                    let lines = vorrq_u8(is(bytes, b'\n'), is(bytes, b'\r'));
                    vorrq_u8(lines, vorrq_u8(is(bytes, b' '), is(bytes, b'\t')))
                }),
            }
        }
    }
}

#[inline(always)]
fn is(bytes: uint8x16_t, byte: u8) -> uint8x16_t {
    // SAFETY: NEON.
    unsafe { vceqq_u8(bytes, vdupq_n_u8(byte)) }
}

/// One bit for each byte of which `class` makes all ones.
#[inline(always)]
fn bits(vectors: uint8x16x4_t, class: impl Fn(uint8x16_t) -> uint8x16_t) -> u64 {
    const PLACES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    // SAFETY: NEON; sixteen bytes are read, of sixteen.
    unsafe {
        let places = vld1q_u8(PLACES.as_ptr());
        let part = |bytes| vandq_u8(class(bytes), places);
        // Sums of neighbours, three times over: eight bits become one byte.
        let low = vpaddq_u8(part(vectors.0), part(vectors.1));
        let high = vpaddq_u8(part(vectors.2), part(vectors.3));
        let sums = vpaddq_u8(low, high);
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
    }
}
