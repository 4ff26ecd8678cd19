//! The kernel for x86-64 processors with AVX-512 for bytes (Ice Lake, Zen 4 and later).

use std::arch::x86_64::*;
use std::ptr;

use super::floats::FLOATS;
use super::grammar::{self, Chunk, Classes, Grammar, Numeric, Passes, Room, State};
use super::{
    BEFORE, BLOCK, Between, Block, CHUNK, Carry, Found, Kernel, Places, Strings, WINDOW, avx2,
    scan, utf8,
};

/// The kernel, if this processor has what it needs.
pub(super) fn kernel() -> Option<&'static Kernel> {
    let able = is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    able.then_some(&KERNEL)
}

static KERNEL: Kernel = Kernel {
    // SAFETY: the processor has these instructions.
    scan: |text, from, to, carry, places| unsafe { vectors(text, from, to, carry, places) },
    // SAFETY: as above.
    passes: Some(Passes {
        // SAFETY: the processor has these instructions.
        split: |chunk, state, room| unsafe { split(chunk, state, room) },
        squeeze,
        list: Some(list),
        // SAFETY: as above.
        check: |state, room, last| unsafe { check(state, room, last) },
    }),
    floats: Some(FLOATS),
};

#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn vectors(
    text: &[u8],
    from: usize,
    to: usize,
    carry: &mut Carry,
    places: &mut Places,
) -> Found {
    scan::<Avx512>(text, from, to, carry, places)
}

#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn split(chunk: &Chunk, state: &mut State, room: &mut Room) -> Option<()> {
    // SAFETY: nothing is written to a text.
    let split =
        unsafe { grammar::split::<Avx512, false>(chunk, state, room, ptr::null_mut(), None) };
    split.map(|_| ())
}

#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn squeeze(
    chunk: &Chunk,
    state: &mut State,
    room: &mut Room,
    out: *mut u8,
) -> Option<usize> {
    // SAFETY: the caller's promise.
    let split = unsafe { grammar::split::<Avx512, true>(chunk, state, room, out, None) };
    split.map(|(written, _)| written)
}

#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn list(
    chunk: &Chunk,
    state: &mut State,
    room: &mut Room,
    out: *mut u8,
    places: &mut Places,
) -> Option<(usize, usize)> {
    // SAFETY: the caller's promise.
    unsafe { grammar::split::<Avx512, true>(chunk, state, room, out, Some(places)) }
}

#[target_feature(enable = "avx512bw,avx512vbmi,avx512vbmi2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
unsafe fn check(state: &mut State, room: &mut Room, last: bool) -> bool {
    grammar::check::<Avx512>(state, room, last)
}

/// The numbers of a block's bytes.
static NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut number = 0;
    while number < BLOCK {
        numbers[number] = number as u8;
        number += 1;
    }
    numbers
};

/// What stands for bytes up to this one is in the first place of the table for what begins characters.
const FIRST_PLACE: u8 = 0xBF;

/// Nothing is right with the last bytes of all, as either of two: as the first, 0xFF has no place.
const NEVER: u8 = 1 << 6;

/// What may be wrong with two bytes by the first, if that is [`FIRST_PLACE`] or a later one.
static FIRST: [u8; BLOCK] = {
    let mut entries = [0; BLOCK];
    let mut place = 0;
    while place < BLOCK {
        entries[place] = utf8::first(FIRST_PLACE + place as u8) | NEVER;
        place += 1;
    }
    entries
};

/// What may be wrong with two bytes by the upper six bits of the second.
static SECOND: [u8; BLOCK] = {
    let mut entries = [0; BLOCK];
    let mut place = 0;
    while place < BLOCK {
        let byte = (place << 2) as u8;
        entries[place] = utf8::second(byte) | if byte >= 0xF8 { NEVER } else { 0 };
        place += 1;
    }
    entries
};

/// Only for use in the functions above, as is all that follows.
struct Avx512;

/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn load(bytes: &[u8; BLOCK]) -> __m512i {
    // SAFETY: 64 bytes are read, of 64.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn is(bytes: __m512i, byte: u8) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8)) }
}

/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn table(entries: [u8; 16]) -> __m512i {
    // SAFETY: the caller's promise; sixteen bytes are read, of sixteen.
    unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(entries.as_ptr().cast())) }
}

