//! String literals in Go's form, written and checked by the block.
//!
//! A block of the value is copied first and looked at then: nearly always nothing in it has to be escaped, so
//! that one load, one store and a few comparisons are all that it takes. What is rare (invalid UTF-8, a buffer that
//! ends within a block) starts again in [`string::escape`], which knows no blocks.

use std::mem::MaybeUninit;

use super::output::{Full, Output};
use super::string;
use super::vector::{Native, Vector, at_least, first};
#[cfg(target_arch = "x86_64")]
use super::vector::{avx2, has_avx2};

/// The width of blocks that every processor has.
const WIDTH: usize = Native::WIDTH;

/// Writes the `length` bytes of `text` from `start` on as a string literal, as [`string::escape`] does. What stands behind
/// them in `text` is read, too, and ignored: the more there is, the less care the last block takes.
#[inline(always)]
pub(crate) fn write<const HTML: bool>(
    text: &[u8],
    start: usize,
    length: usize,
    out: &mut Output<u8>,
) -> Result<(), Full> {
    if length <= 2 * WIDTH {
        let blocks = text.get(start..).and_then(|rest| rest.first_chunk::<{ 2 * WIDTH }>());
        if let (Some(blocks), Some(room)) = (blocks, out.room::<{ 2 * WIDTH + 2 }>()) {
            let room = room.as_mut_ptr().cast::<u8>();
            // SAFETY: two blocks are read of two; the writes are within two blocks and two bytes of room, of
            // which the first `length + 2` are all written.
            unsafe {
                let block = Native::load(blocks.as_ptr());
                room.write(b'"');
                block.store(room.add(1));
                let mut marks = (block.special::<HTML>() | block.high()) & first::<Native>(length);
                if length > WIDTH {
                    let block = Native::load(blocks.as_ptr().add(WIDTH));
                    block.store(room.add(1 + WIDTH));
                    let inside = first::<Native>(length - WIDTH);
                    marks |= (block.special::<HTML>() | block.high()) & inside;
                }
                if marks == 0 {
                    room.add(length + 1).write(b'"');
                    out.advance(length + 2);
                    return Ok(());
                }
            }
        }
    }
    write_any::<HTML>(text, start, length, out)
}

#[inline(never)]
fn write_any<const HTML: bool>(
    text: &[u8],
    start: usize,
    length: usize,
    out: &mut Output<u8>,
) -> Result<(), Full> {
    let value = &text[start..start + length];
    match copy::<HTML>(text, start, length, out) {
        Some((written, ascii)) if ascii || string::is_utf8(value) => {
            // SAFETY: `copy` wrote that many elements of the spare room.
            unsafe { out.advance(written) };
            Ok(())
        }
        _ => string::escape(value, HTML, out),
    }
}

/// Writes the literal into the spare room of `out`, with bytes beyond ASCII as they are. Returns its length and whether all of the
/// value is ASCII, or nothing if the room is too small to tell.
fn copy<const HTML: bool>(
    text: &[u8],
    start: usize,
    length: usize,
    out: &mut Output<u8>,
) -> Option<(usize, bool)> {
    #[cfg(target_arch = "x86_64")]
    if length > 16 && has_avx2() {
        // SAFETY: the processor has all three.
        return unsafe { copy_avx2::<HTML>(text, start, length, out) };
    }
    copy_blocks::<Native, HTML>(text, start, length, out)
}

/// # Safety
/// [`has_avx2`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
unsafe fn copy_avx2<const HTML: bool>(
    text: &[u8],
    start: usize,
    length: usize,
    out: &mut Output<u8>,
) -> Option<(usize, bool)> {
    copy_blocks::<avx2::Avx2, HTML>(text, start, length, out)
}

#[inline(always)]
fn copy_blocks<V: Vector, const HTML: bool>(
    text: &[u8],
    start: usize,
    length: usize,
    out: &mut Output<u8>,
) -> Option<(usize, bool)> {
    let text = text.get(start..)?;
    let end = length.min(text.len());
    let room = out.spare();
    let (mut from, mut to) = (0, 1);
    let mut high = 0;
    room.first_mut()?.write(b'"');
    while from < end {
        // A block, the escape at its end, and the quote behind all.
        let room = room.get_mut(to..)?.get_mut(..V::WIDTH + 9)?.as_mut_ptr().cast::<u8>();
        let inside = first::<V>(end - from);
        let mut tail = MaybeUninit::uninit();
        let source = at_least(&text[from..], V::WIDTH + 2, &mut tail);
        // SAFETY: `source` is valid for reads of a block and two bytes, `room` for writes of a block and nine; the
        // offset of a mark is below the width of a block.
        unsafe {
            let block = V::load(source);
            block.store(room);
            high |= block.high() & inside;
            let mut marks = block.special::<HTML>();
            let maybe = block.is(0xE2);
            if maybe & inside != 0 {
                let second = V::load(source.add(1)).is(0x80);
                let third = V::load(source.add(2)).and(!1).is(0xA8);
                marks |= maybe & second & third;
            }
            marks &= inside;
            if marks == 0 {
                let step = V::WIDTH.min(end - from);
                from += step;
                to += step;
                continue;
            }
            let offset = (marks.trailing_zeros() / V::STRIDE) as usize;
            from += offset;
            to += offset;
            let byte = *source.add(offset);
            // U+2028 and U+2029, which are E2 80 A8 and E2 80 A9, have the places of A and B in the table.
            let (entry, step) = match byte {
                0xE2 => (b'A' + (*source.add(offset + 2) & 1), 3),
                byte => (byte, 1),
            };
            let escape = &ESCAPES[usize::from(entry & 0x7F)];
            room.add(offset).cast::<[u8; 8]>().write_unaligned(*escape);
            from += step;
            to += usize::from(escape[7]);
        }
    }
    room.get_mut(to)?.write(b'"');
    Some((to + 1, high == 0))
}

