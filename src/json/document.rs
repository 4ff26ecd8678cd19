//! Documents: texts that are parsed once, and read where something is wanted.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::error::Error;
use super::number;
use super::string;
use super::tape::{self, Kind, Node, Stop};
use super::text;

/// A JSON text and what was found in it. Nothing is built of the values: they are read out of the text when they are
/// asked for, numbers exactly as they stand there.
///
/// As in `encoding/json`, strings may contain what is no character, which reads as U+FFFD; of members with the same name the
/// last one counts. Texts of 2 GiB and more are refused.
///
/// ```
/// let document = tandem::json::Document::parse(br#"{"teas":[{"name":"Sencha","price":7.90}]}"#)?;
/// let price = document.root().find("/teas/0/price").unwrap().expect("a price");
/// assert_eq!((price.number(), price.as_f64()), (Some("7.90"), Some(7.9)));
/// # Ok::<(), tandem::json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document<'a> {
    text: Cow<'a, [u8]>,
    tape: Vec<u64>,
}

impl<'a> Document<'a> {
    /// Parses a text, which the document refers to.
    pub fn parse(text: &'a [u8]) -> Result<Self, Error> {
        Ok(Document { tape: tape_of(text)?, text: Cow::Borrowed(text) })
    }

    /// Parses a text, of which the document keeps a copy.
    pub fn copied(text: &[u8]) -> Result<Document<'static>, Error> {
        let tape = tape_of(text)?;
        let mut copy = Vec::new();
        copy.try_reserve_exact(text.len())?;
        copy.extend_from_slice(text);
        Ok(Document { tape, text: Cow::Owned(copy) })
    }

    /// The text's value.
    pub fn root(&self) -> Value<'_> {
        self.at(0)
    }

    /// The text as it was given.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The value, or the name of a member, with a number that [`Value::place`] gave.
    pub(crate) fn value(&self, place: usize) -> Option<Value<'_>> {
        let value = self.at(place);
        (place < self.tape.len() && !value.is_end()).then_some(value)
    }

    fn at(&self, place: usize) -> Value<'_> {
        Value { text: &self.text, node: Node { tape: &self.tape, place } }
    }
}

fn tape_of(text: &[u8]) -> Result<Vec<u64>, Error> {
    let (all, most) = tape::capacities(text);
    let mut words = Vec::new();
    for capacity in [most, all] {
        words.try_reserve_exact(capacity)?;
        match tape::write(text, words.spare_capacity_mut()) {
            Ok(length) => {
                // SAFETY: `write` wrote the first `length` words.
                unsafe { words.set_len(length) };
                return Ok(words);
            }
            Err(Stop::Text(error)) => return Err(error),
            Err(Stop::Full) => {}
        }
    }
    unreachable!("there is room for the tape of any text")
}

/// A value of a [`Document`].
#[derive(Clone, Copy)]
pub struct Value<'d> {
    text: &'d [u8],
    node: Node<'d>,
}

impl<'d> Value<'d> {
    /// What kind of value it is.
    pub fn kind(self) -> Kind {
        self.node.kind().unwrap_or(Kind::Null)
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// A boolean.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.node.payload() != 0)
    }

