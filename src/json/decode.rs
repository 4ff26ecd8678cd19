//! Decoding by a shape: one pass over a text that checks all of it and writes a _run_, a flat sequence of
//! words and string bytes in which names are numbers, numbers are binary, strings are unescaped
//! and counts come before elements. Whoever builds values walks the run once and stores.
//! docs/run.md has its format.

use super::error::{Error, ErrorKind};
use super::number;
use super::output::{Full, Output};
use super::scan::{Cursor, Span};
use super::shape::{Found, Kind, Members, Names, Shape};
use super::string;

/// Ends an object with known members, in place of a head.
pub const END: u64 = u64::MAX;

/// Bit of an array's payload: each element has a head.
pub const LOOSE: u64 = 1 << 31;

/// How deep the arrays and objects of a text may be nested to be decoded by a shape.
pub const MAX_SHAPE_DEPTH: usize = 256;

/// Labels of values whose kind the shape leaves open.
pub mod tag {
    /// A boolean; the payload is its value.
    pub const BOOL: u64 = 1;
    /// A number; the bits of a double follow.
    pub const FLOAT: u64 = 2;
    /// A number; the payload is the length of its text.
    pub const NUMBER: u64 = 3;
    /// A string; the payload is its length.
    pub const STRING: u64 = 4;
    /// An array; the payload is its count, and tagged elements follow.
    pub const ARRAY: u64 = 5;
    /// An object; the payload is its count. For each member the name's length and a tagged value follow.
    pub const OBJECT: u64 = 6;
}

/// What a decoder does beyond its shape.
#[derive(Clone, Copy, Debug, Default)]
pub struct DecodeOptions {
    /// Numbers of open kind keep their text.
    pub use_number: bool,
    /// Members that the shape does not know are a mismatch.
    pub disallow_unknown: bool,
}

/// Why a text was not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The text is no valid JSON.
    Syntax(Error),
    /// A value does not fit its node, or needs what this decoder leaves to its caller; the rest of
    /// the text was not checked. Holds the offset of the value.
    Mismatch(usize),
    /// The buffers are too small.
    Full,
    /// The text may be the beginning of a value. Only where values may follow each other.
    Incomplete,
}

impl From<Error> for DecodeError {
    fn from(error: Error) -> Self {
        match error.kind {
            // Deep texts are valid, up to a point that the caller's own decoder knows.
            ErrorKind::TooDeep => DecodeError::Mismatch(error.offset),
            _ => DecodeError::Syntax(error),
        }
    }
}

impl From<Full> for DecodeError {
    fn from(_: Full) -> Self {
        DecodeError::Full
    }
}

/// Decodes `text` into a run; returns the lengths of its words and its text.
///
/// `text.len() + 8` words and `3 * text.len()` bytes of text are always enough. Texts of 2 GiB and
/// more are a mismatch.
pub fn decode(
    shape: &Shape,
    text: &[u8],
    options: DecodeOptions,
    words: &mut [std::mem::MaybeUninit<u64>],
    strings: &mut [std::mem::MaybeUninit<u8>],
) -> Result<(usize, usize), DecodeError> {
    if i32::try_from(text.len()).is_err() {
        return Err(DecodeError::Mismatch(0));
    }
    let mut decoder = Decoder::new(shape, text, options, words, strings);
    decoder.value(0, 0, 0)?;
    decoder.cursor.finish()?;
    Ok((decoder.words.len(), decoder.strings.len()))
}

/// What [`decode_values`] decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// How many values.
    pub count: usize,
    /// The length of their words.
    pub words: usize,
    /// The length of their text.
    pub strings: usize,
}

