//! Documents: JSON texts that are parsed once, and read where something is wanted.

use super::argument::{Output, buffer, reference, slice};
use super::guard::{guard, guard_or};
use super::json::fill;
use super::status::{Failure, tandem_error, tandem_status};
use crate::json::sink::{Lent, Sink};
use crate::json::tape::{self, Stop};
use crate::json::{Document, Kind, PointerError, Value, text};

/// A JSON text that was parsed once. Owned by the program, and never changed: any number of threads may read it at once.
pub struct tandem_document {
    document: Document<'static>,
}

/// What kind of value a node is. Numbers are fixed.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tandem_kind {
    /// null
    Null = 0,
    /// true or false
    Bool = 1,
    /// A number.
    Number = 2,
    /// A string, or a member's name.
    String = 3,
    /// An array.
    Array = 4,
    /// An object.
    Object = 5,
}

/// A value of a document, or a member's name. Nodes are known by numbers, of which the root's is 0.
#[repr(C)]
pub struct tandem_node {
    /// What it is.
    pub kind: tandem_kind,
    /// Whether it is `true`.
    pub is_true: bool,
    /// How many elements an array has, or members an object; 0 for other values.
    pub count: usize,
    /// Where it begins in the text, and how many bytes it has there.
    pub offset: usize,
    /// See `offset`.
    pub length: usize,
    /// The first element, or the name of the first member; 0 if there is none.
    pub first: usize,
    /// What follows in the array or object around it: the next element; behind a member's name its value; behind that the next
    /// member's name; 0 at the end.
    pub next: usize,
}

impl From<PointerError> for Failure {
    fn from(error: PointerError) -> Self {
        Failure::new(tandem_status::InvalidArgument, error.to_string())
    }
}

fn value(document: &tandem_document, node: usize) -> Result<Value<'_>, Failure> {
    let value = document.document.value(node);
    value.ok_or_else(|| {
        Failure::new(tandem_status::InvalidArgument, "argument `node` is no node of the document")
    })
}

fn mismatch<T>(value: Option<T>, expected: &'static str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::new(tandem_status::Mismatch, expected))
}

/// Parses a JSON text. All of it is checked, as by tandem_json_valid.
///
/// @param text the text, which is copied. At 2 GiB and more it is too large.
/// @param text_length its length in bytes.
/// @param output the new document, to be freed with `tandem_document_free`; NULL on failure.
/// @param error what is wrong with the text and where; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_SYNTAX, TANDEM_STATUS_TOO_LARGE or TANDEM_STATUS_OUT_OF_MEMORY. Safe from any thread.
///
/// # Safety
/// `text` is valid for reads of `text_length` bytes; `output` is valid for writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_new(
    text: *const u8,
    text_length: usize,
    output: *mut *mut tandem_document,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let output = Output::new(output, "output")?;
            output.set(std::ptr::null_mut());
            let document = Document::copied(slice(text, text_length, "text")?)?;
            output.set(Box::into_raw(Box::new(tandem_document { document })));
            Ok(())
        })
    }
}

/// Frees a document.
///
/// @param document the document, which no other thread may be using; NULL does nothing.
///
/// # Safety
/// `document` is NULL or came from `tandem_document_new` and was not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_free(document: *mut tandem_document) {
    guard_or((), || {
        if !document.is_null() {
            // SAFETY: made by `Box::into_raw` in `tandem_document_new`, and not freed before.
            drop(unsafe { Box::from_raw(document) });
        }
    });
}

/// Tells what a node is, and which are next to it.
///
/// @param document the document.
/// @param node the node's number; 0 for the root.
/// @param output what it is.
/// @param error what is wrong with the arguments; may be NULL.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `document` came from `tandem_document_new`; `output` is valid for writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_node(
    document: *const tandem_document,
    node: usize,
    output: *mut tandem_node,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let document = reference(document, "document")?;
            let output = Output::new(output, "output")?;
            let value = value(document, node)?;
            let span = value.span();
            output.set(tandem_node {
                kind: match value.kind() {
                    Kind::Null => tandem_kind::Null,
                    Kind::Bool => tandem_kind::Bool,
                    Kind::Number => tandem_kind::Number,
                    Kind::String => tandem_kind::String,
                    Kind::Array => tandem_kind::Array,
                    Kind::Object => tandem_kind::Object,
                },
                is_true: value.as_bool() == Some(true),
                count: value.len(),
                offset: span.start,
                length: span.len(),
                first: value.first().map_or(0, Value::place),
                next: value.next_sibling().map_or(0, Value::place),
            });
            Ok(())
        })
    }
}

