//! Shapes: decoding into and encoding from flat runs of words, for programs that build their own values.

use super::argument::{Output, buffer, exclusive, reference, slice};
use super::guard::{guard, guard_or};
use super::status::{Failure, tandem_error, tandem_status};
use crate::json::decode::{
    DecodeError, DecodeOptions, Progress, decode, decode_part, decode_values,
};
use crate::json::encode::{EncodeError, EncodeOptions, encode};
use crate::json::{Shape, ShapeError};

/// What JSON values look like: described once, then used to decode and encode any number of texts.
///
/// Decoding turns a text into a run, in which member names are numbers, numbers are binary and strings
/// are unescaped; encoding turns a run into a text. docs/run.md describes the format of both, and of
/// descriptions. Immutable: one shape may be used by many threads at once.
pub struct tandem_shape {
    shape: Shape,
}

/// Numbers of open kind keep their text. For `tandem_shape_decode` and `tandem_shape_decode_values`.
pub const TANDEM_DECODE_USE_NUMBER: u32 = 1;
/// Members that the shape does not know are a mismatch. For `tandem_shape_decode` and `tandem_shape_decode_values`.
pub const TANDEM_DECODE_DISALLOW_UNKNOWN: u32 = 2;
/// Values are separated by commas. For `tandem_shape_decode_values`.
pub const TANDEM_DECODE_COMMAS: u32 = 4;
/// Member names that a shape knows are told by case; others are unknown. For `tandem_shape_decode` and
/// `tandem_shape_decode_values`.
pub const TANDEM_DECODE_EXACT_NAMES: u32 = 8;
/// Strings that stand in the text as they are get their place there, and are not copied to the run's text. For
/// `tandem_shape_decode` and `tandem_shape_decode_values`.
pub const TANDEM_DECODE_BORROW: u32 = 16;
/// Before each run stand the number of strings and that of numbers in values of open kind. For `tandem_shape_decode` and
/// `tandem_shape_decode_values`.
pub const TANDEM_DECODE_COUNT: u32 = 32;
/// `<`, `>` and `&` in strings are escaped. For `tandem_shape_encode`.
pub const TANDEM_ENCODE_ESCAPE_HTML: u32 = 1;
/// Members of objects with values of one kind are written in the run's order. For `tandem_shape_encode`.
pub const TANDEM_ENCODE_UNSORTED: u32 = 2;

fn options(flags: u32) -> DecodeOptions {
    DecodeOptions {
        use_number: flags & TANDEM_DECODE_USE_NUMBER != 0,
        disallow_unknown: flags & TANDEM_DECODE_DISALLOW_UNKNOWN != 0,
        exact_names: flags & TANDEM_DECODE_EXACT_NAMES != 0,
        borrow: flags & TANDEM_DECODE_BORROW != 0,
        count: flags & TANDEM_DECODE_COUNT != 0,
    }
}

impl From<ShapeError> for Failure {
    fn from(error: ShapeError) -> Self {
        Failure {
            status: tandem_status::InvalidArgument,
            offset: error.offset as u64,
            message: error.message.into(),
        }
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Syntax(error) => error.into(),
            DecodeError::Mismatch(offset) => Failure {
                status: tandem_status::Mismatch,
                offset: offset as u64,
                message: "the value does not fit its shape".into(),
            },
            DecodeError::Full => {
                Failure::new(tandem_status::BufferTooSmall, "the run does not fit its buffers")
            }
            DecodeError::Incomplete => {
                Failure::new(tandem_status::Incomplete, "the text ends within the value")
            }
        }
    }
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Run => {
                Failure::new(tandem_status::InvalidArgument, "the run does not fit its shape")
            }
            EncodeError::Value => {
                Failure::new(tandem_status::Mismatch, "a value has no form in JSON")
            }
            EncodeError::Full => {
                Failure::new(tandem_status::BufferTooSmall, "the text does not fit its buffer")
            }
        }
    }
}

/// Makes a shape of its description.
///
/// @param description see docs/run.md; not kept.
/// @param description_length its length in bytes.
/// @param output the new shape, to be freed with `tandem_shape_free`; NULL on failure.
/// @param error what is wrong with the description and where; may be NULL.
/// @return TANDEM_STATUS_OK or TANDEM_STATUS_INVALID_ARGUMENT. Safe from any thread.
///
/// # Safety
/// `description` is valid for reads of `description_length` bytes; `output` is valid for writes; `error`
/// is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_shape_new(
    description: *const u8,
    description_length: usize,
    output: *mut *mut tandem_shape,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let output = Output::new(output, "output")?;
            output.set(std::ptr::null_mut());
            let shape = Shape::new(slice(description, description_length, "description")?)?;
            output.set(Box::into_raw(Box::new(tandem_shape { shape })));
            Ok(())
        })
    }
}

