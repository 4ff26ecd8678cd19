//! Numbers: reading them from text that may not be checked yet.

use super::simd;

/// A number read from a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    /// All digits as one integer, if they fit (19 of them always do).
    mantissa: Option<u64>,
    /// The decimal exponent that belongs to `mantissa`.
    exponent: i64,
    negative: bool,
    /// Whether it is written without a fraction and an exponent.
    integral: bool,
    /// Offset of the byte after it.
    pub(crate) end: usize,
}

/// Reads the number at `start`, by the grammar of RFC 8259, section 6. An error is the offset of the
/// first byte that breaks it.
#[inline(always)]
pub(crate) fn parse(text: &[u8], start: usize) -> Result<Number, usize> {
    let mut at = start;
    let negative = text.get(at) == Some(&b'-');
    at += usize::from(negative);

    let first = at;
    let mut mantissa = read_digits(text, &mut at, 0);
    let mut digits = at - first;
    if digits == 0 || digits > 1 && text[first] == b'0' {
        return Err(if digits == 0 { at } else { first + 1 });
    }
    let mut exponent = 0;
    let mut integral = true;
    if text.get(at) == Some(&b'.') {
        integral = false;
        at += 1;
        let first = at;
        mantissa = read_digits(text, &mut at, mantissa);
        if at == first {
            return Err(at);
        }
        digits += at - first;
        exponent = -((at - first) as i64);
    }
    if let Some(b'e' | b'E') = text.get(at) {
        integral = false;
        exponent += read_exponent(text, &mut at)?;
    }
    // Zeros in front count for nothing.
    if digits > 19 {
        digits -= leading_zeros(&text[first..at]);
    }
    let mantissa = (digits <= 19).then_some(mantissa);
    Ok(Number { mantissa, exponent, negative, integral, end: at })
}

/// The number that `text[start..end]` is, if it has the form that most have: no exponent, few digits before the point, and no
/// more altogether than fit a word.
#[inline(always)]
pub(crate) fn between(text: &[u8], start: usize, end: usize) -> Option<Number> {
    let negative = text[start] == b'-';
    let first = start + usize::from(negative);
    let word = simd::word(text, first) ^ ZEROS;
    let whole = (others(word).trailing_zeros() / 8) as usize;
    let point = first + whole;
    let number = |mantissa, fraction: usize| Number {
        mantissa: Some(mantissa),
        exponent: -(fraction as i64),
        negative,
        integral: fraction == 0,
        end,
    };
    if whole == 0 || point + 1 >= end || text[point] != b'.' {
        let plain = text[first] != b'0' || end == first + 1;
        return word_between(text, first, end).filter(|_| plain).map(|value| number(value, 0));
    }
    let fraction = end - (point + 1);
    let upper = eight_digits(word << (64 - 8 * whole));
    let lower = word_between(text, point + 1, end)?;
    let plain = text[first] != b'0' || whole == 1;
    let fits = fraction + if upper == 0 { 0 } else { whole } <= 19;
    (plain && fits)
        .then(|| number(upper.wrapping_mul(POWERS_OF_TEN[fraction]).wrapping_add(lower), fraction))
}

/// The integer that `text[start..end]` is, if it has up to 16 digits and is not -0.
#[inline(always)]
pub(crate) fn integer_between(text: &[u8], start: usize, end: usize) -> Option<i64> {
    let negative = i64::from(text[start] == b'-');
    let first = start + negative as usize;
    let magnitude = digits_between(text, first, end)? as i64;
    let plain = text[first] != b'0' || end == start + 1;
    plain.then_some((magnitude ^ -negative) + negative)
}

