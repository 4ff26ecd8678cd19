//! Writing: serde's data model as JSON text.

use std::fmt::{self, Display, Write as _};
use std::{io, mem};

use serde::ser::{self, Serialize};

use super::error::CodecError;
use super::raw;
use crate::json::output::{Full, Output};
use crate::json::sink::Sink;
use crate::json::{print, simd, string};

type Result<T> = std::result::Result<T, CodecError>;

/// How much text is collected before a writer gets it.
const BLOCK: usize = 1 << 16;

/// Room for any number, and for whole words of which only some bytes count.
const SHORT: usize = 40;

/// Writes a value as JSON text without white space.
///
/// Floats that are not finite become `null`. Map keys are strings, or scalars that are put in quotes.
///
/// ```
/// #[derive(serde::Serialize)]
/// struct Point {
///     x: f64,
///     label: Option<&'static str>,
/// }
///
/// let text = tandem::json::to_vec(&[Point { x: 1.5, label: None }])?;
/// assert_eq!(text, br#"[{"x":1.5,"label":null}]"#);
/// # Ok::<(), tandem::json::CodecError>(())
/// ```
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    write(Serializer::new(), value)
}

/// Writes a value as JSON text with each element and member on a line of its own, indented by two spaces
/// a level.
pub fn to_vec_pretty<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    write(Serializer::pretty(), value)
}

/// Writes a value as JSON text, as [`to_vec`] does.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    to_vec(value).and_then(into_string)
}

/// Writes a value as indented JSON text, as [`to_vec_pretty`] does.
pub fn to_string_pretty<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    to_vec_pretty(value).and_then(into_string)
}

/// Writes a value as JSON text, as [`to_vec`] does, to a writer, in blocks of about 64 KiB. If it fails,
/// a part may have been written.
pub fn to_writer<W: io::Write, T: Serialize + ?Sized>(mut writer: W, value: &T) -> Result<()> {
    let serializer = Serializer::new().to(&mut writer);
    let rest = write(serializer, value)?;
    Ok(writer.write_all(&rest)?)
}

/// Writes a value as indented JSON text, as [`to_vec_pretty`] does, to a writer, in blocks of about 64 KiB.
/// If it fails, a part may have been written.
pub fn to_writer_pretty<W: io::Write, T: Serialize + ?Sized>(
    mut writer: W,
    value: &T,
) -> Result<()> {
    let serializer = Serializer::pretty().to(&mut writer);
    let rest = write(serializer, value)?;
    Ok(writer.write_all(&rest)?)
}

fn write<T: Serialize + ?Sized>(mut serializer: Serializer<'_>, value: &T) -> Result<Vec<u8>> {
    value.serialize(&mut serializer)?;
    Ok(serializer.into_vec())
}

fn into_string(text: Vec<u8>) -> Result<String> {
    String::from_utf8(text).map_err(|_| CodecError::data("text is not UTF-8"))
}

/// Writes values as JSON text into memory: for code that is generic over [`serde::Serializer`].
/// [`to_vec`] is simpler where it does.
pub struct Serializer<'w> {
    buffer: Vec<u8>,
    /// Gets what `buffer` holds whenever that is as long as `full`.
    writer: Option<&'w mut dyn io::Write>,
    full: usize,
    pretty: bool,
    depth: usize,
    /// Whether the next bytes are the text of a raw value.
    raw: bool,
}

impl<'w> Serializer<'w> {
    /// A serializer that writes no white space.
    pub fn new() -> Self {
        let buffer = Vec::new();
        Serializer { buffer, writer: None, full: usize::MAX, pretty: false, depth: 0, raw: false }
    }

    /// A serializer that puts each element and member on a line of its own.
    pub fn pretty() -> Self {
        Serializer { pretty: true, ..Self::new() }
    }

    fn to(self, writer: &'w mut dyn io::Write) -> Self {
        Serializer { writer: Some(writer), full: BLOCK, ..self }
    }

    /// The text that was written.
    pub fn into_vec(self) -> Vec<u8> {
        self.buffer
    }

