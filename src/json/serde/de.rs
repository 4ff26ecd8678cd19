//! Reading: JSON text as serde's data model.

use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, DeserializeSeed, Error as _, Expected, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::error::CodecError;
use super::raw::{self, Raw};
use super::values::Values;
use crate::json::scan::Cursor;
use crate::json::{Error, ErrorKind, number, simd, string};

/// Arrays and objects nested this deep are refused, as serde reads them by recursion: the limit of
/// `serde_json`. Values that nobody asked for are skipped without recursion, and may be nested deeper.
pub const MAX_RECURSION: u8 = 128;

type Result<T> = std::result::Result<T, CodecError>;

/// Reads a value from JSON text. Strings without escapes may be borrowed from the text.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Order<'a> {
///     customer: &'a str,
///     lines: Vec<(u64, u32)>,
/// }
///
/// let text = br#"{"customer": "Ada", "lines": [[17, 2], [4711, 1]]}"#;
/// let order: Order = tandem::json::from_slice(text)?;
/// assert_eq!((order.customer, order.lines[1]), ("Ada", (4711, 1)));
/// # Ok::<(), tandem::json::CodecError>(())
/// ```
pub fn from_slice<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T> {
    read(Deserializer::from_slice(text))
}

/// Reads a value from JSON text, as [`from_slice`] does.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T> {
    read(Deserializer::from_str(text))
}

fn read<'de, T: Deserialize<'de>>(mut deserializer: Deserializer<'de>) -> Result<T> {
    let text = deserializer.cursor.text;
    deserializer
        .value(PhantomData)
        .and_then(|value| deserializer.finish().map(|()| value))
        .map_err(|error| error.within(text))
}

/// Reads values from a JSON text that lies in memory: for code that is generic over
/// [`serde::Deserializer`]. [`from_slice`] is simpler where it does.
pub struct Deserializer<'de> {
    cursor: Cursor<'de>,
    /// The text again, if all of it is UTF-8, so that its strings need not be checked one by one.
    utf8: Option<&'de str>,
    /// The value of the latest string that has escapes.
    scratch: String,
    /// How many arrays and objects may still be opened, and one.
    depth_left: u8,
}

impl<'de> Deserializer<'de> {
    /// A deserializer of `text`. Strings that are not UTF-8 are errors when they are read.
    pub fn from_slice(text: &'de [u8]) -> Self {
        Deserializer {
            cursor: Cursor::new(text),
            utf8: simdutf8::basic::from_utf8(text).ok(),
            scratch: String::new(),
            depth_left: MAX_RECURSION,
        }
    }

    /// A deserializer of `text`.
    #[expect(clippy::should_implement_trait, reason = "named as in serde_json; it can't fail")]
    pub fn from_str(text: &'de str) -> Self {
        Deserializer {
            cursor: Cursor::new(text.as_bytes()),
            utf8: Some(text),
            scratch: String::new(),
            depth_left: MAX_RECURSION,
        }
    }

    /// Checks that nothing but white space follows the values that were read.
    pub fn finish(&mut self) -> Result<()> {
        Ok(self.cursor.finish()?)
    }

    /// The values that follow one another, with or without white space between them: the lines of NDJSON, for one.
    #[expect(clippy::should_implement_trait, reason = "named as in serde_json, and generic")]
    pub fn into_iter<T: Deserialize<'de>>(self) -> Values<'de, T> {
        Values::new(self)
    }

    /// All of the text, and how much of it was read.
    pub(super) fn place(&self) -> (&'de [u8], usize) {
        (self.cursor.text, self.cursor.at)
    }

    /// Skips white space, and tells how much of the text is before what follows.
    pub(super) fn skip_whitespace(&mut self) -> usize {
        self.cursor.peek_token();
        self.cursor.at
    }

