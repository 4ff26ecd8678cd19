//! Numbers as Go writes them, straight into their place.

use std::mem::MaybeUninit;

use super::output::{Full, Output};

/// Room for any integer, and for whole words of which only some bytes count.
type Room = [MaybeUninit<u8>; 32];

/// Writes an unsigned integer.
#[inline(always)]
pub(crate) fn uint(value: u64, output: &mut Output<u8>) -> Result<(), Full> {
    // SAFETY: `put_uint` writes what it says.
    unsafe { output.extend_with(|room| put_uint(value, room, 0)) }
}

/// Writes a signed integer.
#[inline(always)]
pub(crate) fn int(value: i64, output: &mut Output<u8>) -> Result<(), Full> {
    // SAFETY: `put_uint` writes what it says, behind the sign, if that counts.
    unsafe {
        output.extend_with(|room: &mut Room| {
            room[0].write(b'-');
            put_uint(value.unsigned_abs(), room, usize::from(value < 0))
        })
    }
}

/// Writes a number at a place of at most 8, and returns where it ends.
#[inline(always)]
fn put_uint(value: u64, room: &mut Room, at: usize) -> usize {
    const EIGHT: u64 = 100_000_000;
    if value < EIGHT {
        return at + put_significant(value, room, at);
    }
    let (high, low) = (value / EIGHT, value % EIGHT);
    let at = match high {
        // Nine digits are what many identifiers have.
        ..10 => {
            room[at].write(b'0' + high as u8);
            at + 1
        }
        10..EIGHT => at + put_significant(high, room, at),
        _ => {
            let at = at + put_significant(high / EIGHT, room, at);
            put(room, at, eight_digits(high % EIGHT) | ZEROS);
            at + 8
        }
    };
    put(room, at, eight_digits(low) | ZEROS);
    at + 8
}

/// Writes a number below 10^8 without leading zeros, and returns its length.
#[inline(always)]
fn put_significant(value: u64, room: &mut Room, at: usize) -> usize {
    let digits = eight_digits(value);
    // The last one counts in any case.
    let zeros = (digits | 1 << 56).trailing_zeros() & !7;
    put(room, at, (digits | ZEROS) >> zeros);
    8 - zeros as usize / 8
}

/// Eight times the digit 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

#[inline(always)]
fn put(room: &mut Room, at: usize, bytes: u64) {
    if let Some(room) = room[at..].first_chunk_mut() {
        *room = bytes.to_le_bytes().map(MaybeUninit::new);
    }
}

/// The digits of a number below 10^8, one in each byte, the first in the lowest. All are divided out at once, in
/// halves, quarters and eighths of the word, by multiplying with rounded inverses.
#[inline(always)]
fn eight_digits(value: u64) -> u64 {
    let (high, low) = (value / 10_000, value % 10_000);
    let fours = high | low << 32;
    let high = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let twos = high | (fours - 100 * high) << 16;
    let high = ((twos * 103) >> 10) & 0x000F_000F_000F_000F;
    high | (twos - 10 * high) << 8
}

/// Writes the shortest digits that read back as the same double, in the form of ECMAScript that Go
/// chose for JSON: plain between 1e-6 and 1e21, else with an exponent. `value` is finite.
#[inline(always)]
pub(crate) fn float64(value: f64, output: &mut Output<u8>) -> Result<(), Full> {
    // Integers need no search for the shortest digits.
    let magnitude = value.abs();
    if magnitude < 9007199254740992.0 {
        let integer = value as i64;
        if integer as f64 == value && (integer != 0 || value.is_sign_positive()) {
            return int(integer, output);
        }
        if magnitude >= 1e-5 {
            return shortest(value, output);
        }
    }
    rewrite(zmij::Buffer::new().format_finite(value), output)
}

/// Writes the shortest digits that read back as the same float; see [`float64`].
pub(crate) fn float32(value: f32, output: &mut Output<u8>) -> Result<(), Full> {
    if value.abs() >= 1e-5 && value.abs() < 8388608.0 && value != value.trunc() {
        return shortest(value, output);
    }
    rewrite(zmij::Buffer::new().format_finite(value), output)
}

/// Writes a finite float as `zmij` prints it: the shortest digits, in the form of Rust.
#[inline(always)]
pub(crate) fn shortest<F: zmij::Float>(value: F, output: &mut Output<u8>) -> Result<(), Full> {
    const { assert!(size_of::<zmij::Buffer>() <= size_of::<Room>() && align_of::<zmij::Buffer>() == 1) };
    // SAFETY: the buffer is within the room, and what `zmij` says it wrote is at the room's start.
    unsafe {
        output.extend_with(|room: &mut Room| {
            // Printed to where it stays: blocks read from elsewhere would have to wait for all stores to them.
            let buffer = room.as_mut_ptr().cast::<zmij::Buffer>();
            buffer.write(zmij::Buffer::new());
            let text = (*buffer).format_finite(value);
            let (start, length) = (text.as_ptr(), text.len());
            if start != buffer.cast() {
                buffer.cast::<u8>().copy_from(start, length);
            }
            length
        })
    }
}

