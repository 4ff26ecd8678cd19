//! Strings: their values from the text between the quotes, and literals from values.

use std::borrow::Cow;
use std::collections::TryReserveError;
use std::mem::MaybeUninit;

use super::base64;
use super::error::{Error, ErrorKind};
use super::simd;
use super::sink::Sink;

/// What stands for bytes and escapes that are no character, as in `encoding/json`.
const REPLACEMENT: &str = "\u{FFFD}";

/// Appends the value of a string to `out`, given the text between its quotes, which was checked. Every
/// invalid byte, and every half of a surrogate pair that lacks the other, becomes U+FFFD, so that
/// the value is UTF-8; it is at most three times as long as `raw`.
pub(crate) fn unescape_lenient<S: Sink>(raw: &[u8], out: &mut S) -> Result<(), S::Error> {
    unescape(raw, |bytes, out| write_lossy(bytes, REPLACEMENT, out), out)
}

/// As [`unescape_lenient`], for text that is known to be UTF-8.
pub(crate) fn unescape_utf8<S: Sink>(raw: &[u8], out: &mut S) -> Result<(), S::Error> {
    unescape(raw, |bytes, out: &mut S| out.write(bytes), out)
}

#[inline(always)]
fn unescape<S: Sink>(
    raw: &[u8],
    write_beyond_ascii: impl Fn(&[u8], &mut S) -> Result<(), S::Error>,
    out: &mut S,
) -> Result<(), S::Error> {
    let mut pieces = Pieces::of(raw);
    loop {
        // Text that is written in ASCII has rows of them.
        while let Some(character) =
            code_unit(&raw[pieces.at..]).and_then(|unit| char::from_u32(unit.into()))
        {
            write_character(character, out)?;
            pieces.at += 6;
        }
        match pieces.next() {
            Some((_, Piece::Plain { bytes, ascii: true })) => out.write(bytes)?,
            Some((_, Piece::Plain { bytes, ascii: false })) => write_beyond_ascii(bytes, out)?,
            Some((_, Piece::Character(character))) => write_character(character, out)?,
            Some((_, Piece::Lone(_))) => out.write(REPLACEMENT.as_bytes())?,
            None => return Ok(()),
        }
    }
}

/// The value of a string as [`unescape_lenient`] makes it, borrowed where it is the text itself.
pub(crate) fn value(raw: &[u8]) -> Cow<'_, str> {
    if simd::find_backslash(raw, 0).0 == raw.len()
        && let Ok(value) = check_utf8(raw)
    {
        return value.into();
    }
    let mut value = Vec::new();
    // Where there is no memory to copy it, a string is of no use to anyone.
    unescape_lenient(raw, &mut value).expect("memory for a string");
    String::from_utf8(value).expect("UTF-8, which unescaping makes").into()
}

/// As [`unescape_lenient`], but what is no character is an error. Its offset is relative to `raw`.
pub(crate) fn unescape_strict(raw: &[u8], out: &mut String) -> Result<(), Error> {
    // No escape is shorter than its character.
    out.try_reserve(raw.len())?;
    for (offset, piece) in Pieces::of(raw) {
        match piece {
            Piece::Plain { bytes, .. } => {
                out.push_str(check_utf8(bytes).map_err(|error| error.after(offset))?);
            }
            Piece::Character(character) => out.push(character),
            Piece::Lone(_) => return Err(Error { kind: ErrorKind::LoneSurrogate, offset }),
        }
    }
    Ok(())
}

/// As [`unescape_lenient`], but what is no character is kept: bytes as they are, halves of surrogate
/// pairs in the form of UTF-8 (known as WTF-8). The value is no longer than `raw`.
pub(crate) fn unescape_bytes(raw: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    for (_, piece) in Pieces::of(raw) {
        match piece {
            Piece::Plain { bytes, .. } => out.write(bytes)?,
            Piece::Character(character) => write_character(character, out)?,
            Piece::Lone(half) => {
                let low_six = |bits: u16| 0x80 | (bits & 0x3F) as u8;
                out.write(&[0xED, low_six(half >> 6), low_six(half)])?;
            }
        }
    }
    Ok(())
}

/// Whether `bytes` are valid UTF-8. What is wrong with them is for the standard library to say, which takes
/// several times as long.
#[inline]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Text without escapes as a string.
pub(crate) fn check_utf8(raw: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(raw)
        .map_err(|error| Error { kind: ErrorKind::InvalidUtf8, offset: error.valid_up_to() })
}