    /// Reads the next value, if there is one.
    pub(super) fn next_value<T: Deserialize<'de>>(&mut self) -> Option<Result<T>> {
        let first = self.cursor.peek_token()?;
        Some(self.value(PhantomData).and_then(|value| {
            // Numbers and literals don't tell where they end. What can't be a part of them is the next value's matter.
            match (first, self.cursor.peek()) {
                (b'"' | b'[' | b'{', _) | (_, None) => Ok(value),
                (_, Some(byte)) if b" \n\t\r\"[]{},:".contains(&byte) => Ok(value),
                _ => Err(self.cursor.error(ErrorKind::TrailingData).into()),
            }
        }))
    }

    /// The error that the value at the cursor is not what was expected: of another type, or none.
    #[cold]
    fn mismatch(&mut self, expected: &dyn Expected) -> CodecError {
        let start = self.cursor.at;
        let found = match self.cursor.peek() {
            Some(b'n') => self.cursor.literal(b"null").map(|()| Unexpected::Unit),
            Some(b't') => self.cursor.literal(b"true").map(|()| Unexpected::Bool(true)),
            Some(b'f') => self.cursor.literal(b"false").map(|()| Unexpected::Bool(false)),
            Some(b'-' | b'0'..=b'9') => match self.number() {
                Ok(Number::Unsigned(value)) => Ok(Unexpected::Unsigned(value)),
                Ok(Number::Signed(value)) => Ok(Unexpected::Signed(value)),
                Ok(Number::Float(value)) => Ok(Unexpected::Float(value)),
                Err(error) => return error,
            },
            Some(b'"') => {
                return match self.string() {
                    Ok(value) => {
                        CodecError::invalid_type(Unexpected::Str(value.as_str()), expected)
                    }
                    Err(error) => error,
                }
                .at(start);
            }
            Some(b'[') => Ok(Unexpected::Seq),
            Some(b'{') => Ok(Unexpected::Map),
            _ => Err(self.cursor.error(ErrorKind::ExpectedValue)),
        };
        match found {
            Ok(found) => CodecError::invalid_type(found, expected).at(start),
            Err(error) => error.into(),
        }
    }

    /// Reads a value. An error that types make of it when it is read already is found at its beginning.
    #[inline(always)]
    pub(super) fn value<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        let before = self.cursor.at;
        let mut result = seed.deserialize(&mut *self);
        if let Err(error) = &mut result {
            error.locate(self.token_after(before));
        }
        result
    }

    /// Where the token begins that follows the place `before`.
    #[cold]
    fn token_after(&self, before: usize) -> usize {
        let mut cursor = Cursor { at: before, ..self.cursor.clone() };
        cursor.peek_token();
        cursor.at
    }

    /// Reads the string whose opening quote was peeked.
    #[inline(always)]
    fn string(&mut self) -> Result<Text<'de, '_>> {
        let start = self.cursor.at + 1;
        let (end, _) = simd::find_string_special(self.cursor.text, start);
        if self.cursor.text.get(end) != Some(&b'"') {
            return self.escaped_string(end);
        }
        self.cursor.at = end + 1;
        // A string ends at ASCII characters, so that it can be cut out of the text.
        match self.utf8.and_then(|text| text.get(start..end)) {
            Some(value) => Ok(Text::Borrowed(value)),
            None => check_utf8(self.cursor.text, start, end).map(Text::Borrowed),
        }
    }

    /// Reads the string whose opening quote was peeked, and whose first escape or forbidden byte is at `special`.
    #[inline(never)]
    fn escaped_string(&mut self, special: usize) -> Result<Text<'de, '_>> {
        match self.unescape(special) {
            Some(end) => self.cursor.at = end,
            None => self.unescape_slowly()?,
        }
        Ok(Text::Copied(&self.scratch))
    }

    /// As [`unescape`](Self::unescape), and says what is wrong with a string that has no value.
    #[cold]
    fn unescape_slowly(&mut self) -> Result<()> {
        let span = self.cursor.string()?;
        self.scratch.clear();
        string::unescape_strict(&self.cursor.text[span.start..span.end], &mut self.scratch)
            .map_err(|error| error.after(span.start).into())
    }

    /// Writes the value of the string at the cursor to `scratch`, and returns its end, if it has a value.
    #[inline(always)]
    fn unescape(&mut self, mut special: usize) -> Option<usize> {
        let text = self.cursor.text;
        let mut start = self.cursor.at + 1;
        self.scratch.clear();
        loop {
            if start < special {
                let piece = match self.utf8 {
                    Some(text) => text.get(start..special)?,
                    None => std::str::from_utf8(&text[start..special]).ok()?,
                };
                self.scratch.push_str(piece);
            }
            match text.get(special)? {
                b'"' => return Some(special + 1),
                b'\\' => {}
                _ => return None,
            }
            let (character, length) = escape(&text[special..])?;
            self.scratch.push(character);
            start = special + length;
            // Escapes are often many in a row.
            special = match text.get(start) {
                Some(b'\\' | b'"') => start,
                _ => simd::find_string_special(text, start).0,
            };
        }
    }

    /// Reads the number whose first byte was peeked.
    #[inline]
    fn number(&mut self) -> Result<Number> {
        let start = self.cursor.at;
        let (number, literal) = self.parse_number()?;
        // -0 is a float, as integers have one zero only.
        if let Some(value) = number.to_uint(literal, 64) {
            Ok(Number::Unsigned(value))
        } else if let Some(value @ ..0) = number.to_int(literal, 64) {
            Ok(Number::Signed(value))
        } else if let Some(value) = number.to_f64(literal) {
            Ok(Number::Float(value))
        } else {
            Err(out_of_range(start))
        }
    }

    /// Reads the number whose first byte was peeked, and returns it as it is written, too.
    #[inline(always)]
    fn parse_number(&mut self) -> Result<(number::Number, &'de [u8])> {
        let start = self.cursor.at;
        match number::parse(self.cursor.text, start) {
            Ok(number) => {
                self.cursor.at = number.end;
                Ok((number, &self.cursor.text[start..number.end]))
            }
            Err(offset) => {
                self.cursor.at = offset;
                Err(self.cursor.error(ErrorKind::InvalidNumber).into())
            }
        }
    }

    /// Reads an integer that may not fit a word.
    fn wide_integer<T: FromStr>(&mut self, expected: &dyn Expected) -> Result<T> {
        match self.cursor.peek_token() {
            Some(b'-' | b'0'..=b'9') => {
                let start = self.cursor.at;
                let (_, literal) = self.parse_number()?;
                string::check_utf8(literal)?.parse().map_err(|_| out_of_range(start))
            }
            _ => Err(self.mismatch(expected)),
        }
    }

    /// Reads a value of any type, as it is written.
    fn raw(&mut self) -> Result<&'de str> {
        self.cursor.peek_token();
        let start = self.cursor.at;
        self.cursor.skip_value(self.depth())?;
        let end = self.cursor.at;
        match self.utf8.and_then(|text| text.get(start..end)) {
            Some(value) => Ok(value),
            None => check_utf8(self.cursor.text, start, end),
        }
    }

    /// How many arrays and objects are open.
    fn depth(&self) -> usize {
        usize::from(MAX_RECURSION - self.depth_left)
    }

    /// Reads what is within the bracket at the cursor, one level deeper.
    #[inline(always)]
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth_left <= 1 {
            return Err(self.cursor.error(ErrorKind::TooDeep).into());
        }
        self.depth_left -= 1;
        self.cursor.at += 1;
        let result = read(self);
        self.depth_left += 1;
        result
    }

    /// Reads the array whose opening bracket was peeked.
    #[inline(always)]
    fn array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        let start = self.cursor.at;
        self.nested(|de| {
            let mut result = visitor.visit_seq(Elements { de, first: true });
            match &mut result {
                Ok(_) => de.close(
                    b']',
                    "more elements than expected",
                    ErrorKind::ExpectedCommaOrBracket,
                )?,
                Err(error) => error.locate(start),
            }
            result
        })
    }

    /// Reads the object whose opening bracket was peeked.
    #[inline(always)]
    fn object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        let start = self.cursor.at;
        self.nested(|de| {
            let mut result = visitor.visit_map(Members { de, first: true });
            match &mut result {
                Ok(_) => {
                    de.close(b'}', "more members than expected", ErrorKind::ExpectedCommaOrBrace)?
                }
                Err(error) => error.locate(start),
            }
            result
        })
    }

    /// Reads a closing bracket.
    #[inline(always)]
    fn close(&mut self, bracket: u8, more: &'static str, otherwise: ErrorKind) -> Result<()> {
        match self.cursor.peek_token() {
            Some(byte) if byte == bracket => {
                self.cursor.at += 1;
                Ok(())
            }
            Some(b',') => Err(CodecError::data(more).at(self.cursor.at)),
            _ => Err(self.cursor.error(otherwise).into()),
        }
    }

    /// Reads a member name, whose first byte was peeked.
    #[inline(always)]
    fn name<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<K::Value> {
        if self.cursor.peek() != Some(b'"') {
            return Err(self.cursor.error(ErrorKind::ExpectedName).into());
        }
        let start = self.cursor.at;
        let mut result = seed.deserialize(Name { de: self });
        if let Err(error) = &mut result {
            error.locate(start);
        }
        result
    }

    /// Reads the colon after a member name.
    #[inline(always)]
    fn colon(&mut self) -> Result<()> {
        match self.cursor.peek_token() {
            Some(b':') => {
                self.cursor.at += 1;
                Ok(())
            }
            _ => Err(self.cursor.error(ErrorKind::ExpectedColon).into()),
        }
    }
}