/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn white_space(bytes: __m512i) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let spaces = table([b' ', 0, 0, 0, 0, 0, 0, 0, 0, b'\t', b'\n', 0, 0, b'\r', 0, 0]);
        // Bytes beyond ASCII select zero.
        _mm512_cmpeq_epi8_mask(bytes, _mm512_shuffle_epi8(spaces, bytes))
    }
}

impl Block for Avx512 {
    type Faults = __m512i;

    #[inline(always)]
    fn no_faults() -> __m512i {
        // SAFETY: the function that this is inlined into has the instructions.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn find_faults(faults: &mut __m512i, window: &[u8; WINDOW]) {
        // SAFETY: as above; 64 bytes are read twice, of the window's 80, and once of each table.
        unsafe {
            let load = |bytes: *const u8| _mm512_loadu_si512(bytes.cast());
            let all = |byte: u8| _mm512_set1_epi8(byte as i8);
            let (before, bytes) = (load(window.as_ptr()), load(window.as_ptr().add(BEFORE)));
            let before1 = _mm512_alignr_epi8::<15>(bytes, before);
            let before2 = _mm512_alignr_epi8::<14>(bytes, before);
            let before3 = _mm512_alignr_epi8::<13>(bytes, before);
            // Only the lower six bits of a place count.
            let first = _mm512_subs_epu8(before1, all(FIRST_PLACE));
            let first = _mm512_permutexvar_epi8(first, load(FIRST.as_ptr()));
            let second = _mm512_srli_epi16::<2>(bytes);
            let second = _mm512_permutexvar_epi8(second, load(SECOND.as_ptr()));
            let three = _mm512_subs_epu8(before2, all(utf8::THREE));
            let four = _mm512_subs_epu8(before3, all(utf8::FOUR));
            // (three | four) & LATER, and (first & second) ^ later
            let later = _mm512_ternarylogic_epi32::<0xA8>(three, four, all(utf8::LATER));
            let found = _mm512_ternarylogic_epi32::<0x6A>(first, second, later);
            *faults = _mm512_or_si512(*faults, found);
        }
    }

    #[inline(always)]
    fn is_any(faults: __m512i) -> bool {
        // SAFETY: as above.
        unsafe { _mm512_test_epi8_mask(faults, faults) != 0 }
    }

    #[inline(always)]
    fn padded(bytes: &[u8]) -> [u8; BLOCK] {
        let mut block = [b' '; BLOCK];
        let mask = !(u64::MAX << bytes.len());
        // SAFETY: as in `strings`; what is masked is not read.
        unsafe {
            let padded = _mm512_mask_loadu_epi8(load(&block), mask, bytes.as_ptr().cast());
            _mm512_storeu_si512(block.as_mut_ptr().cast(), padded);
        }
        block
    }

    #[inline(always)]
    fn strings(bytes: &[u8; BLOCK]) -> Strings {
        // SAFETY: the function that this is inlined into has the instructions.
        unsafe {
            let bytes = load(bytes);
            Strings {
                quotes: is(bytes, b'"'),
                backslashes: is(bytes, b'\\'),
                control: _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20)),
                non_ascii: _mm512_movepi8_mask(bytes) != 0,
            }
        }
    }

    #[inline(always)]
    fn between(bytes: &[u8; BLOCK]) -> Between {
        // SAFETY: as in `strings`.
        unsafe {
            let bytes = load(bytes);
            let operators = table([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b':', b'{', b',', b'}', 0, 0]);
            let curly = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
            Between {
                operators: _mm512_cmpeq_epi8_mask(curly, _mm512_shuffle_epi8(operators, bytes)),
                white_space: white_space(bytes),
            }
        }
    }

    #[inline(always)]
    fn wrong_escapes(text: &[u8], from: usize, escapes: u64) -> u64 {
        <avx2::Avx2 as Block>::wrong_escapes(text, from, escapes)
    }

    #[inline(always)]
    fn write(places: &mut Places, count: usize, base: u32, bits: u64) -> usize {
        assert!(count <= CHUNK, "no more places than bytes");
        let found = bits.count_ones() as usize;
        // SAFETY: as in `strings`. So many places are left behind `CHUNK` of them as a block has bytes.
        unsafe {
            let to = places.tokens.as_mut_ptr().add(count);
            let numbers =
                _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(NUMBERS.as_ptr().cast()));
            let base = _mm512_set1_epi32(base as i32);
            let store = |part: usize, numbers: __m128i| {
                let places = _mm512_add_epi32(_mm512_cvtepu8_epi32(numbers), base);
                _mm512_storeu_si512(to.add(16 * part).cast(), places);
            };
            store(0, _mm512_castsi512_si128(numbers));
            if found > 16 {
                store(1, _mm512_extracti32x4_epi32::<1>(numbers));
                if found > 32 {
                    store(2, _mm512_extracti32x4_epi32::<2>(numbers));
                    store(3, _mm512_extracti32x4_epi32::<3>(numbers));
                }
            }
        }
        count + found
    }

    #[inline(always)]
    fn prefix_xor(bits: u64) -> u64 {
        <avx2::Avx2 as Block>::prefix_xor(bits)
    }
}

