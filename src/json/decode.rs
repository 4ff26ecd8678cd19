//! Decoding by a shape: one walk over the tokens of a text that checks all of it and writes a _run_, a flat sequence
//! of words and string bytes in which names are numbers, numbers are binary, strings are unescaped
//! and counts come before elements. Whoever builds values walks the run once and stores.
//! docs/run.md has its format.

use super::base64;
use super::error::{Error, ErrorKind};
use super::index::{Places, Tokens};
use super::number;
use super::output::{Full, Output};
use super::scan::Cursor;
use super::shape::{Found, Guess, Kind, Members, Names, Next, Node, Shape};
use super::short::{SHORT, Short};
use super::simd;
use super::sink::Sink;
use super::string;
use super::text;
use super::unescape;
use super::walk::{Invalid, Walk};

mod parts;

pub use parts::{Progress, decode_part};

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
    /// The names of members that the shape knows are told by case.
    pub exact_names: bool,
    /// Strings that are written in the text as they are get their place there, and are not copied.
    pub borrow: bool,
    /// Two words before each run tell how many strings and how many numbers with a double there are in its values of open kind.
    pub count: bool,
}

/// Bit of a string's place: it is in the run's text, not in the input.
pub const COPIED: u64 = 1 << 63;

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

/// Why the walk ended early.
#[derive(Clone, Copy, Debug)]
enum Stop {
    Invalid,
    Mismatch(usize),
    Full,
}

impl Stop {
    /// The error for the caller. What is wrong with an invalid text is found by going over it again.
    fn into_error(self, find: impl FnOnce() -> Error) -> DecodeError {
        match self {
            Stop::Full => DecodeError::Full,
            Stop::Mismatch(offset) => DecodeError::Mismatch(offset),
            Stop::Invalid => match find() {
                // Deep texts are valid, up to a point that the caller's own decoder knows.
                Error { kind: ErrorKind::TooDeep, offset } => DecodeError::Mismatch(offset),
                error => DecodeError::Syntax(error),
            },
        }
    }
}

impl From<Invalid> for Stop {
    fn from(_: Invalid) -> Self {
        Stop::Invalid
    }
}

impl From<Full> for Stop {
    fn from(_: Full) -> Self {
        Stop::Full
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
    if options.borrow {
        return decode_indexed::<true>(shape, text, options, words, strings);
    }
    if text.len() > SHORT {
        return decode_indexed::<false>(shape, text, options, words, strings);
    }
    Decoder::<_, false, false>::new(shape, Short::new(text), options, words, strings).whole()
}

/// As [`decode`], by an index of the text.
#[inline(never)]
pub(super) fn decode_indexed<const BORROW: bool>(
    shape: &Shape,
    text: &[u8],
    options: DecodeOptions,
    words: &mut [std::mem::MaybeUninit<u64>],
    strings: &mut [std::mem::MaybeUninit<u8>],
) -> Result<(usize, usize), DecodeError> {
    if i32::try_from(text.len()).is_err() {
        return Err(DecodeError::Mismatch(0));
    }
    let mut places = Places::new();
    let tokens = Tokens::new(text, &mut places);
    Decoder::<_, BORROW, false>::new(shape, tokens, options, words, strings).whole()
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
    match options.borrow {
        false => values_as::<false>(shape, text, options, commas, limit, words, strings),
        true => values_as::<true>(shape, text, options, commas, limit, words, strings),
    }
}

fn values_as<const BORROW: bool>(
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
    let mut places = Places::new();
    let tokens = Tokens::new(text, &mut places);
    let mut decoder = Decoder::<_, BORROW, false>::new(shape, tokens, options, words, strings);
    let mut values = Values::default();
    loop {
        match decoder.value_and_end(values.count == 0) {
            Ok(Some(end)) => {
                values.count += 1;
                values.words = decoder.words.len();
                values.strings = decoder.strings.len();
                let more = match commas {
                    true => decoder.tokens.byte() == b',' && decoder.tokens.at() + 1 < limit,
                    false => end < limit,
                };
                if !more {
                    return Ok(values);
                }
            }
            _ if values.count > 0 => return Ok(values),
            Ok(None) => return Err(DecodeError::Incomplete),
            Err(stop) => return Err(decoder.error_of_first_value(stop)),
        }
        // A comma that is followed by nothing is for the next call to find.
        if commas && decoder.tokens.advance().is_err() {
            return Ok(values);
        }
    }
}

type Result<T, E = Stop> = std::result::Result<T, E>;

/// With `BORROW`, strings that are not empty have their place behind them. With `PARTS`, the text may be a part of a value's.
struct Decoder<'a, W, const BORROW: bool, const PARTS: bool> {
    shape: &'a Shape,
    options: DecodeOptions,
    tokens: W,
    words: Output<'a, u64>,
    strings: Output<'a, u8>,
    /// An unescaped string.
    scratch: Vec<u8>,
    /// The strings and the doubles in values of open kind.
    counts: [u64; 2],
    /// How often the shape may still be told to expect another member. Threads that see texts of different forms would
    /// otherwise take the memory of these numbers from each other again and again.
    lessons: usize,
    /// Only with `PARTS`.
    progress: Option<&'a mut Progress>,
}

#[inline(always)]
pub(super) fn head(payload: usize, label: u64) -> u64 {
    (payload as u64) << 32 | label << 1
}