    #[inline(always)]
    fn write(&mut self, text: &[u8]) -> Result<()> {
        Ok(self.buffer.write(text)?)
    }

    #[inline]
    fn string(&mut self, value: &str) -> Result<()> {
        self.literal(false, value, false)
    }

    /// Writes a string literal, between a comma and a colon if asked for.
    #[inline(always)]
    fn literal(&mut self, comma: bool, value: &str, colon: bool) -> Result<()> {
        let value = value.as_bytes();
        // With a block more, so that the last one needs no care.
        let room = self.buffer.spare(value.len() + 20)?;
        room[0].write(b',');
        let start = usize::from(comma);
        room[start].write(b'"');
        let plain = simd::copy_plain(value, &mut room[start + 1..]);
        let end = start + 1 + plain;
        room[end].write(b'"');
        room[end + 1].write(b':');
        if plain == value.len() {
            // SAFETY: all of it was written.
            unsafe { self.buffer.advance(end + 1 + usize::from(colon)) };
            return Ok(());
        }
        // SAFETY: all of it was written.
        unsafe { self.buffer.advance(end) };
        self.rest_of_literal(&value[plain..], colon)
    }

    #[inline(never)]
    fn rest_of_literal(&mut self, rest: &[u8], colon: bool) -> Result<()> {
        string::escape_minimally(rest, &mut self.buffer)?;
        self.write(if colon { b"\":" } else { b"\"" })
    }

    /// Writes what is short.
    #[inline(always)]
    fn short(
        &mut self,
        write: impl FnOnce(&mut Output<u8>) -> std::result::Result<(), Full>,
    ) -> Result<()> {
        let mut output = Output::new(self.buffer.spare(SHORT)?);
        let result = write(&mut output);
        debug_assert!(result.is_ok(), "there is room");
        let length = output.len();
        // SAFETY: so much was written.
        unsafe { self.buffer.advance(length) };
        Ok(())
    }

    #[inline]
    fn integer<I: itoa::Integer>(&mut self, value: I) -> Result<()> {
        self.write(itoa::Buffer::new().format(value).as_bytes())
    }

    #[inline]
    fn float<F: zmij::Float>(&mut self, value: F, finite: bool) -> Result<()> {
        match finite {
            true => self.short(|output| print::shortest(value, output)),
            false => self.write(b"null"),
        }
    }

    fn new_line(&mut self) -> Result<()> {
        self.write(b"\n")?;
        (0..self.depth).try_for_each(|_| self.write(b"  "))
    }

    #[inline]
    fn open(&mut self, bracket: u8) -> Result<()> {
        self.depth += 1;
        self.write(&[bracket])
    }

    /// Goes on to the next element or member, or to the `first`.
    #[inline(always)]
    fn next(&mut self, first: bool) -> Result<()> {
        if !first {
            self.write(b",")?;
        }
        if self.pretty {
            self.new_line()?;
        }
        if self.buffer.len() >= self.full {
            self.flush()?;
        }
        Ok(())
    }

    #[cold]
    fn flush(&mut self) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            writer.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    #[inline(always)]
    fn colon(&mut self) -> Result<()> {
        self.write(if self.pretty { b": " } else { b":" })
    }

    /// Writes the name of a member, and what stands before and behind it.
    #[inline(always)]
    fn name(&mut self, first: bool, name: &str) -> Result<()> {
        if !self.pretty && self.buffer.len() < self.full {
            return self.literal(!first, name, true);
        }
        self.next(first)?;
        self.string(name)?;
        self.colon()
    }

    #[inline]
    fn close(&mut self, empty: bool, bracket: u8) -> Result<()> {
        self.depth -= 1;
        if self.pretty && !empty {
            self.new_line()?;
        }
        self.write(&[bracket])
    }

    /// Writes what stands before the contents of an enum's variant.
    fn open_variant(&mut self, variant: &'static str) -> Result<()> {
        self.open(b'{')?;
        self.next(true)?;
        self.string(variant)?;
        self.colon()
    }
}

