//! Base64 (RFC 4648, section 4), as Go has it for byte slices: with padding, and whatever bits are left over.
//!
//! With AVX2, 24 bytes become 32 digits and back at once, with AVX-512 48 bytes 64, by Muła and Lemire's "Faster Base64 Encoding
//! and Decoding Using AVX2 Instructions" and "Base64 encoding and decoding at almost the speed of a memory copy".

use std::mem::MaybeUninit;
use std::slice;

#[cfg(target_arch = "x86_64")]
use super::vector::has_avx2;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a byte that is no digit is worth.
const NONE: u8 = 0xFF;

static VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        values[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// The length of the text of so many bytes.
pub(crate) const fn encoded_length(length: usize) -> usize {
    4 * length.div_ceil(3)
}

/// Writes the text of `bytes` to the front of `room`, and returns it. There must be room for it.
pub(crate) fn encode<'a>(bytes: &[u8], room: &'a mut [MaybeUninit<u8>]) -> &'a [u8] {
    let room = &mut room[..encoded_length(bytes.len())];
    let done = encode_blocks(bytes, room);
    for (group, text) in bytes[done..].chunks(3).zip(room[done / 3 * 4..].chunks_exact_mut(4)) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, digit) in text.iter_mut().enumerate() {
            let value = bits >> (18 - 6 * at) & 0x3F;
            digit.write(if at <= group.len() { ALPHABET[value as usize] } else { b'=' });
        }
    }
    // SAFETY: all of it was written, as there are as many groups of four as of three.
    unsafe { slice::from_raw_parts(room.as_ptr().cast(), room.len()) }
}

/// Writes the bytes that `text` stands for to the front of `room`, and returns how many they are; nothing if that is no base64, or
/// there is no room for three quarters of the text's length.
pub(crate) fn decode(text: &[u8], room: &mut [MaybeUninit<u8>]) -> Option<usize> {
    if !text.len().is_multiple_of(4) || room.len() < text.len() / 4 * 3 {
        return None;
    }
    let padding = text.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
    let digits = &text[..text.len() - padding];
    let length = text.len() / 4 * 3 - padding;
    let done = decode_blocks(digits, room);
    let (groups, rest) = digits[done..].as_chunks::<4>();
    let (whole, part) = room[done / 4 * 3..length].as_chunks_mut::<3>();
    let mut seen = 0;
    let mut bytes_of = |group: [u8; 4]| {
        let values = group.map(|digit| VALUES[usize::from(digit)]);
        seen |= values[0] | values[1] | values[2] | values[3];
        let bits = values.iter().fold(0, |bits, &value| bits << 6 | u32::from(value));
        let [_, bytes @ ..] = bits.to_be_bytes();
        bytes.map(MaybeUninit::new)
    };
    for (group, bytes) in groups.iter().zip(whole) {
        *bytes = bytes_of(*group);
    }
    if !rest.is_empty() {
        let mut group = [b'A'; 4];
        group[..rest.len()].copy_from_slice(rest);
        part.copy_from_slice(&bytes_of(group)[..part.len()]);
    }
    (seen < 64).then_some(length)
}

/// Encodes blocks by the best instructions that there are, and returns how many bytes these are.
fn encode_blocks(bytes: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        match (has_avx2(), has_avx512()) {
            // SAFETY: the processor has both.
            (true, true) => unsafe { avx512::encode(bytes, room) },
            // SAFETY: the processor has AVX2.
            (true, false) => unsafe { avx2::encode(bytes, room) },
            _ => 0,
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        neon::encode(bytes, room)
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        _ = (bytes, room);
        0
    }
}

/// Decodes blocks by the best instructions that there are, and returns how many digits these are.
fn decode_blocks(digits: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        match (has_avx2(), has_avx512()) {
            // SAFETY: the processor has both.
            (true, true) => unsafe { avx512::decode(digits, room) },
            // SAFETY: the processor has AVX2.
            (true, false) => unsafe { avx2::decode(digits, room) },
            _ => 0,
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        neon::decode(digits, room)
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        _ = (digits, room);
        0
    }
}