impl Grammar for Avx512 {
    #[inline(always)]
    fn classes(bytes: &[u8; BLOCK]) -> Classes {
        // SAFETY: as in `strings`.
        unsafe {
            let bytes = load(bytes);
            let curly = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
            Classes {
                commas: is(bytes, b','),
                colons: is(bytes, b':'),
                opening: is(curly, b'{'),
                closing: is(curly, b'}'),
                curly: _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(0x20)),
                quotes: is(bytes, b'"'),
            }
        }
    }

    #[inline(always)]
    fn numeric(bytes: &[u8; BLOCK]) -> Numeric {
        // SAFETY: as in `strings`.
        unsafe {
            let bytes = load(bytes);
            let digits = _mm512_sub_epi8(bytes, _mm512_set1_epi8(b'0' as i8));
            Numeric {
                digits: _mm512_cmplt_epu8_mask(digits, _mm512_set1_epi8(10)),
                zeros: is(bytes, b'0'),
                minus: is(bytes, b'-'),
                dots: is(bytes, b'.'),
            }
        }
    }

    #[inline(always)]
    fn like(bytes: &[u8; BLOCK], bit: u8, byte: u8) -> u64 {
        // SAFETY: as in `strings`.
        unsafe { is(_mm512_or_si512(load(bytes), _mm512_set1_epi8(bit as i8)), byte) }
    }

    #[inline(always)]
    unsafe fn pick(block: &[u8; BLOCK], bits: u64, to: *mut u8) -> usize {
        // SAFETY: as in `strings`; the caller's promise.
        unsafe {
            let picked = _mm512_maskz_compress_epi8(bits, load(block));
            _mm512_storeu_si512(to.cast(), picked);
        }
        bits.count_ones() as usize
    }

    #[inline(always)]
    unsafe fn squeeze(from: *const u8, kept: u64, to: *mut u8) -> usize {
        // SAFETY: as in `strings`; the caller's promise.
        unsafe {
            // To a register first: compressing into memory is slow on some processors.
            let squeezed = _mm512_maskz_compress_epi8(kept, _mm512_loadu_si512(from.cast()));
            _mm512_storeu_si512(to.cast(), squeezed);
        }
        kept.count_ones() as usize
    }

    #[inline(always)]
    fn gather(bits: u64, places: u64) -> u64 {
        <avx2::Avx2 as Grammar>::gather(bits, places)
    }

    #[inline(always)]
    fn scatter(bits: u64, places: u64) -> u64 {
        <avx2::Avx2 as Grammar>::scatter(bits, places)
    }

    #[inline(always)]
    unsafe fn append_scalars(
        block: &[u8; BLOCK],
        scalars: u64,
        goes_on: u64,
        to: *mut u8,
    ) -> usize {
        // SAFETY: as in `strings`; the caller's promise.
        unsafe {
            let bytes = _mm512_maskz_mov_epi8(scalars, load(block));
            // One byte behind each is kept, too.
            let kept = scalars | scalars << 1 | goes_on;
            let squeezed = _mm512_maskz_compress_epi8(kept, bytes);
            _mm512_storeu_si512(to.cast(), squeezed);
            kept.count_ones() as usize
        }
    }
}