/// The integer at `start` and its end, if it has up to 15 digits and is not -0. It may be a number's beginning.
#[inline(always)]
pub(crate) fn first_integer(text: &[u8], start: usize) -> Option<(i64, usize)> {
    let word = simd::word(text, start);
    let digits = word ^ ZEROS;
    // How long it is does not wait for what the first byte is.
    let mut length = ((others(digits) & !0x80).trailing_zeros() / 8) as usize;
    let sign = u64::from(word as u8 == b'-');
    let digits = digits & !(0xFF * sign);
    if digits as u8 > 9 {
        return None;
    }
    let mut value = eight_digits(digits << (64 - 8 * length));
    if length == 8 {
        let (lower, more) = first_digits_of(simd::word(text, start + 8));
        if more == 8 {
            return None;
        }
        value = value * POWERS_OF_TEN[more] + lower;
        length += more;
    }
    let zero = (word >> (8 * sign)) as u8 == b'0';
    let plain = length > sign as usize && (!zero || length == 1);
    let sign = sign as i64;
    plain.then_some(((value as i64 ^ -sign) + sign, start + length))
}

/// As [`first_integer`], if no fraction and no exponent follow.
#[inline(always)]
pub(crate) fn short_integer(text: &[u8], start: usize) -> Option<(i64, usize)> {
    first_integer(text, start)
        .filter(|&(_, end)| !matches!(text.get(end), Some(b'.' | b'e' | b'E')))
}

/// The number at `start`, if it has a fraction, no exponent, and no more than six digits.
#[inline(always)]
pub(crate) fn short_decimal(text: &[u8], start: usize) -> Option<Number> {
    let negative = text.get(start) == Some(&b'-');
    let first = start + usize::from(negative);
    let word = simd::word(text, first);
    let digits = word ^ ZEROS;
    // In bits.
    let whole = others(digits).trailing_zeros() & !7;
    if !matches!(whole, 8..=40) || (word >> whole) as u8 != b'.' {
        return None;
    }
    // The fraction comes to where the point is, and behind it what is no digit.
    let before = (1 << whole) - 1;
    let digits = digits & before | digits >> 8 & !before | 0xFF << 56;
    let count = others(digits).trailing_zeros() & !7;
    let plain = (whole == 8 || word as u8 != b'0') && count > whole;
    if !plain || count == 56 || (word >> (count + 8)) as u8 | 0x20 == b'e' {
        return None;
    }
    Some(Number {
        mantissa: Some(eight_digits(digits << (64 - count))),
        exponent: -i64::from((count - whole) / 8),
        negative,
        integral: false,
        end: first + count as usize / 8 + 1,
    })
}

/// The number that the first bytes of a word are, as far as they are digits, and how many.
#[inline(always)]
fn first_digits_of(word: u64) -> (u64, usize) {
    let digits = word ^ ZEROS;
    let count = (others(digits).trailing_zeros() / 8) as usize;
    let value = if count == 0 { 0 } else { eight_digits(digits << (64 - 8 * count)) };
    (value, count)
}

/// The number that `text[start..end]` is, if that is 1 to 16 digits: a block that ends where they end is read, so that each
/// has its place.
#[inline(always)]
fn digits_between(text: &[u8], start: usize, end: usize) -> Option<u64> {
    let count = end.wrapping_sub(start);
    if !matches!(count, 1..=16) {
        return None;
    }
    match text.get(..end)?.last_chunk() {
        Some(block) => last_digits(block, count),
        None => first_digits(text, count, end),
    }
}

/// The number that `text[start..end]` is, if that is 1 to 19 digits.
#[inline(always)]
fn word_between(text: &[u8], start: usize, end: usize) -> Option<u64> {
    match end - start {
        ..17 => digits_between(text, start, end),
        17..20 => {
            let upper = digits_between(text, start, end - 16)?;
            Some(upper * POWERS_OF_TEN[16] + digits_between(text, end - 16, end)?)
        }
        _ => None,
    }
}

/// As [`digits_between`], where less than a block is before the end.
#[inline(never)]
fn first_digits(text: &[u8], count: usize, end: usize) -> Option<u64> {
    let block = text
        .first_chunk()
        .map_or_else(|| simd::last_block(text, 0), |block| u128::from_le_bytes(*block));
    last_digits_of(block << (8 * (16 - end)), count)
}

