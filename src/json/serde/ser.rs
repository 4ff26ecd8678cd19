//! Writing: serde's data model as JSON text.

use std::fmt::{self, Display, Write as _};
use std::io;

use serde::ser::{self, Serialize};

use super::error::CodecError;
use super::raw;
use crate::json::sink::Sink;
use crate::json::string;

type Result<T> = std::result::Result<T, CodecError>;

/// How much text is collected before a writer gets it.
const BLOCK: usize = 1 << 16;

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
    let serializer = Serializer { writer: Some(&mut writer), ..Serializer::new() };
    let rest = write(serializer, value)?;
    Ok(writer.write_all(&rest)?)
}

/// Writes a value as indented JSON text, as [`to_vec_pretty`] does, to a writer, in blocks of about 64 KiB.
/// If it fails, a part may have been written.
pub fn to_writer_pretty<W: io::Write, T: Serialize + ?Sized>(
    mut writer: W,
    value: &T,
) -> Result<()> {
    let serializer = Serializer { writer: Some(&mut writer), ..Serializer::pretty() };
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
    /// Gets what `buffer` holds whenever that is a block.
    writer: Option<&'w mut dyn io::Write>,
    pretty: bool,
    depth: usize,
    /// Whether the next bytes are the text of a raw value.
    raw: bool,
}

impl Serializer<'_> {
    /// A serializer that writes no white space.
    pub fn new() -> Self {
        Serializer { buffer: Vec::new(), writer: None, pretty: false, depth: 0, raw: false }
    }

    /// A serializer that puts each element and member on a line of its own.
    pub fn pretty() -> Self {
        Serializer { pretty: true, ..Self::new() }
    }

    /// The text that was written.
    pub fn into_vec(self) -> Vec<u8> {
        self.buffer
    }

    #[inline(always)]
    fn write(&mut self, text: &[u8]) -> Result<()> {
        Ok(self.buffer.write(text)?)
    }

    #[inline(always)]
    fn string(&mut self, value: &str) -> Result<()> {
        self.write(b"\"")?;
        string::escape_minimally(value, &mut self.buffer)?;
        self.write(b"\"")
    }

    #[inline]
    fn integer<I: itoa::Integer>(&mut self, value: I) -> Result<()> {
        self.write(itoa::Buffer::new().format(value).as_bytes())
    }

    #[inline]
    fn float<F: zmij::Float>(&mut self, value: F, finite: bool) -> Result<()> {
        match finite {
            true => self.write(zmij::Buffer::new().format_finite(value).as_bytes()),
            false => self.write(b"null"),
        }
    }

    fn new_line(&mut self) -> Result<()> {
        self.write(b"\n")?;
        (0..self.depth).try_for_each(|_| self.write(b"  "))
    }

    fn open(&mut self, bracket: &[u8]) -> Result<()> {
        self.depth += 1;
        self.write(bracket)
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
        if self.buffer.len() >= BLOCK {
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

    fn close(&mut self, empty: bool, bracket: &[u8]) -> Result<()> {
        self.depth -= 1;
        if self.pretty && !empty {
            self.new_line()?;
        }
        self.write(bracket)
    }

    /// Writes what stands before the contents of an enum's variant.
    fn open_variant(&mut self, variant: &'static str) -> Result<()> {
        self.open(b"{")?;
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

/// The elements or members of something, as they come.
pub struct Compound<'a, 'w> {
    serializer: &'a mut Serializer<'w>,
    first: bool,
    bracket: &'static [u8],
    /// Whether it is the content of an enum's variant, which stands in braces.
    variant: bool,
}

impl<'a, 'w> Compound<'a, 'w> {
    fn array(serializer: &'a mut Serializer<'w>) -> Result<Self> {
        serializer.open(b"[")?;
        Ok(Compound { serializer, first: true, bracket: b"]", variant: false })
    }

    fn object(serializer: &'a mut Serializer<'w>) -> Result<Self> {
        serializer.open(b"{")?;
        Ok(Compound { serializer, first: true, bracket: b"}", variant: false })
    }

    fn within_variant(self) -> Self {
        Compound { variant: true, ..self }
    }

    #[inline(always)]
    fn next(&mut self) -> Result<()> {
        self.serializer.next(std::mem::take(&mut self.first))
    }

    #[inline(always)]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.next()?;
        value.serialize(&mut *self.serializer)
    }

    #[inline(always)]
    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        self.next()?;
        self.serializer.string(name)?;
        self.serializer.colon()?;
        value.serialize(&mut *self.serializer)
    }

    fn close(self) -> Result<()> {
        self.serializer.close(self.first, self.bracket)?;
        if self.variant {
            self.serializer.close(false, b"}")?;
        }
        Ok(())
    }
}

/// Methods that write an integer.
macro_rules! serialize_integer {
    ($($method:ident($type:ty))*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<()> {
            self.integer(value)
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
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
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
        if std::mem::take(&mut self.raw) {
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
        self.close(false, b"}")
    }

    #[inline]
    fn serialize_seq(self, _length: Option<usize>) -> Result<Compound<'a, 'w>> {
        Compound::array(self)
    }

    #[inline]
    fn serialize_tuple(self, _length: usize) -> Result<Compound<'a, 'w>> {
        Compound::array(self)
    }

    #[inline]
    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Compound<'a, 'w>> {
        Compound::array(self)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'a, 'w>> {
        self.open_variant(variant)?;
        Compound::array(self).map(Compound::within_variant)
    }

    #[inline]
    fn serialize_map(self, _length: Option<usize>) -> Result<Compound<'a, 'w>> {
        Compound::object(self)
    }

    #[inline]
    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Compound<'a, 'w>> {
        Compound::object(self)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Compound<'a, 'w>> {
        self.open_variant(variant)?;
        Compound::object(self).map(Compound::within_variant)
    }
}

/// Implements a trait of serde for elements, all of them alike.
macro_rules! elements {
    ($($trait:ident::$method:ident)*) => {$(
        impl ser::$trait for Compound<'_, '_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Result<()> {
                self.close()
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

/// Implements a trait of serde for members with known names, all of them alike.
macro_rules! members {
    ($($trait:ident)*) => {$(
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
                self.close()
            }
        }
    )*};
}

members! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = CodecError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.next()?;
        key.serialize(Name { serializer: self.serializer })?;
        self.serializer.colon()
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut *self.serializer)
    }

    #[inline]
    fn end(self) -> Result<()> {
        self.close()
    }
}

/// Escapes what is formatted.
struct Escaping<'a> {
    buffer: &'a mut Vec<u8>,
    failure: Option<CodecError>,
}

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        string::escape_minimally(text, self.buffer).map_err(|error| {
            self.failure = Some(error.into());
            fmt::Error
        })
    }
}

/// Writes map keys: strings, and scalars in quotes.
struct Name<'a, 'w> {
    serializer: &'a mut Serializer<'w>,
}

impl Name<'_, '_> {
    fn quoted<T: Serialize>(self, value: T) -> Result<()> {
        self.serializer.write(b"\"")?;
        value.serialize(&mut *self.serializer)?;
        self.serializer.write(b"\"")
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
        self.serializer.string(value)
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serializer.serialize_char(value)
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.float(value, value.is_finite())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        self.float(value, value.is_finite())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<()> {
        self.serializer.collect_str(value)
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
        self.serializer.string(variant)
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