impl<'a, W: Walk<'a>, const BORROW: bool, const PARTS: bool> Decoder<'a, W, BORROW, PARTS> {
    #[inline(always)]
    fn new(
        shape: &'a Shape,
        tokens: W,
        options: DecodeOptions,
        words: &'a mut [std::mem::MaybeUninit<u64>],
        strings: &'a mut [std::mem::MaybeUninit<u8>],
    ) -> Self {
        Decoder {
            shape,
            options,
            lessons: 16 + tokens.text().len() / 2048,
            tokens,
            words: Output::new(words),
            strings: Output::new(strings),
            scratch: Vec::new(),
            counts: [0; 2],
            progress: None,
        }
    }

    /// Decodes a text that is one value; returns the lengths of its words and its text.
    #[inline(always)]
    fn whole(mut self) -> Result<(usize, usize), DecodeError> {
        let text = self.tokens.text();
        match self.only_value() {
            Ok(()) => Ok((self.words.len(), self.strings.len())),
            Err(stop) => Err(stop.into_error(|| text::find_error(text))),
        }
    }

    #[inline(always)]
    fn only_value(&mut self) -> Result<()> {
        self.tokens.begin()?;
        self.run()?;
        Ok(self.tokens.finish()?)
    }

    /// Decodes a value of the shape, behind its counts if these are asked for.
    #[inline(always)]
    fn run(&mut self) -> Result<()> {
        let place = self.words.len();
        if self.options.count {
            self.words.push_both(0, 0)?;
            self.counts = [0; 2];
        }
        self.value(self.shape.node(0), 0, 0)?;
        if self.options.count {
            self.words.written()[place..place + 2].copy_from_slice(&self.counts);
        }
        Ok(())
    }

    /// The error for a text that begins with a value, or may.
    fn error_of_first_value(&self, stop: Stop) -> DecodeError {
        if matches!(stop, Stop::Invalid) && self.tokens.lacks_more() {
            return DecodeError::Incomplete;
        }
        match stop.into_error(|| text::find_error_of_value(self.tokens.text())) {
            DecodeError::Syntax(Error { kind: ErrorKind::UnexpectedEnd, .. }) => {
                DecodeError::Incomplete
            }
            error => error,
        }
    }

    #[cold]
    fn mismatch(&self) -> Stop {
        Stop::Mismatch(self.tokens.at())
    }

    /// Decodes the value that begins with the current token.
    #[inline(always)]
    fn value(&mut self, node: &'a Node, label: u64, depth: usize) -> Result<()> {
        let first = self.first_byte(depth);
        if node.quoted {
            return self.quoted(node, label);
        }
        match node.kind {
            Kind::Struct(ref members) if first == b'{' => self.members(members, label, depth),
            Kind::String | Kind::Text if first == b'"' => self.string(label),
            Kind::Array { element } if first == b'[' => self.array(element, label, depth),
            Kind::Map { names, element } if first == b'{' => self.map(names, element, label, depth),
            Kind::Int { .. } | Kind::Uint { .. } if is_number(first) => {
                let bits = self.integer(&node.kind)?;
                self.words.push_both(head(0, label), bits)?;
                Ok(())
            }
            Kind::Float64 if is_number(first) => {
                let bits = self.double()?;
                self.words.push_both(head(0, label), bits)?;
                Ok(())
            }
            Kind::Bool if first == b't' => self.boolean(true, label),
            Kind::Bool if first == b'f' => self.boolean(false, label),
            Kind::Any if first != b'n' => {
                if !self.is_open(depth) {
                    self.words.push(head(self.tokens.at(), label))?;
                }
                self.any(depth)
            }
            _ => self.rare_value(node, label, depth),
        }
    }

    /// Decodes a value of a rare kind, null, and what does not fit its node.
    #[inline(never)]
    fn rare_value(&mut self, node: &'a Node, label: u64, depth: usize) -> Result<()> {
        let first = self.tokens.byte();
        match (&node.kind, first) {
            (Kind::Raw, _) => {
                let start = self.tokens.at();
                let end = self.tokens.skip_value(depth)?;
                let null = u64::from(first == b'n');
                self.words.push_both(head(end - start, label) | null, start as u64)?;
                Ok(())
            }
            (_, b'n') => {
                self.tokens.literal(b"null")?;
                self.words.push(head(0, label) | 1)?;
                Ok(())
            }
            (Kind::Number, b'-' | b'0'..=b'9') => self.number_text(label),
            (Kind::Bytes, b'"') => self.bytes(label),
            (Kind::Number, b'"') => self.number_in_string(label),
            (Kind::Float32, b'-' | b'0'..=b'9') => {
                let bits = self.float()?;
                self.words.push_both(head(0, label), bits)?;
                Ok(())
            }
            (_, b'{' | b'[' | b'"' | b't' | b'f' | b'-' | b'0'..=b'9') => Err(self.mismatch()),
            _ => Err(Stop::Invalid),
        }
    }

    #[inline(always)]
    fn boolean(&mut self, value: bool, label: u64) -> Result<()> {
        self.tokens.literal(if value { b"true" } else { b"false" })?;
        self.words.push(head(value.into(), label))?;
        Ok(())
    }

    /// Decodes an integer to its bits.
    #[inline(always)]
    fn integer(&mut self, kind: &Kind) -> Result<u64> {
        let Some(value) = self.tokens.short_integer()? else { return self.number(kind) };
        let fits = match *kind {
            Kind::Int { bits } => {
                let unused = 64 - bits;
                value << unused >> unused == value
            }
            Kind::Uint { bits } => value >= 0 && (bits == 64 || value >> bits == 0),
            _ => false,
        };
        if fits { Ok(value as u64) } else { Err(self.mismatch()) }
    }

    /// Decodes a number to the bits of a double.
    #[inline(always)]
    fn double(&mut self) -> Result<u64> {
        let start = self.tokens.at();
        let number = self.tokens.number()?;
        let value = number.to_f64(&self.tokens.text()[start..number.end]);
        value.map(f64::to_bits).ok_or(Stop::Mismatch(start))
    }

    /// Decodes a number to the bits of the double that has the value of a float.
    #[inline(always)]
    fn float(&mut self) -> Result<u64> {
        let start = self.tokens.at();
        let number = self.tokens.number()?;
        let value = number.to_f32(&self.tokens.text()[start..number.end]);
        value.map(|value| f64::from(value).to_bits()).ok_or(Stop::Mismatch(start))
    }

    /// Decodes an integer to its bits.
    #[inline(never)]
    fn number(&mut self, kind: &Kind) -> Result<u64> {
        let start = self.tokens.at();
        let number = self.tokens.number()?;
        let literal = &self.tokens.text()[start..number.end];
        let bits = match *kind {
            Kind::Int { bits } => number.to_int(literal, bits).map(|value| value as u64),
            Kind::Uint { bits } => number.to_uint(literal, bits),
            _ => None,
        };
        bits.ok_or(Stop::Mismatch(start))
    }

    #[inline(never)]
    fn number_text(&mut self, label: u64) -> Result<()> {
        let start = self.tokens.at();
        let end = match self.tokens.short_integer()? {
            Some(_) => self.tokens.at(), // which follows at once
            None => self.tokens.number()?.end,
        };
        self.push_text(start, end, label)
    }

    /// Decodes a number that stands in a string, where a number keeps its text.
    #[inline(never)]
    fn number_in_string(&mut self, label: u64) -> Result<()> {
        let place = self.tokens.at();
        let (start, end) = self.tokens.string()?;
        let literal = &self.tokens.text()[start..end];
        match number::parse(literal, 0) {
            Ok(number) if number.end == literal.len() => self.push_text(start, end, label),
            _ => Err(Stop::Mismatch(place)),
        }
    }

    /// Appends a part of the text as it stands there.
    fn push_text(&mut self, start: usize, end: usize, label: u64) -> Result<()> {
        if !BORROW {
            self.strings.write_part(self.tokens.text(), start, end)?;
        }
        self.push_string(head(end - start, label), end - start, start as u64)
    }

    #[inline(always)]
    fn string(&mut self, label: u64) -> Result<()> {
        let (length, place) = self.unescape()?;
        self.push_string(head(length, label), length, place)
    }

    /// Decodes base64, in which line breaks are ignored, as in Go.
    #[inline(never)]
    fn bytes(&mut self, label: u64) -> Result<()> {
        let at = self.tokens.at();
        let (start, end) = self.tokens.string()?;
        let raw = &self.tokens.text()[start..end];
        let room = self.strings.spare();
        if room.len() < raw.len() / 4 * 3 {
            return Err(Stop::Full);
        }
        // No digit is a backslash.
        let length = match base64::decode(raw, room) {
            Some(length) => length,
            None => {
                let mut text = Vec::new();
                text.try_reserve(raw.len()).map_err(|_| Stop::Full)?;
                string::unescape_lenient(raw, &mut text).map_err(|_| Stop::Full)?;
                text.retain(|byte| !matches!(byte, b'\r' | b'\n'));
                base64::decode(&text, room).ok_or(Stop::Mismatch(at))?
            }
        };
        let place = self.strings.len() as u64 | COPIED;
        // SAFETY: so many bytes were written to the spare room.
        unsafe { self.strings.advance(length) };
        self.push_string(head(length, label), length, place)
    }

    /// Appends the word that has a string's length, and its place if that is asked for.
    #[inline(always)]
    fn push_string(&mut self, word: u64, length: usize, place: u64) -> Result<()> {
        match BORROW && length > 0 {
            false => _ = self.words.push(word)?,
            true => self.words.push_both(word, place)?,
        }
        Ok(())
    }

    /// Appends the value of a string to the run's text, unless it need not be; returns its length and place.
    #[inline(always)]
    fn unescape(&mut self) -> Result<(usize, u64)> {
        if !BORROW && let Some(length) = self.tokens.copy_string(&mut self.strings) {
            return Ok((length, 0));
        }
        self.unescape_any()
    }

    #[inline(always)]
    fn unescape_any(&mut self) -> Result<(usize, u64)> {
        let (start, end) = self.tokens.string()?;
        let text = self.tokens.text();
        let plain = self.tokens.is_plain(start, end)
            || BORROW && simd::find_backslash(&text[..end], start).0 == end;
        if plain && (!self.tokens.not_utf8() || BORROW && string::is_utf8(&text[start..end])) {
            if !BORROW {
                self.strings.write_part(text, start, end)?;
            }
            return Ok((end - start, start as u64));
        }
        self.unescape_blocks(text, start, end)
    }

    #[inline(never)]
    fn unescape_blocks(&mut self, text: &[u8], start: usize, end: usize) -> Result<(usize, u64)> {
        if !self.tokens.not_utf8()
            && let Some(length) = unescape::copy(text, start, end, self.strings.spare())
        {
            let place = self.strings.len() as u64 | COPIED;
            // SAFETY: so many bytes were written to the spare room.
            unsafe { self.strings.advance(length) };
            return Ok((length, place));
        }
        self.unescape_slowly(&text[start..end])
    }

    #[inline(never)]
    fn unescape_slowly(&mut self, raw: &[u8]) -> Result<(usize, u64)> {
        let start = self.strings.len();
        match self.tokens.not_utf8() {
            false => string::unescape_utf8(raw, &mut self.strings)?,
            true => string::unescape_lenient(raw, &mut self.strings)?,
        }
        Ok((self.strings.len() - start, start as u64 | COPIED))
    }

    /// Decodes a scalar that stands inside a string, as the `,string` option of `encoding/json` has it.
    #[inline(never)]
    fn quoted(&mut self, node: &'a Node, label: u64) -> Result<()> {
        let kind = &node.kind;
        let start = self.tokens.at();
        match self.tokens.byte() {
            b'"' => {}
            b'n' => return self.rare_value(node, label, 0),
            0 => return Err(Stop::Invalid), // the text's end
            _ => return Err(self.mismatch()),
        }
        let span = self.tokens.string()?;
        let mut outer = Vec::new();
        let utf8 = !self.tokens.not_utf8();
        let inner = unescaped(self.tokens.text(), span, utf8, &mut outer)?;
        let literal = |bits: Option<u64>| bits.ok_or(Stop::Mismatch(start));
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
                let span = whole.ok_or(Stop::Mismatch(start))?;
                let (length, place) = self.unescape_blocks(inner, span.start, span.end)?;
                return self.push_string(head(length, label), length, place);
            }
            (Kind::Int { bits }, _, Some(number)) => {
                literal(number.to_int(inner, *bits).map(|value| value as u64))?
            }
            (Kind::Uint { bits }, _, Some(number)) => literal(number.to_uint(inner, *bits))?,
            (Kind::Float32, _, Some(number)) => {
                literal(number.to_f32(inner).map(|value| f64::from(value).to_bits()))?
            }
            (Kind::Float64, _, Some(number)) => literal(number.to_f64(inner).map(f64::to_bits))?,
            _ => return Err(Stop::Mismatch(start)),
        };
        self.words.push(head(0, label))?;
        self.words.push(bits)?;
        Ok(())
    }

    /// Enters an array or object; tells whether it has anything in it.
    #[inline(always)]
    fn enter(&mut self, close: u8, depth: usize) -> Result<bool> {
        if depth >= MAX_SHAPE_DEPTH {
            return Err(self.mismatch());
        }
        self.tokens.advance()?;
        if self.tokens.byte() == close {
            self.tokens.advance()?;
            return Ok(false);
        }
        Ok(true)
    }

    #[inline(never)]
    fn members(&mut self, members: &'a Members, label: u64, depth: usize) -> Result<()> {
        if depth >= MAX_SHAPE_DEPTH {
            return Err(self.mismatch());
        }
        let place = self.open(head(0, label), depth)?;
        if PARTS {
            return self.members_in_parts(members, place, depth);
        }
        let mut next = &members.first;
        loop {
            if let Some((number, guess)) = self.next_member(members, next, depth)? {
                self.value(&self.shape.nodes[guess.node], number as u64, depth + 1)?;
                next = &guess.next;
            }
            if self.tokens.byte() != b',' {
                break;
            }
        }
        self.tokens.take(b'}')?;
        self.words.push(END)?;
        Ok(())
    }

    /// Passes the opening brace or a comma, which is the current token, and the name behind it. Passes the value, too, of a member that
    /// the shape does not know.
    #[inline(always)]
    fn next_member(
        &mut self,
        members: &'a Members,
        next: &Next,
        depth: usize,
    ) -> Result<Option<(usize, &'a Guess)>> {
        let exact = self.options.exact_names;
        let expected = next.get();
        if let Some(guess) = members.guesses.get(expected)
            && self.tokens.pass_name_if(guess.length, |text, at| {
                guess.stands_at(text, at)
                    && (!exact || text[at + 1..].starts_with(&members.list[expected].name))
            })
        {
            return Ok(Some((expected, guess)));
        }
        let first = self.tokens.byte() == b'{';
        self.tokens.advance()?;
        if first && self.tokens.byte() == b'}' {
            return Ok(None);
        }
        self.other_member(members, next, depth)
    }

    /// Passes the name of a member that is not the one expected, finds it, and expects it the next time; passes its value, too, if
    /// there is none.
    #[inline(never)]
    fn other_member(
        &mut self,
        members: &'a Members,
        next: &Next,
        depth: usize,
    ) -> Result<Option<(usize, &'a Guess)>> {
        let Some(number) = self.look_up_member(members, depth)? else { return Ok(None) };
        if self.lessons > 0 {
            self.lessons -= 1;
            next.learn(number);
        }
        Ok(members.guesses.get(number).map(|guess| (number, guess)))
    }

    #[inline(always)]
    fn look_up_member(&mut self, members: &Members, depth: usize) -> Result<Option<usize>> {
        let place = self.tokens.at();
        let (start, end) = self.tokens.name()?;
        self.tokens.take(b':')?;
        let text = self.tokens.text();
        let found = match members.find_short(text, (start, end), self.options.exact_names) {
            Some(found) => found,
            None => {
                let utf8 = !self.tokens.not_utf8();
                let name = unescaped(text, (start, end), utf8, &mut self.scratch)?;
                members.find(name, self.options.exact_names)
            }
        };
        match found {
            Found::Member(number) => return Ok(Some(number)),
            Found::Nothing if !self.options.disallow_unknown => {}
            _ => return Err(Stop::Mismatch(place)),
        }
        // Without a call for what most are: all in all, 0.89 of the time where most members are left out.
        match self.tokens.byte() {
            b'"' => _ = self.tokens.string()?,
            b'-' | b'0'..=b'9' => _ = self.tokens.number()?,
            _ => _ = self.tokens.skip_value(depth + 1)?,
        }
        Ok(None)
    }

    /// Decodes what is in an array or object, whose head is at `place`, by `element`, and counts it. What `element` is told is whether the
    /// element is one that is open already.
    #[inline(always)]
    fn each(
        &mut self,
        close: u8,
        place: usize,
        depth: usize,
        mut element: impl FnMut(&mut Self, bool) -> Result<()>,
    ) -> Result<usize> {
        if PARTS {
            return self.each_in_parts(close, place, depth, element);
        }
        let mut count = 0;
        let mut more = self.enter(close, depth)?;
        while more {
            element(self, false)?;
            count += 1;
            more = self.tokens.next_or(close)?;
        }
        Ok(count)
    }

    #[inline(never)]
    fn array(&mut self, element: usize, label: u64, depth: usize) -> Result<()> {
        let place = self.open(head(0, label), depth)?;
        let node = self.shape.node(element);
        // Behind pointers numbers have heads.
        let payload = match self.shape.nodes[element].kind {
            Kind::Int { .. } | Kind::Uint { .. } | Kind::Float32 | Kind::Float64
                if !node.quoted =>
            {
                self.numbers(&node.kind, place, depth)?
            }
            // Where lists within are too deep, each says so.
            Kind::Array { element }
                if !PARTS
                    && depth + 1 < MAX_SHAPE_DEPTH
                    && self.shape.nodes[element].is_float() =>
            {
                self.lists_of_floats(node, &self.shape.nodes[element].kind, depth)?
            }
            _ => self.each(b']', place, depth, |this, _| this.value(node, 0, depth + 1))?,
        };
        self.words.written()[place] = head(payload, label);
        Ok(())
    }

    /// Decodes an array whose elements, of this `node`, are arrays of floats of a `kind`; returns how many there are.
    #[inline(never)]
    fn lists_of_floats(&mut self, node: &'a Node, kind: &Kind, depth: usize) -> Result<usize> {
        let single = matches!(kind, Kind::Float32);
        let mut count = 0;
        let mut more = self.enter(b']', depth)?;
        while more {
            let read = self.tokens.floats(true, single, &mut self.words)?;
            count += read.lists;
            if read.open > 0 {
                let first = self.words.len() - read.open;
                let mut numbers = Numbers { first, count: read.open, loose: false };
                let mut more = self.tokens.next_or(b']')?;
                while more {
                    more = self.some_numbers(kind, None, &mut numbers)?;
                }
                self.words.written()[first - 1] = head(numbers.payload(), 0);
                count += 1;
            } else if read.lists == 0 {
                self.value(node, 0, depth + 1)?;
                count += 1;
            }
            more = self.tokens.next_or(b']')?;
        }
        Ok(count)
    }

    /// Decodes the numbers of an array; returns its payload.
    #[inline(always)]
    fn numbers(&mut self, kind: &Kind, place: usize, depth: usize) -> Result<usize> {
        if PARTS {
            return self.numbers_in_parts(kind, place, depth);
        }
        let mut numbers = Numbers { first: place + 1, count: 0, loose: false };
        let integers = kind.integers();
        let mut more = self.enter(b']', depth)?;
        while more {
            more = self.some_numbers(kind, integers, &mut numbers)?;
        }
        Ok(numbers.payload())
    }

    /// Decodes one number of an array at least; tells whether there are more.
    #[inline(always)]
    fn some_numbers(
        &mut self,
        kind: &Kind,
        integers: Option<(i64, i64)>,
        numbers: &mut Numbers,
    ) -> Result<bool> {
        if let (false, Some((least, greatest))) = (numbers.loose, integers) {
            let fits = |value| least <= value && value <= greatest;
            let (passed, more) = self.tokens.integers(fits, &mut self.words);
            numbers.count += passed;
            if !more {
                self.tokens.take(b']')?;
                return Ok(false);
            }
        }
        if let (false, Some(single)) = (numbers.loose, kind.single()) {
            let read = self.tokens.floats(false, single, &mut self.words)?;
            if read.open > 0 {
                numbers.count += read.open;
                return Ok(self.tokens.next_or(b']')?);
            }
        }
        match self.tokens.byte() {
            b'-' | b'0'..=b'9' => {
                let bits = match kind {
                    Kind::Float64 => self.double()?,
                    Kind::Float32 => self.float()?,
                    _ => self.integer(kind)?,
                };
                if numbers.loose {
                    self.words.push(head(0, 0))?;
                }
                self.words.push(bits)?;
            }
            b'n' => {
                self.tokens.literal(b"null")?;
                if !numbers.loose {
                    self.loosen(numbers.first)?;
                    numbers.loose = true;
                }
                self.words.push(1)?;
            }
            b'{' | b'[' | b'"' | b't' | b'f' => return Err(self.mismatch()),
            _ => return Err(Stop::Invalid),
        }
        numbers.count += 1;
        Ok(self.tokens.next_or(b']')?)
    }

    /// Gives a head to each of the words from `first` on.
    #[cold]
    #[inline(never)]
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

    #[inline(never)]
    fn map(&mut self, names: Names, element: usize, label: u64, depth: usize) -> Result<()> {
        let place = self.open(head(0, label), depth)?;
        let node = self.shape.node(element);
        let count = self.each(b'}', place, depth, |this, open| {
            if !open {
                this.map_name(names)?;
            }
            this.value(node, 0, depth + 1)
        })?;
        self.words.written()[place] = head(count, label);
        Ok(())
    }

    #[inline(always)]
    fn map_name(&mut self, names: Names) -> Result<()> {
        let name = match names {
            Names::Strings => return self.string_name(),
            _ if self.tokens.byte() != b'"' => return Err(Stop::Invalid),
            Names::Ints { bits } => {
                let unused = 64 - bits;
                self.integer_name(
                    |name| name << unused >> unused == name,
                    |number, name| number.to_int(name, bits).map(|value| value as u64),
                )?
            }
            Names::Uints { bits } => self.integer_name(
                |name| name >= 0 && (bits == 64 || name >> bits == 0),
                |number, name| number.to_uint(name, bits),
            )?,
        };
        self.words.push(name)?;
        Ok(self.tokens.take(b':')?)
    }

    /// Decodes a member's name, and passes the colon.
    #[inline(always)]
    fn string_name(&mut self) -> Result<()> {
        if self.tokens.byte() != b'"' {
            return Err(Stop::Invalid);
        }
        let (length, place) = self.unescape()?;
        self.push_string(length as u64, length, place)?;
        Ok(self.tokens.take(b':')?)
    }

    /// A member name that is an integer, in the form that numbers have in JSON: a short one if it `fits`, or what `convert` makes of it.
    #[inline(always)]
    fn integer_name(
        &mut self,
        fits: impl Fn(i64) -> bool,
        convert: impl Fn(number::Number, &[u8]) -> Option<u64>,
    ) -> Result<u64> {
        match self.tokens.integer_name(fits) {
            Some(name) => Ok(name as u64),
            None => self.long_integer_name(convert),
        }
    }

    fn long_integer_name(
        &mut self,
        convert: impl Fn(number::Number, &[u8]) -> Option<u64>,
    ) -> Result<u64> {
        let (start, end) = self.tokens.string()?;
        let name = &self.tokens.text()[start..end];
        let number = number::parse(name, 0).ok().filter(|number| number.end == name.len());
        number.and_then(|number| convert(number, name)).ok_or(Stop::Mismatch(start))
    }

    /// Decodes a value with its kind as a tag.
    #[inline(always)]
    fn any(&mut self, depth: usize) -> Result<()> {
        match self.first_byte(depth) {
            b'"' => {
                self.counts[0] += 1;
                self.string(tag::STRING)
            }
            b'-' | b'0'..=b'9' if self.options.use_number => self.number_text(tag::NUMBER),
            b'-' | b'0'..=b'9' => {
                self.counts[1] += 1;
                let bits = self.double()?;
                self.words.push_both(head(0, tag::FLOAT), bits)?;
                Ok(())
            }
            b'{' => self.any_object(depth),
            b'[' => self.any_array(depth),
            b't' => self.boolean(true, tag::BOOL),
            b'f' => self.boolean(false, tag::BOOL),
            b'n' => {
                self.tokens.literal(b"null")?;
                self.words.push(1)?;
                Ok(())
            }
            _ => Err(Stop::Invalid),
        }
    }

    #[inline(never)]
    fn any_object(&mut self, depth: usize) -> Result<()> {
        let place = self.open(0, depth)?;
        let count = self.each(b'}', place, depth, |this, open| {
            if !open {
                this.string_name()?;
            }
            this.any(depth + 1)
        })?;
        self.words.written()[place] = head(count, tag::OBJECT);
        Ok(())
    }

    #[inline(never)]
    fn any_array(&mut self, depth: usize) -> Result<()> {
        let place = self.open(0, depth)?;
        let count = self.each(b']', place, depth, |this, _| this.any(depth + 1))?;
        self.words.written()[place] = head(count, tag::ARRAY);
        Ok(())
    }
}