#[cold]
fn out_of_range(offset: usize) -> CodecError {
    Error { kind: ErrorKind::NumberOutOfRange, offset }.into()
}

/// The part of `text` between `start` and `end`, which are beside ASCII characters.
#[cold]
fn check_utf8(text: &[u8], start: usize, end: usize) -> Result<&str> {
    string::check_utf8(&text[start..end]).map_err(|error| error.after(start).into())
}

/// The character that the escape at the front of `text` stands for, or the pair of them, and how long it is.
#[inline(always)]
fn escape(text: &[u8]) -> Option<(char, usize)> {
    let character = match text.get(1)? {
        b'n' => '\n',
        b'u' => return escaped_unit(text),
        byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
        b'b' => '\u{8}',
        b'f' => '\u{C}',
        b'r' => '\r',
        b't' => '\t',
        _ => return None,
    };
    Some((character, 2))
}

#[inline(always)]
fn escaped_unit(text: &[u8]) -> Option<(char, usize)> {
    let unit = string::code_unit(text)?;
    match char::from_u32(unit.into()) {
        Some(character) => Some((character, 6)),
        None => {
            let pair = [unit, string::code_unit(&text[6..])?];
            char::decode_utf16(pair).next()?.ok().map(|character| (character, 12))
        }
    }
}

