//! JSON: operations on texts.

use super::argument::slice;
use super::guard::guard;
use super::status::{Failure, tandem_error, tandem_status};
use crate::json;

impl From<json::Error> for Failure {
    fn from(error: json::Error) -> Self {
        Failure {
            status: tandem_status::Syntax,
            offset: error.offset as u64,
            message: error.kind.message().into(),
        }
    }
}

/// Checks that a text is one JSON value (RFC 8259), with white space around it at most. Strings may
/// contain invalid UTF-8, and nesting deeper than 10,000 is refused, as in Go's `encoding/json`.
///
/// @param text the text; not kept.
/// @param text_length its length in bytes; 0 is a text that ends too early.
/// @param error what is wrong and where; may be NULL.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_SYNTAX. Safe from any thread.
///
/// # Safety
/// `text` is valid for reads of `text_length` bytes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_json_valid(
    text: *const u8,
    text_length: usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            json::valid(slice(text, text_length, "text")?)?;
            Ok(())
        })
    }
}
