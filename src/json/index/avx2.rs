//! The kernel for x86-64 processors since 2013: AVX2, and carry-less multiplication.

use std::arch::asm;
use std::arch::x86_64::*;
use std::ptr;

use super::floats::FLOATS;
use super::grammar::{self, Chunk, Classes, Grammar, Numeric, Passes, Room, State};
use super::{
    BEFORE, BLOCK, Between, Block, Carry, Found, Kernel, Places, Strings, WINDOW, scan, utf8,
    wrong_escapes_alone,
};

/// The kernel, if this processor has what it needs.
pub(super) fn kernel() -> Option<&'static Kernel> {
    let able = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    let gathers = is_x86_feature_detected!("bmi2") && !gathers_slowly();
    able.then_some(if gathers { &GATHERING } else { &KERNEL })
}

/// AMD's processors before Zen 3 take a cycle or more for each bit that they gather.
fn gathers_slowly() -> bool {
    let vendor = __cpuid(0);
    let version = __cpuid(1).eax;
    let family = (version >> 8 & 0xF) + (version >> 20 & 0xFF);
    // "AuthenticAMD"
    (vendor.ebx, vendor.edx, vendor.ecx) == (0x6874_7541, 0x6974_6E65, 0x444D_4163) && family < 0x19
}

static KERNEL: Kernel = Kernel {
    // SAFETY: the processor has these instructions.
    scan: |text, from, to, carry, places| unsafe { vectors(text, from, to, carry, places) },
    passes: None,
    floats: Some(FLOATS),
};

static GATHERING: Kernel = Kernel {
    passes: Some(Passes {
        // SAFETY: the processor has these instructions.
        split: |chunk, state, room| unsafe { split(chunk, state, room) },
        squeeze,
        list: None, // the cursor is faster
        // SAFETY: as above.
        check: |state, room, last| unsafe { check(state, room, last) },
    }),
    ..KERNEL
};

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

#[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn split(chunk: &Chunk, state: &mut State, room: &mut Room) -> Option<()> {
    // SAFETY: nothing is written to a text.
    let split = unsafe { grammar::split::<Avx2, false>(chunk, state, room, ptr::null_mut(), None) };
    split.map(|_| ())
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn squeeze(
    chunk: &Chunk,
    state: &mut State,
    room: &mut Room,
    out: *mut u8,
) -> Option<usize> {
    // SAFETY: the caller's promise.
    let split = unsafe { grammar::split::<Avx2, true>(chunk, state, room, out, None) };
    split.map(|(written, _)| written)
}

#[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn check(state: &mut State, room: &mut Room, last: bool) -> bool {
    grammar::check::<Avx2>(state, room, last)
}

/// Only for use in the functions above, as is all that follows.
pub(super) struct Avx2;

/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn halves(bytes: &[u8; BLOCK]) -> (__m256i, __m256i) {
    // SAFETY: 64 bytes are read, of 64.
    unsafe {
        let low = _mm256_loadu_si256(bytes.as_ptr().cast());
        (low, _mm256_loadu_si256(bytes.as_ptr().add(32).cast()))
    }
}

/// The highest bits of all bytes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn bits(low: __m256i, high: __m256i) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        u64::from(_mm256_movemask_epi8(low) as u32)
            | u64::from(_mm256_movemask_epi8(high) as u32) << 32
    }
}

/// As [`bits`], which LLVM takes for a vector of bits, and would build others of words, bit by bit, to combine them.
///
/// # Safety
/// The processor has AVX2.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn opaque_bits(low: __m256i, high: __m256i) -> u64 {
    let (low_bits, high_bits): (u64, u64);
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "vpmovmskb {low_bits:e}, {low}",
            "vpmovmskb {high_bits:e}, {high}",
            low = in(ymm_reg) low,
            high = in(ymm_reg) high,
            low_bits = out(reg) low_bits,
            high_bits = lateout(reg) high_bits,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    low_bits | high_bits << 32
}

/// What a shuffle looks up by the low halves of bytes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn table(entries: [u8; 16]) -> __m256i {
    // SAFETY: the caller's promise; sixteen bytes are read, of sixteen.
    unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(entries.as_ptr().cast())) }
}

impl Block for Avx2 {
    type Faults = __m256i;