/// The value of a string.
enum Text<'de, 's> {
    Borrowed(&'de str),
    Copied(&'s str),
}

impl<'de> Text<'de, '_> {
    fn as_str(&self) -> &str {
        match self {
            Text::Borrowed(value) | Text::Copied(value) => value,
        }
    }

    #[inline(always)]
    fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self {
            Text::Borrowed(value) => visitor.visit_borrowed_str(value),
            Text::Copied(value) => visitor.visit_str(value),
        }
    }
}

/// The value of a number.
enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Number {
    #[inline(always)]
    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self {
            Number::Unsigned(value) => visitor.visit_u64(value),
            Number::Signed(value) => visitor.visit_i64(value),
            Number::Float(value) => visitor.visit_f64(value),
        }
    }
}

/// Methods of a deserializer that read any number and let the visitor decide whether it fits.
macro_rules! deserialize_as_number {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.deserialize_number(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> {
    #[inline]
    fn deserialize_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'-' | b'0'..=b'9') => self.number()?.visit(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = CodecError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'"') => self.string()?.visit(visitor),
            Some(b'-' | b'0'..=b'9') => self.number()?.visit(visitor),
            Some(b'{') => self.object(visitor),
            Some(b'[') => self.array(visitor),
            Some(b't') => {
                self.cursor.literal(b"true")?;
                visitor.visit_bool(true)
            }
            Some(b'f') => {
                self.cursor.literal(b"false")?;
                visitor.visit_bool(false)
            }
            Some(b'n') => {
                self.cursor.literal(b"null")?;
                visitor.visit_unit()
            }
            _ => Err(self.cursor.error(ErrorKind::ExpectedValue).into()),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b't') => {
                self.cursor.literal(b"true")?;
                visitor.visit_bool(true)
            }
            Some(b'f') => {
                self.cursor.literal(b"false")?;
                visitor.visit_bool(false)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    deserialize_as_number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f64
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        // Not by way of a double, which would round twice.
        match self.cursor.peek_token() {
            Some(b'-' | b'0'..=b'9') => {
                let start = self.cursor.at;
                let (number, literal) = self.parse_number()?;
                visitor.visit_f32(number.to_f32(literal).ok_or_else(|| out_of_range(start))?)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value = self.wide_integer(&visitor)?;
        visitor.visit_i128(value)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value = self.wide_integer(&visitor)?;
        visitor.visit_u128(value)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'"') => self.string()?.visit(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    /// A string's bytes need not be UTF-8; an array of numbers will do as well.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'"') => {
                let span = self.cursor.string()?;
                let raw = &self.cursor.text[span.start..span.end];
                if span.escaped {
                    let mut value = Vec::new();
                    string::unescape_bytes(raw, &mut value)?;
                    visitor.visit_byte_buf(value)
                } else {
                    visitor.visit_borrowed_bytes(raw)
                }
            }
            Some(b'[') => self.array(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'n') => {
                self.cursor.literal(b"null")?;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'n') => {
                self.cursor.literal(b"null")?;
                visitor.visit_unit()
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    #[inline(always)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        if name == raw::TOKEN {
            return visitor.visit_map(Raw::new(self.raw()?));
        }
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'[') => self.array(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'{') => self.object(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'{') => self.object(visitor),
            Some(b'[') => self.array(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    /// `"Variant"`, or `{"Variant": what it holds}`.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let byte = self.cursor.peek_token();
        let start = self.cursor.at;
        match byte {
            Some(b'"') => visitor.visit_enum(UnitVariant { de: self }),
            Some(b'{') => self.nested(|de| {
                let mut result = visitor.visit_enum(Variant { de });
                match &mut result {
                    Ok(_) => {
                        de.close(b'}', "more than one variant", ErrorKind::ExpectedCommaOrBrace)?
                    }
                    Err(error) => error.locate(start),
                }
                result
            }),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.cursor.skip_value(self.depth())?;
        visitor.visit_unit()
    }
}

/// The elements of an array.
struct Elements<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    first: bool,
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = CodecError;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let cursor = &mut self.de.cursor;
        match cursor.peek_token() {
            Some(b']') => return Ok(None),
            Some(_) if self.first => self.first = false,
            Some(b',') => cursor.at += 1,
            _ => return Err(cursor.error(ErrorKind::ExpectedCommaOrBracket).into()),
        }
        self.de.value(seed).map(Some)
    }
}

