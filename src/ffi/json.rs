//! JSON: operations on texts.

use std::convert::Infallible;
use std::mem::MaybeUninit;

use super::argument::{Output, buffer, exclusive, slice};
use super::guard::guard;
use super::status::{Failure, tandem_error, tandem_status};
use crate::json::strict::{Strictness, check};
use crate::json::{self, ErrorKind, sink::Lent, stream::Scanner, text};

impl From<json::Error> for Failure {
    fn from(error: json::Error) -> Self {
        let (status, offset) = match error.kind {
            json::ErrorKind::OutOfMemory => (tandem_status::OutOfMemory, 0),
            json::ErrorKind::TooLong => (tandem_status::TooLarge, error.offset as u64),
            _ => (tandem_status::Syntax, error.offset as u64),
        };
        Failure { status, offset, message: error.kind.message().into() }
    }
}

impl From<text::Failure<Infallible>> for Failure {
    fn from(failure: text::Failure<Infallible>) -> Self {
        match failure {
            text::Failure::Text(error) => error.into(),
            text::Failure::Sink(never) => match never {},
        }
    }
}

/// Runs an operation on the caller's buffer, and reports the length of what it wrote or would write.
pub(crate) fn fill<E>(
    buffer: &mut [MaybeUninit<u8>],
    length: &Output<usize>,
    operation: impl FnOnce(&mut Lent) -> Result<(), E>,
) -> Result<(), Failure>
where
    Failure: From<E>,
{
    let mut lent = Lent::new(buffer);
    operation(&mut lent)?;
    length.set(lent.length());
    match lent.fits() {
        true => Ok(()),
        false => Err(Failure::new(tandem_status::BufferTooSmall, "the buffer is too small")),
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

/// No object may have two members of the same name, escapes apart. For `tandem_json_check`.
pub const TANDEM_CHECK_UNIQUE_NAMES: u32 = 1;
/// Strings and names must be UTF-8, without escapes of half a surrogate pair. For `tandem_json_check`.
pub const TANDEM_CHECK_UTF8: u32 = 2;

/// Checks a text as tandem_json_valid does, and for what `flags` say.
///
/// @param text the text; not kept.
/// @param text_length its length in bytes.
/// @param flags any of TANDEM_CHECK_*, added.
/// @param max_depth how deep arrays and objects may be nested; 10,000 is the limit in any case.
/// @param error what is wrong first, and where; may be NULL.
/// @return TANDEM_STATUS_OK; TANDEM_STATUS_SYNTAX; TANDEM_STATUS_DUPLICATE_NAME, at the second of two names;
/// TANDEM_STATUS_INVALID_UTF8; TANDEM_STATUS_TOO_DEEP; or TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
///
/// # Safety
/// `text` is valid for reads of `text_length` bytes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_json_check(
    text: *const u8,
    text_length: usize,
    flags: u32,
    max_depth: usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let strictness = Strictness {
                unique_names: flags & TANDEM_CHECK_UNIQUE_NAMES != 0,
                utf8: flags & TANDEM_CHECK_UTF8 != 0,
                max_depth,
            };
            check(slice(text, text_length, "text")?, strictness).map_err(|error| {
                let failure = Failure::from(error);
                match error.kind {
                    ErrorKind::DuplicateName => {
                        Failure { status: tandem_status::DuplicateName, ..failure }
                    }
                    ErrorKind::InvalidUtf8 | ErrorKind::LoneSurrogate => {
                        Failure { status: tandem_status::InvalidUtf8, ..failure }
                    }
                    ErrorKind::TooDeep => Failure { status: tandem_status::TooDeep, ..failure },
                    _ => failure,
                }
            })
        })
    }
}

/// Copies a JSON text without the white space between its tokens, and checks it as tandem_json_valid
/// does. The result is never longer than the text.
///
/// @param text the text; not kept.
/// @param text_length its length in bytes.
/// @param output where the result goes, without a final NUL; must not overlap `text`. Holds nothing of use
///        unless the function succeeds.
/// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
/// @param length receives the length of the result, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @param error what is wrong and where; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_SYNTAX or TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any
///         thread.
///
/// # Safety
/// `text` is valid for reads of `text_length` bytes, `output` for writes of `capacity` bytes; `length`
/// is valid for writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_json_compact(
    text: *const u8,
    text_length: usize,
    output: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let text = slice(text, text_length, "text")?;
            let output = buffer(output, capacity, "output")?;
            let length = Output::new(length, "length")?;
            fill(output, &length, |out| text::compact_to(text, false, out))
        })
    }
}