    #[inline(always)]
    fn no_faults() -> __m256i {
        // SAFETY: the function that this is inlined into has the instructions.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn find_faults(faults: &mut __m256i, window: &[u8; WINDOW]) {
        // SAFETY: as above; what is read is in the window, beginning up to three bytes before each half of the block.
        unsafe {
            let all = |byte: u8| _mm256_set1_epi8(byte as i8);
            let low_half = |bytes| _mm256_and_si256(bytes, all(0xF));
            let high_half = |bytes| low_half(_mm256_srli_epi16::<4>(bytes));
            for half in [window.as_ptr().add(BEFORE), window.as_ptr().add(BEFORE + 32)] {
                let before = |count| _mm256_loadu_si256(half.sub(count).cast());
                let first = _mm256_and_si256(
                    _mm256_shuffle_epi8(table(utf8::FIRST_HIGH), high_half(before(1))),
                    _mm256_shuffle_epi8(table(utf8::FIRST_LOW), low_half(before(1))),
                );
                let second = _mm256_shuffle_epi8(table(utf8::SECOND_HIGH), high_half(before(0)));
                let later = _mm256_or_si256(
                    _mm256_subs_epu8(before(2), all(utf8::THREE)),
                    _mm256_subs_epu8(before(3), all(utf8::FOUR)),
                );
                let later = _mm256_and_si256(later, all(utf8::LATER));
                let found = _mm256_xor_si256(_mm256_and_si256(first, second), later);
                *faults = _mm256_or_si256(*faults, found);
            }
        }
    }

    #[inline(always)]
    fn is_any(faults: __m256i) -> bool {
        // SAFETY: as above.
        unsafe { _mm256_testz_si256(faults, faults) == 0 }
    }

    #[inline(always)]
    fn strings(bytes: &[u8; BLOCK]) -> Strings {
        // SAFETY: the function that this is inlined into has the instructions.
        unsafe {
            let (low, high) = halves(bytes);
            let is = |byte: u8| {
                let byte = _mm256_set1_epi8(byte as i8);
                bits(_mm256_cmpeq_epi8(low, byte), _mm256_cmpeq_epi8(high, byte))
            };
            let control = |bytes| {
                let largest = _mm256_set1_epi8(0x1F);
                _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, largest), bytes)
            };
            Strings {
                quotes: is(b'"'),
                backslashes: is(b'\\'),
                control: bits(control(low), control(high)),
                non_ascii: _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0,
            }
        }
    }

    #[inline(always)]
    fn between(bytes: &[u8; BLOCK]) -> Between {
        // SAFETY: as in `strings`.
        unsafe {
            let (low, high) = halves(bytes);
            // Each table has, in the place of a byte's low half, the byte of the class with that low half, or else one that
            // has another low half. Bytes beyond ASCII select zero.
            let white_space =
                table([b' ', 0, 0, 0, 0, 0, 0, 0, 0, b'\t', b'\n', 0, 0, b'\r', 0, 0]);
            let is_space =
                |bytes| _mm256_cmpeq_epi8(bytes, _mm256_shuffle_epi8(white_space, bytes));
            // With one bit set that tells `[` from `{`, and `]` from `}`.
            let operators = table([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b':', b'{', b',', b'}', 0, 0]);
            let is_operator = |bytes| {
                let curly = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
                _mm256_cmpeq_epi8(curly, _mm256_shuffle_epi8(operators, bytes))
            };
            Between {
                operators: bits(is_operator(low), is_operator(high)),
                white_space: bits(is_space(low), is_space(high)),
            }
        }
    }

    #[inline(always)]
    fn wrong_escapes(text: &[u8], from: usize, escapes: u64) -> u64 {
        match text[from..].first_chunk() {
            // With more of them it pays to look at the whole block.
            Some(block) if escapes.count_ones() > 4 => {
                // Those that may lead beyond the block are left.
                let inside = escapes & u64::MAX >> 5;
                // SAFETY: as in `strings`.
                let wrong = unsafe { wrong_escapes_within(block, inside) };
                match escapes & !inside {
                    0 => wrong,
                    last => wrong | wrong_escapes_alone(text, from, last),
                }
            }
            _ => wrong_escapes_alone(text, from, escapes),
        }
    }

    #[inline(always)]
    fn prefix_xor(bits: u64) -> u64 {
        // SAFETY: as in `strings`.
        unsafe {
            let bits = _mm_set_epi64x(0, bits as i64);
            _mm_cvtsi128_si64(_mm_clmulepi64_si128::<0>(bits, _mm_set1_epi8(-1))) as u64
        }
    }
}

impl Grammar for Avx2 {
    #[inline(always)]
    fn classes(bytes: &[u8; BLOCK]) -> Classes {
        Classes {
            commas: Self::like(bytes, 0, b','),
            colons: Self::like(bytes, 0, b':'),
            opening: Self::like(bytes, 0x20, b'{'),
            closing: Self::like(bytes, 0x20, b'}'),
            curly: Self::like(bytes, !0x20, 0xFF),
            quotes: Self::like(bytes, 0, b'"'),
        }
    }