/// Whether the processor has what functions for AVX-512 are compiled for, too.
#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    #[cfg(test)]
    if tests::WITHOUT_AVX512.get() {
        return false;
    }
    is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi")
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    use super::{ALPHABET, VALUES};

    /// Where the bytes of sixteen groups of three are to be taken from.
    const SPREAD: [u8; 64] = {
        let mut order = [0; 64];
        let mut group = 0;
        while group < 16 {
            // Bytes a, b and c as b, a, c, b: each digit is six bits in a row of these.
            let first = 3 * group as u8;
            order[4 * group] = first + 1;
            order[4 * group + 1] = first;
            order[4 * group + 2] = first + 2;
            order[4 * group + 3] = first + 1;
            group += 1;
        }
        order
    };

    /// Where the bytes of sixteen groups lie, each of which has three in a word of four, the first highest.
    const GATHERED: [u8; 64] = {
        let mut order = [0; 64];
        let mut at = 0;
        while at < 48 {
            order[at] = (at / 3 * 4 + 2 - at % 3) as u8;
            at += 1;
        }
        order
    };

    #[target_feature(enable = "avx512bw,avx512vbmi")]
    fn load(table: &[u8; 64]) -> __m512i {
        // SAFETY: reads as many bytes as the table has.
        unsafe { _mm512_loadu_si512(table.as_ptr().cast()) }
    }

    /// Writes the text of as many bytes as fill blocks, and returns how many these are.
    #[target_feature(enable = "avx512bw,avx512vbmi")]
    pub(super) fn encode(bytes: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
        let (spread, alphabet) = (load(&SPREAD), load(ALPHABET));
        // Where in each two words of four bytes the digits begin.
        let shifts = _mm512_set1_epi64(0x3036242A_1016040A);
        let mut done = 0;
        while let Some(block) = bytes.get(done..done + 48)
            && let Some(text) = room.get_mut(done / 3 * 4..done / 3 * 4 + 64)
        {
            // SAFETY: reads as many bytes as the block has, and writes as many as the text has.
            unsafe {
                let block = _mm512_maskz_loadu_epi8((1 << 48) - 1, block.as_ptr().cast());
                let groups = _mm512_permutexvar_epi8(spread, block);
                let values = _mm512_multishift_epi64_epi8(shifts, groups);
                // The lower six bits of what shifts leave select a letter.
                let digits = _mm512_permutexvar_epi8(values, alphabet);
                _mm512_storeu_si512(text.as_mut_ptr().cast(), digits);
            }
            done += 48;
        }
        done
    }

    /// Writes the bytes of digits, up to a block that has something else in it, and returns how many digits these are.
    #[target_feature(enable = "avx512bw,avx512vbmi")]
    pub(super) fn decode(digits: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
        let (halves, _) = VALUES.as_chunks::<64>();
        let tables = [load(&halves[0]), load(&halves[1]), load(&GATHERED)];
        let (blocks, rest) = digits.as_chunks::<64>();
        let mut done = 0;
        for block in blocks {
            if !decode_block(tables, block, &mut room[done / 4 * 3..][..48]) {
                return done;
            }
            done += block.len();
        }
        let room = &mut room[done / 4 * 3..][..rest.len() * 3 / 4];
        if !rest.is_empty() && decode_block(tables, rest, room) {
            done += rest.len();
        }
        done
    }

    /// Writes the bytes of up to 64 digits, if they are any, to room of that length.
    #[inline]
    #[target_feature(enable = "avx512bw,avx512vbmi")]
    fn decode_block(tables: [__m512i; 3], digits: &[u8], room: &mut [MaybeUninit<u8>]) -> bool {
        let [lower, upper, gathered] = tables;
        let (here, there) = (u64::MAX >> (64 - digits.len()), u64::MAX >> (64 - room.len()));
        // SAFETY: reads as many bytes as there are digits, and writes as many as there is room for.
        unsafe {
            let block = _mm512_maskz_loadu_epi8(here, digits.as_ptr().cast());
            let values = _mm512_maskz_permutex2var_epi8(here, lower, block, upper);
            // What is no digit has the highest bit in its value, or itself.
            if _mm512_movepi8_mask(_mm512_or_si512(values, block)) != 0 {
                return false;
            }
            // Two and two are joined, then four.
            let pairs = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x01400140));
            let fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00011000));
            let joined = _mm512_permutexvar_epi8(gathered, fours);
            _mm512_mask_storeu_epi8(room.as_mut_ptr().cast(), there, joined);
        }
        true
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    /// The same bytes in both halves.
    #[target_feature(enable = "avx2")]
    fn both(half: [u8; 16]) -> __m256i {
        // SAFETY: reads as many bytes as there are.
        unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(half.as_ptr().cast())) }
    }

    /// Writes the text of as many bytes as fill blocks, and returns how many these are.
    #[target_feature(enable = "avx2")]
    pub(super) fn encode(bytes: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
        // Bytes a, b and c as b, a, c, b: the digits are in them from the left of b, a on, and from the right of c, b.
        let order = both([1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10]);
        // What small letters, digits, the last two, and capital letters differ from their values by.
        let mut shifts = [b'0'.wrapping_sub(52); 16];
        shifts[0] = b'a' - 26;
        shifts[11] = b'+'.wrapping_sub(62);
        shifts[12] = b'/'.wrapping_sub(63);
        shifts[13] = b'A';
        let shifts = both(shifts);
        let mut done = 0;
        // Each half is loaded with four bytes behind its twelve.
        while let Some(block) = bytes.get(done..done + 28)
            && let Some(text) = room.get_mut(done / 3 * 4..done / 3 * 4 + 32)
        {
            // SAFETY: reads the first and the last 16 bytes of the block, and writes as many as the text has.
            unsafe {
                let block =
                    _mm256_loadu2_m128i(block.as_ptr().add(12).cast(), block.as_ptr().cast());
                let block = _mm256_shuffle_epi8(block, order);
                // Products move the first and third of four digits to the right, the others to the left.
                let odd = _mm256_and_si256(block, _mm256_set1_epi32(0x0FC0FC00));
                let odd = _mm256_mulhi_epu16(odd, _mm256_set1_epi32(0x04000040));
                let even = _mm256_and_si256(block, _mm256_set1_epi32(0x003F03F0));
                let even = _mm256_mullo_epi16(even, _mm256_set1_epi32(0x01000010));
                let values = _mm256_or_si256(odd, even);
                // 0 for small letters, from 1 on for digits and the last two, 13 for capital letters.
                let kinds = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
                let capital = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
                let kinds = _mm256_or_si256(kinds, _mm256_and_si256(capital, _mm256_set1_epi8(13)));
                let digits = _mm256_add_epi8(values, _mm256_shuffle_epi8(shifts, kinds));
                _mm256_storeu_si256(text.as_mut_ptr().cast(), digits);
            }
            done += 24;
        }
        done
    }

    /// Writes the bytes of as many digits as fill blocks, up to one that has something else in it, and returns how many these
    /// are.
    #[target_feature(enable = "avx2")]
    pub(super) fn decode(digits: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
        // A byte is no digit if its halves have a bit in common.
        let mut low_kinds = [0x11; 16];
        low_kinds[0] = 0x15;
        low_kinds[10..].copy_from_slice(&[0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A]);
        let mut high_kinds = [0x10; 16];
        high_kinds[2..8].copy_from_slice(&[0x01, 0x02, 0x04, 0x08, 0x04, 0x08]);
        let (low_kinds, high_kinds) = (both(low_kinds), both(high_kinds));
        // What values differ from digits by: by the high half, that of a slash being one less.
        let mut shifts = [0_u8; 16];
        shifts[1..8].copy_from_slice(&[16, 19, 4, 191, 191, 185, 185]);
        let shifts = both(shifts);
        let order = both([2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 255, 255, 255, 255]);
        let slash = _mm256_set1_epi8(b'/' as i8);
        let mut done = 0;
        while let Some(block) = digits.get(done..done + 32)
            && let Some(bytes) = room.get_mut(done / 4 * 3..done / 4 * 3 + 32)
        {
            // SAFETY: reads as many bytes as the block has, and writes as many as there is room for, of which 24 count.
            unsafe {
                let block = _mm256_loadu_si256(block.as_ptr().cast());
                // The other bit of the slash's mask does not count, as tables are looked up by four bits and the sign.
                let high = _mm256_and_si256(_mm256_srli_epi32::<4>(block), slash);
                let low = _mm256_and_si256(block, slash);
                let low = _mm256_shuffle_epi8(low_kinds, low);
                if _mm256_testz_si256(low, _mm256_shuffle_epi8(high_kinds, high)) == 0 {
                    break;
                }
                let kinds = _mm256_add_epi8(_mm256_cmpeq_epi8(block, slash), high);
                let values = _mm256_add_epi8(block, _mm256_shuffle_epi8(shifts, kinds));
                // Two and two are joined, then four.
                let pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
                let fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
                let joined = _mm256_shuffle_epi8(fours, order);
                let joined =
                    _mm256_permutevar8x32_epi32(joined, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
                _mm256_storeu_si256(bytes.as_mut_ptr().cast(), joined);
            }
            done += 32;
        }
        done
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;
    use std::mem::MaybeUninit;

    use super::{ALPHABET, VALUES};

    /// Writes the text of as many bytes as fill blocks, and returns how many these are.
    pub(super) fn encode(bytes: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
        let mut done = 0;
        while let Some(block) = bytes.get(done..done + 48)
            && let Some(text) = room.get_mut(done / 3 * 4..done / 3 * 4 + 64)
        {
            // SAFETY: NEON is part of every aarch64; reads as many bytes as the block has, and writes as many as the text has.
            unsafe {
                let alphabet = vld1q_u8_x4(ALPHABET.as_ptr());
                let uint8x16x3_t(first, second, third) = vld3q_u8(block.as_ptr());
                let digit = |value| vqtbl4q_u8(alphabet, vandq_u8(value, vdupq_n_u8(0x3F)));
                let digits = uint8x16x4_t(
                    digit(vshrq_n_u8::<2>(first)),
                    digit(vsliq_n_u8::<4>(vshrq_n_u8::<4>(second), first)),
                    digit(vsliq_n_u8::<2>(vshrq_n_u8::<6>(third), second)),
                    digit(third),
                );
                vst4q_u8(text.as_mut_ptr().cast(), digits);
            }
            done += 48;
        }
        done
    }

    /// Writes the bytes of as many digits as fill blocks, up to one that has something else in it, and returns how many these
    /// are.
    pub(super) fn decode(digits: &[u8], room: &mut [MaybeUninit<u8>]) -> usize {
        let mut done = 0;
        while let Some(block) = digits.get(done..done + 64)
            && let Some(bytes) = room.get_mut(done / 4 * 3..done / 4 * 3 + 48)
        {
            // SAFETY: NEON is part of every aarch64; reads as many bytes as the block has, and writes as many as there is room for.
            unsafe {
                let lower = vld1q_u8_x4(VALUES.as_ptr());
                let upper = vld1q_u8_x4(VALUES.as_ptr().add(64));
                let uint8x16x4_t(a, b, c, d) = vld4q_u8(block.as_ptr());
                // What is no digit has the highest bit in its value, or itself.
                let value = |digit| {
                    let value = vqtbl4q_u8(lower, digit);
                    let value = vqtbx4q_u8(value, upper, vsubq_u8(digit, vdupq_n_u8(64)));
                    vorrq_u8(value, vandq_u8(digit, vdupq_n_u8(0x80)))
                };
                let (a, b, c, d) = (value(a), value(b), value(c), value(d));
                if vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))) >= 64 {
                    break;
                }
                let joined = uint8x16x3_t(
                    vorrq_u8(vshlq_n_u8::<2>(a), vshrq_n_u8::<4>(b)),
                    vorrq_u8(vshlq_n_u8::<4>(b), vshrq_n_u8::<2>(c)),
                    vorrq_u8(vshlq_n_u8::<6>(c), d),
                );
                vst3q_u8(bytes.as_mut_ptr().cast(), joined);
            }
            done += 64;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::bounds;
    use super::*;

    thread_local! {
        pub(super) static WITHOUT_AVX512: Cell<bool> = const { Cell::new(false) };
    }

    /// Tests with all that the processor has, without its best, and with what every processor has.
    fn with_each_kind(test: impl Fn()) {
        for (without_avx512, baseline) in [(false, false), (true, false), (true, true)] {
            WITHOUT_AVX512.set(without_avx512);
            bounds::set_baseline(baseline);
            test();
        }
    }

    fn encoded(bytes: &[u8]) -> String {
        let mut room = vec![MaybeUninit::uninit(); encoded_length(bytes.len())];
        String::from_utf8(encode(bytes, &mut room).to_vec()).unwrap()
    }

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut room = vec![MaybeUninit::new(0); text.len() / 4 * 3];
        let length = decode(text, &mut room)?;
        // SAFETY: all of it was zero before.
        Some(room[..length].iter().map(|byte| unsafe { byte.assume_init() }).collect())
    }

    /// One digit at a time, as RFC 4648 has it.
    fn reference(text: &[u8]) -> Option<Vec<u8>> {
        let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
        let (mut bits, mut count, mut bytes) = (0, 0, vec![]);
        for &digit in &text[..text.len() - padding] {
            bits = bits << 6 | ALPHABET.iter().position(|&letter| letter == digit)?;
            count += 6;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count) as u8);
                bits &= (1 << count) - 1;
            }
        }
        (padding < 3 && text.len().is_multiple_of(4)).then_some(bytes)
    }

    #[test]
    fn texts_of_all_lengths() {
        with_each_kind(|| {
            for (bytes, text) in [
                ("", ""),
                ("f", "Zg=="),
                ("fo", "Zm8="),
                ("foo", "Zm9v"),
                ("foobar", "Zm9vYmFy"),
                ("\u{FF}\u{FFFF}", "w7/vv78="),
            ] {
                assert_eq!(encoded(bytes.as_bytes()), text);
            }
            for length in 0..200 {
                let bytes: Vec<_> =
                    (0..length).map(|at: usize| (at * at * 7 + length) as u8).collect();
                let text = encoded(&bytes);
                assert_eq!(reference(text.as_bytes()).as_deref(), Some(&bytes[..]), "{text}");
                assert_eq!(decoded(text.as_bytes()).as_deref(), Some(&bytes[..]), "{text}");
            }
        });
    }

    /// Each byte at each place of a text, and cut texts.
    #[test]
    fn texts_that_are_damaged() {
        with_each_kind(|| {
            for length in [4, 8, 32, 36, 64, 100, 132] {
                let text: Vec<_> = (0..length).map(|at| ALPHABET[at * 11 % 64]).collect();
                for place in 0..length {
                    for byte in 0..=255 {
                        let mut text = text.clone();
                        text[place] = byte;
                        assert_eq!(decoded(&text), reference(&text), "{}", text.escape_ascii());
                        text[length - 1] = b'=';
                        assert_eq!(decoded(&text), reference(&text), "{}", text.escape_ascii());
                        text[length - 2] = b'=';
                        assert_eq!(decoded(&text), reference(&text), "{}", text.escape_ascii());
                    }
                    assert_eq!(decoded(&text[..place]), reference(&text[..place]));
                }
            }
        });
    }
}
