//! A walk over the tokens of a short text, each of which is found where the one before ends. An index finds them faster where there are
//! many, but has to be made first.

use std::mem::MaybeUninit;

use super::number::{self, Number};
use super::output::Output;
use super::scan::Cursor;
use super::walk::{Invalid, Walk};
use super::{simd, string, unescape};

/// How many bytes the longest short text has.
pub(crate) const SHORT: usize = 192;

pub(crate) struct Short<'a> {
    text: &'a [u8],
    /// Where the current token begins, and its first byte; at the text's end its length and 0.
    at: usize,
    byte: u8,
    /// The last string that was not copied has no escapes.
    plain: bool,
    /// It is not UTF-8.
    not_utf8: bool,
}

impl<'a> Short<'a> {
    #[inline(always)]
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Short { text, at: 0, byte: 0, plain: true, not_utf8: false }
    }

    /// Moves on to the first token at `place` or behind it.
    #[inline(always)]
    fn move_to(&mut self, place: usize) {
        match self.text.get(place) {
            Some(&byte) if byte > b' ' => (self.at, self.byte) = (place, byte),
            _ => self.skip_white_space(place),
        }
    }

    #[inline(never)]
    fn skip_white_space(&mut self, place: usize) {
        let mut cursor = Cursor { text: self.text, at: place.min(self.text.len()) };
        self.byte = cursor.peek_token().unwrap_or(0);
        self.at = cursor.at;
    }

    fn cursor(&self) -> Cursor<'a> {
        Cursor { text: self.text, at: self.at }
    }

    /// Completes a string that begins at `start`, of which `length` bytes were copied to `room`, with what is not ASCII and escapes of two
    /// bytes. Returns its length and its end.
    #[inline(never)]
    fn copy_rest(
        &self,
        start: usize,
        mut length: usize,
        room: &mut [MaybeUninit<u8>],
    ) -> Option<(usize, usize)> {
        let mut end = start + length;
        loop {
            match self.text.get(end..)? {
                [b'"', ..] => break,
                [b'\\', byte, ..] => {
                    room.get_mut(length)?.write(unescape::simple(*byte)?);
                    end += 2;
                    length += 1;
                }
                [0x80..=0xFF, ..] => {}
                _ => return None,
            }
            let plain = simd::copy_to_special::<false>(self.text, end, room.get_mut(length..)?)?;
            end += plain;
            length += plain;
        }
        string::is_utf8(&self.text[start..end]).then_some((length, end))
    }

    /// As `pass_name_if`, with white space before the name or behind it.
    #[inline(never)]
    fn pass_spaced_name(
        &mut self,
        length: usize,
        stands: impl FnOnce(&[u8], usize) -> bool,
    ) -> bool {
        let mut cursor = Cursor { text: self.text, at: self.at + 1 };
        if cursor.peek_token() != Some(b'"') || !stands(self.text, cursor.at) {
            return false;
        }
        cursor.at += length;
        if cursor.peek_token() != Some(b':') {
            return false;
        }
        self.move_to(cursor.at + 1);
        true
    }
}

