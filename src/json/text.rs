//! Operations on whole texts that build no values.

use std::borrow::Cow;
use std::collections::TryReserveError;

use super::error::Error;
use super::index;
use super::scan::{Cursor, Token, Visitor};
use super::simd;
use super::sink::Sink;
use super::string::Escape;

/// Checks that `text` is one JSON value, with white space around it at most.
///
/// As in `encoding/json`, strings may contain invalid UTF-8, and nesting beyond
/// [`MAX_DEPTH`](super::MAX_DEPTH) is refused.
pub fn valid(text: &[u8]) -> Result<(), Error> {
    if index::is_valid(text) {
        return Ok(());
    }
    let mut cursor = Cursor::new(text);
    cursor.skip_value(0)?;
    cursor.finish()
}

/// What is wrong with a text that is known to be invalid.
#[cold]
pub(crate) fn find_error(text: &[u8]) -> Error {
    let mut cursor = Cursor::new(text);
    let result = cursor.skip_value(0).and_then(|()| cursor.finish());
    result.expect_err("the index and the cursor agree on what is valid")
}

/// What is wrong with a text that is known not to begin with a value.
#[cold]
pub(crate) fn find_error_of_value(text: &[u8]) -> Error {
    let result = Cursor::new(text).skip_value(0);
    result.expect_err("the index and the cursor agree on what is valid")
}

/// Appends `text` to `out` without the white space between its tokens, and checks it as [`valid`]
/// does. On failure `out` is as it was before.
pub fn compact(text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    append(out, text.len(), |out| Ok(compact_to(text, false, out)?))
}

/// Appends `text` to `out` with each element and member on a line of its own, which begins with `prefix`
/// and one `indent` for each array and object around it, and checks it as [`valid`] does. On
/// failure `out` is as it was before.
///
/// As in `encoding/json` the first line has no prefix, empty arrays and objects take no lines, white
/// space before the value is dropped and white space after it is kept. A text of n bytes can grow
/// to n²/4 times the length of `indent`, if it is all brackets.
pub fn indent(text: &[u8], prefix: &[u8], indent: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    append(out, text.len(), |out| Ok(indent_to(text, prefix, indent, out)?))
}

/// Appends `text` to `out` with `<`, `>`, `&`, U+2028 and U+2029 as `\u` escapes, so that it can
/// stand inside of `<script>` in HTML. Valid JSON has these characters in strings only; the text is not
/// checked. On failure, for want of memory, `out` is as it was before.
pub fn html_escape(text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    append(out, text.len(), |out| Ok(html_escape_to(text, out)?))
}

/// Runs an operation that appends about `length` bytes to `out`, and undoes it if it fails.
fn append(
    out: &mut Vec<u8>,
    length: usize,
    operation: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
) -> Result<(), Error> {
    let before = out.len();
    out.try_reserve(length)?;
    operation(out).inspect_err(|_| out.truncate(before))
}

/// Why an operation on a text failed.
#[derive(Debug)]
pub(crate) enum Failure<E> {
    /// The text is wrong, or there is no memory to work with.
    Text(Error),
    /// The sink took no more.
    Sink(E),
}

impl<E> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Failure::Text(error)
    }
}

impl<E: Into<Error>> From<Failure<E>> for Error {
    fn from(failure: Failure<E>) -> Self {
        match failure {
            Failure::Text(error) => error,
            Failure::Sink(error) => error.into(),
        }
    }
}

/// As [`compact`], and if `html` as [`html_escape`], into any sink.
pub(crate) fn compact_to<S: Sink>(
    text: &[u8],
    html: bool,
    out: &mut S,
) -> Result<(), Failure<S::Error>> {
    if !html
        && let Some(length) = index::compact(text, out.spare(text.len()).map_err(Failure::Sink)?)
    {
        // SAFETY: `compact` has written so many bytes.
        unsafe { out.advance(length) };
        return Ok(());
    }
    let mut cursor = Cursor::new(text);
    let mut runs = Compact { text, start: 0, html, out };
    cursor.walk(0, &mut runs)?;
    let end = cursor.at;
    cursor.finish()?;
    runs.flush(end)
}

/// Copies the runs between white space. What a text has none of costs nothing.
struct Compact<'a, S> {
    text: &'a [u8],
    /// Where the run begins that is not copied yet.
    start: usize,
    html: bool,
    out: &'a mut S,
}