/// Writes a number, given as digits with an optional point and exponent, in Go's form.
#[cold]
fn rewrite(shortest: &str, output: &mut Output<u8>) -> Result<(), Full> {
    let mut text = shortest.as_bytes();
    if let Some(rest) = text.strip_prefix(b"-") {
        output.push(b'-')?;
        text = rest;
    }
    // Taken apart: 0.digits * 10^point.
    let mut digits = [0; 32];
    let mut length = 0;
    let mut point = None;
    let mut exponent = 0i32;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'.' => point = Some(length as i32),
            b'e' => {
                exponent = shortest_exponent(&text[at + 1..]);
                break;
            }
            _ => {
                digits[length] = byte;
                length += 1;
            }
        }
    }
    let mut point = point.unwrap_or(length as i32) + exponent;
    let mut digits = &digits[..length];
    while let [b'0', rest @ ..] = digits {
        digits = rest;
        point -= 1;
    }
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    let count = digits.len() as i32;
    match (digits, point) {
        ([], _) => output.extend(b"0"),
        // 1e21 and above, below 1e-6.
        ([first, rest @ ..], 22.. | ..=-6) => {
            output.push(*first)?;
            if !rest.is_empty() {
                output.push(b'.')?;
                output.extend(rest)?;
            }
            output.push(b'e')?;
            output.push(if point > 0 { b'+' } else { b'-' })?;
            uint(u64::from((point - 1).unsigned_abs()), output)
        }
        (digits, ..=0) => {
            output.extend(b"0.")?;
            output.extend(&[b'0'; 8][..-point as usize])?;
            output.extend(digits)
        }
        (digits, _) if point >= count => {
            output.extend(digits)?;
            output.extend(&[b'0'; 24][..(point - count) as usize])
        }
        (digits, _) => {
            output.extend(&digits[..point as usize])?;
            output.push(b'.')?;
            output.extend(&digits[point as usize..])
        }
    }
}

fn shortest_exponent(text: &[u8]) -> i32 {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value = digits.iter().fold(0, |value, byte| value * 10 + i32::from(byte - b'0'));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::excessive_precision, reason = "the point of some cases")]

    use super::*;

    /// What is written, into a buffer with room to spare and into one that is just large enough.
    fn written(write: impl Fn(&mut Output<u8>) -> Result<(), Full>) -> String {
        let mut buffer = [MaybeUninit::uninit(); 64];
        let mut output = Output::new(&mut buffer);
        write(&mut output).unwrap();
        let text = String::from_utf8(output.written().to_vec()).unwrap();
        for capacity in text.len().saturating_sub(1)..text.len() + 1 {
            let mut output = Output::new(&mut buffer[..capacity]);
            assert_eq!(write(&mut output).is_ok(), capacity == text.len());
            if capacity == text.len() {
                assert_eq!(output.written(), text.as_bytes());
            }
        }
        text
    }

    #[test]
    fn integers_of_all_lengths() {
        let mut values = vec![0, u64::MAX, i64::MAX as u64, 1 << 63];
        for digits in 0..20 {
            let power = 10u64.pow(digits);
            let spread = [1, 2, 5, 7, 9].map(|factor| power.wrapping_mul(factor));
            values.extend([power - 1, power, power + 1, 1234567890987654321 / power]);
            values.extend(spread);
        }
        for value in values.into_iter().chain(0..20_000).chain((0..1 << 40).step_by(99_999_989)) {
            assert_eq!(written(|output| uint(value, output)), value.to_string());
            let value = value as i64;
            assert_eq!(written(|output| int(value, output)), value.to_string());
            let value = value.wrapping_neg();
            assert_eq!(written(|output| int(value, output)), value.to_string());
        }
    }

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (value, want) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (100.0, "100"),
            (1e15, "1000000000000000"),
            (1e20, "100000000000000000000"),
            (123456789012345680000.0, "123456789012345680000"),
            (1e21, "1e+21"),
            (1.5e21, "1.5e+21"),
            (1e-6, "0.000001"),
            (1.25e-6, "0.00000125"),
            (9.999e-7, "9.999e-7"),
            (1e-7, "1e-7"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (0.1, "0.1"),
            (65.613616999999977, "65.61361699999998"),
            (9007199254740993.0, "9007199254740992"),
            (9007199254740992.0, "9007199254740992"),
            (9007199254740994.0, "9007199254740994"),
            (9007199254740991.0, "9007199254740991"),
            (-4503599627370495.5, "-4503599627370495.5"),
            (1e-5, "0.00001"),
            (1.2345678901234567e-5, "0.000012345678901234568"),
            (9.9999e-6, "0.0000099999"),
            (1.7976931348623157e-300, "1.7976931348623157e-300"),
        ] {
            assert_eq!(written(|output| float64(value, output)), want);
            assert_eq!(want.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
        assert_eq!(written(|output| float32(0.1, output)), "0.1");
        assert_eq!(written(|output| float32(16777216.0, output)), "16777216");
        assert_eq!(written(|output| float32(123456792.0, output)), "123456790");
        assert_eq!(written(|output| float32(-8388607.5, output)), "-8388607.5");
        assert_eq!(written(|output| float32(-0.0, output)), "-0");
        assert_eq!(written(|output| float32(0.00001, output)), "0.00001");
        assert_eq!(written(|output| float32(1e-6, output)), "0.000001");
        assert_eq!(written(|output| float32(9.999e-7, output)), "9.999e-7");
        assert_eq!(written(|output| float32(1.25, output)), "1.25");
        assert_eq!(written(|output| float32(f32::MAX, output)), "3.4028235e+38");
    }
}