/// A part of the text between a string's quotes.
enum Piece<'a> {
    /// Bytes without escapes.
    Plain { bytes: &'a [u8], ascii: bool },
    /// An escape, or a pair of them.
    Character(char),
    /// The escape of a surrogate that is not part of a pair.
    Lone(u16),
}

/// The parts of the text between a string's quotes, with their offsets.
struct Pieces<'a> {
    raw: &'a [u8],
    at: usize,
}

impl<'a> Pieces<'a> {
    fn of(raw: &'a [u8]) -> Self {
        Pieces { raw, at: 0 }
    }

    /// Reads the escape whose backslash is at the front of `rest`; returns its length, too.
    fn escape(rest: &[u8]) -> (Piece<'a>, usize) {
        let simple = |character| (Piece::Character(character), 2);
        match rest.get(1) {
            Some(b'b') => simple('\u{8}'),
            Some(b'f') => simple('\u{C}'),
            Some(b'n') => simple('\n'),
            Some(b'r') => simple('\r'),
            Some(b't') => simple('\t'),
            Some(b'u') => {
                let unit = code_unit(rest).unwrap_or(0);
                if let Some(character) = char::from_u32(unit.into()) {
                    return (Piece::Character(character), 6);
                }
                let next = rest.get(6..).and_then(code_unit);
                let pair = [unit, next.unwrap_or(0)];
                match char::decode_utf16(pair).next() {
                    Some(Ok(character)) => (Piece::Character(character), 12),
                    _ => (Piece::Lone(unit), 6),
                }
            }
            // A quote, a backslash or a slash.
            byte => simple(char::from(byte.copied().unwrap_or(b'\\'))),
        }
    }
}

/// The number that the escape `\uXXXX` at the front of `text` stands for, if there is one.
#[inline(always)]
pub(crate) fn code_unit(text: &[u8]) -> Option<u16> {
    let [b'\\', b'u', digits @ ..] = text.first_chunk::<6>()? else { return None };
    let [a, b, c, d] = digits.map(|digit| HEX[usize::from(digit)]);
    u16::try_from(a << 12 | b << 8 | c << 4 | d).ok()
}

