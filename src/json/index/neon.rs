//! The kernel for every aarch64 processor.

use std::arch::{aarch64::*, asm};

use super::{BEFORE, BLOCK, Between, Block, Kernel, Strings, WINDOW, scan, utf8};

pub(super) static KERNEL: Kernel = Kernel { scan: scan::<Neon>, passes: None, floats: None };

struct Neon;

impl Block for Neon {
    type Faults = uint8x16_t;

    #[inline(always)]
    fn no_faults() -> uint8x16_t {
        // SAFETY: NEON is part of every aarch64.
        unsafe { vdupq_n_u8(0) }
    }

    #[inline(always)]
    fn find_faults(faults: &mut uint8x16_t, window: &[u8; WINDOW]) {
        // SAFETY: NEON; what is read is in the window, beginning up to three bytes before each part of the block, and
        // sixteen bytes of each table.
        unsafe {
            let table = |entries: &[u8; 16]| vld1q_u8(entries.as_ptr());
            for start in (BEFORE..WINDOW).step_by(16) {
                let before = |count| vld1q_u8(window.as_ptr().add(start - count));
                let first = vandq_u8(
                    vqtbl1q_u8(table(&utf8::FIRST_HIGH), vshrq_n_u8::<4>(before(1))),
                    vqtbl1q_u8(table(&utf8::FIRST_LOW), vandq_u8(before(1), vdupq_n_u8(0xF))),
                );
                let second = vqtbl1q_u8(table(&utf8::SECOND_HIGH), vshrq_n_u8::<4>(before(0)));
                let later = vorrq_u8(
                    vqsubq_u8(before(2), vdupq_n_u8(utf8::THREE)),
                    vqsubq_u8(before(3), vdupq_n_u8(utf8::FOUR)),
                );
                let later = vandq_u8(later, vdupq_n_u8(utf8::LATER));
                *faults = vorrq_u8(*faults, veorq_u8(vandq_u8(first, second), later));
            }
        }
    }

    #[inline(always)]
    fn is_any(faults: uint8x16_t) -> bool {
        // SAFETY: NEON.
        unsafe { vmaxvq_u8(faults) != 0 }
    }

    #[inline(always)]
    fn strings(bytes: &[u8; BLOCK]) -> Strings {
        // SAFETY: NEON is part of every aarch64; 64 bytes are read, of 64.
        unsafe {
            let vectors = vld1q_u8_x4(bytes.as_ptr());
            let is = |byte| sums(vectors, |bytes| vceqq_u8(bytes, vdupq_n_u8(byte)));
            let [quotes, backslashes] = bits(is(b'"'), is(b'\\'));
            let control = sums(vectors, |bytes| vcltq_u8(bytes, vdupq_n_u8(0x20)));
            let [control, _] = bits(control, control);
            let low = vorrq_u8(vectors.0, vectors.1);
            let all = vorrq_u8(low, vorrq_u8(vectors.2, vectors.3));
            Strings { quotes, backslashes, control, non_ascii: vmaxvq_u8(all) >= 0x80 }
        }
    }

    #[inline(always)]
    fn between(bytes: &[u8; BLOCK]) -> Between {
        // Each table has, in the place of a byte's low half, the byte of the class with that low half, or else one that
        // has another low half.
        const WHITE_SPACE: [u8; 16] =
            [b' ', 0, 0, 0, 0, 0, 0, 0, 0, b'\t', b'\n', 0, 0, b'\r', 0, 0];
        // With one bit set that tells `[` from `{`, and `]` from `}`.
        const OPERATORS: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b':', b'{', b',', b'}', 0, 0];
        // SAFETY: as in `strings`; sixteen bytes are read, of sixteen.
        unsafe {
            let vectors = vld1q_u8_x4(bytes.as_ptr());
            let half = |bytes| vandq_u8(bytes, vdupq_n_u8(0xF));
            let white_space = vld1q_u8(WHITE_SPACE.as_ptr());
            let white_space =
                sums(vectors, |bytes| vceqq_u8(bytes, vqtbl1q_u8(white_space, half(bytes))));
            let operators = vld1q_u8(OPERATORS.as_ptr());
            let operators = sums(vectors, |bytes| {
                let curly = vorrq_u8(bytes, vdupq_n_u8(0x20));
                vceqq_u8(curly, vqtbl1q_u8(operators, half(bytes)))
            });
            let [operators, white_space] = bits(operators, white_space);
            Between { operators, white_space }
        }
    }
}

/// A bit for each byte of which `class` makes all ones, four in a row in each byte: the lower and the higher half in turns.
#[inline(always)]
fn sums(vectors: uint8x16x4_t, class: impl Fn(uint8x16_t) -> uint8x16_t) -> uint8x16_t {
    const PLACES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    // SAFETY: NEON; sixteen bytes are read, of sixteen.
    unsafe {
        let places = vld1q_u8(PLACES.as_ptr());
        let part = |bytes| vandq_u8(class(bytes), places);
        let low = neighbours(part(vectors.0), part(vectors.1));
        neighbours(low, neighbours(part(vectors.2), part(vectors.3)))
    }
}

/// The bits of two such sums.
#[inline(always)]
fn bits(first: uint8x16_t, second: uint8x16_t) -> [u64; 2] {
    // SAFETY: NEON.
    unsafe {
        let sums = vreinterpretq_u64_u8(neighbours(first, second));
        [vgetq_lane_u64::<0>(sums), vgetq_lane_u64::<1>(sums)]
    }
}

/// Sums of neighbours. The compiler sees that no bit is in both, and takes three instructions for the function that is this one.
#[inline(always)]
fn neighbours(first: uint8x16_t, second: uint8x16_t) -> uint8x16_t {
    let sums;
    // SAFETY: NEON, and nothing but registers.
    unsafe {
        asm!("addp {:v}.16b, {:v}.16b, {:v}.16b", out(vreg) sums, in(vreg) first, in(vreg) second,
            options(pure, nomem, nostack, preserves_flags));
    }
    sums
}