    #[inline(always)]
    fn numeric(bytes: &[u8; BLOCK]) -> Numeric {
        // SAFETY: as in `strings`.
        unsafe {
            let (low, high) = halves(bytes);
            let is_digit = |bytes| {
                let digits = _mm256_sub_epi8(bytes, _mm256_set1_epi8(b'0' as i8));
                _mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits)
            };
            Numeric {
                digits: opaque_bits(is_digit(low), is_digit(high)),
                zeros: Self::like(bytes, 0, b'0'),
                minus: Self::like(bytes, 0, b'-'),
                dots: Self::like(bytes, 0, b'.'),
            }
        }
    }

    #[inline(always)]
    fn like(bytes: &[u8; BLOCK], bit: u8, byte: u8) -> u64 {
        // SAFETY: as in `strings`.
        unsafe {
            let (low, high) = halves(bytes);
            let is = |bytes| {
                let bytes = _mm256_or_si256(bytes, _mm256_set1_epi8(bit as i8));
                _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte as i8))
            };
            opaque_bits(is(low), is(high))
        }
    }

    #[inline(always)]
    fn gather(bits: u64, places: u64) -> u64 {
        // SAFETY: the functions that this is inlined into have the instruction.
        unsafe { _pext_u64(bits, places) }
    }

    #[inline(always)]
    fn scatter(bits: u64, places: u64) -> u64 {
        // SAFETY: as above.
        unsafe { _pdep_u64(bits, places) }
    }

    #[inline(always)]
    unsafe fn append_scalars(
        block: &[u8; BLOCK],
        scalars: u64,
        goes_on: u64,
        to: *mut u8,
    ) -> usize {
        let (low_bits, high_bits) = (scalars as u32, (scalars >> 32) as u32);
        // Halves that have any.
        let middle = if low_bits | goes_on as u32 == 0 { 0 } else { BLOCK / 2 };
        let behind = if high_bits | low_bits >> 31 == 0 { 0 } else { BLOCK / 2 };
        // SAFETY: as in `strings`; the caller's promise.
        unsafe {
            let (low, high) = halves(block);
            _mm256_storeu_si256(to.cast(), _mm256_and_si256(low, bytes(low_bits)));
            let high = _mm256_and_si256(high, bytes(high_bits));
            _mm256_storeu_si256(to.add(middle).cast(), high);
        }
        middle + behind
    }
}

/// All ones for each bit that is set.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn bytes(bits: u32) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let places = _mm256_setr_epi64x(
            0,
            0x0101_0101_0101_0101,
            0x0202_0202_0202_0202,
            0x0303_0303_0303_0303,
        );
        let each = _mm256_shuffle_epi8(_mm256_set1_epi32(bits as i32), places);
        let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
        _mm256_cmpeq_epi8(_mm256_and_si256(each, bit), bit)
    }
}

/// Which of the escapes are wrong, whose backslashes are the bits of a block, five places or more before its end.
#[inline(never)]
#[target_feature(enable = "avx2")]
unsafe fn wrong_escapes_within(block: &[u8; BLOCK], escapes: u64) -> u64 {
    // Bits for the columns of ASCII: of an escape's character 2, 5, 6 and 7, of a digit 3, and 4 or 6.
    const LOW: [u8; 16] =
        [0x10, 0x30, 0x3D, 0x30, 0x38, 0x38, 0x34, 0x10, 0x10, 0x10, 0, 0, 0x02, 0, 0x04, 0x01];
    const HIGH: [u8; 16] = [0, 0, 0x01, 0x10, 0x20, 0x02, 0x24, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
    // SAFETY: AVX2.
    unsafe {
        let (low, high) = halves(block);
        let columns = |bytes| {
            let column = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0xF));
            let column = _mm256_shuffle_epi8(table(HIGH), column);
            // Bytes beyond ASCII select zero.
            _mm256_and_si256(_mm256_shuffle_epi8(table(LOW), bytes), column)
        };
        let (columns_low, columns_high) = (columns(low), columns(high));
        let none = |columns, class| {
            let class = _mm256_and_si256(columns, _mm256_set1_epi8(class));
            _mm256_cmpeq_epi8(class, _mm256_setzero_si256())
        };
        let characters = !bits(none(columns_low, 0x0F), none(columns_high, 0x0F));
        let digits = !bits(none(columns_low, 0x30), none(columns_high, 0x30));
        let u = _mm256_set1_epi8(b'u' as i8);
        let units = bits(_mm256_cmpeq_epi8(low, u), _mm256_cmpeq_epi8(high, u));
        let units = escapes & units >> 1;
        let four_digits = digits >> 2 & digits >> 3 & digits >> 4 & digits >> 5;
        escapes & !(characters >> 1) | units & !four_digits
    }
}