/// The values of hexadecimal digits; all ones for other bytes.
const HEX: [u32; 256] = {
    let mut values = [u32::MAX; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        values[digit as usize] = value;
        values[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    values
};

impl<'a> Iterator for Pieces<'a> {
    type Item = (usize, Piece<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.at;
        let piece = match self.raw.get(offset)? {
            b'\\' => {
                let (piece, length) = Self::escape(&self.raw[offset..]);
                // An escape that was cut off can't lead beyond the end.
                self.at = self.raw.len().min(offset + length);
                piece
            }
            _ => {
                let (end, ascii) = simd::find_backslash(self.raw, offset);
                self.at = end;
                Piece::Plain { bytes: &self.raw[offset..end], ascii }
            }
        };
        Some((offset, piece))
    }
}

#[inline]
fn write_character<S: Sink>(character: char, out: &mut S) -> Result<(), S::Error> {
    let mut bytes = [0; 4];
    let length = character.encode_utf8(&mut bytes).len();
    out.write_few(bytes, length)
}

/// Writes `bytes` with `replacement` in place of each invalid one. As in Go, each byte of a sequence that
/// is cut short counts, where Rust replaces the sequence.
fn write_lossy<S: Sink>(bytes: &[u8], replacement: &str, out: &mut S) -> Result<(), S::Error> {
    if is_utf8(bytes) {
        return out.write(bytes);
    }
    for chunk in bytes.utf8_chunks() {
        out.write(chunk.valid().as_bytes())?;
        for _ in chunk.invalid() {
            out.write(replacement.as_bytes())?;
        }
    }
    Ok(())
}

/// Writes `value` as a string literal in the form of `encoding/json`: U+2028 and U+2029 are escaped,
/// which old JavaScript takes for ends of lines, and if `html` `<`, `>` and `&`; invalid bytes become
/// `\ufffd`. The literal is at most six times as long as `value`, and its quotes.
#[inline]
pub(crate) fn escape<S: Sink>(value: &[u8], html: bool, out: &mut S) -> Result<(), S::Error> {
    if html { escape_go::<true, S>(value, out) } else { escape_go::<false, S>(value, out) }
}

#[inline]
fn escape_go<const HTML: bool, S: Sink>(value: &[u8], out: &mut S) -> Result<(), S::Error> {
    out.write(b"\"")?;
    let mut start = 0;
    loop {
        let (end, ascii) = simd::find_escape::<HTML>(value, start);
        let (length, escape) = match &value[end..] {
            [0xE2, 0x80, 0xA8, ..] => (3, Escape::unit(0x2028)),
            [0xE2, 0x80, 0xA9, ..] => (3, Escape::unit(0x2029)),
            [byte, ..] => (1, Escape::byte(*byte)),
            [] => (0, Escape::NONE),
        };
        if ascii {
            out.write(&value[start..end])?;
        } else {
            write_lossy(&value[start..end], "\\ufffd", out)?;
        }
        if length == 0 {
            return out.write(b"\"");
        }
        out.write(escape.as_bytes())?;
        start = end + length;
    }
}

/// Appends what stands between the quotes of a string literal for `rest`, with no more escapes than RFC 8259, section 7,
/// asks for.
pub(crate) fn escape_minimally(mut rest: &[u8], out: &mut Vec<u8>) -> Result<(), TryReserveError> {
    loop {
        // A block more, so that the last one needs no care.
        let room = out.spare(rest.len() + 16)?;
        let plain = simd::copy_plain(rest, room);
        // SAFETY: so many bytes were copied there.
        unsafe { out.advance(plain) };
        let Some(&byte) = rest.get(plain) else { return Ok(()) };
        out.write(Escape::byte(byte).as_bytes())?;
        rest = &rest[plain + 1..];
    }
}

/// The escape of one character.
pub(crate) struct Escape {
    text: [u8; 6],
    length: usize,
}

impl Escape {
    const NONE: Self = Escape { text: [0; 6], length: 0 };

    /// The shortest escape of an ASCII character.
    pub(crate) fn byte(byte: u8) -> Self {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x0C => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => return Self::unit(byte.into()),
        };
        Escape { text: [b'\\', short, 0, 0, 0, 0], length: 2 }
    }

    /// The escape `\uXXXX`.
    pub(crate) fn unit(unit: u16) -> Self {
        let digit = |shift: u32| b"0123456789abcdef"[usize::from(unit >> shift & 0xF)];
        Escape { text: [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)], length: 6 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

/// Writes `bytes` as a string literal in base64, as Go writes byte slices.
pub(crate) fn base64<S: Sink>(bytes: &[u8], out: &mut S) -> Result<(), S::Error> {
    out.write(b"\"")?;
    let length = base64::encoded_length(bytes.len());
    if let Some(room) = out.spare(length)?.get_mut(..length) {
        base64::encode(bytes, room);
        // SAFETY: so many bytes were written to the spare room.
        unsafe { out.advance(length) };
        return out.write(b"\"");
    }
    // All that fits, and the rest is counted.
    const CHUNK: usize = 3 << 8;
    let mut room = [MaybeUninit::uninit(); base64::encoded_length(CHUNK)];
    for chunk in bytes.chunks(CHUNK) {
        out.write(base64::encode(chunk, &mut room))?;
    }
    out.write(b"\"")
}

#[cfg(test)]
mod tests {
    use super::super::output::Output;
    use super::super::sink::Lent;
    use super::*;

    /// Raw text, its lenient value, and its strict one or the error.
    #[test]
    fn values_of_strings() {
        use ErrorKind::{InvalidUtf8, LoneSurrogate};
        let refused = |kind, offset| Err(Error { kind, offset });
        let long = "a plain run that is longer than one block ";
        let table: &[(&[u8], &str, Result<(), Error>)] = &[
            (b"", "", Ok(())),
            (long.as_bytes(), long, Ok(())),
            ("ä€𝄞".as_bytes(), "ä€𝄞", Ok(())),
            (br#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t", Ok(())),
            (br"\u0000\u0041\u00e4\u20AC\uFFff", "\0Aä€\u{FFFF}", Ok(())),
            (br"\ud834\udd1E.", "𝄞.", Ok(())),
            (br"ab\ud834", "ab\u{FFFD}", refused(LoneSurrogate, 2)),
            (br"\udd1e\ud834", "\u{FFFD}\u{FFFD}", refused(LoneSurrogate, 0)),
            (br"\ud834\ud834\udd1e", "\u{FFFD}𝄞", refused(LoneSurrogate, 0)),
            (br"\ud834\u0041", "\u{FFFD}A", refused(LoneSurrogate, 0)),
            (br"\ud834\n", "\u{FFFD}\n", refused(LoneSurrogate, 0)),
            (b"\\n\xFF", "\n\u{FFFD}", refused(InvalidUtf8, 2)),
            // Cut off, overlong, a surrogate, beyond U+10FFFF: each byte counts.
            (b"a\xE2\x82", "a\u{FFFD}\u{FFFD}", refused(InvalidUtf8, 1)),
            (b"\xC0\x80", "\u{FFFD}\u{FFFD}", refused(InvalidUtf8, 0)),
            (b"\xED\xA0\x80", "\u{FFFD}\u{FFFD}\u{FFFD}", refused(InvalidUtf8, 0)),
            (b"\xF4\x90\x80\x80", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}", refused(InvalidUtf8, 0)),
        ];
        for (raw, lenient, strict) in table {
            let mut out = Vec::new();
            unescape_lenient(raw, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), *lenient, "{}", raw.escape_ascii());
            if is_utf8(raw) {
                let mut out = Vec::new();
                unescape_utf8(raw, &mut out).unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), *lenient, "{}", raw.escape_ascii());
            }
            // A buffer that is just long enough, and one that is not.
            for missing in 0..lenient.len().min(5) {
                let mut room = vec![MaybeUninit::uninit(); lenient.len() - missing];
                let mut out = Output::new(&mut room);
                assert_eq!(unescape_lenient(raw, &mut out).is_ok(), missing == 0);
                assert!(lenient.as_bytes().starts_with(out.written()));
            }
            let mut out = String::new();
            assert_eq!(unescape_strict(raw, &mut out), *strict, "{}", raw.escape_ascii());
            if strict.is_ok() {
                assert_eq!(out, *lenient);
            }
        }
    }

    #[test]
    fn bytes_keep_what_is_no_character() {
        for (raw, want) in [
            (&b"\xFF\\n"[..], &b"\xFF\n"[..]),
            (br"\ud834x\udfff", b"\xED\xA0\xB4x\xED\xBF\xBF"),
            (br"\ud834\udd1e", "𝄞".as_bytes()),
        ] {
            let mut out = Vec::new();
            unescape_bytes(raw, &mut out).unwrap();
            assert_eq!(out, want);
        }
    }

    #[test]
    fn text_that_was_not_checked_does_no_harm() {
        for raw in [&b"\\"[..], b"\\u", b"\\u12", b"\\uzzzz", b"\\ud834\\u", b"\\x"] {
            let mut out = Vec::new();
            unescape_lenient(raw, &mut out).unwrap();
            assert!(std::str::from_utf8(&out).is_ok() && out.len() <= 3 * raw.len());
        }
    }

    /// A value, and its literal with HTML escapes, without, and with as few as possible.
    #[test]
    fn literals_of_values() {
        for (value, html, plain, minimal) in [
            ("", r#""""#, r#""""#, r#""""#),
            ("<a & b>", r#""\u003ca \u0026 b\u003e""#, r#""<a & b>""#, r#""<a & b>""#),
            ("\"\\/", r#""\"\\/""#, r#""\"\\/""#, r#""\"\\/""#),
            (
                "\u{8}\u{C}\n\r\t\0\u{1F}\u{7F}",
                "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u{7F}\"",
                "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u{7F}\"",
                "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u{7F}\"",
            ),
            (
                "“ä\u{2028}\u{2029}”",
                r#""“ä\u2028\u2029”""#,
                r#""“ä\u2028\u2029”""#,
                "\"“ä\u{2028}\u{2029}”\"",
            ),
        ] {
            for (html, want) in [(true, html), (false, plain)] {
                let mut out = Vec::new();
                escape(value.as_bytes(), html, &mut out).unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), want);
            }
            let mut out = Vec::new();
            escape_minimally(value.as_bytes(), &mut out).unwrap();
            assert_eq!(format!("\"{}\"", String::from_utf8(out).unwrap()), minimal);
        }
        for (value, want) in [
            (&b"a\xFFb"[..], r#""a\ufffdb""#),
            (b"\xE2\x80", r#""\ufffd\ufffd""#),
            (b"\xE2\x80\n\xE2", r#""\ufffd\ufffd\n\ufffd""#),
            (b"\xED\xA0\x80", r#""\ufffd\ufffd\ufffd""#),
        ] {
            let mut out = Vec::new();
            escape(value, false, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }

    #[test]
    fn base64_of_some_length() {
        let mut out = Vec::new();
        base64(&[0; 1000], &mut out).unwrap();
        let want = format!("\"{}A==\"", "A".repeat(1333));
        assert_eq!(out, want.as_bytes());
        for room in [0, 1, 100, 1337] {
            let mut room = vec![MaybeUninit::uninit(); room];
            let mut lent = Lent::new(&mut room);
            base64(&[0; 1000], &mut lent).unwrap();
            assert_eq!(lent.length(), want.len());
        }
    }
}