impl<'a, const BORROW: bool> Decoder<'a, Tokens<'a>, BORROW, false> {
    /// Decodes a value, behind a word that says where it ends; returns where, unless more of it may follow the text.
    fn value_and_end(&mut self, first: bool) -> Result<Option<usize>> {
        if first {
            self.tokens.advance()?;
        }
        let start = self.tokens.at();
        let place = self.words.push(0)?;
        let end = match self.run() {
            Ok(()) => self.tokens.end_before(),
            Err(Stop::Invalid) => {
                self.words.truncate(place + 1);
                self.joined_scalar(start)?
            }
            Err(stop) => return Err(stop),
        };
        let text = self.tokens.text();
        // More may follow a scalar, if only a digit.
        if end == text.len() && !matches!(text.last(), Some(b'}' | b']')) {
            return Ok(None);
        }
        self.words.written()[place] = end as u64;
        Ok(Some(end))
    }

    /// Decodes the scalar at `start` that the next value follows at once, so that the two look like one.
    #[cold]
    fn joined_scalar(&mut self, start: usize) -> Result<usize> {
        let text = self.tokens.text();
        let mut cursor = Cursor { text, at: start };
        if matches!(cursor.peek(), Some(b'{' | b'[' | b'"')) || cursor.skip_value(0).is_err() {
            return Err(Stop::Invalid);
        }
        self.tokens.restart(&text[..cursor.at], start);
        self.tokens.advance()?;
        self.run()?;
        self.tokens.restart(text, cursor.at);
        self.tokens.advance()?;
        Ok(cursor.at)
    }
}