impl Default for Serializer<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// The elements or members of something, as they come: two words, which come back from calls in registers.
pub struct Compound<'a, 'w> {
    serializer: &'a mut Serializer<'w>,
    first: bool,
}

impl<'a, 'w> Compound<'a, 'w> {
    #[inline]
    fn open(serializer: &'a mut Serializer<'w>, bracket: u8) -> Result<Self> {
        serializer.open(bracket)?;
        Ok(Compound { serializer, first: true })
    }

    #[inline(always)]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.serializer.next(mem::take(&mut self.first))?;
        value.serialize(&mut *self.serializer)
    }

    #[inline(always)]
    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.serializer.name(mem::take(&mut self.first), name)?;
        value.serialize(&mut *self.serializer)
    }

    #[inline]
    fn close(self, bracket: u8) -> Result<()> {
        self.serializer.close(self.first, bracket)
    }

    /// Closes the content of an enum's variant, which stands in braces.
    fn close_variant(self, bracket: u8) -> Result<()> {
        self.serializer.close(self.first, bracket)?;
        self.serializer.close(false, b'}')
    }
}

/// Methods that write an integer.
macro_rules! serialize_integer {
    ($($method:ident($type:ty) via $print:ident,)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<()> {
            self.short(|output| print::$print(value.into(), output))
        }
    )*};
}

impl<'a, 'w> ser::Serializer for &'a mut Serializer<'w> {
    type Ok = ();
    type Error = CodecError;
    type SerializeSeq = Compound<'a, 'w>;
    type SerializeTuple = Compound<'a, 'w>;
    type SerializeTupleStruct = Compound<'a, 'w>;
    type SerializeTupleVariant = Compound<'a, 'w>;
    type SerializeMap = Compound<'a, 'w>;
    type SerializeStruct = Compound<'a, 'w>;
    type SerializeStructVariant = Compound<'a, 'w>;

    serialize_integer! {
        serialize_i8(i8) via int, serialize_i16(i16) via int, serialize_i32(i32) via int, serialize_i64(i64) via int,
        serialize_u8(u8) via uint, serialize_u16(u16) via uint, serialize_u32(u32) via uint, serialize_u64(u64) via uint,
    }

