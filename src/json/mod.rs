//! JSON (RFC 8259), with the leniencies of Go's `encoding/json` where it has any.

mod error;
mod scan;
mod simd;
pub(crate) mod sink;
mod string;
pub(crate) mod text;

pub use error::{Error, ErrorKind, Position};
pub use scan::MAX_DEPTH;
pub use text::{compact, html_escape, indent, valid};