/// The numbers of an array that were decoded, from the word `first` on.
#[derive(Clone, Copy)]
struct Numbers {
    first: usize,
    count: usize,
    /// Each has a head.
    loose: bool,
}

impl Numbers {
    fn payload(self) -> usize {
        if self.loose { self.count | LOOSE as usize } else { self.count }
    }
}

/// Whether a value that begins with `byte` is a number, or nothing. A point and a slash, which lie between, begin nothing.
#[inline(always)]
fn is_number(byte: u8) -> bool {
    matches!(byte, b'-'..=b'9')
}

/// The value of the string `text[start..end]`: the text itself where that is it already, else unescaped into `scratch`.
fn unescaped<'b>(
    text: &'b [u8],
    (start, end): (usize, usize),
    utf8: bool,
    scratch: &'b mut Vec<u8>,
) -> Result<&'b [u8]> {
    let raw = &text[start..end];
    let utf8 = utf8 || string::is_utf8(raw);
    if utf8 && simd::find_backslash(raw, 0).0 == raw.len() {
        return Ok(raw);
    }
    scratch.clear();
    if utf8 {
        scratch.try_reserve(raw.len() + 64).map_err(|_| Stop::Full)?;
        if let Some(length) = unescape::copy(text, start, end, scratch.spare_capacity_mut()) {
            // SAFETY: so many bytes were written to the spare capacity.
            unsafe { scratch.set_len(length) };
            return Ok(scratch);
        }
    }
    string::unescape_lenient(raw, scratch).map_err(|_| Stop::Full)?;
    Ok(scratch)
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::super::index::{Random, with_each_kernel};
    use super::*;

    /// A text that is cut anywhere may go on, unless the cursor says that something is wrong already.
    #[test]
    fn cut_texts_are_incomplete() {
        const TEXT: &str = r#"{"a":[1,-2.5e3,true,null,"x\n\u20aC\"",[],{}],"b c":{"d":"é","e":false , "f":[[0.1]]}}"#;
        // Any value; and an object of which nothing is known.
        let shapes = [[1, 9, 0, 0, 0], [1, 12, 0, 0, 0]]
            .map(|words: [u32; 5]| Shape::new(&words.map(u32::to_le_bytes).concat()).unwrap());
        let check = |text: &[u8]| {
            let mut cursor = Cursor::new(text);
            let cut = match cursor.skip_value(0) {
                Ok(()) => cursor.at == text.len() && !matches!(text.last(), Some(b'}' | b']')),
                Err(error) => error.kind == ErrorKind::UnexpectedEnd,
            };
            for shape in &shapes {
                let (mut words, mut strings) =
                    ([MaybeUninit::new(0); 512], [MaybeUninit::new(0); 512]);
                let options = DecodeOptions::default();
                let found = decode_values(shape, text, options, false, 0, &mut words, &mut strings);
                match found {
                    Err(DecodeError::Mismatch(_)) => {}
                    _ => assert_eq!(
                        found == Err(DecodeError::Incomplete),
                        cut,
                        "{}",
                        text.escape_ascii()
                    ),
                }
            }
        };
        let texts = [TEXT.to_owned(), format!("{:80}{TEXT}", ""), TEXT.repeat(2)];
        with_each_kernel(|_| {
            for text in texts.iter().map(String::as_bytes) {
                for end in 0..=text.len() {
                    check(&text[..end]);
                    for wrong in *b"x\"\\,:]}1 \x01\0" {
                        check(&[&text[..end], &[wrong]].concat());
                        check(&[&text[..end], &[wrong], &text[end..]].concat());
                    }
                }
            }
        });
    }

    impl Random {
        fn digits(&mut self, count: usize) -> String {
            (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
        }

        /// A number, or seldom what looks like one.
        fn number(&mut self) -> String {
            let sign = ["", "", "-"][self.below(3)];
            let (whole, fraction) = (self.below(12), self.below(20));
            let digits = (self.digits(whole), self.digits(fraction));
            let whole = if self.below(3) > 0 { &digits.0 } else { "0" };
            match self.below(60) {
                0 => format!("{sign}{whole}.{}e{}", digits.1, self.below(40)),
                1 => format!("{sign}{whole}.{}E-{}", digits.1, self.below(60)),
                2 => format!("{sign}0.{}", "0".repeat(self.below(26)) + &digits.1),
                // Close to halfway between two floats, or halfway between two doubles.
                3 => format!(
                    "{sign}{}.{}1",
                    (1 << 24) + 2 * self.below(9) + 1,
                    &"0".repeat(fraction)
                ),
                4 => format!("{sign}{}.0", (1_u64 << 53) + 2 * self.below(9) as u64 + 1),
                5 => format!("{sign}{}", self.digits(24)),
                6 => format!("{sign}1{}", "0".repeat(self.below(30))),
                7 => format!("{sign}{whole}{}{}", ["e", "x", "/", "-"][self.below(4)], digits.1),
                8..18 => format!("{sign}{whole}"),
                _ => format!("{sign}{whole}.{}", digits.1),
            }
        }

        /// A list of what `element` gives, and seldom of other things.
        fn list(&mut self, most: usize, mut element: impl FnMut(&mut Self) -> String) -> String {
            const OTHERS: [&str; 8] =
                ["null", "[]", "\"1.5\"", "", "{}", "true", "1.5 2.5", "[[1.5]]"];
            let count = self.below(most);
            let element = |_| {
                let between = if self.below(50) == 0 { " " } else { "" };
                match self.below(200) {
                    0 => between.to_owned() + OTHERS[self.below(8)],
                    1 => element(self) + " ",
                    2 => element(self) + ".5",
                    _ => between.to_owned() + &element(self),
                }
            };
            let elements: Vec<_> = (0..count).map(element).collect();
            let end = if self.below(200) == 0 { "" } else { "]" };
            format!("[{}{end}", elements.join(","))
        }
    }

    /// Whatever reads lists of floats finds the same in them, and what the standard library finds.
    #[test]
    fn all_kernels_find_the_floats_of_lists() {
        let shape = |bits: u32, lists: u32| {
            let words = [lists, 10, 0, 1, 0, 10, 0, 2, 0, 10, 0, 3, 0].into_iter();
            let words = words.take(1 + 4 * (lists as usize - 1)).chain([3, 0, bits, 0]);
            Shape::new(&words.flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap()
        };
        let shapes = [2, 3, 4].map(|nodes| [shape(32, nodes), shape(64, nodes)]);
        let mut random = Random(11);
        for round in 0..20_000 {
            let most = if round % 100 == 0 { 400 } else { 2 + round % 12 };
            let text = match round % 3 {
                0 => random.list(most, Random::number),
                1 => random.list(2 + most / 4, |random| random.list(6, Random::number)),
                _ => random.list(4, |random| {
                    random.list(2 + most / 4, |random| random.list(6, Random::number))
                }),
            };
            let enough = text.len() + 8;
            let room = [enough, enough, enough, random.below(enough)][round % 4];
            for (shape, single) in shapes[round % 3].iter().zip([true, false]) {
                let decoded = || {
                    let (mut words, mut strings) = (Vec::with_capacity(room), []);
                    let options = DecodeOptions::default();
                    let out = &mut words.spare_capacity_mut()[..room];
                    decode_indexed::<false>(shape, text.as_bytes(), options, out, &mut strings).map(
                        |(length, _)| {
                            // SAFETY: so many were written.
                            unsafe { words.set_len(length) };
                            words
                        },
                    )
                };
                let mut wanted = None;
                with_each_kernel(|_| {
                    let found = decoded();
                    assert_eq!(wanted.get_or_insert_with(|| found.clone()), &found, "{text}");
                });
                // Lists of nothing but numbers have those in the order of the text.
                let Some(Ok(words)) = wanted else { continue };
                if text.contains(['n', ' ']) {
                    continue;
                }
                let numbers = text.split(['[', ']', ',']).filter(|number| !number.is_empty());
                let numbers: Vec<u64> = numbers
                    .map(|number| match single {
                        true => f64::from(number.parse::<f32>().unwrap()).to_bits(),
                        false => number.parse::<f64>().unwrap().to_bits(),
                    })
                    .collect();
                match round % 3 {
                    0 => assert_eq!(words[words.len() - numbers.len()..], numbers, "{text}"),
                    _ => assert!(numbers.iter().all(|number| words.contains(number)), "{text}"),
                }
            }
        }
    }

    /// Lists of floats are as deep as they may be with all kernels.
    #[test]
    fn lists_of_floats_are_not_too_deep() {
        // An object with a list of such objects, and a list of lists of floats.
        let kinds = [[12, 0, 0, 2], [10, 0, 0, 0], [10, 0, 3, 0], [10, 0, 4, 0], [3, 0, 64, 0]];
        let members = [[1, 1, 1], [2, 1, 1]].map(|words: [u32; 3]| words.map(u32::to_le_bytes));
        let kinds = kinds.map(|words: [u32; 4]| words.map(u32::to_le_bytes).concat());
        let members = [members[0].concat(), b"a".into(), members[1].concat(), b"f".into()].concat();
        let description = [&5_u32.to_le_bytes(), &kinds[0][..], &members, &kinds[1..].concat()];
        let shape = Shape::new(&description.concat()).unwrap();
        for depth in MAX_SHAPE_DEPTH / 2 - 4..MAX_SHAPE_DEPTH / 2 + 4 {
            let text = r#"{"a":["#.repeat(depth) + r#"{"f":[[0.25],[1.5]]}"# + &"]}".repeat(depth);
            let mut wanted = None;
            with_each_kernel(|_| {
                let mut words = vec![MaybeUninit::new(0); text.len() + 8];
                let options = DecodeOptions::default();
                let found = decode(&shape, text.as_bytes(), options, &mut words, &mut []);
                let deep = 2 * depth + 3 > MAX_SHAPE_DEPTH;
                assert_eq!(found.is_err(), deep, "{depth}");
                assert_eq!(*wanted.get_or_insert(found), found, "{depth}");
            });
        }
    }
}
