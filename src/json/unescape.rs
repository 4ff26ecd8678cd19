//! The values of strings, copied and unescaped by the block.
//!
//! A block of the text is copied first and looked at then, and copying goes on behind what an escape stands for. Four escapes
//! of the form `\uXXXX` in a row, as ASCII text in other scripts is made of, become characters together.

use std::mem::MaybeUninit;

use super::vector::{Native, Vector, at_least, first};
#[cfg(target_arch = "x86_64")]
use super::vector::{avx2, has_avx2};

/// Writes the value of the string `text[start..end]`, which was checked and is UTF-8, to the front of `room`, as
/// [`string::unescape_utf8`](super::string::unescape_utf8) does, and returns its length. Returns nothing if the room is
/// too small to tell: it need not be more than some blocks longer than the string.
#[inline]
pub(crate) fn copy(
    text: &[u8],
    start: usize,
    end: usize,
    room: &mut [MaybeUninit<u8>],
) -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the processor has all three.
        return unsafe { copy_avx2(text, start, end, room) };
    }
    copy_blocks::<Native>(text, start, end, room)
}

/// # Safety
/// [`has_avx2`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
unsafe fn copy_avx2(
    text: &[u8],
    start: usize,
    end: usize,
    room: &mut [MaybeUninit<u8>],
) -> Option<usize> {
    copy_blocks::<avx2::Avx2>(text, start, end, room)
}