/// Finds the value that a JSON Pointer (RFC 6901) leads to. Of members with the same name the last one counts.
///
/// @param document the document.
/// @param node where the pointer begins; 0 for the root.
/// @param pointer the pointer, in UTF-8; the empty one leads to `node`. Not kept.
/// @param pointer_length its length in bytes.
/// @param output the node.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_NOT_FOUND or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `document` came from `tandem_document_new`; `pointer` is valid for reads of `pointer_length` bytes; `output` is valid for
/// writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_find(
    document: *const tandem_document,
    node: usize,
    pointer: *const u8,
    pointer_length: usize,
    output: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let document = reference(document, "document")?;
            let output = Output::new(output, "output")?;
            let pointer = slice(pointer, pointer_length, "pointer")?;
            let found = value(document, node)?.find(utf8(pointer)?)?;
            let found = found.ok_or_else(|| {
                Failure::new(tandem_status::NotFound, "the pointer leads to no value")
            })?;
            output.set(found.place());
            Ok(())
        })
    }
}

/// A slice of bytes that the caller owns.
#[repr(C)]
pub struct tandem_slice {
    /// The first byte; may be NULL if there are none.
    pub data: *const u8,
    /// How many there are.
    pub length: usize,
}

/// Finds the values that several JSON Pointers lead to, in one call.
///
/// @param document the document.
/// @param node where the pointers begin; 0 for the root.
/// @param pointers the pointers, as for `tandem_document_find`; not kept.
/// @param count how many there are.
/// @param output receives as many nodes; SIZE_MAX for each pointer that leads to no value.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT, with which `output` holds nothing of use. Safe from any thread.
///
/// # Safety
/// `document` came from `tandem_document_new`; `pointers` is valid for reads of `count` slices, and each of these for reads;
/// `output` is valid for writes of `count` nodes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_find_many(
    document: *const tandem_document,
    node: usize,
    pointers: *const tandem_slice,
    count: usize,
    output: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let start = value(reference(document, "document")?, node)?;
            let output = buffer(output, count, "output")?;
            for (pointer, found) in slice(pointers, count, "pointers")?.iter().zip(output) {
                let pointer = slice(pointer.data, pointer.length, "pointers")?;
                found.write(start.find(utf8(pointer)?)?.map_or(usize::MAX, Value::place));
            }
            Ok(())
        })
    }
}

fn utf8(pointer: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(pointer)
        .map_err(|_| Failure::new(tandem_status::InvalidArgument, "the pointer is not UTF-8"))
}

/// Reads a string or a member's name, without quotes and with its escapes resolved. What is no character becomes U+FFFD.
///
/// @param document the document.
/// @param node the string.
/// @param output where its UTF-8 goes, without a final NUL.
/// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
/// @param length receives the length, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, TANDEM_STATUS_INVALID_ARGUMENT; TANDEM_STATUS_MISMATCH for other
/// values. Safe from any thread.
///
/// # Safety
/// `document` came from `tandem_document_new`; `output` is valid for writes of `capacity` bytes; `length` is valid for writes;
/// `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_string(
    document: *const tandem_document,
    node: usize,
    output: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let document = reference(document, "document")?;
            let output = buffer(output, capacity, "output")?;
            let length = Output::new(length, "length")?;
            let string = mismatch(value(document, node)?.as_str(), "the value is no string")?;
            fill(output, &length, |out: &mut Lent| {
                out.write(string.as_bytes()).map_err(text::Failure::Sink)
            })
        })
    }
}

/// Reads a number that is an integer without fraction and exponent; -0 is 0, whose sign tandem_document_double tells.
///
/// @param document the document.
/// @param node the number.
/// @param output the integer.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_INVALID_ARGUMENT; TANDEM_STATUS_MISMATCH for other values, and numbers that are no
/// such integer or do not fit. Safe from any thread.
///
/// # Safety
/// `document` came from `tandem_document_new`; `output` is valid for writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_int64(
    document: *const tandem_document,
    node: usize,
    output: *mut i64,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let document = reference(document, "document")?;
            let output = Output::new(output, "output")?;
            output.set(mismatch(
                value(document, node)?.as_i64(),
                "the value is no integer of 64 bits",
            )?);
            Ok(())
        })
    }
}

