//! Reading: JSON text as serde's data model.

use std::io::Read;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Error as _, Expected, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::CodecError;
use crate::json::scan::{Cursor, Span};
use crate::json::{Error, ErrorKind, number, string};

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

/// Reads a value from all that `reader` has, which is JSON text and held in memory meanwhile.
pub fn from_reader<R: Read, T: DeserializeOwned>(mut reader: R) -> Result<T> {
    let mut text = Vec::new();
    reader.read_to_end(&mut text)?;
    from_slice(&text)
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
            utf8: std::str::from_utf8(text).ok(),
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
    fn value<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        self.cursor.peek_token();
        let start = self.cursor.at;
        seed.deserialize(&mut *self).map_err(|error| error.at(start))
    }

    /// Reads the string whose opening quote was peeked.
    #[inline(always)]
    fn string(&mut self) -> Result<Text<'de, '_>> {
        let span = self.cursor.string()?;
        if span.escaped {
            return self.unescape(span);
        }
        // A string ends at ASCII characters, so that it can be cut out of the text.
        match self.utf8.and_then(|text| text.get(span.start..span.end)) {
            Some(value) => Ok(Text::Borrowed(value)),
            None => match string::check_utf8(&self.cursor.text[span.start..span.end]) {
                Ok(value) => Ok(Text::Borrowed(value)),
                Err(error) => Err(error.after(span.start).into()),
            },
        }
    }

    fn unescape(&mut self, span: Span) -> Result<Text<'de, '_>> {
        self.scratch.clear();
        string::unescape_strict(&self.cursor.text[span.start..span.end], &mut self.scratch)
            .map_err(|error| error.after(span.start))?;
        Ok(Text::Copied(&self.scratch))
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

    /// Reads an integer that may not fit a word, and returns its offset, too.
    fn wide_integer<T: FromStr>(&mut self, expected: &dyn Expected) -> Result<(T, usize)> {
        match self.cursor.peek_token() {
            Some(b'-' | b'0'..=b'9') => {
                let start = self.cursor.at;
                let (_, literal) = self.parse_number()?;
                let value = string::check_utf8(literal)?.parse();
                Ok((value.map_err(|_| out_of_range(start))?, start))
            }
            _ => Err(self.mismatch(expected)),
        }
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
            let value =
                visitor.visit_seq(Elements { de, first: true }).map_err(|error| error.at(start))?;
            de.close(b']', "more elements than expected", ErrorKind::ExpectedCommaOrBracket)?;
            Ok(value)
        })
    }

    /// Reads the object whose opening bracket was peeked.
    #[inline(always)]
    fn object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        let start = self.cursor.at;
        self.nested(|de| {
            let value =
                visitor.visit_map(Members { de, first: true }).map_err(|error| error.at(start))?;
            de.close(b'}', "more members than expected", ErrorKind::ExpectedCommaOrBrace)?;
            Ok(value)
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
            Some(b'-' | b'0'..=b'9') => {
                let start = self.cursor.at;
                self.number()?.visit(visitor).map_err(|error| error.at(start))
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = CodecError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let byte = self.cursor.peek_token();
        let start = self.cursor.at;
        match byte {
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
            _ => return Err(self.cursor.error(ErrorKind::ExpectedValue).into()),
        }
        .map_err(|error: CodecError| error.at(start))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let byte = self.cursor.peek_token();
        let start = self.cursor.at;
        match byte {
            Some(b't') => {
                self.cursor.literal(b"true")?;
                visitor.visit_bool(true)
            }
            Some(b'f') => {
                self.cursor.literal(b"false")?;
                visitor.visit_bool(false)
            }
            _ => return Err(self.mismatch(&visitor)),
        }
        .map_err(|error: CodecError| error.at(start))
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
                let value = number.to_f32(literal).ok_or_else(|| out_of_range(start))?;
                visitor.visit_f32(value).map_err(|error: CodecError| error.at(start))
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (value, start) = self.wide_integer(&visitor)?;
        visitor.visit_i128(value).map_err(|error: CodecError| error.at(start))
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let (value, start) = self.wide_integer(&visitor)?;
        visitor.visit_u128(value).map_err(|error: CodecError| error.at(start))
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.cursor.peek_token() {
            Some(b'"') => {
                let start = self.cursor.at;
                self.string()?.visit(visitor).map_err(|error| error.at(start))
            }
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
        let byte = self.cursor.peek_token();
        let start = self.cursor.at;
        match byte {
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
            _ => return Err(self.mismatch(&visitor)),
        }
        .map_err(|error: CodecError| error.at(start))
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

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
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
                let value = visitor.visit_enum(Variant { de }).map_err(|error| error.at(start))?;
                de.close(b'}', "more than one variant", ErrorKind::ExpectedCommaOrBrace)?;
                Ok(value)
            }),
            _ => return Err(self.mismatch(&visitor)),
        }
        .map_err(|error: CodecError| error.at(start))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let depth = usize::from(MAX_RECURSION - self.depth_left);
        self.cursor.skip_value(depth)?;
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
            Some(b',') => {
                cursor.at += 1;
                // What visitors take for the end of an array must not be the end of this one.
                if cursor.peek_token() == Some(b']') {
                    return Err(cursor.error(ErrorKind::ExpectedValue).into());
                }
            }
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
        if cursor.peek() != Some(b'"') {
            return Err(cursor.error(ErrorKind::ExpectedName).into());
        }
        let start = cursor.at;
        seed.deserialize(Name { de: self.de }).map(Some).map_err(|error| error.at(start))
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

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
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
        let variant = seed.deserialize(&mut *self.de)?;
        self.de.colon()?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = CodecError;

    fn unit_variant(self) -> Result<()> {
        Deserialize::deserialize(self.de)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.de)
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
        let variant = seed.deserialize(&mut *self.de)?;
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
