//! Checks of a text that go beyond the grammar, for those who want no text to be read in two ways.

use std::borrow::Cow;
use std::collections::HashSet;

use super::error::{Error, ErrorKind};
use super::scan::{Cursor, Token, Visitor};
use super::string;

/// What a text must keep to, besides the grammar.
#[derive(Clone, Copy, Debug)]
pub struct Strictness {
    /// No object has two members of the same name.
    pub unique_names: bool,
    /// Strings and names are UTF-8, and no escape is half of a surrogate pair.
    pub utf8: bool,
    /// How deep arrays and objects may be nested; [`MAX_DEPTH`](super::MAX_DEPTH) is the limit in any case.
    pub max_depth: usize,
}

/// Checks that `text` is one value, and that it keeps to `strictness`.
///
/// # Errors
/// The first in the text: at the second of two equal names, at what is no character, or at the bracket that is too
/// deep.
pub fn check(text: &[u8], strictness: Strictness) -> Result<(), Error> {
    let mut checker = Checker {
        text,
        strictness,
        is_utf8: !strictness.utf8 || string::is_utf8(text),
        depth: 0,
        last: (0, 0),
        marks: Vec::new(),
        names: Vec::new(),
        objects: Vec::new(),
        scratch: String::new(),
    };
    let mut cursor = Cursor::new(text);
    cursor.walk(0, &mut checker)?;
    cursor.finish()
}

struct Checker<'a> {
    text: &'a [u8],
    strictness: Strictness,
    /// Nothing in the text needs to be looked at for UTF-8.
    is_utf8: bool,
    depth: usize,
    /// Where the last scalar is.
    last: (usize, usize),
    /// The names of all open objects that have few of them, and numbers that tell most of them apart.
    names: Vec<Cow<'a, [u8]>>,
    marks: Vec<u32>,
    objects: Vec<Object<'a>>,
    scratch: String,
}

/// An open object.
struct Object<'a> {
    /// Where its names begin.
    first: usize,
    /// All of its names, if there are many.
    many: Option<HashSet<Cow<'a, [u8]>>>,
}

/// How many names of an object are compared one by one.
const FEW: usize = 64;

