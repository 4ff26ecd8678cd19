//! Searches over bytes, sixteen at a time where the processor's baseline allows it: SSE2 is part of
//! every x86-64, NEON of every aarch64. Elsewhere the portable forms run; tests compare the two.

/// Offset of the first byte at or after `from` that is no white space, or the text's length.
#[inline]
pub(crate) fn skip_whitespace(text: &[u8], from: usize) -> usize {
    block::skip_whitespace(text, from)
}

/// Offset of the first byte at or after `from` that ends or interrupts a string (a quote, a
/// backslash or a control character), or the text's length; and whether all bytes before it are ASCII.
#[inline(always)]
pub(crate) fn find_string_special(text: &[u8], from: usize) -> (usize, bool) {
    block::find_string_special(text, from)
}

#[cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    allow(dead_code, reason = "the tail of a text, and the oracle in tests")
)]
mod portable {
    pub(crate) fn skip_whitespace(text: &[u8], from: usize) -> usize {
        let rest = text.get(from..).unwrap_or_default();
        let found = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\t' | b'\r'));
        from + found.unwrap_or(rest.len())
    }

    pub(crate) fn find_string_special(text: &[u8], from: usize) -> (usize, bool) {
        let rest = text.get(from..).unwrap_or_default();
        let found = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        let end = found.unwrap_or(rest.len());
        (from + end, rest[..end].is_ascii())
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
use portable as block;

#[cfg(target_arch = "x86_64")]
mod block {
    use super::portable;
    use std::arch::x86_64::*;

    #[inline]
    pub(crate) fn skip_whitespace(text: &[u8], mut from: usize) -> usize {
        while from + 16 <= text.len() {
            // SAFETY: sixteen bytes lie within the text; SSE2 is part of every x86-64.
            let other = unsafe {
                let block = _mm_loadu_si128(text.as_ptr().add(from).cast());
                let is = |byte: u8| _mm_cmpeq_epi8(block, _mm_set1_epi8(byte as i8));
                let space = _mm_or_si128(
                    _mm_or_si128(is(b' '), is(b'\n')),
                    _mm_or_si128(is(b'\t'), is(b'\r')),
                );
                !_mm_movemask_epi8(space) as u32 & 0xFFFF
            };
            if other != 0 {
                return from + other.trailing_zeros() as usize;
            }
            from += 16;
        }
        portable::skip_whitespace(text, from)
    }

    #[inline(always)]
    pub(crate) fn find_string_special(text: &[u8], mut from: usize) -> (usize, bool) {
        let mut high = 0;
        while from + 16 <= text.len() {
            // SAFETY: as above.
            let (special, non_ascii) = unsafe {
                let block = _mm_loadu_si128(text.as_ptr().add(from).cast());
                let is = |byte: u8| _mm_cmpeq_epi8(block, _mm_set1_epi8(byte as i8));
                let control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
                let special = _mm_or_si128(_mm_or_si128(is(b'"'), is(b'\\')), control);
                (_mm_movemask_epi8(special) as u32, _mm_movemask_epi8(block) as u32)
            };
            if special != 0 {
                high |= non_ascii & (special - 1) & !special;
                return (from + special.trailing_zeros() as usize, high == 0);
            }
            high |= non_ascii;
            from += 16;
        }
        let (end, ascii) = portable::find_string_special(text, from);
        (end, ascii && high == 0)
    }
}

#[cfg(target_arch = "aarch64")]
mod block {
    use super::portable;
    use std::arch::aarch64::*;

    /// Four bits for each byte of a comparison's result, as NEON has no movemask.
    ///
    /// # Safety
    /// NEON, which is part of every aarch64.
    #[inline(always)]
    unsafe fn nibbles(mask: uint8x16_t) -> u64 {
        // SAFETY: NEON is there, as the caller promised.
        unsafe {
            vget_lane_u64::<0>(vreinterpret_u64_u8(vshrn_n_u16::<4>(vreinterpretq_u16_u8(mask))))
        }
    }

    #[inline]
    pub(crate) fn skip_whitespace(text: &[u8], mut from: usize) -> usize {
        while from + 16 <= text.len() {
            // SAFETY: sixteen bytes lie within the text; NEON is part of every aarch64.
            let other = unsafe {
                let block = vld1q_u8(text.as_ptr().add(from));
                let is = |byte: u8| vceqq_u8(block, vdupq_n_u8(byte));
                let space = vorrq_u8(vorrq_u8(is(b' '), is(b'\n')), vorrq_u8(is(b'\t'), is(b'\r')));
                !nibbles(space)
            };
            if other != 0 {
                return from + other.trailing_zeros() as usize / 4;
            }
            from += 16;
        }
        portable::skip_whitespace(text, from)
    }

    #[inline(always)]
    pub(crate) fn find_string_special(text: &[u8], mut from: usize) -> (usize, bool) {
        let mut high = 0;
        while from + 16 <= text.len() {
            // SAFETY: as above.
            let (special, non_ascii) = unsafe {
                let block = vld1q_u8(text.as_ptr().add(from));
                let is = |byte: u8| vceqq_u8(block, vdupq_n_u8(byte));
                let control = vcltq_u8(block, vdupq_n_u8(0x20));
                let special = vorrq_u8(vorrq_u8(is(b'"'), is(b'\\')), control);
                (nibbles(special), nibbles(vcgeq_u8(block, vdupq_n_u8(0x80))))
            };
            if special != 0 {
                high |= non_ascii & (special - 1) & !special;
                return (from + special.trailing_zeros() as usize / 4, high == 0);
            }
            high |= non_ascii;
            from += 16;
        }
        let (end, ascii) = portable::find_string_special(text, from);
        (end, ascii && high == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte at every distance from the start and the end of a block.
    #[test]
    fn blocks_agree_with_the_portable_form() {
        for byte in 0..=255u8 {
            for filler in [b'a', b' ', b'\n', 0xC3] {
                for length in 0..40 {
                    for place in 0..length {
                        let mut text = vec![filler; length];
                        text[place] = byte;
                        for from in [0, 1, 7] {
                            assert_eq!(
                                (skip_whitespace(&text, from), find_string_special(&text, from)),
                                (
                                    portable::skip_whitespace(&text, from),
                                    portable::find_string_special(&text, from)
                                ),
                                "{byte} among {filler} at {place} of {length} from {from}"
                            );
                        }
                    }
                }
            }
        }
    }
}