impl<S: Sink> Compact<'_, S> {
    #[inline(always)]
    fn flush(&mut self, end: usize) -> Result<(), Failure<S::Error>> {
        let written = match self.html {
            true => html_escape_to(&self.text[self.start..end], self.out),
            false => self.out.write_part(self.text, self.start, end),
        };
        written.map_err(Failure::Sink)
    }
}

impl<S: Sink> Visitor for Compact<'_, S> {
    type Error = Failure<S::Error>;

    #[inline(always)]
    fn token(&mut self, _: Token, _: usize, _: usize) -> Result<(), Self::Error> {
        Ok(())
    }

    #[inline(always)]
    fn gap(&mut self, start: usize, end: usize) -> Result<(), Self::Error> {
        self.flush(start)?;
        self.start = end;
        Ok(())
    }
}

/// As [`indent`], into any sink.
pub(crate) fn indent_to<S: Sink>(
    text: &[u8],
    prefix: &[u8],
    indent: &[u8],
    out: &mut S,
) -> Result<(), Failure<S::Error>> {
    let mut cursor = Cursor::new(text);
    let line = Cow::Borrowed(usual_line(prefix, indent));
    let mut lines = Indent { text, start: 0, prefix, indent, depth: 0, line, out };
    cursor.walk(0, &mut lines)?;
    cursor.finish()?;
    // With the white space at the end.
    lines.flush(text.len())
}

/// Copies runs of tokens, and puts lines and spaces between them.
struct Indent<'a, S> {
    text: &'a [u8],
    /// Where the run begins that is not copied yet.
    start: usize,
    prefix: &'a [u8],
    indent: &'a [u8],
    depth: usize,
    /// The end of a line and the beginning of the next, for the greatest depth so far and then some.
    line: Cow<'static, [u8]>,
    out: &'a mut S,
}

/// What most lines are made of, so that short texts need no memory; else nothing.
fn usual_line(prefix: &[u8], indent: &[u8]) -> &'static [u8] {
    const fn line(byte: u8) -> [u8; 96] {
        let mut line = [byte; 96];
        line[0] = b'\n';
        line
    }
    static SPACES: [u8; 96] = line(b' ');
    static TABS: [u8; 96] = line(b'\t');
    let line = match indent {
        [b' ', ..] => &SPACES,
        [b'\t', ..] => &TABS,
        _ => return &[],
    };
    if prefix.is_empty() && indent.iter().all(|&byte| byte == indent[0]) { line } else { &[] }
}

impl<S: Sink> Indent<'_, S> {
    #[inline(always)]
    fn flush(&mut self, end: usize) -> Result<(), Failure<S::Error>> {
        if self.start != end {
            self.out.write_part(self.text, self.start, end).map_err(Failure::Sink)?;
            self.start = end;
        }
        Ok(())
    }

    fn new_line(&mut self) -> Result<(), Failure<S::Error>> {
        let length = 1 + self.prefix.len() + self.depth * self.indent.len();
        if self.line.len() < length {
            self.lengthen_line(length).map_err(Error::from)?;
        }
        self.out.write_part(&self.line, 0, length).map_err(Failure::Sink)
    }

    #[cold]
    fn lengthen_line(&mut self, length: usize) -> Result<(), TryReserveError> {
        let mut line = match std::mem::take(&mut self.line) {
            Cow::Owned(line) => line,
            Cow::Borrowed(_) => Vec::new(),
        };
        // Some more, which sinks may read and not write. What is doubled until it is long enough is not twice as long.
        let length = length + 64;
        line.try_reserve(2 * length)?;
        if line.is_empty() {
            line.write(b"\n")?;
            line.write(self.prefix)?;
            line.write(if self.indent.is_empty() { b" " } else { self.indent })?;
        }
        let first = 1 + self.prefix.len();
        while line.len() < length {
            line.extend_from_within(first..);
        }
        self.line = Cow::Owned(line);
        Ok(())
    }
}

