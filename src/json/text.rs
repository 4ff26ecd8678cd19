//! Operations on whole texts that build no values.

use super::error::Error;
use super::scan::Cursor;

/// Checks that `text` is one JSON value, with white space around it at most.
///
/// As in `encoding/json`, strings may contain invalid UTF-8, and nesting beyond
/// [`MAX_DEPTH`](super::MAX_DEPTH) is refused.
pub fn valid(text: &[u8]) -> Result<(), Error> {
    let mut cursor = Cursor::new(text);
    cursor.skip_value(0)?;
    cursor.finish()
}