/// The number that the last `count` bytes are, if all of them are digits.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn last_digits(block: &[u8; 16], count: usize) -> Option<u64> {
    use std::arch::x86_64::*;
    const MASKS: [u8; 32] = {
        let mut masks = [0; 32];
        let mut at = 16;
        while at < 32 {
            masks[at] = 0xFF;
            at += 1;
        }
        masks
    };
    // The sum of neighbours, the first of which counts for more.
    const fn weights(first: i32) -> i32 {
        1 << 16 | first
    }
    let mask = MASKS[count..].first_chunk::<16>()?;
    // SAFETY: these instructions are part of every x86-64, and 16 bytes are read of 16.
    let eights = unsafe {
        let zeros = _mm_set1_epi8(b'0' as i8);
        let values = _mm_xor_si128(_mm_loadu_si128(block.as_ptr().cast()), zeros);
        let values = _mm_and_si128(values, _mm_loadu_si128(mask.as_ptr().cast()));
        let digits = _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values);
        if _mm_movemask_epi8(digits) != 0xFFFF {
            return None;
        }
        let zero = _mm_setzero_si128();
        let tens = _mm_set1_epi32(weights(10));
        let pairs = _mm_packs_epi32(
            _mm_madd_epi16(_mm_unpacklo_epi8(values, zero), tens),
            _mm_madd_epi16(_mm_unpackhi_epi8(values, zero), tens),
        );
        let fours = _mm_madd_epi16(pairs, _mm_set1_epi32(weights(100)));
        let fours = _mm_packs_epi32(fours, fours);
        _mm_cvtsi128_si64(_mm_madd_epi16(fours, _mm_set1_epi32(weights(10_000)))) as u64
    };
    Some((eights & 0xFFFF_FFFF) * 100_000_000 + (eights >> 32))
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn last_digits(block: &[u8; 16], count: usize) -> Option<u64> {
    last_digits_of(u128::from_le_bytes(*block), count)
}

/// As [`last_digits`], by words.
#[inline(always)]
fn last_digits_of(block: u128, count: usize) -> Option<u64> {
    let zeros = u128::from(ZEROS) << 64 | u128::from(ZEROS);
    let values = (block ^ zeros) & u128::MAX << (128 - 8 * count);
    let (upper, lower) = (values as u64, (values >> 64) as u64);
    (others(upper) | others(lower) == 0)
        .then(|| eight_digits(upper) * 100_000_000 + eight_digits(lower))
}

/// Reads what follows a mantissa, from the `e` on.
#[inline(never)]
fn read_exponent(text: &[u8], at: &mut usize) -> Result<i64, usize> {
    *at += 1;
    let negative = text.get(*at) == Some(&b'-');
    *at += usize::from(matches!(text.get(*at), Some(b'+' | b'-')));
    let first = *at;
    let mut value = 0i64;
    while let Some(digit @ b'0'..=b'9') = text.get(*at) {
        // Beyond any float, and far from overflow.
        value = (value * 10 + i64::from(digit - b'0')).min(1 << 40);
        *at += 1;
    }
    if *at == first {
        return Err(first);
    }
    Ok(if negative { -value } else { value })
}

/// How many digits there are before the first that is not zero.
#[inline(never)]
fn leading_zeros(literal: &[u8]) -> usize {
    let zeros = literal.iter().take_while(|&&byte| matches!(byte, b'0' | b'.'));
    zeros.filter(|&&byte| byte == b'0').count()
}

/// Reads the digits at `at`, eight at a time, and appends them to `value`, which wraps if they are too many.
#[inline(always)]
fn read_digits(text: &[u8], at: &mut usize, mut value: u64) -> u64 {
    loop {
        let digits = simd::word(text, *at) ^ ZEROS;
        let others = others(digits);
        if others == 0 {
            value = value.wrapping_mul(100_000_000).wrapping_add(eight_digits(digits));
            *at += 8;
            continue;
        }
        let count = others.trailing_zeros() / 8;
        if count > 0 {
            // Zeros in front of the digits.
            let digits = eight_digits(digits << (64 - 8 * count));
            value = value.wrapping_mul(POWERS_OF_TEN[count as usize]).wrapping_add(digits);
            *at += count as usize;
        }
        return value;
    }
}