/// Decodes values that follow each other at the beginning of `text`, each to the offset of its end and its run. Commas
/// separate them if `commas`, else nothing does, or white space.
///
/// Ends before a value that can't be decoded, does not fit the buffers or may go on behind the text, and at `limit`: no
/// value but the first is begun there or later. If that leaves nothing, it is an error.
pub fn decode_values(
    shape: &Shape,
    text: &[u8],
    options: DecodeOptions,
    commas: bool,
    limit: usize,
    words: &mut [std::mem::MaybeUninit<u64>],
    strings: &mut [std::mem::MaybeUninit<u8>],
) -> Result<Values, DecodeError> {
    if i32::try_from(text.len()).is_err() {
        return Err(DecodeError::Mismatch(0));
    }
    let mut decoder = Decoder::new(shape, text, options, words, strings);
    let mut values = Values::default();
    loop {
        match decoder.value_and_end() {
            Ok(()) => {}
            Err(_) if values.count > 0 => return Ok(values),
            Err(DecodeError::Syntax(Error { kind: ErrorKind::UnexpectedEnd, .. })) => {
                return Err(DecodeError::Incomplete);
            }
            Err(error) => return Err(error),
        }
        values.count += 1;
        values.words = decoder.words.len();
        values.strings = decoder.strings.len();
        if commas {
            if decoder.cursor.peek_token() != Some(b',') {
                return Ok(values);
            }
            decoder.cursor.at += 1;
        }
        if decoder.cursor.at >= limit {
            return Ok(values);
        }
    }
}

type Result<T, E = DecodeError> = std::result::Result<T, E>;

struct Decoder<'a> {
    shape: &'a Shape,
    options: DecodeOptions,
    cursor: Cursor<'a>,
    words: Output<'a, u64>,
    strings: Output<'a, u8>,
    /// An unescaped string.
    scratch: Vec<u8>,
}

fn head(payload: usize, label: u64) -> u64 {
    (payload as u64) << 32 | label << 1
}

impl<'a> Decoder<'a> {
    fn new(
        shape: &'a Shape,
        text: &'a [u8],
        options: DecodeOptions,
        words: &'a mut [std::mem::MaybeUninit<u64>],
        strings: &'a mut [std::mem::MaybeUninit<u8>],
    ) -> Self {
        Decoder {
            shape,
            options,
            cursor: Cursor::new(text),
            words: Output::new(words),
            strings: Output::new(strings),
            scratch: Vec::new(),
        }
    }

    /// Decodes the value at the cursor, behind a word that says where it ends.
    fn value_and_end(&mut self) -> Result<()> {
        let place = self.words.push(0)?;
        self.value(0, 0, 0)?;
        let end = self.cursor.at;
        // More may follow a scalar, if only a digit.
        if end == self.cursor.text.len() && !matches!(self.cursor.text.last(), Some(b'}' | b']')) {
            return Err(DecodeError::Incomplete);
        }
        self.words.written()[place] = end as u64;
        Ok(())
    }

    #[cold]
    fn mismatch(&self) -> DecodeError {
        DecodeError::Mismatch(self.cursor.at)
    }

    /// Decodes the value at the cursor.
    fn value(&mut self, node: usize, label: u64, depth: usize) -> Result<()> {
        let shape = self.shape;
        let mut node = &shape.nodes[node];
        while let Kind::Optional { element } = node.kind {
            node = &shape.nodes[element];
        }
        let first = self.cursor.peek_token();
        if first == Some(b'n') && !matches!(node.kind, Kind::Raw) {
            self.cursor.literal(b"null")?;
            self.words.push(head(0, label) | 1)?;
            return Ok(());
        }
        if node.quoted {
            return self.quoted(&node.kind, label);
        }
        match (&node.kind, first) {
            (Kind::Struct(members), Some(b'{')) => self.members(members, label, depth),
            (Kind::String | Kind::Bytes | Kind::Text, Some(b'"')) => self.string(label),
            (Kind::Array { element }, Some(b'[')) => self.array(*element, label, depth),
            (Kind::Map { names, element }, Some(b'{')) => self.map(*names, *element, label, depth),
            (
                Kind::Int { .. } | Kind::Uint { .. } | Kind::Float64 | Kind::Float32,
                Some(b'-' | b'0'..=b'9'),
            ) => {
                let bits = self.number(&node.kind)?;
                self.words.push(head(0, label))?;
                self.words.push(bits)?;
                Ok(())
            }
            (Kind::Bool, Some(b't')) => self.boolean(true, label),
            (Kind::Bool, Some(b'f')) => self.boolean(false, label),
            (Kind::Number, Some(b'-' | b'0'..=b'9')) => self.number_text(label),
            (Kind::Any, Some(_)) => {
                self.words.push(head(self.cursor.at, label))?;
                self.any(depth)
            }
            (Kind::Raw, Some(_)) => {
                let start = self.cursor.at;
                self.cursor.skip_value(depth)?;
                let null = u64::from(first == Some(b'n'));
                self.words.push(head(self.cursor.at - start, label) | null)?;
                self.words.push(start as u64)?;
                Ok(())
            }
            (_, Some(b'{' | b'[' | b'"' | b't' | b'f' | b'-' | b'0'..=b'9')) => {
                Err(self.mismatch())
            }
            _ => Err(self.cursor.error(ErrorKind::ExpectedValue).into()),
        }
    }