impl<'a> Walk<'a> for Short<'a> {
    #[inline(always)]
    fn text(&self) -> &'a [u8] {
        self.text
    }

    #[inline(always)]
    fn at(&self) -> usize {
        self.at
    }

    #[inline(always)]
    fn byte(&self) -> u8 {
        self.byte
    }

    #[inline(always)]
    fn not_utf8(&self) -> bool {
        self.not_utf8
    }

    #[inline(always)]
    fn begin_at(&mut self, at: usize) -> Result<(), Invalid> {
        self.move_to(at);
        Ok(())
    }

    fn lacks_more(&self) -> bool {
        false // a short text is a whole one
    }

    #[inline(always)]
    fn advance(&mut self) -> Result<(), Invalid> {
        self.move_to(self.at + 1);
        Ok(())
    }

    #[inline(never)]
    fn string(&mut self) -> Result<(usize, usize), Invalid> {
        let mut cursor = self.cursor();
        let span = cursor.string().map_err(|_| Invalid)?;
        self.plain = !span.escaped;
        self.not_utf8 = !span.plain && !string::is_utf8(&self.text[span.start..span.end]);
        self.move_to(cursor.at);
        Ok((span.start, span.end))
    }

    #[inline(always)]
    fn copy_string(&mut self, out: &mut Output<u8>) -> Option<usize> {
        let start = self.at + 1;
        let mut length = simd::copy_to_special::<true>(self.text, start, out.spare())?;
        let mut end = start + length;
        if self.text.get(end) != Some(&b'"') {
            (length, end) = self.copy_rest(start, length, out.spare())?;
        }
        // SAFETY: so many bytes were written to the spare room.
        unsafe { out.advance(length) };
        self.move_to(end + 1);
        Some(length)
    }

    #[inline(always)]
    fn integer_name(&mut self, fits: impl FnOnce(i64) -> bool) -> Option<i64> {
        let (value, end) = number::first_integer(self.text, self.at + 1)?;
        if self.text.get(end) != Some(&b'"') || !fits(value) {
            return None;
        }
        self.move_to(end + 1);
        Some(value)
    }

    #[inline(always)]
    fn is_plain(&self, _: usize, _: usize) -> bool {
        self.plain
    }

    #[inline(always)]
    fn pass_name_if(&mut self, length: usize, stands: impl FnOnce(&[u8], usize) -> bool) -> bool {
        let name = self.at + 1;
        match self.text.get(name + length..) {
            Some(&[b':', byte, ..]) if byte > b' ' => {
                if !stands(self.text, name) {
                    return false;
                }
                (self.at, self.byte) = (name + length + 1, byte);
                true
            }
            _ => self.pass_spaced_name(length, stands),
        }
    }

    #[inline(always)]
    fn short_integer(&mut self) -> Result<Option<i64>, Invalid> {
        match number::short_integer(self.text, self.at) {
            Some((value, end)) if self.text.get(end).is_none_or(|&byte| byte > b' ') => {
                self.move_to(end);
                Ok(Some(value))
            }
            _ => Ok(None),
        }
    }

    #[inline(always)]
    fn integers(&mut self, fits: impl Fn(i64) -> bool, out: &mut Output<u64>) -> (usize, bool) {
        let (mut at, mut byte, mut count, mut more) = (self.at, self.byte, 0, true);
        for room in out.spare() {
            let Some((value, end)) = number::first_integer(self.text, at) else { break };
            match (fits(value), self.text.get(end..)) {
                (true, Some(&[b',', after, ..])) if after > b' ' => (at, byte) = (end + 1, after),
                (true, Some(&[b']', ..])) => (at, byte, more) = (end, b']', false),
                _ => break,
            }
            room.write(value as u64);
            count += 1;
            if !more {
                break;
            }
        }
        (self.at, self.byte) = (at, byte);
        // SAFETY: so many were written to the spare room.
        unsafe { out.advance(count) };
        (count, more)
    }

    #[inline(always)]
    fn number(&mut self) -> Result<Number, Invalid> {
        let number = match number::short_decimal(self.text, self.at) {
            Some(number) => number,
            None => number::parse(self.text, self.at).map_err(|_| Invalid)?,
        };
        self.move_to(number.end);
        Ok(number)
    }

    #[inline(always)]
    fn literal(&mut self, literal: &'static [u8]) -> Result<(), Invalid> {
        if !self.text[self.at..].starts_with(literal) {
            return Err(Invalid);
        }
        self.move_to(self.at + literal.len());
        Ok(())
    }

    #[inline(never)]
    fn skip_value(&mut self, depth: usize) -> Result<usize, Invalid> {
        let mut cursor = self.cursor();
        cursor.skip_value(depth).map_err(|_| Invalid)?;
        self.move_to(cursor.at);
        Ok(cursor.at)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::mem::MaybeUninit;

    use super::super::Shape;
    use super::super::decode::{DecodeError, DecodeOptions, decode, decode_indexed};
    use super::super::text::valid;
    use super::SHORT;

    /// An object with members of most kinds, and itself among them, alone and in an array.
    pub(in super::super) fn shape() -> Shape {
        let put = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut description: Vec<u8> = put(&[13, 12, 0, 0, 13]);
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "\"", "ä", "j", "k"];
        for (node, name) in [1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 10, 11, 12].into_iter().zip(names) {
            description.extend::<Vec<u8>>(put(&[node, 0, name.len() as u32]));
            description.extend(name.bytes());
        }
        for [kind, flags, a, b] in [
            [1, 0, 64, 0],
            [4, 0, 0, 0],
            [3, 0, 64, 0],
            [0, 0, 0, 0],
            [10, 0, 3, 0],
            [11, 0, 2, 0],
            [7, 0, 0, 0],
            [9, 0, 0, 0],
            [2, 1, 8, 0],
            [11, 0, 1, 16],
            [10, 0, 1, 0],
            [10, 0, 0, 0],
        ] {
            description.extend::<Vec<u8>>(put(&[kind, flags, a, b]));
        }
        Shape::new(&description).unwrap()
    }

    type Decode = fn(
        &Shape,
        &[u8],
        DecodeOptions,
        &mut [MaybeUninit<u64>],
        &mut [MaybeUninit<u8>],
    ) -> Result<(usize, usize), DecodeError>;

    fn run(decode: Decode, shape: &Shape, text: &[u8]) -> Result<(Vec<u64>, Vec<u8>), DecodeError> {
        let mut words = [MaybeUninit::new(0); SHORT + 8];
        let mut strings = [MaybeUninit::new(0); 3 * SHORT];
        let options = DecodeOptions::default();
        let (word_count, string_count) = decode(shape, text, options, &mut words, &mut strings)?;
        // SAFETY: all of both was written.
        unsafe {
            Ok((
                words[..word_count].iter().map(|word| word.assume_init()).collect(),
                strings[..string_count].iter().map(|byte| byte.assume_init()).collect(),
            ))
        }
    }

    /// Members in and out of order, right and wrong, with what may stand between tokens.
    #[test]
    fn short_texts_are_decoded_as_by_an_index() {
        const VALUES: [&str; 39] = [
            "1",
            "-12",
            "12345678",
            "1234567890123456",
            "007",
            "-0",
            "1.5",
            "-0.25e2",
            "1e",
            "2.",
            "true",
            "false",
            "null",
            "nul",
            "\"\"",
            "\"x\"",
            "\"sixteen bytes and\"",
            "\"a\\n\\u00e4\"",
            "\"\\\"sixteen bytes\\\\, ä\\t, and \\/\"",
            "\"\\b\\f\\rä\"",
            "\"äö\u{20AC}\"",
            "\"\\x\"",
            "\"",
            "[1,2.5]",
            "[1,-2,300]",
            "[10,2,-0,4,007]",
            "[1,2 ,3,]",
            "[7,null,12345678901234567]",
            "\"12\"",
            "[]",
            "[1,]",
            "{}",
            "{\"a\":1}",
            "{\"5\":1,\"-0\":2}",
            "{\"-7\":1,\"32767\":2}",
            "{\"32768\":1}",
            "{,}",
            "\"\u{1}\"",
            "",
        ];
        const NAMES: [&str; 17] = [
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "\\\"", "ä", "A", "\\u0061", "no",
            "\u{1}", "", "j",
        ];
        const SPACES: [&str; 20] = [
            "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", " ", " ", "  ", "\n\t",
            "\u{1}",
        ];
        let shape = shape();
        let mut state = 7u64;
        let mut below = |limit: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as usize % limit
        };
        let (mut right, mut wrong) = (0, 0);
        for round in 0..200_000 {
            let mut pick = |list: &[&'static str]| list[below(list.len())];
            let mut text = pick(&SPACES).to_owned() + "{";
            for number in 0..round % 5 {
                text += if number > 0 { "," } else { "" };
                for part in [
                    pick(&SPACES),
                    "\"",
                    pick(&NAMES),
                    "\"",
                    pick(&SPACES),
                    ":",
                    pick(&SPACES),
                    pick(&VALUES),
                ] {
                    text += part;
                }
                text += pick(&SPACES);
            }
            text += "}";
            let mut text = text.into_bytes();
            match below(8) {
                0 => text.truncate(below(text.len())),
                1 => {
                    let place = below(text.len());
                    text[place] = below(256) as u8;
                }
                _ => {}
            }
            if text.len() > SHORT {
                continue;
            }
            let found = run(decode, &shape, &text);
            let indexed = run(decode_indexed::<false>, &shape, &text);
            // Of two faults either may be told.
            if found.is_ok() || indexed.is_ok() || valid(&text).is_ok() {
                assert_eq!(found, indexed, "{}", text.escape_ascii());
            }
            *(if found.is_ok() { &mut right } else { &mut wrong }) += 1;
        }
        assert!(right > 10_000 && wrong > 10_000, "{right} right, {wrong} wrong");
    }
}
