//! Values of Rust types from JSON and as JSON, through serde.
//!
//! What is accepted and what is written is the same as with `serde_json`, so that a program can change
//! from one to the other; `serde_json::Value` works with both.

mod de;
mod error;
mod ser;

pub use de::{Deserializer, MAX_RECURSION, from_reader, from_slice, from_str};
pub use error::{CodecError, CodecErrorKind};
pub use ser::{
    Serializer, to_string, to_string_pretty, to_vec, to_vec_pretty, to_writer, to_writer_pretty,
};