    fn boolean(&mut self, value: bool, label: u64) -> Result<()> {
        self.cursor.literal(if value { b"true" } else { b"false" })?;
        self.words.push(head(value.into(), label))?;
        Ok(())
    }

    /// Decodes the number at the cursor to its bits.
    #[inline(always)]
    fn number(&mut self, kind: &Kind) -> Result<u64> {
        let (start, text) = (self.cursor.at, self.cursor.text);
        let number = self.scan_number()?;
        let literal = &text[start..number.end];
        let bits = match *kind {
            Kind::Int { bits } => number.to_int(literal, bits).map(|value| value as u64),
            Kind::Uint { bits } => number.to_uint(literal, bits),
            Kind::Float32 => number.to_f32(literal).map(|value| f64::from(value).to_bits()),
            _ => number.to_f64(literal).map(f64::to_bits),
        };
        bits.ok_or(DecodeError::Mismatch(start))
    }

    #[inline(always)]
    fn scan_number(&mut self) -> Result<number::Number> {
        match number::parse(self.cursor.text, self.cursor.at) {
            Ok(number) => {
                self.cursor.at = number.end;
                Ok(number)
            }
            Err(offset) => {
                self.cursor.at = offset;
                Err(self.cursor.error(ErrorKind::InvalidNumber).into())
            }
        }
    }

    fn number_text(&mut self, label: u64) -> Result<()> {
        let start = self.cursor.at;
        let end = self.scan_number()?.end;
        self.strings.extend(&self.cursor.text[start..end])?;
        self.words.push(head(end - start, label))?;
        Ok(())
    }

    /// Decodes the string at the cursor.
    #[inline(always)]
    fn string(&mut self, label: u64) -> Result<()> {
        let span = self.cursor.string()?;
        let length = self.unescape(span)?;
        self.words.push(head(length, label))?;
        Ok(())
    }

    /// Appends a string's value to the run's text; returns its length.
    #[inline(always)]
    fn unescape(&mut self, span: Span) -> Result<usize> {
        let raw = &self.cursor.text[span.start..span.end];
        if span.plain {
            self.strings.extend(raw)?;
            return Ok(raw.len());
        }
        self.unescape_slowly(raw)
    }

    fn unescape_slowly(&mut self, raw: &[u8]) -> Result<usize> {
        let start = self.strings.len();
        string::unescape_lenient(raw, &mut self.strings)?;
        Ok(self.strings.len() - start)
    }

    /// Decodes a scalar that stands inside a string, as the `,string` option of `encoding/json` has it.
    fn quoted(&mut self, kind: &Kind, label: u64) -> Result<()> {
        let start = self.cursor.at;
        if self.cursor.peek() != Some(b'"') {
            return Err(self.mismatch());
        }
        let span = self.cursor.string()?;
        let mut outer = Vec::new();
        let inner = unescaped(&self.cursor.text[span.start..span.end], &mut outer)?;
        let literal = |bits: Option<u64>| bits.ok_or(DecodeError::Mismatch(start));
        let number = match kind {
            Kind::Int { .. } | Kind::Uint { .. } | Kind::Float32 | Kind::Float64 => {
                number::parse(inner, 0).ok().filter(|number| number.end == inner.len())
            }
            _ => None,
        };
        let bits = match (kind, inner, number) {
            (_, b"null", _) => {
                self.words.push(head(0, label) | 1)?;
                return Ok(());
            }
            (Kind::Bool, b"true", _) => {
                self.words.push(head(1, label))?;
                return Ok(());
            }
            (Kind::Bool, b"false", _) => {
                self.words.push(head(0, label))?;
                return Ok(());
            }
            (Kind::String, [b'"', ..], _) => {
                let mut cursor = Cursor::new(inner);
                let whole = cursor.string().ok().filter(|_| cursor.at == inner.len());
                let span = whole.ok_or(DecodeError::Mismatch(start))?;
                let length = self.unescape_slowly(&inner[span.start..span.end])?;
                self.words.push(head(length, label))?;
                return Ok(());
            }
            (Kind::Int { bits }, _, Some(number)) => {
                literal(number.to_int(inner, *bits).map(|value| value as u64))?
            }
            (Kind::Uint { bits }, _, Some(number)) => literal(number.to_uint(inner, *bits))?,
            (Kind::Float32, _, Some(number)) => {
                literal(number.to_f32(inner).map(|value| f64::from(value).to_bits()))?
            }
            (Kind::Float64, _, Some(number)) => literal(number.to_f64(inner).map(f64::to_bits))?,
            _ => return Err(DecodeError::Mismatch(start)),
        };
        self.words.push(head(0, label))?;
        self.words.push(bits)?;
        Ok(())
    }