/// Copies a JSON text with each element and member on a line of its own, and checks it as
/// tandem_json_valid does. White space after the value is kept; empty arrays and objects stay on one line.
///
/// @param text the text; not kept.
/// @param text_length its length in bytes.
/// @param prefix what each line but the first begins with; not kept.
/// @param prefix_length its length in bytes.
/// @param indent what follows the prefix, once for each array and object around the line; not kept.
/// @param indent_length its length in bytes.
/// @param output where the result goes, without a final NUL; must not overlap the inputs. Holds nothing of
///        use unless the function succeeds.
/// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
/// @param length receives the length of the result, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @param error what is wrong and where; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_SYNTAX, TANDEM_STATUS_BUFFER_TOO_SMALL or
///         TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
///
/// # Safety
/// `text`, `prefix` and `indent` are valid for reads of as many bytes as their lengths say, `output` for
/// writes of `capacity` bytes; `length` is valid for writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_json_indent(
    text: *const u8,
    text_length: usize,
    prefix: *const u8,
    prefix_length: usize,
    indent: *const u8,
    indent_length: usize,
    output: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let text = slice(text, text_length, "text")?;
            let prefix = slice(prefix, prefix_length, "prefix")?;
            let indent = slice(indent, indent_length, "indent")?;
            let output = buffer(output, capacity, "output")?;
            let length = Output::new(length, "length")?;
            fill(output, &length, |out| text::indent_to(text, prefix, indent, out))
        })
    }
}

/// Copies a text with `<`, `>`, `&`, U+2028 and U+2029 as escapes (`\u003c` and so on), so that JSON can
/// stand inside of a script element in HTML. The text is not checked. The result is at most six
/// times as long as the text.
///
/// @param text the text; not kept.
/// @param text_length its length in bytes.
/// @param output where the result goes, without a final NUL; must not overlap `text`. Holds nothing of use
///        unless the function succeeds.
/// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
/// @param length receives the length of the result, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any thread.
///
/// # Safety
/// `text` is valid for reads of `text_length` bytes, `output` for writes of `capacity` bytes; `length`
/// is valid for writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_json_html_escape(
    text: *const u8,
    text_length: usize,
    output: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let text = slice(text, text_length, "text")?;
            let output = buffer(output, capacity, "output")?;
            let length = Output::new(length, "length")?;
            fill(output, &length, |out| {
                text::html_escape_to(text, out).map_err(text::Failure::Sink)
            })
        })
    }
}

/// Line and column of a byte, to show where an error's `offset` is.
///
/// @param text the text; not kept.
/// @param text_length its length in bytes.
/// @param offset the byte's offset; beyond the text it counts as the text's end.
/// @param line receives the line, from 1; lines end with LF.
/// @param column receives the column within the line in bytes, from 1.
/// @param error what is wrong with the arguments; may be NULL.
/// @return TANDEM_STATUS_OK. Safe from any thread.
///
/// # Safety
/// `text` is valid for reads of `text_length` bytes; `line` and `column` are valid for writes; `error`
/// is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_json_position(
    text: *const u8,
    text_length: usize,
    offset: u64,
    line: *mut usize,
    column: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let text = slice(text, text_length, "text")?;
            let (line, column) = (Output::new(line, "line")?, Output::new(column, "column")?);
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            let position = json::Position::of(text, offset);
            line.set(position.line);
            column.set(position.column);
            Ok(())
        })
    }
}

/// What was seen so far of a JSON value that arrives in pieces. Owned by the caller, and begins as all zeros: to
/// begin the next value, setting `position` to 0 is enough. Holds no memory to free.
#[repr(C)]
pub struct tandem_json_scanner {
    /// Where in the grammar the next byte is.
    pub position: u64,
    /// Which brackets are open.
    pub brackets: [u64; 157],
}

const _: () = {
    assert!(size_of::<tandem_json_scanner>() == size_of::<Scanner>());
    assert!(align_of::<tandem_json_scanner>() == align_of::<Scanner>());
};

/// Looks for the end of a JSON value in the next piece of a text. However the text is cut, each byte is looked at
/// once, and the first that can't be accepted is found in its piece.
///
/// An array or object ends with its bracket. A string, a number or a literal ends before the byte that follows it; at the
/// end of the text, a piece of one space tells whether the value is complete. Strings may contain invalid UTF-8, and
/// nesting deeper than 10,000 is refused, as by tandem_json_valid. White space may come before the value.
///
/// @param scanner the scanner.
/// @param text the piece; not kept.
/// @param text_length its length in bytes.
/// @param length receives how many bytes of the piece belong to the value, if it ends.
/// @param error what is wrong and where in the piece; may be NULL.
/// @return TANDEM_STATUS_OK, if the value ends; TANDEM_STATUS_INCOMPLETE, if more is needed; TANDEM_STATUS_SYNTAX. Only after
/// TANDEM_STATUS_INCOMPLETE may the scanner be used again as it is. Safe from any thread, but not for one scanner at once.
///
/// # Safety
/// `scanner` is valid for reads and writes; `text` is valid for reads of `text_length` bytes; `length` is valid for
/// writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_json_scanner_scan(
    scanner: *mut tandem_json_scanner,
    text: *const u8,
    text_length: usize,
    length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called; a `Scanner` has the size and alignment of the
    // structure, and takes any contents.
    unsafe {
        guard(error, || {
            let scanner = exclusive(scanner.cast::<Scanner>(), "scanner")?;
            let text = slice(text, text_length, "text")?;
            let length = Output::new(length, "length")?;
            match scanner.scan(text) {
                Ok(Some(end)) => length.set(end),
                Ok(None) => {
                    return Err(Failure::new(
                        tandem_status::Incomplete,
                        "the text ends within the value",
                    ));
                }
                Err(offset) => {
                    return Err(Failure {
                        status: tandem_status::Syntax,
                        offset: offset as u64,
                        message: "unexpected character".into(),
                    });
                }
            }
            Ok(())
        })
    }
}
