//! JSON (RFC 8259), with the leniencies of Go's `encoding/json` where it has any.

mod base64;
#[cfg(test)]
pub(crate) mod bounds;
pub mod decode;
mod document;
pub mod encode;
mod error;
pub(crate) mod escape;
mod index;
mod number;
mod output;
mod print;
mod scan;
mod serde;
mod shape;
mod short;
mod simd;
pub(crate) mod sink;
mod steps;
pub mod stream;
pub mod strict;
mod string;
pub(crate) mod tape;
pub(crate) mod text;
mod unescape;
mod vector;
mod walk;

pub use self::serde::{
    CodecError, CodecErrorKind, Deserializer, MAX_RECURSION, RawValue, ReaderDeserializer,
    ReaderValues, Serializer, Values, from_reader, from_slice, from_str, to_raw_value, to_string,
    to_string_pretty, to_vec, to_vec_pretty, to_writer, to_writer_pretty,
};
pub use document::{Document, Elements, Members, PointerError, Value};
pub use error::{Error, ErrorKind, Position};
pub use scan::MAX_DEPTH;
pub use shape::{Shape, ShapeError};
pub use tape::Kind;
pub use text::{compact, html_escape, indent, valid};