/// Frees a shape.
///
/// @param shape the shape, which no other thread may be using; NULL does nothing.
///
/// # Safety
/// `shape` is NULL or came from `tandem_shape_new` and was not freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_shape_free(shape: *mut tandem_shape) {
    guard_or((), || {
        if !shape.is_null() {
            // SAFETY: made by `Box::into_raw` in `tandem_shape_new`, and not freed before.
            drop(unsafe { Box::from_raw(shape) });
        }
    });
}

/// Decodes a JSON text into a run.
///
/// The whole text is checked before success is reported. `text_length + 8` words and `3 * text_length`
/// bytes are always enough; usually a quarter of the words and once the bytes are.
///
/// @param shape the shape.
/// @param text the text; not kept. At 2 GiB and more it is a mismatch.
/// @param text_length its length in bytes.
/// @param flags any of TANDEM_DECODE_*, added.
/// @param words where the run's words go.
/// @param words_capacity how many words fit there.
/// @param strings where the run's text goes.
/// @param strings_capacity how many bytes fit there.
/// @param words_length how many words were written.
/// @param strings_length how many bytes were written.
/// @param error what is wrong and where; may be NULL.
/// @return TANDEM_STATUS_OK; TANDEM_STATUS_SYNTAX; TANDEM_STATUS_MISMATCH, if a value does not fit its node or
/// arrays and objects are nested more than 256 deep (the text may be malformed elsewhere); or
/// TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any thread.
///
/// # Safety
/// `shape` came from `tandem_shape_new`; `text` is valid for reads of `text_length` bytes; the buffers are
/// valid for writes of their capacities, the lengths for writes; `error` is NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_shape_decode(
    shape: *const tandem_shape,
    text: *const u8,
    text_length: usize,
    flags: u32,
    words: *mut u64,
    words_capacity: usize,
    strings: *mut u8,
    strings_capacity: usize,
    words_length: *mut usize,
    strings_length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let shape = reference(shape, "shape")?;
            let words_length = Output::new(words_length, "words_length")?;
            let strings_length = Output::new(strings_length, "strings_length")?;
            let lengths = decode(
                &shape.shape,
                slice(text, text_length, "text")?,
                options(flags),
                buffer(words, words_capacity, "words")?,
                buffer(strings, strings_capacity, "strings")?,
            )?;
            words_length.set(lengths.0);
            strings_length.set(lengths.1);
            Ok(())
        })
    }
}

/// Decodes the JSON values that a text begins with, which follow each other with nothing or white space between them, or with
/// commas.
///
/// Ends before a value that can't be decoded, that does not fit the buffers, or that may go on behind the text: an array
/// or object that is not closed, or any other value that nothing follows. If that leaves nothing, it is a failure.
///
/// @param shape the shape of each of the values.
/// @param text the text; not kept. At 2 GiB and more it is a mismatch.
/// @param text_length its length in bytes.
/// @param flags any of TANDEM_DECODE_*, added.
/// @param limit the offset from which on no value is begun, save the first.
/// @param words where the runs go, before each of them a word with the offset of the byte behind its value.
/// @param words_capacity how many words fit there.
/// @param strings where the runs' text goes.
/// @param strings_capacity how many bytes fit there.
/// @param count how many values were decoded.
/// @param words_length how many words were written for them.
/// @param strings_length how many bytes were written for them.
/// @param error what is wrong with the first value and where; may be NULL.
/// @return TANDEM_STATUS_OK; TANDEM_STATUS_INCOMPLETE, if all of the text may be the beginning of the first value;
/// TANDEM_STATUS_SYNTAX; TANDEM_STATUS_MISMATCH and TANDEM_STATUS_BUFFER_TOO_SMALL as for `tandem_shape_decode`. Safe
/// from any thread.
///
/// # Safety
/// As for `tandem_shape_decode`; `count` is valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_shape_decode_values(
    shape: *const tandem_shape,
    text: *const u8,
    text_length: usize,
    flags: u32,
    limit: usize,
    words: *mut u64,
    words_capacity: usize,
    strings: *mut u8,
    strings_capacity: usize,
    count: *mut usize,
    words_length: *mut usize,
    strings_length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let shape = reference(shape, "shape")?;
            let count = Output::new(count, "count")?;
            let words_length = Output::new(words_length, "words_length")?;
            let strings_length = Output::new(strings_length, "strings_length")?;
            let values = decode_values(
                &shape.shape,
                slice(text, text_length, "text")?,
                options(flags),
                flags & TANDEM_DECODE_COMMAS != 0,
                limit,
                buffer(words, words_capacity, "words")?,
                buffer(strings, strings_capacity, "strings")?,
            )?;
            count.set(values.count);
            words_length.set(values.words);
            strings_length.set(values.strings);
            Ok(())
        })
    }
}

