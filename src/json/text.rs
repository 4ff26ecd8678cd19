//! Operations on whole texts that build no values.

use std::borrow::Cow;
use std::collections::TryReserveError;

use super::error::Error;
use super::index::{self, Part};
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
    let line = Cow::Borrowed(usual_line(prefix, indent));
    let mut lines = Indent { text, start: 0, prefix, indent, depth: 0, line, out };
    let mut opened = false;
    match index::compact_parts(text, |part| lines.part(&part, &mut opened))? {
        Some(true) => {
            let value = text.trim_ascii_end().len();
            return lines.out.write(&text[value..]).map_err(Failure::Sink);
        }
        Some(false) => return Err(find_error(text).into()),
        None => {}
    }
    let mut cursor = Cursor::new(text);
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

/// How many bytes are copied together.
const BLOCK: usize = 32;

/// # Safety
/// `length` bytes rounded up to whole blocks, and one at least, can be read and written.
#[inline(always)]
unsafe fn copy_blocks(from: *const u8, length: usize, to: *mut u8) {
    let copy = |place: usize| {
        // SAFETY: the caller's promise.
        unsafe {
            let block = from.add(place).cast::<[u8; BLOCK]>().read_unaligned();
            to.add(place).cast::<[u8; BLOCK]>().write_unaligned(block);
        }
    };
    copy(0);
    let mut done = BLOCK;
    while done < length {
        copy(done);
        done += BLOCK;
    }
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

    /// Writes a part of the text. If a bracket was `opened` by its last byte, the line ends with the next part.
    #[inline(always)]
    fn part(&mut self, part: &Part, opened: &mut bool) -> Result<(), Failure<S::Error>> {
        let (mut start, mut operators) = (0, part.operators);
        if !*opened {
            let done;
            (start, done) = self.operators(part, opened)?;
            operators = &operators[done..];
        }
        for &at in operators {
            let at = at as usize;
            let operator = part.padded[at];
            let closes = matches!(operator, b'}' | b']');
            let empty = *opened && closes && at == start;
            if *opened && !empty {
                self.new_line()?;
            }
            *opened = false;
            let end = if closes { at } else { at + 1 };
            self.out.write_part(part.padded, start, end).map_err(Failure::Sink)?;
            start = end;
            match operator {
                b',' => self.new_line()?,
                b':' => self.out.write_few([b' '; 4], 1).map_err(Failure::Sink)?,
                b'{' | b'[' => {
                    *opened = true;
                    self.depth += 1;
                }
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if !empty {
                        self.new_line()?;
                    }
                }
            }
        }
        if start == part.length {
            return Ok(());
        }
        if *opened {
            self.new_line()?;
            *opened = false;
        }
        self.out.write_part(part.padded, start, part.length).map_err(Failure::Sink)
    }

    /// Writes a part up to its last operators, which may need more room or look at the next part. Tells where it ends, and
    /// behind how many operators.
    #[inline(always)]
    fn operators(
        &mut self,
        part: &Part,
        opened: &mut bool,
    ) -> Result<(usize, usize), Failure<S::Error>> {
        let (first, unit) = (1 + self.prefix.len(), self.indent.len());
        let text: &[u8] = &self.line;
        let Some(longest) = text.len().checked_sub(BLOCK) else { return Ok((0, 0)) };
        let usual = part.operators.len() * (first + self.depth * unit).min(2 * BLOCK);
        let room = self.out.spare(part.length + usual + 6 * BLOCK).map_err(Failure::Sink)?;
        let (to, room) = (room.as_mut_ptr().cast::<u8>(), room.len());
        // A line and blocks may be written behind what is looked at.
        let Some(room) = room.checked_sub(text.len() + 2 * BLOCK) else { return Ok((0, 0)) };
        let spaces = [b' '; BLOCK];
        // Behind a bracket that was opened last.
        let mut inside = usize::MAX;
        let (mut start, mut done, mut written) = (0, 0, 0);
        let mut depth = self.depth;
        for &at in part.operators {
            let at = at as usize;
            let [operator, next] = part.padded[at..at + 2] else { break };
            let opens = operator | 0x20 == b'{';
            let closes = operator | 0x20 == b'}';
            let end = at + usize::from(!closes);
            // A text that closes more than it opens is refused later.
            let depth_then = (depth + usize::from(opens)).saturating_sub(closes.into());
            let line = first + depth_then * unit;
            if line > longest || written + (end - start) > room || at + 1 == part.length {
                break;
            }
            let empty = opens && next == operator + 2 || closes && inside == at;
            let colon = operator == b':';
            let behind = if colon {
                1
            } else if empty {
                0
            } else {
                line
            };
            // SAFETY: there is room, and blocks can be read.
            unsafe {
                copy_blocks(part.padded.as_ptr().add(start), end - start, to.add(written));
                written += end - start;
                let from = if colon { spaces.as_ptr() } else { text.as_ptr() };
                copy_blocks(from, behind, to.add(written));
            }
            written += behind;
            depth = depth_then;
            inside = if opens { end } else { usize::MAX };
            start = end;
            done += 1;
        }
        self.depth = depth;
        // Its line is written unless it is closed here.
        *opened = inside == start && part.padded[start] == part.padded[start - 1] + 2;
        // SAFETY: so many were written.
        unsafe { self.out.advance(written) };
        Ok((start, done))
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
    use super::super::index::with_each_kernel;
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

    /// Whatever stands where a part of the text ends, and however much room is left there.
    #[test]
    fn all_kernels_indent_as_a_cursor_does() {
        const PIECES: [&str; 10] = [
            "{}",
            "[]",
            "{ \n }",
            "[[]]",
            "{\"a\":{}}",
            "[1, 2]",
            "\"\"",
            "\"ab cd\"",
            "-1.5",
            "{\"a\" : true}",
        ];
        let mut state = 5u64;
        let mut random = |limit: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % limit
        };
        for round in 0..210 {
            let depth = [1, 2, 5, 9, 40, 300][round % 6];
            let mut text = "[".repeat(depth) + "0";
            while text.len() < 9000 {
                text += [",", " ,", ", ", ",\n"][random(4)];
                match random(12) {
                    0 => text += &format!("\"{}\",", "x".repeat(random(100))),
                    1 => text += &" ".repeat(random(70)),
                    _ => {}
                }
                text += PIECES[random(PIECES.len())];
            }
            text += &"]".repeat(depth);
            text += [" ", "\n\n", ""][round % 7 % 3];
            let (prefix, step) =
                [("", "  "), ("", "\t"), ("> ", "--"), ("", ""), (">", "\t")][round % 5];
            let short = random(300);
            let mut want = None;
            with_each_kernel(|_| {
                let mut out = Vec::new();
                indent(text.as_bytes(), prefix.as_bytes(), step.as_bytes(), &mut out).unwrap();
                for room in [out.len(), out.len() - short, short, 0] {
                    let mut buffer = vec![MaybeUninit::new(0xAA); room + 8];
                    let mut lent = Lent::new(&mut buffer[..room]);
                    indent_to(text.as_bytes(), prefix.as_bytes(), step.as_bytes(), &mut lent)
                        .unwrap();
                    assert_eq!(lent.length(), out.len());
                    // SAFETY: all bytes were written when it was made.
                    let bytes: Vec<u8> =
                        buffer.iter().map(|byte| unsafe { byte.assume_init() }).collect();
                    if room == out.len() {
                        assert!(bytes[..room] == out);
                    }
                    assert_eq!(bytes[room..], [0xAA; 8]);
                }
                match &want {
                    None => want = Some(out), // by the portable kernel
                    Some(want) => assert!(out == *want, "{text}"),
                }
            });
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
            ("[1]]]]{}", TrailingData, 3),
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

    /// What is wrong may be found only when lines were written that it does not have.
    #[test]
    fn brackets_that_close_too_much_are_refused_far_behind() {
        for (prefix, step) in [("", "-"), ("", "\t"), (">", "--"), ("", ""), ("", "    ")] {
            for closing in [1, 2, 70] {
                let text = format!("[]{}{}", " ".repeat(5000), "]".repeat(closing));
                let mut out = Vec::new();
                let error = indent(text.as_bytes(), prefix.as_bytes(), step.as_bytes(), &mut out);
                let error = error.map_err(|error| (error.kind, error.offset));
                assert_eq!(error, Err((ErrorKind::TrailingData, 5002)));
                assert!(out.is_empty());
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