    /// Enters the array or object at the cursor; tells whether it has anything in it.
    #[inline(always)]
    fn enter(&mut self, close: u8, depth: usize) -> Result<bool> {
        if depth >= MAX_SHAPE_DEPTH {
            return Err(self.mismatch());
        }
        self.cursor.at += 1;
        if self.cursor.peek_token() == Some(close) {
            self.cursor.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Moves on to the next element or member; tells whether there is one.
    #[inline(always)]
    fn next(&mut self, close: u8) -> Result<bool> {
        match self.cursor.peek_token() {
            Some(b',') => {
                self.cursor.at += 1;
                if close == b'}' {
                    self.cursor.peek_token();
                }
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.cursor.at += 1;
                Ok(false)
            }
            _ if close == b'}' => Err(self.cursor.error(ErrorKind::ExpectedCommaOrBrace).into()),
            _ => Err(self.cursor.error(ErrorKind::ExpectedCommaOrBracket).into()),
        }
    }

    fn members(&mut self, members: &Members, label: u64, depth: usize) -> Result<()> {
        self.words.push(head(0, label))?;
        let mut expected = 0;
        let mut more = self.enter(b'}', depth)?;
        while more {
            let start = self.cursor.at;
            let span = self.cursor.name()?;
            let raw = &self.cursor.text[span.start..span.end];
            let found = if span.plain {
                members.find(raw, &mut expected)
            } else {
                members.find(unescaped(raw, &mut self.scratch)?, &mut expected)
            };
            match found {
                Found::Member(number) => {
                    self.value(members.list[number].node, number as u64, depth + 1)?
                }
                Found::Nothing if !self.options.disallow_unknown => {
                    self.cursor.peek_token();
                    self.cursor.skip_value(depth + 1)?;
                }
                _ => return Err(DecodeError::Mismatch(start)),
            }
            more = self.next(b'}')?;
        }
        self.words.push(END)?;
        Ok(())
    }

    fn array(&mut self, element: usize, label: u64, depth: usize) -> Result<()> {
        let place = self.words.push(head(0, label))?;
        let shape = self.shape;
        let node = &shape.nodes[element];
        let more = self.enter(b']', depth)?;
        let payload = match node.kind {
            Kind::Int { .. } | Kind::Uint { .. } | Kind::Float32 | Kind::Float64
                if !node.quoted =>
            {
                self.numbers(&node.kind, more)?
            }
            _ => {
                let mut count = 0;
                let mut more = more;
                while more {
                    self.value(element, 0, depth + 1)?;
                    count += 1;
                    more = self.next(b']')?;
                }
                count
            }
        };
        self.words.written()[place] = head(payload, label);
        Ok(())
    }

    /// Decodes the numbers of an array; returns its payload.
    fn numbers(&mut self, kind: &Kind, mut more: bool) -> Result<usize> {
        let first = self.words.len();
        let mut count = 0;
        let mut loose = false;
        while more {
            match self.cursor.peek_token() {
                Some(b'-' | b'0'..=b'9') => {
                    let bits = self.number(kind)?;
                    if loose {
                        self.words.push(head(0, 0))?;
                    }
                    self.words.push(bits)?;
                }
                Some(b'n') => {
                    self.cursor.literal(b"null")?;
                    if !loose {
                        self.loosen(first)?;
                        loose = true;
                    }
                    self.words.push(1)?;
                }
                Some(b'{' | b'[' | b'"' | b't' | b'f') => return Err(self.mismatch()),
                _ => return Err(self.cursor.error(ErrorKind::ExpectedValue).into()),
            }
            count += 1;
            more = self.next(b']')?;
        }
        Ok(if loose { count | LOOSE as usize } else { count })
    }

    /// Gives a head to each of the words from `first` on.
    fn loosen(&mut self, first: usize) -> Result<()> {
        let count = self.words.len() - first;
        for _ in 0..count {
            self.words.push(0)?;
        }
        let words = &mut self.words.written()[first..];
        for number in (0..count).rev() {
            words[2 * number + 1] = words[number];
            words[2 * number] = head(0, 0);
        }
        Ok(())
    }

    fn map(&mut self, names: Names, element: usize, label: u64, depth: usize) -> Result<()> {
        let place = self.words.push(head(0, label))?;
        let mut count = 0;
        let mut more = self.enter(b'}', depth)?;
        while more {
            let span = self.cursor.name()?;
            let name = match names {
                Names::Strings => self.unescape(span)? as u64,
                Names::Ints { bits } => self.integer_name(span, |number, name| {
                    number.to_int(name, bits).map(|value| value as u64)
                })?,
                Names::Uints { bits } => {
                    self.integer_name(span, |number, name| number.to_uint(name, bits))?
                }
            };
            self.words.push(name)?;
            self.value(element, 0, depth + 1)?;
            count += 1;
            more = self.next(b'}')?;
        }
        self.words.written()[place] = head(count, label);
        Ok(())
    }

    /// A member name that is an integer, in the form that numbers have in JSON.
    fn integer_name(
        &self,
        span: Span,
        convert: impl Fn(number::Number, &[u8]) -> Option<u64>,
    ) -> Result<u64> {
        let name = &self.cursor.text[span.start..span.end];
        let number = number::parse(name, 0).ok().filter(|number| number.end == name.len());
        number.and_then(|number| convert(number, name)).ok_or(DecodeError::Mismatch(span.start))
    }

    /// Decodes the value at the cursor with its kind as a tag.
    fn any(&mut self, depth: usize) -> Result<()> {
        match self.cursor.peek_token() {
            Some(b'"') => self.string(tag::STRING),
            Some(b'-' | b'0'..=b'9') if self.options.use_number => self.number_text(tag::NUMBER),
            Some(b'-' | b'0'..=b'9') => {
                let bits = self.number(&Kind::Float64)?;
                self.words.push(head(0, tag::FLOAT))?;
                self.words.push(bits)?;
                Ok(())
            }
            Some(b'{') => {
                let place = self.words.push(0)?;
                let mut count = 0;
                let mut more = self.enter(b'}', depth)?;
                while more {
                    let span = self.cursor.name()?;
                    let length = self.unescape(span)?;
                    self.words.push(length as u64)?;
                    self.any(depth + 1)?;
                    count += 1;
                    more = self.next(b'}')?;
                }
                self.words.written()[place] = head(count, tag::OBJECT);
                Ok(())
            }
            Some(b'[') => {
                let place = self.words.push(0)?;
                let mut count = 0;
                let mut more = self.enter(b']', depth)?;
                while more {
                    self.any(depth + 1)?;
                    count += 1;
                    more = self.next(b']')?;
                }
                self.words.written()[place] = head(count, tag::ARRAY);
                Ok(())
            }
            Some(b't') => self.boolean(true, tag::BOOL),
            Some(b'f') => self.boolean(false, tag::BOOL),
            Some(b'n') => {
                self.cursor.literal(b"null")?;
                self.words.push(1)?;
                Ok(())
            }
            _ => Err(self.cursor.error(ErrorKind::ExpectedValue).into()),
        }
    }
}

/// A string's value: `raw` itself where that is it already, else unescaped into `scratch`.
fn unescaped<'b>(raw: &'b [u8], scratch: &'b mut Vec<u8>) -> Result<&'b [u8]> {
    if !raw.contains(&b'\\') && string::is_utf8(raw) {
        return Ok(raw);
    }
    scratch.clear();
    string::unescape_lenient(raw, scratch).map_err(|_| DecodeError::Full)?;
    Ok(scratch)
}