/// Where the number at `start` ends, unless it is wrong or has a zero in front of other digits.
#[inline(always)]
pub(crate) fn end(text: &[u8], start: usize) -> Option<usize> {
    let first = start + usize::from(text.get(start) == Some(&b'-'));
    let mut at = skip_digits(text, first);
    if at == first || at != first + 1 && text[first] == b'0' {
        return None;
    }
    if text.get(at) == Some(&b'.') {
        let first = at + 1;
        at = skip_digits(text, first);
        if at == first {
            return None;
        }
    }
    match text.get(at) {
        Some(b'e' | b'E') => end_of_exponent(text, at + 1),
        _ => Some(at),
    }
}

#[inline(never)]
fn end_of_exponent(text: &[u8], start: usize) -> Option<usize> {
    let first = start + usize::from(matches!(text.get(start), Some(b'+' | b'-')));
    let at = skip_digits(text, first);
    (at != first).then_some(at)
}

/// Where the digits at `at` end.
#[inline(always)]
pub(crate) fn skip_digits(text: &[u8], mut at: usize) -> usize {
    loop {
        let others = others(simd::word(text, at) ^ ZEROS);
        if others != 0 {
            return at + (others.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
}

/// Eight digits become their values by this.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// The highest bit of the first byte that is above 9 is the first bit that is set; carries may set others behind it.
#[inline(always)]
fn others(values: u64) -> u64 {
    (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080
}

const POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1; 20];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// The number that eight digits make, of which the lowest byte comes first: neighbours are joined to pairs, these to
/// fours, these to eight.
#[inline(always)]
fn eight_digits(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00FF_0000_00FF;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

/// Powers of ten that a float holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Each conversion takes the number's own text again, for what does not fit a word.
impl Number {
    /// The value as a signed integer of `bits`, unless it is none or does not fit.
    #[inline(always)]
    pub(crate) fn to_int(self, literal: &[u8], bits: u32) -> Option<i64> {
        let magnitude = self.to_magnitude(literal)?;
        let value = if self.negative {
            0i64.checked_sub_unsigned(magnitude)?
        } else {
            i64::try_from(magnitude).ok()?
        };
        let unused = 64 - bits;
        (value << unused >> unused == value).then_some(value)
    }

    /// The value as an unsigned integer of `bits`, unless it is none or does not fit. Like Go, refuses -0.
    #[inline(always)]
    pub(crate) fn to_uint(self, literal: &[u8], bits: u32) -> Option<u64> {
        let value = self.to_magnitude(literal)?;
        (!self.negative && (bits == 64 || value >> bits == 0)).then_some(value)
    }

    #[inline(always)]
    fn to_magnitude(self, literal: &[u8]) -> Option<u64> {
        match self.mantissa {
            _ if !self.integral => None,
            Some(magnitude) => Some(magnitude),
            // 20 digits or more.
            None => as_str(literal)?.trim_start_matches('-').parse().ok(),
        }
    }

    /// The nearest double, unless it is beyond the largest.
    #[inline(always)]
    pub(crate) fn to_f64(self, literal: &[u8]) -> Option<f64> {
        if let Some(value) = self.mantissa.and_then(|mantissa| nearest(mantissa, self.exponent)) {
            return Some(if self.negative { -value } else { value });
        }
        as_str(literal)?.parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// The nearest float, unless it is beyond the largest.
    #[inline(always)]
    pub(crate) fn to_f32(self, literal: &[u8]) -> Option<f32> {
        let double = self.to_f64(literal)?;
        if let Some(value) = nearest_float(double) {
            return Some(value);
        }
        as_str(literal)?.parse().ok().filter(|value: &f32| value.is_finite())
    }
}

/// The float nearest to a number whose nearest double this is, unless that lies halfway between two floats, is less than a normal
/// one, or beyond the largest.
#[inline(always)]
pub(crate) fn nearest_float(double: f64) -> Option<f32> {
    let halfway = double.to_bits() << 35 == 1 << 63;
    let small = double != 0.0 && double.abs() < f64::from(f32::MIN_POSITIVE);
    Some(double as f32).filter(|value| !halfway && !small && value.is_finite())
}

/// The double nearest to `mantissa * 10^exponent`, unless the standard library has to say.
#[inline(always)]
pub(crate) fn nearest(mantissa: u64, exponent: i64) -> Option<f64> {
    // W. Clinger, "How to read floating point numbers accurately" (1990): one correctly rounded
    // operation on two exact operands.
    if mantissa <= 0x20_0000_0000_0000 {
        let value = mantissa as f64;
        match exponent {
            0 => return Some(value),
            1..=22 => return Some(value * POWERS[exponent as usize]),
            -22..=-1 => return Some(value / POWERS[-exponent as usize]),
            _ => {}
        }
    }
    nearest_by_product(mantissa, exponent)
}

/// The double nearest to `mantissa * 10^exponent`, unless that is zero or not normal. D. Lemire, "Number Parsing at a
/// Gigabyte per Second" (2021), and N. Mushtak and D. Lemire, "Fast Number Parsing Without Fallback" (2023), from where the
/// bounds below are.
#[inline(always)]
fn nearest_by_product(mantissa: u64, exponent: i64) -> Option<f64> {
    const MANTISSA_BITS: u32 = 52;
    if mantissa == 0 || !(LEAST_FIVE..=GREATEST_FIVE).contains(&exponent) {
        return None;
    }
    let leading = mantissa.leading_zeros();
    let mantissa = mantissa << leading;
    // The product with the power of five, to 128 bits. The lower half of the power only matters if all bits below those
    // that are needed are ones.
    let power = POWERS_OF_FIVE[(exponent - LEAST_FIVE) as usize];
    let mut product = u128::from(mantissa) * (power >> 64);
    const BELOW: u64 = u64::MAX >> (MANTISSA_BITS + 3);
    if (product >> 64) as u64 & BELOW == BELOW {
        product += (u128::from(mantissa) * (power & u128::from(u64::MAX))) >> 64;
    }
    let (high, low) = ((product >> 64) as u64, product as u64);
    if low == u64::MAX && !(-27..=55).contains(&exponent) {
        return None;
    }
    let upper = (high >> 63) as u32;
    let shift = upper + 64 - MANTISSA_BITS - 3;
    let mut bits = high >> shift;
    // 217706/2^16 is the logarithm of ten to the base of two.
    let binary = ((217_706 * exponent) >> 16) + 63 + 1023 + i64::from(upper) - i64::from(leading);
    // Halfway between two doubles, to the even one: only for these powers can a product be exact and that long.
    if low <= 1 && (-4..=23).contains(&exponent) && bits & 3 == 1 && bits << shift == high {
        bits &= !1;
    }
    bits = (bits + (bits & 1)) >> 1;
    // Rounded up to the next power of two.
    let carried = bits >> (MANTISSA_BITS + 1);
    let binary = binary + carried as i64;
    if !(1..2047).contains(&binary) {
        return None;
    }
    let fraction = bits & ((1 << MANTISSA_BITS) - 1);
    Some(f64::from_bits((binary as u64) << MANTISSA_BITS | fraction))
}

/// The exponents in [`POWERS_OF_FIVE`]: those of ten that a double other than zero may have, with a mantissa of 64 bits.
const LEAST_FIVE: i64 = -342;
const GREATEST_FIVE: i64 = 308;

/// The 128 highest bits of powers of five: exact if they are integers of no more bits, else rounded down, or up where that makes
/// products of 64 bits exact.
static POWERS_OF_FIVE: [u128; (GREATEST_FIVE - LEAST_FIVE) as usize + 1] = {
    // Words of long numbers, the lowest first: 2^128 times a power, which has up to 716 bits, and 2^960 divided by one.
    let (mut product, mut quotient) = ([0u64; 16], [0u64; 16]);
    (product[2], quotient[15]) = (1, 1);
    let mut powers = [0; (GREATEST_FIVE - LEAST_FIVE) as usize + 1];
    let mut exponent = 0;
    while exponent <= -LEAST_FIVE {
        if exponent <= GREATEST_FIVE {
            powers[(exponent - LEAST_FIVE) as usize] = highest_bits(&product);
            let (mut place, mut carry) = (0, 0);
            while place < product.len() {
                carry += product[place] as u128 * 5;
                product[place] = carry as u64;
                carry >>= 64;
                place += 1;
            }
        }
        if exponent > 0 {
            let (mut place, mut rest) = (quotient.len(), 0);
            while place > 0 {
                place -= 1;
                rest = rest << 64 | quotient[place] as u128;
                quotient[place] = (rest / 5) as u64;
                rest %= 5;
            }
            powers[(-exponent - LEAST_FIVE) as usize] =
                highest_bits(&quotient) + (exponent <= 27) as u128;
        }
        exponent += 1;
    }
    powers
};

/// The 128 highest bits of a number of 129 bits or more, words with the lowest first.
const fn highest_bits(words: &[u64; 16]) -> u128 {
    let mut top = words.len() - 1;
    while words[top] == 0 {
        top -= 1;
    }
    let shift = words[top].leading_zeros();
    let bits = (words[top] as u128) << 64 | words[top - 1] as u128;
    // In two steps, as the shift may be 0.
    bits << shift | (words[top - 2] >> 1 >> (63 - shift)) as u128
}

fn as_str(literal: &[u8]) -> Option<&str> {
    std::str::from_utf8(literal).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::excessive_precision, reason = "the point of some cases")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_grammar_is_kept() {
        for (text, want) in [
            ("", Err(0)),
            ("-", Err(1)),
            ("01", Err(1)),
            ("-01", Err(2)),
            ("1.", Err(2)),
            ("1.e", Err(2)),
            ("1e", Err(2)),
            ("1e+", Err(3)),
            ("+1", Err(0)),
            (".5", Err(0)),
            ("0", Ok(1)),
            ("-0.0e-0,", Ok(7)),
            ("12]", Ok(2)),
            ("0.0000000000000000000000.0", Ok(24)),
        ] {
            assert_eq!(parse(text.as_bytes(), 0).map(|number| number.end), want, "{text}");
            assert_eq!(end(text.as_bytes(), 0), want.ok(), "{text}");
        }
    }

    proptest! {
        /// Behind other text, a number is what it is by the grammar, or left to that.
        #[test]
        fn numbers_of_known_length_are_the_same(
            number in "-?(0|[0-9]{1,20})([.][0-9]{0,20})?([eE][+-]?[0-9]{0,3})?",
            before in "[0-9. \\[]{0,20}",
            behind in "[0-9., \\]]{0,20}",
        ) {
            let text = format!("{before}{number}{behind}");
            let (start, end) = (before.len(), before.len() + number.len());
            let want = parse(number.as_bytes(), 0).ok().filter(|want| want.end == number.len());
            let want = want.map(|want| Number { end, ..want });
            let got = between(text.as_bytes(), start, end);
            prop_assert!(got.is_none() || got == want, "{got:?}, want {want:?}");
            let common = !number.contains(['e', 'E']);
            if common && number.len() <= 19 && want.is_some() {
                prop_assert!(got.is_some() || number.find('.').unwrap_or(number.len()) > 8);
            }
            let got = short_decimal(text.as_bytes(), start);
            let here = parse(text.as_bytes(), start).ok();
            prop_assert!(got.is_none() || got == here, "{got:?}, want {here:?}");
            if here.is_some_and(|here| !here.integral && here.end == end) && common {
                prop_assert_eq!(got.is_some(), number.trim_start_matches('-').len() <= 7);
            }
            let got = integer_between(text.as_bytes(), start, end);
            let want = want.and_then(|want| want.to_int(number.as_bytes(), 64));
            prop_assert!(got.is_none() || got == want, "{got:?}, want {want:?}");
        }
    }

    #[test]
    fn values_are_exact_or_refused() {
        let number = |text: &str| parse(text.as_bytes(), 0).unwrap();
        for (text, int, uint, float) in [
            ("0", Some(0), Some(0), Some(0.0)),
            ("-0", Some(0), None, Some(-0.0)),
            ("1.0", None, None, Some(1.0)),
            ("1e2", None, None, Some(100.0)),
            (
                "9223372036854775807",
                Some(i64::MAX),
                Some(i64::MAX as u64),
                Some(9.223372036854775807e18),
            ),
            ("-9223372036854775808", Some(i64::MIN), None, Some(-9.223372036854775808e18)),
            ("9223372036854775808", None, Some(1 << 63), Some(9.223372036854775808e18)),
            ("18446744073709551615", None, Some(u64::MAX), Some(18446744073709551615.0)),
            ("18446744073709551616", None, None, Some(18446744073709551616.0)),
            ("1e400", None, None, None),
            ("-1e400", None, None, None),
            ("1e-400", None, None, Some(0.0)),
            ("2.4703282292062327208e-324", None, None, Some(0.0)),
            ("2.4703282292062328e-324", None, None, Some(5e-324)),
            (
                "9007199254740993",
                Some(9007199254740993),
                Some(9007199254740993),
                Some(9007199254740992.0),
            ),
        ] {
            let bytes = text.as_bytes();
            assert_eq!(number(text).to_int(bytes, 64), int, "{text}");
            assert_eq!(number(text).to_uint(bytes, 64), uint, "{text}");
            assert_eq!(
                number(text).to_f64(bytes).map(f64::to_bits),
                float.map(f64::to_bits),
                "{text}"
            );
        }
        assert_eq!(number("127").to_int(b"127", 8), Some(127));
        assert_eq!(number("128").to_int(b"128", 8), None);
        assert_eq!(number("-128").to_int(b"-128", 8), Some(-128));
        assert_eq!(number("256").to_uint(b"256", 8), None);
        assert_eq!(number("3.5e38").to_f32(b"3.5e38"), None);
    }

    /// Against the standard library: floats of all exponents, what lies halfway between them and their neighbours, and next to it.
    #[test]
    fn floats_are_the_nearest() {
        for bits in (0..f32::INFINITY.to_bits()).step_by(if cfg!(miri) { 99_999_989 } else { 9973 })
        {
            let halfway =
                (f64::from(f32::from_bits(bits)) + f64::from(f32::from_bits(bits + 1))) / 2.0;
            for value in
                [halfway.next_down(), halfway, halfway.next_up(), f64::from(f32::from_bits(bits))]
            {
                for text in [format!("{value:e}"), format!("-{value:.20e}"), format!("{value:.9e}")]
                {
                    let want = text.parse().ok().filter(|value: &f32| value.is_finite());
                    let number = parse(text.as_bytes(), 0).unwrap();
                    let got = number.to_f32(text.as_bytes());
                    assert_eq!(got.map(f32::to_bits), want.map(f32::to_bits), "{text}");
                }
            }
        }
    }

    /// Against the standard library: numbers of all lengths and exponents, those halfway between two doubles and
    /// their neighbours, and what stands around them in a text.
    #[test]
    fn doubles_are_the_nearest() {
        let mut state = 1u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let check = |literal: String| {
            let want: f64 = literal.parse().unwrap();
            for text in [literal.clone(), format!("{literal},"), format!("{literal}          ")] {
                let number = parse(text.as_bytes(), 0).unwrap();
                assert_eq!(number.end, literal.len(), "{text}");
                let got = number.to_f64(literal.as_bytes());
                assert_eq!(
                    got.map(f64::to_bits),
                    want.is_finite().then_some(want.to_bits()),
                    "{literal}"
                );
            }
        };
        for exponent in -350..=320 {
            for mantissa in [1, 3, 5, 9, 1 << 53, (1 << 53) + 1, (1 << 54) + 2, u64::MAX >> 1] {
                check(format!("{mantissa}e{exponent}"));
            }
            for _ in 0..100 {
                check(format!("{}e{exponent}", random() >> (random() % 64)));
            }
        }
        for _ in 0..5000 {
            let (whole, fraction) = (random() >> (random() % 64), random() >> (random() % 64));
            check(format!("{whole}.{fraction}"));
            check(format!("-0.{:0width$}", fraction, width = (random() % 30) as usize));
            check(format!("{whole}.{fraction}e-{}", random() % 400));
        }
        for _ in 0..5000 {
            // A double of 54 to 64 bits ends in zeros; halfway to the next one is one bit below its last.
            let shift = 1 + random() % 11;
            let double = (1 << 52 | random() >> 12) << shift;
            let halfway = double | 1 << (shift - 1);
            for value in [double, halfway - 1, halfway, halfway + 1] {
                check(value.to_string());
                for exponent in 1..28 {
                    check(format!("{value}e-{exponent}"));
                }
            }
        }
    }
}