/// How far an array or object is decoded of which not all was there. Owned by the caller, and begins as all zeros. Holds no memory
/// to free.
#[repr(C)]
pub struct tandem_decode_progress {
    /// The offset in the text up to which it is decoded; where the value ends, its end.
    pub position: u64,
    /// How many words that is.
    pub words_length: u64,
    /// How many bytes of the run's text.
    pub strings_length: u64,
    /// What is open there.
    pub open: [u64; 387],
}

const _: () = {
    assert!(size_of::<tandem_decode_progress>() == size_of::<Progress>());
    assert!(align_of::<tandem_decode_progress>() == align_of::<Progress>());
};

/// Decodes the array or object that a text begins with, as `tandem_shape_decode_values` does, or what is there of it. When more is there,
/// the next call goes on, so that each part of the text is decoded once, save for what is between `position` and its end.
///
/// The next call after TANDEM_STATUS_INCOMPLETE or TANDEM_STATUS_BUFFER_TOO_SMALL is to be given the same shape and flags, the same text with what
/// follows, and buffers that begin with as many words and bytes as `progress` says: the same ones, or larger ones that these were
/// copied to. After any other status, the next call begins with another value.
///
/// @param shape the shape.
/// @param text the text; not kept. At 2 GiB and more it is a mismatch.
/// @param text_length its length in bytes.
/// @param flags TANDEM_DECODE_*, added, save for TANDEM_DECODE_BORROW, which is a mismatch.
/// @param words where the run goes, before it a word with the offset of the byte behind the value.
/// @param words_capacity how many words fit there.
/// @param strings where the run's text goes.
/// @param strings_capacity how many bytes fit there.
/// @param progress how far the value is decoded.
/// @param error what is wrong and where; may be NULL.
/// @return TANDEM_STATUS_OK; TANDEM_STATUS_INCOMPLETE; TANDEM_STATUS_SYNTAX; TANDEM_STATUS_MISMATCH, also for a value that is neither
/// an array nor an object; TANDEM_STATUS_BUFFER_TOO_SMALL. Safe from any thread, but not for one progress at once.
///
/// # Safety
/// As for `tandem_shape_decode`; `progress` is valid for reads and writes, and so many words and bytes of the buffers as it says were
/// written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_shape_decode_part(
    shape: *const tandem_shape,
    text: *const u8,
    text_length: usize,
    flags: u32,
    words: *mut u64,
    words_capacity: usize,
    strings: *mut u8,
    strings_capacity: usize,
    progress: *mut tandem_decode_progress,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called; a `Progress` has the size and alignment of the
    // structure, and takes any contents.
    unsafe {
        guard(error, || {
            let shape = reference(shape, "shape")?;
            let progress = exclusive(progress.cast::<Progress>(), "progress")?;
            decode_part(
                &shape.shape,
                slice(text, text_length, "text")?,
                options(flags),
                progress,
                buffer(words, words_capacity, "words")?,
                buffer(strings, strings_capacity, "strings")?,
            )?;
            Ok(())
        })
    }
}

/// Encodes a run as compact JSON.
///
/// @param shape the shape.
/// @param words the run's words; not kept.
/// @param words_length how many there are.
/// @param strings the run's text; not kept.
/// @param strings_length its length in bytes. More than the run needs is ignored; 32 bytes more make it faster.
/// @param flags any of TANDEM_ENCODE_*, added.
/// @param output where the JSON text goes.
/// @param output_capacity how many bytes fit there.
/// @param output_length how many bytes were written.
/// @param error what is wrong; may be NULL.
/// @return TANDEM_STATUS_OK; TANDEM_STATUS_INVALID_ARGUMENT, if the run does not fit the shape;
/// TANDEM_STATUS_MISMATCH, if a value has no form in JSON; or TANDEM_STATUS_BUFFER_TOO_SMALL. Safe
/// from any thread.
///
/// # Safety
/// `shape` came from `tandem_shape_new`; `words` and `strings` are valid for reads of their lengths; `output`
/// is valid for writes of `output_capacity` bytes, `output_length` for writes; `error` is NULL or valid for
/// writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tandem_shape_encode(
    shape: *const tandem_shape,
    words: *const u64,
    words_length: usize,
    strings: *const u8,
    strings_length: usize,
    flags: u32,
    output: *mut u8,
    output_capacity: usize,
    output_length: *mut usize,
    error: *mut tandem_error,
) -> tandem_status {
    // SAFETY: the caller's promises, which are those of the functions called.
    unsafe {
        guard(error, || {
            let shape = reference(shape, "shape")?;
            let output_length = Output::new(output_length, "output_length")?;
            let length = encode(
                &shape.shape,
                slice(words, words_length, "words")?,
                slice(strings, strings_length, "strings")?,
                EncodeOptions {
                    escape_html: flags & TANDEM_ENCODE_ESCAPE_HTML != 0,
                    unsorted: flags & TANDEM_ENCODE_UNSORTED != 0,
                },
                buffer(output, output_capacity, "output")?,
            )?;
            output_length.set(length);
            Ok(())
        })
    }
}