/// As tandem_document_int64, for integers from 0 to 2^64 - 1.
///
/// @param document the document.
/// @param node the number.
/// @param output the integer.
/// @param error what is wrong; may be NULL.
/// @return as tandem_document_int64.
///
/// # Safety
/// As for tandem_document_int64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_uint64(
    document: *const tandem_document,
    node: usize,
    output: *mut u64,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let document = reference(document, "document")?;
            let output = Output::new(output, "output")?;
            output.set(mismatch(
                value(document, node)?.as_u64(),
                "the value is no unsigned integer of 64 bits",
            )?);
            Ok(())
        })
    }
}

/// Reads a number as the double that is closest to it. The text of a number that needs more is at its offset.
///
/// @param document the document.
/// @param node the number.
/// @param output the double, which is finite.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_INVALID_ARGUMENT; TANDEM_STATUS_MISMATCH for other values, and numbers that are too
/// large. Safe from any thread.
///
/// # Safety
/// As for tandem_document_int64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_double(
    document: *const tandem_document,
    node: usize,
    output: *mut f64,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let document = reference(document, "document")?;
            let output = Output::new(output, "output")?;
            output
                .set(mismatch(value(document, node)?.as_f64(), "the value is no number in range")?);
            Ok(())
        })
    }
}

/// Writes a value without white space between its tokens.
///
/// @param document the document.
/// @param node the value.
/// @param output where the text goes, without a final NUL.
/// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
/// @param length receives the length of the text, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `document` came from `tandem_document_new`; `output` is valid for writes of `capacity` bytes; `length` is valid for writes;
/// `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_compact(
    document: *const tandem_document,
    node: usize,
    output: *mut u8,
    capacity: usize,
    length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let document = reference(document, "document")?;
            let output = buffer(output, capacity, "output")?;
            let length = Output::new(length, "length")?;
            let raw = value(document, node)?.raw();
            fill(output, &length, |out| text::compact_to(raw, false, out))
        })
    }
}

/// Writes a value as tandem_json_indent formats it.
///
/// @param document the document.
/// @param node the value.
/// @param prefix what each line but the first begins with; not kept.
/// @param prefix_length its length in bytes.
/// @param indent what follows the prefix, once for each array and object around the line; not kept.
/// @param indent_length its length in bytes.
/// @param output where the text goes, without a final NUL; must not overlap the inputs.
/// @param capacity size of `output` in bytes; 0 with NULL to only learn the length.
/// @param length receives the length of the text, also with TANDEM_STATUS_BUFFER_TOO_SMALL.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_BUFFER_TOO_SMALL, TANDEM_STATUS_INVALID_ARGUMENT or TANDEM_STATUS_OUT_OF_MEMORY. Safe
/// from any thread.
///
/// # Safety
/// As for tandem_document_compact; `prefix` and `indent` are valid for reads of as many bytes as their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_document_indent(
    document: *const tandem_document,
    node: usize,
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
            let document = reference(document, "document")?;
            let prefix = slice(prefix, prefix_length, "prefix")?;
            let indent = slice(indent, indent_length, "indent")?;
            let output = buffer(output, capacity, "output")?;
            let length = Output::new(length, "length")?;
            let raw = value(document, node)?.raw();
            fill(output, &length, |out| text::indent_to(raw, prefix, indent, out))
        })
    }
}

/// Parses a JSON text into a tape in memory of the caller's, for bindings that read it in a language of their own.
/// docs/run.md has the tape's format.
///
/// @param text the text; not kept. At 2 GiB and more it is too large.
/// @param text_length its length in bytes.
/// @param words where the tape goes. `text_length + 10004` words are always enough, a quarter of
///        `text_length` mostly.
/// @param words_capacity how many words fit there.
/// @param words_length how many words were written.
/// @param error what is wrong with the text and where; may be NULL.
/// @return TANDEM_STATUS_OK, TANDEM_STATUS_SYNTAX, TANDEM_STATUS_TOO_LARGE or TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any
/// thread.
///
/// # Safety
/// `text` is valid for reads of `text_length` bytes, `words` for writes of `words_capacity` words, `words_length` for writes;
/// `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_json_tape(
    text: *const u8,
    text_length: usize,
    words: *mut u64,
    words_capacity: usize,
    words_length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let text = slice(text, text_length, "text")?;
            let words = buffer(words, words_capacity, "words")?;
            let length = Output::new(words_length, "words_length")?;
            length.set(tape::write(text, words).map_err(|stop| match stop {
                Stop::Text(error) => error.into(),
                Stop::Full => {
                    Failure::new(tandem_status::BufferTooSmall, "the tape does not fit its buffer")
                }
            })?);
            Ok(())
        })
    }
}