/// The escapes of ASCII characters, of U+2028 in the place of A and of U+2029 in that of B. The last byte is the length.
static ESCAPES: [[u8; 8]; 128] = {
    const fn unit(unit: usize) -> [u8; 8] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        [
            b'\\',
            b'u',
            DIGITS[unit >> 12],
            DIGITS[unit >> 8 & 15],
            DIGITS[unit >> 4 & 15],
            DIGITS[unit & 15],
            0,
            6,
        ]
    }
    let mut escapes = [[0; 8]; 128];
    let mut byte = 0;
    while byte < 128 {
        escapes[byte] = unit(byte);
        byte += 1;
    }
    let short = *b"\"\"\\\\\x08b\x0Cf\nn\rr\tt";
    let mut at = 0;
    while at < short.len() {
        escapes[short[at] as usize] = [b'\\', short[at + 1], 0, 0, 0, 0, 0, 2];
        at += 2;
    }
    escapes[b'A' as usize] = unit(0x2028);
    escapes[b'B' as usize] = unit(0x2029);
    escapes
};

#[cfg(test)]
mod tests {
    use super::super::bounds::Guarded;
    use super::super::vector::portable;
    use super::*;

    /// Values at all places relative to blocks, made of pieces with and without escapes.
    fn values() -> Vec<Vec<u8>> {
        let pieces: &[&[u8]] = &[
            b"plain",
            b"\"",
            b"\\\n",
            b"<&>",
            b"\x00\x1F\x7F",
            "äß€".as_bytes(),
            "\u{2028}".as_bytes(),
            "\u{2029}\u{2030}\u{202A}".as_bytes(),
            b"\xE2",
            b"\xE2\x80",
            b"\xFF",
        ];
        let mut values = Vec::new();
        for before in [0, 1, 7, 13, 14, 15, 16, 17, 29, 30, 31, 32, 33, 45, 63] {
            for piece in pieces {
                for after in [0, 1, 15, 40] {
                    let mut value = vec![b'a'; before];
                    value.extend_from_slice(piece);
                    value.resize(value.len() + after, b'z');
                    values.push(value);
                }
            }
        }
        values
    }

    fn literal<const HTML: bool>(value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        string::escape(value, HTML, &mut out).unwrap();
        out
    }

    fn check<const HTML: bool>() {
        for value in values() {
            let want = literal::<HTML>(&value);
            // Alone, between others that blocks may reach into, and in buffers of all sizes around the right one.
            for behind in [&b""[..], b"\x80\xA8\"", &[0; 40]] {
                let text = [b"<", &value[..], behind].concat();
                for capacity in want.len().saturating_sub(2)..want.len() + 45 {
                    let mut buffer = vec![MaybeUninit::uninit(); capacity];
                    let mut out = Output::new(&mut buffer);
                    let result = write::<HTML>(&text, 1, value.len(), &mut out);
                    assert_eq!(result.is_ok(), capacity >= want.len(), "{}", value.escape_ascii());
                    if result.is_ok() {
                        assert_eq!(out.written(), want, "{}", value.escape_ascii());
                    }
                }
            }
        }
    }

    #[test]
    fn literals_are_those_of_the_plain_loop() {
        check::<true>();
        check::<false>();
    }

    #[test]
    fn all_kinds_of_blocks_agree() {
        fn outcome<V: Vector, const HTML: bool>(value: &[u8]) -> Option<(Vec<u8>, bool)> {
            // Where a read too far ends the process.
            let mut guarded = Guarded::new(value.len());
            let value = guarded.at_end(value);
            let mut buffer = vec![MaybeUninit::uninit(); 6 * value.len() + 64];
            let mut out = Output::new(&mut buffer);
            let (written, ascii) = copy_blocks::<V, HTML>(value, 0, value.len(), &mut out)?;
            // SAFETY: so many bytes were written.
            unsafe { out.advance(written) };
            Some((out.written().to_vec(), ascii))
        }
        fn compare<V: Vector>(value: &[u8]) {
            let want = outcome::<portable::Portable, true>(value);
            assert!(want.is_some());
            assert_eq!(outcome::<V, true>(value), want, "{}", value.escape_ascii());
            let want = outcome::<portable::Portable, false>(value);
            assert_eq!(outcome::<V, false>(value), want, "{}", value.escape_ascii());
        }
        let all: Vec<u8> = (0..=255).collect();
        for value in values().into_iter().chain([all]) {
            compare::<Native>(&value);
            #[cfg(target_arch = "x86_64")]
            if has_avx2() {
                compare::<avx2::Avx2>(&value);
            }
        }
    }
}
