//! Values that stay text.

use std::borrow::ToOwned;
use std::fmt::{self, Debug, Display};

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::error::CodecError;
use super::{from_str, to_string};

/// By this name of a newtype, a deserializer or serializer of this module knows a [`RawValue`].
pub(super) const TOKEN: &str = "$tandem::json::RawValue";

/// A JSON value as it is written: without the white space around it, and otherwise unchanged.
///
/// It is a part of a larger value that is not to be read yet, or is to be passed on as it came: with its spaces,
/// numbers of any size and precision, and duplicate names. Reading one checks the grammar, and costs no more than
/// skipping. It is unsized, as `str` is: `&RawValue` borrows from the text, `Box<RawValue>` owns a copy. As in
/// `serde_json`, it can't be a part of what serde buffers: of untagged or internally tagged enums, or of flattened structs.
///
/// ```
/// use tandem::json::{self, RawValue};
///
/// #[derive(serde::Deserialize, serde::Serialize)]
/// struct Message<'a> {
///     kind: u8,
///     #[serde(borrow)]
///     content: &'a RawValue,
/// }
///
/// let text = r#"{"kind":7,"content":{"pi": 3.14159265358979323846264338}}"#;
/// let message: Message = json::from_str(text)?;
/// assert_eq!(message.content.get(), r#"{"pi": 3.14159265358979323846264338}"#);
/// assert_eq!(json::to_string(&message)?, text);
/// # Ok::<(), json::CodecError>(())
/// ```
#[derive(PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct RawValue {
    json: str,
}

impl RawValue {
    /// The value `null`.
    pub const NULL: &'static RawValue = RawValue::of("null");
    /// The value `true`.
    pub const TRUE: &'static RawValue = RawValue::of("true");
    /// The value `false`.
    pub const FALSE: &'static RawValue = RawValue::of("false");

    const fn of(json: &str) -> &Self {
        // SAFETY: a `RawValue` is a `str` and nothing else, by `repr(transparent)`; both pointers have the same metadata.
        unsafe { &*(json as *const str as *const RawValue) }
    }

    fn boxed(json: Box<str>) -> Box<Self> {
        // SAFETY: as in `of`.
        unsafe { Box::from_raw(Box::into_raw(json) as *mut RawValue) }
    }

    /// A value from its text, without a copy if no white space is around it.
    ///
    /// # Errors
    /// `json` is not one valid JSON value.
    pub fn from_string(json: String) -> Result<Box<Self>, CodecError> {
        let raw: &RawValue = from_str(&json)?;
        if raw.json.len() < json.len() {
            return Ok(raw.to_owned());
        }
        Ok(Self::boxed(json.into_boxed_str()))
    }

    /// The text of the value.
    pub const fn get(&self) -> &str {
        &self.json
    }
}

/// Writes a value, to be a part of a larger one.
///
/// # Errors
/// Those of [`to_string`].
pub fn to_raw_value<T: Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>, CodecError> {
    to_string(value).map(|json| RawValue::boxed(json.into_boxed_str()))
}

impl Debug for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawValue").field(&format_args!("{}", &self.json)).finish()
    }
}

impl Display for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)
    }
}

impl AsRef<str> for RawValue {
    fn as_ref(&self) -> &str {
        &self.json
    }
}

impl ToOwned for RawValue {
    type Owned = Box<RawValue>;

    fn to_owned(&self) -> Box<RawValue> {
        Self::boxed(self.json.into())
    }
}

impl Clone for Box<RawValue> {
    fn clone(&self) -> Self {
        (**self).to_owned()
    }
}

impl Default for Box<RawValue> {
    /// `null`.
    fn default() -> Self {
        RawValue::NULL.to_owned()
    }
}

impl From<Box<RawValue>> for Box<str> {
    fn from(raw: Box<RawValue>) -> Self {
        // SAFETY: as in `RawValue::of`.
        unsafe { Box::from_raw(Box::into_raw(raw) as *mut str) }
    }
}

impl Serialize for RawValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TOKEN, &Bytes(&self.json))
    }
}

/// Bytes that are no sequence of numbers to serde.
struct Bytes<'a>(&'a str);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_bytes())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for &'a RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(TOKEN, RawVisitor).map(RawValue::of)
    }
}

impl<'de> Deserialize<'de> for Box<RawValue> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(ToOwned::to_owned)
    }
}

/// Takes a map with one entry, which a deserializer of this module makes of the value's text. Others don't, so that
/// nothing becomes a raw value that was not checked.
struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = &'de str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value that is read by tandem::json")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<&'de str, A::Error> {
        match map.next_key()? {
            Some(TOKEN) => map.next_value(),
            _ => Err(de::Error::custom("a raw value must be read by tandem::json")),
        }
    }
}

/// The map that [`RawVisitor`] takes.
pub(super) struct Raw<'de> {
    json: &'de str,
}

impl<'de> Raw<'de> {
    pub(super) fn new(json: &'de str) -> Self {
        Raw { json }
    }
}

impl<'de> MapAccess<'de> for Raw<'de> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, CodecError> {
        seed.deserialize(de::value::BorrowedStrDeserializer::new(TOKEN)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, CodecError> {
        seed.deserialize(de::value::BorrowedStrDeserializer::new(self.json))
    }
}
