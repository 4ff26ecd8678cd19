//! Values of Rust types from JSON and as JSON, through serde.
//!
//! What is accepted and what is written is the same as with `serde_json`, so that a program can change
//! from one to the other; `serde_json::Value` works with both.

mod de;
mod error;
mod pointer;
mod raw;
mod reader;
mod ser;
mod values;

pub use de::{Deserializer, MAX_RECURSION, from_slice, from_str};
pub use error::{CodecError, CodecErrorKind};
pub use raw::{RawValue, to_raw_value};
pub use reader::{ReaderDeserializer, ReaderValues, from_reader};
pub use ser::{
    Serializer, to_string, to_string_pretty, to_vec, to_vec_pretty, to_writer, to_writer_pretty,
};
pub use values::Values;