    /// A number as it stands in the text.
    pub fn number(self) -> Option<&'d str> {
        // Checked, and so ASCII.
        (self.kind() == Kind::Number).then(|| std::str::from_utf8(self.raw()).ok())?
    }

    /// A number that is an integer, written without fraction and exponent, and fits.
    pub fn as_i64(self) -> Option<i64> {
        self.parse_number().and_then(|number| number.to_int(self.raw(), 64))
    }

    /// A number that is an integer, written without fraction and exponent, and fits.
    pub fn as_u64(self) -> Option<u64> {
        self.parse_number().and_then(|number| number.to_uint(self.raw(), 64))
    }

    /// The double that is closest to a number; none if that would be infinite.
    pub fn as_f64(self) -> Option<f64> {
        self.parse_number().and_then(|number| number.to_f64(self.raw()))
    }

    fn parse_number(self) -> Option<number::Number> {
        (self.kind() == Kind::Number).then(|| number::parse(self.raw(), 0).ok())?
    }

    /// A string's value, which is borrowed unless there are escapes, or bytes that are not UTF-8.
    pub fn as_str(self) -> Option<Cow<'d, str>> {
        (self.kind() == Kind::String).then(|| string::value(self.inner()))
    }

    /// What stands between a string's quotes.
    fn inner(self) -> &'d [u8] {
        let raw = self.raw();
        raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()
    }

    /// How many elements an array has, or members an object, those of the same name counted each; 0 for other values.
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Array | Kind::Object => self.node.payload(),
            _ => 0,
        }
    }

    /// Whether [`Self::len`] is 0.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The bytes of the text that are the value.
    pub fn span(self) -> Range<usize> {
        self.node.start()..self.node.end()
    }

    /// The value as it stands in the text.
    pub fn raw(self) -> &'d [u8] {
        self.text.get(self.span()).unwrap_or_default()
    }

    /// The elements of an array; none for other values.
    pub fn elements(self) -> Elements<'d> {
        let left = if self.kind() == Kind::Array { self.node.payload() } else { 0 };
        Elements { next: self.at(self.node.place + 2), left }
    }

    /// The members of an object in their order; none for other values.
    pub fn members(self) -> Members<'d> {
        let left = if self.kind() == Kind::Object { self.node.payload() } else { 0 };
        Members { next: self.at(self.node.place + 2), left }
    }

    /// The member of an object with this name, the last if there are several.
    pub fn get(self, name: &str) -> Option<Value<'d>> {
        // Nearly all names stand in the text as they are. With an escape they are longer there; what is no character, and so
        // becomes U+FFFD, may be shorter.
        let plain = !name.contains(['\\', char::REPLACEMENT_CHARACTER]);
        let mut found = None;
        let mut members = self.members();
        while let Some((key, value)) = members.step() {
            let inner = key.inner();
            if plain && inner == name.as_bytes()
                || (!plain || inner.len() > name.len()) && string::value(inner) == name
            {
                found = Some(value);
            }
        }
        found
    }

    /// The element of an array at `index`, from 0.
    pub fn index(self, index: usize) -> Option<Value<'d>> {
        self.elements().nth(index)
    }

    /// The value that a JSON Pointer (RFC 6901) leads to from here, if there is one.
    pub fn find(self, pointer: &str) -> Result<Option<Value<'d>>, PointerError> {
        let mut tokens = pointer.split('/');
        if tokens.next() != Some("") {
            return Err(PointerError(()));
        }
        let mut value = Some(self);
        for token in tokens {
            let name = reference(token)?;
            value = value.and_then(|value| match value.kind() {
                Kind::Object => value.get(&name),
                Kind::Array => value.index(array_index(&name)?),
                _ => None,
            });
        }
        Ok(value)
    }

    /// Appends the value without white space between its tokens to `out`.
    pub fn compact(self, out: &mut Vec<u8>) -> Result<(), Error> {
        text::compact(self.raw(), out)
    }

    /// Appends the value to `out` as [`indent`](super::indent) formats it.
    pub fn indent(self, prefix: &[u8], indent: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        text::indent(self.raw(), prefix, indent, out)
    }

    /// The value's number in its document.
    pub(crate) fn place(self) -> usize {
        self.node.place
    }

    /// The first element of an array, or the name of the first member of an object.
    pub(crate) fn first(self) -> Option<Value<'d>> {
        (!self.is_empty()).then(|| self.at(self.node.place + 2))
    }

    /// What follows in the array or object around this.
    pub(crate) fn next_sibling(self) -> Option<Value<'d>> {
        let behind = self.behind();
        (behind.node.place < self.node.tape.len() && !behind.is_end()).then_some(behind)
    }

    fn behind(self) -> Value<'d> {
        self.at(self.node.next())
    }

    /// Whether this is no value, but the end of the array or object around it.
    fn is_end(self) -> bool {
        self.node.kind().is_none()
    }

    fn at(self, place: usize) -> Value<'d> {
        Value { node: Node { place, ..self.node }, ..self }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.raw()).fmt(f)
    }
}

/// A part of a pointer, with its escapes resolved.
fn reference(token: &str) -> Result<Cow<'_, str>, PointerError> {
    if !token.contains('~') {
        return Ok(token.into());
    }
    if !token.split('~').skip(1).all(|rest| rest.starts_with(['0', '1'])) {
        return Err(PointerError(()));
    }
    Ok(token.replace("~1", "/").replace("~0", "~").into())
}

/// An index has no sign and no zeros in front.
fn array_index(name: &str) -> Option<usize> {
    let canonical = name == "0" || !name.starts_with(['0', '+']);
    canonical.then(|| name.parse().ok())?
}

/// A text is no JSON Pointer: it must be empty or begin with `/`, and `~` must be followed by `0` or `1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointerError(());

impl fmt::Display for PointerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON Pointer is empty or begins with '/', and has '~' only in '~0' and '~1'")
    }
}

impl std::error::Error for PointerError {}

/// The elements of an array.
#[derive(Clone, Debug)]
pub struct Elements<'d> {
    next: Value<'d>,
    left: usize,
}

impl<'d> Iterator for Elements<'d> {
    type Item = Value<'d>;

    #[inline]
    fn next(&mut self) -> Option<Value<'d>> {
        self.left = self.left.checked_sub(1)?;
        let value = self.next;
        self.next = value.behind();
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Elements<'_> {}

/// The members of an object: names and values.
#[derive(Clone, Debug)]
pub struct Members<'d> {
    next: Value<'d>,
    left: usize,
}

impl<'d> Members<'d> {
    #[inline]
    fn step(&mut self) -> Option<(Value<'d>, Value<'d>)> {
        self.left = self.left.checked_sub(1)?;
        let name = self.next;
        let value = name.behind();
        self.next = value.behind();
        Some((name, value))
    }
}

impl<'d> Iterator for Members<'d> {
    type Item = (Cow<'d, str>, Value<'d>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.step()?;
        Some((string::value(name.inner()), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Members<'_> {}