/// The members of an object.
struct Members<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    first: bool,
}

impl<'de> de::MapAccess<'de> for Members<'_, 'de> {
    type Error = CodecError;

    #[inline(always)]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let cursor = &mut self.de.cursor;
        match cursor.peek_token() {
            Some(b'}') => return Ok(None),
            Some(_) if self.first => self.first = false,
            Some(b',') => {
                cursor.at += 1;
                cursor.peek_token();
            }
            _ => return Err(cursor.error(ErrorKind::ExpectedCommaOrBrace).into()),
        }
        self.de.name(seed).map(Some)
    }

    #[inline(always)]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        self.de.colon()?;
        self.de.value(seed)
    }
}

/// A member name, whose opening quote was peeked. Numbers and booleans stand in quotes here.
struct Name<'a, 'de> {
    de: &'a mut Deserializer<'de>,
}

impl<'de> Name<'_, 'de> {
    /// Reads what stands between the quotes, which begins as a number does.
    fn quoted<T>(&mut self, read: impl FnOnce(&mut Deserializer<'de>) -> Result<T>) -> Result<T> {
        self.de.cursor.at += 1;
        if !matches!(self.de.cursor.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(CodecError::data("expected a number as member name").at(self.de.cursor.at));
        }
        let value = read(self.de)?;
        if self.de.cursor.peek() != Some(b'"') {
            return Err(CodecError::data("expected a number as member name").at(self.de.cursor.at));
        }
        self.de.cursor.at += 1;
        Ok(value)
    }
}

/// Methods that read a number in quotes.
macro_rules! deserialize_quoted {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
            self.quoted(|de| de.$method(visitor))
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Name<'_, 'de> {
    type Error = CodecError;

    #[inline(always)]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.de.string()?.visit(visitor)
    }

    deserialize_quoted! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let name = self.de.string()?;
        match name.as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            other => Err(CodecError::invalid_type(Unexpected::Str(other), &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    #[inline(always)]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        if name == raw::TOKEN {
            return self.de.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.de.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.de.deserialize_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.de.deserialize_bytes(visitor)
    }

    forward_to_deserialize_any! {
        char str string unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The variant of `{"Variant": what it holds}`, within its braces.
struct Variant<'a, 'de> {
    de: &'a mut Deserializer<'de>,
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = CodecError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        self.de.cursor.peek_token();
        let variant = self.de.name(seed)?;
        self.de.colon()?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = CodecError;

    fn unit_variant(self) -> Result<()> {
        self.de.value(PhantomData)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        self.de.value(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_seq(self.de, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        de::Deserializer::deserialize_struct(self.de, "", fields, visitor)
    }
}

/// The variant of `"Variant"`.
struct UnitVariant<'a, 'de> {
    de: &'a mut Deserializer<'de>,
}

impl<'de> de::EnumAccess<'de> for UnitVariant<'_, 'de> {
    type Error = CodecError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let variant = self.de.value(seed)?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for UnitVariant<'_, 'de> {
    type Error = CodecError;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value> {
        Err(CodecError::invalid_type(Unexpected::UnitVariant, &"newtype variant"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, _visitor: V) -> Result<V::Value> {
        Err(CodecError::invalid_type(Unexpected::UnitVariant, &"tuple variant"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value> {
        Err(CodecError::invalid_type(Unexpected::UnitVariant, &"struct variant"))
    }
}