impl<S: Sink> Visitor for Indent<'_, S> {
    type Error = Failure<S::Error>;

    #[inline(always)]
    fn token(&mut self, token: Token, start: usize, end: usize) -> Result<(), Self::Error> {
        match token {
            Token::Open { empty: false } => {
                self.flush(end)?;
                self.depth += 1;
                self.new_line()
            }
            Token::Close { empty: false } => {
                self.flush(start)?;
                self.depth -= 1;
                self.new_line()
            }
            Token::Comma => {
                self.flush(end)?;
                self.new_line()
            }
            Token::Colon => {
                self.flush(end)?;
                self.out.write_few([b' '; 4], 1).map_err(Failure::Sink)
            }
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn gap(&mut self, start: usize, end: usize) -> Result<(), Self::Error> {
        self.flush(start)?;
        self.start = end;
        Ok(())
    }
}

/// As [`html_escape`], into any sink.
pub(crate) fn html_escape_to<S: Sink>(text: &[u8], out: &mut S) -> Result<(), S::Error> {
    let mut start = 0;
    loop {
        let end = simd::find_html(text, start);
        out.write(&text[start..end])?;
        let (length, unit) = match text[end..] {
            [0xE2, 0x80, 0xA8, ..] => (3, 0x2028),
            [0xE2, 0x80, 0xA9, ..] => (3, 0x2029),
            [byte, ..] => (1, byte.into()),
            [] => return Ok(()),
        };
        out.write(Escape::unit(unit).as_bytes())?;
        start = end + length;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sink::Lent;
    use super::*;
    use crate::json::{ErrorKind, MAX_DEPTH};
    use std::mem::MaybeUninit;

    type Operation = fn(&[u8], &mut Vec<u8>) -> Result<(), Error>;

    fn run(operation: Operation, text: &str) -> Result<String, (ErrorKind, usize)> {
        let mut out = b"before ".to_vec();
        let result = operation(text.as_bytes(), &mut out);
        let out = String::from_utf8(out).unwrap();
        let appended = out.strip_prefix("before ").unwrap().to_owned();
        match result {
            Ok(()) => Ok(appended),
            Err(error) => {
                assert_eq!(appended, "", "left behind by a failure");
                Err((error.kind, error.offset))
            }
        }
    }

    #[test]
    fn compact_drops_white_space_between_tokens() {
        for (text, want) in [
            ("null", "null"),
            (" \t\r\n1 \n", "1"),
            (
                r#" { "a b" : [ 1 , "\u003c < \"" ] , "c":{ } , "d" : [ ] } "#,
                r#"{"a b":[1,"\u003c < \""],"c":{},"d":[]}"#,
            ),
            (r#"{"already":["compact",true]}"#, r#"{"already":["compact",true]}"#),
        ] {
            assert_eq!(run(compact, text).as_deref(), Ok(want));
        }
    }

    #[test]
    fn indent_gives_each_element_its_line() {
        let tabs: Operation = |text, out| indent(text, b"", b"\t", out);
        for (text, want) in [
            (" \n1", "1"),
            ("1 \n ", "1 \n "),
            ("[]", "[]"),
            ("{ }\n", "{}\n"),
            ("[[ ],{}]", "[\n\t[],\n\t{}\n]"),
            (
                r#"{"a":1,"b":[true,null]}"#,
                "{\n\t\"a\": 1,\n\t\"b\": [\n\t\ttrue,\n\t\tnull\n\t]\n}",
            ),
            (r#"{ "a" : { "b" : "," } }"#, "{\n\t\"a\": {\n\t\t\"b\": \",\"\n\t}\n}"),
        ] {
            assert_eq!(run(tabs, text).as_deref(), Ok(want));
        }
        let prefixed: Operation = |text, out| indent(text, b"> ", b"--", out);
        assert_eq!(
            run(prefixed, "[1,[2]]").as_deref(),
            Ok("[\n> --1,\n> --[\n> ----2\n> --]\n> ]")
        );
        let lines: Operation = |text, out| indent(text, b"", b"", out);
        assert_eq!(run(lines, "[1]").as_deref(), Ok("[\n1\n]"));
    }

    /// Lines become longer at each depth, far beyond what the first ones were made with.
    #[test]
    fn indent_of_any_depth_is_repeated_that_often() {
        let text = format!("{}0{}", "[".repeat(300), "]".repeat(300));
        for (prefix, step) in [
            ("", " "),
            ("", "\t\t"),
            ("", "  \t"),
            ("> ", "  "),
            ("> ", "abc"),
            ("prefix", ""),
            ("", &*"-".repeat(200)),
        ] {
            let mut out = Vec::new();
            indent(text.as_bytes(), prefix.as_bytes(), step.as_bytes(), &mut out).unwrap();
            let lines = String::from_utf8(out).unwrap();
            for (number, line) in lines.lines().enumerate().skip(1) {
                let start = format!("{prefix}{}", step.repeat(number.min(600 - number)));
                assert!(line.strip_prefix(&*start).is_some_and(|rest| rest.len() == 1), "{line}");
            }
            assert_eq!(lines.lines().count(), 601);
        }
    }

    #[test]
    fn html_escape_touches_five_characters() {
        for (text, want) in [
            ("", ""),
            (r#"{"<a href='&'>":"ü"}"#, r#"{"\u003ca href='\u0026'\u003e":"ü"}"#),
            ("“\u{2028}”\u{2029}\u{2027}", "“\\u2028”\\u2029\u{2027}"),
            ("not JSON & not refused", "not JSON \\u0026 not refused"),
        ] {
            assert_eq!(run(html_escape, text).as_deref(), Ok(want));
        }
        let mut out = Vec::new();
        html_escape(b"\xE2\x80", &mut out).unwrap();
        assert_eq!(out, b"\xE2\x80");
    }

    #[test]
    fn errors_say_what_and_where() {
        use ErrorKind::*;
        let tabs: Operation = |text, out| indent(text, b"", b"\t", out);
        let check: Operation = |text, _| valid(text);
        for (text, kind, offset) in [
            ("", UnexpectedEnd, 0),
            ("  ", UnexpectedEnd, 2),
            ("[1,]", ExpectedValue, 3),
            ("[1 2]", ExpectedCommaOrBracket, 3),
            ("[1}", ExpectedCommaOrBracket, 2),
            ("{1:2}", ExpectedName, 1),
            (r#"{"a" 1}"#, ExpectedColon, 5),
            (r#"{"a":1]"#, ExpectedCommaOrBrace, 6),
            (r#"{"a":1,}"#, ExpectedName, 7),
            ("1 2", TrailingData, 2),
            ("tru", UnexpectedEnd, 3),
            ("trux", ExpectedValue, 3),
            ("01", TrailingData, 1),
            ("-", UnexpectedEnd, 1),
            ("1.x", InvalidNumber, 2),
            ("\"\\x\"", InvalidEscape, 2),
            ("\"\\u12g4\"", InvalidEscape, 5),
            ("\"a\nb\"", ControlCharacter, 2),
            ("\"abc", UnexpectedEnd, 4),
            ("\u{FEFF}1", ExpectedValue, 0),
        ] {
            for operation in [check, compact, tabs] {
                assert_eq!(run(operation, text), Err((kind, offset)), "{text}");
            }
        }
    }

    #[test]
    fn depth_is_bounded_and_costs_no_stack() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let lines: Operation = |text, out| indent(text, b"", b"", out);
        let check: Operation = |text, _| valid(text);
        for operation in [check, compact, lines] {
            assert!(run(operation, &nested(MAX_DEPTH)).is_ok());
            let error = Err((ErrorKind::TooDeep, MAX_DEPTH));
            assert_eq!(run(operation, &nested(MAX_DEPTH + 1)), error);
            assert_eq!(run(operation, &"[".repeat(1 << 20)), error);
        }
    }

    /// At every depth what closes a value must be what opened it, and a comma must be followed by what
    /// it holds, also after the values inside were left.
    #[test]
    fn brackets_of_both_kinds_match_at_any_depth() {
        let object = |level: usize| level * level % 7 < 3;
        for depth in [1, 63, 64, 65, 66, 127, 128, 129, 193, 300] {
            let (mut text, mut closing) = (String::new(), Vec::new());
            for level in 0..depth {
                text += if object(level) { r#"{"":"# } else { "[" };
                closing.push(if object(level) { r#","a":[]}"# } else { ",{}]" });
            }
            text += "0";
            let mut places = Vec::new();
            for &end in closing.iter().rev() {
                text += end;
                places.push(text.len() - 1);
            }
            valid(text.as_bytes()).unwrap();
            for place in places {
                let mut wrong = text.clone().into_bytes();
                wrong[place] ^= b'}' ^ b']';
                assert_eq!(valid(&wrong).unwrap_err().offset, place, "depth {depth}");
            }
        }
    }

    #[test]
    fn a_lent_buffer_reports_what_it_lacks() {
        let text = br#"{"a": [1, "<"]}"#;
        for capacity in 0..20 {
            let mut buffer = vec![MaybeUninit::new(b'?'); capacity];
            let mut lent = Lent::new(&mut buffer);
            compact_to(text, true, &mut lent).unwrap();
            assert_eq!((lent.length(), lent.fits()), (18, capacity >= 18));
            let mut lent = Lent::new(&mut buffer);
            compact_to(text, false, &mut lent).unwrap();
            assert_eq!((lent.length(), lent.fits()), (13, capacity >= 13));
        }
    }
}