/// The ends of a name and its length, mixed.
fn mark(name: &[u8]) -> u32 {
    let end = |bytes: Option<&[u8; 8]>| bytes.copied().map(u64::from_le_bytes);
    let mixed = match (end(name.first_chunk()), end(name.last_chunk())) {
        (Some(first), Some(last)) => first ^ last.rotate_left(29),
        _ => {
            let mut bytes = [0; 8];
            bytes[..name.len()].copy_from_slice(name);
            u64::from_le_bytes(bytes)
        }
    };
    ((mixed ^ name.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

/// Whether a mark is among some. All of a few are compared, so that it takes no branch for each.
fn is_among(marks: &[u32], mark: u32) -> bool {
    let (eights, rest) = marks.as_chunks::<8>();
    eights.iter().any(|eight| eight.iter().fold(false, |found, &other| found | (other == mark)))
        || rest.contains(&mark)
}

impl<'a> Checker<'a> {
    /// Notes a name of the innermost object; tells whether that has it already.
    fn is_known(&mut self, raw: &'a [u8]) -> Result<bool, Error> {
        let Some(object) = self.objects.last_mut() else { return Ok(false) };
        // What nearly all names are needs no other look.
        let value = match raw.is_ascii() && !raw.contains(&b'\\') {
            true => Cow::Borrowed(raw),
            false => match string::value(raw) {
                Cow::Borrowed(value) => Cow::Borrowed(value.as_bytes()),
                Cow::Owned(value) => Cow::Owned(value.into_bytes()),
            },
        };
        if let Some(many) = &mut object.many {
            many.try_reserve(1)?;
            return Ok(!many.insert(value));
        }
        let mark = mark(&value);
        let few = &self.names[object.first..];
        if is_among(&self.marks[object.first..], mark) && few.contains(&value) {
            return Ok(true);
        }
        if few.len() < FEW {
            self.names.try_reserve(1)?;
            self.marks.try_reserve(1)?;
            self.names.push(value);
            self.marks.push(mark);
            return Ok(false);
        }
        // The texts are anyone's, so that names are hashed with a key.
        let mut many = HashSet::new();
        many.try_reserve(2 * FEW)?;
        many.extend(self.names.drain(object.first..));
        self.marks.truncate(object.first);
        many.insert(value);
        object.many = Some(many);
        Ok(false)
    }

    /// Checks the string with quotes that is at `start..end`.
    fn check_string(&mut self, start: usize, end: usize) -> Result<(), Error> {
        let raw = &self.text[start + 1..end - 1];
        if self.is_utf8 && !raw.contains(&b'\\') {
            return Ok(());
        }
        self.scratch.clear();
        string::unescape_strict(raw, &mut self.scratch).map_err(|error| error.after(start + 1))
    }
}

impl Visitor for Checker<'_> {
    type Error = Error;

    fn token(&mut self, token: Token, start: usize, end: usize) -> Result<(), Error> {
        let unique_names = self.strictness.unique_names;
        match token {
            Token::Scalar => {
                self.last = (start, end);
                if self.strictness.utf8 && self.text[start] == b'"' {
                    self.check_string(start, end)?;
                }
            }
            Token::Colon if unique_names => {
                let (start, end) = self.last;
                if self.is_known(&self.text[start + 1..end - 1])? {
                    return Err(Error { kind: ErrorKind::DuplicateName, offset: start });
                }
            }
            Token::Open { .. } => {
                if self.depth >= self.strictness.max_depth {
                    return Err(Error { kind: ErrorKind::TooDeep, offset: start });
                }
                self.depth += 1;
                if unique_names && self.text[start] == b'{' {
                    self.objects.try_reserve(1)?;
                    self.objects.push(Object { first: self.names.len(), many: None });
                }
            }
            Token::Close { .. } => {
                self.depth -= 1;
                if unique_names
                    && self.text[start] == b'}'
                    && let Some(object) = self.objects.pop()
                {
                    self.names.truncate(object.first);
                    self.marks.truncate(object.first);
                }
            }
            Token::Colon | Token::Comma => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::MAX_DEPTH;

    const ALL: Strictness = Strictness { unique_names: true, utf8: true, max_depth: 3 };
    const NONE: Strictness = Strictness { unique_names: false, utf8: false, max_depth: MAX_DEPTH };

    #[test]
    fn finds_the_first_fault() {
        use ErrorKind::*;
        for (text, want) in [
            (&b"{\"a\":1,\"b\":{\"a\":2},\"c\":[{\"a\":3},{\"a\":4}]}"[..], None),
            (b"{\"a\":1,\"b\":2,\"a\":3}", Some((DuplicateName, 13))),
            (b"{\"a\":{\"b\":1,\"b\":2},\"a\":3}", Some((DuplicateName, 12))),
            (b"{\"a\":{\"b\":1},\"a\":{\"c\":1,\"c\":2}}", Some((DuplicateName, 13))),
            (b"{\"a\":1,\"\\u0061\":2}", Some((DuplicateName, 7))),
            (b"{\"\":1,\"\":2}", Some((DuplicateName, 6))),
            (b"{\"a\":1,\"A\":2,\"a\\u0000\":3,\"a \":4}", None),
            (b"[\"\xC3\xA4\",\"\\ud83d\\ude00\"]", None),
            (b"[\"x\xFF\"]", Some((InvalidUtf8, 3))),
            (b"[\"x\\ud83d\"]", Some((LoneSurrogate, 3))),
            (b"{\"\\ude00\\ud83d\":1}", Some((LoneSurrogate, 2))),
            (b"{\"\xC3\":1}", Some((InvalidUtf8, 2))),
            (b"[[[]]]", None),
            (b"[[{}],[{},[[]]]]", Some((TooDeep, 11))),
            (b"[[[[", Some((TooDeep, 3))),
            (b"{\"a\":1,}", Some((ExpectedName, 7))),
            (b"{\"a\":1,\"a\":2,}", Some((DuplicateName, 7))),
            (b"{\"a\":1} x", Some((TrailingData, 8))),
            (b"\"a\"", None),
            (b"", Some((UnexpectedEnd, 0))),
        ] {
            let found = check(text, ALL).err().map(|error| (error.kind, error.offset));
            assert_eq!(found, want, "{}", text.escape_ascii());
            let valid = check(text, NONE).is_ok();
            assert_eq!(valid, crate::json::valid(text).is_ok(), "{}", text.escape_ascii());
        }
    }

    /// Every number of names, each of them repeated, with and without an object among them.
    #[test]
    fn many_names_are_compared() {
        for count in 0..100 {
            for nested in ["1", "{\"name 0 of many\":{}}"] {
                let names: Vec<String> = (0..count)
                    .map(|number| format!("\"name {number} of many\":{nested}"))
                    .collect();
                let text = format!("{{{}}}", names.join(","));
                assert_eq!(check(text.as_bytes(), ALL), Ok(()), "{text}");
                for name in &names {
                    let twice = format!("{{{},{name}}}", names.join(","));
                    let want = Error { kind: ErrorKind::DuplicateName, offset: text.len() };
                    assert_eq!(check(twice.as_bytes(), ALL), Err(want), "{twice}");
                }
            }
        }
    }
}