#[inline(always)]
fn copy_blocks<V: Vector>(
    text: &[u8],
    start: usize,
    end: usize,
    room: &mut [MaybeUninit<u8>],
) -> Option<usize> {
    let string = text.get(..end)?;
    let (mut from, mut to) = (start, 0);
    while from < end {
        // SAFETY: whole blocks of the string, and of the room.
        let (copied, mut marks) = unsafe {
            let blocks = ((end - from) / V::WIDTH).min(room.len().saturating_sub(to) / V::WIDTH);
            let (source, target) = (text.as_ptr().add(from), room.as_mut_ptr().add(to));
            copy_plain::<V>(source, target.cast(), blocks)
        };
        from += copied;
        to += copied;
        if from == end {
            break;
        }
        if marks == 0 {
            // The last block.
            let target = room.get_mut(to..)?.get_mut(..V::WIDTH)?.as_mut_ptr().cast::<u8>();
            let mut tail = MaybeUninit::uninit();
            let source = at_least(&text[from..], V::WIDTH, &mut tail);
            // SAFETY: both are as long as a block.
            marks = unsafe {
                let block = V::load(source);
                block.store(target);
                block.is(b'\\') & first::<V>(end - from)
            };
            if marks == 0 {
                to += end - from;
                break;
            }
        }
        let plain = (marks.trailing_zeros() / V::STRIDE) as usize;
        from += plain;
        to += plain;
        // Escapes come in rows.
        while let Some(&[b'\\', byte, ref rest @ ..]) = string.get(from..) {
            if byte != b'u' {
                room.get_mut(to)?.write(SIMPLE[usize::from(byte & 0x7F)]);
                from += 2;
                to += 1;
                continue;
            }
            if let (Some(four), true, Some(target)) = (
                text[from..].first_chunk::<28>(),
                from + 24 <= end,
                room.get_mut(to..).and_then(|room| room.first_chunk_mut::<16>()),
            ) {
                // SAFETY: 28 bytes, and room for 16.
                let written =
                    unsafe { V::unescape_four(four.as_ptr(), target.as_mut_ptr().cast()) };
                if written > 0 {
                    from += 24;
                    to += written;
                    continue;
                }
            }
            let target = room.get_mut(to..)?.first_chunk_mut::<4>()?;
            let (character, length) = match *rest {
                [a, b, c, d, ref rest @ ..] => {
                    let unit = code_unit([a, b, c, d]);
                    if unit < 0x80 {
                        target[0].write(unit as u8);
                        from += 6;
                        to += 1;
                        continue;
                    }
                    match (char::from_u32(unit), rest) {
                        (Some(character), _) => (character, 6),
                        (None, &[b'\\', b'u', a, b, c, d, ..]) => {
                            let (high, low) = (unit ^ 0xD800, code_unit([a, b, c, d]) ^ 0xDC00);
                            if high | low < 0x400 {
                                let code = 0x10000 + (high << 10 | low);
                                (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
                            } else {
                                (char::REPLACEMENT_CHARACTER, 6)
                            }
                        }
                        _ => (char::REPLACEMENT_CHARACTER, 6),
                    }
                }
                _ => return None,
            };
            let mut bytes = [0; 4];
            to += character.encode_utf8(&mut bytes).len();
            *target = bytes.map(MaybeUninit::new);
            from += length;
        }
    }
    Some(to)
}

/// Copies blocks up to the first that has a backslash, and that one, too; returns how many bytes are before it, and where backslashes are
/// in it.
///
/// # Safety
/// So many blocks can be read at `from`, and written at `to`.
#[inline(always)]
unsafe fn copy_plain<V: Vector>(from: *const u8, to: *mut u8, blocks: usize) -> (usize, u64) {
    let mut at = 0;
    while at < blocks * V::WIDTH {
        // SAFETY: the caller's promise.
        let marks = unsafe {
            let block = V::load(from.add(at));
            block.store(to.add(at));
            block.is(b'\\')
        };
        if marks != 0 {
            return (at, marks);
        }
        at += V::WIDTH;
    }
    (at, 0)
}

/// What a backslash and `byte` stand for, unless it takes more bytes.
#[inline(always)]
pub(crate) fn simple(byte: u8) -> Option<u8> {
    SIMPLE.get(usize::from(byte)).copied().filter(|&value| value != 0)
}

/// What the byte behind a backslash stands for, if not 0: a quote, a backslash and a slash for themselves.
static SIMPLE: [u8; 128] = {
    let mut characters = [0; 128];
    let pairs = *b"\"\"\\\\//b\x08f\x0Cn\nr\rt\t";
    let mut at = 0;
    while at < pairs.len() {
        characters[pairs[at] as usize] = pairs[at + 1];
        at += 2;
    }
    characters
};

/// The number that four hexadecimal digits stand for.
#[inline(always)]
fn code_unit(digits: [u8; 4]) -> u32 {
    let digits = u32::from_le_bytes(digits);
    // The low half of a letter is 9 less than its value.
    let values = (digits & 0x0F0F_0F0F) + 9 * (digits >> 6 & 0x0101_0101);
    // The first digit is the lowest byte, and the highest four bits of the number.
    let bytes = (values << 4 | values >> 8) & 0x00FF_00FF;
    (bytes << 8 | bytes >> 16) & 0xFFFF
}

#[cfg(test)]
mod tests {
    use super::super::bounds::Guarded;
    use super::super::string;
    use super::super::vector::portable;
    use super::*;

    /// Strings of pieces at all places relative to blocks and to rows of escapes.
    fn strings() -> Vec<Vec<u8>> {
        let pieces: &[&str] = &[
            "",
            "plain",
            "äß€𝄞",
            r"\n",
            r#"\"\\\/\b\f\n\r\t"#,
            r"\u0000\u007f\u0080\u07FF\u0800\uffff",
            r"\u05d0\u05D1\u05d2\u05d3\u05d4\u05d5\u05d6\u05d7\u05d8",
            r"\u0041\u0042\u0043\u0044\u0045",
            r"\u4e00\u9FFF\uAbCd\uEF01\u3042\u3044\u3046\u3048",
            r"\u0041\u00e9\u20ac\u0042\u20ac\u00e9\u0043\u0044",
            r"\ud834\udd1e\uD83D\uDE00\ud800\udc00\udbff\udfff",
            r"\ud7ff\ue000\ud834x",
            r"\u0041\ud834\u0042\udd1e\u0043\ud834",
            r"\ud834\ud834\udd1e\udd1e\u0041",
            r"\u0041\u0042\u0043\n\u0044\u0045\u0046\u0047",
            r"\u0041\u0042\u0043\\u0044\u0045\u0046\u0047",
        ];
        let mut strings = Vec::new();
        for before in [0, 1, 3, 7, 8, 9, 14, 15, 16, 17, 26, 30, 31, 32, 33, 63] {
            for piece in pieces {
                for after in [0, 1, 4, 5, 27, 28, 40] {
                    let parts = ["a".repeat(before), (*piece).into(), "z".repeat(after)];
                    strings.push(parts.concat().into_bytes());
                }
            }
        }
        strings
    }

    #[test]
    fn all_kinds_of_blocks_unescape_as_the_plain_loop_does() {
        fn check<V: Vector>(string: &[u8], want: &[u8]) {
            // Where a read too far ends the process, and where there is more to be read.
            for behind in [&b""[..], b"\"", br#"\u0041\u0042"#, br#"": "\u0041\n", and so on"#] {
                let text = [b"\"", string, behind].concat();
                let mut guarded = Guarded::new(text.len());
                let text = guarded.at_end(&text);
                for capacity in [0, 1, 16, want.len(), want.len() + 8, want.len() + 40] {
                    let mut room = vec![MaybeUninit::new(0xAA); capacity];
                    let written = copy_blocks::<V>(text, 1, 1 + string.len(), &mut room);
                    assert!(written.is_some() || capacity < want.len() + 40);
                    // SAFETY: all of the room was initialised.
                    let room = room.iter().map(|byte| unsafe { byte.assume_init() });
                    if let Some(written) = written {
                        let value: Vec<u8> = room.take(written).collect();
                        assert_eq!(value, want, "{}", string.escape_ascii());
                    }
                }
            }
        }
        for string in strings() {
            let mut want = Vec::new();
            string::unescape_utf8(&string, &mut want).unwrap();
            check::<Native>(&string, &want);
            check::<portable::Portable>(&string, &want);
            #[cfg(target_arch = "x86_64")]
            if has_avx2() {
                check::<avx2::Avx2>(&string, &want);
            }
        }
    }

    #[test]
    fn code_units_are_those_of_their_digits() {
        for unit in 0..=0xFFFF {
            for digits in [format!("{unit:04x}"), format!("{unit:04X}")] {
                assert_eq!(code_unit(digits.as_bytes().try_into().unwrap()), unit);
            }
        }
    }
}