    fn serialize_i128(self, value: i128) -> Result<()> {
        self.integer(value)
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        self.integer(value)
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<()> {
        self.write(if value { b"true" } else { b"false" })
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<()> {
        self.float(value, value.is_finite())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<()> {
        self.float(value, value.is_finite())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.string(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<()> {
        self.string(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<()> {
        self.write(b"\"")?;
        let mut escaping = Escaping { buffer: &mut self.buffer, failure: None };
        if write!(escaping, "{value}").is_err() {
            return Err(match escaping.failure {
                Some(error) => error,
                None => CodecError::data("a value's Display implementation failed"),
            });
        }
        self.write(b"\"")
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        if mem::take(&mut self.raw) {
            return self.write(value);
        }
        self.collect_seq(value)
    }

    #[inline]
    fn serialize_unit(self) -> Result<()> {
        self.write(b"null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<()> {
        self.raw = name == raw::TOKEN;
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<()> {
        self.string(variant)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.open_variant(variant)?;
        value.serialize(&mut *self)?;
        self.close(false, b'}')
    }

    #[inline]
    fn serialize_seq(self, _length: Option<usize>) -> Result<Compound<'a, 'w>> {
        Compound::open(self, b'[')
    }

    #[inline]
    fn serialize_tuple(self, _length: usize) -> Result<Compound<'a, 'w>> {
        Compound::open(self, b'[')
    }

    #[inline]
    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Compound<'a, 'w>> {
        Compound::open(self, b'[')
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'a, 'w>> {
        self.open_variant(variant)?;
        Compound::open(self, b'[')
    }

    #[inline]
    fn serialize_map(self, _length: Option<usize>) -> Result<Compound<'a, 'w>> {
        Compound::open(self, b'{')
    }

    #[inline]
    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Compound<'a, 'w>> {
        Compound::open(self, b'{')
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'a, 'w>> {
        self.open_variant(variant)?;
        Compound::open(self, b'{')
    }
}

/// Implements a trait of serde for elements, all of them alike.
macro_rules! elements {
    ($($trait:ident::$method:ident, $close:ident;)*) => {$(
        impl ser::$trait for Compound<'_, '_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Result<()> {
                self.$close(b']')
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element, close;
    SerializeTuple::serialize_element, close;
    SerializeTupleStruct::serialize_field, close;
    SerializeTupleVariant::serialize_field, close_variant;
}

/// Implements a trait of serde for members with known names, all of them alike.
macro_rules! members {
    ($($trait:ident, $close:ident;)*) => {$(
        impl ser::$trait for Compound<'_, '_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<()> {
                self.member(name, value)
            }

            #[inline]
            fn end(self) -> Result<()> {
                self.$close(b'}')
            }
        }
    )*};
}

members! {
    SerializeStruct, close;
    SerializeStructVariant, close_variant;
}

impl ser::SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = CodecError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        key.serialize(Name { serializer: self.serializer, first: mem::take(&mut self.first) })
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut *self.serializer)
    }

    #[inline]
    fn end(self) -> Result<()> {
        self.close(b'}')
    }
}

/// Escapes what is formatted.
struct Escaping<'a> {
    buffer: &'a mut Vec<u8>,
    failure: Option<CodecError>,
}

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        string::escape_minimally(text.as_bytes(), self.buffer).map_err(|error| {
            self.failure = Some(error.into());
            fmt::Error
        })
    }
}

/// Writes map keys, strings and scalars in quotes, and what stands before and behind them.
struct Name<'a, 'w> {
    serializer: &'a mut Serializer<'w>,
    first: bool,
}

impl Name<'_, '_> {
    fn quoted<T: Serialize>(self, value: T) -> Result<()> {
        self.serializer.next(self.first)?;
        self.serializer.write(b"\"")?;
        value.serialize(&mut *self.serializer)?;
        self.serializer.write(b"\"")?;
        self.serializer.colon()
    }

    fn float<T: Serialize>(self, value: T, finite: bool) -> Result<()> {
        match finite {
            true => self.quoted(value),
            false => Err(CodecError::data("a float that is a map key must be finite")),
        }
    }
}

#[cold]
fn not_a_name<T>() -> Result<T> {
    Err(CodecError::data("a map key must be a string or a scalar"))
}

/// Methods that write a scalar in quotes.
macro_rules! serialize_quoted {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Result<()> {
            self.quoted(value)
        }
    )*};
}

impl ser::Serializer for Name<'_, '_> {
    type Ok = ();
    type Error = CodecError;
    type SerializeSeq = ser::Impossible<(), CodecError>;
    type SerializeTuple = ser::Impossible<(), CodecError>;
    type SerializeTupleStruct = ser::Impossible<(), CodecError>;
    type SerializeTupleVariant = ser::Impossible<(), CodecError>;
    type SerializeMap = ser::Impossible<(), CodecError>;
    type SerializeStruct = ser::Impossible<(), CodecError>;
    type SerializeStructVariant = ser::Impossible<(), CodecError>;

    serialize_quoted! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<()> {
        self.serializer.name(self.first, value)
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.float(value, value.is_finite())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        self.float(value, value.is_finite())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<()> {
        self.serializer.next(self.first)?;
        self.serializer.collect_str(value)?;
        self.serializer.colon()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<()> {
        not_a_name()
    }

    fn serialize_none(self) -> Result<()> {
        not_a_name()
    }

    fn serialize_unit(self) -> Result<()> {
        not_a_name()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<()> {
        not_a_name()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<()> {
        not_a_name()
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Self::SerializeSeq> {
        not_a_name()
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self::SerializeTuple> {
        not_a_name()
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct> {
        not_a_name()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        not_a_name()
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Self::SerializeMap> {
        not_a_name()
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStruct> {
        not_a_name()
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant> {
        not_a_name()
    }
}
